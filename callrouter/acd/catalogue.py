"""Who belongs together: agents by their skills and queues, calls by their needs, and which of these fit each other.

Each set of skills and each set of needs is kept once, however many have it; they are as many as the configuration and
the trees have, not as many as people.
"""

from __future__ import annotations

from collections.abc import Mapping

from callrouter.acd.able import NOBODY, Fit, Group, Kind, Plan, Turn
from callrouter.acd.skills import Needs, gap, lacks, mastery, read_levels, stages, together
from callrouter.acd.strategy import Strategy
from callrouter.acd.things import QueueRules, read_queue
from callrouter.acd.turn import GAP_MS

Raw = Mapping[str, Mapping[str, str]]


class Catalogue:
    """For the queues as they are configured now; another configuration makes another catalogue."""

    def __init__(self, queues: Raw) -> None:
        self._queues = queues
        self._rules: dict[str, QueueRules] = {}
        self.groups: list[Group] = []
        self._group_of: dict[str, Group] = {}
        self._group_by_fields: dict[tuple[str, str], Group] = {}
        self._groups_with: dict[tuple[str, str], list[Group]] = {}
        """Queue and skill (empty: whatever the skills) → groups."""
        self.plans: dict[tuple[str, str, str], Plan] = {}
        self.kinds: list[Kind] = []
        self.heads: list[Turn] = []
        """Of each kind, the call whose turn is first."""
        self._kind_of: dict[tuple[str, Needs], Kind] = {}
        self._kinds_wanting: dict[tuple[str, str], list[Kind]] = {}
        """Queue and one of the skills that are needed there (empty: none is) → kinds."""

    def group(self, queues_text: str, skills_text: str) -> Group:
        found = self._group_by_fields.get((queues_text, skills_text))
        if found is None:
            queues = frozenset(filter(None, queues_text.split(",")))
            skills = read_levels(skills_text)
            text = f"{sorted(queues)} {skills}"
            found = self._group_of.get(text) or self._new_group(text, queues, dict(skills))
            self._group_by_fields[queues_text, skills_text] = found
        return found

    def _new_group(self, text: str, queues: frozenset[str], skills: Mapping[str, int]) -> Group:
        group = self._group_of[text] = Group(len(self.groups), text, queues, skills)
        group.serve(frozenset(self._queue(queue).strategy for queue in queues))
        self.groups.append(group)
        for key in ((queue, skill) for queue in queues for skill in ("", *skills)):
            self._groups_with.setdefault(key, []).append(group)
            for kind in self._kinds_wanting.get(key, ()):
                self._join(group, kind)
        return group

    def plan(self, wishes: tuple[str, str, str]) -> Plan:
        queue, require, prefer = wishes
        rules = self._queue(queue)
        needed = together(rules.require, read_levels(require))
        found = tuple(
            (stage.after_ms, self._kind(rules, stage.needs))
            for stage in stages(needed, read_levels(prefer), rules.relax)
        )
        plan = self.plans[wishes] = Plan(found, rules)
        return plan

    def _kind(self, rules: QueueRules, needs: Needs) -> Kind:
        found = self._kind_of.get((rules.id, needs))
        if found is None:
            found = self._kind_of[rules.id, needs] = self.new_kind(rules.id, needs, rules.strategy)
            wanted = [(rules.id, skill) for skill, _ in needs.require] or [(rules.id, "")]
            rarest = min(wanted, key=lambda key: len(self._groups_with.get(key, ())))
            self._kinds_wanting.setdefault(rarest, []).append(found)
            for group in self._groups_with.get(rarest, ()):
                self._join(group, found)
        return found

    def new_kind(self, queue: str, needs: Needs, strategy: Strategy, own: str = "") -> Kind:
        kind = Kind(len(self.kinds), queue, needs, strategy, own)
        self.kinds.append(kind)
        self.heads.append(NOBODY)
        return kind

    def _join(self, group: Group, kind: Kind) -> None:
        """If these agents are able to take these calls, both are told of each other."""
        if lacks(group.skills, kind.needs):
            return
        gaps = gap(group.skills, kind.needs)
        levels = -mastery(group.skills, kind.needs) if self._queue(kind.queue).best_level else 0
        kind.fits[group.number] = Fit(gaps, levels)
        group.kinds[kind.number] = kind
        group.near.setdefault(GAP_MS * gaps, []).append(kind.number)
        if group.idle:
            kind.post(group)

    def _queue(self, name: str) -> QueueRules:
        found = self._rules.get(name)
        if found is None:
            found = self._rules[name] = read_queue(name, self._queues.get(name, {}))
        return found
