//! `vestibule inspect`: what a value is, and why it is not accepted.

use insta::assert_snapshot;
use serde_json::{Map, Value as Json, json};
use vestibule_core::clock::{Clock as _, SystemClock};
use vestibule_core::crypto::secrets::{DEFAULT_SECRET, Secrets, VersionedSecret};
use vestibule_core::crypto::symmetric::SymmetricKeys;
use vestibule_tokens::derive::{audience_key, service_key};
use vestibule_tokens::encoding::{base64url, encode_uri_component, hex};
use vestibule_tokens::session_cache::{Payload, compact, jwt as jwt_cache};
use vestibule_tokens::signature::SigningKey;
use vestibule_tokens::{jose, jwe, jwt};

use crate::server::Place;

const SECRET: &str = "a secret that is long enough for anybody";
const OTHER: &str = "another secret that is long enough too";
const TOKEN: &str = "abcDEF0123456789abcDEF0123456789";

/// A place with a secret and no database.
fn place() -> Place {
    Place::new().env("BETTER_AUTH_SECRET", SECRET)
}

/// The exit code, and what is said, with times as `TIME` and without the note on the database.
fn inspect(place: &Place, value: &str) -> String {
    let output = place.run_with_input(&["inspect"], value);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = timeless(&String::from_utf8(output.stdout).unwrap());
    let code = output.status.code().unwrap();
    let no_database = |paragraph: &&str| !paragraph.contains("whether it is in the database");
    let text: Vec<_> = text.split("\n\n").filter(no_database).collect();
    format!("{}\nexit {code}", text.join("\n\n").trim_end())
}

