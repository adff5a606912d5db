"""The JSON door: what a real Asterisk sent is read, what it never would send does no harm."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.asterisk.events import DISALLOWED, Channel, ChannelDtmfReceived, Door, PlaybackFinished, StasisStart

RECORDED = (Path(__file__).parent / "recorded" / "events.jsonl").read_text().splitlines()
"""Everything Asterisk 22.10.1 sent during: register, call in, prompt, key, ring, answer, bridge, hold, move, hang up,
refuse, fallback, feature code, a second worker of the same name."""


def test_every_recorded_message_is_read_or_counted_as_unused() -> None:
    door = Door()
    read = [message for line in RECORDED if (message := door.read(line)) is not None]
    assert door.unreadable == 0
    assert len(read) + door.unused.total() == len(RECORDED)
    assert Counter(type(message).__name__ for message in read)["StasisStart"] == 4


def test_what_we_do_not_use_is_what_we_ask_asterisk_not_to_send() -> None:
    door = Door()
    for line in RECORDED:
        door.read(line)
    assert set(door.unused) <= set(DISALLOWED)


def test_a_recorded_arrival_carries_number_and_name_as_sent() -> None:
    started = next(message for line in RECORDED if isinstance(message := Door().read(line), StasisStart))
    assert started.args == ("in", "84951234567")
    assert (started.channel.caller.name, started.channel.caller.number) == ("Иван, <x>", "79161112233")


def test_bytes_and_text_are_read_alike() -> None:
    line = next(line for line in RECORDED if "ChannelDtmfReceived" in line)
    assert Door().read(line) == Door().read(line.encode())


def test_an_unknown_type_is_counted_by_name() -> None:
    door = Door()
    assert door.read('{"type":"ChannelLevitated","channel":{}}') is None
    assert door.unused == {"ChannelLevitated": 1}
    assert door.unreadable == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"type":7}',
        '{"type":"StasisStart"}',
        '{"type":"StasisStart","channel":{"id":7}}',
        '{"type":"ChannelDtmfReceived","channel":{"id":"a"},"digit":5}',
        '{"type":"ChannelDestroyed","channel":{"id":"a"},"cause":"16"}',
        b"\xff\xfe",
        "[" * 100_000,
    ],
)
def test_what_cannot_be_read_is_counted_and_dropped(text: str | bytes) -> None:
    door = Door()
    assert door.read(text) is None
    assert door.unreadable == 1


def test_a_flood_of_invented_types_does_not_grow_the_counter() -> None:
    door = Door()
    for number in range(1000):
        door.read(json.dumps({"type": f"Made{number}" + "x" * 5000}))
    assert len(door.unused) <= Door.KINDS + 1
    assert door.unused.total() == 1000
    assert max(map(len, door.unused)) <= 60


@given(name=st.text(), number=st.text(), digit=st.text(max_size=3))
def test_hostile_text_comes_through_untouched(name: str, number: str, digit: str) -> None:
    sent = {
        "type": "ChannelDtmfReceived",
        "digit": digit,
        "channel": {"id": "1.1", "caller": {"name": name, "number": number}},
    }
    read = Door().read(json.dumps(sent))
    assert isinstance(read, ChannelDtmfReceived)
    assert (read.channel.caller.name, read.channel.caller.number, read.digit) == (name, number, digit)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
known_keys = st.sampled_from(["type", "channel", "playback", "endpoint", "args", "digit", "cause", "application"])
kinds = st.sampled_from(["StasisStart", "StasisEnd", "PlaybackFinished", "EndpointStateChange", "ApplicationReplaced"])


@given(st.dictionaries(known_keys, json_values | kinds) | json_values)
def test_no_json_breaks_the_door(value: object) -> None:
    Door().read(json.dumps(value))


@given(st.binary(max_size=200))
def test_no_bytes_break_the_door(data: bytes) -> None:
    Door().read(data)


def test_unknown_fields_are_no_trouble() -> None:
    text = '{"type":"PlaybackFinished","new":1,"playback":{"id":"p","target_uri":"channel:1.1","state":"done","x":{}}}'
    read = Door().read(text)
    assert isinstance(read, PlaybackFinished)
    assert read.playback.id == "p"


def test_a_channel_needs_no_more_than_its_id() -> None:
    assert Channel("1.1").caller.number == ""
