"""Delivery alerts: who is told when a destination is in trouble, and how that stands."""

from typing import Annotated

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath

from tailrace.app.asking import Ask, actor_of, needs
from tailrace.app.parts import Given, Parts
from tailrace.app.routes.errors import APPLYING, CHANGING, CREATING, DELETING, FINDING, READING
from tailrace.app.routes.examples import body
from tailrace.app.routes.managing import (
    ETAG,
    LINK,
    LOCATION,
    Cursor,
    IdempotencyKey,
    IfMatch,
    Limit,
    asked_version,
    decide,
    etag,
    next_page,
    once_from,
    read_cursor,
)
from tailrace.config import SLUG_PATTERN
from tailrace.control.delivery_alert_shapes import (
    DeliveryAlert,
    DeliveryAlertChange,
    DeliveryAlertDraft,
)
from tailrace.deliver.alert_state import AlertStanding, alerts_path, standings
from tailrace.deliver.alerts import AlertTested


class DeliveryAlertState(DeliveryAlert, frozen=True, kw_only=True):
    """A delivery alert, and how what it watches stands."""

    standing: AlertStanding


@get(
    "/delivery-alerts",
    tags=["delivery alerts"],
    responses=READING,
    response_headers=[LINK],
    opt=needs("destinations:read"),
)
async def list_delivery_alerts(
    request: Ask, parts: Given, limit: Limit = 100, cursor: Cursor = ""
) -> Response[list[DeliveryAlertState]]:
    """Return the delivery alerts, in order of their slugs.

    Where there are more, the `Link` header leads to the next page.
    """
    found = await parts.deciding.run(
        parts.delivery_alerts.page,
        after=read_cursor(cursor, pattern=SLUG_PATTERN),
        limit=limit + 1,
    )
    shown = found[:limit]
    headers = next_page(request, shown[-1].slug) if len(found) > limit else {}
    return Response(await _with_standing(parts, shown), headers=headers)


@post(
    "/delivery-alerts",
    status_code=201,
    tags=["delivery alerts"],
    responses=CREATING,
    response_headers=[LOCATION, ETAG],
    opt=needs("destinations:write"),
)
async def create_delivery_alert(
    data: Annotated[
        DeliveryAlertDraft,
        body(
            slug="on-call",
            name="On call",
            destinations=None,
            when={"down_for_s": 300, "dead_letters_more_than": 100},
            repeat_every_h=4,
            notify=[{"type": "slack", "url": "https://hooks.slack.com/services/T0/B0/x"}],
        ),
    ],
    request: Ask,
    parts: Given,
    idempotency_key: IdempotencyKey = "",
) -> Response[DeliveryAlertState]:
    """Make a delivery alert; what it watches is looked at every few seconds from then on."""
    made = await decide(
        parts,
        parts.delivery_alerts.create,
        data,
        actor=actor_of(request),
        once=await once_from(request, idempotency_key),
    )
    location = {"location": f"/api/v1/delivery-alerts/{made.slug}"}
    return await _answer(parts, made, status_code=201, headers=location)


@get(
    "/delivery-alerts/{slug:str}",
    tags=["delivery alerts"],
    responses=FINDING,
    response_headers=[ETAG],
    opt=needs("destinations:read"),
)
async def show_delivery_alert(parts: Given, slug: FromPath[str]) -> Response[DeliveryAlertState]:
    """Return one delivery alert; its `ETag` is what a change of it names."""
    return await _answer(parts, await parts.deciding.run(parts.delivery_alerts.get, slug))


@patch(
    "/delivery-alerts/{slug:str}",
    tags=["delivery alerts"],
    responses=CHANGING,
    response_headers=[ETAG],
    opt=needs("destinations:write"),
)
async def change_delivery_alert(
    data: Annotated[DeliveryAlertChange, body(enabled=False, when={"suspended_for_s": 60})],
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    if_match: IfMatch = "",
) -> Response[DeliveryAlertState]:
    """Change a delivery alert; what the body leaves out stays, what it gives is whole."""
    changed = await decide(
        parts,
        parts.delivery_alerts.change,
        slug,
        data,
        version=asked_version(if_match, is_required=True),
        actor=actor_of(request),
    )
    return await _answer(parts, changed)


@delete(
    "/delivery-alerts/{slug:str}",
    status_code=204,
    tags=["delivery alerts"],
    responses=DELETING,
    opt=needs("destinations:write"),
)
async def delete_delivery_alert(
    request: Ask, parts: Given, slug: FromPath[str], if_match: IfMatch = ""
) -> None:
    """Delete a delivery alert with its secrets; nobody is told anything of it any more."""
    await decide(
        parts,
        parts.delivery_alerts.delete,
        slug,
        version=asked_version(if_match, is_required=False),
        actor=actor_of(request),
    )


@post(
    "/delivery-alerts/{slug:str}/test",
    status_code=200,
    tags=["delivery alerts"],
    responses={**APPLYING, **FINDING},
    opt=needs("destinations:write"),
)
async def test_delivery_alert(request: Ask, parts: Given, slug: FromPath[str]) -> list[AlertTested]:
    """Send a test message to each place that the alert tells, and say how it was taken."""
    alert = await parts.deciding.run(parts.delivery_alerts.followed, slug)
    await parts.deciding.run(parts.delivery_alerts.note_test, slug, actor=actor_of(request))
    return await parts.alert_testing.send(alert)


async def _with_standing(parts: Parts, alerts: list[DeliveryAlert]) -> list[DeliveryAlertState]:
    path = alerts_path(parts.config)
    found = await parts.reading.run(standings, path, {each.slug for each in alerts})
    return [_state(each, found[each.slug]) for each in alerts]


def _state(alert: DeliveryAlert, standing: AlertStanding) -> DeliveryAlertState:
    told = AlertStanding(state="disabled") if not alert.enabled else standing
    fields = {name: getattr(alert, name) for name in alert.__struct_fields__}
    return DeliveryAlertState(**fields, standing=told)


async def _answer(
    parts: Parts,
    found: DeliveryAlert,
    *,
    status_code: int = 200,
    headers: dict[str, str] | None = None,
) -> Response[DeliveryAlertState]:
    [state] = await _with_standing(parts, [found])
    return Response(
        state,
        status_code=status_code,
        headers={**(headers or {}), "etag": etag(found.version)},
    )
