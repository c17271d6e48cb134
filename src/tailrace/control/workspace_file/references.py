"""Which environment variables and files a workspace file refers to; for who has their values."""

from collections.abc import Iterator

from tailrace.control.workspace_file.reading import Node


def references_in(root: Node) -> set[tuple[str, str]]:
    """Return kind (`env` or `file`) and name of what stands where secrets may be."""
    found: set[tuple[str, str]] = set()
    for node in _places(root):
        if not isinstance(node.value, dict) or len(node.value) != 1:
            continue
        [(kind, item)] = node.value.items()
        if kind in ("env", "file") and isinstance(item.value, str) and item.value:
            found.add((kind, item.value))
    return found


def _places(root: Node) -> Iterator[Node]:
    for source in _items(_item(root, "sources")):
        if (secret := _item(source, "webhook_secret")) is not None:
            yield secret
    for destination in _items(_item(root, "destinations")):
        yield from _items(_item(destination, "settings"))
    for alert in _items(_item(root, "delivery_alerts")):
        for notify in _items(_item(alert, "notify")):
            yield from _items(notify)


def _item(node: Node | None, key: str) -> Node | None:
    return node.value.get(key) if node is not None and isinstance(node.value, dict) else None


def _items(node: Node | None) -> list[Node]:
    return list(node.value.values()) if node is not None and isinstance(node.value, dict) else []
