"""What a workspace file may hold, and how it is told where it may not."""

import msgspec
import pytest

from tailrace.config import Secret
from tailrace.control.destination_shapes import DestinationDraft
from tailrace.control.people import MemberChange
from tailrace.control.settings import Settings, SettingsChange
from tailrace.control.shapes import SourceChange
from tailrace.control.workspace_file import WorkspaceFileError
from tailrace.control.workspace_file.checking import read_file
from tailrace.control.workspace_file.export import dump, workspace_text
from tailrace.control.workspace_file.reading import (
    NODES_MAX,
    TEXT_BYTES_MAX,
    read_tree,
)
from tailrace.control.workspace_file.references import references_in
from tailrace.control.workspace_file.shapes import FileDestination, FileMember, FileSource

SOURCE = "version: 1\nsources:\n  web:\n    "


def problem(text: str) -> str:
    """Return the only problem of a text."""
    try:
        [found] = read_file(text).problems
    except WorkspaceFileError as error:
        [found] = error.problems
    return f"{found.line}: {found.message}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: the file is null; expected keys with values"),
        ("- 1", "1: the file is a list; expected keys with values"),
        ("sources: {}", "1: the file lacks 'version'"),
        ("version: 2", "1: version is 2; expected 1"),
        ("version: 1\nversion: 1", "2: version is given twice, first in line 1"),
        ("version: 1\n---\nversion: 1", "2: a second document begins; expected one"),
        ("version: &a 1", "1: &a is an anchor, which this file cannot have"),
        ("version: *a", "1: *a is an alias; write the value out"),
        ("version: !!int 1", "1: tag:yaml.org,2002:int is a tag, which this file cannot have"),
        ("version: 1\n? [a]\n: 1", "2: a list or mapping stands where a key is expected"),
        ("version: [", "2: not valid YAML: did not find expected node content"),
        ("version: " + "[" * 40, "1: nested more than 32 deep"),
        ("version: 1\nsource: {}", "2: source is not known; did you mean 'sources'?"),
        ("version: 1\nsources: []", "2: sources is a list; expected keys with values"),
        ("version: 1\nsources:\n  web: x", "3: sources.web is 'x'; expected keys with values"),
        (SOURCE + "enabled: yes", "4: sources.web.enabled is 'yes'; expected true or false"),
        (
            SOURCE + "kind: fax",
            "4: sources.web.kind is 'fax'; expected one of json, mobile, server, web, webhook",
        ),
        (
            SOURCE + "write_keys: [{key: short}]",
            (
                "4: sources.web.write_keys[0].key is 'short'; "
                "expected 8 to 128 letters, digits, - or _"
            ),
        ),
        (
            SOURCE + "write_keys: [{key: long-enough, expires_at: 2026-11-21}]",
            (
                "4: sources.web.write_keys[0].expires_at is '2026-11-21'; "
                "expected a time with its zone, such as 2026-11-21T09:30:00Z or null"
            ),
        ),
        (
            SOURCE + "write_keys: [{key: long-enough, expires_at: '0001-01-01T00:00:00+10:00'}]",
            (
                "4: sources.web.write_keys[0].expires_at is '0001-01-01T00:00:00+10:00'; "
                "expected a time with its zone, such as 2026-11-21T09:30:00Z or null"
            ),
        ),
        (
            SOURCE + "webhook_secret: planted-secret",
            (
                "4: sources.web.webhook_secret is a secret, which the file does not hold; "
                "expected {env: NAME} or {file: PATH}"
            ),
        ),
        (
            SOURCE + "webhook_secret: {env: A, file: b}",
            (
                "4: sources.web.webhook_secret is a secret, which the file does not hold; "
                "expected {env: NAME} or {file: PATH}"
            ),
        ),
        (
            'version: 1\nsources:\n  "web\\n": {}',
            (
                "3: sources.web\\n is named 'web\\n'; "
                "expected up to 63 of a-z 0-9 _ -, beginning with a letter or digit"
            ),
        ),
        (
            'version: 1\nsources:\n  web:\n    json: {event: "a\\0b"}',
            "4: sources.web.json.event holds a character that cannot be stored",
        ),
        (
            "version: 1\nmembers:\n  ada@x.test: {}",
            "3: members.ada@x.test lacks 'role'",
        ),
    ],
)
def test_a_problem_names_line_and_path(text: str, told: str) -> None:
    assert problem(text).startswith(told)


def test_all_problems_of_a_file_come_together() -> None:
    read = read_file(
        "version: 1\nsettings: {nam: 1}\nsources:\n  A: {}\n  b: {ip: 1, x: 1}\n  c: {}"
    )

    assert [found.line for found in read.problems] == [2, 4, 5, 5]
    assert read.file.sources != {}


def test_a_file_is_bounded() -> None:
    with pytest.raises(WorkspaceFileError, match=f"at most {TEXT_BYTES_MAX} are read"):
        read_tree("#" * (TEXT_BYTES_MAX + 1))
    with pytest.raises(WorkspaceFileError, match=f"more than {NODES_MAX} values"):
        read_tree("- 1\n" * (NODES_MAX + 1))


def test_many_problems_are_told_in_part() -> None:
    read = read_file("version: 1\n" + "".join(f"x{number}: 1\n" for number in range(250)))

    error = WorkspaceFileError(read.problems, file_name="team.yaml")

    assert len(error.lines) == 101
    assert error.lines[-1] == "team.yaml: 150 more problems"


def test_references_are_those_that_stand_where_secrets_may() -> None:
    root, _ = read_tree("""
sources:
  web: {name: {env: NOT_THIS}, webhook_secret: {env: A}}
destinations:
  hook: {settings: {one: {file: b.txt}, two: {env: A, file: c}, three: {x: {env: NOT_THIS}}}}
""")

    assert references_in(root) == {("env", "A"), ("file", "b.txt")}


def test_text_that_looks_like_something_else_is_quoted() -> None:
    values = {"a": "1e5", "b": "0o17", "c": "no", "d": "null", "e": "2026-11-21", "f": "\u2028"}

    text = dump(values)

    assert text == "a: '1e5'\nb: '0o17'\nc: 'no'\nd: 'null'\ne: '2026-11-21'\nf: \"\\L\"\n"


def test_a_file_has_every_field_that_people_can_change() -> None:
    def fields(struct: type[msgspec.Struct]) -> set[str]:
        return {field.name for field in msgspec.structs.fields(struct)}

    assert fields(FileSource) == fields(SourceChange) | {"write_keys"}
    assert fields(FileDestination) == fields(DestinationDraft) - {"slug"}
    assert fields(FileMember) == fields(MemberChange)
    assert fields(Settings) == fields(SettingsChange)


def test_no_variable_is_proposed_for_two_secrets() -> None:
    sources = {slug: {"webhook_secret": Secret("planted")} for slug in ("a-b", "a_b")}

    text = workspace_text({"sources": sources}, of_file=[])

    assert "planted" not in text
    read = read_file(text).file.sources
    assert read is not msgspec.UNSET
    names = [source.webhook_secret and source.webhook_secret.env for source in read.values()]
    assert names == [
        "TAILRACE_SECRET_SOURCES_A_B_WEBHOOK_SECRET",
        "TAILRACE_SECRET_SOURCES_A_B_WEBHOOK_SECRET_2",
    ]
