"""The mode that verifies access tokens."""

import base64
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from conftest import service_environment, start_service


def me(place, token):
    return place.ask("GET", "/me", headers={"authorization": f"Bearer {token}"})


def test_a_token_for_this_service_is_accepted(key_set):
    ada = key_set.sign_up()
    assert me(key_set, ada.access_token()).json()["id"] == ada.id


def test_a_token_for_another_service_is_refused(key_set):
    answer = me(key_set, key_set.sign_up().access_token("others"))
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_CREDENTIAL")


def test_a_cookie_proves_nothing_here(key_set):
    answer = key_set.ask("GET", "/me", headers={"cookie": key_set.sign_up().cookie})
    assert (answer.status_code, answer.json()["code"]) == (401, "NOT_SIGNED_IN")


def parts(token):
    header, claims, signature = token.split(".")
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False}), signature


def encoded(part) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def forged_without_algorithm(header, claims, signature, key):
    return f"{encoded(header | {'alg': 'none'})}.{encoded(claims)}."


def forged_with_the_public_key_as_secret(header, claims, signature, key):
    secret = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    import hashlib
    import hmac

    signed = f"{encoded(header | {'alg': 'HS256'})}.{encoded(claims)}"
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def forged_for_somebody_else(header, claims, signature, key):
    return f"{encoded(header)}.{encoded(claims | {'sub': 'somebody'})}.{signature}"


def forged_with_an_unknown_key(header, claims, signature, key):
    return f"{encoded(header | {'kid': 'unknown'})}.{encoded(claims)}.{signature}"


def forged_with_another_algorithm(header, claims, signature, key):
    return f"{encoded(header | {'alg': 'EdDSA'})}.{encoded(claims)}.{signature}"


FORGERIES = [value for name, value in sorted(globals().items()) if name.startswith("forged_")]


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_forged_token_is_refused(key_set, forge):
    token = key_set.sign_up().access_token()
    key = jwt.PyJWKClient(key_set.auth.url + "/.well-known/jwks.json").get_signing_key_from_jwt(token).key
    answer = me(key_set, forge(*parts(token), key))
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_CREDENTIAL")
    assert me(key_set, token).status_code == 200


def test_keys_that_cannot_be_fetched_are_503(key_set):
    token = key_set.sign_up().access_token()
    environment = service_environment("key-set", key_set.url, key_set.auth.url)
    for address in ["http://127.0.0.1:1/jwks", key_set.auth.url + "/"]:
        alone = start_service(key_set.folder, "alone", environment | {"AUTH_JWKS_URL": address})
        try:
            alone.wait("/health")
            key_set.service, service = alone, key_set.service
            answer = me(key_set, token)
            key_set.service = service
            assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
            assert "Traceback" not in alone.log.read_text()
        finally:
            alone.stop()
