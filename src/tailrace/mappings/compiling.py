"""A mapping to a function of an event, or everything that is wrong with it."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from tailrace.jsontext import json_text
from tailrace.mappings import directives as make
from tailrace.mappings.directives import Resolve
from tailrace.mappings.faults import MappingError
from tailrace.mappings.running import MISSING, Run

MAPPING_LENGTH_MAX: Final = 64 * 1024
DEPTH_MAX: Final = 20
PROBLEMS_MAX: Final = 50
PATTERN_LENGTH_MAX: Final = 10
_LENGTH_OF_A_STEP: Final = 4
_SHOWN_MAX: Final = 100

METADATA: Final = "_metadata"
ROOT_DIRECTIVE: Final = "__segment_internal_directive"
SYNC_MODE: Final = "__segment_internal_sync_mode"
MATCHING_KEY: Final = "__segment_internal_matching_key"


class Known(NamedTuple):
    """A value that no event changes."""

    value: Any


Part = Resolve | Known
_NOTHING: Final = Known(MISSING)


class Reserved(NamedTuple):
    """What a mapping says beside its payload."""

    sync_mode: Any = None
    matching_key: Any = None


def compiled(mapping: Any) -> tuple[Resolve, Reserved]:
    """Return the function of a mapping, and what it says beside.

    Raises:
        MappingError: with everything that is wrong with it.
    """
    _check_size(mapping)
    compiler = _Compiler()
    reserved = Reserved()
    if isinstance(mapping, Mapping) and not compiler.is_directive(mapping):
        reserved = Reserved(mapping.get(SYNC_MODE), mapping.get(MATCHING_KEY))
        mapping = {
            key: value for key, value in mapping.items() if key not in {SYNC_MODE, MATCHING_KEY}
        }
        if ROOT_DIRECTIVE in mapping:
            mapping = compiler.root(mapping)
    part = compiler.part(mapping, "")
    if compiler.problems:
        raise MappingError(compiler.problems)
    return resolved(part), reserved


def resolved(part: Part) -> Resolve:
    """Return the function that gives a part."""
    if not isinstance(part, Known):
        return part
    known = part.value
    return lambda _root, _run: known


def _check_size(mapping: Any) -> None:
    level = [mapping]
    for _ in range(DEPTH_MAX + 1):
        below: list[Any] = []
        for each in level:
            if isinstance(each, Mapping):
                below.extend(each.values())
            elif isinstance(each, list):
                below.extend(each)
        if not below:
            break
        level = below
    else:
        raise MappingError({"": f"the mapping is nested more than {DEPTH_MAX} levels deep"})
    length = len(json_text(mapping).encode(errors="surrogatepass"))
    if length > MAPPING_LENGTH_MAX:
        raise MappingError(
            {"": f"the mapping is {length} bytes of JSON; the limit is {MAPPING_LENGTH_MAX}"}
        )


Options = Mapping[str, Any]


@dataclass
class _Compiler:
    problems: dict[str, str] = field(default_factory=dict)
    parts: int = 0

    def problem(self, where: str, what: str) -> Part:
        """Note what is wrong, and give something to go on with."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.setdefault(where, what)
        return _NOTHING

    def is_directive(self, value: Any) -> bool:
        return isinstance(value, Mapping) and any(key.startswith("@") for key in value)

    def part(self, value: Any, where: str) -> Part:
        self.parts += 1
        if self.is_directive(value):
            return self._directive(value, where)
        if isinstance(value, Mapping):
            return _object({key: self.part(each, below(where, key)) for key, each in value.items()})
        if isinstance(value, list):
            return _list([self.part(each, f"{where}[{i}]") for i, each in enumerate(value)])
        return Known(value)

    def root(self, mapping: Mapping[str, Any]) -> Any:
        """Return the directive that wraps a whole mapping, with the rest of it inside."""
        wrapper = mapping[ROOT_DIRECTIVE]
        options = wrapper.get("@transform") if isinstance(wrapper, Mapping) else None
        if not isinstance(options, Mapping) or set(wrapper) - {"@transform", METADATA}:
            self.problem(ROOT_DIRECTIVE, "expected one @transform with apply")
            return {}
        rest = {key: value for key, value in mapping.items() if key != ROOT_DIRECTIVE}
        return {"@transform": {**options, "mapping": rest}}

    def _directive(self, value: Mapping[str, Any], where: str) -> Part:
        names = [key for key in value if key.startswith("@")]
        others = [key for key in value if not key.startswith("@") and key != METADATA]
        if len(names) > 1:
            return self.problem(
                where, f"has {' and '.join(map(_shortened, names[:5]))}; expected one directive"
            )
        if others:
            first, beside = _shortened(names[0]), _shortened(others[0])
            return self.problem(where, f"has {first} beside '{beside}'; a directive stands alone")
        (name,) = names
        read = _DIRECTIVES.get(name)
        if read is None:
            return self.problem(where, _unknown(name))
        return read(self, value[name], below(where, name))

    def options(
        self, given: Any, where: str, *, required: Sequence[str], optional: Sequence[str] = ()
    ) -> Options | None:
        """Return the options of a directive; None, and problems noted, if they are wrong."""
        known = [*required, *optional, METADATA]
        if not isinstance(given, Mapping) or self.is_directive(given):
            found = "a directive" if self.is_directive(given) else _type_of(given)
            self.problem(where, f"is {found}; expected an object with {', '.join(known[:2])}")
            return None
        for key in given:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"; did you mean '{near[0]}'?" if near else ""
                self.problem(below(where, key), f"is no option here{hint}")
        missing = [key for key in required if key not in given]
        for key in missing:
            self.problem(below(where, key), "is missing")
        return None if missing else given

    def flag(self, options: Options, key: str, where: str, *, default: bool) -> bool:
        given = options.get(key)
        if given is None:
            return default
        if not isinstance(given, bool):
            self.problem(below(where, key), f"is {_type_of(given)}; expected true or false")
            return default
        return given

    def text(self, options: Options, key: str, where: str, *, shortest: int) -> str:
        given = options.get(key)
        if given is None and not shortest:
            return ""
        if not isinstance(given, str):
            self.problem(below(where, key), f"is {_type_of(given)}; expected a text")
            return ""
        if not shortest <= len(given) <= PATTERN_LENGTH_MAX:
            self.problem(
                below(where, key),
                f"has {len(given)} characters; expected {shortest} to {PATTERN_LENGTH_MAX}",
            )
        return given

    def text_or_directive(self, given: Any, where: str) -> str | Resolve:
        if isinstance(given, str):
            # A long path or template is many steps, which count for each item of an @arrayPath.
            self.parts += len(given) // _LENGTH_OF_A_STEP
            return given
        if self.is_directive(given):
            return resolved(self.part(given, where))
        self.problem(where, f"is {_type_of(given)}; expected a text or a directive")
        return ""


