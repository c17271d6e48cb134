"""Passwords: which are good enough, and the only form in which one is kept.

That form is Argon2id as text with its parameters and salt (PHC string format), so that stronger
parameters hold for a member from the next sign-in on. Making or checking one takes about a tenth of
a second and 64 MiB: do it in a thread, a few at a time, and outside of any transaction.

Source: RFC 9106, section 4, "Parameter Choice", the second recommended option.
"""

import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from tailrace.errors import ChangeError

CHARACTERS_MIN: Final = 10
CHARACTERS_MAX: Final = 200

_HASHER: Final = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)

# Neither 0, o, 1, l nor i: people read these to each other.
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS: Final = 4
_GROUP_LETTERS: Final = 5

_COMMONEST: Final = """
    0123456789 0987654321 1111111111 1112131415 1122334455 11223344556677 1231231231
    123123123123 1234512345 123456123456 12345654321 1234567890 12345678900 12345678910
    123456789123 1234567899 123456789a 123456789abc 123456789q 123456abcdef 123qwe123qwe
    1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc 1qazxsw23edc 2222222222 3141592653 5555555555
    6666666666 7777777777 8888888888 9876543210 9999999999 aaaaaaaaaa abababababab abc1234567
    abcd123456 abcdefghij abcdefghijkl administrator administrator1 asdfasdfasdf asdfghjkl1
    asdfghjkl123 asdfghjkl; basketball basketball1 bismillah123 changeme01 changeme123
    changemenow charlie123 chocolate1 christopher computer123 correcthorsebatterystaple
    defaultpassword elizabeth1 football123 helloworld helloworld1 iloveyou12 iloveyou123
    internet123 jennifer123 justinbieber letmein123 letmein1234 letmeinnow liverpool1
    liverpool123 manchester manchester1 michael123 michelle123 mynoob1234 p@ssw0rd123
    pa55word123 passw0rd123 password00 password01 password1! password10 password11 password12
    password12! password123 password123! password1234 password12345 password2024 password2025
    password2026 passwordpassword princess123 q1w2e3r4t5 q1w2e3r4t5y6 qazwsxedc1 qazwsxedcrfv
    qwer123456 qwert12345 qwerty1234 qwerty12345 qwerty123456 qwertyqwerty qwertyuiop
    qwertyuiop1 qwertyuiop123 qwertyuiopasdf secret1234 spiderman1 spongebob1 starwars123
    strawberry summer2024 summer2025 summer2026 sunshine12 sunshine123 superman123 tailrace12
    tailrace123 tailracetailrace test123456 testtest123 unbelievable unknown123 volleyball
    welcome123 welcome1234 welcome2024 welcome2025 welcome2026 whatever123 winter2025
    winter2026 yourpassword zaq12wsxcde3 zxcvbnm123 zxcvbnm1234 zxcvbnmasdf
"""
_COMMON: Final = frozenset(_COMMONEST.split())


def new_password() -> str:
    """Return a password that nobody guesses (99 bits) and people can type."""
    groups = (
        "".join(secrets.choice(_LETTERS) for _ in range(_GROUP_LETTERS)) for _ in range(_GROUPS)
    )
    return "-".join(groups)


def require_good_password(password: str, *, email: str, name: str, field: str) -> None:
    """Return when the password may become that of the member with this e-mail and name.

    Raises:
        ChangeError: it may not; says why, never what it was. `field` is what the caller calls it.
    """
    problem = weakness(password, email=email, name=name)
    if problem:
        raise ChangeError(f"{field} {problem}", reason="invalid", field=field)


def weakness(password: str, *, email: str, name: str) -> str:
    """Return what is wrong with a new password, as the rest of a sentence; "" where nothing is."""
    if not CHARACTERS_MIN <= len(password) <= CHARACTERS_MAX:
        return f"has {len(password)} characters; it must have {CHARACTERS_MIN} to {CHARACTERS_MAX}"
    plain = password.casefold().strip()
    own = {email.casefold(), email.casefold().partition("@")[0], name.casefold().strip()}
    if plain in own:
        return "is the e-mail address or the name; choose one that others do not know"
    if plain in _COMMON or len(set(plain)) < 3:
        return "is one of the commonest passwords; choose another"
    return ""


def hash_password(password: str) -> str:
    """Return what is kept of a password."""
    return _HASHER.hash(password)


def is_right(password: str, kept: str | None) -> bool:
    """Tell whether it is the password that was kept; takes equally long where None was."""
    try:
        _HASHER.verify(kept or _NOBODYS, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Tell whether a kept password was made with other parameters than those of today."""
    return _HASHER.check_needs_rehash(kept)


# No password gives these bytes, but finding that out costs as much as with any other.
_NOBODYS: Final = (
    f"$argon2id$v={RFC_9106_LOW_MEMORY.version}$m={RFC_9106_LOW_MEMORY.memory_cost},"
    f"t={RFC_9106_LOW_MEMORY.time_cost},p={RFC_9106_LOW_MEMORY.parallelism}${'A' * 22}${'A' * 43}"
)
