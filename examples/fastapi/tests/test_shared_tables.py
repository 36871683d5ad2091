"""The mode that looks sessions up: what a cookie is, and what becomes of a session."""

import base64
import hmac
import subprocess
from contextlib import contextmanager
from urllib.parse import quote, unquote

import psycopg
import pytest

from conftest import ADMIN, FOLDER, SECRET, VESTIBULE


def me(place, **headers):
    return place.ask("GET", "/me", headers=headers)


def signed(token: str, secret: str = SECRET) -> str:
    signature = base64.b64encode(hmac.digest(secret.encode(), token.encode(), "sha256")).decode()
    return quote(f"{token}.{signature}", safe="")


def test_both_names_of_the_cookie_are_known(shared):
    ada = shared.sign_up()
    for name in ["better-auth.session_token", "__Secure-better-auth.session_token"]:
        assert me(shared, cookie=f"a=b; {name}={ada.signed}; c=d").json()["id"] == ada.id
    assert me(shared, cookie=f"session_token={ada.signed}").status_code == 401


def test_the_cookie_that_verifies_counts(shared):
    ada = shared.sign_up()
    tossed = f"better-auth.session_token=tossed; better-auth.session_token={ada.signed}"
    assert me(shared, cookie=tossed).json()["id"] == ada.id


def test_a_session_is_a_bearer_token_with_or_without_its_signature(shared):
    ada = shared.sign_up()
    token = unquote(ada.signed).rpartition(".")[0]
    for value in [token, ada.signed, unquote(ada.signed)]:
        assert me(shared, authorization=f"bearer {value}").json()["id"] == ada.id


def test_a_cookie_is_split_at_its_last_dot_and_its_signature_checked(shared):
    ada = shared.sign_up()
    token, _, signature = unquote(ada.signed).rpartition(".")
    # A token with dots is a token.
    dotted = f"{token}.with.dots"
    shared.run('update session set token = :dotted where token = :token', dotted=dotted, token=token)
    assert me(shared, cookie=f"better-auth.session_token={signed(dotted)}").json()["id"] == ada.id
    for wrong in [dotted, f"{dotted}.{signature}", signed(dotted, "another secret"), signed(dotted)[:-3], f"{dotted}."]:
        answer = me(shared, cookie=f"better-auth.session_token={wrong}")
        assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_CREDENTIAL")


def test_a_session_that_was_ended_is_refused_at_once(shared):
    ada = shared.sign_up()
    assert me(shared, cookie=ada.cookie).status_code == 200
    ada.sign_out()
    answer = me(shared, cookie=ada.cookie)
    assert (answer.status_code, answer.json()["code"]) == (401, "SESSION_ENDED")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    "spelling",
    # As the auth server writes, as SQLite's own functions write, and with another zone.
    ["{}-01-01T00:00:00.000Z", "{}-01-01 00:00:00", "{}-01-01T02:00:00+02:00"],
)
def test_times_are_in_utc_however_they_are_written(shared, spelling):
    ada = shared.sign_up()
    change = 'update session set "expiresAt" = :time where "userId" = :id'
    if shared.database.dialect.name == "postgresql":
        change = change.replace(":time", "cast(cast(:time as text) as timestamptz)")
    shared.run(change, time=spelling.format(2001), id=ada.id)
    answer = me(shared, cookie=ada.cookie)
    assert (answer.status_code, answer.json()["code"]) == (401, "CREDENTIAL_EXPIRED")
    shared.run(change, time=spelling.format(2999), id=ada.id)
    assert me(shared, cookie=ada.cookie).status_code == 200


def test_the_models_are_those_that_the_server_makes(tmp_path):
    (tmp_path / "vestibule.toml").write_text("")
    command = [VESTIBULE, "generate", "--format", "sqlmodel", "--include", "user,session", "--include-secrets"]
    made = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert made == (FOLDER / "auth_tables.py").read_text()


def test_the_tables_of_the_auth_server_cannot_be_written():
    from sqlmodel import Session, create_engine

    from auth_tables import AuthTableIsReadOnly, AuthUser

    with Session(create_engine("sqlite://")) as database, pytest.raises(AuthTableIsReadOnly):
        database.add(AuthUser(id="x"))
        database.flush()


def test_a_database_that_is_away_is_503(shared):
    """Not 401: nobody was signed out. Not 500: it may work in a moment."""
    ada = shared.sign_up()
    with away(shared):
        answer = me(shared, cookie=ada.cookie)
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert me(shared, cookie=ada.cookie).status_code == 200


@contextmanager
def away(place):
    if place.database.dialect.name == "sqlite":
        place.run("alter table session rename to session_away")
        yield
        place.run("alter table session_away rename to session")
        return
    name = place.database.url.database
    with psycopg.connect(ADMIN, autocommit=True) as admin:
        admin.execute(f"alter database {name} allow_connections false")
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        yield
        admin.execute(f"alter database {name} allow_connections true")
    place.database.dispose()
