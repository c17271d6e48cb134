"""`tailrace query` against a running server: each way to ask, as a table, CSV and JSON."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from app_server import AppServer, app_server, track


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with app_server(tmp_path_factory.mktemp("command")) as started:
        started.send(
            track("m-1", event="A", properties={"n": 2}),
            track("m-2", event="B", properties={"n": 3}),
            track("m-3", event="A", userId="u-2", properties={"n": 4}),
        )
        yield started


def query(server: AppServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tailrace", "query", "--server", server.url, *arguments],
        env={**server.environ, "COLUMNS": "120", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_aggregations_are_rows_of_csv(server: AppServer) -> None:
    done = query(server, "--agg", "terms:event > sum:properties.n", "--csv")

    assert done.stdout.splitlines() == ["event,events,sum:properties.n", "A,2,6.0", "B,1,3.0"]


def test_the_text_may_be_kql(server: AppServer) -> None:
    done = query(server, "--kql", 'event: "A" and properties.n > 2', "--json")

    assert [event["message_id"] for event in json.loads(done.stdout)["events"]] == ["m-3"]


def test_a_funnel_shows_people_by_steps(server: AppServer) -> None:
    done = query(server, "--funnel", "A > B", "--csv")

    assert [line.split(",")[:2] for line in done.stdout.splitlines()[1:]] == [
        ["A", "2"],
        ["B", "1"],
    ]


def test_trends_and_retention_are_shown_as_tables(server: AppServer) -> None:
    trend = query(server, "--trend", "A, *")
    retention = query(server, "--retention", "A > B")

    assert trend.returncode == 0, trend.stderr
    assert "by day" in trend.stdout
    assert retention.returncode == 0, retention.stderr
    assert "cohort" in retention.stdout


def test_sql_is_downloaded_as_the_server_writes_it(server: AppServer) -> None:
    done = query(server, "--sql", "SELECT user_id, events FROM users ORDER BY 1", "--csv")

    assert done.stdout == '"user_id","events"\n"u-1",2\n"u-2",1\n'


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--sql",), "needs the statement"),
        (("--top", "event", "--agg", "terms:event"), "--top and --agg cannot be asked at once"),
        (("--agg", "nonsense"), "is not understood"),
        (("--retention", "A > B > C"), "what begins and what comes again"),
    ],
)
def test_wrong_use_ends_with_status_2_and_says_what_to_do(
    server: AppServer, arguments: tuple[str, ...], told: str
) -> None:
    done = query(server, *arguments)

    assert done.returncode == 2
    assert told in done.stderr
