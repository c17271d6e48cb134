"""Any workspace that a file can describe comes back from an export as it was applied."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tailrace.config import Config, Source
from tailrace.control.changes import Changes
from tailrace.control.database import open_engine
from tailrace.control.destination_filters import FilterDraft, SubscriptionDraft
from tailrace.control.destinations import Destinations
from tailrace.control.keys import WriteKeys
from tailrace.control.members import Members
from tailrace.control.permissions import PERMISSIONS, Principal
from tailrace.control.prepare import prepare
from tailrace.control.settings import WorkspaceSettings
from tailrace.control.sources import Sources
from tailrace.control.vault import open_vault
from tailrace.control.workspace_file import Asked, WorkspaceFileError, WorkspaceFiles
from tailrace.control.workspace_file.checking import read_file
from tailrace.control.workspace_file.export import dump
from tailrace.control.workspace_file.reading import read_tree
from tailrace.control.workspace_file.shapes import SecretRef
from tailrace.destinations import load_catalog

OWNER = Principal(actor="owner", role="owner", permissions=PERMISSIONS)
SECRETS = {
    "env:ONE": "first planted secret",
    "file:two.txt": "second planted secret",
    "env:URL": "https://hooks.test/planted",
}

# What is read as something else where it stands bare.
AWKWARD = (
    *("yes", "No", "null", "~", "", "1e5", "0o17", "1_000", "0x1F", "12:30:00", "-", "=", "<<"),
    *(".inf", "2026-11-21", "1.", "+7", "- a", "a: b", "#x", "a #b", "'", '"', "{a}", "[", "*x"),
    *("&x", "!x", "|", ">", "%x", "@x", "`", " a", "a ", "\u2028", "\u0085", "\ufeff", "😀", "é"),
)
# A zero is refused, as no database takes it.
texts = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=30),
)
names = texts.filter(lambda text: not any(ord(one) < 32 or ord(one) == 127 for one in text))
references = st.sampled_from([{"env": "ONE"}, {"file": "two.txt"}])
instants = st.integers(0, 10**14).map(
    lambda us: datetime(2100, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


keys = optional(label=names, expires_at=st.none() | instants)
sources = optional(
    name=names,
    kind=st.sampled_from(["web", "mobile", "server", "webhook", "json"]),
    enabled=st.booleans(),
    ip=st.sampled_from(["keep", "truncate", "drop"]),
    requests_per_s_max=st.none() | st.floats(min_value=0.001, max_value=1e9) | st.integers(1, 99),
    webhook_secret=st.none() | references,
    json=optional(event=texts, user_id=texts, event_default=texts),
    write_keys=st.lists(keys, max_size=3),
)
headers = st.dictionaries(
    st.from_regex(r"X-[A-Za-z0-9]{1,10}", fullmatch=True).filter(
        lambda name: name.lower() not in ("x-signature", "x-api-key", "x-api-token")
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    max_size=3,
)
filters = st.fixed_dictionaries(
    {
        "if": st.sampled_from(["all", "event = 'yes'", "!(userId in ['1', \"2\"]) and name"]),
        "actions": st.lists(
            st.one_of(
                st.just({"type": "DROP"}),
                st.fixed_dictionaries(
                    {"type": st.just("SAMPLE"), "percent": st.floats(0, 1)},
                    optional={"path": st.sampled_from(["userId", "context.app"])},
                ),
                st.fixed_dictionaries(
                    {
                        "type": st.sampled_from(["DROP_PROPERTIES", "ALLOW_PROPERTIES"]),
                        "fields": st.dictionaries(
                            st.sampled_from(["", "context", "traits.a"]),
                            st.lists(texts, min_size=1, max_size=3),
                            min_size=1,
                        ),
                    }
                ),
            ),
            min_size=1,
            max_size=3,
        ),
    },
    optional={"title": names, "enabled": st.booleans()},
)
subscriptions = optional(
    name=names,
    enabled=st.booleans(),
    trigger=st.sampled_from(["all", 'type = "track"', "userId != null"]),
    mapping=optional(
        data=st.dictionaries(
            texts.filter(lambda text: not text.startswith("@")),
            # What begins with @ is a directive.
            st.builds(lambda value: {"@literal": value}, texts) | st.none() | st.floats(-9, 9),
            min_size=1,
            max_size=4,
        )
    ),
)
destinations = optional(
    name=names,
    filters=st.lists(filters, max_size=3),
    subscriptions=st.none() | st.lists(subscriptions, max_size=3),
    delivery=optional(
        events_per_s_max=st.none() | st.floats(min_value=0.1, max_value=1e9),
        requests_at_once_max=st.none() | st.integers(1, 64),
        retry_window_h=st.none() | st.floats(min_value=0.1, max_value=8_760),
        consent_categories=st.lists(
            names.filter(bool).filter(lambda name: len(name) <= 100), max_size=3
        ),
    ),
    enabled=st.booleans(),
    sources=st.none() | st.lists(st.integers(0, 3), max_size=3),
    settings=optional(
        method=st.sampled_from(["POST", "PUT"]),
        headers=headers,
        timeout_s=st.floats(min_value=0.1, max_value=60),
        shared_secret=references,
        auth_value=references,
    ),
)
places = st.one_of(
    st.just({"type": "slack", "url": {"env": "URL"}}),
    st.fixed_dictionaries(
        {"type": st.just("webhook"), "url": st.just({"env": "URL"})},
        optional={"secret": st.none() | references},
    ),
)
alerts = st.fixed_dictionaries(
    {
        "when": st.fixed_dictionaries(
            {"down_for_s": st.integers(1, 86_400)},
            optional={
                "suspended_for_s": st.none() | st.integers(1, 86_400),
                "dead_letters_more_than": st.none() | st.integers(0, 10_000),
                "dead_letters_within_s": st.integers(1, 86_400),
            },
        ),
        "notify": st.dictionaries(
            st.sampled_from(["ops", "pager", "a-1"]), places, min_size=1, max_size=3
        ),
    },
    optional={
        "name": names,
        "enabled": st.booleans(),
        "destinations": st.none() | st.lists(st.integers(0, 3), max_size=3),
        "repeat_every_h": st.none() | st.floats(min_value=0.1, max_value=8_760),
    },
)
queries = st.fixed_dictionaries(
    {
        "kind": st.just("lucene"),
        "body": st.dictionaries(texts, plain, max_size=3).flatmap(
            lambda rest: texts.map(lambda text: {**rest, "query": text})
        ),
    },
    optional={"name": names, "description": names},
)
members = st.fixed_dictionaries(
    {"role": st.sampled_from(["owner", "admin", "editor", "viewer", "source-only"])},
    optional={"name": names},
)


@st.composite
def workspaces(draw: st.DrawFn) -> dict[str, Any]:
    """Return a file's content, with numbers in the place of slugs."""
    return {
        "settings": draw(
            optional(
                name=names.filter(bool),
                session_hours_max=st.integers(1, 8_760),
                token_days_max=st.none() | st.integers(1, 3_650),
            )
        ),
        "sources": draw(st.lists(sources, min_size=1, max_size=4)),
        "alerts": draw(st.lists(alerts, max_size=2)),
        "destinations": draw(st.lists(destinations, max_size=4)),
        "queries": draw(st.lists(queries, max_size=2)),
        "members": draw(st.lists(members, max_size=4)),
    }


