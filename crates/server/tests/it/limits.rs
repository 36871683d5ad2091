//! Too much of anything, and what names a request.

use insta::assert_snapshot;

use crate::server::Place;

#[test]
fn a_body_has_a_limit() {
    let server = Place::new().serve();
    let headers = [("content-type", "application/json")];
    let answer =
        server.send("POST /api/auth/sign-in/email", &headers, &vec![b' '; 1024 * 1024 + 1]);
    assert_snapshot!(answer.line(), @r#"413 {"message":"Request body is too large","code":"PAYLOAD_TOO_LARGE"}"#);
    let answer = server.send("POST /api/auth/sign-in/email", &headers, &vec![b' '; 1024 * 1024]);
    assert_snapshot!(answer.line(), @r#"400 {"message":"Invalid JSON in request body","code":"BAD_REQUEST"}"#);
}

#[test]
fn a_body_of_unknown_length_has_a_limit() {
    let server = Place::new().serve();
    let mut connection = server.connect().unwrap();
    connection.write(
        b"POST /api/auth/sign-in/email HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
          transfer-encoding: chunked\r\n\r\n100001\r\n",
    );
    connection.write(&vec![b' '; 0x10_0001]);
    assert_eq!(connection.read().status, 413);
}

#[test]
fn a_url_has_a_limit() {
    let server = Place::new().serve();
    let path = |length: usize| format!("/api/auth/ok?{}", "a".repeat(length));
    assert_snapshot!(server.get(&path(8 * 1024)).line(), @r#"414 {"message":"The URL is longer than 8192 bytes","code":"URI_TOO_LONG"}"#);
    assert_snapshot!(server.get(&path(8 * 1024 - 100)).line(), @r#"200 {"ok":true}"#);
}

#[test]
fn a_head_has_a_limit() {
    let server = Place::new().serve();
    let answer = server.send("GET /api/auth/ok", &[("x-large", &"a".repeat(256 * 1024))], b"");
    assert_eq!(answer.status, 431);
}

#[test]
fn a_head_has_one_meaning() {
    let server = Place::new().serve();
    let answer = |headers: &[(&str, &str)]| server.send("POST /api/auth/ok", headers, b"").line();
    assert_snapshot!(answer(&[("host", "a"), ("host", "a")]), @r#"400 {"message":"The request has more than one Host header","code":"BAD_REQUEST"}"#);
    assert_snapshot!(answer(&[("transfer-encoding", "gzip, chunked")]), @r#"501 {"message":"The only transfer coding here is chunked","code":"NOT_IMPLEMENTED"}"#);
}

#[test]
fn an_absolute_target_is_served_as_that_url() {
    let server = Place::with_config("baseURL = { allowedHosts = ['a.example'] }").serve();
    let answer = |request: &str| server.send(request, &[("host", "other.example")], b"").line();
    assert_snapshot!(answer("GET http://a.example/api/auth/ok"), @r#"200 {"ok":true}"#);
    assert_snapshot!(answer("GET /api/auth/ok"), @r#"400 {"message":"Host \"other.example\" is not in the allowed hosts list. Add it to baseURL.allowedHosts or set baseURL.fallback.","code":"HOST_NOT_ALLOWED"}"#);
}

#[test]
fn json_is_not_nested_without_end() {
    let server = Place::new().serve();
    let body = "[".repeat(100_000);
    let headers = [("content-type", "application/json")];
    let answer = server.send("POST /api/auth/sign-in/email", &headers, body.as_bytes());
    assert_snapshot!(answer.line(), @r#"400 {"message":"Invalid JSON in request body","code":"BAD_REQUEST"}"#);
}

#[test]
fn a_request_keeps_a_good_id_and_gets_one_otherwise() {
    let server = Place::new().serve();
    let id = |sent: &str| {
        let answer = server.send("GET /api/auth/ok", &[("x-request-id", sent)], b"");
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(id("trace-1_a.B"), "trace-1_a.B");
    for bad in ["", "a b", "a\tb", "<script>", &"a".repeat(65), "é"] {
        let made = id(bad);
        assert!(made.len() == 32 && made.chars().all(|c| c.is_ascii_alphanumeric()), "{made}");
    }
    assert!(server.get("/nothing").header("x-request-id").is_some());
}

#[test]
fn the_log_shows_nothing_secret() {
    let server = Place::new().serve();
    let answer = server.sign_up("ada@example.com");
    let cookie = answer.cookie();
    let headers = [("cookie", cookie.as_str()), ("authorization", "Bearer hunter2")];
    server.send("GET /api/auth/get-session?token=hunter2", &headers, b"");
    server.send("GET /api/auth/reset-password/hunter2", &headers, b"");
    let stranger = [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "cors"),
    ];
    server.send("POST /api/auth/reset-password/hunter2?token=hunter2", &stranger, b"");
    server.send("GET /end-of-test", &[("x-request-id", "the-end")], b"");
    let token = cookie.split(['=', '.']).nth(2).unwrap();
    let is_last =
        |line: &serde_json::Value| line["message"] == "Answered" && line["span"]["id"] == "the-end";
    let log = format!("{:?}", server.log_until(is_last));
    assert!(log.contains("A request was refused"), "{log}");
    for secret in ["hunter2", token, "ada@", "correct horse", "127.0.0.1"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn the_server_is_alive_and_ready() {
    let server = Place::new().serve();
    // The API waits for the database, and readiness does not.
    assert_eq!(server.get("/api/auth/ok").status, 200);
    for path in ["/health/live", "/health/ready"] {
        let answer = server.get(path);
        assert_eq!(answer.line(), r#"200 {"status":"ok"}"#);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn a_database_that_is_away_is_no_reason_to_be_down() {
    // Port 1 of this computer refuses.
    let place = Place::new().env("DATABASE_URL", "postgres://user:secret@127.0.0.1:1/db");
    let server = place.serve();
    let line = server.wait_for_log("The database cannot be used yet").to_string();
    assert!(
        line.contains("(PostgreSQL at 127.0.0.1:1; `DATABASE_URL` says where it is)"),
        "{line}"
    );
    assert!(!line.contains("secret"), "{line}");
    assert_eq!(server.get("/health/live").status, 200);
    assert_eq!(server.get("/health/ready").status, 503);
    let answer = server.get("/api/auth/get-session");
    assert_snapshot!(answer.line(), @r#"503 {"message":"Service unavailable. Please try again later.","code":"SERVICE_UNAVAILABLE"}"#);
    assert_eq!(answer.header("retry-after"), Some("1"));
}
