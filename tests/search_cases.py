"""The queries of `cases/search` and the events that they are asked of.

`documents.json` holds events by their columns; D1 to D4 are those of `reference.json`, whose
queries name fields of a plain document: there `ts` is `timestamp`, `event` the column and
everything else a property. What is a text field there is searched as free text here.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

CASES: Final = Path(__file__).parent / "cases" / "search"
NOW: Final = datetime(2026, 3, 11, 12, tzinfo=UTC)

Case = Mapping[str, Any]


def cases_of(name: str) -> list[Case]:
    """Return the cases of a file."""
    found: list[Case] = json.loads((CASES / f"{name}.json").read_text())
    return found


def documents() -> list[dict[str, Any]]:
    """Return the events, each with all that `StoredEvents.add` and the evaluation want."""
    found = []
    for each in cases_of("documents"):
        event = {**each, "at": each["timestamp"], "type": "track", "source": "default"}
        event["original"] = json.dumps({"properties": each["properties"]}, ensure_ascii=False)
        found.append(event)
    return found


def zone_of(case: Case) -> ZoneInfo:
    """Return the zone that a case is asked in."""
    return ZoneInfo(case.get("zone", "UTC"))


def name_of(case: Case) -> str:
    """Return what a case is called."""
    return f"{case.get('zone', '')}{case['query'][:60] or 'nothing'}"
