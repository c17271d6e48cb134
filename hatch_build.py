"""Build hook: makes the web app and the browser SDK that the wheel carries."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebBuildHook(BuildHookInterface):
    """Placeholder until the web build stands."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Do nothing yet."""
