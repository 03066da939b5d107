"""What all tables share: naming, column types, public ids."""

from datetime import UTC, datetime
from typing import Any

import uuid_utils.compat
from sqlalchemy import BigInteger, DateTime, Dialect, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite numbers rows by itself only where the key is exactly INTEGER.
BigInt = BigInteger().with_variant(Integer, "sqlite")


class Timestamp(TypeDecorator[datetime]):
    """An aware UTC time, on SQLite too, which itself keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: Timestamp, int: BigInt}
    # An id that was given once is never given again: old links and cursors must not come alive.
    __table_args__: Any = {"sqlite_autoincrement": True}


class Numbered:
    """An integer key for the database and for short addresses."""

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=lambda: now())


class Public(Numbered):
    """A UUIDv7 as well, for addresses that must not be guessed."""

    public_id: Mapped[str] = mapped_column(String(36), unique=True, default=lambda: new_public_id())


def now() -> datetime:
    return datetime.now(UTC)


def new_public_id() -> str:
    """A fresh UUIDv7 (RFC 9562), so that ids sort by time."""
    return str(uuid_utils.compat.uuid7())
