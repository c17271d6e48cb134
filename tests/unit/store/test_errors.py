import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from tailrace.errors import CorruptionError, TailraceError, TransientError
from tailrace.store.errors import RefusedLinesError, as_tailrace_error


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (117, RefusedLinesError),
        (27, RefusedLinesError),
        (40, CorruptionError),
        (241, TransientError),
        (243, TransientError),
        (252, TransientError),
        (4711, TransientError),
        (None, TransientError),
    ],
)
def test_the_number_says_what_the_catcher_does(code: int | None, kind: type[TailraceError]) -> None:
    error = as_tailrace_error(DatabaseError("no", code=code, name="NAME"), doing="insert 1")

    assert type(error) is kind
    assert str(error) == "insert 1: no"


def test_refused_lines_carry_the_name_of_the_error() -> None:
    error = as_tailrace_error(DatabaseError("no", code=117, name="INCORRECT_DATA"), doing="insert")

    assert isinstance(error, RefusedLinesError)
    assert error.name == "INCORRECT_DATA"
