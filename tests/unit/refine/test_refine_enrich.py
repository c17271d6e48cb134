from typing import Any

import pytest
from refining import one_event, track

from tailrace.event import Event

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def of_context(context: Any, **changes: Any) -> Event:
    return one_event(track(context=context), **changes)


@pytest.mark.parametrize(
    ("user_agent", "browser", "os", "device", "is_bot"),
    [
        (CHROME, "Chrome", "Windows", "", False),
        (IPHONE, "Mobile Safari", "iOS", "iPhone", False),
        (GOOGLEBOT, "Googlebot", "", "Spider", True),
        ("Mozilla/5.0 HeadlessChrome/126.0", "HeadlessChrome", "", "", True),
        ("rubbish", "", "", "", False),
        ("", "", "", "", False),
        ("x" * 50_000, "", "", "", False),
    ],
)
def test_the_user_agent_becomes_columns(
    user_agent: str, browser: str, os: str, device: str, is_bot: bool
) -> None:
    event = of_context({"userAgent": user_agent})

    assert (event.browser, event.os, event.device, event.is_bot) == (browser, os, device, is_bot)


def test_the_header_counts_for_client_side_calls_only() -> None:
    assert of_context({}, is_client_side=True, user_agent=CHROME).browser == "Chrome"
    assert of_context({}, is_client_side=False, user_agent=CHROME).browser == ""


def test_the_context_goes_before_the_header() -> None:
    event = of_context({"userAgent": IPHONE}, is_client_side=True, user_agent=CHROME)

    assert event.os == "iOS"


def test_client_hints_name_the_browser_behind_a_frozen_user_agent() -> None:
    hints = {
        "brands": [
            {"brand": "Not/A)Brand", "version": "8"},
            {"brand": "Chromium", "version": "126"},
            {"brand": "Brave", "version": "126"},
        ],
        "mobile": False,
        "platform": "macOS",
    }

    event = of_context({"userAgent": CHROME, "userAgentData": hints})

    assert (event.browser, event.os) == ("Brave", "Mac OS X")


def test_a_mobile_sdk_names_its_system_and_device() -> None:
    event = of_context({"os": {"name": "Android", "version": "14"}, "device": {"model": "Pixel 8"}})

    assert (event.os, event.device) == ("Android", "Pixel 8")


def campaign_of(event: Event) -> tuple[str, ...]:
    return (
        event.campaign_name,
        event.campaign_source,
        event.campaign_medium,
        event.campaign_term,
        event.campaign_content,
    )


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"campaign": {"name": "n", "source": "s", "extra": 1}}, ("n", "s", "", "", "")),
        ({"campaign": {"name": 2025, "source": "s"}}, ("2025", "s", "", "", "")),
        ({"campaign": "text"}, ("", "", "", "", "")),
        (
            {"page": {"search": "?utm_campaign=a%20b&utm_source=s&utm_medium=m&x=1"}},
            ("a b", "s", "m", "", ""),
        ),
        (
            {"page": {"search": "", "url": "https://x.y/?utm_term=t&utm_content=c#frag"}},
            ("", "", "", "t", "c"),
        ),
        (
            {"campaign": {"name": "n"}, "page": {"search": "?utm_campaign=other"}},
            ("n", "", "", "", ""),
        ),
        ({"page": {"search": 5, "url": ["utm_"]}}, ("", "", "", "", "")),
        ({"page": {"search": "?utm_source=%ff%fe"}}, ("", "\ufffd\ufffd", "", "", "")),
    ],
)
def test_the_campaign_comes_from_its_object_or_the_pages_address(
    context: Any, expected: tuple[str, ...]
) -> None:
    assert campaign_of(of_context(context)) == expected


@pytest.mark.parametrize(
    ("library", "expected"),
    [
        ({"name": "analytics.js", "version": "1.2"}, "analytics.js 1.2"),
        ({"name": "analytics.js"}, "analytics.js"),
        ({"version": "1.2"}, ""),
        ("analytics-ios/4.1", "analytics-ios/4.1"),
        (5, ""),
        ({"name": 5}, ""),
    ],
)
def test_the_library_is_its_name_and_version(library: Any, expected: str) -> None:
    assert of_context({"library": library}).library == expected


def test_one_field_of_a_wrong_type_does_not_harm_the_others() -> None:
    event = of_context(
        {"userAgent": CHROME, "page": 5, "ip": ["x"], "library": "l", "direct": "yes", "os": []}
    )

    assert (event.browser, event.library, event.ip) == ("Chrome", "l", "")
