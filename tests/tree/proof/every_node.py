"""A tree with every kind of node, its subtree, and tests that take every branch of both."""

from callrouter.tree.known import Known
from callrouter.tree.load import check_tree
from callrouter.tree.model import Tree

SHOP = """\
schema: 1
languages: [en, ru]
start: greeting
nodes:
  greeting: {type: notice, prompt: {en: Calls are recorded., ru: Разговор записывается.}, version: "1", next: hours}
  hours:
    type: hours
    zone: Europe/Moscow
    open: {mon-fri: "09:00-19:00"}
    holidays: ru
    switch: fire
    then: {open: who, closed: closed, holiday: closed_today, emergency: evacuated}
  evacuated: {type: say, prompt: {en: The alarm is on., ru: Тревога.}, next: closed}
  closed_today: {type: say, prompt: {en: A holiday., ru: Праздник.}, next: closed}
  closed: {type: message, prompt: {en: Leave a message., ru: Оставьте сообщение.}, group: night, next: bye}
  who:
    type: caller
    branches:
      - {list: blocked, then: bye}
      - {prefix: ["+7812", "+7911"], then: petersburg}
      - {again_within_m: 30, then: impatient}
    otherwise: share
  petersburg: {type: set, language: ru, variables: {city: Petersburg}, tags: [north], next: top}
  impatient: {type: set, priority: 3, sticky_agent: true, next: top}
  share:
    type: split
    shares: [{percent: 50, then: top}, {percent: 50, then: survey}]
  survey: {type: goto, to: top}
  top:
    type: menu
    prompt: {en: "One: order. Two: call me back. Three: the director.", ru: "Один, два, три."}
    options: {"1": order, "2": back, "3": director, "45": card}
    repeat_key: "0"
    tries: 2
    invalid: {prompt: {en: No., ru: Нет.}, then: line}
    no_input: {then: line}
  order:
    type: collect
    prompt: {en: The order's number., ru: Номер заказа.}
    into: order
    length: {least: 4, most: 6}
    confirm: {prompt: {en: "{order:digits}. One: right. Two: again.", ru: "{order:digits}"}}
    tries: 2
    invalid: {prompt: {en: Once more., ru: Ещё раз.}, then: line}
    no_input: {then: line}
    next: crm
  crm:
    type: lookup
    url: "https://crm.example.org/orders/{order}"
    timeout_s: 2
    filler: {en: One moment., ru: Минутку.}
    into: {paid: {path: paid, type: bool}, sum: {path: total, type: number, otherwise: 0}}
    next: paid
    failed: line
  paid:
    type: when
    cases: [{if: "paid and sum > 1000", then: vip}, {if: "not paid", then: back}]
    otherwise: line
  vip: {type: set, require: {vip: 5}, priority: 7, next: line}
  back:
    type: callback
    queue: shop
    prompt: {en: "We call {number:phone}.", ru: "{number:phone}"}
    other: {en: The number., ru: Номер.}
    invalid: {then: line}
    no_input: {then: line}
    next: bye
  director:
    type: transfer
    to: director
    failed: line
  card: {type: subtree, tree: card, exits: {good: line, bad: bye}}
  line:
    type: queue
    queue: shop
    exit: {key: "*", then: closed}
    timed_out: closed
  bye: {type: hangup, prompt: {en: Bye., ru: Пока.}}
"""
CARD = """\
schema: 1
languages: [en, ru]
start: number
exits: [good, bad]
nodes:
  number:
    type: collect
    secret: true
    prompt: {en: Your card., ru: Карта.}
    into: card
    length: 16
    checksum: luhn
    tries: 2
    invalid: {prompt: {en: That is no card., ru: Это не карта.}, then: bad}
    no_input: {then: bad}
    next: bank
  bank:
    type: lookup
    url: https://bank.example.org/check
    method: POST
    body: {card: "{card}"}
    into: {known: {path: known, type: bool}}
    ask_again: number
    next: known
    failed: bad
  known:
    type: when
    cases: [{if: known, then: good}]
    otherwise: bad
"""
TESTS = """\
schema: 1
tests:
  - a caller on Monday at 19:05 leaves a message of 20s → hangup, message for night, over closed, consent greeting
  - a caller on Sunday at 12:00 leaves no message → hangup, over closed
  - a caller on a holiday waits 1s → hangup, over closed_today
  - a caller while fire is on waits 1s → hangup, over evacuated, not over who
  - a caller in list blocked waits 1s → hangup, not over top
  - a caller from +78121112233 presses 3 → transfer director, in Russian, tag north, city = Petersburg
  - a caller who called 10 minutes ago presses 3, the transfer is busy →
    queue shop, priority 3, the agent who helped last
  - a caller from a hidden number presses nothing, then nothing → queue shop, over top
  - a caller from +79160000001 presses 0, then 3, the director does not answer → queue shop
  - a caller from +79160000002 presses 9, then 8 → queue shop, hears top.invalid
  - a caller from +79160000003 presses 9, then 1, 1234#, 1, crm answers paid=true sum=2000 →
    queue shop, priority 7, needs vip 5, sum = 2000, hears crm.filler
  - a caller presses 1, then 123456, then 1, crm answers paid=true → queue shop, priority 0, sum = 0
  - a caller presses 1, then 1234#, then 2, then nothing → queue shop, not over crm
  - a caller presses 1, then 12#, then 123456, then 1, the crm answers 500 → queue shop, over crm
  - a caller presses 1, then 12#, then 12# → queue shop, hears order.invalid
  - a caller presses 1, then nothing, then nothing → queue shop
  - a caller from +79160000009 presses 1, then 1234#, then 1, crm answers paid=false, then 1 →
    hangup, callback for shop to +79160000009
  - a caller presses 2, then 2, then 84951234567#, then 1 →
    hangup, callback for shop to 84951234567
  - a caller presses 2, then 9, then 9, then 9 → queue shop
  - a caller presses 2, then nothing, then nothing, then nothing → queue shop
  - a caller presses 3, the transfer fails, waits too long → hangup, message for night
  - a caller presses 3, the transfer fails, presses * → hangup, message for night
  - a caller presses 45, then 4111111111111111, bank answers known=true → queue shop, secret card
  - a caller presses 45, then 4111111111111112, then 4111111111111111, bank answers known=false → hangup
  - a caller presses 45, then 4111111111111111, bank does not answer → hangup
  - a caller presses 45, then nothing, then 4111# → hangup
  - a caller presses 45, then nothing, then nothing → hangup
  - a caller presses nothing, then 3 → transfer director
"""


def every_node(text: str = SHOP) -> Tree:
    found, problems = check_tree(text, "shop.yaml", known=Known(tree=beside))
    assert found is not None, problems
    return found


def beside(name: str) -> tuple[str, bytes] | None:
    return ("card.yaml", CARD.encode()) if name == "card" else None
