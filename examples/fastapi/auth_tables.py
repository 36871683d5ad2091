# Made by `vestibule generate --format sqlmodel`. Do not edit: make it again when the
# configuration of the auth server changes.
#
# Read-only: the auth server alone writes these tables, so every insert, update and delete of them by
# this program is refused. They have a MetaData of their own, so neither `create_all` nor Alembic
# touches them. A foreign key of a table of yours: `sa.ForeignKey(AuthUser.__table__.c.id)`.
# Times are aware and in UTC, on PostgreSQL and on SQLite.

from datetime import datetime, timezone
from typing import Optional

import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class AuthTable(SQLModel, registry=registry(metadata=sa.MetaData())):
    """A table of the auth server."""


class UtcTime(sa.types.TypeDecorator):
    """An aware time in UTC: `timestamptz` in PostgreSQL, ISO 8601 in SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect):
        is_sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(sa.Text() if is_sqlite else sa.DateTime(timezone=True))

    def process_bind_param(self, value, dialect):
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; eg datetime.now(timezone.utc) has one")
        value = value.astimezone(timezone.utc)
        if dialect.name != "sqlite":
            return value
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def process_result_value(self, value, dialect):
        if value is None:
            return None
        if isinstance(value, (int, float)):  # Other tools write milliseconds.
            return datetime.fromtimestamp(value / 1000, timezone.utc)
        if isinstance(value, str):
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        # What names no zone was written in UTC.
        return value.astimezone(timezone.utc) if value.tzinfo else value.replace(tzinfo=timezone.utc)


class AuthTableIsReadOnly(Exception):
    """Somebody tried to write a table of the auth server; ask the auth server to do it."""


@sa.event.listens_for(sa.Engine, "before_execute")
def refuse_to_write(connection, statement, multiparams, params, execution_options):
    table = getattr(statement, "table", None) if isinstance(statement, sa.UpdateBase) else None
    if getattr(table, "metadata", None) is AuthTable.metadata:
        raise AuthTableIsReadOnly(f"{table.name!r} is written by the auth server alone")


class AuthUser(AuthTable, table=True):
    __tablename__ = "user"

    id: str = Field(sa_column=sa.Column("id", sa.Text(), primary_key=True))
    name: str = Field(sa_column=sa.Column("name", sa.Text(), nullable=False))
    email: str = Field(sa_column=sa.Column("email", sa.Text(), nullable=False))
    email_verified: bool = Field(sa_column=sa.Column("emailVerified", sa.Boolean(), nullable=False))
    image: Optional[str] = Field(sa_column=sa.Column("image", sa.Text(), nullable=True))
    created_at: datetime = Field(sa_column=sa.Column("createdAt", UtcTime(), nullable=False))
    updated_at: datetime = Field(sa_column=sa.Column("updatedAt", UtcTime(), nullable=False))


class AuthSession(AuthTable, table=True):
    __tablename__ = "session"

    id: str = Field(sa_column=sa.Column("id", sa.Text(), primary_key=True))
    expires_at: datetime = Field(sa_column=sa.Column("expiresAt", UtcTime(), nullable=False))
    token: str = Field(sa_column=sa.Column("token", sa.Text(), nullable=False))
    created_at: datetime = Field(sa_column=sa.Column("createdAt", UtcTime(), nullable=False))
    updated_at: datetime = Field(sa_column=sa.Column("updatedAt", UtcTime(), nullable=False))
    ip_address: Optional[str] = Field(sa_column=sa.Column("ipAddress", sa.Text(), nullable=True))
    user_agent: Optional[str] = Field(sa_column=sa.Column("userAgent", sa.Text(), nullable=True))
    user_id: str = Field(sa_column=sa.Column("userId", sa.Text(), sa.ForeignKey("user.id"), nullable=False))
