"""The views on people, sessions and groups, which analysts read beside `events`."""

from typing import Final

from tailrace.store.persons import person_sql
from tailrace.store.sql import statement

VIEWS_OF_PEOPLE: Final = ("users", "sessions", "groups")
BETWEEN: Final = "_between"
_FROM: Final = "FROM events_data AS e\n"


def views_of_people() -> list[str]:
    """Return the statements that make the views.

    Each has a twin that reads no more than the events of a time: `users_between(since=, until=)`.
    """
    person = person_sql("e.actor")
    plain = [
        statement(f"create_{name}_view").replace("{person}", person) for name in VIEWS_OF_PEOPLE
    ]
    return [*plain, *(_between(text) for text in plain)]


def _between(view: str) -> str:
    name = view.split(" AS", 1)[0].rpartition(" ")[2]
    renamed = view.replace(f"VIEW {name} AS", f"VIEW {name}{BETWEEN} AS", 1)
    return renamed.replace(
        _FROM,
        "FROM (SELECT *, actor, context_fields FROM events_data "
        "WHERE timestamp >= {since:DateTime64(3, 'UTC')} "
        "AND timestamp < {until:DateTime64(3, 'UTC')}) AS e\n",
    )
