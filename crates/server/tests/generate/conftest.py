"""Tables that `vestibule migrate` made, with one user and one session in them, and models of them."""

import importlib.util
import json
import os
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

ROOT = Path(__file__).parents[4]
VESTIBULE = os.environ.get("VESTIBULE", ROOT / "target/debug/vestibule")
ADMIN = os.environ.get("DATABASE_ADMIN_URL", "postgres://postgres@127.0.0.1:5432/postgres")

CONFIG = {
    "emailAndPassword": {"enabled": True},
    "user": {
        "modelName": "people",
        "fields": {"email": "email_address"},
        "additionalFields": {
            "bornAt": {"type": "date", "required": False},
            "tags": {"type": "string[]", "required": False},
            "settings": {"type": "json", "required": False},
            "plan": {"type": ["free", "paid"], "required": False},
            "class": {"type": "number", "required": False},
            "big": {"type": "number", "bigint": True, "required": False},
            "admin": {"type": "boolean", "defaultValue": False},
        },
    },
}

# The values that were stored, for every format to find.
BORN = "1999-01-02T03:04:05.678Z"
BIG = 9007199254740991


@dataclass
class Place:
    kind: str
    url: str
    engine: sa.Engine
    folder: Path
    id: object

    def generate(self, format: str, *more: str) -> str:
        command = [VESTIBULE, "--config", "vestibule.json", "generate", "--format", format, *more]
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def module(self, format: str, *more: str):
        """The classes, imported."""
        name = f"{format}_{uuid.uuid4().hex}"
        file = self.folder / f"{name}.py"
        file.write_text(self.generate(format, *more))
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


KINDS = {
    "sqlite": ("sqlite", {}, None),
    "postgres with uuids": ("postgres", {"generateId": "uuid"}, None),
    "postgres with numbers in a schema": ("postgres", {"generateId": "serial"}, "auth"),
}


@pytest.fixture(scope="session", params=KINDS)
def place(request, tmp_path_factory):
    database, ids, schema = KINDS[request.param]
    folder = tmp_path_factory.mktemp("place")
    name = f"generate_{uuid.uuid4().hex}"
    if database == "sqlite":
        url = f"sqlite:///{folder}/test.db"
        engine = sa.create_engine(url)
    else:
        with psycopg.connect(ADMIN, autocommit=True) as admin:
            admin.execute(f"create database {name}")
        url = f"{ADMIN.rpartition('/')[0]}/{name}"
        engine = sa.create_engine("postgresql+psycopg://" + url.partition("://")[2])
    settings = {"url": url} | ({"schemaName": schema} if schema else {})
    config = CONFIG | {"database": settings, "advanced": {"database": ids}}
    (folder / "vestibule.json").write_text(json.dumps(config))
    try:
        subprocess.run([VESTIBULE, "--config", "vestibule.json", "migrate"], cwd=folder, check=True)
        yield Place(request.param, url, engine, folder, fill(engine, schema))
    finally:
        engine.dispose()
        if database == "postgres":
            with psycopg.connect(ADMIN, autocommit=True) as admin:
                admin.execute(f"drop database {name} with (force)")


def fill(engine: sa.Engine, schema):
    """As the auth server writes."""
    prefix = f"{schema}." if schema else ""
    is_sqlite = engine.dialect.name == "sqlite"
    json_type, yes = ("text", "1") if is_sqlite else ("jsonb", "true")
    has_own_id = is_sqlite
    id_name, id_value = ("id, ", "'u1', ") if has_own_id else ("", "")
    with engine.begin() as connection:
        user = connection.execute(
            sa.text(
                f"""insert into {prefix}people ({id_name}name, email_address, "emailVerified", "createdAt",
                "updatedAt", "bornAt", tags, settings, plan, "class", big, admin) values ({id_value}'Ada',
                'ada@example.com', {yes}, '2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z', '{BORN}',
                cast('["a","b"]' as {json_type}), cast('{{"x"\\:1}}' as {json_type}), 'paid', 3, {BIG}, {yes}) returning id"""
            )
        ).scalar_one()
        id_value = "'s1', " if has_own_id else ""
        connection.execute(
            sa.text(
                f"""insert into {prefix}session ({id_name}token, "userId", "expiresAt", "createdAt", "updatedAt")
                values ({id_value}'token', :user, '2999-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z')"""
            ),
            {"user": user},
        )
    return user if isinstance(user, int) else str(user)
