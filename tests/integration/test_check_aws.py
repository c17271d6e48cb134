"""What a check of a destination at AWS finds: against moto, without writing anything."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest
import pytest_asyncio
from aws_gateway import Answer, Asked, Gateway, error, running_moto

from tailrace.deliver.tools import DestinationTools
from tailrace.destinations import check, load_catalog
from tailrace.destinations.api import Checked
from tool_server import loopback_tools

REGION = "eu-central-1"
SECRET = "planted-secret-access-key"
ROLE = "arn:aws:iam::123456789012:role/tailrace-sends"
VIA_ROLE = "arn:aws:iam::123456789012:role/tailrace-first"
PLACES = {
    "kinesis": ("stream_name", "kinesis:PutRecords"),
    "firehose": ("stream_name", "firehose:PutRecordBatch"),
    "s3": ("bucket", "s3:PutObject"),
}
WRITES = {"PutRecords", "PutRecordBatch"}


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    with running_moto() as port:
        yield port


@pytest.fixture
def gateway(moto: int) -> Iterator[Gateway]:
    with Gateway(moto).running() as gateway:
        yield gateway


@pytest_asyncio.fixture
async def tools() -> AsyncIterator[DestinationTools]:
    async with loopback_tools() as tools:
        yield tools


@pytest.fixture
def name(moto: int, request: pytest.FixtureRequest) -> str:
    """Give the name of two streams and of a bucket that are there."""
    name = hashlib.sha256(request.node.name.encode()).hexdigest()[:16]

    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{moto}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    client("kinesis").create_stream(StreamName=name, ShardCount=2)
    client("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{name}",
        },
    )
    return name


def decisions(*found: str, arn: str = "arn:x") -> Answer:
    members = "".join(
        f"<member><EvalActionName>service:Put</EvalActionName><EvalResourceName>{arn}"
        f"</EvalResourceName><EvalDecision>{each}</EvalDecision></member>"
        for each in found
    )
    text = (
        '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        f"<SimulatePrincipalPolicyResult><EvaluationResults>{members}</EvaluationResults>"
        "<IsTruncated>false</IsTruncated></SimulatePrincipalPolicyResult>"
        "</SimulatePrincipalPolicyResponse>"
    )
    return Answer(200, text.encode(), {"Content-Type": "text/xml"})


def denied(operation: str) -> Answer:
    text = (
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender'
        f"</Type><Code>AccessDenied</Code><Message>not authorized to perform {operation}"
        "</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
    return Answer(403, text.encode(), {"Content-Type": "text/xml"})


def asks(asked: Asked) -> Mapping[str, Sequence[str]]:
    """Return the parameters of a request to STS or IAM."""
    return parse_qs(asked.body.decode()) if b"Action=" in asked.body else {}


def operation(asked: Asked) -> str:
    return asked.target or asks(asked).get("Action", [asked.method])[0]


async def found(
    kind: str,
    place: str,
    gateway: Gateway,
    tools: DestinationTools,
    answers: Mapping[str, Answer] | None = None,
    **given: object,
) -> dict[str, Checked]:
    """Return what the check tells, where some operations are answered by the test."""

    def change(asked: Asked, forward: Callable[[Asked], Answer]) -> Answer:
        answer = {"SimulatePrincipalPolicy": decisions("allowed"), **(answers or {})}.get(
            operation(asked)
        )
        return forward(asked) if answer is None else answer

    gateway.changes += [change] * 20
    own = {
        "region": REGION,
        PLACES[kind][0]: place,
        "endpoint_url": gateway.url,
        "sts_endpoint_url": gateway.url,
        "iam_endpoint_url": gateway.url,
        "access_key_id": "AKIAPLANTED",
        "secret_access_key": SECRET,
        **given,
    }
    type_ = load_catalog().types[kind]
    assert type_.check is not None
    told = await type_.check(check(type_, own).settings, tools)
    assert SECRET not in repr(told)
    assert not WRITES & {operation(asked) for asked in gateway.asked}
    assert "PUT" not in {asked.method for asked in gateway.asked}
    return {each.name: each for each in told}


@pytest.mark.parametrize("kind", PLACES)
async def test_all_is_well_where_the_thing_is_there_and_roles_may_be_assumed(
    kind: str, name: str, gateway: Gateway, tools: DestinationTools
) -> None:
    told = await found(
        kind,
        name,
        gateway,
        tools,
        role_arn=ROLE,
        external_id="planted-id",
        via_role_arn=VIA_ROLE,
        via_external_id="first-id",
    )

    thing = "bucket" if kind == "s3" else "stream"
    assert list(told) == ["credentials", "first role", "role", "permissions", f"{thing} {name}"]
    assert {each.is_good for each in told.values()} == {True}
    assert "tailrace-first" in told["first role"].detail
    assert "tailrace-sends" in told["role"].detail
    assert f"{ROLE} may {PLACES[kind][1]}" == told["permissions"].detail
    [simulated] = [asks(a) for a in gateway.asked if operation(a) == "SimulatePrincipalPolicy"]
    assert simulated["PolicySourceArn"] == [ROLE]
    assert simulated["ActionNames.member.1"] == [PLACES[kind][1]]
    assert name in simulated["ResourceArns.member.1"][0]
    assumed = [asks(a) for a in gateway.asked if operation(a) == "AssumeRole"]
    assert {(each["RoleArn"][0], each["ExternalId"][0]) for each in assumed} == {
        (VIA_ROLE, "first-id"),
        (ROLE, "planted-id"),
    }


@pytest.mark.parametrize("kind", PLACES)
async def test_a_thing_that_is_not_there_is_told(
    kind: str, name: str, gateway: Gateway, tools: DestinationTools
) -> None:
    told = await found(kind, f"{name}-missing", gateway, tools)

    [thing] = [each for key, each in told.items() if key.endswith("-missing")]
    assert thing.is_good is False
    assert "create the" in thing.detail


async def test_every_stream_of_the_map_is_looked_at(
    name: str, gateway: Gateway, tools: DestinationTools
) -> None:
    told = await found("firehose", name, gateway, tools, streams={"identify": "gone", "a": name})

    assert told[f"stream {name}"].is_good is True
    assert told["stream gone"].is_good is False


async def test_a_role_that_may_not_be_assumed_ends_the_check(
    name: str, gateway: Gateway, tools: DestinationTools
) -> None:
    answers = {"AssumeRole": denied("sts:AssumeRole")}

    told = await found("kinesis", name, gateway, tools, answers, role_arn=ROLE)

    assert [(key, each.is_good) for key, each in told.items()] == [
        ("credentials", True),
        ("role", False),
    ]
    assert "not authorized to perform sts:AssumeRole" in told["role"].detail


@pytest.mark.parametrize(
    ("kind", "decision", "is_good", "words"),
    [
        ("kinesis", "implicitDeny", False, "no policy of"),
        ("kinesis", "explicitDeny", False, "a policy denies"),
        ("s3", "implicitDeny", None, "a policy of the bucket may"),
        ("s3", "explicitDeny", False, "a policy denies"),
    ],
)
async def test_a_missing_permission_is_told_as_surely_as_it_is_known(
    kind: str,
    decision: str,
    is_good: bool | None,
    words: str,
    name: str,
    gateway: Gateway,
    tools: DestinationTools,
) -> None:
    answers = {
        "SimulatePrincipalPolicy": decisions("allowed", decision, arn=f"arn:aws:{kind}:::{name}")
    }

    told = await found(kind, name, gateway, tools, answers, role_arn=ROLE)

    assert told["permissions"].is_good is is_good
    assert words in told["permissions"].detail
    assert name in told["permissions"].detail


async def test_what_may_not_be_looked_at_is_not_known(
    name: str, gateway: Gateway, tools: DestinationTools
) -> None:
    answers = {
        "SimulatePrincipalPolicy": denied("iam:SimulatePrincipalPolicy"),
        "DescribeStreamSummary": error(400, "AccessDeniedException"),
    }

    told = await found("kinesis", name, gateway, tools, answers, role_arn=ROLE)

    assert told["permissions"].is_good is None
    assert "iam:SimulatePrincipalPolicy" in told["permissions"].detail
    assert "kinesis:PutRecords" in told["permissions"].detail
    assert told[f"stream {name}"].is_good is None
    assert "kinesis:DescribeStreamSummary" in told[f"stream {name}"].detail


async def test_a_stream_that_takes_from_elsewhere_is_told(
    name: str, gateway: Gateway, tools: DestinationTools
) -> None:
    body = (
        b'{"DeliveryStreamDescription":{"DeliveryStreamStatus":"ACTIVE",'
        b'"DeliveryStreamType":"KinesisStreamAsSource"}}'
    )

    told = await found(
        "firehose", name, gateway, tools, {"DescribeDeliveryStream": Answer(200, body)}
    )

    assert told[f"stream {name}"].is_good is False
    assert "KinesisStreamAsSource" in told[f"stream {name}"].detail


async def test_a_machine_without_credentials_is_told(
    name: str, gateway: Gateway, tools: DestinationTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    told = await found("s3", name, gateway, tools, access_key_id=None, secret_access_key=None)

    assert [(key, each.is_good) for key, each in told.items()] == [("credentials", False)]
    assert "no credentials" in told["credentials"].detail


async def test_a_store_that_is_not_of_aws_is_asked_for_the_bucket_alone(
    name: str, gateway: Gateway, tools: DestinationTools
) -> None:
    told = await found("s3", name, gateway, tools, sts_endpoint_url=None, iam_endpoint_url=None)

    assert [(key, each.is_good) for key, each in told.items()] == [
        ("credentials", None),
        (f"bucket {name}", True),
    ]
    assert {asked.method for asked in gateway.asked} == {"HEAD"}


async def test_nobody_who_answers_is_no_good_and_is_not_waited_for_long(
    gateway: Gateway, tools: DestinationTools
) -> None:
    told = await found("kinesis", "any", gateway, tools, {"GetCallerIdentity": Answer(None)})

    assert [(key, each.is_good) for key, each in told.items()] == [("credentials", False)]
