//! What a start makes of nothing, and what production asks for.

use insta::assert_snapshot;

use crate::server::{Place, mode};

const SECRET: &str = "BETTER_AUTH_SECRET";
const GOOD: &str = "3fSxkZ1u9pQw7LrYb0TnE5vHcJ8mD2aG";

#[test]
fn without_any_configuration_people_can_sign_up() {
    let place = Place::new();
    let server = place.serve();
    let answer = server.sign_up("ada@example.com");
    assert_eq!(answer.status, 200);
    assert_eq!(server.session(&answer.cookie())["user"]["email"], "ada@example.com");
    assert_eq!(mode(&place.path("vestibule.secret")), 0o600);
    assert!(place.path("vestibule.db").exists());
}

#[test]
fn a_session_outlives_the_process() {
    let place = Place::new();
    let cookie = place.serve().sign_up("ada@example.com").cookie();
    assert_eq!(place.serve().session(&cookie)["user"]["email"], "ada@example.com");
}

#[test]
fn processes_that_start_together_agree_on_the_secret() {
    let place = Place::new();
    let servers: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| place.serve())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let cookie = servers[0].sign_up("ada@example.com").cookie();
    for server in &servers {
        assert_eq!(server.session(&cookie)["user"]["email"], "ada@example.com");
    }
    let leftover = std::fs::read_dir(place.folder.path()).unwrap();
    let drafts = leftover.filter(|file| {
        file.as_ref().unwrap().file_name().to_string_lossy().starts_with("vestibule.secret.")
    });
    assert_eq!(drafts.count(), 0);
}

#[test]
fn a_configuration_file_has_the_defaults_of_better_auth() {
    let server = Place::with_config("").serve();
    assert_snapshot!(
        server.sign_up("ada@example.com").line(),
        @r#"400 {"message":"Email and password sign up is not enabled","code":"EMAIL_PASSWORD_SIGN_UP_DISABLED"}"#
    );
}

