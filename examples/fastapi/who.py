"""Who asks: a user of Better Auth, by its tables in the same database or by an access token.

`SharedTables` looks the session up, so a session that was ended is refused at once; it needs the secret
that signs the cookie. `KeySet` verifies a token that was made for this service by the auth server's
public keys; it needs no secret, and a token is good until it expires.
"""

import base64
import hmac
import json
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Optional
from urllib.parse import unquote

import jwt
from sqlmodel import Session, select
from starlette.requests import Request

from auth_tables import AuthSession, AuthUser

# With https the name has a prefix. That one comes first: only a secure page can have set it.
COOKIES = ("__Secure-better-auth.session_token", "better-auth.session_token")


@dataclass
class User:
    id: str
    name: Optional[str]
    email: Optional[str]


class Refused(Exception):
    """401. The message says what was wrong and what to do; it never shows what was sent."""

    def __init__(self, code: str, message: str):
        self.code, self.message = code, message


NOBODY = "NOT_SIGNED_IN", "Not signed in. Sign in and send the session along"


class Unavailable(Exception):
    """503: nobody knows whether the session is valid."""


def bearer(request: Request) -> Optional[str]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class SharedTables:
    def __init__(self, secret: str):
        self.secret = secret.encode()

    def user(self, request: Request, database: Session) -> User:
        token = self.token(request)
        query = select(AuthSession, AuthUser).join(AuthUser, AuthUser.id == AuthSession.user_id)
        found = database.exec(query.where(AuthSession.token == token)).first()
        if found is None:
            raise Refused("SESSION_ENDED", "This session has ended. Sign in again")
        session, user = found
        # Both are aware and in UTC; `auth_tables` sees to that, also in SQLite.
        if session.expires_at <= datetime.now(timezone.utc):
            raise Refused("CREDENTIAL_EXPIRED", "This session has expired. Sign in again")
        return User(str(user.id), user.name, user.email)

    def token(self, request: Request) -> str:
        """The token of the session, from a header or a cookie that we have signed."""
        given = bearer(request)
        if given is not None and "." not in given:
            return given  # The token itself: its holder proves enough.
        signed = [given] if given is not None else list(cookies(request))
        if not signed:
            raise Refused(*NOBODY)
        for value in signed:
            # The signature is base64 and follows the last dot; the cookie is percent-encoded.
            token, _, signature = unquote(value).rpartition(".")
            expected = base64.b64encode(hmac.digest(self.secret, token.encode(), "sha256"))
            if token and hmac.compare_digest(signature.encode(), expected):
                return token
        wrong = "The session was not signed with the BETTER_AUTH_SECRET of this service. Sign in again"
        raise Refused("INVALID_CREDENTIAL", wrong)


def cookies(request: Request):
    """All session cookies. A sibling domain can set one of the same name: the one that verifies counts."""
    pairs = [pair.strip().partition("=") for pair in request.headers.get("cookie", "").split(";")]
    for wanted in COOKIES:
        yield from (value for name, _, value in pairs if name == wanted)


class KeySet(jwt.PyJWKClient):
    ALGORITHMS = ["EdDSA", "ES256"]  # Ours to choose, never the token's.
    PAUSE_SECONDS = 30

    def __init__(self, url: str, issuer: str, audience: str):
        super().__init__(url, timeout=5)
        self.issuer, self.audience, self.asked_at = issuer, audience, 0.0

    def get_signing_keys(self, refresh: bool = False):
        # An unknown key may be a new one; a flood of them must not become a flood of questions.
        if refresh and time.monotonic() - self.asked_at < self.PAUSE_SECONDS:
            refresh = False
        elif refresh:
            self.asked_at = time.monotonic()
        return super().get_signing_keys(refresh)

    def user(self, request: Request, _: Session) -> User:
        token = bearer(request)
        if token is None:
            raise Refused(*NOBODY)
        required = {"require": ["aud", "exp", "iss", "sub"]}
        try:
            key = self.get_signing_key_from_jwt(token)
            claims = jwt.decode(
                token, key, self.ALGORITHMS, required, audience=self.audience, issuer=self.issuer, leeway=5
            )
        except (jwt.PyJWKClientConnectionError, json.JSONDecodeError, OSError) as error:
            raise Unavailable from error
        except jwt.ExpiredSignatureError:
            raise Refused("CREDENTIAL_EXPIRED", "This token has expired. Get a new one") from None
        except jwt.PyJWTError as error:
            message = f"This token is not for this service ({type(error).__name__}). Get one for {self.audience!r}"
            raise Refused("INVALID_CREDENTIAL", message) from None
        return User(claims["sub"], claims.get("name"), claims.get("email"))
