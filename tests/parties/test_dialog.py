"""Dialogs: tags, routes in the right order, growing numbers."""

from __future__ import annotations

from callrouter.parties.dialog import Dialog
from callrouter.parties.message import Header, Request, Response

ROUTES: list[Header] = [("Record-Route", "<sip:first;lr>"), ("Record-Route", "<sip:second;lr>")]
COMMON: list[Header] = [
    ("Via", "SIP/2.0/UDP h;branch=z"), ("From", '"A, B" <sip:a@h;x=1>;tag=one'), ("Call-ID", "c"),
    ("Contact", "<sip:a@10.0.0.1:6000>"),
]  # fmt: skip


def invite(number: int = 5) -> Request:
    return Request((*COMMON, ("To", "sip:b@h"), ("CSeq", f"{number} INVITE"), *ROUTES), b"", "INVITE", "sip:b@h")


def ok() -> Response:
    own = [("To", "<sip:b@h>;tag=two"), ("CSeq", "1 INVITE"), ("Contact", "<sip:b@9.9.9.9>")]
    return Response((*COMMON[:3], *own, *ROUTES), b"", 200, "OK")


def test_the_caller_takes_the_route_backwards_and_the_contact_as_target() -> None:
    dialog = Dialog("c", "<sip:a@h>", "<sip:b@h>", "one", "<sip:a@us>", "sip:b@h")
    dialog.learn(ok())
    bye = dialog.request("BYE", "via")
    assert bye.uri == "sip:b@9.9.9.9"
    assert bye.all("Route") == ("<sip:second;lr>", "<sip:first;lr>")
    assert (bye.from_tag, bye.to_tag, bye.cseq) == ("one", "two", (1, "BYE"))


def test_the_called_takes_the_route_as_it_came_and_answers_to_the_callers_name() -> None:
    dialog = Dialog.from_invite(invite(), tag="ours", contact="<sip:b@us>")
    bye = dialog.request("BYE", "via")
    assert bye.uri == "sip:a@10.0.0.1:6000"
    assert bye.all("Route") == ("<sip:first;lr>", "<sip:second;lr>")
    assert bye.first("To") == '"A, B" <sip:a@h;x=1>;tag=one'
    assert bye.first("From") == "sip:b@h;tag=ours"


def test_requests_out_of_order_are_known() -> None:
    dialog = Dialog.from_invite(invite(5), tag="ours", contact="<sip:b@us>")
    assert not dialog.is_in_order(invite(5))
    assert dialog.is_in_order(invite(6))
    assert not dialog.is_in_order(invite(4))


def test_an_acknowledgement_repeats_the_number_of_its_invite() -> None:
    dialog = Dialog("c", "<sip:a@h>", "<sip:b@h>", "one", "<sip:a@us>", "sip:b@h")
    dialog.request("INVITE", "via")
    dialog.request("INFO", "via")
    assert dialog.request("ACK", "via", number=1).cseq == (1, "ACK")
    assert dialog.request("BYE", "via").cseq == (3, "BYE")
