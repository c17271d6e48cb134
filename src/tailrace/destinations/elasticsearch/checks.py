"""Looks at a cluster without writing: is it there, what is it, and may we write."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from tailrace.destinations import api, aws, reaching
from tailrace.destinations.elasticsearch.backup import allowed_directory
from tailrace.destinations.elasticsearch.bulk import index_name
from tailrace.destinations.elasticsearch.settings import Settings
from tailrace.destinations.elasticsearch.template import (
    Cluster,
    cluster_of,
    is_managed,
    name_of,
    pattern_of,
    request,
)
from tailrace.errors import SettingsError, TransientError

CALL_S: Final = 3.0
ALL_S: Final = 14.0
_AUTH: Final = frozenset({401, 403})
_UNFINISHED: Final = "there was no answer in time; check again"


class _Privileges(msgspec.Struct):
    has_all_requested: bool
    cluster: dict[str, bool] = {}
    index: dict[str, dict[str, bool]] = {}


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look at the cluster, what the credentials may do, the index, and where the backup goes."""
    found: list[api.Checked] = []
    try:
        async with asyncio.timeout(ALL_S):
            found += await reaching.reached(settings.url, tools, setting="url")
            if reaching.is_reached(found):
                quick = replace(settings, timeout_s=min(settings.timeout_s, CALL_S))
                await _look(quick, tools, found)
            if settings.backup != "none":
                found += await _backup(settings, tools)
    except TimeoutError:
        found.append(api.Checked("time", None, _UNFINISHED))
    except (SettingsError, TransientError) as error:
        found.append(api.Checked("cluster", False, str(error), "url"))
    return found


async def _look(settings: Settings, tools: api.Tools, found: list[api.Checked]) -> None:
    response = await request("GET", "/", settings, tools)
    if response.status == 401:
        told = (
            f"the cluster answers 401: {api.text_of(response.body)[:300]}; change the credentials"
        )
        found.append(api.Checked("cluster", False, told))
        return
    cluster = None
    if response.status == 403:
        told = "may not be asked, for which the privilege monitor is needed"
        found.append(api.Checked("cluster", None, told))
    elif response.status != 200:
        told = f"the answer was {response.status}: {api.text_of(response.body)[:300]}"
        found.append(api.Checked("cluster", False, told, "url"))
        return
    else:
        cluster = cluster_of(response.body)
        found.append(api.Checked("cluster", True, f"is {cluster}"))
    found.append(await _privileges(settings, tools, cluster))
    if is_managed(settings):
        found.append(await _template(settings, tools))
    found.append(await _index(settings, tools))


async def _privileges(settings: Settings, tools: api.Tools, cluster: Cluster | None) -> api.Checked:
    """Return whether the credentials may write, as Elasticsearch tells it of them."""
    name = "privileges"
    if cluster is not None and cluster.is_opensearch:
        return api.Checked(name, None, "OpenSearch does not tell what credentials may do")
    write = "create_doc" if settings.operation == "create" else "index"
    asked = {
        "cluster": ["manage_index_templates"] if is_managed(settings) else [],
        "index": [{"names": [pattern_of(settings)], "privileges": [write, "auto_configure"]}],
    }
    response = await request("POST", "/_security/user/_has_privileges", settings, tools, body=asked)
    try:
        told = msgspec.json.decode(response.body, type=_Privileges)
    except msgspec.DecodeError:
        detail = f"the cluster does not tell what we may do; it answers {response.status}"
        return api.Checked(name, None, detail)
    if told.has_all_requested:
        return api.Checked(name, True, f"may write to {pattern_of(settings)}")
    missing = [each for each, has in told.cluster.items() if not has]
    for index, privileges in told.index.items():
        missing += [f"{each} on {index}" for each, has in privileges.items() if not has]
    return api.Checked(name, False, f"the credentials have not: {', '.join(missing)}")


async def _template(settings: Settings, tools: api.Tools) -> api.Checked:
    response = await request("GET", f"/_index_template/{name_of(settings)}", settings, tools)
    what = f"template {name_of(settings)}"
    if response.status == 200:
        return api.Checked(what, True, "is there, and is brought up to date with the first event")
    if response.status == 404:
        return api.Checked(what, True, "is put with the first event")
    told = "is of Elasticsearch from 7.8 on" if response.status in {400, 405} else "may not be read"
    return api.Checked(what, None, f"{told}; the answer was {response.status}", "manage_template")


async def _index(settings: Settings, tools: api.Tools) -> api.Checked:
    name = index_name(settings, datetime.now(UTC).isoformat())
    response = await request("HEAD", f"/{name}", settings, tools)
    what = f"index {name}"
    if response.status == 200:
        return api.Checked(what, True, "is there")
    if response.status == 404:
        return api.Checked(what, True, "is made with its first event")
    return api.Checked(what, None, f"may not be looked at; the answer was {response.status}")


async def _backup(settings: Settings, tools: api.Tools) -> list[api.Checked]:
    account = settings.account
    if account is None:
        directory, allowed = Path(settings.backup_directory or "/"), tools.file_directories
        try:
            await tools.blocking(lambda: allowed_directory(directory, allowed))
        except SettingsError as error:
            return [api.Checked("backup", False, str(error), "backup_directory")]
        return [api.Checked("backup", True, f"{directory} is allowed", "backup_directory")]
    where = f"arn:{aws.partition_of(account.region)}:s3:::{settings.backup_bucket}"
    steps = await aws.checked(
        account,
        tools,
        service="s3",
        actions=["s3:PutObject"],
        resources=lambda _: [f"{where}/{settings.backup_prefix}*"],
        looks=[
            aws.Looked(
                f"bucket {settings.backup_bucket}",
                "head_bucket",
                {"Bucket": settings.backup_bucket},
                "s3:ListBucket",
                lambda _: (True, f"is in {account.region}"),
            )
        ],
    )
    return [each._replace(name=f"backup: {each.name}") for each in steps]
