"""Makes the demo shop's visits: each one a short list of calls as an SDK would send them."""

import heapq
import math
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from tailrace.demo.catalogue import (
    BROWSERS,
    CAMPAIGNS,
    COMPANIES,
    PLACES,
    PRODUCTS,
    Browser,
    Campaign,
    Place,
    Product,
)

Call = dict[str, Any]
Choice = TypeVar("Choice", Campaign, Browser, Place)

SHOP = "https://shop.example.com"
RETURN_SHARE = 0.45
VISITORS_REMEMBERED = 20_000


@dataclass
class Visitor:
    """Someone who comes to the shop, perhaps again; `number` is set when they sign up."""

    anonymous_id: str
    browser: Browser
    place: Place
    address: str
    uses_app: bool
    number: int = 0
    orders: int = 0
    first_seen: datetime | None = None

    @property
    def user_id(self) -> str | None:
        """The id after sign-up."""
        return f"user-{self.number}" if self.number else None


@dataclass
class Visit:
    """One session while it is being written down."""

    visitor: Visitor
    campaign: Campaign
    at: datetime
    calls: list[Call] = field(default_factory=list)


class Shop:
    """The shop and everyone who has been there; `visit` adds one session."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a made-up shop, not a secret
        self._visitors: list[Visitor] = []
        self._signed_up = 0
        self._orders = 1000

    def visit(self, at: datetime) -> list[Call]:
        """Return the calls of one visit that begins at `at`, oldest first."""
        draw = self._random
        visitor = self._someone(at)
        campaign = _weighted(draw, CAMPAIGNS)
        visit = Visit(visitor=visitor, campaign=campaign, at=at)
        if visitor.uses_app:
            self._look(visit, "screen", "Home", "/")
        else:
            self._look(visit, "page", "Home", "/")
        if visitor.browser.width == 0:
            return visit.calls
        cart = self._browse(visit)
        if cart and draw.random() < min(0.9, 0.42 * campaign.intent):
            self._check_out(visit, cart)
        return visit.calls

    def _someone(self, at: datetime) -> Visitor:
        draw = self._random
        if self._visitors and draw.random() < RETURN_SHARE:
            # People who came lately are likelier to come again than those of long ago.
            back = int(draw.expovariate(1 / (1 + len(self._visitors) / 5)))
            return self._visitors[max(0, len(self._visitors) - 1 - back)]
        place = _weighted(draw, PLACES)
        visitor = Visitor(
            anonymous_id=self._uuid(),
            browser=_weighted(draw, BROWSERS),
            place=place,
            address=f"{place.network}.{draw.randint(1, 254)}",
            uses_app=draw.random() < 0.18,
            first_seen=at,
        )
        self._visitors.append(visitor)
        if len(self._visitors) > VISITORS_REMEMBERED:
            del self._visitors[: VISITORS_REMEMBERED // 10]
        return visitor

    def _browse(self, visit: Visit) -> list[tuple[Product, int]]:
        draw = self._random
        cart: list[tuple[Product, int]] = []
        for _ in range(1 + int(draw.expovariate(1 / 2.2))):
            product = PRODUCTS[min(len(PRODUCTS) - 1, int(draw.expovariate(1 / 5)))]
            if draw.random() < 0.12:
                self._track(visit, "Products Searched", {"query": product.name.split()[0].lower()})
            self._look_at(visit, product)
            if draw.random() < min(0.6, 0.24 * visit.campaign.intent):
                quantity = 1 + int(draw.random() < 0.15)
                cart.append((product, quantity))
                self._track(visit, "Product Added", {**_described(product), "quantity": quantity})
        if visit.visitor.number == 0 and draw.random() < (0.5 if cart else 0.04):
            self._sign_up(visit)
        return cart

    def _look_at(self, visit: Visit, product: Product) -> None:
        kind = "screen" if visit.visitor.uses_app else "page"
        self._look(visit, kind, "Product", f"/products/{product.product_id}", product.name)
        self._track(visit, "Product Viewed", _described(product))

    def _sign_up(self, visit: Visit) -> None:
        draw = self._random
        self._signed_up += 1
        visitor = visit.visitor
        visitor.number = self._signed_up
        plan = "plus" if draw.random() < 0.2 else "free"
        traits = {
            "email": f"user-{visitor.number}@example.com",
            "plan": plan,
            "country": visitor.place.country,
            "createdAt": _text(visit.at),
        }
        self._call(visit, "identify", traits=traits)
        self._track(visit, "Signed Up", {"plan": plan, "method": draw.choice(["email", "google"])})
        if draw.random() < 0.05:
            company_id, name, kind, employees = draw.choice(COMPANIES)
            company = {"name": name, "plan": kind, "employees": employees}
            self._call(visit, "group", groupId=company_id, traits=company)

    def _check_out(self, visit: Visit, cart: Sequence[tuple[Product, int]]) -> None:
        draw = self._random
        value = round(sum(product.price * quantity for product, quantity in cart), 2)
        lines = [{**_described(product), "quantity": quantity} for product, quantity in cart]
        self._orders += 1
        order = {"order_id": f"o-{self._orders}", "value": value, "currency": "USD"}
        self._track(visit, "Checkout Started", {**order, "products": lines})
        if draw.random() < 0.22:
            return
        method = draw.choice(["card", "card", "card", "paypal", "invoice"])
        self._track(visit, "Payment Info Entered", {**order, "payment_method": method})
        if draw.random() < 0.12:
            self._track(visit, "Payment Failed", {**order, "reason": "card_declined"})
            return
        coupon = "AUTUMN10" if visit.campaign.name == "autumn-sale" else None
        discount = round(value * 0.1, 2) if coupon else 0
        visit.visitor.orders += 1
        completed = {
            **order,
            "revenue": round(value - discount, 2),
            "discount": discount,
            "coupon": coupon,
            "payment_method": method,
            "is_first_order": visit.visitor.orders == 1,
            "products": lines,
        }
        self._track(visit, "Order Completed", completed)

    def _look(self, visit: Visit, kind: str, name: str, path: str, title: str = "") -> None:
        url = SHOP + path
        properties = (
            {"path": path, "url": url, "title": title or name, "referrer": visit.campaign.referrer}
            if kind == "page"
            else {"title": title or name}
        )
        self._call(visit, kind, name=name, properties=properties)

    def _track(self, visit: Visit, event: str, properties: dict[str, Any]) -> None:
        self._call(visit, "track", event=event, properties=properties)

    def _call(self, visit: Visit, kind: str, **fields: Any) -> None:
        visitor = visit.visitor
        call: Call = {
            "type": kind,
            "messageId": f"demo-{self._uuid()}",
            "timestamp": _text(visit.at),
            "anonymousId": visitor.anonymous_id,
            **fields,
            "context": _context(visit),
        }
        if visitor.user_id is not None:
            call["userId"] = visitor.user_id
        visit.calls.append(call)
        visit.at += timedelta(seconds=4 + self._random.expovariate(1 / 25))

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def history(*, start: datetime, end: datetime, events: int, seed: int = 1) -> Iterator[Call]:
    """Yield about `events` calls of visits spread from `start` to `end`, oldest first.

    Visits follow the hour of the day and the day of the week, and grow over the period.
    """
    shop = Shop(seed)
    draw = random.Random(seed + 1)  # noqa: S311 - a made-up shop, not a secret
    # A visit has 8.5 calls on average; the mean of the pace below over a week is near 1.
    visits = max(1, round(events / 8.5))
    step = (end - start) / visits
    at = start
    pending: list[tuple[datetime, int, Call]] = []
    number = 0
    while at < end:
        for call in shop.visit(at):
            number += 1
            heapq.heappush(pending, (_time(call), number, call))
        at += step * draw.expovariate(1.0) / _pace(at, start=start, end=end)
        while pending and pending[0][0] <= at:
            yield heapq.heappop(pending)[2]
    while pending:
        yield heapq.heappop(pending)[2]


def live(*, seed: int) -> Iterator[Call]:
    """Yield calls of visits that happen now, one after another, for ever."""
    shop = Shop(seed)
    while True:
        waiting = [iter(shop.visit(datetime.now(UTC))) for _ in range(8)]
        while waiting:
            for visit in list(waiting):
                call = next(visit, None)
                if call is None:
                    waiting.remove(visit)
                    continue
                call["timestamp"] = _text(datetime.now(UTC))
                yield call


def _pace(at: datetime, *, start: datetime, end: datetime) -> float:
    """Return how busy the shop is at a moment, about 1 on average."""
    hour = at.hour + at.minute / 60
    day = 1 + 0.75 * math.cos((hour - 18) / 24 * 2 * math.pi)
    week = 1.25 if at.weekday() >= 5 else 0.9
    growth = 0.6 + 0.8 * ((at - start) / (end - start))
    return max(0.05, day * week * growth)


def _context(visit: Visit) -> dict[str, Any]:
    visitor = visit.visitor
    context: dict[str, Any] = {
        "ip": visitor.address,
        "locale": visitor.place.locale,
        "timezone": visitor.place.timezone,
    }
    if visitor.uses_app:
        context["library"] = {"name": "analytics-swift", "version": "1.9.0"}
        context["app"] = {"name": "Shop", "version": "3.2.0", "build": "320"}
        context["os"] = {"name": "iOS", "version": "18.6"}
    else:
        context["library"] = {"name": "analytics.js", "version": "npm:next-1.84.3"}
        context["userAgent"] = visitor.browser.user_agent
        context["screen"] = {"width": visitor.browser.width, "height": visitor.browser.height}
    if visit.campaign.name:
        context["campaign"] = {
            "name": visit.campaign.name,
            "source": visit.campaign.source,
            "medium": visit.campaign.medium,
        }
    return context


def _described(product: Product) -> dict[str, Any]:
    return product._asdict()


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _time(call: Call) -> datetime:
    return datetime.fromisoformat(call["timestamp"])


def _weighted(draw: random.Random, choices: Sequence[Choice]) -> Choice:
    return draw.choices(choices, weights=[choice.share for choice in choices])[0]
