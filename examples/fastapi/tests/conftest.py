"""A running auth server, and this service before it: on SQLite and on PostgreSQL, in both modes."""

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
import sqlalchemy as sa

FOLDER = Path(__file__).parent.parent
VESTIBULE = os.environ.get("VESTIBULE", FOLDER.parent.parent / "target/debug/vestibule")
ADMIN = os.environ.get("DATABASE_ADMIN_URL", "postgres://postgres@127.0.0.1:5432/postgres")
# In transaction mode, as hosted databases have it.
POOLER = os.environ.get("TEST_PGBOUNCER_URL", ADMIN)
SECRET = "a secret that is long enough for these tests"
PASSWORD = "correct horse battery"
FRONTEND = "http://app.example.test"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@dataclass
class Process:
    """A server, whose log is kept for whoever must find out."""

    url: str
    log: Path
    process: subprocess.Popen

    def wait(self, path: str):
        deadline = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if httpx.get(self.url + path).status_code == 200:
                    return
            except httpx.TransportError:
                continue
        raise AssertionError(self.log.read_text())

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def start(command, folder: Path, name: str, port: int, environment: dict, cwd: Path) -> Process:
    log = folder / f"{name}.log"
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **environment}
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=output, stderr=output)
    return Process(f"http://127.0.0.1:{port}", log, process)


@dataclass
class Person:
    """Signed in, with what a browser or another program would send."""

    auth: Process
    id: str
    email: str
    cookie: str
    name: str

    @property
    def signed(self) -> str:
        """The cookie's value as it is in a browser."""
        return self.cookie.partition("=")[2]

    def sign_out(self):
        answer = httpx.post(self.auth.url + "/api/auth/sign-out", headers=self.origin | {"cookie": self.cookie})
        assert answer.status_code == 200, answer.text

    def access_token(self, audience: str = "notes") -> str:
        asked = {"audience": audience}
        answer = httpx.post(self.auth.url + "/auth/token", json=asked, headers=self.origin | {"cookie": self.cookie})
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    @property
    def origin(self) -> dict:
        return {"origin": self.auth.url}


@dataclass
class Place:
    mode: str
    auth: Process
    service: Process
    database: sa.Engine
    url: str
    folder: Path

    def sign_up(self, name: str = "Ada") -> Person:
        email = f"{uuid.uuid4()}@example.com"
        body = {"name": name, "email": email, "password": PASSWORD}
        answer = httpx.post(self.auth.url + "/api/auth/sign-up/email", json=body, headers={"origin": self.auth.url})
        assert answer.status_code == 200, answer.text
        cookie = answer.headers["set-cookie"].partition(";")[0]
        return Person(self.auth, answer.json()["user"]["id"], email, cookie, name)

    def headers(self, person: Person) -> dict:
        """What proves in this mode who it is."""
        if self.mode == "shared-database":
            return {"cookie": person.cookie}
        return {"authorization": f"Bearer {person.access_token()}"}

    def ask(self, method: str, path: str, person: Person = None, **more) -> httpx.Response:
        headers = (self.headers(person) if person else {}) | more.pop("headers", {})
        return httpx.request(method, self.service.url + path, headers=headers, timeout=30, **more)

    def run(self, sql: str, **values):
        with self.database.begin() as connection:
            result = connection.execute(sa.text(sql), values)
            return result.fetchall() if result.returns_rows else None


def service_environment(mode: str, url: str, auth: str) -> dict:
    common = {"DATABASE_URL": url, "AUTH_MODE": mode, "FRONTEND_ORIGIN": FRONTEND}
    if mode == "shared-database":
        return common | {"BETTER_AUTH_SECRET": SECRET}
    return common | {"AUTH_URL": auth}


def start_service(folder: Path, name: str, environment: dict) -> Process:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "main:app", "--host", "127.0.0.1", "--port", str(port)]
    return start(command, folder, name, port, environment, FOLDER)


def open_place(database: str, mode: str, folder: Path, server: str = ADMIN):
    name = f"fastapi_{uuid.uuid4().hex}"
    if database == "sqlite":
        url = f"sqlite:///{folder}/test.db"
        engine = sa.create_engine(url)
    else:
        with psycopg.connect(ADMIN, autocommit=True) as admin:
            admin.execute(f"create database {name}")
        before, _, after = server.rpartition("/")
        query = "?" + after.partition("?")[2] if "?" in after else ""
        url = f"{before}/{name}{query}"
        direct = f"{ADMIN.rpartition('/')[0]}/{name}"
        engine = sa.create_engine("postgresql+psycopg://" + direct.partition("://")[2])
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    config = {
        "baseURL": base,
        "port": port,
        "database": {"url": url, "migrate": True},
        "emailAndPassword": {"enabled": True},
        "rateLimit": {"enabled": False},
        "plugins": {"jwt": {}},
        "tokens": {"notes": {"algorithm": "ES256"}, "others": {"algorithm": "EdDSA"}},
    }
    (folder / "vestibule.json").write_text(json.dumps(config))
    command = [VESTIBULE, "--config", "vestibule.json", "serve"]
    auth = start(command, folder, "auth", port, {"BETTER_AUTH_SECRET": SECRET}, folder)
    service = None
    try:
        auth.wait("/health/ready")
        service = start_service(folder, "service", service_environment(mode, url, base))
        service.wait("/health")
        yield Place(mode, auth, service, engine, url, folder)
        log = service.log.read_text()
        assert "Traceback" not in log and " 500 " not in log, log
    finally:
        for process in filter(None, [service, auth]):
            process.stop()
        engine.dispose()
        if database == "postgres":
            with psycopg.connect(ADMIN, autocommit=True) as admin:
                admin.execute(f"drop database {name} with (force)")


KINDS = [(database, mode) for database in ("sqlite", "postgres") for mode in ("shared-database", "key-set")]


@pytest.fixture(scope="session", params=KINDS, ids=[" ".join(kind) for kind in KINDS])
def place(request, tmp_path_factory):
    yield from open_place(*request.param, tmp_path_factory.mktemp("place"), POOLER)


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def shared(request, tmp_path_factory):
    """The mode that reads the tables."""
    yield from open_place(request.param, "shared-database", tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="session")
def key_set(tmp_path_factory):
    yield from open_place("sqlite", "key-set", tmp_path_factory.mktemp("keys"))
