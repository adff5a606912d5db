"""RTP: an unbroken timeline with keys laid into it; packets read, noise refused."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.audio import alaw_decode, tone_shares
from callrouter.parties.rtp import STEP_S, Packet, Voice, read_packet
from callrouter.parties.sdp import ALAW, ULAW


def steps(voice: Voice, count: int) -> list[Packet | None]:
    made = [(number * STEP_S, voice.step(number * STEP_S)) for number in range(count)]
    return [read_packet(data, at) if data is not None else None for at, data in made]


def spoken(packets: list[Packet | None]) -> list[Packet]:
    return [packet for packet in packets if packet is not None]


def test_a_voice_is_its_tone_without_a_seam() -> None:
    packets = spoken(steps(Voice(1710, 12345), 120))
    sound = alaw_decode(b"".join(packet.payload for packet in packets))
    assert tone_shares(sound, [1710]).min() > 0.99


def test_numbers_and_timestamps_grow_evenly_over_their_ends() -> None:
    packets = spoken(steps(Voice(1710, 0xFFFFFFFF), 200))
    assert {(later.number - earlier.number) % 65536 for earlier, later in itertools.pairwise(packets)} == {1}
    gaps = {(b.timestamp - a.timestamp) % (1 << 32) for a, b in itertools.pairwise(packets)}
    assert gaps == {160}


def test_a_key_is_five_steps_and_three_ends_with_one_timestamp() -> None:
    voice = Voice(1710, 7)
    voice.keys_type = 101
    voice.press("5")
    keys = [packet for packet in spoken(steps(voice, 20)) if packet.payload_type == 101]
    assert len({packet.timestamp for packet in keys}) == 1
    events = [struct.unpack("!BBH", packet.payload) for packet in keys]
    assert [event for event, _, _ in events] == [5] * 8
    assert [duration for _, _, duration in events] == [160, 320, 480, 640, 800, 800, 800, 800]
    assert [bool(flags & 0x80) for _, flags, _ in events] == [False] * 5 + [True] * 3


def test_the_time_of_a_key_is_that_of_its_first_end() -> None:
    voice = Voice(1710, 7)
    voice.keys_type = 101
    voice.press("1#")
    steps(voice, 40)
    assert [(sent.key, round(sent.at, 2)) for sent in voice.keys_sent] == [("1", 0.10), ("#", 0.34)]
    assert not voice.is_pressing


def test_time_goes_on_while_a_voice_is_muted() -> None:
    voice = Voice(1710, 7)
    first = spoken(steps(voice, 1))[0]
    voice.muted = True
    assert spoken(steps(voice, 49)) == []
    voice.muted = False
    again = read_packet(voice.step(1.0) or b"", 1.0)
    assert again is not None
    assert again.timestamp - first.timestamp == 50 * 160
    assert again.number - first.number == 1


def test_a_voice_speaks_the_law_it_is_told() -> None:
    voice = Voice(1710, 7)
    assert spoken(steps(voice, 1))[0].payload_type == ALAW
    voice.codec = ULAW
    assert spoken(steps(voice, 1))[0].payload_type == ULAW


def test_keys_that_no_phone_has_are_refused() -> None:
    voice = Voice(1710, 7)
    voice.keys_type = 101
    with pytest.raises(ValueError, match="no such keys"):
        voice.press("1x")


def test_keys_are_refused_when_the_other_side_takes_none() -> None:
    with pytest.raises(ValueError, match="telephone-event"):
        Voice(1710, 7).press("1")


@given(st.binary(max_size=60))
def test_any_datagram_is_a_packet_or_nothing(data: bytes) -> None:
    packet = read_packet(data, 0.0)
    assert packet is None or packet.payload


def test_rtcp_is_not_taken_for_sound() -> None:
    assert read_packet(bytes([0x81, 200]) + bytes(26), 0.0) is None


def test_extensions_and_padding_are_left_out() -> None:
    head = struct.pack("!BBHII", 0x80 | 0x10 | 0x20, 8, 1, 2, 3)
    packet = read_packet(head + b"\xbe\xde\x00\x01abcd" + b"sound" + b"\x00\x02", 0.0)
    assert packet is not None
    assert packet.payload == b"sound"