def _object(parts: dict[str, Part]) -> Part:
    parts = {key: part for key, part in parts.items() if part != _NOTHING}
    if all(isinstance(part, Known) for part in parts.values()):
        return Known({key: part.value for key, part in parts.items() if isinstance(part, Known)})
    resolves = [(key, resolved(part)) for key, part in parts.items()]

    def resolve(root: Any, run: Run) -> dict[str, Any]:
        made = {}
        for key, each in resolves:
            value = each(root, run)
            if value is not MISSING:
                made[key] = value
        return made

    return resolve


def _list(parts: list[Part]) -> Part:
    parts = [part for part in parts if part != _NOTHING]
    if all(isinstance(part, Known) for part in parts):
        return Known([part.value for part in parts if isinstance(part, Known)])
    resolves = [resolved(part) for part in parts]

    def resolve(root: Any, run: Run) -> list[Any]:
        made = [each(root, run) for each in resolves]
        return [value for value in made if value is not MISSING]

    return resolve


def _path(compiler: _Compiler, given: Any, where: str) -> Part:
    found = compiler.text_or_directive(given, where)
    return make.path(found) if isinstance(found, str) else make.path_of(found)


def _template(compiler: _Compiler, given: Any, where: str) -> Part:
    found = compiler.text_or_directive(given, where)
    return make.template(found) if isinstance(found, str) else make.template_of(found)


