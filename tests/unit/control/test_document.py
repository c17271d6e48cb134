"""The view that parts have of a document."""

from tailrace.config import Secret, Source
from tailrace.control.document import (
    NEVER,
    Document,
    DocumentKey,
    DocumentSource,
    Workspace,
    collisions,
    decode_document,
    encode_document,
    workspace_of,
)
from tailrace.control.vault import Vault, webhook_place

VAULT = Vault([bytes(32)])
NOW = 1_000.0


def document_of(*sources: DocumentSource) -> Document:
    return Document(workspace="ws", version=3, secret_key_id="k", sources=sources)


def view(document: Document, *file_sources: Source, now: float = NOW) -> Workspace:
    return workspace_of(document, VAULT, file_sources=file_sources, now=now)


def test_a_document_survives_its_text() -> None:
    document = document_of(
        DocumentSource(slug="shop", keys=(DocumentKey("a", 5.0),)), DocumentSource(slug="b")
    )

    assert decode_document(encode_document(document), where="here") == document


def test_a_key_is_known_until_its_end() -> None:
    document = document_of(
        DocumentSource(
            slug="shop",
            keys=(DocumentKey("stays"), DocumentKey("ends", NOW + 5), DocumentKey("ended", NOW)),
        )
    )

    assert view(document).by_slug["shop"].write_keys == ("stays", "ends")
    assert view(document).expires_at == NOW + 5
    assert view(document, now=NOW + 5).by_slug["shop"].write_keys == ("stays",)
    assert view(document, now=NOW + 5).expires_at == NEVER


def test_secrets_are_opened() -> None:
    sealed = VAULT.seal(Secret("planted"), place=webhook_place("shop"))

    workspace = view(document_of(DocumentSource(slug="shop", webhook_secret=sealed)))

    assert workspace.by_slug["shop"].webhook_secret == Secret("planted")
    assert "planted" not in repr(workspace)


def test_the_sources_of_the_file_hold_where_both_have_them() -> None:
    of_file = Source(slug="shop", write_keys=("file-key",), ip="drop")
    document = document_of(
        DocumentSource(slug="shop", keys=(DocumentKey("own"),)),
        DocumentSource(slug="other", keys=(DocumentKey("file-key"), DocumentKey("kept"))),
    )

    workspace = view(document, of_file)

    assert workspace.by_slug["shop"] is of_file
    assert workspace.by_slug["other"].write_keys == ("kept",)


def test_slugs_and_keys_of_both_are_collisions_unless_deleted() -> None:
    of_file = (
        Source(slug="shop", write_keys=("own",)),
        Source(slug="gone", write_keys=("new",)),
        Source(slug="third", write_keys=("others",)),
    )
    document = document_of(
        DocumentSource(slug="shop", keys=(DocumentKey("own"),)),
        DocumentSource(slug="gone", is_deleted=True),
        DocumentSource(slug="other", keys=(DocumentKey("others"),)),
    )

    found = collisions(document, of_file, file="tailrace.toml")

    assert [line.partition(": ")[0] for line in found] == ["tailrace.toml"] * 2
    assert "'shop' is also a source" in found[0]
    assert "'third' belongs to the source 'other'" in found[1]
    assert "own" not in found[0]
