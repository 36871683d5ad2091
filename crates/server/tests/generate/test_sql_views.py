"""The views, executed."""

from datetime import datetime, timezone

import pytest
import sqlalchemy as sa

from conftest import BORN


@pytest.fixture
def views(place):
    script = place.generate("sql-views")
    raw = place.engine.raw_connection()
    prefix = "auth." if "schema" in place.kind else ""
    try:
        for _ in range(2):  # A second time they are made anew.
            raw.executescript(script) if place.engine.dialect.name == "sqlite" else raw.cursor().execute(script)
            raw.commit()
    finally:
        raw.close()
    return prefix


def test_views_have_plain_names_aware_times_and_booleans(place, views):
    with place.engine.connect() as connection:
        joined = f"select u.*, s.expires_at from {views}auth_user u join {views}auth_session s on s.user_id = u.id"
        row = connection.execute(sa.text(joined)).mappings().one()
    assert (str(row["id"]), row["email"]) == (str(place.id), "ada@example.com")
    assert (bool(row["email_verified"]), row["admin"]) == (True, True)
    if place.engine.dialect.name == "sqlite":
        assert row["born_at"] == BORN
    else:
        assert row["born_at"] == datetime(1999, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)
        assert row["email_verified"] is True


def test_views_have_no_secrets(place, views):
    columns = sa.inspect(place.engine).get_columns("auth_session", schema=views[:-1] or None)
    assert "expires_at" in [column["name"] for column in columns]
    assert "token" not in [column["name"] for column in columns]


@pytest.mark.parametrize("change", ["update {} set name = 'x'", "delete from {}", "insert into {} (name) values ('x')"])
def test_views_are_not_written(place, views, change):
    refusal = "cannot modify|cannot (update|delete from|insert into) view"
    with place.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match=refusal):
        connection.execute(sa.text(change.format(f"{views}auth_user")))


def test_a_view_is_as_fast_as_its_table(place, views):
    if place.engine.dialect.name == "sqlite":
        return
    with place.engine.connect() as connection:
        connection.execute(sa.text("set enable_seqscan = off"))
        asked = f"explain select * from {views}auth_user where id = '{place.id}'"
        plan = "\n".join(connection.execute(sa.text(asked)).scalars())
    assert "Index Cond" in plan, plan
