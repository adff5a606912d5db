"""Digest answers against the examples of the RFCs."""

from __future__ import annotations

import pytest

from callrouter.parties.digest import Credentials, answer, authorization, parse_challenge
from callrouter.parties.message import Response, SipSyntaxError

RFC_2617 = (
    'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
    'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
MUFASA = Credentials("Mufasa", "Circle of Life")
MUFASA_2617 = Credentials("Mufasa", "Circle Of Life")


def test_the_example_of_rfc_2617() -> None:
    given = answer(MUFASA_2617, parse_challenge(RFC_2617), "GET", "/dir/index.html", cnonce="0a4f113b")
    assert 'response="6629fae49393a05397450978507c4ef1"' in given
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in given
    assert "nc=00000001" in given


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
     ("MD5", "8ca523f5e9506fed4657c9700eebdbec")],
)  # fmt: skip
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    challenge = {**parse_challenge(RFC_7616), "algorithm": algorithm}
    given = answer(MUFASA, challenge, "GET", "/dir/index.html", cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    assert f'response="{response}"' in given


BOB = Credentials("bob", "zanzibar")
BILOXI = {"realm": "biloxi.com", "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093"}


def test_the_examples_for_sip_of_draft_smith_sipping_auth_examples() -> None:
    old = answer(BOB, BILOXI, "INVITE", "sip:bob@biloxi.com", cnonce="0a4f113b")
    new = answer(BOB, {**BILOXI, "qop": "auth"}, "INVITE", "sip:bob@biloxi.com", cnonce="0a4f113b")
    assert 'response="bf57e4e0d0bffc0fbaedce64d59add5e"' in old
    assert "cnonce" not in old
    assert 'response="89eb0059246c02b2f6ee02c7961d5ea3"' in new


def refusal(status: int, *challenges: str) -> Response:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    return Response(tuple((name, value) for value in challenges), b"", status, "no")


def test_the_strongest_challenge_that_we_know_is_answered() -> None:
    header = authorization(MUFASA, refusal(401, RFC_2617, RFC_7616), "REGISTER", "sip:h", cnonce="x")
    assert header is not None
    assert header[0] == "Authorization"
    assert "algorithm=SHA-256" in header[1]


def test_a_proxy_gets_its_own_header() -> None:
    header = authorization(MUFASA, refusal(407, RFC_2617), "INVITE", "sip:h", cnonce="x")
    assert header is not None
    assert header[0] == "Proxy-Authorization"


def test_what_we_do_not_know_is_not_answered() -> None:
    unknown = refusal(401, 'Digest realm="r", nonce="n", algorithm=SHA-1024', "Basic realm=x")
    assert authorization(MUFASA, unknown, "REGISTER", "sip:h", cnonce="x") is None


@pytest.mark.parametrize("wrong", ["Basic realm=x", "Digest realm", 'Digest realm="x', "Digest =x"])
def test_a_broken_challenge_is_refused(wrong: str) -> None:
    with pytest.raises(SipSyntaxError):
        parse_challenge(wrong)


def test_quoted_signs_in_a_challenge_are_understood() -> None:
    assert parse_challenge('Digest realm="a \\"b\\", c", nonce=n')["realm"] == 'a "b", c'
