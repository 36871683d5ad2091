//! The pages, as a browser gets them.

use insta::assert_snapshot;

use crate::server::Place;

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

const POLICY: &str = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

#[test]
fn every_page_is_there_and_protected() {
    let server = Place::new().serve();
    for path in ["/", "/sign-in", "/sign-up", "/dashboard", "/?error=x"] {
        let answer = server.send(&format!("GET {path}"), &[BROWSER], b"");
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        assert_eq!(answer.header("content-security-policy"), Some(POLICY));
        assert!(!answer.text().contains("<script>"), "no script in a page: {path}");
    }
}

#[test]
fn an_error_shows_its_code_and_nothing_that_is_none() {
    let server = Place::new().serve();
    let code = |query: &str| {
        let answer = server.get(&format!("/?{query}"));
        let page = answer.text().to_owned();
        let start = page.find("Code: <code>").unwrap() + "Code: <code>".len();
        page[start..].split("</code>").next().unwrap().to_owned()
    };
    assert_eq!(code("error=state_mismatch"), "state_mismatch");
    assert_eq!(code("error=it's-fine"), "it&#x27;s-fine");
    for bad in ["error=", "error=%3Cscript%3E", "error=a%20b", "error=%E2%82%AC", "error=%00"] {
        assert_eq!(code(bad), "UNKNOWN");
    }
    let page = server.get("/?error=x&error_description=%3Cb%3Ehello%3C/b%3E");
    assert!(page.text().contains("&lt;b&gt;hello&lt;&#x2f;b&gt;"), "{}", page.text());
}

#[test]
fn what_is_not_there_is_a_page_for_browsers_and_json_for_others() {
    let server = Place::new().serve();
    for path in ["/nothing", "/sign-in/", "/_vestibule/nothing.js", "/favicon.ico"] {
        let answer = server.send(&format!("GET {path}"), &[BROWSER], b"");
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    }
    assert_snapshot!(server.get("/api/nothing").line(), @r#"404 {"message":"Not Found","code":"NOT_FOUND","hint":"`/api/nothing` is not below the base path `/api/auth`"}"#);
    let answer = server.send("GET /api/auth/nothing", &[BROWSER], b"");
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[test]
fn an_asset_is_sent_once() {
    let server = Place::new().serve();
    let answer = server.get("/_vestibule/app.css");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/css"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let etag = answer.header("etag").unwrap();
    for known in [etag, &format!("\"other\", {etag}")] {
        let answer = server.send("GET /_vestibule/app.css", &[("if-none-match", known)], b"");
        assert_eq!((answer.status, answer.body.len()), (304, 0));
    }
    let answer = server.send("GET /_vestibule/app.css", &[("if-none-match", "\"other\"")], b"");
    assert_eq!(answer.status, 200);
    assert_eq!(server.get("/_vestibule/..%2flayout.html").status, 404);
}

#[test]
fn pages_know_the_server_s_name_and_base_path() {
    let place = Place::with_config("appName = 'Ada & <Co>'\nbasePath = '/login'");
    let page = place.serve().get("/");
    assert!(page.text().contains("Ada &amp; &lt;Co&gt;"), "{}", page.text());
    assert!(page.text().contains(r#"data-base-path="&#x2f;login""#), "{}", page.text());
}

#[test]
fn pages_can_be_switched_off() {
    let server = Place::with_config("pages = false").serve();
    for path in ["/", "/sign-in", "/_vestibule/app.css"] {
        let answer = server.send(&format!("GET {path}"), &[BROWSER], b"");
        assert_eq!((answer.status, answer.header("content-type")), (404, Some("application/json")));
    }
    assert_eq!(server.get("/api/auth/ok").status, 200);
}

#[test]
fn a_base_path_may_be_the_root() {
    let server = Place::with_config("basePath = '/'").serve();
    assert_eq!(server.get("/ok").line(), r#"200 {"ok":true}"#);
    assert_eq!(server.get("/sign-in").header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(server.post("/../../sign-out", &serde_json::json!({})).status, 404);
}

#[test]
fn another_method_is_refused_in_json() {
    let server = Place::new().serve();
    for path in ["/sign-in", "/health/live", "/_vestibule/app.css"] {
        let answer = server.send(&format!("POST {path}"), &[], b"");
        let body = r#"{"message":"Method Not Allowed","code":"METHOD_NOT_ALLOWED"}"#;
        assert_eq!(answer.line(), format!("405 {body}"), "{path}");
        assert_eq!(answer.header("allow"), Some("GET,HEAD"));
    }
}

#[test]
fn pages_name_the_shortest_password() {
    let place = Place::with_config("[emailAndPassword]\nenabled = true\nminPasswordLength = 12");
    let page = place.serve().get("/sign-up");
    assert!(page.text().contains("At least 12 characters."), "{}", page.text());
    assert!(page.text().contains(r#"data-min-password-length="12""#), "{}", page.text());
}
