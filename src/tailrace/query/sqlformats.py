"""The formats in which clients may have their rows, and how HTTP names them."""

from typing import Final

_NAMES: Final = (
    *("Arrow", "ArrowStream", "Avro", "BSONEachRow", "CSV", "CSVWithNames"),
    *("CSVWithNamesAndTypes", "CustomSeparated", "CustomSeparatedWithNames"),
    *("CustomSeparatedWithNamesAndTypes", "JSON", "JSONColumns", "JSONColumnsWithMetadata"),
    *("JSONCompact", "JSONCompactColumns", "JSONCompactEachRow", "JSONCompactEachRowWithNames"),
    *("JSONCompactEachRowWithNamesAndTypes", "JSONCompactStrings", "JSONCompactStringsEachRow"),
    *("JSONCompactStringsEachRowWithNames", "JSONCompactStringsEachRowWithNamesAndTypes"),
    *("JSONEachRow", "JSONEachRowWithProgress", "JSONLines", "JSONObjectEachRow", "JSONStrings"),
    *("JSONStringsEachRow", "LineAsString", "Markdown", "MsgPack", "NDJSON", "Native", "Npy"),
    *("Null", "ORC", "Parquet", "Pretty", "PrettyCompact", "PrettyCompactMonoBlock"),
    *("PrettyJSONEachRow", "PrettyNoEscapes", "PrettySpace", "Prometheus", "RawBLOB"),
    *("RowBinary", "RowBinaryWithNames", "RowBinaryWithNamesAndTypes", "SQLInsert", "TSKV", "TSV"),
    *("TSVRaw", "TSVWithNames", "TSVWithNamesAndTypes", "TabSeparated", "TabSeparatedRaw"),
    *("TabSeparatedRawWithNames", "TabSeparatedRawWithNamesAndTypes", "TabSeparatedWithNames"),
    *("TabSeparatedWithNamesAndTypes", "Values", "Vertical", "XML"),
)
_BY_LOWER: Final = {name.lower(): name for name in _NAMES}
DEFAULT_FORMAT: Final = "TabSeparated"


def known_format(name: str) -> str | None:
    """Return a format's name as the engine writes it; None for one that is not offered."""
    return _BY_LOWER.get(name.lower())


def media_type_of(name: str) -> str:
    """Return what HTTP calls a format."""
    if name.startswith(("CSV", "CustomSeparated")):
        header = "present" if "WithNames" in name else "absent"
        return f"text/csv; charset=UTF-8; header={header}"
    if name.startswith(("TabSeparated", "TSV", "TSKV")):
        return "text/tab-separated-values; charset=UTF-8"
    if "EachRow" in name or name in ("NDJSON", "JSONLines"):
        return "application/x-ndjson; charset=UTF-8"
    if name.startswith("JSON"):
        return "application/json; charset=UTF-8"
    if name == "XML":
        return "application/xml; charset=UTF-8"
    if name in _BINARY:
        return "application/octet-stream"
    return "text/plain; charset=UTF-8"


_BINARY: Final = frozenset(
    {
        *("Arrow", "ArrowStream", "Avro", "BSONEachRow", "MsgPack", "Native", "Npy", "ORC"),
        *("Parquet", "RawBLOB", "RowBinary", "RowBinaryWithNames", "RowBinaryWithNamesAndTypes"),
    }
)
