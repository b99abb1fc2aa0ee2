"""The API keys in SQL, in the database of the jobs: every gateway sees a new or revoked key."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service import database
from service.apikeys import ApiKey, Scope
from service.database import Instant, open_database

_metadata = sa.MetaData()

_keys = sa.Table(
    "api_keys",
    _metadata,
    sa.Column("prefix", sa.String(8), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("tenant", sa.String(64), nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("label", sa.String(64), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("revoked_at", Instant),
    sa.Column("last_used_at", Instant),
)


def open_key_table(url: str) -> "SqlKeyStore":
    """The key table at an SQLAlchemy URL, made where it is not there yet. Raises ``JobTableError``."""
    return SqlKeyStore(open_database(url, _metadata))


class SqlKeyStore:
    """A ``KeyStore`` in a database that several processes share."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @property
    def place(self) -> str:
        """Where the keys are kept: the database's URL, without password and options."""
        return self._engine.url.set(query={}).render_as_string(hide_password=True)

    def add(self, key: ApiKey) -> None:
        """See ``KeyStore.add``."""
        database.write(self._engine, sa.insert(_keys).values(vars(key) | {"scopes": sorted(key.scopes)}))

    def find(self, prefix: str) -> ApiKey | None:
        """See ``KeyStore.find``."""
        rows = database.read(self._engine, sa.select(_keys).where(_keys.c.prefix == prefix))
        return _as_key(rows[0]) if rows else None

    def every(self) -> list[ApiKey]:
        """See ``KeyStore.every``."""
        ordered = sa.select(_keys).order_by(_keys.c.created_at, _keys.c.prefix)
        return [_as_key(row) for row in database.read(self._engine, ordered)]

    def has_any(self) -> bool:
        """See ``KeyStore.has_any``."""
        return bool(database.read(self._engine, sa.select(_keys.c.prefix).limit(1)))

    def revoke(self, prefix: str, at: datetime) -> ApiKey | None:
        """See ``KeyStore.revoke``."""
        live = (_keys.c.prefix == prefix, _keys.c.revoked_at.is_(None))
        database.write(self._engine, sa.update(_keys).where(*live).values(revoked_at=at))
        return self.find(prefix)

    def note_use(self, prefix: str, at: datetime) -> None:
        """See ``KeyStore.note_use``."""
        database.write(self._engine, sa.update(_keys).where(_keys.c.prefix == prefix).values(last_used_at=at))

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _as_key(row: Any) -> ApiKey:
    values = dict(row._mapping)
    # A scope that an older version does not know is one that it cannot check.
    known = frozenset(Scope(name) for name in values["scopes"] if name in set(Scope))
    return ApiKey(**values | {"scopes": known})
