"""Values and names in SQL: values become bound parameters, names quoted identifiers."""

from collections.abc import Sequence

Parameter = str | int | float | Sequence[str]


class Binder:
    """Collects the parameters of one statement."""

    def __init__(self) -> None:
        self.parameters: dict[str, Parameter] = {}

    def text(self, value: str) -> str:
        """Return the placeholder of a text."""
        return self._bind(value, "String")

    def texts(self, values: Sequence[str]) -> str:
        """Return the placeholder of an array of texts."""
        return self._bind(list(values), "Array(String)")

    def number(self, value: int | float) -> str:
        """Return the placeholder of a number, as an integer where it is one that fits."""
        if isinstance(value, int):
            if -(2**63) <= value < 2**63:
                return self._bind(value, "Int64")
            if 0 <= value < 2**64:
                return self._bind(value, "UInt64")
        return self._bind(float(value), "Float64")

    def instant(self, ms: int) -> str:
        """Return an instant that compares with a DateTime64(3) column."""
        return f"fromUnixTimestamp64Milli({self._bind(ms, 'Int64')}, 'UTC')"

    def _bind(self, value: Parameter, kind: str) -> str:
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"{{{name}:{kind}}}"


def quoted(name: str) -> str:
    """Return a name as an identifier, whatever characters it has.

    Raises:
        ValueError: it is empty or has a NUL, which no identifier may have.
    """
    if not name or "\x00" in name:
        raise ValueError(f"not a name: {name!r}")
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
