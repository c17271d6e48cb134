"""Step 8, ip: fill in the address of client-side calls, and keep, truncate or drop it.

An address that may not be kept is changed in `context` and in the event's original text alike.
Addresses that the sender put into properties or traits are the sender's words and stay.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

import msgspec
from msgspec import UNSET, Raw

from tailrace.config import Source
from tailrace.refine.draft import EMPTY_OBJECT, Draft
from tailrace.refine.fields import UNREADABLE, read_object, text_of
from tailrace.refine.repair import on_one_line

IP_CHARACTERS_MAX: Final = 45
_encode: Final = msgspec.json.Encoder().encode


def apply_ip_setting(drafts: Iterable[Draft]) -> None:
    """Fill in `context.ip` where the server knows it, then obey the source's `ip` setting."""
    for draft in drafts:
        origin = draft.origin
        known = draft.known
        sent = known.ip
        ip = sent or ""
        if not ip and (origin.call.is_client_side or known.direct):
            ip = origin.call.remote_address
        setting = origin.source.ip
        if setting == "keep":
            if ip and not sent:
                draft.context = with_ip(draft.context, ip, has_key=sent is not UNSET)
        else:
            ip = truncated(ip) if ip and setting == "truncate" else ""
            if ip or sent is not UNSET:
                draft.context = with_ip(draft.context, ip, has_key=sent is not UNSET)
            if sent is not UNSET:
                _rewrite_original(draft, ip)
        draft.ip = ip[:IP_CHARACTERS_MAX]


def with_ip(context: Raw, ip: str, *, has_key: bool) -> Raw:
    """Return the context with this `ip`, or without any when it is empty.

    A missing one is spliced in before the first member, at no cost but a copy.
    """
    text = bytes(context)
    if has_key:
        members = read_object(text)
        members.pop("ip", None)
        return Raw(_encode({**({"ip": ip} if ip else {}), **members}))
    if not ip:
        return context
    rest = text[1:]
    separator = b"" if rest.lstrip()[:1] == b"}" else b","
    return Raw(b'{"ip":' + _encode(ip) + separator + rest)


@lru_cache(maxsize=16_384)
def truncated(ip: str) -> str:
    """Return the network that an address belongs to (/24 or /48); empty for what is no address."""
    try:
        address: IPv4Address | IPv6Address = ip_address(ip.strip().split("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    network = ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False)
    return str(network.network_address)


def without_unkept_ip(text: bytes, source: Source) -> bytes:
    """Return an event's JSON with no more of `context.ip` than the source's setting keeps.

    A text that cannot be read cannot be searched either: nothing of it is kept.
    """
    if source.ip == "keep":
        return text
    try:
        members = read_object(on_one_line(text))
        own = members.get("context", EMPTY_OBJECT)
        sent = read_object(own).get("ip") if bytes(own).startswith(b"{") else None
        if sent is None:
            return text
        ip = truncated(text_of(sent, numbers=False) or "") if source.ip == "truncate" else ""
        return _encode({**members, "context": with_ip(own, ip, has_key=True)})
    except UNREADABLE:
        return b""


def _rewrite_original(draft: Draft, ip: str) -> None:
    """Write the event's own context anew; every other byte of the text stays as it was sent."""
    own = bytes(draft.fields.context)
    if own[:1] != b"{":
        return
    replacement = bytes(with_ip(Raw(own), ip, has_key="ip" in read_object(own)))
    text = draft.text
    if text.count(b'"context"') == 1 and text.count(own) == 1:
        draft.sent = text.replace(own, replacement)
        return
    # The text has the word or the object twice: write the whole event anew, key by key.
    try:
        members = read_object(text)
    except UNREADABLE:
        members = {}
    members["context"] = Raw(replacement)
    draft.sent = _encode(members)
