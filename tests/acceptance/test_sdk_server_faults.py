"""Unmodified server SDKs against a server that is away, overloaded, or forgets to answer.

No event may be lost, and none stored twice, although the SDKs send batches again that the server
has stored already.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from proxying import Fault, Recording, recording_proxy
from running import Tailrace, wait_until
from server_sdks import SERVER_SDKS, Call, Report, Run, Sdk, run_to_end

EVENTS = 30
# At most two in a row: each one counts as a failed attempt of the batch that it meets, and the
# pauses between attempts double.
FAULTS = [
    Fault.UNAVAILABLE,
    Fault.LOST_UNAVAILABLE,
    Fault.NONE,
    Fault.TOO_MANY,
    Fault.LOST_CUT,
    Fault.NONE,
    Fault.CUT,
    Fault.NONE,
    Fault.UNAVAILABLE_BARE,
]

Outage = tuple[Tailrace, dict[str, Report]]


def calls_of(sdk: Sdk, *, stage: str, events: int = EVENTS) -> list[Call]:
    """Return track calls whose ids tell the SDK and the stage."""
    return [
        {
            "method": "track",
            "user_id": f"u-{n % 3}",
            "event": "Faulty",
            "message_id": f"{stage}/{sdk.name}/{n}",
        }
        for n in range(events)
    ]


def check_stored_once(tailrace: Tailrace, calls: list[Call]) -> None:
    """Check that each call's event is there once, by the SQL view and by the search."""
    ids = [call["message_id"] for call in calls]
    prefix = ids[0].rpartition("/")[0] + "/"
    rows = tailrace.sql(
        "SELECT message_id, count() FROM events WHERE startsWith(message_id, {prefix:String}) "
        "GROUP BY message_id",
        prefix=prefix,
    )

    assert {row[0]: int(row[1]) for row in rows} == dict.fromkeys(ids, 1)
    found = Counter(e["message_id"] for e in tailrace.search('event:"Faulty"'))
    assert {message_id: found[message_id] for message_id in ids} == dict.fromkeys(ids, 1)


@pytest.mark.parametrize("sdk", SERVER_SDKS, ids=str)
def test_nothing_is_lost_or_doubled_when_answers_fail(running: Tailrace, sdk: Sdk) -> None:
    calls = calls_of(sdk, stage="fault")

    with recording_proxy(running.collect_url, faults=FAULTS) as recording:
        report = run_to_end(sdk, host=recording.url, write_key=running.write_key, calls=calls)
    running.wait_settled()

    assert report.errors == []
    assert_met_all_faults(recording)
    check_stored_once(running, calls)
    running.audit()


def assert_met_all_faults(recording: Recording) -> None:
    """Check that the test was one: every fault happened, and stored batches came again."""
    met = [exchange.fault for exchange in recording.posts()]
    assert sorted(f.name for f in met if f is not Fault.NONE) == sorted(
        f.name for f in FAULTS if f is not Fault.NONE
    )
    lost = [e for e in recording.posts() if e.fault in {Fault.LOST_CUT, Fault.LOST_UNAVAILABLE}]
    assert [e.server_status for e in lost] == [200, 200]


@pytest.fixture(scope="module")
def outage(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Tailrace, dict[str, Report]]]:
    """Run all SDKs at once through an outage; give the installation and what each SDK said.

    The server is away when they begin; once it has stored some of their events, it is stopped
    and started again.
    """
    tailrace = Tailrace(tmp_path_factory.mktemp("outage"))
    with ExitStack() as stack:
        stack.callback(tailrace.close)
        tailrace.start().stop()
        runs = []
        for sdk in SERVER_SDKS:
            run = Run(
                sdk,
                host=tailrace.collect_url,
                write_key=tailrace.write_key,
                calls=calls_of(sdk, stage="outage", events=EVENTS * 10),
            )
            stack.callback(run.close)
            runs.append(run)
        for run in runs:
            run.wait_queued()
        tailrace.start()
        wait_until(lambda: tailrace.count() > 0, what="first events", within_s=60)
        tailrace.stop()
        tailrace.start()
        yield tailrace, {run.sdk.name: run.report() for run in runs}


@pytest.mark.parametrize("sdk", SERVER_SDKS, ids=str)
def test_nothing_is_lost_or_doubled_when_the_server_is_away(outage: Outage, sdk: Sdk) -> None:
    tailrace, reports = outage
    tailrace.wait_settled()

    assert reports[sdk.name].errors == []
    check_stored_once(tailrace, calls_of(sdk, stage="outage", events=EVENTS * 10))
    tailrace.audit()
