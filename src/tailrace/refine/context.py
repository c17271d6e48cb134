"""Read the few fields of `context` that refine needs; all others pass through unread."""

from typing import Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tailrace.refine.fields import UNREADABLE, read_object, text_of


class Named(msgspec.Struct, gc=False):
    """`context.library`, `context.os` and `context.device`."""

    name: str | None = None
    version: str | None = None
    model: str | None = None


class Campaign(msgspec.Struct, gc=False):
    """`context.campaign`."""

    name: str | None = None
    source: str | None = None
    medium: str | None = None
    term: str | None = None
    content: str | None = None


class Page(msgspec.Struct, gc=False):
    """`context.page`, as far as it may carry utm_ parameters."""

    search: str | None = None
    url: str | None = None


class Brand(msgspec.Struct, gc=False):
    """One browser brand of the User-Agent Client Hints."""

    brand: str = ""


class UserAgentData(msgspec.Struct, gc=False):
    """`context.userAgentData`: the browser's own words where the user agent text is frozen."""

    brands: list[Brand] = []
    platform: str | None = None
    model: str | None = None


class Context(msgspec.Struct, rename="camel", gc=False, frozen=True):
    """The fields of `context` that refine reads."""

    ip: str | UnsetType | None = UNSET
    direct: bool | None = None
    user_agent: str | None = None
    user_agent_data: UserAgentData | None = None
    library: Named | None = None
    campaign: Campaign | None = None
    page: Page | None = None
    os: Named | None = None
    device: Named | None = None


_read = msgspec.json.Decoder(Context).decode
_encode = msgspec.json.Encoder().encode
_READERS: Final = {
    field.encode_name: msgspec.json.Decoder(field.type).decode
    for field in msgspec.structs.fields(Context)
}


def read_context(raw: Raw | bytes) -> Context:
    """Return the known fields of a context; one of a wrong type counts as missing."""
    try:
        return _read(raw)
    except UNREADABLE:
        return _read_one_by_one(raw)


def _read_one_by_one(raw: Raw | bytes) -> Context:
    """Read the members that are of the right type, or can be made so."""
    values = read_object(raw)
    good: dict[str, Raw] = {}
    for name, read in _READERS.items():
        for value in (values.get(name), _amended(name, values.get(name))):
            if value is None:
                continue
            try:
                read(value)
            except UNREADABLE:
                continue
            good[name] = value
            break
    return _read(_encode(good))


def _amended(name: str, raw: Raw | None) -> Raw | None:
    """Return what clients do send in another type: a library as text, campaigns as numbers."""
    if raw is None:
        return None
    if name == "library":
        return Raw(_encode({"name": text_of(raw, numbers=False)}))
    if name == "campaign":
        try:
            values = read_object(raw)
        except UNREADABLE:
            return None
        return Raw(_encode({key: text_of(value, numbers=True) for key, value in values.items()}))
    if name == "ip":
        # It is there, though it names no address: a setting that drops addresses must see it.
        return Raw(b"null")
    return None
