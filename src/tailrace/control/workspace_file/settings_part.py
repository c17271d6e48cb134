"""The settings of a workspace file."""

from typing import Final

import msgspec
from sqlalchemy.orm import Session

from tailrace.control.settings import (
    RESOURCE,
    Settings,
    SettingsChange,
    WorkspaceSettings,
    read_settings,
)
from tailrace.control.workspace_file.work import Work, without_defaults

_DEFAULTS: Final = msgspec.structs.asdict(Settings())


class SettingsPart:
    """Compares the settings, makes them like the file's, and writes them down."""

    def __init__(self, settings: WorkspaceSettings) -> None:
        self._settings = settings

    def exported(self, session: Session) -> dict[str, object]:
        """Return the settings as a file has them."""
        return without_defaults(msgspec.structs.asdict(read_settings(session)), _DEFAULTS)

    def apply_in(self, work: Work, wanted: Settings) -> None:
        """Change the settings to those of the file; what it leaves out has its default."""
        before = msgspec.structs.asdict(read_settings(work.session))
        after = msgspec.structs.asdict(wanted)
        with work.trying(("settings",)):
            if differing := work.updated(RESOURCE, before, after):
                fields = {name: after[name] for name in differing}
                self._settings.change_in(work.change, SettingsChange(**fields), version=None)
