"""The types of destinations: ours, and those of packages that are installed beside."""

import ast
import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from tailrace import destinations
from tailrace.destinations import check, load_catalog, schema_of
from tailrace.destinations.catalog import BUILT_IN
from tailrace.errors import SettingsError

FOLDER = Path(destinations.__file__).parent
DOCS = Path(__file__).parents[3] / "docs"
URL = "https://example.com/in"
AWS = {"region": "eu-central-1"}
LEAST: dict[str, dict[str, Any]] = {
    "aggregations-io": {"api_key": "k", "ingest_id": "abc"},
    "clickhouse": {"url": URL},
    "elasticsearch": {"url": URL, "index": "events"},
    "file": {"directory": "/srv/events"},
    "firehose": {**AWS, "stream_name": "events"},
    "kafka": {"servers": "kafka.example.com:9092", "topic": "events"},
    "kinesis": {**AWS, "stream_name": "events"},
    "nats": {"servers": "nats.example.com"},
    "postgres": {"host": "db.example.com", "database": "events", "user": "loader"},
    "redis-streams": {"server": "redis.example.com"},
    "s3": {**AWS, "bucket": "events"},
    "slack": {"webhook_url": "https://hooks.slack.com/services/T0/B0/x"},
    "tailrace": {"url": URL, "write_key": "k"},
    "webhook": {"url": URL},
}
ROLE = "arn:aws:iam::123456789012:role/path/events"
GOOD_PACKAGE = """
from dataclasses import dataclass
from typing import Annotated

from tailrace.destinations import api


@dataclass(frozen=True, kw_only=True)
class Settings:
    number: Annotated[str, api.Setting("Number to call.")]


DESTINATION = api.Destination(slug="fax", name="Fax", description="Calls.", settings=Settings)
"""


def refused(slug: str, **given: object) -> dict[str, str]:
    with pytest.raises(SettingsError) as error:
        check(load_catalog().types[slug], {**LEAST[slug], **given})
    return dict(error.value.problems)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give what installs a package, as pip would lay it out."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def add(package: str, source: str, *, entry: str = "fax", what: str = "DESTINATION") -> None:
        (tmp_path / f"{package}.py").write_text(source)
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        text = f"[tailrace.destinations]\n{entry} = {package}:{what}\n"
        (info / "entry_points.txt").write_text(text)
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, package, raising=False)

    return add


def test_the_catalog_has_every_type_of_ours_and_no_problem() -> None:
    catalog = load_catalog()

    assert set(catalog.types) == set(BUILT_IN) == set(LEAST)
    assert catalog.problems == ()


@pytest.mark.parametrize("slug", BUILT_IN)
def test_every_type_keeps_the_contract(slug: str) -> None:
    destination = load_catalog().types[slug]

    found = check(destination, LEAST[slug])
    schema = schema_of(destination)

    assert destination.slug == slug
    assert destination.name
    assert destination.description.endswith(".")
    assert set(schema["required"]) == set(LEAST[slug])
    assert all(each["description"].endswith(".") for each in schema["properties"].values())
    assert check(destination, {**found.public, **found.secrets}) == found


@pytest.mark.parametrize("slug", BUILT_IN)
def test_no_secret_of_any_type_is_in_its_repr(slug: str) -> None:
    destination = load_catalog().types[slug]
    secrets = [name for name, field in destination.fields.items() if field.is_secret]
    others = {"username": "u", "access_key_id": "AKIA0"}
    assert secrets or slug == "file"

    for name in secrets:
        given = {name: "planted", **{k: v for k, v in others.items() if k in destination.fields}}
        if name == "api_key":
            given.pop("username", None)
        try:
            text = repr(check(destination, {**LEAST[slug], **given}))
        except SettingsError as error:
            text = str(error)
        assert "planted" not in text


@pytest.mark.parametrize("slug", BUILT_IN)
def test_every_type_has_a_page_that_names_each_setting(slug: str) -> None:
    destination = load_catalog().types[slug]

    page = (DOCS / "destinations" / f"{slug}.md").read_text()
    reference = (DOCS / "api.md").read_text()

    assert [name for name in destination.fields if f"`{name}`" not in page] == []
    assert [name for name in destination.fields if f"`{name}`" not in reference] == []
    assert f"](destinations/{slug}.md)" in reference


