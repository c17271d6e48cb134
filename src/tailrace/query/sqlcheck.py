"""Which SQL may run: one SELECT on the documented views, with functions that only compute.

The engine's read-only mode refuses writes and most sources outside, but in the embedded engine it
lets through the function `file()`, INTO OUTFILE, Python objects, system tables and several
statements at once (each tried in `tests/integration/test_query_sql_safety.py`), and there are no
users or grants to take these away. So the engine's own parser turns the text into a syntax tree,
this module lets only what it knows through, and the statement that runs is written from that tree,
not from the text.
"""

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from tailrace.errors import QueryError

VIEW = "events"
VIEWS = (VIEW, "users", "sessions", "groups")
"""What people read from; each but `events` also with a time, as `users_between(since=, until=)`."""
BETWEEN = "_between"
ONE_SELECT = "only one SELECT may run here"
ONE_SELECT_HINT = f"write SELECT ... FROM {VIEW}, or WITH ... SELECT ..."
Node = Mapping[str, Any]

# Kinds of nodes of the syntax tree, beside Function, Identifier and tables, that are harmless.
_NODES = frozenset(
    {
        "ArrayJoin",
        "Asterisk",
        "ColumnsExceptTransformer",
        "ColumnsListMatcher",
        "ColumnsRegexpMatcher",
        "ColumnsReplaceTransformer",
        "ColumnsReplaceTransformerReplacement",
        "ColumnsTransformerList",
        "ExpressionList",
        "Function",
        "Identifier",
        "InterpolateElement",
        "Literal",
        "OrderByElement",
        "QualifiedAsterisk",
        "QueryParameter",
        "SampleRatio",
        "SelectIntersectExceptQuery",
        "SelectQuery",
        "SelectWithUnionQuery",
        "StorageOrderByElement",
        "Subquery",
        "TableExpression",
        "TableIdentifier",
        "TableJoin",
        "TablesInSelectQuery",
        "TablesInSelectQueryElement",
        "WindowDefinition",
        "WindowListElement",
        "WithElement",
    }
)
_REFUSED_KEYS = {
    "settings": "SETTINGS",
    "settings_ast": "SETTINGS",
    "out_file": "INTO OUTFILE",
    "format_ast": "FORMAT",
    "compression": "COMPRESSION",
}
_TABLE_FUNCTIONS = frozenset({"generate_series", "generateseries", "numbers", "values", "zeros"})
# Categories of `system.functions` whose members only compute.
CATEGORIES = (
    *("Aggregate Functions", "Arithmetic", "Arrays", "Bit", "Bitmap", "Comparison"),
    *("Conditional", "Dates and Times", "Distance", "Encoding", "Financial", "Geo"),
    *("Geo Polygon", "Hash", "IP Address", "JSON", "Logical", "Map", "Mathematical", "Null"),
    *("Random Number", "Rounding", "String", "String Replacement", "String Search"),
    *("String Splitting", "Time Window", "Tuple", "Type Conversion", "URL", "UUID"),
)
# Members of other categories, and names that the parser itself writes.
_MORE_FUNCTIONS = frozenset(
    {
        *("bar", "bytesize", "casewithexpression", "countdigits", "countdistinct", "exists"),
        *("formatreadabledecimalsize", "formatreadablequantity", "formatreadablesize"),
        *("formatreadabletimedelta", "grouping", "identity", "lambda", "materialize"),
        *("neighbor", "parsereadablesize", "parsetimedelta", "runningaccumulate"),
        *("runningdifference", "rownumberinallblocks", "totypename", "transform"),
        *("variantelement", "varianttype", "version", "widthbucket"),
    }
)
_NOT_THESE = frozenset(
    {"aggthrow", "chdb", "flamegraph", "servertimezone", "estimatecompressionratio"}
)
_IN = re.compile(r"(?i)^(global)?(not)?(null)?in(ignoreset)?$")
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


class NotSelectError(QueryError):
    """The statement is none that reads."""

    def __init__(self) -> None:
        super().__init__(ONE_SELECT, hint=ONE_SELECT_HINT)


class UnknownTableError(QueryError):
    """There is no table of that name for people."""


