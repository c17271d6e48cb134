"""Using links: becoming a member, or setting a password, with a bound on wrong tokens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tailrace.app.signing import FAILURES_MAX, FAILURES_WINDOW_S, require_patience
from tailrace.app.tries import FailedTries
from tailrace.app.workers import Workers
from tailrace.control.invites import Invites, InviteShown
from tailrace.control.passwords import hash_password
from tailrace.errors import ChangeError


class Joining:
    """Lets in whoever has a good link; used on one event loop.

    `deciding` asks the database, `hashing` works on passwords.
    """

    def __init__(
        self,
        *,
        invites: Invites,
        deciding: Workers,
        hashing: Workers,
        clock: Callable[[], float],
    ) -> None:
        self._invites = invites
        self._deciding = deciding
        self._hashing = hashing
        self._by_address = FailedTries(
            failures_max=FAILURES_MAX, window_s=FAILURES_WINDOW_S, clock=clock
        )

    async def show(self, token: str, *, address: str) -> InviteShown:
        """Return what a link leads to.

        Raises:
            ChangeError: the link is not good.
            ProblemError: 429 after too many that were not.
            TransientError: the control database is away.
        """
        with self._counted(address):
            return await self._deciding.run(self._invites.show, token)

    async def accept(
        self, token: str, *, name: str, password: str, address: str, user_agent: str
    ) -> str:
        """Use a link; return the id of a new session of the member that it made or led to.

        Raises:
            ChangeError: the link is not good, or the password is not.
            ProblemError: 429 after too many links that were not good.
            TransientError: the control database is away, or many set passwords just now.
        """
        with self._counted(address):
            # First, so that no work is put into a password for a link that is not good.
            await self._deciding.run(self._invites.check, token, name=name, password=password)
            return await self._deciding.run(
                self._invites.accept,
                token,
                name=name,
                password_hash=await self._hashing.run(hash_password, password),
                address=address,
                user_agent=user_agent,
            )

    @contextmanager
    def _counted(self, address: str) -> Iterator[None]:
        """Count a try while it goes on, and for good if its link is not good."""
        require_patience(self._by_address, address, whose="from this address")
        self._by_address.add(address)
        is_wrong = False
        try:
            yield
        except ChangeError as error:
            is_wrong = error.reason == "not-found"
            raise
        finally:
            if not is_wrong:
                self._by_address.take_back(address)
