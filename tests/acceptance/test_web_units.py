"""The checks of web/ that need no browser: types and Vitest."""

import pytest
from web_app import npm_packages, run_npm


@pytest.mark.parametrize("script", ["style", "types", "test"])
def test_the_web_apps_own_checks_pass(script: str) -> None:
    npm_packages()

    run_npm("run", script)
