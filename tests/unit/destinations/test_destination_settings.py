"""Settings that describe themselves: what is checked, and what their schema says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.destinations import Checked, Destination, Secret, Setting, check, schema_of
from tailrace.destinations.api import PAIRS_MAX, SECRET_LENGTH_MAX, WHOLE_MAX
from tailrace.destinations.checking import is_url
from tailrace.errors import SettingsError

SECRET = "planted-secret"


@dataclass(frozen=True, kw_only=True)
class Settings:
    size: Annotated[int, Setting("How large.", minimum=1, maximum=9)] = 3
    url: Annotated[str, Setting("Where to.", is_url=True)]
    note: Annotated[str, Setting("A note.", length_max=5)] = ""
    code: Annotated[str | None, Setting("A code.", pattern="[a-z]+", expected="letters")] = None
    mode: Annotated[str, Setting("How.", choices=("fast", "slow"))] = "fast"
    wait_s: Annotated[float, Setting("How long.", minimum=0.5)] = 1.0
    count: Annotated[int | None, Setting("How many.")] = None
    is_on: Annotated[bool, Setting("Whether.")] = True
    labels: Annotated[
        Mapping[str, str], Setting("Labels.", pattern="[a-z]+", expected="letters", length_max=5)
    ] = field(default_factory=dict)
    token: Annotated[Secret, Setting("Token.")]
    pin: Annotated[Secret | None, Setting("PIN.", pattern="[0-9]+", expected="digits")] = None

    def __post_init__(self) -> None:
        if self.code == "off" and self.is_on:
            raise SettingsError("is off", problems={"code": "is off, but is_on is true"})
        if self.mode == "slow" and self.size == 9:
            raise SettingsError("slow takes a size below 9")


TOOL = Destination(slug="tool", name="Tool", description="Takes.", settings=Settings)
LEAST = {"url": "https://example.com/in", "token": SECRET}


def checked(**given: object) -> Checked:
    return check(TOOL, {**LEAST, **given})


def test_defaults_stand_in_for_what_is_left_out_or_null() -> None:
    found = checked(size=None, labels=None)

    assert found.public == {
        "url": "https://example.com/in",
        "size": 3,
        "note": "",
        "code": None,
        "mode": "fast",
        "wait_s": 1.0,
        "count": None,
        "is_on": True,
        "labels": {},
    }
    assert found.secrets == {"token": Secret(SECRET)}
    assert found.settings == Settings(url="https://example.com/in", token=Secret(SECRET))


def test_a_whole_number_may_come_with_a_point_as_in_json() -> None:
    size = checked(size=4.0).public["size"]

    assert (size, type(size)) == (4, int)


def test_secrets_are_kept_apart_and_print_as_stars() -> None:
    found = checked(pin=Secret("1234"))

    assert found.secrets == {"token": Secret(SECRET), "pin": Secret("1234")}
    assert SECRET not in repr(found)
    assert "1234" not in repr(found)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("url", "", "must not be empty"),
        ("url", 1, "must be text"),
        ("url", None, "is required"),
        ("token", "", "must not be empty"),
        ("token", 1, "must be text"),
        ("token", None, "is required"),
        ("token", "x" * (SECRET_LENGTH_MAX + 1), "the limit is 10000"),
        ("token", "a\x00", "no text"),
        ("token", "\ud800", "no text"),
        ("pin", "abc", "expected: digits"),
        ("pin", "", "null takes it away"),
        ("note", "123456", "has 6 characters; the limit is 5"),
        ("note", "a\nb", "control characters"),
        ("note", "\ud800", "control characters"),
        ("code", "A", "is 'A'; expected letters"),
        ("code", "a\n", "control characters"),
        ("code", "", "null takes it away"),
        ("mode", "warp", "expected fast, slow"),
        ("size", 0, "is 0; expected 1 to 9"),
        ("size", True, "must be a number"),
        ("size", 1.5, "is 1.5; expected a whole number"),
        ("size", "1", "must be a number"),
        ("count", WHOLE_MAX + 1, "expected"),
        ("wait_s", 0.4, "is 0.4; expected at least 0.5"),
        ("wait_s", float("nan"), "expected at least 0.5"),
        ("wait_s", float("inf"), "expected at least 0.5"),
        ("wait_s", False, "must be a number"),
        ("is_on", 1, "must be true or false"),
        ("labels", [], "object of texts"),
        ("labels", {"a": 1}, "object of texts"),
        ("labels", {"": "x"}, "empty or longer"),
        ("labels", {"A": "x"}, "has the name 'A'; expected letters"),
        ("labels", {"a": "123456"}, "longer than 5"),
        ("labels", {"a": "\r"}, "control characters"),
        ("labels", dict.fromkeys(map(str, range(PAIRS_MAX + 1)), ""), "the limit is 50"),
        ("nope", 1, "does not exist; there are url, token, size"),
    ],
)
def test_what_is_wrong_is_said_with_its_name(name: str, value: object, complaint: str) -> None:
    with pytest.raises(SettingsError) as refused:
        checked(**{name: value})

    assert set(refused.value.problems) == {name}
    assert complaint in refused.value.problems[name]
    assert str(refused.value) == f"settings.{name}: {refused.value.problems[name]}"


def test_all_problems_are_reported_together_without_what_may_be_secret() -> None:
    wrong = {"url": f"https://u:{SECRET}@x/", "size": 0, "pin": SECRET, "nope": 1, "is_on": "yes"}

    with pytest.raises(SettingsError) as refused:
        checked(**wrong)

    assert set(refused.value.problems) == set(wrong)
    assert SECRET not in str(refused.value)


def test_what_several_settings_say_together_is_checked_by_the_type() -> None:
    with pytest.raises(SettingsError, match=r"^settings\.code: is off, but") as named:
        checked(code="off")
    with pytest.raises(SettingsError, match=r"^settings: slow takes") as unnamed:
        checked(mode="slow", size=9)

    assert named.value.problems == {"code": "is off, but is_on is true"}
    assert unnamed.value.problems == {}


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://example.com", True),
        ("http://10.0.0.1:8080/a?b=c", True),
        ("http://[::1]:9200/", True),
        ("HTTPS://EXAMPLE.com/%C3%BC", True),
        ("https://example.com:99999/", False),
        ("https://user@example.com/", False),
        ("https://user:pass@example.com/", False),
        ("https://@example.com/", False),
        ("https://example.com/#part", False),
        ("https:///path", False),
        ("https://[::1/", False),
        ("https://exa mple.com/", False),
        ("https://exämple.com/", False),
        ("https://example.com\\.example.net/", False),
        ("https://example.com/{id}", False),
        ("javascript:alert(1)", False),
        ("file:///etc/passwd", False),
        ("ftp://example.com", False),
        ("//example.com", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_an_address_is_http_with_a_host_and_no_credentials(text: str, is_one: bool) -> None:
    assert is_url(text) is is_one


def test_the_schema_says_what_the_check_does() -> None:
    schema = schema_of(TOOL)

    assert schema["required"] == ["url", "token"]
    assert list(schema["properties"])[:3] == ["url", "token", "size"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["url"] == {
        "type": "string",
        "description": "Where to.",
        "format": "uri",
        "minLength": 1,
        "maxLength": 1_000,
    }
    assert schema["properties"]["size"] == {
        "type": "integer",
        "description": "How large.",
        "minimum": 1,
        "maximum": 9,
        "default": 3,
    }
    assert schema["properties"]["code"]["type"] == ["string", "null"]
    assert schema["properties"]["code"]["pattern"] == "^(?:[a-z]+)$"
    assert schema["properties"]["mode"]["enum"] == ["fast", "slow"]
    assert schema["properties"]["note"]["default"] == ""
    assert "minLength" not in schema["properties"]["note"]
    for name, each in schema["properties"].items():
        assert each.get("writeOnly", False) is (name in ("token", "pin"))
        assert each["description"]


@dataclass(frozen=True, kw_only=True)
class Unsaid:
    url: str


@dataclass(frozen=True, kw_only=True)
class Odd:
    hosts: Annotated[list[str], Setting("Hosts.")]


@dataclass(kw_only=True)
class Thawed:
    url: Annotated[str, Setting("Where to.")]


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (Unsaid, "'url' has no api.Setting"),
        (Odd, "'hosts' is none of"),
        (Thawed, "no frozen dataclass"),
        (int, "no frozen dataclass"),
    ],
)
def test_settings_that_do_not_say_what_they_are_are_a_mistake_of_the_type(
    settings: type[Any], complaint: str
) -> None:
    made = Destination(slug="tool", name="Tool", description="Takes.", settings=settings)

    with pytest.raises(TypeError, match=complaint):
        _ = made.fields


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(list(TOOL.fields)), st.text(max_size=5)),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=3) | st.lists(inner),
            max_leaves=5,
        ),
        max_size=12,
    )
)
def test_whatever_is_given_is_taken_or_refused_with_names(given_settings: dict[str, Any]) -> None:
    found, problems = None, set()
    try:
        found = check(TOOL, {**LEAST, **given_settings})
    except SettingsError as error:
        problems = {*error.problems, ""}

    if found is None:
        assert problems <= {*given_settings, *TOOL.fields, ""}
    else:
        assert check(TOOL, {**found.public, **found.secrets}) == found
