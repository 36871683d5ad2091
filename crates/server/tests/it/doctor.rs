//! `vestibule doctor`: what is wrong, why it matters, and the line that mends it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Arc;

use insta::assert_snapshot;
use serde_json::Value as Json;

use crate::server::{Place, Server};

const SECRET: &str = "a Secret: long enough, and of 24 letters!";

/// The code and sentence of every finding that is not fine.
fn findings(place: &Place, arguments: &[&str]) -> String {
    let report = report(place, arguments);
    let lines = report["findings"].as_array().unwrap().iter().filter_map(|finding| {
        let text = |member: &str| finding[member].as_str().unwrap_or_default();
        if text("severity") == "fine" {
            return None;
        }
        assert!(!text("why").is_empty() && !text("fix").is_empty(), "{finding}");
        let (severity, check) = (text("severity"), text("check"));
        Some(format!("{severity} {check} {}: {}", text("code"), text("found")))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn report(place: &Place, arguments: &[&str]) -> Json {
    let output = place.run(&[&["doctor", "--json"], arguments].concat());
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    let code = i32::from(report["problems"] != 0);
    assert_eq!(output.status.code(), Some(code), "{report:#}");
    report
}

/// Findings without the one on mail, which every short configuration has.
fn of(config: &str) -> String {
    let place = Place::with_config(config).env("BETTER_AUTH_SECRET", SECRET);
    let findings = findings(&place, &[]);
    let lines: Vec<_> = findings
        .lines()
        .filter(|line| {
            !line.starts_with("notice mail") && !line.starts_with("notice database missing")
        })
        .collect();
    lines.join("\n")
}

#[test]
fn a_server_that_is_well_has_nothing_wrong() {
    let config = "[emailVerification]\nsendVerificationEmail = { webhook = 'URL' }";
    let hook = stub(|_| answer(200, "{}"));
    let place = Place::with_config(&config.replace("URL", &hook)).env("BETTER_AUTH_SECRET", SECRET);
    place.output(&["migrate"]);
    let said = place.output(&["doctor"]).replace(&hook, "URL");
    let said: Vec<_> = said.lines().filter(|line| !line.contains("ms away")).collect();
    assert_snapshot!(said.join("\n"), @r"
      ok    configuration: `vestibule.toml`, for development
      ok    secret: 41 characters
      ok    baseURL: none, so each request's own address is used
      ok    mail: verification mails are handed to the webhook of
            `emailVerification.sendVerificationEmail`
      ok    cookies: `better-auth.session_token`; with an https baseURL it is
            `__Secure-better-auth.session_token`, so a backend that reads it by itself looks for
            both
      ok    origins: the server's own
      ok    proxy: none is named: clients are whoever is at the other end
      ok    schema: as the configuration wants it
      ok    clock: the database's is this computer's
      ok    webhooks: `emailVerification.sendVerificationEmail`: URL answers
            (200 OK)

    0 problems, 0 notices.
    ");
}

#[test]
fn a_configuration_that_cannot_be_used_is_one_finding_for_each_mistake() {
    let place = Place::with_config("prot = 1\n[session]\nexpiresIn = 'a week'");
    assert_snapshot!(findings(&place, &[]), @r#"
    problem configuration mistake: prot: there is no such key; did you mean `port`?
    problem configuration mistake: session.expiresIn: expected a whole number of at least 0, found the text "a week"
    "#);
    let place = Place::with_config("[session]\nexpiresIn = 0").env("BETTER_AUTH_SECRET", SECRET);
    assert_snapshot!(findings(&place, &[]), @"problem configuration mistake: `session.expiresIn`: expected 1 to 34560000 seconds (400 days, browsers keep no cookie longer), found 0");
    let place = Place::new().env("NODE_ENV", "production");
    assert_snapshot!(findings(&place, &[]), @r"
    problem configuration mistake: production needs a secret: make one with `vestibule secret generate` and set `BETTER_AUTH_SECRET`
    problem configuration mistake: production needs a database: set `DATABASE_URL` (or `database.url`) to `postgres://user:password@host/database` or to the path of a SQLite file
    ");
}

#[test]
fn weak_secrets_are_problems() {
    let with = |secret: &str| {
        let findings = findings(&Place::new().env("BETTER_AUTH_SECRET", secret), &[]);
        let of_secret = |line: &&str| line.contains(" secret ");
        findings.lines().filter(of_secret).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(with(SECRET), "");
    assert_snapshot!(with("short"), @r"
    problem secret short: the secret has 5 characters, at least 32 are needed
    problem secret predictable: the secret looks predictable
    ");
    assert_snapshot!(with(&"ab".repeat(20)), @"problem secret predictable: the secret looks predictable");
    assert_snapshot!(with("better-auth-secret-12345678901234567890"), @"problem secret default: the secret is Better Auth's built-in one");
    assert_snapshot!(with(&format!("\"{SECRET}\"")), @"notice secret quotes: the secret begins or ends with a quotation mark or a space");
    let empty = Place::new().file("vestibule.secret", "");
    assert_snapshot!(findings(&empty, &[]).lines().next().unwrap(), @"problem secret unreadable: `vestibule.secret` is empty: delete it, and the next start makes one");
}

#[test]
fn base_urls_that_lead_elsewhere_are_problems() {
    assert_snapshot!(of("production = true\ndatabase.url = 'a.db'"), @"problem baseURL missing: there is no baseURL, so it follows each request's own address");
    assert_snapshot!(of("production = true\nbaseURL = 'http://localhost:3000'\ndatabase.url = 'a.db'"), @"problem baseURL loopback: http://localhost:3000 is this computer's own address");
    assert_snapshot!(of("production = true\nbaseURL = 'http://auth.example.com'\ndatabase.url = 'a.db'"), @"problem baseURL http: http://auth.example.com is not https");
    assert_snapshot!(of("[baseURL]\nallowedHosts = ['*']"), @"problem baseURL any-host: `baseURL.allowedHosts` allows every host");
}

#[test]
fn cookies_that_browsers_drop_are_problems() {
    let https = "baseURL = 'https://auth.example.co.uk'\ntrustedPeers = ['loopback']\ndatabase.url = 'a.db'\n";
    let with = |lines: &str| of(&format!("{https}{lines}"));
    assert_eq!(with(""), "");
    assert_eq!(
        with("[advanced.crossSubDomainCookies]\nenabled = true\ndomain = 'example.co.uk'"),
        ""
    );
    assert_snapshot!(with("[advanced.crossSubDomainCookies]\nenabled = true\ndomain = 'co.uk'"), @r#"problem cookies public-suffix: the cookies' domain is "co.uk", a public suffix: anybody can have a name below it"#);
    assert_snapshot!(with("[advanced.crossSubDomainCookies]\nenabled = true\ndomain = 'example.org'"), @r#"problem cookies foreign-domain: the cookies' domain is "example.org", and the server's host is auth.example.co.uk"#);
    assert_snapshot!(with("[advanced]\nuseSecureCookies = false"), @"problem cookies insecure-over-https: `advanced.useSecureCookies` is off, and the baseURL is https");
    assert_snapshot!(of("[advanced.crossSubDomainCookies]\nenabled = true\ndomain = 'localhost'"), @r#"problem cookies no-domain: the cookies' domain is "localhost", which has no names below it"#);
    assert_snapshot!(of("[advanced.defaultCookieAttributes]\nsameSite = 'none'"), @"problem cookies same-site-none: cookies have `SameSite=None` without `Secure`");
    assert_snapshot!(of("baseURL = 'http://auth.example.com'\n[advanced]\nuseSecureCookies = true"), @"problem cookies secure-over-http: cookies are `Secure`, and http://auth.example.com is not https");
}

#[test]
fn origins_that_are_wrong_or_too_wide_are_problems() {
    let https = "baseURL = 'https://auth.example.com'\ntrustedPeers = ['loopback']\ndatabase.url = 'a.db'\n";
    let with = |origin: &str| of(&format!("{https}trustedOrigins = ['{origin}']"));
    for fine in [
        "https://app.example.com",
        "https://*.example.com",
        "myapp://callback",
        "http://localhost:3000",
    ] {
        assert_eq!(with(fine), "", "{fine}");
    }
    assert_snapshot!(with("https://app.example.com/"), @r#"problem origins never-matching: `trustedOrigins`: no origin can match "https://app.example.com/""#);
    assert_snapshot!(with("https://*.vercel.app"), @r#"problem origins too-wide: `trustedOrigins`: "https://*.vercel.app" matches what anybody can register"#);
    assert_snapshot!(with("*"), @r#"problem origins too-wide: `trustedOrigins`: "*" matches what anybody can register"#);
    assert_snapshot!(with("https://my-app.vercel.app"), @r#"problem origins another-site: `trustedOrigins`: "https://my-app.vercel.app" is another site than the server's auth.example.com"#);
    assert_snapshot!(with("http://app.example.com"), @r#"problem origins http: `trustedOrigins`: "http://app.example.com" is not https"#);
    assert_snapshot!(of("[advanced]\ndisableOriginCheck = true"), @"problem origins unchecked: origins are not checked");
}

#[test]
fn proxies_that_nobody_named_are_problems() {
    let https = "baseURL = 'https://auth.example.com'\ndatabase.url = 'a.db'\n";
    assert_snapshot!(of(https), @"problem proxy unnamed: the baseURL is https, so a proxy stands before this server, and `trustedPeers` names none");
    assert_eq!(of(&format!("{https}trustedPeers = ['private']")), "");
    assert_snapshot!(of("trustedPeers = ['0.0.0.0/0']"), @"problem proxy everybody: `trustedPeers` has 0.0.0.0/0, which is everybody");
    assert_snapshot!(of("[advanced]\ntrustedProxyHeaders = true"), @"problem proxy unbelieved: the configuration reads `X-Forwarded-*`, and `trustedPeers` names nobody whose headers are believed");
}

#[test]
fn mail_and_webhooks_are_looked_at() {
    let place =
        Place::with_config("[emailAndPassword]\nenabled = true\nrequireEmailVerification = true");
    assert_snapshot!(findings(&place, &[]).lines().next().unwrap(), @"problem mail no-sender: `emailAndPassword.requireEmailVerification` is on, and nothing sends the mail");
    let closed = "[user.validateUserInfo]\nwebhook = 'http://127.0.0.1:1/hook'";
    assert_snapshot!(of(closed), @"problem webhooks unreachable: `user.validateUserInfo`: http://127.0.0.1:1/hook does not answer (Connection refused (os error 111))");
    let plain = "production = true\nbaseURL = 'https://a.example.com'\ntrustedPeers = ['loopback']\ndatabase.url = 'a.db'\n\
                 [user.validateUserInfo]\nwebhook = 'http://hooks.example.com/'";
    assert_snapshot!(of(plain), @"problem webhooks http: `user.validateUserInfo`: http://hooks.example.com/ is not https");
    let hook = stub(|_| answer(405, ""));
    assert_eq!(of(&format!("[user.validateUserInfo]\nwebhook = '{hook}'")), "");
}

#[test]
fn a_database_that_is_away_or_incomplete_is_a_problem() {
    assert_snapshot!(of("database.url = 'postgres://user:hunter2@127.0.0.1:1/db'"), @"problem database unreachable: PostgreSQL at 127.0.0.1:1: the database is not available: failed to examine the database: error connecting to server: Connection refused (os error 111)");
    let place = Place::new().env("BETTER_AUTH_SECRET", SECRET);
    assert_snapshot!(findings(&place, &[]), @r"
    notice mail none: nothing sends mail
    notice database missing: the file `vestibule.db` does not exist yet
    ");
    assert!(!place.path("vestibule.db").exists());
    // As before a plugin or a field was added.
    place.output(&["migrate"]);
    let place = place
        .file("vestibule.toml", "[user.additionalFields.role]\ntype = 'string'\nrequired = false");
    assert_snapshot!(findings(&place, &[]).lines().last().unwrap(), @r#"problem schema drift: the column "role" is missing from the table "user""#);
}

/// A database of PostgreSQL that is gone with the value.
struct Postgres(String);

impl Postgres {
    fn new(name: &str) -> Self {
        let name = format!("inspect_{name}_{}", std::process::id());
        psql("postgres", &format!("create database {name}"));
        Self(name)
    }

    fn url(&self) -> String {
        let server = server_url();
        let (start, query) = server.split_once('?').unwrap_or((&server, ""));
        let (start, _) = start.rsplit_once('/').unwrap();
        format!("{start}/{}?{query}", self.0)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        psql("postgres", &format!("drop database {} with (force)", self.0));
    }
}

fn server_url() -> String {
    variable("TEST_DATABASE_URL")
        .unwrap_or_else(|| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where servers are"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn psql(database: &str, sql: &str) {
    let server = server_url();
    let (start, query) = server.split_once('?').unwrap_or((&server, ""));
    let url = format!("{}/{database}?{query}", start.rsplit_once('/').unwrap().0);
    let done = Command::new("psql")
        .args([&url, "-q", "-v", "ON_ERROR_STOP=1", "-c", sql])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn naive_timestamps_and_other_wrong_types_come_with_the_statement_that_mends_them() {
    let database = Postgres::new("types");
    let place = Place::new().env("BETTER_AUTH_SECRET", SECRET).env("DATABASE_URL", &database.url());
    place.output(&["migrate"]);
    assert_snapshot!(findings(&place, &[]), @"notice mail none: nothing sends mail");
    let wrong = r#"
        alter table "session" alter column "expiresAt" type timestamp using "expiresAt" at time zone 'UTC';
        alter table "user" alter column "emailVerified" drop default,
            alter column "emailVerified" type timestamptz using null, alter column "emailVerified" drop not null;
        create table app_users (id serial primary key, auth_user_id integer, seen_at timestamp)"#;
    psql(&database.0, wrong);
    assert_snapshot!(findings(&place, &[]), @r#"
    notice mail none: nothing sends mail
    notice schema differs: the column "emailVerified" of the table "user" takes null, though the field is required; fill the rows that have none, then make it NOT NULL
    problem schema no-boolean: the column "emailVerified" of the table "user" is of type timestamptz, and holds true or false
    problem schema naive-time: the column "expiresAt" of the table "session" is of type timestamp, which keeps no zone
    problem schema reference-type: the column "auth_user_id" of the table "app_users" is of type int4, and refers to "id" of "user", of type text
    notice schema naive-time-elsewhere: the column "seen_at" of the table "app_users" is of type timestamp, which keeps no zone
    "#);
    // The mends are statements: run, they leave nothing.
    for finding in report(&place, &[])["findings"].as_array().unwrap() {
        let fix = finding["fix"].as_str().unwrap_or_default();
        if fix.starts_with("alter ") {
            psql(&database.0, fix);
        }
    }
    assert_snapshot!(findings(&place, &[]), @"notice mail none: nothing sends mail");
}

#[test]
fn a_required_column_that_nobody_writes_explains_the_500_at_sign_up() {
    let database = Postgres::new("unwritten");
    let place = Place::new().env("BETTER_AUTH_SECRET", SECRET).env("DATABASE_URL", &database.url());
    place.output(&["migrate"]);
    psql(&database.0, r#"alter table "user" add column hashed_password text not null"#);
    assert_snapshot!(findings(&place, &[]), @r#"
    notice mail none: nothing sends mail
    problem schema unwritten: the column "hashed_password" of the table "user" takes no null and has no default, and the server writes nothing into it
    "#);
    psql(&database.0, r#"alter table "user" alter column hashed_password drop not null"#);
    assert_snapshot!(findings(&place, &[]), @"notice mail none: nothing sends mail");
}

#[test]
fn a_pooler_in_transaction_mode_is_told_of() {
    let pooler = variable("TEST_PGBOUNCER_URL").expect(
        "TEST_PGBOUNCER_URL, a PgBouncer in transaction mode before the tests' PostgreSQL; \
         `cargo xtask test --only tests` starts one",
    );
    let place = Place::new().env("BETTER_AUTH_SECRET", SECRET).env("DATABASE_URL", &pooler);
    let findings = findings(&place, &[]);
    let line = findings.lines().find(|line| line.contains(" pooler ")).unwrap_or_default();
    assert_snapshot!(line, @"notice pooler transaction-mode: a pooler in transaction mode stands before PostgreSQL (PgBouncer, Neon's -pooler, Supavisor)");
}

#[test]
fn a_database_that_only_reads_is_a_problem() {
    let database = Postgres::new("read_only");
    let place = Place::new().env("BETTER_AUTH_SECRET", SECRET).env("DATABASE_URL", &database.url());
    place.output(&["migrate"]);
    let sql = format!("alter database {} set default_transaction_read_only = on", database.0);
    psql("postgres", &sql);
    assert_snapshot!(findings(&place, &[]), @r"
    notice mail none: nothing sends mail
    problem database read-only: the database only reads: it is a replica, or `default_transaction_read_only` is on
    ");
    psql("postgres", &format!("alter database {} reset default_transaction_read_only", database.0));
}

/// A server that gives every request the answer that `respond` makes of its head.
fn stub(respond: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let respond = Arc::new(respond);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let respond = respond.clone();
            std::thread::spawn(move || {
                let mut stream = BufReader::new(stream.unwrap());
                let mut head = String::new();
                while stream.read_line(&mut head).unwrap() > 2 {}
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
                stream.read_exact(&mut body).unwrap();
                head.push_str(&String::from_utf8(body).unwrap());
                // Whoever asked may have hung up.
                let _ = stream.get_mut().write_all(respond(&head).as_bytes());
            });
        }
    });
    url
}

fn answer(status: u16, body: &str) -> String {
    answer_with(status, "", body)
}

/// `headers` is lines, each with its end.
fn answer_with(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

/// The value of the `Cookie` line.
fn cookies(head: &str) -> Option<String> {
    head.lines().find_map(|line| line.strip_prefix("cookie: ")).map(str::to_owned)
}

fn origin(server: &Server) -> String {
    format!("http://{}", server.address)
}

/// The findings of a journey that are not fine, with addresses by name and the user's as `USER`.
fn journey(place: &Place, server: &Server, arguments: &[&str], names: &[(&str, &str)]) -> String {
    let auth = format!("{}/api/auth", origin(server));
    let arguments = [arguments, &["--auth", &auth]].concat();
    let all = findings(place, &arguments);
    let lines: Vec<_> = all.lines().filter(|line| line.contains(" journey ")).collect();
    let mut said = lines.join("\n");
    for (url, name) in names {
        said = said.replace(url, name);
    }
    said = said.replace(&origin(server), "AUTH").replace(&server.address.to_string(), "AUTH");
    // Nobody is left behind.
    assert_eq!(place.output(&["user", "list"]), "");
    said
}

fn serving() -> (Place, Server) {
    let place = Place::new().env("BETTER_AUTH_SECRET", SECRET);
    let server = place.serve();
    (place, server)
}

/// Sends a request to the auth server, head and body as they are.
fn forward(address: SocketAddr, request: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// A backend that asks the auth server who has the cookie, as a page of `frontend` may.
fn backend_of(server: &Server, frontend: &str) -> String {
    let (address, frontend) = (server.address, frontend.to_owned());
    stub(move |head| {
        let Some(cookies) = cookies(head) else { return answer(401, "") };
        let request = format!(
            "GET /api/auth/get-session HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncookie: {cookies}\r\n\r\n"
        );
        let text = forward(address, &request);
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let cors = format!(
            "access-control-allow-origin: {frontend}\r\naccess-control-allow-credentials: true\r\n"
        );
        if body == "null" { answer(401, "") } else { answer_with(200, &cors, body) }
    })
}

/// A frontend that passes `/api/auth` on, as a rewrite does, and has something in between.
fn rewriting(
    server: &Server,
    between: impl Fn(&str, String) -> String + Send + Sync + 'static,
) -> String {
    let address = server.address;
    stub(move |head| match head.split(' ').nth(1) {
        Some(path) if path.starts_with("/api/auth/") => {
            let closing = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
            between(path, forward(address, &closing))
        }
        _ => answer(404, "<html>no such page</html>"),
    })
}

#[test]
fn a_user_is_followed_through_all_three_parts() {
    let (place, server) = serving();
    let frontend = origin(&server);
    let backend = backend_of(&server, &frontend);
    let report = report(&place, &["--frontend", &frontend, "--backend", &backend]);
    let findings = report["findings"].as_array().unwrap().iter();
    let steps = findings.filter(|finding| finding["check"] == "journey").map(|finding| {
        let found = finding["found"].as_str().unwrap().replace(&frontend, "FRONTEND");
        let found = found.replace(&backend, "BACKEND");
        // The address of the throw-away user.
        let words = found.split(' ').map(|word| if word.contains('@') { "USER" } else { word });
        words.collect::<Vec<_>>().join(" ")
    });
    assert_snapshot!(steps.collect::<Vec<_>>().join("\n"), @r"
    FRONTEND/api/auth is the auth server, by the frontend's own origin
    POST FRONTEND/api/auth/sign-up/email: 200 OK
    the browser keeps `better-auth.session_token`
    GET FRONTEND/api/auth/get-session: the session of the new user
    GET BACKEND/auth/me without a session: 401 Unauthorized
    GET BACKEND/auth/me with the cookie `better-auth.session_token`: 200 OK, and it knows the user
    the user USER is deleted again
    ");
    assert_eq!(report["problems"], 0, "{report:#}");
    assert_eq!(place.output(&["user", "list"]), "");
}

/// The second question that people ask.
#[test]
fn which_endpoint_which_cookie_which_error() {
    let (place, server) = serving();
    let frontend = origin(&server);
    let ask = |backend: &str| {
        let arguments = ["--frontend", &frontend, "--backend", backend];
        journey(&place, &server, &arguments, &[(backend, "BACKEND")])
    };
    let refusing = stub(|_| answer(401, r#"{"detail":"Could not validate credentials"}"#));
    assert_snapshot!(ask(&refusing), @r#"problem journey backend-refuses: GET BACKEND/auth/me with the cookie `better-auth.session_token`: 401 Unauthorized: {"detail":"Could not validate credentials"}"#);
    // The backend has no row for a user whom only the auth server knows.
    let failing = stub(|head| match cookies(head) {
        None => answer(401, ""),
        Some(_) => answer(500, "Internal Server Error"),
    });
    assert_snapshot!(ask(&failing), @"problem journey backend-fails: GET BACKEND/auth/me with the cookie `better-auth.session_token`: 500 Internal Server Error: Internal Server Error");
    let missing = stub(|_| answer(404, "Not Found"));
    assert_snapshot!(ask(&missing), @"problem journey backend-path: GET BACKEND/auth/me: 404 Not Found: Not Found");
    let open = stub(|_| answer(200, "{}"));
    assert_snapshot!(ask(&open), @r"
    problem journey unprotected: GET BACKEND/auth/me without a session: 200 OK
    notice journey no-name: GET BACKEND/auth/me with the cookie `better-auth.session_token`: 200 OK: {}
    problem journey backend-cors: GET BACKEND/auth/me with `Origin: AUTH`: 200 OK, `Access-Control-Allow-Origin: none`, `Access-Control-Allow-Credentials: none`
    ");
    let redirecting = stub(|_| answer_with(302, "location: /login\r\n", ""));
    assert_snapshot!(ask(&redirecting), @r"
    notice journey backend-odd: GET BACKEND/auth/me without a session: 302 Found to /login
    problem journey backend-odd: GET BACKEND/auth/me with the cookie `better-auth.session_token`: 302 Found to /login
    ");
    assert_snapshot!(ask("http://127.0.0.1:1"), @"problem journey backend-away: GET BACKEND/auth/me: Connection refused (os error 111)");
}

#[test]
fn a_backend_is_asked_with_a_token_where_there_are_audiences() {
    let config =
        "[emailAndPassword]\nenabled = true\n[plugins.jwt]\n[tokens.api]\nalgorithm = 'EdDSA'";
    let place = Place::with_config(config).env("BETTER_AUTH_SECRET", SECRET);
    let server = place.serve();
    let frontend = origin(&server);
    let ask = |backend: &str| {
        let arguments = ["--frontend", &frontend, "--backend", backend, "--backend-path", "me"];
        journey(&place, &server, &arguments, &[(backend, "BACKEND")])
    };
    // It says who is meant by the token, and takes no cookie.
    let taking_tokens = stub(|head| {
        let token = head.lines().find_map(|line| line.strip_prefix("authorization: Bearer "));
        let Some(token) = token else { return answer(401, "") };
        let claims = token.split('.').nth(1).unwrap();
        let claims = vestibule_tokens::encoding::decode_base64url(claims).unwrap();
        answer(200, &String::from_utf8(claims).unwrap())
    });
    assert_snapshot!(ask(&taking_tokens), @"notice journey takes-tokens-only: GET BACKEND/me with the cookie `better-auth.session_token`: 401 Unauthorized");
    let elsewhere = taking_tokens.replace("127.0.0.1", "localhost");
    assert_snapshot!(ask(&elsewhere), @"");
    let refusing =
        stub(|_| answer_with(401, "www-authenticate: Bearer error=\"invalid_token\"\r\n", ""));
    assert_snapshot!(ask(&refusing), @r#"
    problem journey backend-refuses: GET BACKEND/me with a token for the audience "api": 401 Unauthorized, `WWW-Authenticate: Bearer error="invalid_token"`
    problem journey backend-refuses: GET BACKEND/me with the cookie `better-auth.session_token`: 401 Unauthorized, `WWW-Authenticate: Bearer error="invalid_token"`
    "#);
}

#[test]
fn what_stands_between_page_and_server_is_noticed() {
    let config =
        "[emailAndPassword]\nenabled = true\n[plugins.jwt]\n[tokens.api]\nalgorithm = 'EdDSA'";
    let place = Place::with_config(config).env("BETTER_AUTH_SECRET", SECRET);
    let server = place.serve();
    let ask = |page: &str, more: &[&str]| {
        let arguments = [&["--frontend", page], more].concat();
        journey(&place, &server, &arguments, &[(page, "FRONTEND")])
    };
    assert_eq!(ask(&rewriting(&server, |_, answer| answer), &[]), "");
    let without_cookies =
        rewriting(&server, |_, answer| answer.replace("set-cookie: ", "x-cookie: "));
    assert_snapshot!(ask(&without_cookies, &[]), @"problem journey no-cookie: POST FRONTEND/api/auth/sign-up/email sets no cookie");
    // Another server behind the same address, with another secret or database.
    let two_servers = rewriting(&server, |path, said| match path {
        "/api/auth/get-session" => answer(200, "null"),
        _ => said,
    });
    assert_snapshot!(ask(&two_servers, &[]), @"problem journey no-session: GET FRONTEND/api/auth/get-session with `better-auth.session_token`: 200 OK: null");
    let failing = rewriting(&server, |path, said| match path {
        "/api/auth/sign-up/email" => answer(500, ""),
        _ => said,
    });
    assert_snapshot!(ask(&failing, &[]), @"problem journey sign-up: POST FRONTEND/api/auth/sign-up/email: 500 Internal Server Error");
    // The rewrite has the base path alone, and tokens are beside it.
    let page = rewriting(&server, |_, answer| answer);
    let backend =
        stub(|head| if cookies(head).is_some() { answer(200, "{}") } else { answer(401, "") });
    let said = ask(&page, &["--backend", &backend]);
    assert_snapshot!(said.lines().next().unwrap(), @r#"problem journey no-token: POST FRONTEND/auth/token for the audience "api": 404 Not Found: <html>no such page</html>"#);
}

#[test]
fn what_the_server_warns_of_is_told() {
    assert_snapshot!(of("host = '0.0.0.0'\n[tokens.api]\nalgorithm = 'HS256'\ndangerouslySignWithAuthSecret = true"), @r"
    notice configuration warning: `tokens.api.dangerouslySignWithAuthSecret` is on: whoever verifies these tokens holds the secret of this server, and can forge every session. Move the backend to `vestibule secret derive --service api`, then take the line away
    notice configuration warning: This is development, and other computers may reach it: set `production`
    ");
}

#[test]
fn failed_to_fetch_is_explained() {
    let (place, server) = serving();
    let silent = backend_of(&server, "https://another.example");
    let frontend = origin(&server);
    let names = [(silent.as_str(), "BACKEND")];
    let said = journey(&place, &server, &["--frontend", &frontend, "--backend", &silent], &names);
    assert_snapshot!(said, @"problem journey backend-cors: GET BACKEND/auth/me with `Origin: AUTH`: 200 OK, `Access-Control-Allow-Origin: https://another.example`, `Access-Control-Allow-Credentials: true`");
    // A frontend without a rewrite that the server does not know.
    let place = Place::with_config(
        "production = true\nbaseURL = 'http://127.0.0.1:1'\n[emailAndPassword]\nenabled = true\n[database]\nurl = 'a.db'\nmigrate = true",
    );
    let place = place.env("BETTER_AUTH_SECRET", SECRET);
    let server = place.serve();
    let page = stub(|_| answer(404, "<html>Not Found</html>"));
    let said = journey(&place, &server, &["--frontend", &page], &[(&page, "FRONTEND")]);
    assert_snapshot!(said, @r#"
    notice journey no-rewrite: GET FRONTEND/api/auth/ok: 404 Not Found: <html>Not Found</html>; so pages call AUTH directly
    problem journey cors: OPTIONS AUTH/api/auth/sign-up/email with `Origin: FRONTEND`: 403 Forbidden, `Access-Control-Allow-Origin: none`, `Access-Control-Allow-Credentials: none`
    problem journey sign-up: POST AUTH/api/auth/sign-up/email: 403 Forbidden: {"message":"Invalid origin","code":"INVALID_ORIGIN"}
    "#);
    // The base URL is the frontend's, and it passes nothing on.
    let config = format!("baseURL = '{page}'\n[emailAndPassword]\nenabled = true");
    let place = Place::with_config(&config).env("BETTER_AUTH_SECRET", SECRET);
    let server = place.serve();
    let said = journey(&place, &server, &["--frontend", &page], &[(&page, "FRONTEND")]);
    assert_snapshot!(said, @"problem journey no-rewrite: GET FRONTEND/api/auth/ok: 404 Not Found: <html>Not Found</html>; so pages call AUTH directly");
    let said = journey(&place, &server, &["--frontend", "http://127.0.0.1:1"], &[]);
    assert_snapshot!(said, @r"
    problem journey frontend-away: GET http://127.0.0.1:1/api/auth/ok: Connection refused (os error 111)
    notice journey no-rewrite: GET http://127.0.0.1:1/api/auth/ok: Connection refused (os error 111); so pages call AUTH directly
    ");
}

#[test]
fn a_cookie_that_does_not_reach_the_backend_is_explained() {
    let (place, server) = serving();
    let frontend = origin(&server);
    let backend = backend_of(&server, &frontend).replace("127.0.0.1", "localhost");
    let names = [(backend.as_str(), "BACKEND")];
    let said = journey(&place, &server, &["--frontend", &frontend, "--backend", &backend], &names);
    assert_snapshot!(said, @"problem journey cookie-withheld: GET BACKEND/auth/me: the browser sends no cookie there (`better-auth.session_token`: it belongs to 127.0.0.1); with the cookie it would be accepted");
    // Another site than the auth server's: the browser keeps no cookie at all.
    let page = stub(|_| answer(404, "")).replace("127.0.0.1", "localhost");
    let said = journey(&place, &server, &["--frontend", &page], &[(&page, "FRONTEND")]);
    assert_snapshot!(said, @r"
    notice journey no-rewrite: GET FRONTEND/api/auth/ok: 404 Not Found; so pages call AUTH directly
    problem journey cookie-dropped: the browser drops the cookie `better-auth.session_token` of POST AUTH/api/auth/sign-up/email: the page is on another site than the server, and the cookie is not `SameSite=None`
    ");
}

#[test]
fn a_journey_that_cannot_begin_says_why() {
    let place = Place::with_config("[emailAndPassword]\nenabled = true\ndisableSignUp = true");
    let place = place.env("BETTER_AUTH_SECRET", SECRET);
    let server = place.serve();
    let frontend = origin(&server);
    assert_snapshot!(journey(&place, &server, &["--frontend", &frontend], &[]), @r#"problem journey sign-up: POST AUTH/api/auth/sign-up/email: 400 Bad Request: {"message":"Email and password sign up is not enabled","code":"EMAIL_PASSWORD_SIGN_UP_DISABLED"}"#);
    let config = "[emailAndPassword]\nenabled = true\nrequireEmailVerification = true";
    let place = Place::with_config(config).env("BETTER_AUTH_SECRET", SECRET);
    let server = place.serve();
    let frontend = origin(&server);
    assert_snapshot!(journey(&place, &server, &["--frontend", &frontend], &[]), @"notice journey no-session: POST AUTH/api/auth/sign-up/email signed nobody in");
    let closed = findings(
        &place,
        &["--frontend", "http://127.0.0.1:1", "--auth", "http://127.0.0.1:1/api/auth"],
    );
    assert_snapshot!(closed.lines().skip(1).collect::<Vec<_>>().join("\n"), @r"
    problem journey frontend-away: GET http://127.0.0.1:1/api/auth/ok: Connection refused (os error 111)
    problem journey no-auth: GET http://127.0.0.1:1/api/auth/ok: Connection refused (os error 111); GET http://127.0.0.1:1/api/auth/ok: Connection refused (os error 111)
    ");
}

#[test]
fn a_user_of_another_database_is_deleted_by_hand() {
    let (_served, server) = serving();
    let frontend = origin(&server);
    let elsewhere = Place::new().env("BETTER_AUTH_SECRET", SECRET);
    let said =
        findings(&elsewhere, &["--frontend", &frontend, "--auth", &format!("{frontend}/api/auth")]);
    let last = said.lines().last().unwrap().replace(&frontend, "AUTH");
    let words = last.split(' ').map(|word| if word.contains('@') { "USER" } else { word });
    assert_snapshot!(words.collect::<Vec<_>>().join(" "), @r#"notice journey user-stays: the user USER could not be deleted: POST AUTH/api/auth/delete-user: 404 Not Found: {"message":"Not Found","code":"NOT_FOUND"}"#);
}

#[test]
fn what_cannot_run_has_an_exit_code_of_its_own() {
    let place = Place::new();
    for arguments in [
        &["doctor", "--frontend", "localhost:3000"][..],
        &["doctor", "--backend", "http://localhost:8000"],
        &["doctor", "--backend-path", "/me"],
        &["doctor", "--verbose"],
    ] {
        assert_eq!(place.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let unreadable = place.file(".env", "hunter2 hunter2");
    assert!(!unreadable.complaint(&["doctor"]).contains("hunter2"));
}

#[test]
fn the_help_says_what_is_followed() {
    let help = Place::new().output(&["doctor", "--help"]);
    let lines: Vec<_> = help.lines().map(str::trim_end).collect();
    assert_snapshot!(lines.join("\n"), @r"
    Find what is wrong, say why it matters and how to mend it

    Each finding says what was found, why it matters, and the line that mends it. Nothing is changed.

    With --frontend and --backend it follows one throw-away user as a browser would: sign-up (through the
    frontend's rewrite, or at the auth server), the cookie, /get-session, the backend's protected path
    with the cookie and, where audiences are configured, with a token. It says which endpoint, which
    cookie and which error, and deletes the user at the end:

      vestibule doctor --frontend http://localhost:3000 --backend http://localhost:8000

    Exit codes: 0 no problems; 1 problems; 2 the command could not run.

    Usage: vestibule doctor [OPTIONS]

    Options:
          --frontend <URL>
              Where browsers find the frontend; follows a user from there

          --backend <URL>
              Where browsers find the backend

          --backend-path <PATH>
              A path of the backend for those who are signed in, which answers who they are

              [default: /auth/me]

          --auth <URL>
              Where the auth server is, with its base path; default: as the configuration says

          --json
              Print JSON, for programs

          --config <FILE>
              The configuration: TOML, or JSON if the name ends in .json

              Default: vestibule.toml in the working directory, if there is one.

      -h, --help
              Print help (see a summary with '-h')
    ");
}
