"""Before the bridge: the agent has picked up and is told who is coming; the caller still waits, and hears music. Who is
to be called back is not rung before the agent has taken the call.

    picked up ──▶ words ──▶ accept: answer ──────────────────────────────▶ they talk
                    └─────▶ accept: key ── the key, also during the words ─▶ they talk
                                         └ another key, hang-up: declined · silence: missed ─▶ the caller waits again

The caller stays in line until the bridge: an offer that was picked up is not yet accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from callrouter.acd import activity
from callrouter.calls import events as e
from callrouter.calls import offering, told
from callrouter.calls.call import Call, Offer, Phase, offer_of, place_of
from callrouter.calls.in_line import queue_entry
from callrouter.calls.step import Moment, Step, next_id, then, with_timer, without_timers
from callrouter.config import Briefing
from callrouter.journal import Word
from callrouter.telephony import Adopt, HangUp, Play, PlaybackId, StopPlayback

WORDS_WAIT_S = 1.0
"""A word that the voice has not made by then is left out: the caller waits for a person, not for a voice."""
LONGEST_WORDS_MS = 60_000
"""The backstop should the end of the words never be told."""
DECLINED, MISSED = 21, 19
"""Q.850: call rejected, no answer."""


def pick_up(call: Call, event: e.OfferAnswered, moment: Moment) -> Step:
    """Whoever else rings stops. The agent is told who is coming, if the queue wants it; else they talk at once."""
    offer = offer_of(call, event.leg)
    if place_of(call).queue not in moment.setting.briefings:
        return offering.connect(call, event, moment)
    alone = offering.let_others_stop(call, offer, moment)
    return then(alone, _brief(alone.call, offer, moment))


def _brief(call: Call, offer: Offer, moment: Moment) -> Step:
    offer = replace(offer, answered_ms=moment.now_ms, rang=True)
    call = replace(without_timers(call, "ring"), phase=Phase.BRIEFING, offers=(offer,))
    ring_ms, accept = offering.rang_ms(offer, moment), _rules(call, moment).accept
    up = queue_entry(Word.BRIEFED, call, agent=offer.agent, ring_ms=ring_ms, accept=accept)
    floor: dict[str, Mapping[str, str] | None] = {
        f"agent:{offer.agent}": activity.briefing(),
        f"waiting:{call.id}": {"offer": offer.agent, "open": ""},
    }
    begun = Step(call, entries=(up,), floor=floor)
    return then(begun, _say(call, moment))


def _say(call: Call, moment: Moment) -> Step:
    """The words, from their beginning."""
    (offer,) = call.offers
    words = told.words(call, offer.agent, moment.setting, moment.now_ms)
    files = moment.setting.files(*words) if words else ()
    if not files:
        return end_words(call, e.WordsEnded(), moment)
    call, playback = next_id(call, "p")
    call = replace(call, offers=(replace(offer, playback=PlaybackId(playback)),))
    call = with_timer(call, "accept", moment.now_ms + LONGEST_WORDS_MS)
    return Step(call, (Play(offer.leg, PlaybackId(playback), files, WORDS_WAIT_S),))


def end_words(call: Call, _event: e.WordsEnded, moment: Moment) -> Step:
    """Now they talk, or the agent has so long to press the key."""
    (offer,) = call.offers
    call = replace(call, offers=(replace(offer, playback=None),))
    rules = _rules(call, moment)
    if rules.accept == "answer":
        return _accept(call, moment)
    return Step(with_timer(call, "accept", moment.now_ms + int(rules.key_s * 1000)))


def press_key(call: Call, event: e.AgentPressed, moment: Moment) -> Step:
    rules = _rules(call, moment)
    if rules.accept != "key":
        return Step(call)
    return _accept(call, moment) if event.digit == rules.key else _turn_away(call, DECLINED, moment)


def go_without_answer(call: Call, _event: e.AcceptTimeUp, moment: Moment) -> Step:
    """Nobody pressed anything: nobody is there. Where no key is asked for, the end of the words got lost."""
    return _accept(call, moment) if _rules(call, moment).accept == "answer" else _turn_away(call, MISSED, moment)


def decline(call: Call, event: e.OfferEnded, moment: Moment) -> Step:
    """The agent picked up, heard who is coming and hung up."""
    return offering.try_next_agent(call, replace(event, cause=DECLINED), moment)


def withdraw(call: Call, event: e.OfferWithdrawn, moment: Moment) -> Step:
    """The floor cannot stand by this offer: the caller waits again, the agent, whose fault it is not, is free."""
    return then(Step(call, _hush(offer_of(call, event.leg))), offering.withdraw_offer(call, event, moment))


def take_over(call: Call, _event: e.Adopted, moment: Moment) -> Step:
    """Its worker has died: the caller's music is made sure of, and the agent's leg, which is up, is adopted too."""
    (offer,) = call.offers
    call = replace(call, music=False, playback=None, offers=(replace(offer, playback=None),))
    if call.caller_leg:
        call = with_timer(call, "music", moment.now_ms)
    return Step(call, (*_hush(offer), Adopt(offer.leg)))


def say_again(call: Call, _event: e.AgentAdopted, moment: Moment) -> Step:
    """Nobody knows what the agent had heard of the words, or which key was pressed to nobody."""
    return _say(call, moment)


def _accept(call: Call, moment: Moment) -> Step:
    (offer,) = call.offers
    taken = replace(offer, playback=None, briefed_ms=moment.now_ms - offer.answered_ms)
    return then(Step(call, _hush(offer)), offering.join(call, taken, moment))


def _turn_away(call: Call, cause: int, moment: Moment) -> Step:
    (offer,) = call.offers
    away = Step(call, (*_hush(offer), HangUp(offer.leg)))
    return then(away, offering.try_next_agent(call, e.OfferEnded(offer.leg, cause), moment))


def _hush(offer: Offer) -> tuple[StopPlayback, ...]:
    return (StopPlayback(offer.leg, offer.playback),) if offer.playback else ()


def _rules(call: Call, moment: Moment) -> Briefing:
    return moment.setting.queues[place_of(call).queue].briefing
