"""The build of the web app and the browser SDK, as installing from a checkout runs it."""

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a copy of web/ with its installed packages shared, and nothing built."""
    leave_out = shutil.ignore_patterns("node_modules", "dist")
    shutil.copytree(ROOT / "web", tmp_path / "web", ignore=leave_out)
    (tmp_path / "web/node_modules").symlink_to(ROOT / "web/node_modules")
    return tmp_path


def times(root: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (root / "src").rglob("*") if path.is_file()}


def test_the_outputs_are_whole_and_made_again_only_when_an_input_changes(
    hook: ModuleType, checkout: Path
) -> None:
    build: Callable[[], None] = hook.WebBuild(checkout).run
    build()
    first = times(checkout)
    build()
    second = times(checkout)
    (checkout / "web/public/mark.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    build()

    app = checkout / "src/tailrace/app/static"
    sdk = checkout / "src/tailrace/collect/static"
    assert second == first
    assert times(checkout) != first
    assert "<script" in (app / "index.html").read_text()
    assert "react 1" in (app / "licenses.txt").read_text()
    assert (app / "mark.svg").read_text().startswith("<svg xmlns='")
    script = (sdk / "analytics.min.js").read_text()
    assert "sourceMappingURL" not in script
    assert len(list((sdk / "bundles").glob("*.bundle.*.js"))) >= 5
    assert "MIT" in (sdk / "LICENSE.txt").read_text()


def test_an_output_that_is_missing_is_made_again(hook: ModuleType, checkout: Path) -> None:
    hook.WebBuild(checkout).run()
    index = checkout / "src/tailrace/app/static/index.html"
    index.unlink()

    hook.WebBuild(checkout).run()

    assert index.exists()


def test_a_build_that_fails_says_what_and_leaves_the_last_one_in_place(
    hook: ModuleType, checkout: Path
) -> None:
    hook.WebBuild(checkout).run()
    (checkout / "web/src/main.tsx").write_text("import './nothing-here';")

    with pytest.raises(SystemExit, match=r"vite build failed with status 1[\s\S]*nothing-here"):
        hook.WebBuild(checkout).run()

    assert (checkout / "src/tailrace/app/static/index.html").exists()


def test_the_lock_file_is_bound_to_no_registry() -> None:
    lock = json.loads((ROOT / "web/package-lock.json").read_text())

    assert len(lock["packages"]) > 50
    assert not any("resolved" in package for package in lock["packages"].values())
    assert all("integrity" in package for path, package in lock["packages"].items() if path)
