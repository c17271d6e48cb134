"""Runs the measurements and writes them to `bench/results/`."""

import argparse
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import collection, stored, sustained

SECTIONS = (
    "collection",
    "sustained",
    "peak",
    "deliveries",
    "beside",
    "arrivals",
    "questions",
    "insights",
    "stored",
)


def main() -> None:
    """Run the sections asked for, one after another."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=" ".join(SECTIONS))
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a collection run")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the collection runs")
    parser.add_argument("--workers", type=int, default=1, help="collector processes")
    parser.add_argument("--sustained-seconds", type=float, default=120.0)
    parser.add_argument("--events-per-s", type=float, default=25_000.0)
    parser.add_argument("--to", default="webhook,file", help="servers of arrivals, or all")
    parser.add_argument("--deliveries", type=int, default=1_000_000, help="events of arrivals")
    parser.add_argument("--events", type=int, default=10_000_000, help="rows of the questions")
    parser.add_argument("--days", type=int, default=45, help="over which the rows are spread")
    parser.add_argument("--keep", help="where the store of insights lies, to be used again")
    arguments = parser.parse_args()
    sections = arguments.sections or list(SECTIONS)
    unknown = set(sections) - set(SECTIONS)
    if unknown:
        parser.error(f"unknown section {', '.join(sorted(unknown))}; known: {', '.join(SECTIONS)}")
    results: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}",
    }
    for section in sections:
        print(f"== {section}", flush=True)
        results[section] = _measure(section, arguments)
        print(json.dumps(results[section], indent=2, default=str), flush=True)
    directory = Path(__file__).parent / "results"
    directory.mkdir(exist_ok=True)
    file = directory / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    file.write_text(json.dumps(results, indent=2, default=str) + "\n")
    print(f"Written to {file}")


def _measure(section: str, arguments: argparse.Namespace) -> Any:
    if section == "collection":
        return collection.measure(
            seconds=arguments.seconds, rounds=arguments.rounds, workers=arguments.workers
        )
    if section == "sustained":
        return sustained.measure(
            events_per_s=arguments.events_per_s, seconds=arguments.sustained_seconds
        )
    if section == "peak":
        return sustained.measure(events_per_s=None, seconds=30.0)
    if section == "arrivals":
        from bench import arrivals

        names = list(arrivals.PEERS) if arguments.to == "all" else arguments.to.split(",")
        return arrivals.measure(names, events=arguments.deliveries)
    if section == "deliveries":
        from bench import deliveries

        return deliveries.measure(events=400_000)
    if section == "beside":
        from bench import beside

        return beside.measure()
    if section == "insights":
        from bench import insights

        return insights.measure(events=arguments.events, days=arguments.days, keep=arguments.keep)
    if section == "questions":
        from bench import questions

        return questions.measure(events=arguments.events)
    return stored.measure()


if __name__ == "__main__":
    main()
