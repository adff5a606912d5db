from callrouter.acd.turn import turn
from callrouter.journal import NOW, Entry, Word
from callrouter.reporting.queue_log import Lines
from tests.reporting.diary import START_MS, Diary, a_call_that_rings_twice, an_agent

START = START_MS // 1000
C, D = "call-c", "call-d"


def in_line(since_ms: int, priority: int) -> int:
    return turn(since_ms, priority, 0)


def told(*entries: Entry) -> list[str]:
    """The lines, with seconds since the start instead of the epoch."""
    lines = Lines(in_line)
    found = [line for entry in sorted(entries, key=lambda entry: entry.at_ms) for line in lines.of(entry)]
    return [f"{int(line.partition('|')[0]) - START}|{line.partition('|')[2]}" for line in found]


def of_calls(*entries: Entry) -> list[str]:
    return [line for line in told(*entries) if line.split("|")[1] != "NONE"]


def waits(diary: Diary, queue: str = "payers", priority: int = 0) -> Diary:
    fields = {"queue": queue, "since": NOW, "priority": str(priority), "offer": ""}
    diary.says(Word.ENTERQUEUE, queue=queue, caller="+7916", floor={f"waiting:{diary.call}": fields})
    return diary


def gives_up(diary: Diary, word: Word = Word.ABANDON, key: str = "", waited_ms: int = 0) -> Diary:
    diary.says(word, queue="payers", floor={f"waiting:{diary.call}": None}, key=key, waited_ms=waited_ms)
    return diary


def test_a_call_that_rings_twice_reads_as_app_queue_would_have_written_it() -> None:
    diary = a_call_that_rings_twice(Diary())
    call = diary.call
    assert told(*diary.entries) == [
        "-20|NONE|NONE|NONE|QUEUESTART|",
        "-20|NONE|payers|anna|ADDMEMBER|",
        "-10|NONE|NONE|NONE|CONFIGRELOAD|",
        "-10|NONE|payers|boris|ADDMEMBER|",
        "-10|NONE|merchants|vera|ADDMEMBER|",
        f"7|{call}|payers|NONE|ENTERQUEUE|||1",
        f"22|{call}|payers|anna|RINGNOANSWER|15000",
        "22|NONE|NONE|anna|PAUSEALL|",
        "22|NONE|payers|anna|PAUSE|missed",
        f"25|{call}|payers|boris|CONNECT|18||2",
        f"99|{call}|payers|boris|COMPLETECALLER|18|74|1",
    ]


def test_places_are_those_of_the_line_at_that_moment() -> None:
    first, second, third = Diary("call-a"), Diary("call-b"), Diary("call-c")
    waits(first.at(0))
    waits(second.at(5))
    waits(third.at(6), priority=1)  # a point is worth a minute: before both
    waits(Diary("call-z").at(1), "merchants")
    gives_up(first.at(10))
    gives_up(second.at(12), Word.EXITWITHTIMEOUT)
    gives_up(third.at(15), Word.EXITWITHKEY, key="9")
    assert of_calls(*first.entries, *second.entries, *third.entries) == [
        "0|call-a|payers|NONE|ENTERQUEUE||+7916|1",
        "5|call-b|payers|NONE|ENTERQUEUE||+7916|2",
        "6|call-c|payers|NONE|ENTERQUEUE||+7916|1",
        "10|call-a|payers|NONE|ABANDON|2|1|10",
        "12|call-b|payers|NONE|EXITWITHTIMEOUT|2|2|7",
        "15|call-c|payers|NONE|EXITWITHKEY|9|1|1|9",
    ]


def test_after_an_overflow_the_wait_of_the_next_queue_begins_there() -> None:
    diary = waits(Diary(C).at(0))
    floor = {f"waiting:{C}": {"queue": "last", "offer": ""}}
    diary.at(60).says(Word.EXITWITHTIMEOUT, queue="payers", floor=floor, waited_ms=60000, to="last")
    diary.says(Word.ENTERQUEUE, queue="last", caller="+7916")
    diary.says(Word.OFFER, agent="gleb", queue="last", leg="leg-1")
    diary.at(63).says(Word.CONNECT, agent="gleb", queue="last", waited_ms=63000, ring_ms=2900)
    diary.at(70).says(Word.COMPLETEAGENT, agent="gleb", queue="last", waited_ms=63000, talked_ms=7000)
    assert of_calls(*diary.entries) == [
        f"0|{C}|payers|NONE|ENTERQUEUE||+7916|1",
        f"60|{C}|payers|NONE|EXITWITHTIMEOUT|1|1|60",
        f"60|{C}|last|NONE|ENTERQUEUE||+7916|1",
        f"63|{C}|last|gleb|CONNECT|3|leg-1|2",
        f"70|{C}|last|gleb|COMPLETEAGENT|3|7|1",
    ]


def test_who_is_put_out_of_the_line_because_we_could_not_carry_on_leaves_it() -> None:
    diary = waits(Diary(C).at(0))
    diary.at(3).says(Word.FALLBACK, reason="no store")
    diary.says(Word.ENDED, how="fallback")
    assert of_calls(*diary.entries)[-1] == f"3|{C}|payers|NONE|EXITEMPTY|1|1|3"


