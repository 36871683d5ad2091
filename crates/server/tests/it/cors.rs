//! Whose pages may read what.

use crate::server::{Answer, Place, Server};

const TRUSTED: &str = "https://app.example";
const STRANGER: &str = "https://evil.example";
const CONFIG: &str = "trustedOrigins = ['https://app.example']\n[emailAndPassword]\nenabled = true";

fn development() -> Place {
    Place::with_config(CONFIG)
}

fn production() -> Place {
    let secret = "3fSxkZ1u9pQw7LrYb0TnE5vHcJ8mD2aG";
    let place = Place::with_config(&format!("{CONFIG}\n[database]\nmigrate = true"));
    place
        .env("NODE_ENV", "production")
        .env("BETTER_AUTH_SECRET", secret)
        .env("DATABASE_URL", "a.db")
}

fn preflight(server: &Server, path: &str, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type, x-captcha-response"),
    ];
    server.send(&format!("OPTIONS {path}"), &headers, b"")
}

/// What CORS says in an answer: who may read it, and with credentials or not.
fn readable_by(answer: &Answer) -> Option<&str> {
    let origin = answer.header("access-control-allow-origin");
    assert_eq!(origin.is_some(), answer.header("access-control-allow-credentials") == Some("true"));
    let varies = answer.headers.iter().any(|(name, value)| name == "vary" && value == "origin");
    assert!(varies, "{answer:?}");
    origin
}

#[test]
fn a_trusted_origin_reads_every_answer() {
    for place in [development(), production()] {
        let server = place.serve();
        let long = format!("GET /{}", "a".repeat(9000));
        for (request, status) in [
            ("GET /api/auth/ok", 200),
            ("GET /api/auth/list-sessions", 401),
            ("GET /api/auth/nothing", 404),
            ("POST /api/auth/sign-in/email", 400),
            ("GET /nothing", 404),
            ("GET /health/ready", 200),
            (&long, 414),
        ] {
            let answer = server.send(request, &[("origin", TRUSTED)], b"");
            assert_eq!(answer.status, status, "{request}");
            assert_eq!(readable_by(&answer), Some(TRUSTED), "{request}");
            assert_eq!(
                answer.header("access-control-expose-headers"),
                Some("set-auth-token, set-auth-jwt, x-retry-after, retry-after, x-request-id")
            );
        }
        let headers = [("origin", TRUSTED), ("content-length", "2000000")];
        let answer = server.send("POST /api/auth/sign-in/email", &headers, b"");
        assert_eq!((answer.status, readable_by(&answer)), (413, Some(TRUSTED)));
    }
}

#[test]
fn a_preflight_of_a_trusted_origin_allows_what_it_asks_for() {
    for place in [development(), production()] {
        let server = place.serve();
        for path in ["/api/auth/sign-in/email", "/api/auth/misspelt", "/elsewhere"] {
            let answer = preflight(&server, path, TRUSTED);
            assert_eq!((answer.status, readable_by(&answer)), (204, Some(TRUSTED)));
            assert_eq!(answer.header("access-control-allow-methods"), Some("POST"));
            assert_eq!(
                answer.header("access-control-allow-headers"),
                Some("content-type, x-captcha-response")
            );
            assert_eq!(answer.header("access-control-max-age"), Some("7200"));
        }
    }
}

#[test]
fn loopback_is_trusted_in_development_alone() {
    let origin = "http://localhost:3000";
    let answer = preflight(&development().serve(), "/api/auth/ok", origin);
    assert_eq!((answer.status, readable_by(&answer)), (204, Some(origin)));
    let answer = preflight(&production().serve(), "/api/auth/ok", origin);
    assert_eq!((answer.status, readable_by(&answer)), (403, None));
}

#[test]
fn a_stranger_reads_nothing_in_production() {
    let server = production().serve();
    let answer = preflight(&server, "/api/auth/sign-in/email", STRANGER);
    assert_eq!((answer.status, readable_by(&answer)), (403, None));
    assert_eq!(answer.header("access-control-allow-methods"), None);
    assert_eq!(answer.text(), r#"{"message":"Invalid origin","code":"INVALID_ORIGIN"}"#);

    let browser =
        [("origin", STRANGER), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")];
    let answer = server.send("GET /api/auth/ok", &browser, b"");
    assert_eq!((answer.status, readable_by(&answer)), (200, None));
    let body = serde_json::json!({ "email": "a@b.co", "password": "correct horse" });
    let answer = server.post_with("/sign-in/email", &browser, &body);
    assert_eq!((answer.status, readable_by(&answer)), (403, None));
}

#[test]
fn a_stranger_reads_in_development_why_he_is_one() {
    let server = development().serve();
    let answer = preflight(&server, "/api/auth/sign-in/email", STRANGER);
    assert_eq!((answer.status, readable_by(&answer)), (204, Some(STRANGER)));
    assert_eq!(answer.header("access-control-max-age"), None);

    let hint = r#"{"message":"Invalid origin","code":"INVALID_ORIGIN","hint":"add the origin to the configuration: trustedOrigins = [\"https://evil.example\"]"}"#;
    let browser =
        [("origin", STRANGER), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")];
    for request in
        ["GET /api/auth/get-session", "POST /api/auth/sign-out", "GET /", "GET /health/live"]
    {
        let answer = server.send(request, &browser, b"");
        assert_eq!((answer.status, readable_by(&answer)), (403, Some(STRANGER)), "{request}");
        assert_eq!(answer.text(), hint);
        assert_eq!(answer.header("access-control-expose-headers"), None);
    }
    // A browser that does not say where a request comes from.
    let body = serde_json::json!({ "email": "a@b.co", "password": "correct horse" });
    let answer = server.post_with("/sign-in/email", &[("origin", STRANGER)], &body);
    assert_eq!((answer.status, readable_by(&answer)), (403, Some(STRANGER)));
    assert_eq!(answer.text(), hint);
}

#[test]
fn a_stranger_reads_no_data_in_development() {
    let server = development().serve();
    let cookie = server.sign_up("ada@example.com").cookie();
    let headers = [("origin", STRANGER), ("cookie", cookie.as_str())];
    let answer = server.send("GET /api/auth/get-session", &headers, b"");
    assert_eq!((answer.status, readable_by(&answer)), (200, None));
    let answer = server.send("GET /api/auth/nothing", &headers, b"");
    assert_eq!((answer.status, readable_by(&answer)), (404, None));
    let null = [("origin", "null"), ("cookie", cookie.as_str())];
    let answer = server.send("GET /api/auth/get-session", &null, b"");
    assert_eq!(readable_by(&answer), None);
    assert_eq!(readable_by(&preflight(&server, "/api/auth/ok", "null")), None);
}

#[test]
fn without_the_check_of_origins_a_preflight_does_not_stand_in_for_it() {
    for switch in ["disableCSRFCheck", "disableOriginCheck"] {
        let server = Place::with_config(&format!("[advanced]\n{switch} = true")).serve();
        let answer = preflight(&server, "/api/auth/sign-out", STRANGER);
        assert_eq!((answer.status, readable_by(&answer)), (403, None), "{switch}");
    }
}

#[test]
fn our_own_pages_need_no_cors() {
    let server = development().serve();
    let own = format!("http://{}", server.address);
    let headers =
        [("origin", own.as_str()), ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")];
    let answer = server.post_with("/sign-out", &headers, &serde_json::json!({}));
    assert_eq!(answer.status, 200);
}
