"""What tables and columns of a warehouse are called."""

import pytest

from tailrace.destinations.warehouse.names import (
    NAME_LENGTH_MAX,
    cut,
    named,
    schema_name,
    snake_case,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("accountType", "account_type"),
        ("samPLE text", "sam_ple_text"),
        ("CStringRef", "cstring_ref"),
        ("2FA Enabled", "2fa_enabled"),
        ("something.com", "something_com"),
        ("FOO:BAR", "foo_bar"),
        ("a___b", "a_b"),
        ("sample text", "sample_text"),
        ("sample-text", "sample_text"),
        ("sample_text", "sample_text"),
        ("inviteYourCustomersAddInvites", "invite_your_customers_add_invites"),
        ("sample 2 Text", "sample_2_text"),
        ("   sample   2    Text   ", "sample_2_text"),
        ("   $#$sample   2    Text   ", "sample_2_text"),
        ("SAMPLE 2 TEXT", "sample_2_text"),
        ("___$$Base64Encode", "base64_encode"),
        ("FOO:BAR$BAZ", "foo_bar_baz"),
        ("$something%", "something"),
        ("•¶§ƒ˚foo˙∆˚¬", "foo"),
        ("_private", "private"),
        ("trailing_", "trailing"),
        ("abc1Def", "abc_1def"),
        ("1Def", "1def"),
        ("a\x00b", "a_b"),
        ('"; DROP TABLE x; --', "drop_table_x"),
        ("名前", ""),
        ("", ""),
    ],
)
def test_names_are_in_snake_case(text: str, name: str) -> None:
    assert snake_case(text) == name


def test_what_has_no_ascii_has_a_name_of_its_own() -> None:
    names = {named("名前"), named("住所"), named("")}

    assert len(names) == 3
    assert all(name.startswith("unnamed_") for name in names)
    assert named("名前") == named("名前")


def test_overlong_names_stay_apart() -> None:
    alike = "a" * 80

    assert cut("a" * NAME_LENGTH_MAX) == "a" * NAME_LENGTH_MAX
    assert len(cut(alike)) == NAME_LENGTH_MAX
    assert len({cut(alike), cut(alike + "b"), cut("a" * NAME_LENGTH_MAX)}) == 3


@pytest.mark.parametrize(
    ("source", "schema"),
    [
        ("web-app", "web_app"),
        ("pg-web", "_pg_web"),
        ("information-schema", "_information_schema"),
        ("system", "_system"),
        ("default", "default"),
    ],
)
def test_schemas_are_none_that_the_database_has_for_itself(source: str, schema: str) -> None:
    assert schema_name(source) == schema