#[test]
fn production_starts_with_nothing_by_default() {
    let bare = || Place::new().env("NODE_ENV", "production");
    assert_snapshot!(bare().complaint(&["config", "check"]), @"
    error: 2 things are wrong with the configuration:
      production needs a secret: make one with `vestibule secret generate` and set `BETTER_AUTH_SECRET`
      production needs a database: set `DATABASE_URL` (or `database.url`) to `postgres://user:password@host/database` or to the path of a SQLite file
    ");
    let place = || bare().env("DATABASE_URL", "a.db");
    assert_snapshot!(place().complaint(&["config", "check"]), @"error: production needs a secret: make one with `vestibule secret generate` and set `BETTER_AUTH_SECRET`");
    assert_snapshot!(
        place().file("vestibule.secret", GOOD).complaint(&["config", "check"]),
        @"error: production needs a secret: make one with `vestibule secret generate` and set `BETTER_AUTH_SECRET`; or keep the one of development by `BETTER_AUTH_SECRET_FILE=vestibule.secret`"
    );
    assert_snapshot!(place().env(SECRET, "short").complaint(&["config", "check"]), @"error: the secret has 5 characters, production needs 32: make one with `vestibule secret generate`");
    let known = "better-auth-secret-12345678901234567890";
    assert_snapshot!(place().env(SECRET, known).complaint(&["config", "check"]), @"error: the secret is the one that everybody knows: make another with `vestibule secret generate`");
    assert_snapshot!(bare().env(SECRET, GOOD).complaint(&["config", "check"]), @"error: production needs a database: set `DATABASE_URL` (or `database.url`) to `postgres://user:password@host/database` or to the path of a SQLite file");
}

#[test]
fn an_https_base_url_is_production() {
    let checked = |config: &str| {
        let place = Place::with_config(config).env(SECRET, GOOD).env("DATABASE_URL", "a.db");
        place.output(&["config", "check"])
    };
    assert_snapshot!(checked("baseURL = 'https://a.example'"), @"The configuration is fine, for production.");
    assert_snapshot!(checked("baseURL = 'https://a.example'\nproduction = false"), @"The configuration is fine, for development.");
    assert_snapshot!(checked("baseURL = 'http://a.example'"), @"The configuration is fine, for development.");
}

#[test]
fn production_migrates_only_when_it_is_told_to() {
    let place = Place::new()
        .env("NODE_ENV", "production")
        .env(SECRET, GOOD)
        .env("DATABASE_URL", "production.db")
        .env("PORT", "0");
    let refused = place.complaint(&["serve"]);
    let last = refused.lines().last().unwrap();
    assert_snapshot!(last, @r#"error: the database cannot be used: the database does not fit the configuration: the table "user" is missing; the table "session" is missing; the table "account" is missing; the table "verification" is missing; run `vestibule migrate`"#);
    assert_snapshot!(
        place.complaint(&["migrate", "--check"]),
        @"error: 7 statements are to be run; `vestibule migrate --sql` shows them"
    );
    assert!(place.output(&["migrate", "--sql"]).starts_with("create table"));
    assert_snapshot!(place.output(&["migrate"]), @"The database was migrated: 7 statements.");
    assert_snapshot!(place.output(&["migrate", "--check"]), @"There is nothing to do.");
    assert_eq!(place.serve().get("/api/auth/get-session").line(), "200 null");

    let place = Place::with_config("[database]\nmigrate = true\nurl = 'other.db'");
    let place = place.env("NODE_ENV", "production").env(SECRET, GOOD);
    assert_eq!(place.serve().get("/api/auth/get-session").line(), "200 null");
}

#[test]
fn nothing_is_migrated_where_that_is_switched_off() {
    let place =
        Place::with_config("[database]\nmigrate = false\n[emailAndPassword]\nenabled = true");
    let server = place.serve();
    let warning = server.wait_for_log("Nothing is served before `vestibule migrate`");
    let warning = warning["message"].as_str().unwrap();
    assert!(warning.contains(r#"the table "user" is missing"#), "{warning}");
    assert_eq!(server.sign_up("ada@example.com").status, 503);
    let ready = server.get("/health/ready");
    assert_snapshot!(ready.line(), @r#"503 {"status":"unavailable","reason":"the database lacks tables or columns: run `vestibule migrate`"}"#);
    assert_eq!(ready.header("retry-after"), Some("1"));
    assert!(place.output(&["migrate", "--sql"]).starts_with("create table"));
}

#[test]
fn the_clock_of_tests_needs_a_loopback_address() {
    let config = "host = '0.0.0.0'\nport = 0\n[testing]\nclock = true";
    let place = Place::with_config(config);
    let refused = place.complaint(&["serve"]);
    assert_snapshot!(refused, @"error: `testing` is for tests on this computer: with it `host` must be a loopback address, found 0.0.0.0");
    assert_eq!(place.complaint(&["config", "check"]), refused);
}

#[test]
fn a_test_chooses_the_time() {
    let place = Place::with_config("[testing]\nclock = true\n[emailAndPassword]\nenabled = true");
    let server = place.serve();
    let cookie = server.sign_up("ada@example.com").cookie();
    let at = |now: &str| {
        let headers = [("cookie", cookie.as_str()), ("x-test-now", now)];
        server.send("GET /api/auth/get-session", &headers, b"").line()
    };
    assert_eq!(at("4102444800000"), "200 null");
    assert_snapshot!(at("noon"), @r#"400 {"message":"`x-test-now` must be a number of milliseconds since 1970"}"#);

    let server = Place::new().serve();
    let cookie = server.sign_up("ada@example.com").cookie();
    let headers = [("cookie", cookie.as_str()), ("x-test-now", "4102444800000")];
    let answer = server.send("GET /api/auth/get-session", &headers, b"");
    assert_eq!(answer.json()["user"]["email"], "ada@example.com");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let server = Place::new().serve();
    let port = server.address.port();
    let complaint = Place::new().env("PORT", &port.to_string()).complaint(&["serve"]);
    let complaint = complaint.replace(&port.to_string(), "PORT");
    assert_snapshot!(complaint, @"error: failed to listen on 127.0.0.1:PORT; `host` and `port` (or `HOST` and `PORT`) say where: Address already in use (os error 98)");
}

#[test]
fn the_server_says_where_it_listens_once_the_database_is_fine() {
    let place = Place::new()
        .env("NODE_ENV", "production")
        .env(SECRET, GOOD)
        .env("DATABASE_URL", "production.db")
        .env("PORT", "0");
    let refused = place.complaint(&["serve"]);
    assert!(!refused.contains("Listening"), "{refused}");
}
