"""Drives a Python SDK: reads a job from standard input, makes its calls, prints a report.

Usage: python_sdk.py MODULE < job.json, where MODULE is the SDK's module that has `Client`. The job
is `{"host", "write_key", "calls", "options"}`; the report `{"version", "errors", "queued"}`. A line
`queued` is printed as soon as every call was made, before the SDK has delivered anything for sure.
"""

import importlib
import json
import sys
from datetime import datetime


def with_dates(value):
    """Return the value with `{"$date": text}` as the language's own dates."""
    if isinstance(value, dict):
        if set(value) == {"$date"}:
            return datetime.fromisoformat(value["$date"])
        return {key: with_dates(each) for key, each in value.items()}
    if isinstance(value, list):
        return [with_dates(each) for each in value]
    return value


def main():
    """Make all calls and wait until the SDK has delivered or given up."""
    module = importlib.import_module(sys.argv[1])
    version = importlib.import_module(sys.argv[1] + ".version").VERSION
    job = json.load(sys.stdin)
    errors = []
    client = module.Client(
        job["write_key"],
        host=job["host"],
        on_error=lambda error, batch: errors.append(f"{len(batch)} events: {error!r}"),
        **job["options"],
    )
    queued = 0
    for call in job["calls"]:
        arguments = with_dates(call)
        if "timestamp" in arguments:
            arguments["timestamp"] = datetime.fromisoformat(arguments["timestamp"])
        is_queued, _ = getattr(client, arguments.pop("method"))(**arguments)
        queued += is_queued
    print("queued", flush=True)
    client.shutdown()
    print(json.dumps({"version": version, "errors": errors, "queued": queued}))


main()
