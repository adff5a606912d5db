"""A small centre for tests of one call's life, and verbs that read like speech."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from callrouter.calls import events as e
from callrouter.calls.call import Call, Phase, decode, encode
from callrouter.calls.in_tree import arrived
from callrouter.calls.life import step
from callrouter.calls.step import CallingBack, Errand, Moment, Setting, Step
from callrouter.config import AgentPart, Briefing, CallbackRules, Config, InVain, Missed, Queue, WrapUp
from callrouter.directory import Reach
from callrouter.journal import Entry, Word
from callrouter.prompts.briefing import briefings
from callrouter.telephony import CallId, Command, LegArrived, LegId, PhoneId
from callrouter.tree.facts import Facts
from callrouter.tree.load import load_tree
from callrouter.tree.model import Prompt
from callrouter.tree.walk import KeepSecret

TREE = """
schema: 1
languages: [ru, en]
start: who
nodes:
  who:
    type: menu
    prompt: {ru: "Кто вы?", en: "Who are you?"}
    options: {"1": payers, "2": briefed, "3": bye, "4": refund, "5": accounting, "6": order, "7": note, "8": pin,
      "9": english, "0": regular, "*": call_back, "#": machines}
    tries: 2
    invalid: {then: payers}
    no_input: {then: payers}
  english: {type: set, language: en, next: who}
  payers: {type: queue, queue: payers, label: {ru: "платёж", en: "a payment"}}
  briefed: {type: queue, queue: briefed, label: {ru: "возврат"}}
  refund: {type: queue, queue: payers, prompt: {ru: "Соединяем", en: "Connecting"}}
  accounting:
    type: transfer
    to: accounting
    failed: patient
  patient:
    type: queue
    queue: payers
    priority: 2
    exit: {key: "*", then: who}
    timed_out: bye
    announce: {every_s: 20, prompt: {ru: "Вы не забыты", en: "You are not forgotten"}}
  order:
    type: collect
    prompt: {ru: "Номер заказа", en: "Order number"}
    into: order
    length: 3
    invalid: {then: bye}
    no_input: {then: bye}
    next: crm
  crm:
    type: lookup
    url: http://127.0.0.1/orders/{order}
    timeout_s: 2
    filler: {ru: "Ищем", en: "Looking"}
    into: {amount: {path: amount, type: number}}
    next: patient
    failed: bye
  regular: {type: set, require: {women: 3, ru: 1}, prefer: {cards: 5}, sticky_agent: true, next: payers}
  note: {type: message, prompt: {ru: "Говорите", en: "Speak"}, group: duty, next: bye}
  pin:
    type: collect
    prompt: {ru: "Код", en: "PIN"}
    into: pin
    secret: true
    length: 4
    invalid: {then: bye}
    no_input: {then: bye}
    next: check
  check:
    type: lookup
    url: http://127.0.0.1/pin
    method: POST
    body: {pin: "{pin}"}
    ask_again: pin
    next: bye
    failed: bye
  call_back:
    type: callback
    queue: payers
    prompt: {ru: "Перезвоним на {number:phone}", en: "We call {number:phone}"}
    other: {ru: "Номер", en: "Number"}
    invalid: {then: bye}
    no_input: {then: bye}
    next: bye
  machines:
    type: callback
    queue: merchants
    prompt: {ru: "Перезвоним на {number:phone}", en: "We call {number:phone}"}
    other: {ru: "Номер", en: "Number"}
    invalid: {then: bye}
    no_input: {then: bye}
    next: bye
  bye: {type: hangup, prompt: {ru: "До свидания", en: "Goodbye"}}