class Workspace:
    """A workspace that goes from one file to the next; slugs are new in each."""

    def __init__(self, directory: Path) -> None:
        first = Source(slug="default", name="My app", write_keys=("first-write-key",))
        config = Config(data_dir=directory, first_source=first)
        prepare(config)
        self._numbers = itertools.count()
        vault, catalog = open_vault(config), load_catalog()
        self.changes = Changes(open_engine(config))
        sources = Sources(config, self.changes, vault)
        self.files = WorkspaceFiles(
            config,
            self.changes,
            vault,
            catalog,
            sources=sources,
            write_keys=WriteKeys(self.changes, sources),
            destinations=Destinations(config, self.changes, vault, catalog),
            members=Members(self.changes, sources),
            settings=WorkspaceSettings(self.changes),
        )

    def text_of(self, content: dict[str, Any]) -> str:
        """Return a file with slugs and write keys that nothing has had."""
        run = next(self._numbers)
        slugs = [f"s{run}-{at}" for at in range(len(content["sources"]))]
        found_sources = {
            slug: {
                **source,
                "write_keys": [
                    {"key": f"key-{slug}-{at}", **key}
                    for at, key in enumerate(source.get("write_keys", []))
                ],
            }
            for slug, source in zip(slugs, content["sources"], strict=True)
        }
        found_destinations = {}
        for at, destination in enumerate(content["destinations"]):
            made = {**destination, "type": "webhook"}
            made["settings"] = {"url": "https://hook.test", **destination.get("settings", {})}
            if made.get("subscriptions") is not None:
                made["subscriptions"] = [
                    {"slug": f"s{number}", "action": "send", **each}
                    for number, each in enumerate(made["subscriptions"])
                ]
            if made.get("sources") is not None:
                made["sources"] = [slugs[each % len(slugs)] for each in made["sources"]]
            found_destinations[f"d{run}-{at}"] = made
        known = list(found_destinations)
        found_alerts = {}
        for at, alert in enumerate(content["alerts"]):
            made = dict(alert)
            if made.get("destinations") is not None:
                made["destinations"] = [
                    known[each % len(known)] for each in made["destinations"] if known
                ]
            found_alerts[f"a{run}-{at}"] = made
        found_members = {
            f"m{run}-{at}@x.test": {
                **member,
                **({"sources": slugs[:1]} if member["role"] == "source-only" else {}),
            }
            for at, member in enumerate(content["members"])
        }
        # Somebody must remain who may do everything.
        found_members["root@x.test"] = {"role": "owner"}
        return dump(
            {
                "version": 1,
                "settings": content["settings"],
                "sources": _timed(found_sources),
                "destinations": found_destinations,
                "delivery_alerts": found_alerts,
                "saved_queries": {
                    f"q{run}-{at}": query for at, query in enumerate(content["queries"])
                },
                "members": found_members,
            }
        )