class Rules:
    """What is let through: `functions` in lower case, `suffixes` of aggregate functions.

    `tables` are the names that really exist in the database, `views` those that people may read.
    """

    def __init__(
        self,
        *,
        functions: Set[str],
        suffixes: Set[str],
        tables: Set[str],
        views: Set[str] = frozenset(VIEWS),
    ) -> None:
        self._functions = (functions | _MORE_FUNCTIONS) - _NOT_THESE
        self._suffixes = tuple(suffix.lower() for suffix in suffixes)
        self._tables = tables
        self._views = views

    def with_views(self, more: Set[str]) -> "Rules":
        """Return the same rules for somebody who may read more views."""
        return Rules(
            functions=self._functions,
            suffixes=frozenset(self._suffixes),
            tables=self._tables,
            views=self._views | more,
        )

    def check(self, tree: Node) -> dict[str, str]:
        """Return the parameters that the statement names, with their types.

        Raises:
            QueryError: says what may not be used.
        """
        if tree.get("type") != "SelectWithUnionQuery":
            raise NotSelectError
        nodes = list(nodes_of(tree))
        named = self._with_names(nodes)
        parameters: dict[str, str] = {}
        sources = {id(node.get("table_function")) for node in nodes}
        for node in nodes:
            self._check_node(node, named, is_source=id(node) in sources)
            if node["type"] == "QueryParameter":
                parameters[str(node.get("name"))] = str(node.get("param_type"))
        return parameters

    def _check_node(self, node: Node, named: Set[str], *, is_source: bool) -> None:
        kind = str(node["type"])
        if kind == "ColumnsApplyTransformer":
            raise QueryError("APPLY is not supported here", hint="name the columns instead")
        for key, clause in _REFUSED_KEYS.items():
            if node.get(key) is not None:
                raise QueryError(f"{clause} may not be used here", hint="leave it out")
        if kind not in _NODES:
            raise QueryError(f"the statement uses what is not supported here: {kind}")
        if is_source:
            self._check_table_function(node)
        elif kind == "Function":
            self._check_function(node, named)
        elif kind == "TableIdentifier":
            self._check_table(node, named)
        elif kind == "QueryParameter" and str(node.get("param_type")).strip() == "Identifier":
            raise QueryError("a parameter cannot be a name of a table or column")

    def _with_names(self, nodes: list[Node]) -> set[str]:
        """Return the names that WITH gives to subqueries."""
        names = {str(node.get("name")) for node in nodes if node["type"] == "WithElement"}
        for name in names:
            # A name means the same wherever it stands, so it must not hide a table somewhere.
            if name in self._tables or name in self._views or not _NAME.match(name):
                raise QueryError(
                    f"'{name}' cannot be a name in WITH",
                    hint="use letters, digits and _, and no name of a table",
                )
        return names

    def _check_function(self, node: Node, named: Set[str]) -> None:
        name = str(node.get("name"))
        if _IN.match(name):
            self._check_in(node, named)
        elif not self._is_known(name.lower()):
            raise QueryError(
                f"the function {name} may not be used here",
                hint="functions that compute are allowed; those that read files, settings, "
                "dictionaries or the system are not",
            )

    def _is_known(self, name: str) -> bool:
        if name in self._functions:
            return True
        for suffix in self._suffixes:
            if name.endswith(suffix) and len(name) > len(suffix):
                # Only aggregate functions take suffixes, and none of them does harm.
                return self._is_known(name[: -len(suffix)])
        return False

    def _check_in(self, node: Node, named: Set[str]) -> None:
        """Refuse a table on the right of IN; an array or tuple column is compared with has()."""
        arguments = (node.get("arguments") or {}).get("children") or []
        for argument in arguments[1:]:
            if argument.get("type") == "Identifier":
                name = str(argument.get("name"))
                if name not in named and name not in self._views:
                    raise QueryError(
                        f"'IN {name}' may not be used here",
                        hint=f"write IN (1, 2), IN (SELECT ...) or has({name}, value)",
                    )

    def _check_table_function(self, function: Node) -> None:
        name = str(function.get("name"))
        is_view = name.endswith(BETWEEN) and name.removesuffix(BETWEEN) in VIEWS[1:]
        if not is_view and name.lower() not in _TABLE_FUNCTIONS:
            raise QueryError(
                f"the table function {name} may not be used here",
                hint=f"read from the view {VIEW}",
            )

    def _check_table(self, node: Node, named: Set[str]) -> None:
        name = str(node.get("name"))
        is_known = name in self._views or name in named
        if len(node.get("name_parts") or ()) > 1 or not is_known:
            raise UnknownTableError(
                f"there is no table '{name}' here" if name else "a table needs its name here",
                hint=f"the views to read from are {', '.join(VIEWS)}",
            )


def names_people(tree: Node) -> bool:
    """Tell whether a checked statement reads a view that has to know who is who."""
    return any(
        node["type"] in ("TableIdentifier", "Function")
        and str(node.get("name")).removesuffix(BETWEEN) in VIEWS[1:]
        for node in nodes_of(tree)
    )


def nodes_of(tree: Any) -> Iterator[Node]:
    """Return every node of the tree."""
    stack = [tree]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, dict):
            # A literal's value has no type of node; one that looks like it is checked, not trusted.
            if isinstance(value.get("type"), str):
                yield value
            stack.extend(value.values())
