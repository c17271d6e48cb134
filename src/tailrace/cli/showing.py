"""Answers in the terminal: as tables, with bars and lines of blocks, or as CSV."""

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

BARS: Final = " ▁▂▃▄▅▆▇█"
_BAR_WIDTH: Final = 30

Rows = list[list[Any]]


def print_csv(names: Sequence[str], rows: Rows) -> None:
    """Print comma-separated values."""
    writer = csv.writer(sys.stdout)
    writer.writerow(names)
    writer.writerows(rows)


def spark(numbers: Sequence[float | None]) -> str:
    """Return a line of blocks, the highest for the most."""
    known = [max(0.0, number or 0.0) for number in numbers]
    most = max(known, default=0.0)
    if most <= 0:
        return ""
    return "".join(BARS[min(8, -int(-8 * number // most))] for number in known)


def show_table(console: Console, names: Sequence[str], rows: Rows) -> None:
    """Show rows below their names; numbers to the right."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for at, name in enumerate(names):
        is_number = all(isinstance(row[at], int | float | None) for row in rows)
        table.add_column(name, overflow="fold", justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(_shown(value) for value in row))
    console.print(table)


def show_notes(console: Console, answer: Mapping[str, Any]) -> None:
    """Show what was counted, and what there is to know about it."""
    if answer.get("definition"):
        console.print(str(answer["definition"]), style="dim")
    for note in answer.get("notes", []):
        console.print(str(note), style="yellow")


def rows_of_trend(answer: Mapping[str, Any]) -> tuple[list[str], Rows]:
    """Return a trend as a row for each interval."""
    lines = answer["lines"]
    names = ["time", *(_line_name(line) for line in lines)]
    rows = [
        [str(bucket["at"]), *(line["points"][at] for line in lines)]
        for at, bucket in enumerate(answer["buckets"])
    ]
    return names, rows


def show_trend(console: Console, answer: Mapping[str, Any]) -> None:
    """Show each line of a trend as blocks, with its total."""
    buckets = answer["buckets"]
    rows = [[_line_name(line), spark(line["points"]), line["total"]] for line in answer["lines"]]
    show_table(console, ["", f"by {answer['interval']}", "total"], rows)
    if buckets:
        console.print(f"from {str(buckets[0]['at'])[:16]} to {str(buckets[-1]['at'])[:16]}")
    show_notes(console, answer)


def rows_of_funnel(answer: Mapping[str, Any]) -> tuple[list[str], Rows]:
    """Return a funnel as a row for each step."""
    names = ["step", "people", "of_first", "of_previous", "dropped"]
    rows = [[step["label"], *(step[name] for name in names[1:])] for step in answer["steps"]]
    return names, rows


def show_funnel(console: Console, answer: Mapping[str, Any]) -> None:
    """Show the steps of a funnel with bars."""
    first = max(1, answer["steps"][0]["people"])
    rows: Rows = [
        [
            step["label"],
            "█" * (_BAR_WIDTH * step["people"] // first),
            step["people"],
            _percent(step["of_first"]),
            _percent(step["of_previous"]),
        ]
        for step in answer["steps"]
    ]
    show_table(console, ["step", "", "people", "of first", "of previous"], rows)
    show_notes(console, answer)


def rows_of_retention(answer: Mapping[str, Any]) -> tuple[list[str], Rows]:
    """Return a table of retention as a row for each cohort; nothing where it is too early."""
    names = ["cohort", "size", *(_column_name(column) for column in answer["columns"])]
    rows = [
        [str(cohort["at"]), cohort["size"], *(cell["people"] for cell in cohort["cells"])]
        for cohort in answer["cohorts"]
    ]
    return names, rows


def show_retention(console: Console, answer: Mapping[str, Any]) -> None:
    """Show the shares of each cohort that came back, and their mean."""
    names = ["cohort", "size", *(_column_name(column) for column in answer["columns"])]
    rows: Rows = [
        [
            str(cohort["at"])[:16],
            cohort["size"],
            *(_percent(cell["share"]) for cell in cohort["cells"]),
        ]
        for cohort in answer["cohorts"]
        if cohort["size"]
    ]
    rows.append(["mean", answer["size"], *(_percent(mean["share"]) for mean in answer["means"])])
    show_table(console, names, rows)
    show_notes(console, answer)


def tables_of_aggregations(found: Mapping[str, Any]) -> Iterator[tuple[list[str], Rows]]:
    """Return answers of aggregations as tables: one of numbers, one for each nest of buckets."""
    numbers = {name: one for name, one in found.items() if "buckets" not in one}
    if numbers:
        cells = dict(_cells(numbers))
        yield list(cells), [list(cells.values())]
    for name, one in found.items():
        if "buckets" in one:
            rows = list(_bucket_rows(name, one, {}))
            names = list(dict.fromkeys(key for row in rows for key in row))
            yield names, [[row.get(key) for key in names] for row in rows]


def _bucket_rows(
    name: str, found: Mapping[str, Any], above: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    buckets = found["buckets"]
    listed = buckets.items() if isinstance(buckets, dict) else ((None, one) for one in buckets)
    for key, bucket in listed:
        inner = {
            part: one
            for part, one in bucket.items()
            if isinstance(one, dict) and part not in ("key", "from", "to")
        }
        shown = bucket.get("key_as_string", bucket.get("key", key))
        row = {**above, name: shown, "events": bucket.get("doc_count")}
        row |= dict(_cells({part: one for part, one in inner.items() if "buckets" not in one}))
        deeper = {part: one for part, one in inner.items() if "buckets" in one}
        if not deeper:
            yield row
        for part, one in deeper.items():
            yield from _bucket_rows(part, one, {k: v for k, v in row.items() if k != "events"})


def _cells(numbers: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Return the cells of metrics: their one value, or each of several by its name."""
    for name, one in numbers.items():
        if "value" in one:
            yield name, one["value"]
            continue
        inner = one["values"] if isinstance(one.get("values"), dict) else one
        for part, value in inner.items():
            if isinstance(value, int | float | str | None):
                yield f"{name}.{part}", value


def _line_name(line: Mapping[str, Any]) -> str:
    values = line.get("values")
    return f"{line['name']}: {', '.join(values)}" if values else str(line["name"])


def _column_name(column: Mapping[str, Any]) -> str:
    first, last = column["first"], column["last"]
    return f"{first}" if first == last else f"{first}+" if last is None else f"{first}-{last}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}%"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return str(value)
