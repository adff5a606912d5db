"""What callrouter itself says, whatever the tree. To record it: ivr_trees/system/<language>/<name>.wav."""

from __future__ import annotations

from callrouter.calls.outlook import Waits
from callrouter.tree.model import Prompt
from callrouter.tree.model.prompt import prompt_of


def _system(name: str, ru: str, en: str) -> Prompt:
    return prompt_of(f"system.{name}", {"ru": ru, "en": en})


AGENT_READY = _system("ready", "Вы готовы принимать звонки.", "You are ready to take calls.")
AGENT_NOT_READY = _system("not_ready", "Перерыв. Звонки не поступают.", "You are on a break. No calls will ring.")
AGENT_LOGGED_OUT = _system("logged_out", "Вы вышли из системы. До свидания.", "You are logged out. Goodbye.")
AGENT_WRAP_UP = _system("wrap_up", "Время на оформление записано.", "Your time for notes is noted.")
NO_WRAP_UP = _system("no_wrap_up", "Времени на оформление сейчас нет.", "There is no time for notes now.")
WRAP_UP_GOES_ON = _system(
    "wrap_up_goes_on",
    "Время на оформление ещё идёт. Звонки придут, когда оно закончится.",
    "Your time for notes goes on. Calls will ring when it is over.",
)
HOUR_IS_FULL = _system(
    "hour_is_full",
    "На этот час звонков достаточно. Отдохните, звонки придут позже.",
    "You have had enough calls for this hour. Have a rest, calls will ring later.",
)
SHIFT_IS_FULL = _system(
    "shift_is_full",
    "На эту смену звонков достаточно. Спасибо.",
    "You have had enough calls for this shift. Thank you.",
)
UNKNOWN_CODE = _system(
    "unknown_code",
    "Такого кода нет. Звёздочка один один: готов. Звёздочка один два: перерыв. Звёздочка один три: выход. "
    "Звёздочка один четыре: время на оформление.",
    "There is no such code. Star one one: ready. Star one two: break. Star one three: log out. "
    "Star one four: time for notes.",
)
ALL_AGENTS_BUSY = _system(
    "all_agents_busy",
    "Извините, пожалуйста: все сотрудники ещё разговаривают. Наберите нас, пожалуйста, чуть позже. До свидания.",
    "We are very sorry: everyone is still on a call. Please try again a little later. Goodbye.",
)
ONE_MOMENT = _system("one_moment", "Одну секунду, пожалуйста.", "One moment, please.")
CALLBACK_RINGING = _system(
    "callback_ringing",
    "Обратный звонок. Звоним клиенту, оставайтесь на линии.",
    "This is a callback. We are calling the customer, please stay on the line.",
)
CALLBACK_NOT_REACHED = _system(
    "callback_not_reached",
    "Клиент не ответил. Мы позвоним ему позже.",
    "The customer did not answer. We will try again later.",
)
CALLBACK_CONFIRM = _system(
    "callback_confirm",
    "Здравствуйте! Вы просили вам перезвонить. Чтобы поговорить с сотрудником, нажмите один.",
    "Hello! You asked us to call you back. To talk to one of us, press one.",
)
CALLBACK_HOLD = _system(
    "callback_hold",
    "Здравствуйте! Вы просили вам перезвонить. Оставайтесь на линии, мы вас соединяем.",
    "Hello! You asked us to call you back. Please hold, we are connecting you.",
)

WAITS = Waits(
    next_in_line=_system("next_in_line", "Вы следующий.", "You are next in line."),
    callers_before=_system(
        "callers_before",
        "Звонков перед вами: {before:number}.",
        "The number of callers before you is: {before:number}.",
    ),
    within_a_minute=_system(
        "within_a_minute", "Вам ответят в течение минуты.", "We expect to answer you within a minute."
    ),
    about=_system(
        "wait_about",
        "Вам ответят примерно через {low:count:минута/минуты/минут:f:accusative}.",
        "We expect to answer you in about {low:count:minute/minutes}.",
    ),
    between=_system(
        "wait_between",
        "Вам ответят, вероятно, через {low:number:f:accusative} — {high:count:минута/минуты/минут:f:accusative}.",
        "We expect to answer you in {low:number} to {high:count:minute/minutes}.",
    ),
    over_an_hour=_system(
        "wait_over_an_hour", "Ожидание может занять больше часа.", "The wait may take more than an hour."
    ),
)

PROMPTS = (
    AGENT_READY,
    AGENT_NOT_READY,
    AGENT_LOGGED_OUT,
    AGENT_WRAP_UP,
    NO_WRAP_UP,
    WRAP_UP_GOES_ON,
    HOUR_IS_FULL,
    SHIFT_IS_FULL,
    UNKNOWN_CODE,
    ALL_AGENTS_BUSY,
    ONE_MOMENT,
    *(getattr(WAITS, name) for name in WAITS.__dataclass_fields__),
    CALLBACK_RINGING,
    CALLBACK_NOT_REACHED,
    CALLBACK_CONFIRM,
    CALLBACK_HOLD,
)
