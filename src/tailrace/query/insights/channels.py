"""Where a visit came from: source, medium, campaign and channel of an event, as SQL.

In this order: the campaign that the SDK or the collector found (columns `campaign_*`), `utm_*` of
the page's address, a click id of an advertiser in it, the domain of the referrer; what has none of
these is direct. A referrer on the site's own domain, or one below or above it, says nothing.
Everything is compared and shown in lower case, without spaces around it. Search engines, social
networks, mail services and click ids are in `referrers.json`.
"""

from functools import cache
from importlib import resources
from typing import Final, Literal, NamedTuple

import msgspec

from tailrace.query.bind import Binder

Channel = Literal[
    "direct",
    "organic search",
    "organic social",
    "email",
    "referral",
    "paid search",
    "paid social",
    "paid other",
    "display",
    "affiliates",
    "sms",
    "push",
    "other",
]
DIRECT: Final = "direct"
UNKNOWN_SOURCE: Final = "(direct)"
"""The source of what is direct; a campaign without a source has ''."""
DIRECT_TOUCH: Final = f"('{UNKNOWN_SOURCE}', '', '', '{DIRECT}')"
"""SQL for the touch of what is direct."""
_PAID: Final = r"^(.*cp[acmv].*|ppc|retargeting|paid.*)$"
_DISPLAY: Final = ("display", "banner", "expandable", "interstitial", "cpm")
_EMAIL: Final = ("email", "e-mail", "e_mail", "e mail", "newsletter", "mail")
_SOCIAL: Final = (
    "social",
    "social-network",
    "social-media",
    "sm",
    "social network",
    "social media",
)
_REFERRAL: Final = ("referral", "app", "link")
_PAGE_URL: Final = "page_url"
_REFERRER: Final = "page_referrer"
TOUCH_INPUTS: Final = (
    "campaign_source, campaign_medium, campaign_name, "
    f"ifNull(context_fields.page.url, '') AS {_PAGE_URL}, "
    f"ifNull(context_fields.page.referrer, '') AS {_REFERRER}"
)
"""SQL for what `touch_sql` reads, to be selected of the events by the same SELECT or one within."""


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A site that visits come from, of `kind` search, social or email."""

    name: str
    kind: Literal["search", "social", "email"]
    domains: list[str]
    names: list[str]


class Click(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parameter that an advertiser adds to the address of a page."""

    parameter: str
    source: str
    medium: str


class Referrers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `referrers.json` holds."""

    about: str
    places: list[Place]
    clicks: list[Click]


class Touch(NamedTuple):
    """The parts of a touch's tuple in SQL, numbered from 1."""

    source: int = 1
    medium: int = 2
    campaign: int = 3
    channel: int = 4


TOUCH: Final = Touch()


@cache
def referrers() -> Referrers:
    """Return the tables of referrers and click ids."""
    text = resources.files(__package__).joinpath("referrers.json").read_bytes()
    return msgspec.json.decode(text, type=Referrers)


def touch_sql(binder: Binder) -> str:
    """Return SQL for the tuple (source, medium, campaign, channel) of an event; no part is NULL.

    A part that is not known is ''; the channel is always one of `Channel`. What it reads is given
    by `TOUCH_INPUTS`.
    """
    campaign = tuple(_clean(f"campaign_{name}") for name in ("source", "medium", "name"))
    utm = tuple(_clean(_parameter(f"utm_{name}")) for name in ("source", "medium", "campaign"))
    clicks = referrers().clicks
    names = binder.texts([click.parameter for click in clicks])
    found = (
        "arrayMin(arrayFilter(n -> n > 0, arrayPushBack(arrayMap(n -> "
        f"indexOf({names}, lower(n)), extractURLParameterNames({_PAGE_URL})), 255)))"
    )
    sources = binder.texts([*(click.source for click in clicks)])
    mediums = binder.texts([*(click.medium for click in clicks)])
    click = _named("n", found, f"({sources}[n], {mediums}[n], '')")
    # Most addresses have no parameters, and need not be taken apart.
    has_parameters = f"position({_PAGE_URL}, '?') > 0"
    said = _multi(
        (_any_of(campaign), _tuple(campaign)),
        (f"{has_parameters} AND {_any_of(utm)}", _tuple(utm)),
        (f"{has_parameters} AND {found} != 255", click),
        (f"{_REFERRER} != '' AND {_is_foreign()}", _referrer(binder)),
        default="('', '', '')",
    )
    return _named("said", said, _with_channel("said", binder))


