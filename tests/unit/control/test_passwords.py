"""Which passwords are taken, and what is kept of one."""

import re
import time

import pytest
from argon2 import PasswordHasher

from tailrace.control.passwords import (
    hash_password,
    is_outdated,
    is_right,
    new_password,
    require_good_password,
    weakness,
)
from tailrace.errors import ChangeError

GOOD = "tangled herring 7"


def test_what_is_kept_is_argon2id_with_a_salt_of_its_own() -> None:
    one, two = hash_password(GOOD), hash_password(GOOD)

    assert one != two
    assert re.match(r"\$argon2id\$v=19\$m=65536,t=3,p=4\$", one)
    assert is_right(GOOD, one)
    assert not is_right(GOOD + "x", one)
    assert not is_outdated(one)


@pytest.mark.parametrize("kept", [None, "", "plain text", "$argon2id$v=19$m=65536,t=3,p=4$x"])
def test_nothing_is_right_where_no_password_is_kept(kept: str | None) -> None:
    assert not is_right("", kept)
    assert not is_right(GOOD, kept)


def test_finding_out_that_there_is_no_password_takes_as_long() -> None:
    kept = hash_password(GOOD)

    def cpu_s(of: str | None) -> float:
        begun = time.process_time()
        is_right("wrong", of)
        return time.process_time() - begun

    # The least of some: whatever else runs on the machine only ever adds to it.
    wrong, nobodys = (min(cpu_s(of) for _ in range(3)) for of in (kept, None))
    assert nobodys == pytest.approx(wrong, rel=0.5)


def test_a_password_kept_with_other_parameters_is_right_and_outdated() -> None:
    kept = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)

    assert is_right(GOOD, kept)
    assert is_outdated(kept)


@pytest.mark.parametrize("password", [GOOD, "ü" * 9 + "ab", "a b c d e f", "x1" * 99 + "yz"])
def test_a_long_password_of_whatever_characters_is_taken(password: str) -> None:
    assert weakness(password, email="ada@example.com", name="Ada Lovelace") == ""
    assert is_right(password, hash_password(password))


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "5 characters"),
        ("x" * 9, "9 characters"),
        ("xy" * 101, "202 characters"),
        ("ada.lovelace@Example.com", "e-mail"),
        ("Ada.Lovelace", "e-mail"),
        ("Ada Lovelace", "name"),
        ("Password123", "commonest"),
        ("1234567890", "commonest"),
        ("ababababababab", "commonest"),
    ],
)
def test_a_bad_password_is_refused_without_being_repeated(password: str, why: str) -> None:
    with pytest.raises(ChangeError, match=why) as refused:
        require_good_password(
            password, email="ada.lovelace@example.com", name="Ada Lovelace", field="new_password"
        )

    assert password not in str(refused.value)
    assert (refused.value.reason, refused.value.field) == ("invalid", "new_password")


def test_made_passwords_are_good_and_all_different() -> None:
    made = {new_password() for _ in range(100)}

    assert len(made) == 100
    assert all(weakness(each, email="", name="") == "" for each in made)
