"""What the destinations at AWS make of their settings, without anybody to send to."""

import io
import random
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.destinations import check, firehose, kinesis, load_catalog, s3
from tailrace.destinations.api import Json
from tailrace.errors import SettingsError

DOCS = Path(__file__).parents[3] / "docs" / "destinations"
ROLE = "arn:aws:iam::123456789012:role/events"
LEAST: dict[str, dict[str, Any]] = {
    "firehose": {"region": "eu-central-1", "stream_name": "events"},
    "kinesis": {"region": "eu-central-1", "stream_name": "events"},
    "s3": {"region": "eu-central-1", "bucket": "events"},
}


def refused(slug: str, **given: object) -> dict[str, str]:
    with pytest.raises(SettingsError) as error:
        check(load_catalog().types[slug], {**LEAST[slug], **given})
    return dict(error.value.problems)


def event(**fields: object) -> bytes:
    return msgspec.json.encode({"type": "track", "messageId": "m-1", **fields})


@pytest.mark.parametrize("slug", LEAST)
def test_a_first_role_is_only_for_a_second_one(slug: str) -> None:
    assert set(refused(slug, via_role_arn=ROLE)) == {"role_arn"}
    assert set(refused(slug, role_arn=ROLE, via_external_id="ws")) == {"via_role_arn"}
    assert set(refused(slug, role_arn=ROLE, via_role_arn="ws")) == {"via_role_arn"}
    assert set(refused(slug, sts_endpoint_url="sts")) == {"sts_endpoint_url"}


@pytest.mark.parametrize(
    ("ids", "key"),
    [
        ({"userId": "u", "anonymousId": "a"}, "u"),
        ({"userId": "", "anonymousId": "a"}, "a"),
        ({"userId": None, "anonymousId": None}, "m-1"),
        ({}, "m-1"),
        ({"userId": "x" * 300}, "x" * 256),
        ({"userId": "a" + "😀" * 200}, "a" + "😀" * 127),
        ({"properties": {"userId": "other"}}, "m-1"),
    ],
)
def test_the_partition_key_is_the_person_or_else_the_event(ids: dict[str, Any], key: str) -> None:
    settings = kinesis.Settings(**LEAST["kinesis"])

    assert kinesis.partition_key(event(**ids), settings) == key


@pytest.mark.parametrize("data", [b'"text"', b"[1]", b"{}", b'{"userId":7,"messageId":""}'])
def test_data_without_ids_has_a_partition_key_of_its_own(data: bytes) -> None:
    settings = kinesis.Settings(**LEAST["kinesis"])

    keys = {kinesis.partition_key(each, settings) for each in (data, data, data + b" ")}

    assert len(keys) == 2
    assert {len(key) for key in keys} == {64}


def test_data_without_names_goes_to_the_stream_of_the_rest() -> None:
    settings = firehose.Settings(**LEAST["firehose"], streams={"identify": "people"})

    assert firehose.streams_of([b'"identify"', b'{"type":1}'], settings) == ["events"] * 2


def test_the_partition_key_can_be_the_message_id() -> None:
    settings = kinesis.Settings(**LEAST["kinesis"], use_message_id=True)

    assert kinesis.partition_key(event(userId="u", anonymousId="a"), settings) == "m-1"


@given(st.text(min_size=1, max_size=600).filter(lambda text: text.isprintable()))
def test_every_partition_key_is_what_the_service_counts_as_1_to_256_characters(user: str) -> None:
    settings = kinesis.Settings(**LEAST["kinesis"])

    key = kinesis.partition_key(event(userId=user), settings)

    assert user.startswith(key)
    assert 1 <= len(key.encode("utf-16-le")) // 2 <= 256
    assert key == user or len(key.encode("utf-16-le")) // 2 >= 255


def test_the_streams_of_firehose_are_checked_as_stream_name_is() -> None:
    assert "twice" in refused("firehose", streams={"Track": "a", "track": "b"})["streams"]
    assert "1 to 64" in refused("firehose", streams={"track": "no spaces"})["streams"]
    assert "streams" in refused("firehose", streams={"track": ""})
    assert "streams" in refused("firehose", streams={"track": "a" * 65})


@pytest.mark.parametrize(
    ("fields", "stream"),
    [
        ({"event": "ORDER completed"}, "orders"),
        ({"event": "identify"}, "people"),
        ({"type": "identify"}, "people"),
        ({"type": "page", "name": "Order Completed"}, "rest"),
        ({"event": "Other"}, "rest"),
    ],
)
def test_an_event_goes_to_the_stream_of_its_name_then_of_its_type_then_of_the_rest(
    fields: dict[str, Any], stream: str
) -> None:
    streams = {"Order Completed": "orders", "Identify": "people", "*": "rest"}
    settings = firehose.Settings(**LEAST["firehose"], streams=streams)

    found = firehose.streams_of([event(**fields)], settings)

    assert found == [stream]


def test_without_a_star_the_rest_goes_to_stream_name() -> None:
    settings = firehose.Settings(**LEAST["firehose"], streams={"identify": "people"})

    assert firehose.streams_of([event(event="Other")], settings) == ["events"]


def test_a_file_in_s3_is_named_by_what_it_holds() -> None:
    settings = s3.Settings(**LEAST["s3"])
    lines = [
        s3.Line(data=event(receivedAt="2026-11-21T23:59:59.999Z", n=n), source="web")  # type: ignore[arg-type]
        for n in range(2)
    ]

    moment = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)

    file, same, other = (
        s3.File(some, settings, received_at=moment) for some in (lines, list(lines), lines[:1])
    )

    assert file.key == same.key
    assert file.body == same.body
    assert other.key != file.key
    assert file.key.startswith("segment-logs/web/1795219200000/20261121T235959Z-")


