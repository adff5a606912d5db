from callrouter.asterisk.events import Channel, ChannelDtmfReceived, StasisStart
from callrouter.asterisk.legs import Legs
from callrouter.telephony import DigitPressed, LegId

CHANNEL = Channel("leg-1", name="PJSIP/trunk-1")


def pressed(digit: str, when: str) -> ChannelDtmfReceived:
    return ChannelDtmfReceived(CHANNEL, digit, when)


def test_a_key_that_asterisk_tells_twice_was_pressed_once() -> None:
    legs = Legs()
    list(legs.hear(StasisStart(CHANNEL, ("in", "74951234567"))))
    first, again = pressed("1", "2026-11-21T21:21:23.402+0000"), pressed("1", "2026-11-21T21:21:23.502+0000")
    heard = [event for message in (first, first, again, again) for event in legs.hear(message)]
    assert heard == [DigitPressed(LegId("leg-1"), "1")] * 2
