"""SQLModel and SQLAlchemy."""

from datetime import datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from conftest import BIG


@pytest.fixture(params=["sqlmodel", "sqlalchemy"])
def models(place, request):
    return place.module(request.param)


BORN = datetime(1999, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)


def test_rows_are_read_as_they_are(place, models):
    with Session(place.engine) as database:
        joined = sa.select(models.AuthUser, models.AuthSession).join(models.AuthSession)
        [(user, session)] = database.execute(joined).all()
        assert (user.id, session.user_id) == (place.id, place.id)
        assert (user.name, user.email, user.image) == ("Ada", "ada@example.com", None)
        assert user.email_verified is True and user.admin is True
        assert (user.born_at, user.born_at.tzinfo) == (BORN, timezone.utc)
        assert (user.tags, user.settings, user.plan) == (["a", "b"], {"x": 1}, "paid")
        assert (user.class_, user.big) == (3, BIG)
        assert not hasattr(session, "token")


def test_times_are_compared_whatever_their_zone(place, models):
    with Session(place.engine) as database:
        def count(*conditions):
            return database.scalar(sa.select(sa.func.count()).select_from(models.AuthUser).where(*conditions))

        elsewhere = BORN.astimezone(timezone(timedelta(hours=5)))
        assert count(models.AuthUser.born_at == elsewhere) == 1
        assert count(models.AuthUser.born_at < elsewhere) == 0
        assert count(models.AuthUser.born_at < elsewhere + timedelta(milliseconds=1)) == 1
        with pytest.raises(sa.exc.StatementError, match="has no time zone"):
            count(models.AuthUser.born_at < datetime(2026, 1, 1))


def test_nothing_is_written(place, models):
    user = models.AuthUser
    statements = [
        sa.insert(user).values(name="x"),
        sa.update(user).values(name="x"),
        sa.delete(user),
        user.__table__.delete(),
    ]
    with Session(place.engine) as database:
        for statement in statements:
            with pytest.raises(models.AuthTableIsReadOnly):
                database.execute(statement)
            database.rollback()
        row = database.scalar(sa.select(user))
        row.name = "x"
        with pytest.raises(models.AuthTableIsReadOnly):
            database.flush()
        database.rollback()
        database.delete(database.scalar(sa.select(user)))
        with pytest.raises(models.AuthTableIsReadOnly):
            database.commit()
        database.rollback()
        with pytest.raises(models.AuthTableIsReadOnly):
            database.bulk_insert_mappings(user, [{"name": "x"}])
        database.rollback()
        assert database.scalar(sa.select(user)).name == "Ada"


def test_own_tables_refer_to_users_and_are_written(place, models):
    metadata = sa.MetaData()
    notes = sa.Table(
        "notes",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner", models.AuthUser.__table__.c.id.type, sa.ForeignKey(models.AuthUser.__table__.c.id)),
    )
    metadata.create_all(place.engine)
    with Session(place.engine) as database:
        database.execute(sa.insert(notes).values(id=1, owner=place.id))
        joined = sa.select(models.AuthUser.name).join(notes, notes.c.owner == models.AuthUser.id)
        assert database.scalar(joined) == "Ada"
        database.rollback()
    metadata.drop_all(place.engine)
    assert "people" not in metadata.tables


def test_secrets_are_there_when_asked_for(place):
    models = place.module("sqlmodel", "--include-secrets")
    with Session(place.engine) as database:
        assert database.scalar(sa.select(models.AuthSession.token)) == "token"


def test_milliseconds_of_other_tools_are_times(place, models):
    if place.engine.dialect.name != "sqlite":
        return
    with place.engine.begin() as connection:
        connection.execute(sa.text('update people set "bornAt" = 1000'))
        born = connection.execute(sa.select(models.AuthUser.born_at)).scalar_one()
        assert born == datetime(1970, 1, 1, 0, 0, 1, tzinfo=timezone.utc)
        connection.rollback()
