"""Step 9, enrich: what the context says about browser, device, campaign and library, as columns."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

from tailrace.refine.context import Campaign, Context, Facts, Page, UserAgentData
from tailrace.refine.draft import Draft
from tailrace.refine.user_agent import UserAgent, parse_user_agent

TEXT_CHARACTERS_MAX: Final = 256
QUERY_CHARACTERS_MAX: Final = 8_192
_NO_AGENT: Final = UserAgent()
_NO_CAMPAIGN: Final = ("", "", "", "", "")
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
    """Fill in `facts`."""
    for draft in drafts:
        known = draft.known
        if known is None:
            continue
        text = known.user_agent
        if not text and draft.origin.call.is_client_side:
            # On the server paths the header names the SDK's HTTP library, not anyone's browser.
            text = draft.origin.call.user_agent
        agent = parse_user_agent(text) if text else _NO_AGENT
        if known.user_agent_data is not None:
            agent = _with_client_hints(agent, known.user_agent_data)
        if not (agent.os and agent.device) and (known.os or known.device):
            agent = _with_device(agent, known)
        draft.facts = Facts(*agent, *_campaign(known), _library(known))


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


def _campaign(known: Context) -> tuple[str, str, str, str, str]:
    if known.campaign is not None:
        return _named_campaign(known.campaign)
    if known.page is not None:
        return _utm_campaign(known.page)
    return _NO_CAMPAIGN


def _named_campaign(campaign: Campaign) -> tuple[str, str, str, str, str]:
    return (
        _text(campaign.name),
        _text(campaign.source),
        _text(campaign.medium),
        _text(campaign.term),
        _text(campaign.content),
    )


def _utm_campaign(page: Page) -> tuple[str, str, str, str, str]:
    """Read the utm_ parameters of the page; `utm_campaign` is the campaign's name."""
    query = page.search or ""
    if "utm_" not in query:
        if not page.url or "utm_" not in page.url:
            return _NO_CAMPAIGN
        query = page.url.partition("?")[2].partition("#")[0]
    pairs = dict(parse_qsl(query.lstrip("?")[:QUERY_CHARACTERS_MAX], errors="replace"))
    name, source, medium, term, content = (_text(pairs.get(key)) for key in _UTM)
    return name, source, medium, term, content


def _library(known: Context) -> str:
    library = known.library
    if library is None or not library.name:
        return ""
    return _text(f"{library.name} {library.version}" if library.version else library.name)


def _text(value: str | None) -> str:
    return value[:TEXT_CHARACTERS_MAX] if value else ""
