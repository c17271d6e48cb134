"""The languages of filters, triggers and mappings: their words, and whether a text is one."""

import json
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from msgspec import Meta

from tailrace.app.asking import needs
from tailrace.app.parts import Given
from tailrace.app.routes.errors import READING
from tailrace.app.routes.examples import body
from tailrace.filters import FilterError, compile_filter, compile_search, compile_trigger
from tailrace.filters.functions import FUNCTIONS
from tailrace.filters.tree import KEYWORDS
from tailrace.filters.triggers import FIELDS, TEXT_TESTS
from tailrace.mappings.reading import TEXT_LENGTH_MAX, troubles_of
from tailrace.mappings.words import DIRECTIVES
from tailrace.query.fields import COLUMNS, OBJECTS

Language = Literal["filter", "lucene", "trigger", "mapping"]

_COMPILE = {"filter": compile_filter, "lucene": compile_search, "trigger": compile_trigger}
_OPERATORS = ["=", "!=", "<", "<=", ">", ">="]
_EVENT_FIELDS = [
    "type",
    "event",
    "name",
    "userId",
    "anonymousId",
    "messageId",
    "groupId",
    "previousId",
    "timestamp",
    "properties.",
    "traits.",
    "context.",
]


class LanguageWord(msgspec.Struct, frozen=True, kw_only=True):
    """A function or a directive: how it is written, and what it gives."""

    name: str
    form: str
    about: str


class LanguageWords(msgspec.Struct, frozen=True, kw_only=True):
    """What a language is made of; a field that ends with a dot has others below it."""

    language: Language
    keywords: list[str]
    operators: list[str]
    functions: list[LanguageWord]
    fields: list[str]


class LanguageText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text, and the language that it should be in."""

    language: Language
    text: Annotated[str, Meta(max_length=TEXT_LENGTH_MAX)]


class LanguageProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a text, or easily misread in it."""

    severity: Literal["error", "warning"]
    message: str
    hint: str
    position: int | None
    path: str


class CheckedText(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a text is in its language.

    `types` are the types of event that a filter or trigger can match; null for any.
    """

    is_valid: bool
    problems: list[LanguageProblem]
    types: list[str] | None


@get("/languages", tags=["destinations"], responses=READING, opt=needs("destinations:read"))
async def list_languages() -> list[LanguageWords]:
    """Return what filters, triggers and mappings are made of, for editors."""
    functions = [
        LanguageWord(name=name, form=each.form, about=each.about)
        for name, each in FUNCTIONS.items()
    ]
    return [
        LanguageWords(
            language="filter",
            keywords=sorted(KEYWORDS),
            operators=[*_OPERATORS, "in", "!"],
            functions=functions,
            fields=_EVENT_FIELDS,
        ),
        LanguageWords(
            language="lucene",
            keywords=["AND", "OR", "NOT", "TO", "_exists_"],
            operators=[":", ":>", ":>=", ":<", ":<=", "+", "-", "!", "*", "?", "~"],
            functions=[],
            fields=[*COLUMNS, *(f"{name}." for name in OBJECTS)],
        ),
        LanguageWords(
            language="trigger",
            keywords=sorted(KEYWORDS - {"in"}),
            operators=_OPERATORS,
            functions=[each for each in functions if each.name in TEXT_TESTS],
            fields=list(FIELDS),
        ),
        LanguageWords(
            language="mapping",
            keywords=[],
            operators=[],
            functions=[
                LanguageWord(name=each.name, form=json.dumps(each.form), about=each.about)
                for each in DIRECTIVES
            ],
            fields=_EVENT_FIELDS,
        ),
    ]


@post(
    "/languages/check",
    status_code=200,
    tags=["destinations"],
    responses=READING,
    opt=needs("destinations:read"),
)
async def check_text(
    data: Annotated[LanguageText, body(language="trigger", text='type = "track"')],
    parts: Given,
) -> CheckedText:
    """Return what is wrong with a text, each with its place; it need not be right."""
    return await parts.reading.run(_checked, data.language, data.text)


def _checked(language: Language, text: str) -> CheckedText:
    if language == "mapping":
        problems = [
            _problem(each.message, position=each.position, path=each.path)
            for each in troubles_of(text)
        ]
        return CheckedText(is_valid=not problems, problems=problems, types=None)
    try:
        found = _COMPILE[language](text)
    except FilterError as error:
        problem = _problem(str(error), position=error.position, hint=error.hint)
        return CheckedText(is_valid=False, problems=[problem], types=None)
    warnings = [
        _problem(each.message, position=each.position, severity="warning")
        for each in found.warnings
    ]
    types = None if found.types is None else sorted(found.types)
    return CheckedText(is_valid=True, problems=warnings, types=types)


def _problem(
    message: str,
    *,
    position: int | None,
    hint: str = "",
    path: str = "",
    severity: Literal["error", "warning"] = "error",
) -> LanguageProblem:
    return LanguageProblem(
        severity=severity, message=message, hint=hint, position=position, path=path
    )