def test_types_import_nothing_of_ours_but_the_contract() -> None:
    shared = {f"tailrace.destinations.{name}" for name in ("messages", "servers", "warehouse")}
    allowed = {"tailrace.destinations", "tailrace.errors"} | shared

    for slug in (*BUILT_IN, "aws"):
        name = slug.replace("-", "_")
        folder = FOLDER / name
        for path in folder.glob("*.py") if folder.is_dir() else [FOLDER / f"{name}.py"]:
            ours = {
                node.module or ""
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tailrace")
            }
            package = f"tailrace.destinations.{name}"
            own = {each for each in ours if f"{each}.".startswith(f"{package}.")}
            assert ours - own <= allowed, path


def test_a_webhook_refuses_headers_that_are_secret_its_own_or_twice() -> None:
    assert "auth_value" in refused("webhook", headers={"authorization": "Bearer x"})["headers"]
    assert "auth_value" in refused("webhook", headers={"X-API-Key": "x"})["headers"]
    assert "each request" in refused("webhook", headers={"Content-Length": "1"})["headers"]
    assert "twice" in refused("webhook", headers={"X-A": "1", "x-a": "2"})["headers"]
    assert "ASCII" in refused("webhook", headers={"X-A": "ü"})["headers"]
    assert "each request" in refused("webhook", auth_header="Host")["auth_header"]
    assert "name" in refused("webhook", headers={"a b": "c"})["headers"]
    twice = refused("webhook", headers={"X-Pass": "1"}, auth_header="x-pass", auth_value="2")
    assert "auth_value sets too" in twice["headers"]
    assert set(refused("webhook", auth_value="line\nbreak")) == {"auth_value"}


@pytest.mark.parametrize("slug", ["firehose", "kinesis", "s3"])
def test_aws_credentials_come_whole_or_not_at_all(slug: str) -> None:
    destination = load_catalog().types[slug]

    assert set(refused(slug, access_key_id="AKIA0")) == {"secret_access_key"}
    assert set(refused(slug, secret_access_key="x")) == {"access_key_id"}
    assert set(refused(slug, external_id="workspace")) == {"role_arn"}
    assert set(refused(slug, role_arn="arn:aws:iam::1:role/x")) == {"role_arn"}
    assert set(refused(slug, region="Frankfurt")) == {"region"}
    for region, arn in (
        ("eu-central-1", ROLE),
        ("us-gov-west-1", ROLE.replace("arn:aws", "arn:aws-us-gov")),
    ):
        found = check(destination, {**LEAST[slug], "region": region, "role_arn": arn})
        assert found.settings.role_arn == arn


@pytest.mark.parametrize("bucket", ["ab", "Events", "-events", "a" * 64, "a_b"])
def test_a_bucket_that_cannot_exist_is_refused(bucket: str) -> None:
    assert set(refused("s3", bucket=bucket)) == {"bucket"}


def test_elasticsearch_takes_one_way_to_sign_in() -> None:
    assert set(refused("elasticsearch", username="u")) == {"password"}
    assert set(refused("elasticsearch", password="p")) == {"username"}
    both = {"username": "u", "password": "p", "api_key": "k"}
    assert set(refused("elasticsearch", **both)) == {"api_key"}
    assert set(refused("elasticsearch", index="Events")) == {"index"}


def test_a_package_beside_offers_a_type(install: Any) -> None:
    install("fax_package", GOOD_PACKAGE)

    catalog = load_catalog()

    assert catalog.problems == ()
    assert list(catalog.types) == sorted([*BUILT_IN, "fax"])
    assert check(catalog.types["fax"], {"number": "1"}).public == {"number": "1"}


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("class Odd(Exception): ...\nraise Odd('no licence')", "Odd: no licence"),
        ("import not_there_at_all", "not_there_at_all"),
        ("def (", "SyntaxError"),
        ("OTHER = 1", "DESTINATION"),
        ("DESTINATION = 'fax'", "is no api.Destination but str"),
        (GOOD_PACKAGE.replace('slug="fax"', 'slug="Fax!"'), "the slug 'Fax!'"),
        (GOOD_PACKAGE.replace('slug="fax"', 'slug="s3"'), "another type 's3' already"),
        (GOOD_PACKAGE.replace("Annotated[str, ", "tuple[str, "), "no api.Setting"),
        (GOOD_PACKAGE.replace("Annotated[str", "Annotated['Missing'"), "Missing"),
    ],
)
def test_a_broken_package_is_named_and_the_others_go_on(
    install: Any, source: str, complaint: str
) -> None:
    install("broken_package", source)
    install("telex_package", GOOD_PACKAGE.replace("fax", "telex"), entry="telex")

    catalog = load_catalog()

    [problem] = catalog.problems
    assert problem.startswith("package broken_package, destination 'fax'")
    assert complaint in problem
    assert set(catalog.types) == {*BUILT_IN, "telex"}
    assert catalog.types["s3"].name == "Amazon S3"
