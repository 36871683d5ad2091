"""What the service promises, whoever it asks."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import FRONTEND


def test_everyone_has_their_own_notes(place):
    ada, bob = place.sign_up("Ada"), place.sign_up("Bob")
    first = place.ask("POST", "/notes", ada, json={"text": "  first ü 🦀 "})
    assert first.status_code == 201
    note = first.json()
    assert note["text"] == "first ü 🦀"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", note["createdAt"])
    second = place.ask("POST", "/notes", ada, json={"text": "second"}).json()
    assert place.ask("GET", "/notes", ada).json() == [second, note]
    assert place.ask("GET", "/notes", bob).json() == []

    theirs = place.ask("DELETE", f"/notes/{note['id']}", bob)
    assert (theirs.status_code, theirs.json()["code"]) == (404, "NOTE_NOT_FOUND")
    mine = place.ask("DELETE", f"/notes/{note['id']}", ada)
    assert (mine.status_code, mine.text) == (204, "")
    assert place.ask("GET", "/notes", ada).json() == [second]


def test_who_i_am(place):
    ada = place.sign_up()
    me = place.ask("GET", "/me", ada).json()
    if place.mode == "shared-database":
        assert me == {"id": ada.id, "name": "Ada", "email": ada.email}
    else:
        # A token carries what the audience was configured to get.
        assert me == {"id": ada.id, "name": None, "email": None}


def test_a_hundred_first_requests_make_one_row(place):
    ada = place.sign_up()
    headers = place.headers(ada)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: place.ask("GET", "/notes", headers=headers), range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert place.run("select count(*) from app_users where auth_user_id = :id", id=ada.id)[0][0] == 1


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": " \n "}, {"text": 1}, {"text": "a\0b"}, {"text": "x" * 2001}, []])
def test_what_is_no_note_is_refused(place, body):
    ada = place.sign_up()
    answer = place.ask("POST", "/notes", ada, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_NOTE")
    odd = place.ask("POST", "/notes", ada, content=b"\xff{", headers={"content-type": "application/json"})
    assert (odd.status_code, odd.json()["code"]) == (422, "INVALID_NOTE")


@pytest.mark.parametrize("id", ["x", "-1", "0", "1.5", "9" * 18, "9" * 40, "%00", "²"])
def test_a_note_that_cannot_be_is_not_there(place, id):
    answer = place.ask("DELETE", f"/notes/{id}", place.sign_up())
    assert (answer.status_code, answer.json()["code"]) == (404, "NOTE_NOT_FOUND")


def test_nobody_is_asked_to_sign_in(place):
    for method, path in [("GET", "/me"), ("GET", "/notes"), ("POST", "/notes"), ("DELETE", "/notes/1")]:
        answer = place.ask(method, path, json={"text": "x"} if method == "POST" else None)
        assert (answer.status_code, answer.json()["code"]) == (401, "NOT_SIGNED_IN")
        assert answer.headers["www-authenticate"] == 'Bearer realm="notes"'
        assert "Sign in" in answer.json()["message"]


@pytest.mark.parametrize("value", ["x", "x.y", ".", "..", "%", "a" * 5000, "é.é", "null", "eyJhbGciOiJub25lIn0.e30."])
def test_what_proves_nothing_is_refused(place, value):
    value = value.encode()
    bearer = place.ask("GET", "/me", headers={"authorization": b"Bearer " + value})
    cookie = place.ask("GET", "/me", headers={"cookie": b"better-auth.session_token=" + value})
    assert (bearer.status_code, cookie.status_code) == (401, 401)
    if len(value) > 10:
        assert value.decode() not in bearer.text + cookie.text


def test_pages_of_others_cannot_write(place):
    ada = place.sign_up()
    headers = {"cookie": ada.cookie, "origin": "http://evil.example.test"}
    refused = place.ask("POST", "/notes", json={"text": "x"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "ORIGIN_NOT_ALLOWED")
    assert "access-control-allow-origin" not in refused.headers
    ours = place.ask("POST", "/notes", ada, json={"text": "x"}, headers={"origin": FRONTEND})
    assert ours.status_code == 201


def test_our_page_can_read_every_answer(place):
    for method, path in [("GET", "/me"), ("DELETE", "/notes/1"), ("GET", "/health"), ("GET", "/nowhere")]:
        answer = place.ask(method, path, headers={"origin": FRONTEND})
        assert answer.headers["access-control-allow-origin"] == FRONTEND
        assert answer.headers["access-control-allow-credentials"] == "true"
    preflight = {"origin": FRONTEND, "access-control-request-method": "DELETE", "access-control-request-headers": "authorization"}
    assert place.ask("OPTIONS", "/notes/1", headers=preflight).status_code == 200


def test_errors_are_json(place):
    for method, path in [("GET", "/nowhere"), ("PUT", "/notes")]:
        assert set(place.ask(method, path).json()) == {"code", "message"}