fn inspected(place: &Place, value: &str) -> Json {
    let output = place.run_with_input(&["inspect", "--json"], value);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The codes of what is wrong, and the first sentence.
fn problems(place: &Place, value: &str) -> String {
    let report = inspected(place, value);
    let lines = report["problems"].as_array().unwrap().iter().map(|problem| {
        assert!(!problem["fix"].as_str().unwrap().is_empty());
        format!("{}: {}", problem["code"].as_str().unwrap(), problem["what"].as_str().unwrap())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `2030-01-01T00:00:00.000Z (in 3 years)` as `TIME`.
fn timeless(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("Z (") {
        let Some(end) = rest[at..].find(')') else { break };
        result += &rest[..at - 23];
        result += "TIME";
        rest = &rest[at + end + 1..];
    }
    result + rest
}

fn now() -> i64 {
    SystemClock.now().as_seconds()
}

fn signed(secret: &str) -> String {
    SigningKey::new(secret).sign(TOKEN)
}

fn cookie(value: &str) -> String {
    format!("better-auth.session_token={}", encode_uri_component(value))
}

fn object(value: Json) -> Map<String, Json> {
    value.as_object().unwrap().clone()
}

#[test]
fn a_session_cookie_is_looked_up() {
    let place = place();
    let server = place.serve();
    let made = server.sign_up("ada@example.com");
    let cookie = made.cookie();
    let line = format!("Set-Cookie: {}", made.header("set-cookie").unwrap());
    let (_, value) = cookie.split_once('=').unwrap();
    let token = made.json()["token"].as_str().unwrap().to_owned();
    for value in [&cookie, &line, value, &format!("Cookie: theme=dark; {cookie}"), &token] {
        let report = inspected(&place, value);
        assert_eq!(report["verdict"], "valid", "{report:#}");
        let report = if report["parts"].is_array() { &report["parts"][0] } else { &report };
        let user = report["facts"]["user"].as_str().unwrap();
        assert!(user.starts_with("Ada <ada@example.com>, "), "{user}");
        assert!(!report.to_string().contains(&token), "{report:#}");
    }
    let user = made.json()["user"]["id"].as_str().unwrap().to_owned();
    assert_snapshot!(problems(&place, &user), @"user-id: this is the id of the user ada@example.com, not the token of a session");
    assert_snapshot!(problems(&place, TOKEN), @"no-session: the database has no session with this token");
    server.post_with(
        "/sign-out",
        &[("cookie", &cookie), ("origin", &format!("http://{}", server.address))],
        &json!({}),
    );
    assert_snapshot!(problems(&place, &cookie), @"no-session: the database has no session with this token");
}

#[test]
fn a_session_that_has_expired_is_told_from_one_that_is_gone() {
    let place = Place::with_config("[emailAndPassword]\nenabled = true\n[testing]\nclock = true");
    let place = place.env("BETTER_AUTH_SECRET", SECRET);
    let server = place.serve();
    let body = json!({ "name": "Ada", "email": "ada@example.com", "password": "correct horse" });
    let last_year = ((now() - 31_536_000) * 1000).to_string();
    let made = server.post_with("/sign-up/email", &[("x-test-now", &last_year)], &body);
    assert_snapshot!(problems(&place, &made.cookie()), @"expired: the session has expired");
}

#[test]
fn everything_that_happens_to_a_cookie_has_a_name() {
    let place = place();
    let good = signed(SECRET);
    let encoded = encode_uri_component(&good).into_owned();
    let (value, signature) = good.rsplit_once('.').unwrap();
    let said = |value: &str| problems(&place, value);
    let raw = |value: &str| said(&format!("better-auth.session_token={value}"));
    assert_eq!(raw(&encoded), "");
    assert_eq!(raw(&good), "");
    assert_snapshot!(raw(TOKEN), @"no-signature: the signature is missing: this is the bare token, cookies carry `token.signature`");
    assert_snapshot!(raw("hello"), @"no-signature: there is no signature in it: cookies carry `token.signature`");
    assert_snapshot!(raw(&signed(OTHER)), @"another-secret: the signature is made with another secret than this server's, or the value was altered");
    assert_snapshot!(raw(&signed(DEFAULT_SECRET)), @"another-secret: it is signed with Better Auth's built-in secret, which everybody knows: whoever made it was given none");
    assert_snapshot!(raw(&signed(&format!("{SECRET}\n"))), @"another-secret: it is signed with this server's secret and a line break after it");
    assert_snapshot!(raw(&signed(&format!("\"{SECRET}\""))), @"another-secret: it is signed with this server's secret inside quotation marks");
    assert_snapshot!(raw(&encode_uri_component(&encoded)), @"encoded-twice: the value is URL-encoded twice");
    assert_snapshot!(raw(&format!("{value}.{}", signature.trim_end_matches('='))), @"padding-lost: the closing `=` of the signature is missing: something split the cookie at every `=`");
    assert_snapshot!(raw(&format!("{value}.{}", &signature[..20])), @"truncated: the signature is cut short or not base64: it has 44 characters, of which the last is `=`");
    assert_snapshot!(raw(&format!("{value}.{}", hex([7; 32]))), @"hex: the signature is in hex, cookies have it in base64");
    assert_snapshot!(raw(&format!(".{signature}")), @"no-value: there is nothing before the signature");
    // One whose signature has both characters that the alphabets spell differently.
    let odd = (0..).map(|number| SigningKey::new(SECRET).sign(&format!("token{number}")));
    let odd = odd.into_iter().find(|signed| signed.contains('+') && signed.contains('/')).unwrap();
    assert_snapshot!(raw(&odd.replace('+', " ")), @"plus-became-space: a `+` of the signature became a space: the value was decoded as a form's, not as a cookie's");
    assert_snapshot!(raw(&odd.replace('+', "-").replace('/', "_")), @"base64url: the signature is in base64url, cookies have it in base64 with `+`, `/` and `=`");
    assert_snapshot!(inspect(&place, &cookie(&odd.replace('+', " "))), @r"
    A session cookie, `better-auth.session_token`

      token         … (6 characters)

      note  with that mended, the signature would be right: the secret is the same

      bad   a `+` of the signature became a space: the value was decoded as a form's, not as a
            cookie's
      fix   decode with `decodeURIComponent` (Python: `urllib.parse.unquote`), which leaves `+`
            alone

    It is not valid.
    exit 1
    ");
}

#[test]
fn the_name_of_a_cookie_says_which_server_set_it() {
    let value = encode_uri_component(&signed(SECRET)).into_owned();
    let plain = format!("better-auth.session_token={value}");
    let secure = format!("__Secure-{plain}");
    let development = place();
    assert_eq!(problems(&development, &plain), "");
    assert_snapshot!(problems(&development, &secure), @"name: the name has `__Secure-`, but this server's cookies are plain (`better-auth.session_token`): there is no baseURL, and this is development");
    let http = place().env("BETTER_AUTH_URL", "http://localhost:3000");
    assert_snapshot!(problems(&http, &secure), @"name: the name has `__Secure-`, but this server's cookies are plain (`better-auth.session_token`): baseURL is http://localhost:3000");
    let https =
        place().env("BETTER_AUTH_URL", "https://auth.example.com").env("DATABASE_URL", "auth.db");
    assert_eq!(problems(&https, &secure), "");
    assert_snapshot!(problems(&https, &plain), @"name: the name is plain, but this server's cookies have `__Secure-` (`__Secure-better-auth.session_token`): baseURL is https://auth.example.com");
    let prefixed =
        Place::with_config("[advanced]\ncookiePrefix = 'shop'").env("BETTER_AUTH_SECRET", SECRET);
    assert_snapshot!(problems(&prefixed, &plain), @"name: this server's cookie is called `shop.session_token`");
    assert_snapshot!(problems(&development, "Cookie: theme=dark; next-auth.session-token=x"), @"no-session-cookie: there is no session cookie in it; this server's is `better-auth.session_token`");
    assert_snapshot!(inspect(&development, "next-auth.session-token=x"), @r"
    A cookie of NextAuth, `next-auth.session-token`, which Better Auth does not read
    exit 2
    ");
    assert_snapshot!(inspect(&development, "theme=dark"), @r"
    A cookie that is not Better Auth's, `theme`
    exit 2
    ");
}

#[test]
fn a_set_cookie_line_is_read_as_a_browser_reads_it() {
    let place = place();
    let line = |attributes: &str| format!("{}; {attributes}", cookie(&signed(SECRET)));
    let said = |attributes: &str| problems(&place, &line(attributes));
    assert_eq!(said("Path=/; HttpOnly; SameSite=Lax; Max-Age=604800"), "");
    assert_snapshot!(said("Path=/; Domain=.co.uk"), @"public-suffix: browsers drop a cookie for `co.uk`: anybody can have a name below it");
    assert_snapshot!(said("Path=/; SameSite=None"), @"same-site-none: browsers drop a cookie with `SameSite=None` and without `Secure`");
    assert_snapshot!(problems(&place, &format!("Set-Cookie: __Secure-{}", line("Path=/"))), @r"
    name: the name has `__Secure-`, but this server's cookies are plain (`better-auth.session_token`): there is no baseURL, and this is development
    secure-missing: browsers drop a cookie whose name begins with `__Secure-` and that has no `Secure`
    ");
    assert_snapshot!(problems(&place, "__Host-better-auth.dont_remember=true.x; Path=/; Secure; Domain=example.com"), @r"
    truncated: the signature is cut short or not base64: it has 44 characters, of which the last is `=`
    host-prefix: browsers drop a cookie whose name begins with `__Host-` unless it is `Secure`, has `Path=/` and no `Domain`
    ");
    assert_snapshot!(inspect(&place, "Set-Cookie: better-auth.session_token=; Max-Age=0; Path=/"), @r"
    The end of the cookie `better-auth.session_token`

      attributes    Max-Age=0; Path=/

      note  it makes the browser forget the cookie, as a sign-out does

    It is valid.
    exit 0
    ");
}

/// The first question that people ask.
#[test]
fn same_secret_same_algorithm_same_token_format() {
    let place = place();
    // Another secret.
    assert_snapshot!(inspect(&place, &cookie(&signed(OTHER))), @r"
    A session cookie, `better-auth.session_token`

      token         abcD… (32 characters)

      bad   the signature is made with another secret than this server's, or the value was altered
      fix   give both sides the same `BETTER_AUTH_SECRET`, character for character; `vestibule
            inspect --secret-env NAME` tries the secret of another variable

    It is not valid.
    exit 1
    ");
    // Another format: what a backend calls a token is a JWT, in the place of a session cookie.
    let claims = object(json!({ "sub": "user-1" }));
    let at = now();
    let token = jwt::sign(&SigningKey::new(OTHER), claims, at, 3600);
    let said = inspect(&place, &cookie(&token)).replace(&at.to_string(), "NOW");
    assert_snapshot!(said.replace(&(at + 3600).to_string(), "LATER"), @r#"
    A session cookie, `better-auth.session_token`

    A JSON web token

      algorithm     HS256
      issued        TIME
      expires       TIME
      claims        {
                      "sub": "user-1",
                      "iat": NOW,
                      "exp": LATER
                    }

      bad   it is signed with HS256 by another secret than this server's, and by no key that is
            derived from it for an audience that the token names
      fix   if a backend verifies it, give it the key of `vestibule secret derive` and the token's
            audience; if another program signs it, let this server do so (`POST /auth/token`)

    It is not valid.

      bad   its value is a JSON web token, and a session cookie carries `token.signature`
      fix   send a JWT as `Authorization: Bearer`; put into the cookie what `Set-Cookie` brought

    It is not valid.
    exit 1
    "#);
    // Another algorithm.
    let key = jose::PrivateKey::generate(jose::Algorithm::EdDsa.into()).unwrap();
    let claims = object(json!({ "sub": "user-1", "exp": 1_893_456_000 }));
    let token = jose::jws::sign(&key, Some("key-1"), None, &claims).unwrap();
    let server = place.serve();
    server.sign_up("ada@example.com");
    assert_snapshot!(inspect(&place, &token), @r#"
    A JSON web token

      algorithm     EdDSA
      key id        key-1
      expires       TIME
      claims        {
                      "sub": "user-1",
                      "exp": 1893456000
                    }

      bad   signed with EdDSA, `kid` key-1; this server has no key set: it signs nothing with
            public keys
      fix   if it is old, its key was rotated away: get another token; otherwise it is from another
            server: compare `iss`, and the key set at `/.well-known/jwks.json`

      bad   the database has no user with the id user-1
      fix   compare the databases of whoever issued it and of this server (`DATABASE_URL`); the
            user may be deleted

    It is not valid.
    exit 1
    "#);
}

#[test]
fn the_backends_own_secret_is_compared() {
    let place = place();
    assert_snapshot!(inspect(&place, &format!("BETTER_AUTH_SECRET={SECRET}")), @r"
    A secret, as `BETTER_AUTH_SECRET` has it

      length        40 characters
      same as       this server's secret

    It is valid.
    exit 0
    ");
    assert_snapshot!(problems(&place, &format!("BETTER_AUTH_SECRET={OTHER}")), @"another-secret: it is another secret than this server's");
    assert_snapshot!(problems(&place, &format!("AUTH_SECRET={DEFAULT_SECRET}")), @"default: it is Better Auth's built-in secret, which everybody knows");
    let other = place.env("BACKEND_SECRET", OTHER);
    let run = |arguments: &[&str]| other.run_with_input(arguments, &cookie(&signed(OTHER)));
    assert_eq!(run(&["inspect"]).status.code(), Some(1));
    assert_eq!(run(&["inspect", "--secret-env", "BACKEND_SECRET"]).status.code(), Some(0));
    let missing = run(&["inspect", "--secret-env", "NOTHING"]);
    assert_eq!(missing.status.code(), Some(3));
    assert_snapshot!(String::from_utf8(missing.stderr).unwrap(), @"error: `--secret-env NOTHING`: there is no such variable");
}

#[test]
fn json_web_tokens_are_told_apart() {
    let place = place();
    let said = |claims: Json, key: &str| {
        problems(&place, &jwt::sign(&SigningKey::new(key), object(claims), now(), 3600))
    };
    let link = jwt::sign(
        &SigningKey::new(SECRET),
        object(json!({ "email": "ada@example.com" })),
        now(),
        3600,
    );
    assert_eq!(inspected(&place, &link)["kind"], "verification-token");
    assert_eq!(problems(&place, &link), "");
    let api = audience_key(SECRET, "api");
    assert_eq!(said(json!({ "sub": "1", "aud": "api" }), &api), "");
    assert_eq!(said(json!({ "sub": "1", "aud": ["notes", "api"] }), &api), "");
    assert_snapshot!(said(json!({ "sub": "1", "aud": "notes" }), &api), @"another-secret: it is signed with HS256 by another secret than this server's, and by no key that is derived from it for an audience that the token names");
    let expired = jwt::sign(&SigningKey::new(SECRET), Map::new(), now() - 7200, 3600);
    assert_snapshot!(problems(&place, &expired), @"expired: it has expired");
    let early = jwt::sign(&SigningKey::new(SECRET), Map::new(), now() + 600, 3600);
    assert_snapshot!(problems(&place, &early), @"from-the-future: it was issued later than it is now: a clock is wrong");

    let forge = |header: Json, claims: Json| {
        let signed = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
        let mac = SigningKey::new(SECRET).mac(signed.as_bytes());
        format!("{signed}.{}", base64url(mac))
    };
    assert_snapshot!(problems(&place, &forge(json!({ "alg": "none" }), json!({ "exp": 1_893_456_000 }))), @r#"unsigned: it is not signed at all (`alg` is "none"): anybody can write it"#);
    assert_snapshot!(problems(&place, &forge(json!({ "alg": "HS512" }), json!({ "exp": 1_893_456_000 }))), @"algorithm: it is signed with HS512, which neither Better Auth nor this server uses");
    assert_snapshot!(problems(&place, &forge(json!({ "alg": "HS256" }), json!({ "nbf": 1_893_456_000 }))), @r"
    no-expiry: it never expires: it has no `exp`
    not-yet: it is not valid yet
    ");
    assert_snapshot!(problems(&place, "eyJhbGciOiJIUzI1NiJ9.e30.!"), @"malformed: its claims or its signature cannot be read: it was cut or altered");
    assert_snapshot!(problems(&place, &forge(json!({ "alg": "RS256", "kid": "a" }), json!({ "exp": 1_893_456_000 }))), @"keys-unknown: the signature cannot be checked: the keys are in the database, which could not be asked (the file `vestibule.db` does not exist)");
}

/// The contract of a shared secret that never matched.
#[test]
fn tokens_of_audiences_are_compared_with_what_the_configuration_says() {
    let config = "[plugins.jwt]\n[tokens.api]\nalgorithm = 'ES256'\naudience = 'https://api.example.com'\n\
                  [tokens.old]\nalgorithm = 'HS256'\naudience = 'https://old.example.com'";
    let place = Place::with_config(config).env("BETTER_AUTH_SECRET", SECRET);
    let token = |key: &str, audience: &str| {
        let claims = object(json!({ "sub": "user-1", "aud": audience }));
        jwt::sign(&SigningKey::new(key), claims, now(), 3600)
    };
    assert_snapshot!(problems(&place, &token(OTHER, "https://api.example.com")), @r#"another-secret: it is signed with HS256 by another secret than this server's, and by no key that is derived from it for an audience that the token names; this server signs for "https://api.example.com" with ES256"#);
    assert_snapshot!(problems(&place, &token(OTHER, "https://old.example.com")), @r#"another-secret: it is signed with HS256 by another secret than this server's, and by no key that is derived from it for an audience that the token names; this server signs for "https://old.example.com" with HS256"#);
    // The key is derived by the name of the table, whatever the audience is called.
    assert_eq!(
        problems(&place, &token(&audience_key(SECRET, "old"), "https://old.example.com")),
        ""
    );
}

#[test]
fn another_issuer_is_noticed() {
    let place = place().env("BETTER_AUTH_URL", "http://localhost:3000");
    let claims = object(json!({ "sub": "1", "iss": "http://localhost:4000" }));
    let token = jwt::sign(&SigningKey::new(SECRET), claims, now(), 3600);
    let notes = &inspected(&place, &token)["notes"];
    assert_snapshot!(notes[0].as_str().unwrap(), @"its issuer is http://localhost:4000, and this server's baseURL is http://localhost:3000: a verifier that compares them refuses it, unless an issuer is configured");
}

#[test]
fn keys_of_the_key_set_are_named() {
    let place = Place::with_config("[emailAndPassword]\nenabled = true\n[plugins.jwt]");
    let place = place.env("BETTER_AUTH_SECRET", SECRET);
    let server = place.serve();
    let cookie = server.sign_up("ada@example.com").cookie();
    let answer = server.send("GET /api/auth/token", &[("cookie", &cookie)], b"");
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    let report = inspected(&place, &token);
    let kid = report["facts"]["key id"].as_str().unwrap().to_owned();
    assert_eq!(report["verdict"], "valid", "{report:#}");
    assert_eq!(report["facts"]["signature"], format!("made with this server's key {kid}"));
    assert!(report["facts"]["user"].as_str().unwrap().starts_with("Ada <ada@example.com>"));

    let said = |token: &str| problems(&place, token).replace(&kid, "KID");
    // The claims of another token under this one's signature.
    let mut parts: Vec<_> = token.split('.').collect();
    let claims = base64url(json!({ "exp": 1_893_456_000 }).to_string());
    parts[1] = &claims;
    assert_snapshot!(said(&parts.join(".")), @"signature: the signature does not fit: this server's key set has EdDSA `kid` KID");
    let claims = object(json!({ "sub": server_user(&report), "aud": "api" }));
    let shared = jwt::sign(&SigningKey::new(OTHER), claims, now(), 3600);
    assert_snapshot!(said(&shared), @"another-secret: it is signed with HS256 by another secret than this server's, and by no key that is derived from it for an audience that the token names; this server's key set has EdDSA `kid` KID");
    let key = jose::PrivateKey::generate(jose::Algorithm::Es256.into()).unwrap();
    let claims = object(json!({ "exp": 1_893_456_000 }));
    let foreign = jose::jws::sign(&key, Some("key-1"), None, &claims).unwrap();
    assert_snapshot!(said(&foreign), @"unknown-key: signed with ES256, `kid` key-1; this server's key set has EdDSA `kid` KID");
}

/// The subject of a token.
fn server_user(report: &Json) -> &str {
    report["facts"]["claims"]["sub"].as_str().unwrap()
}

fn payload() -> Payload {
    let session = json!({
        "id": "session-1", "token": TOKEN, "userId": "user-1", "expiresAt": "2030-01-08T00:00:00.000Z",
        "createdAt": "2030-01-01T00:00:00.000Z", "updatedAt": "2030-01-01T00:00:00.000Z",
    });
    let user = json!({
        "id": "user-1", "name": "Ada", "email": "ada@example.com", "emailVerified": false,
        "createdAt": "2030-01-01T00:00:00.000Z", "updatedAt": "2030-01-01T00:00:00.000Z",
    });
    Payload::new(object(session), object(user), 1_893_456_000_000, "1".to_owned()).unwrap()
}

#[test]
fn session_caches_are_read_in_every_form() {
    let place = place();
    let (key, other) = (SigningKey::new(SECRET), SigningKey::new(OTHER));
    let later = (now() + 300) * 1000;
    let value = compact::encode(&key, &payload(), later);
    let pair = |value: &str| format!("better-auth.session_data={value}");
    assert_snapshot!(inspect(&place, &pair(&value)), @r#"
    A session cache cookie, `better-auth.session_data`: a session cache (strategy compact)

      signature     made with this server's secret
      cached until  TIME
      content       {
                      "session": {
                        "id": "session-1",
                        "token": "abcD… (32 characters)",
                        "userId": "user-1",
                        "expiresAt": "2030-01-08T00:00:00.000Z",
                        "createdAt": "2030-01-01T00:00:00.000Z",
                        "updatedAt": "2030-01-01T00:00:00.000Z"
                      },
                      "user": {
                        "id": "user-1",
                        "name": "Ada",
                        "email": "ada@example.com",
                        "emailVerified": false,
                        "createdAt": "2030-01-01T00:00:00.000Z",
                        "updatedAt": "2030-01-01T00:00:00.000Z"
                      },
                      "updatedAt": 1893456000000,
                      "version": "1"
                    }
      token         abcD… (32 characters)

    It is valid.
    exit 0
    "#);
    assert_eq!(inspected(&place, &value)["kind"], "session-cache");
    assert_snapshot!(problems(&place, &compact::encode(&other, &payload(), later)), @"another-secret: the signature is made with another secret than this server's, or the value was altered");
    assert_snapshot!(problems(&place, &compact::encode(&key, &payload(), later - 600_000)), @"expired: the cache has expired");
    assert_snapshot!(problems(&place, &pair("hello")), @"malformed: it cannot be read: expected JSON in base64url, or a token of three or five parts");

    let token = jwt_cache::encode(&key, &payload(), now(), 300);
    assert_eq!(inspected(&place, &pair(&token))["kind"], "session-cache");
    assert_eq!(problems(&place, &token), "");

    let (start, end) = value.split_at(100);
    let chunks = format!(
        "better-auth.session_data.1={end}; better-auth.session_data.0={start}; {}",
        cookie(&signed(SECRET))
    );
    let report = inspected(&place, &format!("Cookie: {chunks}"));
    assert_eq!(report["verdict"], "valid", "{report:#}");
    assert_eq!(report["parts"][1]["facts"]["chunks"], "2");
    assert_snapshot!(problems(&place, &format!("better-auth.session_data.0={start}")), @"chunk: it is part 0 of a value that needs several cookies");
}

#[test]
fn encrypted_tokens_are_opened_by_every_version() {
    let unique =
        || jwe::Unique { id: "00000000-0000-4000-8000-000000000000".to_owned(), iv: [7; 16] };
    let encrypt = |secret: &str, purpose| {
        let claims = object(json!({ "accessToken": "provider's token", "userId": "user-1" }));
        jwe::encrypt(&jwe::Key::derive(secret, purpose), claims, now(), 300, unique())
    };
    let account = encrypt(SECRET, jwe::Purpose::Account);
    let rotated = Place::new().env("BETTER_AUTH_SECRETS", &format!("2:{OTHER},1:{SECRET}"));
    let said = inspect(&rotated, &account);
    let key = jwe::Key::derive(SECRET, jwe::Purpose::Account);
    let said = said.replace(key.thumbprint(), "KID");
    assert_snapshot!(said.lines().take(8).collect::<Vec<_>>().join("\n"), @r"
    The account of a provider, encrypted (JWE)

      algorithm     dir with A256CBC-HS512
      key id        KID
      encrypted     with a key of secret version 1
      issued        TIME
      cached until  TIME
      content       {
    ");
    assert!(said.ends_with("exit 0"), "{said}");
    assert!(!said.contains("provider's token"), "{said}");
    let foreign = encrypt("a third secret that nobody has here", jwe::Purpose::Session);
    assert_snapshot!(problems(&rotated, &foreign), @"another-secret: encrypted with the key `kid` vz6k_2KqWBPILUflJLTZkOz6QcD6UGMfyOsMpJ6otzc, which none of this server's secrets makes");
    let mut altered = account.clone();
    altered.replace_range(
        account.len() - 20..account.len() - 19,
        if account.as_bytes()[account.len() - 20] == b'A' { "B" } else { "A" },
    );
    assert_snapshot!(problems(&rotated, &altered), @"altered: its key id is that of a key of secret version 1, and that key does not open it: it was altered or cut");
    let gcm = format!(
        "{}..AAAAAAAAAAAAAAAAAAAAAA.AAAA.AAAA",
        base64url(r#"{"alg":"dir","enc":"A256GCM"}"#)
    );
    assert_snapshot!(problems(&rotated, &gcm), @r#"form: it is encrypted by "dir" with "A256GCM", expected "dir" with "A256CBC-HS512""#);
}

#[test]
fn rotation_ends_signatures() {
    let rotated = Place::new().env("BETTER_AUTH_SECRETS", &format!("2:{OTHER},1:{SECRET}"));
    assert_eq!(problems(&rotated, &cookie(&signed(OTHER))), "");
    assert_snapshot!(problems(&rotated, &cookie(&signed(SECRET))), @"older-secret: the signature is made with secret version 1, which only decrypts: a rotation ends what was signed before it");
    let token = |secret: &str| {
        let claims = object(json!({ "sub": "1", "aud": "api" }));
        jwt::sign(&SigningKey::new(&audience_key(secret, "api")), claims, now(), 3600)
    };
    assert_eq!(problems(&rotated, &token(OTHER)), "");
    assert_snapshot!(problems(&rotated, &token(SECRET)), @r#"older-secret: it is signed with the key of the audience "api", derived from secret version 1, which signs no more"#);
}

#[test]
fn hashes_of_passwords_are_named() {
    let place = place();
    let hash = vestibule_core::crypto::password::hash("correct horse", [7; 16]);
    assert_snapshot!(inspect(&place, &hash), @r"
    A password's hash, as Better Auth makes it

      format        salt:key, scrypt with N=16384, r=16, p=1, both in hex
      salt          32 characters, taken as the text that they are
      secret        none: no secret is part of a hash

    It is valid.
    exit 0
    ");
    assert_snapshot!(problems(&place, &hash[..150]), @"length: it has 32 characters before the colon and 117 after it, Better Auth's have 32 and 128");
    assert_snapshot!(problems(&place, &hash.to_uppercase()), @"case: the key is in capitals, and Better Auth compares it as text, in lower case");
    let formats = [
        "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG",
        "pbkdf2_sha256$600000$salt$aGFzaA==",
        "$pbkdf2-sha256$29000$salt$hash",
        "$scrypt$ln=14,r=16,p=1$salt$hash",
        "scrypt:32768:8:1$salt$hash",
        "$6$rounds=5000$salt$hash",
    ];
    let named = formats.map(|format| {
        let report = inspected(&place, format);
        assert_eq!(report["verdict"], "invalid");
        format!(
            "{}, {}",
            report["facts"]["format"].as_str().unwrap(),
            report["facts"]["cost"].as_str().unwrap_or("-")
        )
    });
    assert_snapshot!(named.join("\n"), @r"
    bcrypt, 2^12 rounds
    Argon2id, m=65536,t=3,p=4
    PBKDF2 of Django, 600000 rounds
    PBKDF2 in the PHC format, 29000 rounds
    scrypt in the PHC format, ln=14,r=16,p=1
    scrypt of Werkzeug, -
    SHA-512 crypt, -
    ");
}

#[test]
fn ciphertexts_say_which_secret_opens_them() {
    let single = SymmetricKeys::new(&Secrets::single(SECRET));
    let versions = [(2, OTHER), (1, SECRET)]
        .map(|(version, value)| VersionedSecret { version, value: value.to_owned() });
    let sources =
        vestibule_core::crypto::secrets::Sources { secrets: Some(&versions), ..Default::default() };
    let versioned = SymmetricKeys::new(&Secrets::find(sources).unwrap());
    let bare = single.encrypt("a provider's token", [7; 24]);
    let envelope = versioned.encrypt("a provider's token", [7; 24]);
    let rotated = Place::new().env("BETTER_AUTH_SECRETS", &format!("2:{OTHER},1:{SECRET}"));

    assert_snapshot!(inspect(&place(), &bare), @r"
    A ciphertext of Better Auth

      format        XChaCha20-Poly1305 under the SHA-256 of a secret, in hex
      encrypted     with this server's secret
      for           what is stored: OAuth tokens, TOTP secrets, private keys
      content       … (18 characters)

    It is valid.
    exit 0
    ");
    assert_eq!(problems(&rotated, &envelope), "");
    let state = SymmetricKeys::for_purpose(&Secrets::single(SECRET), "oauth-state-cookie")
        .encrypt("{}", [7; 24]);
    assert_eq!(inspected(&place(), &state)["facts"]["for"], "oauth-state-cookie");
    assert_snapshot!(problems(&rotated, &bare), @"no-legacy-secret: it has no version, and secret version 1 would open it, but ciphertexts without a version are opened by the secret from before there were versions alone");
    let with_legacy = rotated.env("BETTER_AUTH_SECRET", SECRET);
    assert_eq!(problems(&with_legacy, &bare), "");
    let one_version = Place::new().env("BETTER_AUTH_SECRET", OTHER);
    assert_snapshot!(problems(&one_version, &envelope), @"envelope: it has an envelope with a version, and this server has one secret without versions, which opens none");
    assert_snapshot!(problems(&one_version, &bare), @"another-secret: none of this server's secrets opens it: it was made with another one, or altered");
    let renumbered = Place::new().env("BETTER_AUTH_SECRETS", &format!("1:{OTHER},2:{SECRET}"));
    assert_snapshot!(problems(&renumbered, &envelope), @"wrong-version: its envelope names another version than the one that made it: secret version 1, the current one opens it");
    let retired = Place::new().env("BETTER_AUTH_SECRETS", &format!("3:{SECRET}"));
    assert_snapshot!(problems(&retired, &envelope), @"unknown-version: it was made with secret version 2, which this server does not have");
    assert_snapshot!(problems(&place(), "$ba$1$abcd"), @"truncated: it is cut short: there is no room for nonce and tag");
}

#[test]
fn keys_of_others_are_compared() {
    let place = place();
    let own = place.output(&["secret", "webhook"]);
    assert_snapshot!(inspect(&place, &own), @r"
    A secret that signs webhooks

      key           whse… (50 characters)
      same as       the one derived from this server's current secret

    It is valid.
    exit 0
    ");
    assert_snapshot!(problems(&Place::new().env("BETTER_AUTH_SECRET", OTHER), &own), @"another-secret: this server signs its webhooks with another one");
    assert_snapshot!(problems(&place, "whsec_x"), @"malformed: it is malformed: expected `whsec_` and base64 of 24 to 64 bytes");
    let rotated = Place::new().env("BETTER_AUTH_SECRETS", &format!("2:{OTHER},1:{SECRET}"));
    assert_eq!(problems(&rotated, &own), "");

    let key = service_key(SECRET, "api", 1);
    assert_snapshot!(problems(&place, &key), @r#"revoked: this server does not accept version 1 of the key of a service "api""#);
    assert_snapshot!(problems(&place, &service_key(OTHER, "api", 1)), @"another-secret: it is derived from another secret than this server's, or was altered");
    let config = "[services.api]\nkeyVersions = [2, 1]";
    let serving = Place::with_config(config).env("BETTER_AUTH_SECRET", SECRET);
    assert_snapshot!(inspect(&serving, &key), @r"
    The key of a service

      service       api
      version       1
      key           vsk_… (53 characters)
      derived from  this server's secret

    It is valid.
    exit 0
    ");
    assert_snapshot!(problems(&serving, &service_key(SECRET, "api", 3)), @r#"revoked: this server does not accept version 3 of the key of a service "api""#);
    assert_snapshot!(problems(&place, "vsk_api"), @"malformed: it is malformed: expected `vsk_<service>_<version>_<key>`");
}

#[test]
fn whole_answers_and_broken_lines_are_read() {
    let place = place();
    let server = place.serve();
    let made = server.sign_up("ada@example.com");
    let session = server.session(&made.cookie()).to_string();
    for answer in [made.text(), session.as_str()] {
        let report = inspected(&place, answer);
        assert_eq!(report["verdict"], "valid", "{report:#}");
        assert!(report["parts"][0]["facts"]["user"].as_str().unwrap().starts_with("Ada"));
    }
    let head: Vec<_> =
        made.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let report = inspected(&place, &format!("HTTP/1.1 200 OK\r\n{}", head.join("\r\n")));
    assert_eq!(report["verdict"], "valid", "{report:#}");
    assert_eq!(report["parts"].as_array().unwrap().len(), 1, "{report:#}");

    let claims = object(json!({ "email": "ada@example.com" }));
    let token = jwt::sign(&SigningKey::new(SECRET), claims, now(), 3600);
    let (start, end) = token.split_at(40);
    let report = inspected(&place, &format!("{start}\n  {end}"));
    assert_eq!(report["kind"], "verification-token", "{report:#}");
    assert_eq!(report["verdict"], "valid");
}

#[test]
fn what_is_nothing_of_ours_is_not_recognised() {
    let place = place();
    for value in [
        "",
        "a\nb",
        "{\"token\": 1}",
        "hello",
        "https://example.com",
        "-----BEGIN PUBLIC KEY-----",
        "a.b.c",
        "{}",
        "0123",
    ] {
        let output = place.run_with_input(&["inspect", "-"], value);
        assert_eq!(output.status.code(), Some(2), "{value}");
    }
    assert_snapshot!(inspect(&place, "\u{1b}[2Jhello"), @r"
    Nothing that Better Auth or Vestibule writes
    exit 2
    ");
}

#[test]
fn a_value_on_the_command_line_is_read_as_well() {
    let place = place();
    let value = cookie(&signed(SECRET));
    let output = place.output(&["inspect", "--show-secrets", &value]);
    assert!(output.contains(TOKEN), "{output}");
    let output = place.output(&["inspect", &value]);
    assert!(!output.contains(TOKEN), "{output}");
}

#[test]
fn without_database_secret_or_configuration_the_rest_is_said() {
    let value = cookie(&signed(SECRET));
    let away = place().env("DATABASE_URL", "postgres://user:hunter2@127.0.0.1:1/db");
    let output = away.run_with_input(&["inspect"], &value);
    assert_eq!(output.status.code(), Some(0));
    assert_snapshot!(timeless(&String::from_utf8(output.stdout).unwrap()), @r"
    A session cookie, `better-auth.session_token`

      signature     made with this server's secret
      token         abcD… (32 characters)

      note  whether it is in the database is not known: the database could not be asked (the
            database is not available: failed to reach the database: error connecting to server:
            Connection refused (os error 111))

    It is valid.
    ");
    let bare = Place::new();
    assert_snapshot!(problems(&bare, &value), @"no-secret: the signature cannot be checked: no secret is known here");
    let broken = Place::with_config("sceret = 1").env("MINE", SECRET);
    let output = broken.run_with_input(&["inspect", "--secret-env", "MINE"], &value);
    assert_eq!(output.status.code(), Some(0));
    assert_snapshot!(String::from_utf8(output.stdout).unwrap(), @r"
    A session cookie, `better-auth.session_token`

      signature     made with this server's secret
      token         abcD… (32 characters)

      note  whether it is in the database is not known: the database could not be asked (there is
            no configuration to find it by)

      note  the configuration cannot be used, so only the value itself is looked at:
            `vestibule.toml` cannot be used: sceret: there is no such key; did you mean `secret`?

    It is valid.
    ");
    // Nothing was made.
    assert!(!bare.path("vestibule.secret").exists() && !bare.path("vestibule.db").exists());
}

#[test]
fn the_help_says_how_to_keep_a_secret_out_of_the_history() {
    let help = Place::new().output(&["inspect", "--help"]);
    let lines: Vec<_> = help.lines().map(str::trim_end).collect();
    assert_snapshot!(lines.join("\n"), @r"
    Say what a cookie, token, hash or ciphertext is, and why it is not accepted

    Takes a cookie (`name=value`, or a whole `Cookie` or `Set-Cookie` line), a JWT or JWE, a bearer token,
    a password's hash, a ciphertext of the database, a webhook's secret or a service's key. Says which
    secret made it, when it was issued and expires, what it contains, and the exact mismatch.

    Without VALUE, or with `-`, it reads standard input, which keeps secrets out of the shell's history
    and away from other users of the computer:

      pbpaste | vestibule inspect

    Exit codes: 0 it is understood and valid; 1 it is understood and not valid; 2 it is not recognised;
    3 the command could not run.

    Usage: vestibule inspect [OPTIONS] [VALUE]

    Arguments:
      [VALUE]
              The value; `-` or nothing reads standard input

    Options:
          --secret-env <NAME>
              Try the secret of this environment variable instead of the configuration's

          --show-secrets
              Show tokens and decrypted content

          --json
              Print JSON, for programs

          --config <FILE>
              The configuration: TOML, or JSON if the name ends in .json

              Default: vestibule.toml in the working directory, if there is one.

      -h, --help
              Print help (see a summary with '-h')
    ");
}