def _literal(compiler: _Compiler, given: Any, where: str) -> Part:
    return compiler.part(given, where)


def _if(compiler: _Compiler, given: Any, where: str) -> Part:
    options = compiler.options(
        given, where, required=(), optional=("exists", "blank", "then", "else")
    )
    if options is None:
        return _NOTHING
    asked = next((key for key in ("exists", "blank") if key in options), None)
    if asked is None or all(_is_falsy(options.get(key)) for key in ("exists", "blank")):
        return compiler.problem(where, "has neither exists nor blank to ask about")
    parts = {
        key: compiler.part(value, below(where, key))
        for key, value in options.items()
        if key != METADATA
    }
    # Segment ignores an else of 0, "", false or null.
    otherwise = _NOTHING if _is_falsy(options.get("else")) else parts["else"]
    return make.choose(
        resolved(parts[asked]),
        resolved(parts.get("then", _NOTHING)),
        resolved(otherwise),
        asks="exists" if asked == "exists" else "blank",
    )


_CASES: Final[dict[str, Callable[[str], str]]] = {"lower": str.lower, "upper": str.upper}


def _case(compiler: _Compiler, given: Any, where: str) -> Part:
    options = compiler.options(given, where, required=("operator",), optional=("value",))
    if options is None:
        return _NOTHING
    change = _CASES.get(options["operator"]) if isinstance(options["operator"], str) else None
    value = compiler.part(options.get("value"), below(where, "value"))
    if change is None:
        return compiler.problem(below(where, "operator"), "expected lower or upper")
    # Segment reads a value of 0, "", false or null as none.
    return _NOTHING if _is_falsy(options.get("value")) else make.case(change, resolved(value))


def _replace(compiler: _Compiler, given: Any, where: str) -> Part:
    options = compiler.options(
        given,
        where,
        required=("pattern", "value"),
        optional=("replacement", "ignorecase", "global", "pattern2", "replacement2"),
    )
    if options is None:
        return _NOTHING
    pairs = [
        (
            compiler.text(options, "pattern", where, shortest=1),
            compiler.text(options, "replacement", where, shortest=0),
        )
    ]
    if options.get("pattern2") is not None:
        pairs.append(
            (
                compiler.text(options, "pattern2", where, shortest=1),
                compiler.text(options, "replacement2", where, shortest=0),
            )
        )
    value = compiler.part(options["value"], below(where, "value"))
    replaced = make.replace(
        resolved(value),
        pairs,
        ignores_case=compiler.flag(options, "ignorecase", where, default=False),
        is_global=compiler.flag(options, "global", where, default=True),
    )
    return _NOTHING if _is_falsy(options["value"]) else replaced


def _array_path(compiler: _Compiler, given: Any, where: str) -> Part:
    if not isinstance(given, list) or not 1 <= len(given) <= 2:
        return compiler.problem(where, "expected a list of a path and, if wanted, a shape")
    found = compiler.text_or_directive(given[0], f"{where}[0]")
    source = make.path(found) if isinstance(found, str) else found
    shape_given = given[1] if len(given) == 2 else None
    if shape_given is None or shape_given == {}:
        return source
    if not isinstance(shape_given, Mapping):
        return compiler.problem(
            f"{where}[1]", f"is {_type_of(shape_given)}; expected an object or a directive"
        )
    before = compiler.parts
    shape = resolved(compiler.part(shape_given, f"{where}[1]"))
    return make.array_path(source, shape, shape_size=compiler.parts - before)