def test_a_file_in_s3_waits_as_the_settings_say() -> None:
    settings = s3.Settings(**LEAST["s3"], file_bytes_max=1_000_000, file_age_s_max=900)

    batching = s3.WRITE.batching(settings)

    assert batching is not None
    assert (batching.bytes_max, batching.age_s, batching.lanes) == (1_000_000, 900.0, 1)
    assert set(refused("s3", file_age_s_max=3_601)) == {"file_age_s_max"}
    assert set(refused("s3", file_bytes_max=128_000_001)) == {"file_bytes_max"}
    assert set(refused("s3", layout="flat", compression="bzip2")) == {"layout", "compression"}


@pytest.mark.parametrize(
    "given",
    [
        {"layout": "custom"},
        {"path": "{source}"},
        *(
            {"layout": "custom", "path": path}
            for path in ("{month}/{minute}", "{source", "/a", "a/", "a//b", "a b")
        ),
    ],
)
def test_folders_that_cannot_be_made_are_refused(given: dict[str, str]) -> None:
    assert set(refused("s3", **given)) == {"path"}


def test_a_key_of_kms_is_for_its_encryption() -> None:
    assert set(refused("s3", kms_key_id="alias/events")) == {"kms_key_id"}
    assert set(refused("s3", storage_class="TAPE", encryption="x")) == {
        "storage_class",
        "encryption",
    }


@pytest.mark.parametrize(
    ("fields", "table"),
    [
        ({"event": "Order Completed"}, "order_completed"),
        ({"event": "accountType"}, "account_type"),
        ({"event": "../../etc/passwd"}, "etc_passwd"),
        ({"event": "注文"}, "other"),
        ({"type": "page", "event": "x"}, "pages"),
        ({"type": "identify"}, "identifies"),
    ],
)
def test_the_folder_of_a_lake_is_that_of_the_event(fields: dict[str, str], table: str) -> None:
    settings = s3.Settings(**LEAST["s3"], layout="lake")
    line = s3.Line(data=Json(event(**fields)), source="web")

    file = s3.File([line], settings, received_at=datetime(2026, 11, 21, 23, tzinfo=UTC))

    assert file.key.startswith(f"data/web/segment_type={table}/day=2026-11-21/hr=23/")


def test_a_large_file_is_held_once_while_it_is_made() -> None:
    settings = s3.Settings(**LEAST["s3"])
    text = random.Random(5).randbytes(400).hex()
    lines = [s3.Line(data=Json(event(n=n, text=text)), source="web") for n in range(24_000)]
    size = sum(len(line.data) for line in lines)

    tracemalloc.start()
    s3.File(lines, settings, received_at=datetime(2026, 11, 21, tzinfo=UTC))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size > 20_000_000
    assert peak < size / 4


def test_every_field_of_an_event_is_in_its_column_of_parquet_or_beside() -> None:
    settings = s3.Settings(**LEAST["s3"], format="parquet")
    whole = event(
        userId="u-1",
        event="Bought",
        timestamp="2026-11-21T03:04:05.678Z",
        receivedAt="then",
        properties={"total": 1.5, "note": "ü"},
        traits=None,
        version=2,
        name=7,
    )
    lines = [s3.Line(data=Json(each), source="web") for each in (whole, b"{}")]

    file = s3.File(lines, settings, received_at=datetime(2026, 11, 21, tzinfo=UTC))

    rows = pyarrow.parquet.read_table(io.BytesIO(file.body)).to_pylist()
    assert file.key.endswith(".parquet")
    assert (file.type, file.encoding) == ("application/vnd.apache.parquet", "")
    found = {name: value for name, value in rows[0].items() if value is not None}
    assert found == {
        "source": "web",
        "message_id": "m-1",
        "type": "track",
        "event": "Bought",
        "user_id": "u-1",
        "timestamp": datetime(2026, 11, 21, 3, 4, 5, 678_000, tzinfo=UTC),
        "properties": '{"total":1.5,"note":"ü"}',
        "other": '{"receivedAt":"then","version":2,"name":7}',
    }
    assert {name for name, value in rows[1].items() if value is not None} == {"source"}


def test_parquet_has_row_groups_of_bounded_size() -> None:
    settings = s3.Settings(**LEAST["s3"], format="parquet", compression="zstd")
    lines = [s3.Line(data=Json(event(n=n)), source="web") for n in range(25_000)]

    file = s3.File(lines, settings, received_at=datetime(2026, 11, 21, tzinfo=UTC))

    found = pyarrow.parquet.ParquetFile(io.BytesIO(file.body))
    groups = [found.metadata.row_group(n) for n in range(found.metadata.num_row_groups)]
    assert [group.num_rows for group in groups] == [20_000, 5_000]
    assert {group.column(0).compression for group in groups} == {"ZSTD"}


@pytest.mark.parametrize("slug", LEAST)
def test_every_setting_is_in_the_page_of_its_type(slug: str) -> None:
    text = (DOCS / f"{slug}.md").read_text()

    missing = [name for name in load_catalog().types[slug].fields if f"`{name}`" not in text]

    assert missing == []


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-central-1", "aws"),
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_a_role_is_of_the_partition_of_the_region(region: str, partition: str) -> None:
    kind = load_catalog().types["kinesis"]
    given = {**LEAST["kinesis"], "region": region}

    check(kind, {**given, "role_arn": f"arn:{partition}:iam::123456789012:role/events"})
    with pytest.raises(SettingsError, match="partition") as error:
        check(kind, {**given, "role_arn": "arn:aws-other:iam::123456789012:role/events"})

    assert set(error.value.problems) == {"role_arn"}
    assert set(refused("kinesis", streams={"web": "no spaces"})) == {"streams"}
