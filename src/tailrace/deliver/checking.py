"""Looks whether a tool can be reached and lets us do what we do, without writing to it.

What is looked at is up to the type, which may be anybody's code: a defect of it is an answer.
Secrets are taken out of all that is told.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from tailrace.config import Config
from tailrace.control.document import DocumentDestination
from tailrace.control.vault import Vault
from tailrace.deliver.guard import Guard
from tailrace.deliver.hiding import Hiding
from tailrace.deliver.targets import secrets_in, target_of
from tailrace.deliver.tools import DestinationTools, GuardedHttp
from tailrace.destinations import Catalog, Destination
from tailrace.destinations.sending import Checked
from tailrace.errors import ConfigError, LimitError, SettingsError, TransientError

AT_ONCE_MAX: Final = 4
CHECK_S_MAX: Final = 15.0
CHECKED_MAX: Final = 50
NAME_CHARACTERS_MAX: Final = 100
DETAIL_CHARACTERS_MAX: Final = 1_000
SETTINGS: Final = "settings"

_logger = logging.getLogger(__name__)


class CheckedThing(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: Annotated[str, Meta(description="What was looked at.")]
    is_good: Annotated[bool | None, Meta(description="null where it could not be told.")]
    detail: Annotated[str, Meta(description="What was found, and what to do where it is wrong.")]
    setting: Annotated[str, Meta(description="The setting that would have to change, if one.")]


class CheckAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found, in order.

    `is_good` is false where one thing is wrong, null where nothing could be told.
    """

    checked: list[CheckedThing]
    is_good: bool | None
    took_ms: float


class Checking:
    """Checks connections, a few at once; used on one event loop."""

    def __init__(self, config: Config, catalog: Catalog, vault: Vault | None) -> None:
        self._config = config
        self._catalog = catalog
        self._vault = vault
        self._guard = Guard(config.deliver.private_networks)
        self._tls: ssl.SSLContext | None = None
        self._running = 0

    async def of_destination(self, destination: DocumentDestination) -> CheckAnswer:
        """Check a destination as it is set up.

        Raises:
            LimitError: as many checks as may run are running.
        """
        try:
            target = target_of(
                destination, catalog=self._catalog, vault=self._vault, config=self._config
            )
        except (SettingsError, ConfigError) as error:
            return _answer([Checked(SETTINGS, False, str(error))], Hiding([]), 0.0)
        return await self.of_settings(target.type, target.settings)

    async def of_settings(self, kind: Destination, settings: Any) -> CheckAnswer:
        """Check what a destination of a type would reach with these settings.

        Raises:
            LimitError: as many checks as may run are running.
        """
        if self._running >= AT_ONCE_MAX:
            raise LimitError(f"{AT_ONCE_MAX} checks are running: wait for them")
        self._running += 1
        begun = time.monotonic()
        try:
            checked = await self._checked(kind, settings)
        finally:
            self._running -= 1
        took_ms = (time.monotonic() - begun) * 1_000
        return _answer(checked, Hiding(secrets_in(settings)), took_ms)

    async def _checked(self, kind: Destination, settings: Any) -> Sequence[Checked]:
        if kind.check is None:
            told = f"the type {kind.name} has no check: send a test event"
            return [Checked("check", None, told)]
        if self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        threads = ThreadPoolExecutor(1, thread_name_prefix="check")
        tools = DestinationTools(
            GuardedHttp(self._guard, tls=self._tls),
            threads=threads,
            file_directories=self._config.deliver.file_directories,
        )
        try:
            async with asyncio.timeout(CHECK_S_MAX):
                return _as_agreed(await kind.check(settings, tools))
        except SettingsError as error:
            return [Checked(SETTINGS, False, str(error), next(iter(error.problems), ""))]
        except TransientError as error:
            return [Checked("answer", False, str(error))]
        except TimeoutError:
            return [Checked("answer", False, f"no answer within {CHECK_S_MAX:g} s")]
        # A type may be anybody's code; what is wrong with it is what the check is to show.
        except Exception as error:
            _logger.exception("the type '%s' has a defect in its check", kind.slug)
            told = f"the type's check has a defect: {type(error).__name__}: {error}"
            return [Checked("check", False, told)]
        finally:
            await tools.close()
            threads.shutdown(wait=False, cancel_futures=True)


def _as_agreed(checked: object) -> list[Checked]:
    """Return what a check answered.

    Raises:
        TypeError: it is not what the contract says.
    """
    try:
        return [
            Checked(*msgspec.convert(tuple(each), tuple[str, bool | None, str, str]))
            for each in checked  # type: ignore[attr-defined]  # anything may be here
        ]
    except msgspec.ValidationError as error:
        raise TypeError(f"it answered something else than api.Checked: {error}") from error


def _answer(checked: Sequence[Checked], hide: Hiding, took_ms: float) -> CheckAnswer:
    told = [each.is_good for each in checked[:CHECKED_MAX] if each.is_good is not None]
    return CheckAnswer(
        checked=[
            CheckedThing(
                name=hide(each.name)[:NAME_CHARACTERS_MAX],
                is_good=each.is_good,
                detail=hide(each.detail)[:DETAIL_CHARACTERS_MAX],
                setting=hide(each.setting)[:NAME_CHARACTERS_MAX],
            )
            for each in checked[:CHECKED_MAX]
        ],
        is_good=all(told) if told else None,
        took_ms=round(took_ms, 1),
    )