def _merge(compiler: _Compiler, given: Any, where: str) -> Part:
    options = compiler.options(given, where, required=("objects", "direction"))
    if options is None:
        return _NOTHING
    direction, objects = options["direction"], options["objects"]
    if direction not in ("left", "right"):
        compiler.problem(below(where, "direction"), "expected right (later wins) or left")
    at = below(where, "objects")
    if not isinstance(objects, list):
        return compiler.problem(at, f"is {_type_of(objects)}; expected a list")
    parts = [resolved(compiler.part(each, f"{at}[{i}]")) for i, each in enumerate(objects)]
    return make.merge(parts if direction == "right" else parts[::-1])


def _transform(compiler: _Compiler, given: Any, where: str) -> Part:
    options = compiler.options(given, where, required=("apply", "mapping"))
    if options is None:
        return _NOTHING
    if not isinstance(options["apply"], Mapping):
        compiler.problem(
            below(where, "apply"), f"is {_type_of(options['apply'])}; expected an object"
        )
    apply = compiler.part(options["apply"], below(where, "apply"))
    mapping = compiler.part(options["mapping"], below(where, "mapping"))
    return make.transform(resolved(apply), resolved(mapping))


def _flatten(compiler: _Compiler, given: Any, where: str) -> Part:
    options = compiler.options(
        given, where, required=("value", "separator"), optional=("omitArrays",)
    )
    if options is None:
        return _NOTHING
    separator = compiler.text_or_directive(options["separator"], below(where, "separator"))
    if separator == "":
        compiler.problem(below(where, "separator"), "expected a text that is not empty")
    return make.flatten(
        resolved(compiler.part(options["value"], below(where, "value"))),
        resolved(Known(separator) if isinstance(separator, str) else separator),
        omits_arrays=compiler.flag(options, "omitArrays", where, default=False),
    )


def _json(compiler: _Compiler, given: Any, where: str) -> Part:
    options = compiler.options(given, where, required=("mode", "value"))
    if options is None:
        return _NOTHING
    value = resolved(compiler.part(options["value"], below(where, "value")))
    if options["mode"] == "encode":
        return make.encode_json(value)
    if options["mode"] == "decode":
        return make.decode_json(value)
    return compiler.problem(below(where, "mode"), "expected encode or decode")


def _exclude_when_null(compiler: _Compiler, given: Any, where: str) -> Part:
    return make.exclude_when_null(resolved(compiler.part(given, where)))


def _liquid(compiler: _Compiler, given: Any, where: str) -> Part:
    # The library takes 150 ms to import, and few mappings have templates.
    from tailrace.mappings.liquid_templates import TemplateError, template_of

    if not isinstance(given, str):
        return compiler.problem(where, f"is {_type_of(given)}; expected a text")
    compiler.parts += len(given) // _LENGTH_OF_A_STEP
    try:
        return template_of(given)
    except TemplateError as error:
        return compiler.problem(where, str(error))


_DIRECTIVES: Final[dict[str, Callable[[_Compiler, Any, str], Part]]] = {
    "@path": _path,
    "@template": _template,
    "@literal": _literal,
    "@if": _if,
    "@case": _case,
    "@replace": _replace,
    "@arrayPath": _array_path,
    "@merge": _merge,
    "@transform": _transform,
    "@flatten": _flatten,
    "@json": _json,
    "@excludeWhenNull": _exclude_when_null,
    "@liquid": _liquid,
}


def below(where: str, key: str) -> str:
    """Return the path of a key of the object at a path, as problems name it."""
    shown = _shortened(key)
    return f"{where}.{shown}" if where else shown


def _shortened(name: str) -> str:
    return name if len(name) <= _SHOWN_MAX else name[:_SHOWN_MAX] + "…"


def _is_falsy(value: Any) -> bool:
    """Tell whether JavaScript takes a literal for false; unlike here, {} and [] are true."""
    return value is None or (isinstance(value, str | int | float) and not value)


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, _DIRECTIVES, n=1)
    hint = f"did you mean {near[0]}?" if near else "there are " + ", ".join(_DIRECTIVES)
    return f"{_shortened(name)} is no directive; {hint}"


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, int | float):
        return "a number"
    return "an object" if isinstance(value, Mapping) else "a list"
