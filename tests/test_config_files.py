"""The configuration from its files: the example loads, and everything that does not fit is told at its place."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from callrouter.config import Secret
from callrouter.config_files import check_config, load_config, load_trees, resolve
from callrouter.errors import ConfigError, SetupError
from callrouter.schemas import schema_files

PROJECT = Path(__file__).parents[1]
BASE = {
    "callrouter.yaml": "centre: {language: en}\n",
    "trunks.yaml": "trunks:\n  carrier: {addresses: [127.0.0.2]}\n",
    "numbers.yaml": 'numbers:\n  - {number: "+4420", tree: shop}\n',
    "queues.yaml": "queues:\n  shop: {name: Shop}\n  more: {name: More}\n",
    "agents.yaml": "agents:\n  anna: {name: Anna, queues: [shop, more]}\n",
}
TREE = "schema: 1\nlanguages: [en]\nstart: shop\nnodes:\n  shop: {type: queue, queue: shop}\n"
Told = Callable[..., list[str]]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Every problem of the base configuration with some files written otherwise (`callrouter` is callrouter.yaml)."""
    monkeypatch.chdir(tmp_path)

    def write(tree: str | None = TREE, **changed: str) -> list[str]:
        files = {**BASE, **{f"{name}.yaml": text for name, text in changed.items()}}
        (tmp_path / "config").mkdir()
        (tmp_path / "ivr_trees").mkdir()
        for name, text in files.items():
            (tmp_path / "config" / name).write_text(text)
        if tree is not None:
            (tmp_path / "ivr_trees" / "shop.yaml").write_text(tree)
        return [str(problem) for problem in check_config(Path("config"))[1]]

    return write


def test_the_example_configuration_loads_without_a_word_of_complaint() -> None:
    config, problems = check_config(PROJECT / "config")
    assert problems == ()
    assert config is not None
    assert set(config.agents) == {"anna", "boris", "vera", "gleb"}
    assert [(route.number, route.tree, route.language) for route in config.numbers] == [
        ("+74951234567", "payments", "ru"),
        ("+442012345678", "payments", "en"),
    ]
    assert load_trees(config)["payments"].languages == ("ru", "en")


def test_the_port_for_metrics_is_its_own(told: Told) -> None:
    (problem,) = told(callrouter="centre: {language: en}\nmetrics: {port: 8188}\n")
    assert "port 8188 is asterisk.http_port already" in problem


def test_every_key_that_the_example_shows_commented_out_is_a_key_of_the_schema() -> None:
    """Uncommented line by line the example must still be read: only values may clash, never names."""
    for file in (PROJECT / "config").glob("*.yaml"):
        commented = [line for line in file.read_text().splitlines() if line.lstrip().startswith("#")]
        keys = {line.lstrip("# ").partition(":")[0] for line in commented if ": " in line and "  " in line}
        schema = (PROJECT / "config" / "config.schema.json").read_text()
        unknown = {key for key in keys if key.isidentifier() and key.islower() and f'"{key}"' not in schema}
        assert unknown <= {"calm", "vip", "blocked", "crm_token", "duty"}, file.name


@pytest.mark.parametrize("file", schema_files(), ids=str)
def test_the_schemas_for_editors_are_fresh(file: Path) -> None:
    fresh = schema_files()[file]
    assert (PROJECT / file).read_text() == fresh, "run: python -m callrouter.schemas"


def test_the_base_of_these_tests_is_good(told: Told) -> None:
    assert told() == []


def test_paths_become_absolute_from_the_project(told: Told) -> None:
    assert told(callrouter="centre: {language: en}\nredis: {password: {file: secret}}\n") == []
    config = load_config(Path("config"))
    assert config.trees == Path.cwd() / "ivr_trees"
    assert config.recordings.folder == Path.cwd() / "recordings"
    assert config.redis.password == Secret(file=Path.cwd() / "secret", env=None)


