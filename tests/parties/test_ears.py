"""Ears: who was heard and when, gaps, prompts whole and cut, prompts that begin alike, music from anywhere."""

from __future__ import annotations

import numpy as np
import pytest

from callrouter.audio import RATE, Samples, alaw_encode, tone, ulaw_encode
from callrouter.parties.ears import Ears
from callrouter.parties.rtp import STEP, STEP_S, Packet
from callrouter.parties.sdp import ALAW, ULAW
from callrouter.parties.search import Melody, MusicSearch, PromptSearch, distinguishing_s


def speech(seconds: float, seed: int) -> Samples:
    """Something like a voice: coloured noise in syllables, with pauses between words."""
    dice = np.random.default_rng(seed)
    length = round(seconds * RATE)
    noise = np.convolve(dice.standard_normal(length), np.ones(6) / 6, "same")
    syllables = np.repeat(dice.choice([0.0, 0.4, 1.0, 0.7], length // 800 + 1), 800)[:length]
    made: Samples = (noise * syllables * 6000).clip(-32768, 32767).astype(np.int16)
    return made


class Speaker:
    """Sends sound into ears as packets, from a time on."""

    def __init__(self, ears: Ears, at: float = 100.0, *, source: int = 1, codec: int = ALAW) -> None:
        self.ears, self.at, self.source, self.codec = ears, at, source, codec
        self.number, self.timestamp = 0, 4_294_960_000  # near its end: timestamps go round

    def say(self, sound: Samples, *, lost: frozenset[int] = frozenset(), late: float = 0.0) -> float:
        encode = alaw_encode if self.codec == ALAW else ulaw_encode
        for start in range(0, len(sound) - STEP + 1, STEP):
            if start // STEP not in lost:
                payload = encode(sound[start : start + STEP])
                packet = Packet(self.at + late, self.codec, self.number, self.timestamp % 2**32, self.source, payload)
                self.ears.take(packet)
            self.number, self.timestamp, self.at = self.number + 1, self.timestamp + STEP, self.at + STEP_S
        return self.at

    def pause(self, seconds: float) -> float:
        self.at += seconds
        self.timestamp += round(seconds * RATE)
        return self.at


def test_each_tone_is_heard_in_its_time_and_in_no_other() -> None:
    ears = Ears()
    speaker = Speaker(ears)
    middle = speaker.say(tone(1710, 2.0))
    end = speaker.say(tone(2450, 2.0))
    assert ears.tones([1710, 2450], 100.0, middle) == {1710: 1.0, 2450: 0.0}
    assert ears.tones([1710, 2450], middle, end) == {1710: 0.0, 2450: 1.0}
    assert ears.tones([1710, 2450], 100.0, end)[1710] == pytest.approx(0.5, abs=0.05)


def test_two_voices_at_once_are_both_heard_and_a_third_is_not() -> None:
    ears = Ears()
    end = Speaker(ears).say(tone(1710, 2.0) + tone(2450, 2.0))
    assert ears.tones([1710, 2450, 3010], 100.0, end) == {1710: 1.0, 2450: 1.0, 3010: 0.0}


def test_a_voice_far_too_quiet_is_not_heard() -> None:
    ears = Ears()
    end = Speaker(ears).say(tone(1710, 1.0, level=0.003))
    assert ears.tones([1710], 100.0, end)[1710] == 0.0


def test_a_voice_deep_under_another_is_not_heard() -> None:
    ears = Ears()
    end = Speaker(ears).say(tone(1710, 1.0) + tone(2450, 1.0) // 8)
    assert ears.tones([1710, 2450], 100.0, end) == {1710: 1.0, 2450: 0.0}


def test_time_without_packets_counts_as_not_heard() -> None:
    ears = Ears()
    speaker = Speaker(ears)
    speaker.say(tone(1710, 1.0))
    assert ears.tones([1710], 100.0, 102.0)[1710] == pytest.approx(0.5, abs=0.06)
    assert Ears().tones([1710], 100.0, 102.0)[1710] == 0.0


def test_the_largest_gap_counts_the_edges_too() -> None:
    ears = Ears()
    speaker = Speaker(ears)
    speaker.say(tone(1710, 0.2))
    speaker.pause(0.3)
    end = speaker.say(tone(1710, 0.2))
    assert ears.largest_gap(100.0, end) == pytest.approx(0.32)
    assert ears.largest_gap(99.0, 101.0) == pytest.approx(1.0)


@pytest.mark.parametrize("codec", [ALAW, ULAW])
def test_a_prompt_is_heard_and_since_when(codec: int) -> None:
    ears, prompt = Ears(), speech(3.0, 1)
    speaker = Speaker(ears, codec=codec)
    begin = speaker.say(speech(1.0, 9))
    speaker.say(prompt)
    found = PromptSearch(ears, prompt, 100.0).look()
    assert found is not None
    assert found.at == pytest.approx(begin, abs=0.03)
    assert found.complete
    assert found.skipped_s == 0.0


def test_a_prompt_cut_by_a_key_is_heard_but_not_complete() -> None:
    ears, prompt = Ears(), speech(4.0, 1)
    speaker = Speaker(ears)
    speaker.say(prompt[: round(1.5 * RATE)])
    speaker.say(speech(2.0, 2))
    found = PromptSearch(ears, prompt, 100.0).look()
    assert found is not None
    assert not found.complete
    assert found.heard_s == pytest.approx(1.5, abs=0.2)


def test_a_prompt_whose_beginning_was_lost_is_heard() -> None:
    ears, prompt = Ears(), speech(4.0, 3)
    Speaker(ears).say(prompt[round(0.5 * RATE) :])
    found = PromptSearch(ears, prompt, 100.0).look()
    assert found is not None
    assert found.skipped_s == pytest.approx(0.5, abs=0.11)


def test_a_lost_packet_does_not_hide_a_prompt() -> None:
    ears, prompt = Ears(), speech(3.0, 4)
    Speaker(ears).say(prompt, lost=frozenset({30, 77}))
    found = PromptSearch(ears, prompt, 100.0).look()
    assert found is not None
    assert found.complete


def test_another_prompt_is_not_taken_for_it() -> None:
    ears = Ears()
    Speaker(ears).say(speech(4.0, 5))
    search = PromptSearch(ears, speech(4.0, 6), 100.0)
    assert search.look() is None
    assert search.best < 0.5


def test_too_little_of_a_prompt_is_not_enough() -> None:
    ears, prompt = Ears(), speech(4.0, 7)
    speaker = Speaker(ears)
    speaker.say(prompt[: round(0.7 * RATE)])
    speaker.say(np.zeros(RATE * 4, np.int16))
    assert PromptSearch(ears, prompt, 100.0).look() is None


def test_looking_while_it_is_played_finds_it_once_enough_was_heard() -> None:
    ears, prompt = Ears(), speech(3.0, 8)
    search, speaker = PromptSearch(ears, prompt, 100.0, at_least=1.0), Speaker(ears)
    seen = []
    for start in range(0, len(prompt), 800):
        speaker.say(prompt[start : start + 800])
        seen.append(search.look() is not None)
    assert seen.index(True) in (9, 10)
    assert all(seen[10:])


def test_a_prompt_that_comes_after_its_own_first_words_were_cut_is_found() -> None:
    """The caller pressed a wrong key at once, and the same prompt begins again."""
    ears, prompt = Ears(), speech(3.0, 10)
    speaker = Speaker(ears)
    speaker.say(prompt[: round(0.6 * RATE)])
    speaker.say(speech(5.0, 11))
    again = speaker.at
    speaker.say(prompt)
    found = PromptSearch(ears, prompt, 100.0).look()
    assert found is not None
    assert found.at == pytest.approx(again, abs=0.03)


def test_prompts_that_begin_alike_are_told_apart_by_what_follows() -> None:
    opening = speech(1.9, 12)
    first = np.concatenate([opening, speech(2.0, 13)])
    second = np.concatenate([opening, speech(2.0, 14)])
    needed = distinguishing_s(first, [second])
    assert 2.2 <= needed <= 2.6
    ears = Ears()
    Speaker(ears).say(second)
    assert PromptSearch(ears, first, 100.0, at_least=needed).look() is None
    assert PromptSearch(ears, second, 100.0, at_least=needed).look() is not None


def test_prompts_with_nothing_in_common_need_a_second() -> None:
    assert distinguishing_s(speech(3.0, 1), [speech(3.0, 2)]) == 1.0


def test_music_is_known_from_any_place_and_speech_is_not() -> None:
    piece = speech(60.0, 20)
    melodies = [Melody(speech(20.0, 21)), Melody(piece)]
    for offset in (0, 12_345, 333_333):
        ears = Ears()
        Speaker(ears).say(piece[offset : offset + 16_000])
        assert MusicSearch(ears, melodies, 100.0).look() == pytest.approx(100.0, abs=0.03)
    ears = Ears()
    Speaker(ears).say(speech(5.0, 22))
    assert MusicSearch(ears, melodies, 100.0).look() is None


def test_silence_is_no_music() -> None:
    ears = Ears()
    Speaker(ears).say(np.zeros(RATE * 3, np.int16))
    assert MusicSearch(ears, [Melody(speech(20.0, 21))], 100.0).look() is None
    assert ears.is_silent(100.0, 103.0)


def test_a_new_source_is_placed_by_the_clock() -> None:
    """After an answer or a transfer another source goes on, with timestamps of its own."""
    ears = Ears()
    end = Speaker(ears, 100.0).say(tone(1710, 1.0))
    other = Speaker(ears, end + 0.5, source=2)
    other.timestamp = 5
    begin = other.at
    last = other.say(tone(2450, 1.0))
    assert ears.tones([2450], begin, last)[2450] == 1.0
    assert len(ears.samples(100.0, last)) == pytest.approx(2.5 * RATE, abs=400)


def test_late_packets_do_not_tear_the_sound() -> None:
    ears, prompt = Ears(), speech(2.0, 30)
    speaker = Speaker(ears)
    speaker.say(prompt[:RATE])
    speaker.say(prompt[RATE:], late=0.1)
    found = PromptSearch(ears, prompt, 100.0).look()
    assert found is not None
    assert found.complete
