from collections.abc import Sequence

from callrouter.acd.floor import Floor
from callrouter.acd.why import reasons
from callrouter.journal import Saw, Word
from callrouter.reporting.calls import fold
from callrouter.reporting.explain import FORGOTTEN, Reasons, Story, story
from callrouter.reporting.replay import Things, reasons_from, things_at
from tests.reporting.diary import Diary, a_call_that_rings_twice, an_agent


def choice(things: Things, call: str, saw: Saw) -> Sequence[tuple[str, str]]:
    """The real choice, as the app hands it in."""
    return [(reason.agent, reason.text) for reason in reasons(Floor(things), call, saw.now_ms)]


def told(diary: Diary, why: Reasons | None = None) -> Story:
    (record,) = fold(diary.entries).values()
    return story(record, why or reasons_from(diary.entries, choice))


def sentences(diary: Diary, why: Reasons | None = None) -> list[str]:
    return [line.text for line in told(diary, why).lines]


def test_the_story_reads_from_arrival_to_recording() -> None:
    diary = a_call_that_rings_twice(Diary())
    assert told(diary).title == (
        f"Call {diary.call} from +79161112233 to +74951234567, tree payments (version abc), language ru"
    )
    assert sentences(diary) == [
        "the caller arrives",
        "comes to who_is_calling",
        "presses 1: comes to payer_problem",
        "presses 1: comes to to_payers",
        "joins the queue payers",
        "is offered to anna (chosen: idle longest among the able (27.0 s))",
        "anna's phone rings",
        "anna does not answer after 14.9 s",
        "is offered to boris (chosen: idle longest among the able (32.0 s))",
        "boris's phone rings",
        "boris answers; the caller had waited 18.0 s",
        "the caller hangs up after 1 min 14 s of talk",
        "the call is over: in the tree 7.0 s, waited 18.0 s, talked 1 min 14 s",
        "the recording is ready: 2023/11/15/x.flac (1 min 14 s)",
    ]


def test_an_agent_who_is_told_who_is_coming_takes_the_call_or_does_not() -> None:
    diary = Diary()
    diary.at(-1).says(Word.CONFIG, floor={"queue:payers": {"name": "Payers"}})
    diary.at(0).says(Word.ARRIVED, number="+74951234567", caller="+79161112233")
    diary.says(Word.ENTERQUEUE, queue="payers")
    for second, agent in ((1, "anna"), (11, "boris"), (21, "clara")):
        diary.at(second).says(Word.OFFER, agent=agent, queue="payers", saw="0-0", ring_s=15)
        diary.at(second + 2).says(Word.BRIEFED, agent=agent, queue="payers", ring_ms=2000, accept="key")
    diary.at(9).says(Word.RINGNOANSWER, agent="anna", queue="payers", ring_ms=2000, why="missed")
    diary.at(16).says(Word.RINGNOANSWER, agent="boris", queue="payers", ring_ms=2000, why="declined")
    diary.at(26).says(Word.CONNECT, agent="clara", queue="payers", waited_ms=26000, ring_ms=2000, recording="r")
    said = [text for text in sentences(diary, lambda *_: None) if not text.startswith("is offered")]
    assert said[2:] == [
        "anna answers and is told who is coming",
        "anna presses no key within 6.0 s: nobody seems to be there",
        "boris answers and is told who is coming",
        "boris does not want the call, after 3.0 s",
        "clara answers and is told who is coming",
        "clara takes the call; the caller had waited 26.0 s",
    ]


def test_every_other_agent_is_named_with_the_reason_of_that_moment() -> None:
    offers = [line for line in told(a_call_that_rings_twice(Diary())).lines if line.text.startswith("is offered")]
    assert offers[0].remarks == (
        "not boris: idle for less time (17.0 s against 27.0 s)",
        "not vera: does not serve the queue payers",
    )
    assert offers[1].remarks == (
        "not anna: not ready (missed) for 0.0 s",
        "not vera: does not serve the queue payers",
    )


