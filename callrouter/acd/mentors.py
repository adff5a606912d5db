"""Whether a trainee may take calls: only while one of their mentors is at work."""

from __future__ import annotations

from collections.abc import Mapping

from callrouter.acd.things import Agent
from callrouter.journal import Entry, Word

MENTOR = "mentor"


def mentors_of(trainee: Agent, agents: Mapping[str, Agent]) -> list[Agent]:
    """Those of them who are on the floor at all."""
    return [mentor for each in trainee.mentors if (mentor := agents.get(each)) is not None]


def barred(trainee: Agent, mentors: list[Agent]) -> str:
    """What the field of that name must say."""
    return "" if not trainee.mentors or any(mentor.is_at_work for mentor in mentors) else MENTOR


def barred_entry(trainee: str, why: str) -> Entry:
    return Entry(Word.BARRED, agent=trainee, data={"why": why} if why else {})
