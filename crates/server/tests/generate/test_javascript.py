"""Drizzle runs queries, Prisma's own parser reads the models."""

import json
import subprocess
from pathlib import Path

from conftest import BIG, BORN

HERE = Path(__file__).parent


def run(*command: str, **more) -> str:
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_drizzle_reads_and_refuses_to_write(place):
    folder = HERE / ".generated" / place.kind.replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tables.ts").write_text(place.generate("drizzle"))
    (folder / "queries.ts").write_text((HERE / "queries.ts").read_text())
    driver = "libsql" if place.kind == "sqlite" else "node-postgres"
    (folder / "driver.ts").write_text(f'export {{ drizzle }} from "drizzle-orm/{driver}"\n')
    # That a write is refused is for the types to say: `queries.ts` expects it.
    flags = "--strict --module commonjs --moduleResolution node10 --target es2022 --skipLibCheck --types node"
    run("node_modules/.bin/tsc", *flags.split(), str(folder / "queries.ts"))
    url = place.url.replace("sqlite:///", "file:")
    [found] = json.loads(run("node", str(folder / "queries.js"), url))
    user = found["people"]
    assert (user["id"], user["email"], user["emailVerified"]) == (place.id, "ada@example.com", True)
    assert (user["bornAt"], user["big"]) == (BORN, BIG)
    assert (user["tags"], user["settings"], user["admin"]) == (["a", "b"], {"x": 1}, True)
    assert "token" not in found["session"]


def test_prisma_reads_the_models(place):
    provider = "sqlite" if place.kind == "sqlite" else "postgresql"
    schemas = '\n  schemas = ["auth"]' if "schema" in place.kind else ""
    source = f'datasource db {{\n  provider = "{provider}"{schemas}\n}}\n' + place.generate("prisma")
    models = {model["name"]: model for model in json.loads(run("node", "prisma.js", input=source))}
    assert list(models) == ["AuthUser", "AuthSession", "AuthAccount"]
    user = {field["name"]: field for field in models["AuthUser"]["fields"]}
    assert models["AuthUser"]["dbName"] == "people"
    assert (user["email"]["dbName"], user["bornAt"]["type"], user["big"]["type"]) == ("email_address", "DateTime", "BigInt")
    assert user["sessions"]["isList"] and user["emailVerified"]["type"] == "Boolean"
