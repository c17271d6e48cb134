"""The web app's types of the API, which a program makes from the OpenAPI description."""

import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).parents[3] / "web"


def test_the_web_apps_types_are_those_of_the_description() -> None:
    made = subprocess.run(
        [sys.executable, str(WEB / "dev/api_types.py"), "--print"], capture_output=True, check=True
    )

    committed = (WEB / "src/api/schema.ts").read_bytes()

    assert made.stdout == committed, "run: make api-types"
