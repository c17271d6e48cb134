"""What the demo shop sells and how its visitors come: data, no behaviour."""

from typing import NamedTuple


class Product(NamedTuple):
    """A thing on sale; `price` in US dollars."""

    product_id: str
    name: str
    category: str
    price: float


class Campaign(NamedTuple):
    """A way into the shop: its share of visits and how likely its visitors are to buy."""

    name: str
    source: str
    medium: str
    referrer: str
    share: float
    intent: float


class Browser(NamedTuple):
    """A user agent with its share of visits."""

    user_agent: str
    width: int
    height: int
    share: float


class Place(NamedTuple):
    """A locale with its time zone, a documentation-range address block and its share of visits."""

    locale: str
    timezone: str
    country: str
    network: str
    share: float


PRODUCTS = (
    Product("p-101", "Trail Bottle 750 ml", "Bottles", 24.0),
    Product("p-102", "Trail Bottle 1 l", "Bottles", 29.0),
    Product("p-103", "Filter Cap", "Bottles", 18.5),
    Product("p-201", "Ridge Pack 22", "Packs", 119.0),
    Product("p-202", "Ridge Pack 35", "Packs", 159.0),
    Product("p-203", "Rain Cover", "Packs", 27.0),
    Product("p-301", "Merino Shirt", "Clothing", 69.0),
    Product("p-302", "Wind Shell", "Clothing", 139.0),
    Product("p-303", "Trail Socks 3-pack", "Clothing", 32.0),
    Product("p-304", "Sun Cap", "Clothing", 22.0),
    Product("p-401", "Camp Stove", "Camp", 84.0),
    Product("p-402", "Titanium Mug", "Camp", 36.0),
    Product("p-403", "Headlamp 400", "Camp", 54.0),
    Product("p-404", "Two-person Tent", "Camp", 349.0),
    Product("p-501", "Topographic Map Set", "Maps", 15.0),
    Product("p-502", "Baseplate Compass", "Maps", 42.0),
)

CAMPAIGNS = (
    Campaign("", "", "", "", 0.34, 1.0),
    Campaign("", "", "", "https://www.google.com/", 0.26, 1.1),
    Campaign("autumn-sale", "newsletter", "email", "", 0.12, 1.7),
    Campaign("brand-search", "google", "cpc", "https://www.google.com/", 0.11, 1.4),
    Campaign("trail-stories", "instagram", "social", "https://l.instagram.com/", 0.10, 0.5),
    Campaign("gear-review", "partner", "referral", "https://reviews.example.net/packs", 0.07, 1.3),
)

BROWSERS = (
    Browser(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/141.0.0.0 Safari/537.36",
        1536,
        864,
        0.34,
    ),
    Browser(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/18.6 Safari/605.1.15",
        1440,
        900,
        0.18,
    ),
    Browser(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
        "Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        390,
        844,
        0.24,
    ),
    Browser(
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/141.0.0.0 Mobile Safari/537.36",
        412,
        915,
        0.17,
    ),
    Browser(
        "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", 1920, 1080, 0.06
    ),
    Browser("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", 0, 0, 0.01),
)

PLACES = (
    Place("en-US", "America/New_York", "US", "192.0.2", 0.42),
    Place("en-GB", "Europe/London", "GB", "198.51.100", 0.18),
    Place("de-DE", "Europe/Berlin", "DE", "203.0.113", 0.20),
    Place("fr-FR", "Europe/Paris", "FR", "203.0.113", 0.12),
    Place("ja-JP", "Asia/Tokyo", "JP", "198.51.100", 0.08),
)

COMPANIES = (
    ("c-1", "Summit Outfitters", "wholesale", 48),
    ("c-2", "Riverbend Guides", "wholesale", 12),
    ("c-3", "North Loop Rentals", "partner", 31),
)
