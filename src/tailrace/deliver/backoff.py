"""How long to wait before the next attempt."""

import random
from typing import Final

FIRST_S: Final = 0.5
MOST_S: Final = 60.0
_DOUBLINGS_MAX: Final = 20


def backoff_s(attempts: int) -> float:
    """Return a wait after so many attempts: random up to a bound that doubles (full jitter).

    Never quite nothing, so that a tool which answers at once is not asked without a pause.
    """
    bound = min(MOST_S, FIRST_S * 2 ** min(attempts, _DOUBLINGS_MAX))
    return random.uniform(FIRST_S / 10, bound)  # noqa: S311 - to spread, not to hide
