"""Looks at an account of AWS without writing: who we are, what we may do, what is there."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from tailrace.destinations import api
from tailrace.destinations.aws.account import Account
from tailrace.destinations.aws.client import Client, Refusal, advice_for, client_of
from tailrace.errors import SettingsError, TransientError

CALL_S: Final = 3.5
ALL_S: Final = 14.0
_NAMED_MAX: Final = 5
_NOT_ALLOWED: Final = frozenset({"AccessDenied", "AccessDeniedException", "Forbidden"})
_ADVICE_WITHOUT_BODY: Final = {
    "301": "change region to that of the bucket",
    "400": "change bucket or region",
    "404": "create the bucket, or change bucket or region",
}
"""HEAD is answered without an error's code; boto puts the status in its place."""

_ASSUMED: Final = re.compile(r"arn:([a-z-]+):sts::([0-9]{12}):assumed-role/([^/]+)/.*")
_UNFINISHED: Final = "there was no answer in time; check again"


class Looked(NamedTuple):
    """A thing to look at: what it is called, the call for it, and the permission of that call.

    `judge` says of an answer whether it is as needed, and what it is.
    """

    name: str
    operation: str
    arguments: Mapping[str, object]
    permission: str
    judge: Callable[[Mapping[str, Any]], tuple[bool, str]]


class Who(NamedTuple):
    """As whom AWS knows us, and in which account."""

    arn: str
    account: str


async def checked(
    account: Account,
    tools: api.Tools,
    *,
    service: str,
    actions: Sequence[str],
    resources: Callable[[str], Sequence[str]],
    looks: Sequence[Looked],
) -> list[api.Checked]:
    """Return what was found of credentials, permissions and things, within 15 s.

    `resources` gives the ARNs that `actions` are needed on, by the number of the account.
    """
    end = asyncio.get_running_loop().time() + ALL_S
    try:
        async with asyncio.timeout(ALL_S):
            found, who = await _credentials(account, tools)
    except TimeoutError:
        return [api.Checked("credentials", None, _UNFINISHED)]
    if found and not all(each.is_good is not False for each in found):
        return found
    client = client_of(tools, account, service, timeout_s=CALL_S, purpose="check")
    tasks = {look.name: asyncio.create_task(_look(look, client)) for look in looks}
    if who is not None:
        asked = _permissions(account, tools, who, actions, resources(who.account))
        tasks = {"permissions": asyncio.create_task(asked), **tasks}
    await asyncio.wait(tasks.values(), timeout=max(0.0, end - asyncio.get_running_loop().time()))
    for name, task in tasks.items():
        if task.done():
            found.append(task.result())
        else:
            task.cancel()
            found.append(api.Checked(name, None, _UNFINISHED))
    return found


# --- Who we are -----------------------------------------------------------------------------------


async def _credentials(account: Account, tools: api.Tools) -> tuple[list[api.Checked], Who | None]:
    """Return what was found of the credentials and of each role, and who we are in the end."""
    is_elsewhere = account.endpoint_url is not None and account.sts_endpoint_url is None
    if is_elsewhere and account.role_arn is None:
        told = "not asked for, as endpoint_url may be of another service than that of AWS"
        return [api.Checked("credentials", None, told)], None
    found: list[api.Checked] = []
    who: Who | None = None
    for name, each in _stages(account):
        client = client_of(tools, each, "sts", timeout_s=CALL_S, purpose=f"check-{name}")
        try:
            answer = await client.ask("get_caller_identity", {})
        except (SettingsError, TransientError) as error:
            return [*found, api.Checked(name, False, str(error))], None
        if isinstance(answer, Refusal):
            told = f"{answer.told}; {advice_for(answer.code)}"
            return [*found, api.Checked(name, False, told)], None
        who = Who(str(answer.get("Arn", "")), str(answer.get("Account", "")))
        found.append(api.Checked(name, True, who.arn))
    return found, who


def _stages(account: Account) -> list[tuple[str, Account]]:
    """Return the credentials and the roles that are assumed with them, one after the other."""
    none: dict[str, Any] = dict.fromkeys(
        ("role_arn", "external_id", "via_role_arn", "via_external_id")
    )
    stages = [("credentials", replace(account, **none))]
    if account.via_role_arn is not None:
        first = {"role_arn": account.via_role_arn, "external_id": account.via_external_id}
        stages.append(("first role", replace(account, **{**none, **first})))
    if account.role_arn is not None:
        stages.append(("role", account))
    return stages


# --- What we may do -------------------------------------------------------------------------------


async def _permissions(
    account: Account, tools: api.Tools, who: Who, actions: Sequence[str], resources: Sequence[str]
) -> api.Checked:
    """Return whether policies let us do what is needed, as IAM simulates it."""
    named = ", ".join(actions)
    principal = account.role_arn or _principal(who.arn)
    if not principal:
        return api.Checked("permissions", None, f"IAM tells of no {who.arn}; needed: {named}")
    client = client_of(tools, account, "iam", timeout_s=CALL_S, purpose="check")
    asked = {
        "PolicySourceArn": principal,
        "ActionNames": list(actions),
        "ResourceArns": list(resources),
    }
    try:
        answer = await client.ask("simulate_principal_policy", asked)
    except (SettingsError, TransientError) as error:
        return api.Checked("permissions", None, f"IAM cannot be asked: {error}; needed: {named}")
    if isinstance(answer, Refusal):
        told = f"for it, iam:SimulatePrincipalPolicy is needed: {answer.told}"
        return api.Checked("permissions", None, f"IAM cannot be asked; {told}; needed: {named}")
    return _decided(principal, answer.get("EvaluationResults", ()), named)


def _decided(principal: str, results: Sequence[Mapping[str, Any]], named: str) -> api.Checked:
    denied = [each for each in results if each.get("EvalDecision") != "allowed"]
    if not denied:
        return api.Checked("permissions", True, f"{principal} may {named}")
    told = "; ".join(
        f"{each.get('EvalActionName')} on {each.get('EvalResourceName')}"
        for each in denied[:_NAMED_MAX]
    )
    if any(each.get("EvalDecision") == "explicitDeny" for each in denied):
        return api.Checked("permissions", False, f"a policy denies {principal} {told}")
    is_bucket = all(":s3:" in str(each.get("EvalResourceName")) for each in denied)
    if is_bucket:
        told = f"{told}; a policy of the bucket may, which IAM does not tell"
    return api.Checked(
        "permissions", None if is_bucket else False, f"no policy of {principal} allows {told}"
    )


def _principal(arn: str) -> str:
    """Return the user or role whose policies count, "" for one without policies."""
    assumed = _ASSUMED.fullmatch(arn)
    if assumed is not None:
        partition, number, role = assumed.groups()
        return f"arn:{partition}:iam::{number}:role/{role}"
    return arn if ":user/" in arn and ":iam:" in arn else ""


# --- What is there --------------------------------------------------------------------------------


async def _look(look: Looked, client: Client) -> api.Checked:
    try:
        answer = await client.ask(look.operation, look.arguments)
    except (SettingsError, TransientError) as error:
        return api.Checked(look.name, False, str(error))
    if not isinstance(answer, Refusal):
        return api.Checked(look.name, *look.judge(answer))
    if answer.code in _NOT_ALLOWED or answer.status == 403:
        told = f"may not be looked at, for which {look.permission} is needed: {answer.told}"
        return api.Checked(look.name, None, told)
    advice = _ADVICE_WITHOUT_BODY.get(answer.code) or advice_for(answer.code)
    return api.Checked(look.name, False, f"{answer.told}; {advice}")