def _with_channel(said: str, binder: Binder) -> str:
    source, medium, kind = f"{said}.1", f"{said}.2", "kind"
    places = referrers().places
    names = [
        (name, place.kind) for place in places for name in dict.fromkeys([place.name, *place.names])
    ]
    kind_sql = (
        f"transform({source}, {binder.texts([name for name, _ in names])}, "
        f"{binder.texts([kind for _, kind in names])}, '')"
    )
    paid = f"match({medium}, {binder.text(_PAID)})"
    # What the source is, where the medium does not say how it was used.
    plain = f"if({medium} IN ('', 'referral'), {kind}, '')"
    mail = _among(medium, _EMAIL, binder), _among(source, _EMAIL, binder), f"{plain} = 'email'"
    is_mail = " OR ".join(mail)
    channel = _multi(
        (f"{said} = ('', '', '')", "'direct'"),
        (_among(medium, _DISPLAY, binder), "'display'"),
        (f"{paid} AND {kind} = 'search'", "'paid search'"),
        (f"{paid} AND {kind} = 'social'", "'paid social'"),
        (paid, "'paid other'"),
        (is_mail, "'email'"),
        (f"{medium} IN ('affiliate', 'affiliates')", "'affiliates'"),
        (f"{medium} = 'sms' OR {source} = 'sms'", "'sms'"),
        (f"endsWith({medium}, 'push') OR position({medium}, 'notification') > 0", "'push'"),
        (f"{_among(medium, _SOCIAL, binder)} OR {plain} = 'social'", "'organic social'"),
        (f"{medium} = 'organic' OR ({medium} = '' AND {kind} = 'search')", "'organic search'"),
        (_among(medium, _REFERRAL, binder), "'referral'"),
        default="'other'",
    )
    known = f"if({said} = ('', '', ''), '{UNKNOWN_SOURCE}', {source})"
    return _named("kind", kind_sql, f"({known}, {medium}, {said}.3, {channel})")


def _referrer(binder: Binder) -> str:
    """Return SQL for what a foreign referrer tells."""
    places = [
        (
            domain,
            place.name,
            {"search": "organic", "social": "social", "email": "email"}[place.kind],
        )
        for place in referrers().places
        for domain in place.domains
    ]
    domains = binder.texts([domain for domain, _, _ in places])
    names = binder.texts([name for _, name, _ in places])
    mediums = binder.texts([medium for _, _, medium in places])
    whole = "arrayMap(i -> arrayStringConcat(arraySlice(labels, i), '.'), arrayEnumerate(labels))"
    is_country = (
        "length(labels) - i BETWEEN 1 AND 2 "
        "AND arrayAll(x -> length(x) <= 3, arraySlice(labels, i + 1))"
    )
    country = (
        "arrayMap(i -> concat(labels[i], '.*'), "
        f"arrayFilter(i -> {is_country}, arrayEnumerate(labels)))"
    )
    place = (
        "arrayFirst(n -> n > 0, arrayMap(domain -> "
        f"indexOf({domains}, domain), arrayConcat({whole}, {country})))"
    )
    host = "arrayStringConcat(labels, '.')"
    known = f"if(n > 0, ({names}[n], {mediums}[n], ''), ({host}, 'referral', ''))"
    labels = f"splitByChar('.', {_host(_REFERRER)})"
    return _named("labels", labels, _named("n", place, known))


def _is_foreign() -> str:
    there, here = _host(_REFERRER), _host(_PAGE_URL)
    return (
        f"{there} != '' AND NOT ({there} = {here} OR endsWith({there}, concat('.', {here})) "
        f"OR ({here} != '' AND endsWith({here}, concat('.', {there}))))"
    )


def _host(url: str) -> str:
    return f"lower(domainWithoutWWW({url}))"


def _parameter(name: str) -> str:
    return f"decodeURLFormComponent(extractURLParameter({_PAGE_URL}, '{name}'))"


def _clean(text: str) -> str:
    return f"lowerUTF8(trimBoth({text}))"


def _any_of(parts: tuple[str, ...]) -> str:
    return "(" + " OR ".join(f"{part} != ''" for part in parts) + ")"


def _tuple(parts: tuple[str, ...]) -> str:
    return f"({', '.join(parts)})"


def _among(text: str, values: tuple[str, ...], binder: Binder) -> str:
    return f"has({binder.texts(values)}, {text})"


def _multi(*cases: tuple[str, str], default: str) -> str:
    parts = [part for case in cases for part in case]
    return f"multiIf({', '.join([*parts, default])})"


def _named(name: str, sql: str, result: str) -> str:
    """Return SQL for `result`, in which `name` is the value of `sql`.

    Each mention of an expression costs the engine, before and while it runs: so an array of one is
    mapped instead.
    """
    return f"arrayMap({name} -> {result}, [{sql}])[1]"
