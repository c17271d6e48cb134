"""Step 9, enrich: what the context says about browser, device, campaign and library, as columns."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from tailrace.refine.context import Campaign, Context, Page, UserAgentData
from tailrace.refine.draft import NO_CAMPAIGN, UNKNOWN_AGENT, CampaignTexts, Draft
from tailrace.refine.user_agent import UserAgent, parse_user_agent

TEXT_CHARACTERS_MAX: Final = 256
QUERY_CHARACTERS_MAX: Final = 2_048
# A page view is followed by others of its session, and a client has one library.
_CACHED_MAX: Final = 2_048
_UTM: Final = ("utm_campaign", "utm_source", "utm_medium", "utm_term", "utm_content")

# Client Hints name products in their maker's words; these are the words of the user agent texts.
_BROWSERS: Final = {
    "Google Chrome": "Chrome",
    "Microsoft Edge": "Edge",
    "Opera GX": "Opera",
    "YaBrowser": "Yandex Browser",
}
_SYSTEMS: Final = {"macOS": "Mac OS X", "Chromium OS": "Chrome OS"}


def enrich(drafts: Iterable[Draft]) -> None:
    """Fill in `agent`, `campaign` and `library`."""
    for draft in drafts:
        known = draft.known
        text = known.user_agent
        if not text and draft.origin.call.is_client_side:
            # On the server paths the header names the SDK's HTTP library, not anyone's browser.
            text = draft.origin.call.user_agent
        agent = parse_user_agent(text) if text else UNKNOWN_AGENT
        if known.user_agent_data is not None:
            agent = _with_client_hints(agent, known.user_agent_data)
        if (known.os is not None or known.device is not None) and not (agent.os and agent.device):
            agent = _with_device(agent, known)
        draft.agent = agent
        if known.campaign is not None:
            draft.campaign = _named_campaign(known.campaign)
        elif known.page is not None:
            draft.campaign = _utm_campaign(known.page)
        if known.library is not None and known.library.name:
            draft.library = _library(known.library.name, known.library.version)


def _with_client_hints(agent: UserAgent, hints: UserAgentData) -> UserAgent:
    """Prefer the browser's own words: its user agent text is frozen, or says Chrome for all."""
    names = [brand.brand for brand in hints.brands if "Brand" not in brand.brand]
    # Chromium lists itself beside the product that is built on it.
    product = next((name for name in names if name != "Chromium"), "")
    return UserAgent(
        browser=_text(_BROWSERS.get(product, product)) or agent.browser,
        os=_text(_SYSTEMS.get(hints.platform or "", hints.platform)) or agent.os,
        device=_text(hints.model) or agent.device,
        is_bot=agent.is_bot or any("Headless" in name for name in names),
    )


def _with_device(agent: UserAgent, known: Context) -> UserAgent:
    """Mobile SDKs send no user agent text, but their system and device."""
    system = known.os.name if known.os else None
    device = (known.device.model or known.device.name) if known.device else None
    return agent._replace(os=agent.os or _text(system), device=agent.device or _text(device))


def _named_campaign(campaign: Campaign) -> CampaignTexts:
    return (
        _text(campaign.name),
        _text(campaign.source),
        _text(campaign.medium),
        _text(campaign.term),
        _text(campaign.content),
    )


def _utm_campaign(page: Page) -> CampaignTexts:
    """Read the utm_ parameters of the page; `utm_campaign` is the campaign's name."""
    query = page.search
    if not query or "utm_" not in query:
        url = page.url
        if not url or "utm_" not in url:
            return NO_CAMPAIGN
        query = url.partition("?")[2].partition("#")[0]
    return _parse_query(query.lstrip("?")[:QUERY_CHARACTERS_MAX])


@lru_cache(maxsize=_CACHED_MAX)
def _parse_query(query: str) -> CampaignTexts:
    pairs = dict(parse_qsl(query, errors="replace"))
    name, source, medium, term, content = (_text(pairs.get(key)) for key in _UTM)
    return name, source, medium, term, content


@lru_cache(maxsize=_CACHED_MAX)
def _library(name: str, version: str | None) -> str:
    return _text(f"{name} {version}" if version else name)


def _text(value: str | None) -> str:
    return value[:TEXT_CHARACTERS_MAX] if value else ""
