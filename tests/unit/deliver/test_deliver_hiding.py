"""No secret is left in what is shown of a request, however it was written there."""

import base64
import json
import re
from urllib.parse import quote, quote_plus

import pytest

from tailrace.deliver.hiding import HEADER_CHARACTERS_MAX, HEADERS_MAX, Hiding

SECRET = 'pass/word+"äö" & 9?x'

WRITTEN = {
    "as it is": SECRET,
    "in JSON": json.dumps(SECRET, ensure_ascii=False),
    "in JSON of ASCII": json.dumps(SECRET),
    "in JSON with slashes escaped": json.dumps(SECRET).replace("/", "\\/"),
    "in an address": quote(SECRET, safe=""),
    "in an address, in small letters": re.sub(
        "%..", lambda found: found[0].lower(), quote(SECRET, safe="")
    ),
    "in a path": quote(SECRET),
    "in a form": quote_plus(SECRET),
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=list(WRITTEN))
def test_a_secret_is_hidden_in_each_form(text: str) -> None:
    shown = Hiding([SECRET])(f"before {text} after")

    assert shown.replace('"', "") == "before *** after"


@pytest.mark.parametrize("user", ["", "u", "us", "use", "user"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_hidden_within_base64_wherever_it_begins(user: str, encode: object) -> None:
    assert callable(encode)
    text = encode(f"{user}:{SECRET}".encode()).decode()

    shown = Hiding([SECRET])(f"Basic {text}")

    kept = shown.removeprefix("Basic ").replace("***", "").rstrip("=")
    # What is left is of the name, and a few bits at the edges.
    assert len(kept) <= len(text) - 4 * (len(SECRET.encode()) - 3) // 3
    assert "***" in shown


def test_the_longest_secret_is_hidden_first_where_one_holds_another() -> None:
    hide = Hiding(["abc", "abcdef"])

    assert hide("abcdef abc") == "*** ***"


def test_a_secret_after_a_scheme_is_hidden_without_it_too() -> None:
    hide = Hiding(["Bearer 0123456789"])

    assert hide("token 0123456789 is not known") == "token *** is not known"


def test_without_secrets_nothing_is_changed() -> None:
    assert Hiding(["", ""])("as it was") == "as it was"


def test_headers_for_secrets_are_stars_and_the_others_are_bounded() -> None:
    headers = {"Authorization": "Basic eDp5", "x-long": "x" * 10_000, "x-key": f"k={SECRET}"}
    many = {f"x-{n}": "" for n in range(1_000)}

    shown = Hiding([SECRET]).headers(headers)

    assert shown["Authorization"] == "***"
    assert shown["x-key"] == "k=***"
    assert len(shown["x-long"]) == HEADER_CHARACTERS_MAX
    assert len(Hiding([]).headers(many)) == HEADERS_MAX
