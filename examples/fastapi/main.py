"""A notes backend that knows its users by Better Auth's sessions, with tables of its own beside them.

`who` says who asks, `auth_tables` was made by `vestibule generate`, and the rest is here.
"""

import logging
import os
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Optional

import sqlalchemy as sa
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlmodel import Field, Session, SQLModel, select
from starlette.exceptions import HTTPException as StarletteHTTPException

from auth_tables import UtcTime
from who import KeySet, Refused, SharedTables, Unavailable, User


def setting(name: str, default: Optional[str] = None) -> str:
    value = os.environ.get(name) or default
    if value is None:
        raise SystemExit(f"{name} is not set")
    return value


def trust():
    mode = setting("AUTH_MODE", "shared-database")
    if mode == "shared-database":
        return SharedTables(setting("BETTER_AUTH_SECRET"))
    if mode == "key-set":
        issuer = setting("AUTH_URL", "http://localhost:3000")
        keys = setting("AUTH_JWKS_URL", f"{issuer}/.well-known/jwks.json")
        return KeySet(keys, issuer, setting("AUTH_AUDIENCE", "notes"))
    raise SystemExit(f"AUTH_MODE is {mode!r}; expected 'shared-database' or 'key-set'")


def connect(url: str) -> sa.Engine:
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, connect_args={"timeout": 5})
        sa.event.listen(engine, "connect", lambda made, _: made.execute("pragma foreign_keys = on"))
        return engine
    url = "postgresql+psycopg://" + url.partition("://")[2]
    # A pooler in transaction mode keeps no prepared statements.
    return sa.create_engine(
        url, pool_pre_ping=True, connect_args={"prepare_threshold": None, "connect_timeout": 5}
    )


class utc_now(sa.sql.functions.FunctionElement):
    """The current time, as `UtcTime` has it."""

    inherit_cache = True


compiles(utc_now)(lambda *_, **__: "now()")
compiles(utc_now, "sqlite")(lambda *_, **__: "(strftime('%Y-%m-%dT%H:%M:%fZ'))")


class AppUser(SQLModel, table=True):
    """A user whom this service has seen. The id is Better Auth's; everything else of them is there."""

    __tablename__ = "app_users"
    auth_user_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    created_at: datetime = Field(sa_column=sa.Column(UtcTime, nullable=False, server_default=utc_now()))


class Note(SQLModel, table=True):
    __tablename__ = "notes"
    id: Optional[int] = Field(
        sa_column=sa.Column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(always=True), primary_key=True)
    )
    auth_user_id: str = Field(
        sa_column=sa.Column(sa.Text, sa.ForeignKey("app_users.auth_user_id", ondelete="CASCADE"), nullable=False)
    )
    text: str = Field(sa_column=sa.Column(sa.Text, nullable=False))
    created_at: Optional[datetime] = Field(
        default=None, sa_column=sa.Column(UtcTime, nullable=False, server_default=utc_now())
    )

    def shown(self) -> dict:
        at = self.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"id": self.id, "text": self.text, "createdAt": at}


verifier, engine = trust(), connect(setting("DATABASE_URL"))
origins = [origin.strip() for origin in setting("FRONTEND_ORIGIN", "http://localhost:3000").split(",")]


@asynccontextmanager
async def lifespan(_: FastAPI):
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # Others may start at the same moment.
            connection.execute(sa.text("select pg_advisory_xact_lock(hashtext('notes'))"))
        SQLModel.metadata.create_all(connection)
    yield


app = FastAPI(lifespan=lifespan)


def database():
    with Session(engine) as session:
        yield session


Database = Annotated[Session, Depends(database)]


def member(request: Request, database: Database) -> User:
    """Who is signed in. The first sight of a user makes their row, however many come at once."""
    user = verifier.user(request, database)
    if database.get(AppUser, user.id) is None:
        dialect = postgresql if engine.dialect.name == "postgresql" else sqlite
        seen = dialect.insert(AppUser).values(auth_user_id=user.id)
        database.execute(seen.on_conflict_do_nothing())
        database.commit()
    return user


Member = Annotated[User, Depends(member)]


class NewNote(BaseModel):
    text: str


@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/me")
def me(user: Member):
    return {"id": user.id, "name": user.name, "email": user.email}


@app.get("/notes")
def notes(user: Member, database: Database):
    mine = select(Note).where(Note.auth_user_id == user.id).order_by(Note.id.desc())
    return [note.shown() for note in database.exec(mine)]


@app.post("/notes", status_code=201)
def add(user: Member, database: Database, body: NewNote):
    text = body.text.strip()
    if not 1 <= len(text) <= 2000 or "\0" in text:
        raise Problem(422, "INVALID_NOTE", "A note has 1 to 2000 characters, and no U+0000")
    note = Note(auth_user_id=user.id, text=text)
    database.add(note)
    database.commit()
    return note.shown()


@app.delete("/notes/{id}", status_code=204)
def remove(user: Member, database: Database, id: str):
    # The owner is part of the question: another's note is not there.
    number = int(id) if id.isascii() and id.isdigit() and len(id) < 19 else -1
    mine = sa.delete(Note).where(Note.id == number, Note.auth_user_id == user.id)
    if database.execute(mine).rowcount == 0:
        raise Problem(404, "NOTE_NOT_FOUND", "There is no such note")
    database.commit()
    return Response(status_code=204)


class Problem(HTTPException):
    def __init__(self, status: int, code: str, message: str):
        super().__init__(status, message)
        self.code = code


def problem(status: int, code: str, message: str, **headers: str) -> JSONResponse:
    return JSONResponse({"message": message, "code": code}, status, headers)


@app.exception_handler(StarletteHTTPException)
async def refuse(request: Request, error: StarletteHTTPException):
    if error.status_code == 400:  # A body that is not even text.
        return await refuse_note(request, error)
    code = getattr(error, "code", str(error.detail).upper().replace(" ", "_"))
    return problem(error.status_code, code, str(error.detail))


@app.exception_handler(Refused)
async def refuse_somebody(_: Request, error: Refused):
    reason = "" if error.code == "NOT_SIGNED_IN" else ', error="invalid_token"'
    return problem(401, error.code, error.message, **{"www-authenticate": f'Bearer realm="notes"{reason}'})


@app.exception_handler(RequestValidationError)
async def refuse_note(_: Request, __: Exception):
    return problem(422, "INVALID_NOTE", "Send JSON with a `text`")


@app.exception_handler(Unavailable)
@app.exception_handler(sa.exc.DBAPIError)
@app.exception_handler(sa.exc.TimeoutError)
async def be_away(_: Request, error: Exception):
    # Its text may quote values.
    logging.error("the database or the auth server does not answer: %s", type(error).__name__)
    return problem(503, "UNAVAILABLE", "Notes cannot be reached right now; try again in a moment")


@app.middleware("http")
async def only_from_the_frontend(request: Request, call_next):
    """A cookie is sent by whichever page causes a request; a bearer token only its holder can send."""
    origin = request.headers.get("origin")
    is_read = request.method in ("GET", "HEAD", "OPTIONS")
    if is_read or origin in (None, *origins) or "authorization" in request.headers:
        return await call_next(request)
    message = "This page may not write; its origin is missing in FRONTEND_ORIGIN"
    return problem(403, "ORIGIN_NOT_ALLOWED", message)


# Outermost, so that pages can read refusals as well.
app.add_middleware(
    CORSMiddleware,
    allow_origins=origins,
    allow_credentials=True,
    allow_methods=["GET", "POST", "DELETE"],
    allow_headers=["authorization", "content-type"],
)
