"""Connections to PostgreSQL that give up on a server which does not answer.

The server's own `statement_timeout` helps with statements that wait, not with a server that hangs,
and the kernel keeps the connections of a stopped process open for ever.
"""

from typing import Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from tailrace.config import Secret

_CONNECT_S_MAX: Final = 3
_INTERVAL_S: Final = 0.1

RV = TypeVar("RV")


class BoundedConnection(psycopg.Connection[TupleRow]):
    """A connection whose every answer has a deadline, `answer_s_max` after the question."""

    answer_s_max = float(_CONNECT_S_MAX)

    def wait(
        self, gen: PQGen[RV], interval: float = _INTERVAL_S, timeout: float | None = None
    ) -> RV:
        """Return what the server answers.

        Raises:
            OperationalError: it does not in time; the connection is closed.
        """
        timeout_s = self.answer_s_max if timeout is None else timeout
        try:
            return super().wait(gen, interval, timeout=timeout_s)
        except psycopg.OperationalError as error:
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            self.close()
            raise psycopg.OperationalError(f"no answer within {timeout_s:g} s") from error


def connect(dsn: Secret, *, autocommit: bool, answer_s_max: float) -> BoundedConnection:
    """Return a connection.

    Raises:
        psycopg.Error: the server does not take it.
    """
    milliseconds = int(1_000 * answer_s_max)
    connection = BoundedConnection.connect(
        dsn.reveal(),
        autocommit=True,
        connect_timeout=_CONNECT_S_MAX,
        tcp_user_timeout=milliseconds,
    )
    connection.answer_s_max = answer_s_max
    try:
        connection.execute(f"SET statement_timeout = {milliseconds}")
        connection.autocommit = autocommit
    except psycopg.Error:
        connection.close()
        raise
    return connection