CASES: dict[str, tuple[dict[str, str], str]] = {
    "an agent's queue": (
        {"agents": "agents:\n  anna:\n    name: Anna\n    queues: [shop, more, shpo]\n"},
        "config/agents.yaml:4:26: error: there is no queue `shpo`; did you mean `shop`? (agents.anna.queues[3])",
    ),
    "an overflow queue": (
        {"queues": "queues:\n  shop: {name: Shop, overflow: moer}\n  more: {name: More}\n"},
        "config/queues.yaml:2:32: error: there is no queue `moer`; did you mean `more`? (queues.shop.overflow)",
    ),
    "a circle of overflows": (
        {"queues": "queues:\n  shop: {name: Shop, overflow: more}\n  more: {name: More, overflow: shop}\n"},
        "config/queues.yaml:2:32: error: overflow goes in a circle: shop → more → shop; "
        "end it with a queue that has `overflow: hangup` (queues.shop.overflow)",
    ),
    "a queue called hangup": (
        {
            "queues": BASE["queues.yaml"] + "  hangup: {name: H}\n",
            "agents": "agents:\n  anna: {name: Anna, queues: [shop, more, hangup]}\n",
        },
        "config/queues.yaml:4:3: error: a queue cannot be called hangup, because `overflow: hangup` means "
        "the end of the call (queues.hangup)",
    ),
    "a queue without agents": (
        {"agents": "agents:\n  anna: {name: Anna, queues: [shop]}\n"},
        "config/queues.yaml:3:3: warning: no agent serves the queue more; "
        "callers there will only wait for its overflow (queues.more)",
    ),
    "an agent is told what nobody knows": (
        {"queues": 'queues:\n  shop: {name: Shop, briefing: {say: {en: "{quue} calls"}}}\n  more: {name: More}\n'},
        "config/queues.yaml:2:43: error: an agent cannot be told {quue}; there are {queue}, {path}, {waited}, "
        "{caller}, {key} (queues.shop.briefing.say.en)",
    ),
    "an agent is told what cannot be read": (
        {"queues": 'queues:\n  shop: {name: Shop, briefing: {say: {en: "{waited:hours}"}}}\n  more: {name: More}\n'},
        "config/queues.yaml:2:43: error: {waited:hours}: nothing is read as `hours`; known are: text, number, ordinal, "
        "count, digits, date, time, money, duration, phone (queues.shop.briefing.say.en)",
    ),
    "an agent is not told the key": (
        {
            "queues": 'queues:\n  shop: {name: Shop, briefing: {accept: key, say: {en: "A call"}}}\n'
            "  more: {name: More}\n"
        },
        "config/queues.yaml:2:56: warning: the words do not tell which key takes the call; put `{key:digits}` into "
        "them (queues.shop.briefing.say.en)",
    ),
    "an agent is told in a language without words": (
        {
            "queues": "queues:\n  shop: {name: Shop, briefing: {accept: key}}\n  more: {name: More}\n",
            "agents": "agents:\n  anna: {name: Anna, queues: [shop, more], language: de}\n",
        },
        "config/queues.yaml:2:33: warning: anna is briefed in `de`, and there are words in ru and en only; add it "
        "(queues.shop.briefing.accept)",
    ),
    "a phone shows what nobody knows": (
        {"queues": 'queues:\n  shop: {name: Shop, briefing: {display: "{queu}"}}\n  more: {name: More}\n'},
        "config/queues.yaml:2:42: error: nothing shows {queu}; there are {queue}, {name}, {number} "
        "(queues.shop.briefing.display)",
    ),
    "a mentor who is not there": (
        {"agents": "agents:\n  anna: {name: Anna, queues: [shop, more], mentors: [ana]}\n"},
        "config/agents.yaml:2:54: error: there is no agent `ana`; did you mean `anna`? (agents.anna.mentors[1])",
    ),
    "an agent who is their own mentor": (
        {"agents": "agents:\n  anna: {name: Anna, queues: [shop, more], mentors: [anna]}\n"},
        "config/agents.yaml:2:54: error: anna cannot be their own mentor; name somebody else (agents.anna.mentors[1])",
    ),
    "a wrap-up longer than its longest": (
        {"queues": "queues:\n  shop: {name: Shop, wrap_up: {seconds: 200}}\n  more: {name: More}\n"},
        "config/queues.yaml:2:31: error: `longest_s` is 120, less than `seconds`, 200; make it longer "
        "(queues.shop.wrap_up)",
    ),
    "a rest longer than its longest": (
        {"queues": "queues:\n  shop: {name: Shop, in_vain: {busy: {rest_s: 200}}}\n  more: {name: More}\n"},
        "config/queues.yaml:2:38: error: `longest_s` is 120, less than `rest_s`, 200; make it longer "
        "(queues.shop.in_vain.busy)",
    ),
    "a limit of misses where nobody in particular misses a call": (
        {
            "queues": "queues:\n  shop: {name: Shop, strategy: ring_all, in_vain: {missed: {limit: 3}}}\n"
            "  more: {name: More}\n"
        },
        "config/queues.yaml:2:68: warning: with ring_all nobody in particular misses a call: `limit` does nothing "
        "here; delete it (queues.shop.in_vain.missed.limit)",
    ),
    "a reason for breaks that is callrouter's own": (
        {"more": "not_ready_reasons: {'1': break, '2': limit}\n"},
        "config/more.yaml:1:38: error: `limit` is a reason that callrouter gives by itself (docs/routing.md); "
        "choose another word (not_ready_reasons.2)",
    ),
    "the wrap-up as earlier versions wrote it": (
        {"queues": "queues:\n  shop: {name: Shop, wrap_up_s: 5}\n  more: {name: More}\n"},
        "config/queues.yaml:2:22: error: `wrap_up_s` is written in another way now: `wrap_up: {seconds: 10}`, or "
        "`wrap_up: {mode: none}` for 0 (queues.shop.wrap_up_s)",
    ),
    "the limit of misses as earlier versions wrote it": (
        {"queues": "queues:\n  shop: {name: Shop, missed_limit: 2}\n  more: {name: More}\n"},
        "config/queues.yaml:2:22: error: `missed_limit` is written in another way now: "
        "`in_vain: {missed: {limit: 1}}` (queues.shop.missed_limit)",
    ),
    "a skill that nobody has": (
        {
            "queues": "queues:\n  shop: {name: Shop, skills: {refnd: 2}}\n  more: {name: More}\n",
            "agents": "agents:\n  anna: {name: Anna, queues: [shop, more], skills: {refund: 2}}\n",
        },
        "config/queues.yaml:2:38: error: there is no agent with the skill `refnd`; did you mean `refund`? "
        "(queues.shop.skills.refnd)",
    ),
    "a level that nobody has": (
        {
            "queues": "queues:\n  shop: {name: Shop, skills: {refund: 3}}\n  more: {name: More}\n",
            "agents": "agents:\n  anna: {name: Anna, queues: [shop, more], skills: {refund: 2}}\n",
        },
        "config/queues.yaml:2:22: warning: no agent of shop has all its skills; its callers will only wait for its "
        "overflow or `relax` (queues.shop.skills)",
    ),
    "a step in which nothing falls": (
        {"queues": "queues:\n  shop: {name: Shop, relax: [{after_s: 30}]}\n  more: {name: More}\n"},
        "config/queues.yaml:2:30: error: say what falls: `drop: [skill]`, `drop: all` or `lower: 1` "
        "(queues.shop.relax[1])",
    ),
    "steps out of order": (
        {
            "queues": "queues:\n  shop: {name: Shop, relax: [{after_s: 30, lower: 1}, {after_s: 20, lower: 1}]}\n"
            "  more: {name: More}\n"
        },
        "config/queues.yaml:2:65: error: each step comes later than the one before it, and 20 is not more than 30 "
        "(queues.shop.relax[2].after_s)",
    ),
    "a missing tree": (
        {"numbers": 'numbers:\n  - {number: "+4420", tree: shpo}\n'},
        "config/numbers.yaml:2:29: error: there is no tree `shpo`: no file ivr_trees/shpo.yaml (numbers[1].tree)",
    ),
    "a number twice": (
        {"numbers": 'numbers:\n  - {number: "+4420", tree: shop}\n  - {number: "4420", tree: shop}\n'},
        "config/numbers.yaml:3:14: error: the number 4420 was already given; keep it once (numbers[2].number)",
    ),
    "a tree that does not speak the number's language": (
        {"numbers": 'numbers:\n  - {number: "+4420", tree: shop, language: ru}\n'},
        "config/numbers.yaml:2:5: error: the tree shop does not speak `ru`, only en; "
        "choose with `language` (numbers[1])",
    ),
    "a tree's queue": (
        {"tree": TREE.replace("queue: shop", "queue: shops")},
        "ivr_trees/shop.yaml:5:30: error: there is no queue `shops`; did you mean `shop`? (node shop, queue)",
    ),
    "the fallback's agent": (
        {"callrouter": "centre: {language: en}\nfallback: {agent: ana}\n"},
        "config/callrouter.yaml:2:19: error: there is no agent `ana`; did you mean `anna`? (fallback.agent)",
    ),
    "the fallback's trunk": (
        {"callrouter": 'centre: {language: en}\nfallback: {number: "+7", trunk: carier}\n'.replace("+7", "+74")},
        "config/callrouter.yaml:2:34: error: there is no trunk `carier`; did you mean `carrier`? (fallback.trunk)",
    ),
    "a fallback number without a trunk": (
        {"callrouter": 'centre: {language: en}\nfallback: {number: "+74"}\n'},
        "config/callrouter.yaml:2:20: error: say through which `trunk` this number is called (fallback.number)",
    ),
    "a fallback trunk that only receives": (
        {"callrouter": 'centre: {language: en}\nfallback: {number: "+74", trunk: carrier}\n'},
        "config/callrouter.yaml:2:34: error: the trunk carrier has no `out`, so nobody can be called through it "
        "(fallback.trunk)",
    ),
    "a fallback number that may not be dialled": (
        {
            "callrouter": 'centre: {language: en}\nfallback: {number: "+74", trunk: carrier}\n',
            "trunks": "trunks:\n  carrier:\n    addresses: [127.0.0.2]\n"
            '    out: {caller_id: "+44", address: a.example, allowed_prefixes: ["+44"]}\n',
        },
        "config/callrouter.yaml:2:20: error: +74 begins with none of trunks.carrier.out.allowed_prefixes; "
        "add its prefix (fallback.number)",
    ),
    "a fallback without the centre's language": (
        {"callrouter": "centre: {language: en}\nfallback: {text: {ru: Извините}}\n"},
        "config/callrouter.yaml:2:18: error: there is no text in `en`, the centre's language; add it (fallback.text)",
    ),
    "a music folder": (
        {"callrouter": "centre: {language: en}\nmusic: {calm: music/calm}\n"},
        "config/callrouter.yaml:2:15: error: there is no folder {here}/music/calm; "
        "make it and put sound files there (music.calm)",
    ),
    "a Piper voice": (
        {"callrouter": "centre: {language: en}\nspeech: {piper: {ru: voices/x.onnx}}\n"},
        "config/callrouter.yaml:2:22: error: there is no Piper voice {here}/voices/x.onnx; "
        "put the .onnx file and its .onnx.json there (speech.piper.ru)",
    ),
    "a queue's switch": (
        {"queues": "queues:\n  shop: {name: Shop, switch: fire}\n  more: {name: More}\n"},
        "config/queues.yaml:2:30: error: there is no switch `fire` (queues.shop.switch)",
    ),
    "a queue's holidays": (
        {
            "queues": 'queues:\n  shop: {name: Shop, hours: {open: {mon: "09:00-18:00"}, holidays: xq}}\n'
            "  more: {name: More}\n"
        },
        "config/queues.yaml:2:68: error: the public holidays of `xq` are not known; write a country like ru, or de-by "
        "(queues.shop.hours.holidays)",
    ),
    "a grace that is none": (
        {
            "queues": "queues:\n  shop: {name: Shop, empty: {leave_when: nobody_reachable, grace_s: 0}}\n"
            "  more: {name: More}\n"
        },
        "config/queues.yaml:2:69: warning: a phone that is out of reach for a moment sends the whole line away; "
        "give `grace_s` (queues.shop.empty.grace_s)",
    ),
    "an emptiness that is none": (
        {"queues": "queues:\n  shop: {name: Shop, empty: {leave_when: paused}}\n"},
        "config/queues.yaml:2:42: error: `paused` is not known here; known are: nobody_logged_in, nobody_ready, "
        "nobody_reachable (queues.shop.empty.leave_when)",
    ),
    "a queue's music": (
        {"queues": "queues:\n  shop: {name: Shop, music: calm}\n  more: {name: More}\n"},
        "config/queues.yaml:2:29: error: there is no music `calm`; known are: default (queues.shop.music)",
    ),
    "a trunk that nobody can find": (
        {"trunks": "trunks:\n  carrier: {}\n"},
        "config/trunks.yaml:2:3: error: give `addresses`, from which its calls come, or `register` (trunks.carrier)",
    ),
    "a way out that leads nowhere": (
        {"trunks": 'trunks:\n  carrier:\n    addresses: [127.0.0.2]\n    out: {caller_id: "+44"}\n'},
        "config/trunks.yaml:4:5: error: give `address`, where calls out go (trunks.carrier.out)",
    ),
    "an address that is none": (
        {"trunks": "trunks:\n  carrier: {addresses: [127.0.0.2/8]}\n"},
        "config/trunks.yaml:2:25: error: 127.0.0.2/8 has host bits set; write it like 192.0.2.10 or 192.0.2.0/24 "
        "(trunks.carrier.addresses[1])",
    ),
    "a trunk that swallows our own phones": (
        {"trunks": "trunks:\n  carrier: {addresses: [127.0.0.0/8]}\n"},
        "config/trunks.yaml:2:25: error: 127.0.0.0/8 holds our own address 127.0.0.1, from which our agents' phones "
        "may call; make it narrower (trunks.carrier.addresses[1])",
    ),
    "two trunks with one address": (
        {"trunks": "trunks:\n  carrier: {addresses: [127.0.0.2]}\n  other: {addresses: [127.0.0.2/31]}\n"},
        "config/trunks.yaml:3:23: error: 127.0.0.2/31 overlaps 127.0.0.2/32 of the trunk carrier; keep it in one "
        "(trunks.other.addresses[1])",
    ),
    "an odd first port for sound": (
        {"callrouter": "centre: {language: en}\nsip: {rtp_first: 16001}\n"},
        "config/callrouter.yaml:2:18: error: sound takes ports in pairs: rtp_first must be even and rtp_last odd, "
        "like 16000 and 19999 (sip.rtp_first)",
    ),
    "too few ports for sound": (
        {"callrouter": "centre: {language: en, workers: 3}\n"},
        "config/callrouter.yaml:1:33: error: 400 calls in 3 workers need 4800 ports for sound, and 16000-19999 has "
        "4000: widen it or lower limits.calls (centre.workers)",
    ),
    "ports that Linux lends out": (
        {"callrouter": "centre: {language: en}\nsip: {rtp_last: 32769}\n"},
        "config/callrouter.yaml:2:17: warning: ports from 32768 on may be taken by other programs at any moment; "
        "stay below (sip.rtp_last)",
    ),
    "a port among those for sound": (
        {"callrouter": "centre: {language: en}\nsip: {port: 16002}\n"},
        "config/callrouter.yaml:2:13: error: port 16002 lies among those for sound, 16000-19999 (sip.port)",
    ),
    "one port for two": (
        {"callrouter": "centre: {language: en}\nasterisk: {ami_port: 8188}\n"},
        "config/callrouter.yaml:2:22: error: port 8188 is asterisk.http_port already; choose another "
        "(asterisk.ami_port)",
    ),
    "a secret found nowhere": (
        {"callrouter": "centre: {language: en}\nredis: {password: {}}\n"},
        "config/callrouter.yaml:2:19: error: say where the secret is found: either {env: NAME} or {file: PATH} "
        "(redis.password)",
    ),
    "a secret found in two places": (
        {
            "trunks": "trunks:\n  carrier:\n    register:\n      server: sip.example\n      username: x\n"
            "      password: {env: A, file: b}\n"
        },
        "config/trunks.yaml:6:17: error: say where the secret is found: either {env: NAME} or {file: PATH} "
        "(trunks.carrier.register.password)",
    ),
    "a reason with two digits": (
        {"callrouter": 'centre: {language: en}\nnot_ready_reasons: {"1": lunch, "2": lunch}\n'},
        "config/callrouter.yaml:2:38: error: `lunch` has the digits 1 and 2; keep one (not_ready_reasons.2)",
    ),
    "a key in two files": (
        {"callrouter": "centre: {language: en}\nqueues: {}\n"},
        "config/queues.yaml:1:1: error: `queues` was already given in config/callrouter.yaml; keep it in one file",
    ),
    "a key that nobody knows": (
        {"callrouter": "centre: {language: en}\nrecording: {}\n"},
        "config/callrouter.yaml:2:1: error: unknown key `recording`; did you mean `recordings`? (recording)",
    ),
    "a name that is none": (
        {"agents": "agents:\n  anna: {name: Anna, queues: [shop, more]}\n  Boris: {name: Boris, queues: [shop]}\n"},
        "config/agents.yaml:3:3: error: `Boris` does not fit here (small letters, digits, `_` and `-`, "
        "beginning with a letter: like payers) (agents.Boris)",
    ),
    "a queue_log without a folder": (
        {"callrouter": "centre: {language: en}\nhistory: {queue_log: /nowhere/at/all/queue_log}\n"},
        "config/callrouter.yaml:2:22: error: there is no folder /nowhere/at/all; make it, writable to callrouter's "
        "user (history.queue_log)",
    ),
    "a queue_log that is a folder": (
        {"callrouter": "centre: {language: en}\nhistory: {queue_log: /tmp}\n"},
        "config/callrouter.yaml:2:22: error: /tmp is a folder; name the file, like /tmp/queue_log (history.queue_log)",
    ),
    "a webhook that would travel unencrypted": (
        {"callrouter": "centre: {language: en}\nwebhooks:\n  crm: {url: http://crm.example.org/calls}\n"},
        "config/callrouter.yaml:3:14: error: callers' data would travel unencrypted: "
        "use https, or say `insecure: true` "
        "if that is meant (webhooks.crm.url)",
    ),
    "a password in a webhook's address": (
        {"callrouter": "centre: {language: en}\nwebhooks:\n  crm: {url: https://me:secret@crm.example.org/}\n"},
        "config/callrouter.yaml:3:14: error: no user and password here: others may read this file; `secret` signs what "
        "is sent (webhooks.crm.url)",
    ),
    "a word that the journal has not": (
        {"callrouter": "centre: {language: en}\nwebhooks:\n  crm: {url: http://localhost:1/, events: [CONECT]}\n"},
        "config/callrouter.yaml:3:44: error: the journal has no word `CONECT`; did you mean `CONNECT`? "
        "(webhooks.crm.events[1])",
    ),
    "a webhook with a longer memory than the journal": (
        {"callrouter": "centre: {language: en}\nwebhooks:\n  crm: {url: http://127.0.0.1:1/, skip_after_h: 99}\n"},
        "config/callrouter.yaml:3:49: warning: the journal forgets after 48 hours (history.journal_hours) "
        "(webhooks.crm.skip_after_h)",
    ),
    "a time zone": (
        {"callrouter": "centre: {language: en, timezone: Moscow}\n"},
        "config/callrouter.yaml:1:34: error: unknown time zone 'Moscow'; write it like Europe/Moscow (centre.timezone)",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_fit_is_told_once_at_its_place(told: Told, case: str) -> None:
    changed, problem = CASES[case]
    assert told(**changed) == [problem.replace("{here}", str(Path.cwd()))]


def test_problems_of_all_files_come_at_once_and_load_config_raises_them(told: Told) -> None:
    problems = told(callrouter="centre: {language: english}\n", queues="queues: [\n", agents="agents: {anna: {}}\n")
    assert [problem.partition(":")[0] for problem in problems] == [
        "config/agents.yaml",
        "config/agents.yaml",
        "config/callrouter.yaml",
        "config/queues.yaml",
    ]
    with pytest.raises(ConfigError) as caught:
        load_config(Path("config"))
    assert [str(problem) for problem in caught.value.problems] == problems


def test_trees_are_looked_at_even_while_the_configuration_is_wrong(told: Told) -> None:
    problems = told(tree=TREE.replace("start: shop", "start: shpo"), queues="queues:\n  shop: {nmae: Shop}\n")
    assert [problem.partition(" ")[0] for problem in problems] == [
        "config/queues.yaml:2:3:",
        "config/queues.yaml:2:10:",
        "ivr_trees/shop.yaml:3:8:",
    ]


def test_warnings_alone_do_not_spoil_a_configuration(told: Told) -> None:
    assert len(told(agents="agents:\n  anna: {name: Anna, queues: [shop]}\n")) == 1
    assert load_config(Path("config")).agents["anna"].queues == ("shop",)


def test_a_tree_that_no_number_leads_to_only_warns(told: Told) -> None:
    assert told() == []
    (Path("ivr_trees") / "draft.yaml").write_text(TREE.replace("start: shop", "start: shpo"))
    config, problems = check_config(Path("config"))
    assert [str(problem) for problem in problems] == [
        "ivr_trees/draft.yaml:3:8: warning: there is no node `shpo`; did you mean `shop`? (start)"
    ]
    assert config is not None


def test_a_tree_that_no_number_leads_to_may_name_what_is_not_there_yet(told: Told) -> None:
    assert told() == []
    (Path("ivr_trees") / "draft.yaml").write_text(TREE.replace("queue: shop", "queue: later"))
    assert check_config(Path("config"))[1] == ()


def test_an_empty_folder_says_where_to_begin(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="start from the example"):
        load_config(tmp_path)


def test_a_secret_is_read_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLROUTER_TEST_SECRET", "from env")
    (tmp_path / "secret").write_text("from file\nsecond line\n")
    assert resolve(Secret(env="CALLROUTER_TEST_SECRET", file=None)) == "from env"
    assert resolve(Secret(env=None, file=tmp_path / "secret")) == "from file"


@pytest.mark.parametrize(
    ("secret", "hint"),
    [
        (Secret(env="CALLROUTER_NOT_SET", file=None), "redis.password: the environment variable CALLROUTER_NOT_SET"),
        (Secret(env=None, file=Path("/nonexistent/x")), "cannot be read"),
        (Secret(env=None, file=Path(os.devnull)), "is empty"),
        (Secret(env=None, file=None), "say where it is found"),
    ],
)
def test_a_secret_that_is_not_there_says_what_to_do(secret: Secret, hint: str) -> None:
    with pytest.raises(SetupError, match=hint):
        resolve(secret, "redis.password")
