"""From ARI's messages to telephony events: once each, whatever order and number the messages come in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.asterisk.events import (
    Channel,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    ChannelHold,
    ChannelStateChange,
    ChannelUnhold,
    Door,
    Message,
    Person,
    Playback,
    PlaybackFinished,
    StasisEnd,
    StasisStart,
)
from callrouter.asterisk.legs import REMEMBERED, Legs, Vanished
from callrouter.telephony import (
    DigitPressed,
    LegAdopted,
    LegAnswered,
    LegArrived,
    LegHeld,
    LegHungUp,
    LegId,
    LegRinging,
    LegUnheld,
    PhoneId,
    PlaybackEnded,
    PlaybackId,
    SwitchEvent,
)

CALLER, AGENT = LegId("1700000000.1"), LegId("c01-a1")


def channel(leg: LegId, state: str = "Up") -> Channel:
    return Channel(leg, f"PJSIP/x-{leg}", state, Person("Иван", "+79161112233"))


def tell(legs: Legs, *messages: Message) -> list[SwitchEvent | Vanished]:
    return [event for message in messages for event in legs.hear(message)]


@pytest.fixture
def legs() -> Legs:
    """A caller who is ours."""
    known = Legs()
    tell(known, StasisStart(channel(CALLER), ("in", "84951234567")))
    return known


def finished(playback: str, state: str = "done") -> PlaybackFinished:
    return PlaybackFinished(Playback(playback, f"channel:{CALLER}", state))


def test_an_arrival_from_the_trunk() -> None:
    events = tell(Legs(), StasisStart(channel(CALLER), ("in", "+74951234567")))
    assert events == [LegArrived(CALLER, "in", "+74951234567", "+79161112233", "Иван")]


def test_an_arrival_from_an_agents_phone() -> None:
    events = tell(Legs(), StasisStart(channel(CALLER), ("agent", "a1b2", "*12 1\n;x")))
    assert events == [LegArrived(CALLER, "agent", "*121", "+79161112233", "Иван", PhoneId("a1b2"))]


@pytest.mark.parametrize("args", [(), ("in",), ("in", "1", "2"), ("what", "is", "this"), ("adopt",)])
def test_a_leg_sent_here_by_a_dialplan_of_somebody_elses_arrives_without_a_number(args: tuple[str, ...]) -> None:
    events = tell(Legs(), StasisStart(channel(CALLER), args))
    assert events == [LegArrived(CALLER, "in", "", "+79161112233", "Иван")]


def test_a_phone_rings_answers_and_hangs_up() -> None:
    legs = Legs()
    legs.ringing(AGENT)
    events = tell(
        legs,
        ChannelStateChange(channel(AGENT, "Ringing")),
        ChannelStateChange(channel(AGENT, "Ringing")),
        ChannelStateChange(channel(AGENT)),
        StasisStart(channel(AGENT), ("ring", "c01")),
        ChannelHangupRequest(channel(AGENT)),
        StasisEnd(channel(AGENT)),
        ChannelDestroyed(channel(AGENT), 0),
    )
    assert events == [LegRinging(AGENT), LegAnswered(AGENT), LegHungUp(AGENT, 16)]
    assert len(legs) == 0


@pytest.mark.parametrize("cause", [17, 19, 21])
def test_a_phone_that_refuses_only_shows_as_destroyed(cause: int) -> None:
    legs = Legs()
    legs.ringing(AGENT)
    assert tell(legs, ChannelDestroyed(channel(AGENT), cause)) == [LegHungUp(AGENT, cause)]


def test_our_own_reason_wins_over_asterisks(legs: Legs) -> None:
    legs.ending(CALLER, 26)
    events = tell(legs, ChannelHangupRequest(channel(CALLER), 32), StasisEnd(channel(CALLER)))
    assert events == [LegHungUp(CALLER, 26)]


def test_asterisks_own_flag_is_not_taken_for_a_cause(legs: Legs) -> None:
    assert tell(legs, ChannelHangupRequest(channel(CALLER), 32), StasisEnd(channel(CALLER))) == [LegHungUp(CALLER, 16)]


def test_a_leg_that_leaves_without_a_hang_up_must_be_looked_for(legs: Legs) -> None:
    assert tell(legs, StasisEnd(channel(CALLER))) == [Vanished(CALLER)]
    assert CALLER in legs


def test_given_away_is_no_riddle(legs: Legs) -> None:
    legs.ending(CALLER, 0)
    assert tell(legs, StasisEnd(channel(CALLER))) == [LegHungUp(CALLER, 0)]


def test_adoption_within_the_same_name_is_no_end() -> None:
    legs = Legs()
    legs.adopting(CALLER)
    events = tell(legs, StasisEnd(channel(CALLER)), StasisStart(channel(CALLER), ("adopt",)))
    assert events == [LegAdopted(CALLER)]
    assert legs.channel(CALLER) == f"PJSIP/x-{CALLER}"


def test_so_many_ended_legs_are_remembered_and_no_more() -> None:
    legs = Legs()
    for number in range(REMEMBERED + 5):
        leg = LegId(f"1.{number}")
        tell(legs, StasisStart(channel(leg), ("in", "1")), ChannelDestroyed(channel(leg), 16))
    assert not legs.ended(LegId("1.4"))
    assert legs.ended(LegId("1.5"))
    assert len(legs) == 0


def test_keys_hold_and_prompts_of_our_legs_are_told(legs: Legs) -> None:
    events = tell(
        legs, ChannelDtmfReceived(channel(CALLER), "#"), ChannelHold(channel(CALLER)), ChannelUnhold(channel(CALLER))
    )
    assert events == [DigitPressed(CALLER, "#"), LegHeld(CALLER), LegUnheld(CALLER)]


@pytest.mark.parametrize("digit", ["", "12", "e", "\n", "１"])
def test_what_is_no_key_is_no_event(legs: Legs, digit: str) -> None:
    assert tell(legs, ChannelDtmfReceived(channel(CALLER), digit)) == []


def test_a_prompts_end_is_told_once_even_if_announced_twice(legs: Legs) -> None:
    legs.playing(CALLER, PlaybackId("p1"))
    assert tell(legs, finished("p1"), finished("p1")) == [PlaybackEnded(CALLER, PlaybackId("p1"))]
    assert legs.playbacks(CALLER) == ()


def test_the_end_of_a_prompt_begun_by_a_dead_worker_is_told(legs: Legs) -> None:
    assert tell(legs, finished("p9", "failed")) == [PlaybackEnded(CALLER, PlaybackId("p9"), failed=True)]


def test_legs_of_others_are_no_business_of_ours() -> None:
    stranger = channel(LegId("9.9"))
    messages: list[Message] = [
        StasisEnd(stranger),
        ChannelDestroyed(stranger, 16),
        ChannelHangupRequest(stranger, 16),
        ChannelDtmfReceived(stranger, "1"),
        ChannelStateChange(stranger),
        ChannelHold(stranger),
        PlaybackFinished(Playback("p", "channel:9.9", "done")),
        PlaybackFinished(Playback("p", "bridge:b", "done")),
    ]
    legs = Legs()
    assert tell(legs, *messages) == []
    assert len(legs) == 0


def test_the_whole_recorded_afternoon_makes_sense() -> None:
    legs, door = Legs(), Door()
    legs.ringing(LegId("c1-a1"))
    legs.ringing(LegId("c1-a2"))
    lines = (Path(__file__).parent / "recorded" / "events.jsonl").read_text().splitlines()
    messages = [message for line in lines if (message := door.read(line)) is not None]
    caller = next(LegId(message.channel.id) for message in messages if isinstance(message, StasisStart))
    events: list[SwitchEvent | Vanished] = []
    for message in messages:
        if isinstance(message, StasisEnd) and message.channel.id == caller:
            if legs.playbacks(caller) == () and caller in legs and not any(isinstance(e, LegAdopted) for e in events):
                legs.adopting(caller)
            else:
                legs.ending(caller, 0)
        events += tell(legs, message)
    kinds = [type(event).__name__ for event in events]
    assert kinds == [
        "LegArrived",
        "DigitPressed",
        "PlaybackEnded",
        "PlaybackEnded",
        "LegRinging",
        "LegAnswered",
        "LegHeld",
        "LegUnheld",
        "LegAdopted",
        "LegHungUp",
        "LegRinging",
        "LegHungUp",
        "LegHungUp",
        "LegArrived",
        "LegHungUp",
    ]
    assert len(legs) == 0


def _messages() -> st.SearchStrategy[Message]:
    which = st.sampled_from([CALLER, AGENT]).map(channel)
    return st.one_of(
        st.builds(StasisStart, which, st.sampled_from([("in", "1"), ("ring", "c"), ("adopt",), ()])),
        st.builds(StasisEnd, which),
        st.builds(ChannelHangupRequest, which, st.integers(0, 127)),
        st.builds(ChannelDestroyed, which, st.integers(0, 127)),
        st.builds(ChannelStateChange, which),
        st.builds(ChannelDtmfReceived, which, st.text(max_size=1)),
        st.sampled_from([finished("p1"), finished("p2", "failed")]),
    )


@given(st.lists(_messages(), max_size=40))
def test_in_any_order_a_leg_ends_at_most_once_after_each_beginning(messages: list[Message]) -> None:
    legs = Legs()
    alive: dict[LegId, bool] = {}
    for message in messages:
        for event in tell(legs, message):
            match event:
                case LegArrived(leg) | LegAnswered(leg) | LegAdopted(leg):
                    alive[leg] = True
                case LegHungUp(leg):
                    assert alive.get(leg)
                    alive[leg] = False
                case Vanished(leg):
                    assert leg in legs
    assert legs.known() == {leg for leg, lives in alive.items() if lives}
