"""PostgreSQL as the service connects to it: nobody waits for ever for a server that is slow, hangs, or is gone."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.pq import TransactionStatus

CONNECT_TIMEOUT_S = 5
"""A server that is there lets a program in within milliseconds; psycopg takes no less than 2."""

STATEMENT_TIMEOUT_S = 20
"""Far above any statement here, a third of a worker's lease: whoever waits so long is told, and the server stops."""

LOCK_TIMEOUT_S = 10
"""Rows are locked for milliseconds. Below the time of a statement, so that the log of the server says which it was."""

ANSWER_TIMEOUT_S = STATEMENT_TIMEOUT_S + 5
"""The server's own times stand still while its processes do, so the client has one as well, when those are over."""

POOL_TIMEOUT_S = 5
"""A request that finds every connection in use is refused after so long; its thread is wanted by others."""

PREPARING_TIMEOUT_S = 600
"""Making or changing tables may take minutes where there are many jobs, and who starts second waits for the first."""

_KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,  # a host that is gone is noticed after 30 s of silence,
    "tcp_user_timeout": 30_000,  # and after as many when something was sent to it
}

_OWN = {
    "client_encoding": "utf8",  # a database made with the encoding SQL_ASCII would else give bytes instead of text
    "connect_timeout": CONNECT_TIMEOUT_S,
    "options": f"-c statement_timeout={STATEMENT_TIMEOUT_S}s -c lock_timeout={LOCK_TIMEOUT_S}s",
    **_KEEPALIVES,
}


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is closed when the server gives no answer for ``answer_timeout_s``."""

    answer_timeout_s: float = ANSWER_TIMEOUT_S

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """See ``psycopg.Connection.wait``."""
        try:
            return super().wait(gen, interval, self.answer_timeout_s if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.info.transaction_status == TransactionStatus.ACTIVE:  # an answer that comes later is nobody's
                self.close()
            raise


def postgres_engine(address: sa.URL) -> sa.Engine:
    """An engine for a URL with the driver psycopg; what the URL itself says of these options holds."""
    own = {name: value for name, value in _OWN.items() if name not in address.query}
    engine = sa.create_engine(address, pool_pre_ping=True, pool_timeout=POOL_TIMEOUT_S, connect_args=own)
    sa.event.listen(engine, "do_connect", _connect)
    return engine


def _connect(_dialect: Any, _record: Any, arguments: tuple[Any, ...], parameters: Mapping[str, Any]) -> Any:
    return PatientConnection.connect(*arguments, **parameters)


@contextmanager
def with_patience(connection: sa.Connection, timeout_s: int = PREPARING_TIMEOUT_S) -> Iterator[None]:
    """Let the statements of this transaction, and their waiting for locks, take as long as ``timeout_s``."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, PatientConnection)  # noqa: S101 - of an engine of this module
    driver.answer_timeout_s = timeout_s + ANSWER_TIMEOUT_S - STATEMENT_TIMEOUT_S
    try:
        for name in ("statement_timeout", "lock_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {name} = '{timeout_s}s'")
        yield
    finally:
        del driver.answer_timeout_s  # back to that of the class