def _timed(values: Any) -> Any:
    """Return values with times as text."""
    if isinstance(values, dict):
        return {key: _timed(item) for key, item in values.items()}
    if isinstance(values, list):
        return [_timed(item) for item in values]
    return values.isoformat() if isinstance(values, datetime) else values


def meaning(text: str) -> Any:
    """Return what a file says, whatever it calls its secrets and in whatever order."""
    read = read_file(text)
    assert read.problems == []
    return _normal(read.file)


def _normal(value: Any) -> Any:
    if isinstance(value, FilterDraft | SubscriptionDraft):
        return msgspec.to_builtins(value)
    if isinstance(value, SecretRef):
        return "a secret"
    if isinstance(value, msgspec.Struct):
        return {name: _normal(item) for name, item in msgspec.structs.asdict(value).items()}
    if hasattr(value, "plain"):
        settings = {
            name: "a secret" if name in ("shared_secret", "auth_value") else item
            for name, item in value.plain().items()
        }
        settings.setdefault("method", "POST")
        settings.setdefault("timeout_s", 10)
        settings["headers"] = settings.get("headers") or {}
        return settings
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [_normal(item) for item in value]
        is_named = bool(items) and isinstance(items[0], dict)
        if is_named:
            return sorted(items, key=lambda item: item["key"]) if "key" in items[0] else items
        return sorted(set(items))
    return value


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    made = Workspace(tmp_path_factory.mktemp("workspace") / "data")
    yield made
    made.changes.close()


@given(content=workspaces())
# Each example is several transactions: to make a failing one smaller would take minutes.
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
def test_a_workspace_is_exported_as_it_was_applied(
    workspace: Workspace, content: dict[str, Any]
) -> None:
    text = workspace.text_of(content)
    asked = Asked(text=text, secrets=SECRETS, prune=True)

    foreseen = workspace.files.diff(asked, by=OWNER)
    done = workspace.files.apply(asked, by=OWNER)

    assert foreseen == done
    exported = workspace.files.export()
    assert meaning(exported) == meaning(text)
    assert workspace.files.apply(asked, by=OWNER).changes == []
    # Its references have no values here, so that the secrets stay.
    again = workspace.files.diff(Asked(text=exported, prune=True), by=OWNER)
    assert (again.changes, again.not_in_file) == ([], [])
    assert workspace.files.export() == exported


@given(value=st.dictionaries(texts, plain, max_size=6))
@settings(max_examples=250)
def test_values_are_read_as_they_were_written(value: dict[str, Any]) -> None:
    text = dump(value)

    root, problems = read_tree(text)

    assert problems == []
    assert root.plain() == value


@given(text=st.text(max_size=200) | st.text(alphabet="{}[]:,-&*!|>'\"% \nab01#?", max_size=60))
@settings(max_examples=250)
def test_any_text_is_read_or_refused_with_a_line(text: str) -> None:
    try:
        problems = read_file(text).problems
    except WorkspaceFileError as error:
        problems = error.problems
        assert problems

    assert all(1 <= problem.line <= len(text.splitlines()) + 1 for problem in problems)
