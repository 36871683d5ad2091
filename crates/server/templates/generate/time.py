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
