"""The built web files."""

import gzip
from pathlib import Path

import pytest

from tailrace.app.web import NOT_BUILT, WebFiles, is_page_path


@pytest.fixture
def files(tmp_path: Path) -> WebFiles:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>Tailrace</title>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("x" * 5_000)
    (tmp_path / "assets" / "app-1a2b.js.br").write_bytes(b"packed")
    return WebFiles(tmp_path)


def test_hashed_files_are_kept_for_ever_and_the_page_is_not(files: WebFiles) -> None:
    asset, page = files.find("/assets/app-1a2b.js"), files.find("/index.html")

    assert asset is not None
    assert page is not None
    assert "immutable" in asset.cache_control
    assert page.cache_control == "no-cache"
    assert asset.media_type == "application/javascript; charset=utf-8"


@pytest.mark.parametrize("path", ["/", "/live", "/events/some-id"])
def test_addresses_of_the_app_get_the_page(files: WebFiles, path: str) -> None:
    assert files.find(path) == files.find("/index.html")


@pytest.mark.parametrize(
    "path", ["/assets/app-gone.js", "/../etc/passwd.txt", "/assets/app-1a2b.js.br"]
)
def test_files_that_are_not_there_are_not_the_page(files: WebFiles, path: str) -> None:
    assert files.find(path) is None


def test_the_smallest_form_that_the_browser_takes_is_sent(files: WebFiles) -> None:
    asset = files.find("/assets/app-1a2b.js")

    assert asset is not None
    assert asset.best("gzip, deflate, br") == ("br", b"packed")
    assert asset.best("br;q=0, gzip")[0] == "gzip"
    assert gzip.decompress(asset.best("gzip")[1]) == b"x" * 5_000
    assert asset.best("") == ("", b"x" * 5_000)


def test_without_a_build_the_page_says_how_to_build(tmp_path: Path) -> None:
    page = WebFiles(tmp_path / "nowhere").find("/")

    assert page is not None
    assert page.best("gzip") == ("", NOT_BUILT)


def test_the_api_is_no_page() -> None:
    assert is_page_path("/live")
    assert is_page_path("/apiary")
    for path in ("/api", "/api/v1/status", "/healthz", "/metrics"):
        assert not is_page_path(path)