def test_a_caller_nobody_could_take_learns_where_everybody_was() -> None:
    diary = Diary()
    busy = {"presence": "NOT_READY", "reason": "lunch"}
    diary.at(-60).says(Word.CONFIG, floor={"agent:anna": an_agent(**busy), "agent:boris": an_agent(reachable="")})
    diary.at(0).says(Word.ARRIVED)
    waits = {"queue": "payers", "since": "$now", "offer": ""}
    diary.says(Word.ENTERQUEUE, queue="payers", floor={f"waiting:{diary.call}": waits})
    diary.at(9).says(Word.ABANDON, queue="payers", waited_ms=9000, floor={f"waiting:{diary.call}": None})
    diary.says(Word.ENDED, how="abandoned", in_tree_ms=0, waited_ms=9000)
    lines = told(diary).lines
    assert lines[1].text == "joins the queue payers"
    assert lines[1].remarks == ("anna: not ready (lunch) for 60.0 s", "boris: phone not reachable")
    assert lines[-1].text == "the caller gives up waiting: in the tree 0.0 s, waited 9.0 s"


def test_reasons_that_are_no_longer_known_are_not_invented() -> None:
    diary = a_call_that_rings_twice(Diary())
    diary.entries = [entry for entry in diary.entries if entry.word is not Word.CONFIG]
    offers = [line for line in told(diary).lines if line.text.startswith("is offered")]
    assert [(line.text, line.remarks) for line in offers] == [
        ("is offered to anna", (FORGOTTEN,)),
        ("is offered to boris", (FORGOTTEN,)),
    ]


def test_an_agent_lost_to_another_call_in_the_same_moment_is_told_so() -> None:
    diary = a_call_that_rings_twice(Diary())

    def raced(version: str, call: str, queue: str) -> Sequence[tuple[str, str]]:
        return [("anna", "idle for less time"), ("boris", "chosen: idle longest")]

    first = next(line for line in told(diary, raced).lines if line.text.startswith("is offered to anna"))
    assert first.text == "is offered to anna (idle for less time)"
    assert first.remarks == ("not boris: chosen: idle longest, but was being reserved for another call in that moment",)


def test_the_other_ends_are_told_in_plain_words() -> None:
    def last(how: str) -> str:
        diary = Diary()
        diary.says(Word.ARRIVED)
        diary.at(3).says(Word.ENDED, how=how, in_tree_ms=3000)
        return sentences(diary)[-1]

    assert last("left_tree") == "the caller hangs up in the tree: in the tree 3.0 s, waited 0.0 s"
    assert last("wrong_number").startswith("the tree ends the call (wrong_number)")
    assert last("timed_out").startswith("nobody could take the call in time")


def test_keys_silence_a_dead_worker_and_a_lost_recording_have_their_sentences() -> None:
    diary = Diary()
    diary.says(Word.ARRIVED)
    diary.at(1).says(Word.NODE, node="a", by="silence")
    diary.at(2).says(Word.NODE, node="b", by="invalid")
    diary.at(3).says(Word.ADOPTED, owner="w2", before="w1")
    diary.at(4).says(Word.RECORDING, problem="the disk is full")
    diary.at(5).says(Word.FALLBACK, reason="no workers")
    diary.at(6).says(Word.BREACH, agent="anna", invariant="offer_ends", what="anna is held", repair="she is released")
    assert sentences(diary)[1:] == [
        "presses nothing: comes to a",
        "presses a key that is not offered: comes to b",
        "its worker had died: w2 carries on",
        "the recording is not there: the disk is full",
        "is handed to the fallback: no workers",
        "callrouter finds a mistake of its own and puts it right: anna is held; she is released",
    ]


def test_the_floor_of_then_is_rebuilt_from_the_newest_whole_floor_before_it() -> None:
    diary = Diary()
    first = diary.at(0).says(Word.CONFIG, floor={"agent:anna": an_agent(), "queue:payers": {"name": "P"}})
    second = diary.at(1).says(Word.PAUSE, agent="anna", floor={"agent:anna": {"presence": "NOT_READY"}})
    third = diary.at(2).says(Word.SNAPSHOT, floor={"agent:boris": an_agent()})
    fourth = diary.at(3).says(Word.CONFIG, floor={"agent:boris": None, "queue:x": {"name": "X"}})
    floors = [things_at(diary.entries, version) for version in (first, second, third, fourth)]
    assert floors[0] is not None
    assert floors[0]["agent:anna"]["presence"] == "READY"
    assert floors[1] is not None
    assert floors[1]["agent:anna"]["presence"] == "NOT_READY"
    assert floors[1]["queue:payers"] == {"name": "P"}
    assert list(floors[2] or ()) == ["agent:boris"]
    assert floors[3] == {"queue:x": {"name": "X"}}


def test_a_configuration_that_only_changes_something_is_no_whole_floor() -> None:
    diary = Diary()
    version = diary.says(Word.CONFIG, floor={"agent:anna": {"name": "Anna"}})
    assert things_at(diary.entries, version) is None