"""
SORRY = Prompt("system.sorry", {"ru": "Извините", "en": "Sorry"}, {})
ALL_DAY = {"mon-sun": "00:00-24:00"}
TWICE = InVain(missed=Missed(limit=2))
BRIEFING = Briefing(say=True, accept="key", key_s=8)
QUEUES = {
    "payers": Queue(
        name="Payers",
        ring_s=10,
        max_wait_s=60,
        wrap_up=WrapUp(seconds=5),
        in_vain=TWICE,
        callback=CallbackRules(trunk="carrier", windows=ALL_DAY),
    ),
    "everybody": Queue(name="Everybody", strategy="ring_all", ring_s=10, max_wait_s=60, in_vain=TWICE),
    "merchants": Queue(
        name="Merchants",
        max_wait_s=30,
        overflow="payers",
        wrap_up=WrapUp(mode="none"),
        record=False,
        callback=CallbackRules(trunk="carrier", windows=ALL_DAY, first="customer", confirm=True),
    ),
    "briefed": Queue(name="Refunds", ring_s=10, max_wait_s=60, in_vain=TWICE, briefing=BRIEFING),
}
CALLER = LegId("caller-leg")
FACTS = Facts(datetime(2026, 3, 2, 12, tzinfo=UTC), caller="+79161112233", called="74951234567", call="c0")


def files(prompt: Prompt, language: str) -> tuple[str, ...]:
    return (f"/{language}/{prompt.key}",)


def reach(target: str, _now: datetime) -> Reach | str:
    return Reach("accounting", "+74950000001", "carrier", "+74951234567") if target == "accounting" else "unknown"


def reach_number(number: str, trunk: str) -> Reach | str:
    digits = number.lstrip("+")
    return Reach(digits, f"+{digits}", trunk, "+74951234567") if digits.startswith("7") else "forbidden"


RUNG: dict[str, int] = {}
"""How often each number was rung today."""
RINGING_ELSEWHERE: set[str] = set()
"""Numbers that another call calls back."""
BACK = CallingBack(
    reach_number,
    lambda number: RUNG.get(number, 0),
    lambda number, _call: number in RINGING_ELSEWHERE,
    hold=Prompt("system.hold", {"ru": "Соединяем"}, {}),
    confirm=Prompt("system.confirm", {"ru": "Нажмите один"}, {}),
    ringing=Prompt("system.ringing", {"ru": "Звоним"}, {}),
    not_reached=Prompt("system.not_reached", {"ru": "Не ответили"}, {}),
    agents_language="ru",
)
AGENTS = {
    "anna": AgentPart(name="Anna", queues=("payers",)),
    "vera": AgentPart(name="Vera", queues=("briefed",), language="en"),
}
SETTING = Setting(
    load_tree(TREE, "test.yaml"),
    QUEUES,
    files,
    record=True,
    sorry=SORRY,
    owner="w1/x",
    agents=AGENTS,
    briefings=briefings(Config(queues=QUEUES)),
    reach=reach,
    back=BACK,
)


PHONE = LegId("")
"""In an event: the phone that rings, or the first of them."""


def _of_first_phone(call: Call, event: e.CallEvent) -> e.CallEvent:
    ringing = [part.leg for part in (*call.offers, call.target) if part is not None]
    if not ringing or getattr(event, "leg", None) != PHONE:
        return event
    return replace(event, leg=ringing[0])  # type: ignore[arg-type]


@dataclass
class Scene:
    """One call, moved on by events; keeps all that was commanded and journalled."""

    call: Call
    now_ms: int = 1_000_000
    last: Step | None = None
    commands: list[Command] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    errands: list[Errand] = field(default_factory=list)
    facts: Facts = FACTS
    setting: Setting = SETTING

    def then(self, *events: e.CallEvent, after_ms: int = 0) -> Scene:
        """Each event in turn; between them the call is stored and read back, as an adopting worker would."""
        for event in events:
            self.now_ms += after_ms
            call = decode(encode(self.call))
            self._take(step(call, _of_first_phone(call, event), Moment(self.now_ms, self.setting, self.facts)))
        return self

    def _take(self, taken: Step) -> None:
        assert taken.entries or not taken.floor, "a floor change is stored with an entry"
        self.call, self.last = taken.call, taken
        self.commands += taken.commands
        self.entries += taken.entries
        self.errands += taken.errands
        for errand in taken.errands:
            if isinstance(errand, KeepSecret):
                self.facts = replace(self.facts, secrets={**self.facts.secrets, errand.variable: errand.digits})

    @property
    def done(self) -> tuple[Command, ...]:
        """The commands of the last step."""
        assert self.last is not None
        return self.last.commands

    @property
    def words(self) -> list[Word]:
        return [entry.word for entry in self.entries]


def a_caller(number: str = "+79161112233", name: str = "Ivan") -> Scene:
    """A caller who has just been answered by the tree."""
    leg = LegArrived(CALLER, "in", "74951234567", number, name)
    first = arrived(CallId("c0"), leg, "test", "ru", Moment(1_000_000, SETTING, FACTS))
    scene = Scene(first.call)
    scene._take(first)
    return scene


def a_waiting_caller() -> Scene:
    return a_caller().then(e.CallerPressed("1"))


def proposed(agent: str = "anna", missed: int = 0) -> e.AgentProposed:
    return e.AgentProposed(agent, PhoneId(f"phone-{agent}"), missed, "5-0", missed_why="missed" if missed else "")


def an_offered_caller(missed: int = 0) -> Scene:
    return a_waiting_caller().then(proposed(missed=missed))


def a_talking_caller() -> Scene:
    return an_offered_caller().then(e.OfferRinging(PHONE), e.OfferAnswered(PHONE))


def a_briefed_agent() -> Scene:
    """An agent who has picked up and is told who is coming."""
    return a_caller().then(e.CallerPressed("2"), proposed(), e.OfferRinging(PHONE), e.OfferAnswered(PHONE))


def a_callback(key: str = "*") -> Scene:
    """Somebody asked to be called back (`*`: an agent answers first, `#`: the customer), and hung up."""
    return a_caller().then(e.CallerPressed(key), e.CallerPressed("1"), e.CallerHungUp())


def in_phase(phase: Phase) -> Scene:
    """A call in that phase."""
    match phase:
        case Phase.IN_TREE:
            return a_caller()
        case Phase.CALLING_OUT:
            return a_caller().then(e.CallerPressed("5"))
        case Phase.WAITING:
            return a_waiting_caller()
        case Phase.OFFERING:
            return an_offered_caller()
        case Phase.BRIEFING:
            return a_briefed_agent()
        case Phase.TALKING:
            return a_talking_caller()
        case Phase.LEAVING:
            return a_waiting_caller().then(e.WaitTimeUp(), after_ms=60_000)
        case Phase.CALLBACK:
            return a_callback()
        case Phase.CALLING_BACK:
            return a_callback().then(proposed(), e.OfferAnswered(PHONE))
        case Phase.CONFIRMING:
            return a_callback("#").then(proposed(), e.CustomerAnswered())
        case Phase.TELLING_AGENT:
            return in_phase(Phase.CALLING_BACK).then(e.CustomerNotReached(19))
        case Phase.ENDED:
            return a_caller().then(e.CallerHungUp())
