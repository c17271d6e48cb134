"""The directives for people who write mappings: how each is written, and what it gives."""

from typing import Any, Final, NamedTuple


class DirectiveWords(NamedTuple):
    """A directive, one way to write it, and what it gives."""

    name: str
    form: Any
    about: str


DIRECTIVES: Final = (
    DirectiveWords("@path", {"@path": "$.properties.total"}, "the value at a path"),
    DirectiveWords(
        "@template", {"@template": "{{userId}} paid {{properties.total}}"}, "a text, filled in"
    ),
    DirectiveWords("@literal", {"@literal": ""}, "the value as it is"),
    DirectiveWords(
        "@if",
        {
            "@if": {
                "exists": {"@path": "$.traits.email"},
                "then": {"@path": "$.traits.email"},
                "else": {"@path": "$.context.traits.email"},
            }
        },
        "one of two values, by whether a third exists, or is not blank",
    ),
    DirectiveWords(
        "@case",
        {"@case": {"operator": "lower", "value": {"@path": "$.traits.email"}}},
        "a text in lower or upper case",
    ),
    DirectiveWords(
        "@replace",
        {"@replace": {"value": {"@path": "$.event"}, "pattern": " ", "replacement": "_"}},
        "a text with one text in it replaced by another",
    ),
    DirectiveWords(
        "@arrayPath",
        {"@arrayPath": ["$.properties.products", {"sku": {"@path": "$.product_id"}}]},
        "a list, each item mapped by a shape",
    ),
    DirectiveWords(
        "@merge",
        {"@merge": {"objects": [{"@path": "$.traits"}, {"plan": "free"}], "direction": "left"}},
        "one object with the keys of several",
    ),
    DirectiveWords(
        "@transform",
        {
            "@transform": {
                "apply": {"total": {"@path": "$.properties.total"}},
                "mapping": {"sum": {"@path": "$.total"}},
            }
        },
        "what a mapping makes of the result of another",
    ),
    DirectiveWords(
        "@flatten",
        {"@flatten": {"value": {"@path": "$.properties"}, "separator": "."}},
        "an object of one level, whose keys are paths",
    ),
    DirectiveWords(
        "@json",
        {"@json": {"mode": "encode", "value": {"@path": "$.properties"}}},
        "a value as JSON text, or what JSON text says",
    ),
    DirectiveWords(
        "@excludeWhenNull",
        {"@excludeWhenNull": {"@path": "$.traits"}},
        "a value without the nulls in its objects",
    ),
    DirectiveWords(
        "@liquid", {"@liquid": "{{ properties.total | times: 2 }}"}, "what a Liquid template gives"
    ),
)