def test_who_is_called_back_enters_the_queue_anew() -> None:
    diary = waits(Diary(C).at(0))
    gives_up(diary.at(20), Word.EXITWITHKEY, key="1")
    diary.says(Word.CALLBACK, queue="payers", number="+7917", since_ms=0)
    diary.at(500).says(Word.CONNECT, agent="anna", queue="payers", waited_ms=500000, ring_ms=2000, callback=1)
    diary.at(530).says(Word.COMPLETEAGENT, agent="anna", queue="payers", waited_ms=500000, talked_ms=30000)
    diary.says(Word.ENDED, how="completed")
    assert of_calls(*diary.entries)[1:] == [
        f"20|{C}|payers|NONE|EXITWITHKEY|1|1|1|20",
        f"500|{C}|payers|NONE|ENTERQUEUE||+7917|1",
        f"500|{C}|payers|anna|CONNECT|0||2",
        f"530|{C}|payers|anna|COMPLETEAGENT|0|30|1",
    ]


def test_who_is_sent_away_by_hours_or_an_emergency_leaves_as_from_an_empty_queue() -> None:
    for word in (Word.EXITEMPTY, Word.EXITCLOSED):
        diary = waits(Diary(C).at(0))
        gives_up(diary.at(30), word)
        diary.says(Word.ENDED, how="closed")
        assert of_calls(*diary.entries)[1:] == [f"30|{C}|payers|NONE|EXITEMPTY|1|1|30"]


def test_who_is_sent_away_is_told_with_the_place_now_and_the_place_at_first() -> None:
    first, second = waits(Diary("c-first").at(0)), waits(Diary("c-second").at(5))
    gives_up(first.at(20), Word.EXITEMPTY)
    gives_up(second.at(20), Word.EXITEMPTY)
    assert of_calls(*first.entries, *second.entries)[-2:] == [
        "20|c-first|payers|NONE|EXITEMPTY|1|1|20",
        "20|c-second|payers|NONE|EXITEMPTY|1|2|15",
    ]


def test_a_talk_with_somebody_of_the_directory_is_no_queues() -> None:
    diary = Diary(C)
    diary.at(0).says(Word.TRANSFER, target="bank", outcome="connected")
    diary.at(5).says(Word.COMPLETECALLER, talked_ms=5000)
    diary.says(Word.ENDED, how="completed")
    assert of_calls(*diary.entries) == []


def test_agents_come_pause_and_go_in_each_of_their_queues() -> None:
    diary = Diary()
    out = {**an_agent("payers,merchants"), "presence": "LOGGED_OUT"}
    diary.at(0).says(Word.CONFIG, floor={"agent:anna": out})
    steps = (
        (Word.UNPAUSE, "READY"),
        (Word.PAUSE, "NOT_READY"),
        (Word.UNPAUSE, "READY"),
        (Word.AGENTLOGOFF, "LOGGED_OUT"),
    )
    for at, (word, presence) in enumerate(steps, 1):
        diary.at(at).says(word, agent="anna", floor={"agent:anna": {"presence": presence}}, reason="lunch")
    diary.at(9).says(Word.PAUSE, agent="anna", floor={"agent:anna": {"presence": "NOT_READY"}}, reason="lunch")
    assert told(*diary.entries)[1:] == [
        "1|NONE|payers|anna|ADDMEMBER|",
        "1|NONE|merchants|anna|ADDMEMBER|",
        "2|NONE|NONE|anna|PAUSEALL|",
        "2|NONE|payers|anna|PAUSE|lunch",
        "2|NONE|merchants|anna|PAUSE|lunch",
        "3|NONE|NONE|anna|UNPAUSEALL|",
        "3|NONE|payers|anna|UNPAUSE|lunch",
        "3|NONE|merchants|anna|UNPAUSE|lunch",
        "4|NONE|payers|anna|REMOVEMEMBER|",
        "4|NONE|merchants|anna|REMOVEMEMBER|",
        "9|NONE|payers|anna|ADDMEMBER|PAUSED",
        "9|NONE|merchants|anna|ADDMEMBER|PAUSED",
    ]


def test_a_snapshot_tells_nothing_new_to_who_has_followed_and_all_to_who_has_not() -> None:
    diary = Diary()
    anna = an_agent()
    diary.at(0).says(Word.CONFIG, floor={"agent:anna": anna})
    diary.at(1).says(Word.SNAPSHOT, floor={"agent:anna": anna})
    assert len(told(*diary.entries)) == 2
    assert told(diary.entries[1]) == ["1|NONE|NONE|NONE|QUEUESTART|", "1|NONE|payers|anna|ADDMEMBER|"]
    diary.at(2).says(Word.SNAPSHOT)
    assert told(*diary.entries)[-1] == "2|NONE|payers|anna|REMOVEMEMBER|"


def test_after_a_loss_a_queuestart_says_that_what_was_open_is_not_known_any_more() -> None:
    lines = Lines(in_line)
    diary = waits(Diary(C).at(0))
    gives_up(diary.at(61), waited_ms=61000)
    lines.of(diary.entries[0])
    lines.forget()
    assert [line.split("|", 1)[1] for line in lines.of(diary.entries[1])] == [
        "NONE|NONE|NONE|QUEUESTART|",
        f"{C}|payers|NONE|ABANDON|1|1|61",
    ]


def test_no_text_can_end_a_field_or_a_line() -> None:
    diary = Diary(C)
    diary.at(0).says(Word.ENTERQUEUE, queue="payers", caller="1|2\n3\r4")
    assert told(*diary.entries)[1:] == [f"0|{C}|payers|NONE|ENTERQUEUE||1_2_3_4|1"]
