//! Which of several places gives a value.

use insta::assert_snapshot;

use crate::server::Place;

/// What is derived from the secret in use: it tells secrets apart without showing them.
#[track_caller]
fn derived(place: &Place) -> String {
    place.output(&["secret", "webhook"])
}

fn secret(name: &str) -> String {
    format!("the {name} secret is long enough for anybody")
}

#[test]
fn the_file_comes_before_the_environment_and_that_before_dotenv() {
    let of = |name: &str| derived(&Place::new().env("BETTER_AUTH_SECRET", &secret(name)));
    let config = format!("secret = '{}'", secret("file"));
    let dotenv = format!("BETTER_AUTH_SECRET='{}'\n", secret("dotenv"));

    let place = Place::new().file(".env", &dotenv);
    assert_eq!(derived(&place), of("dotenv"));
    let place = place.env("BETTER_AUTH_SECRET", &secret("environment"));
    assert_eq!(derived(&place), of("environment"));
    let place = place.file("vestibule.toml", &config);
    assert_eq!(derived(&place), of("file"));
}

#[test]
fn secrets_have_the_order_of_the_reference() {
    let of = |name: &str| derived(&Place::new().env("BETTER_AUTH_SECRET", &secret(name)));
    let place = Place::new().env("AUTH_SECRET", &secret("auth"));
    assert_eq!(derived(&place), of("auth"));
    let place = place.env("BETTER_AUTH_SECRET", &secret("better"));
    assert_eq!(derived(&place), of("better"));
    let place = place.env("BETTER_AUTH_SECRETS", &format!("2:{},1:old", secret("versioned")));
    assert_eq!(derived(&place), of("versioned"));
}

#[test]
fn a_variable_may_name_a_file() {
    let expected = derived(&Place::new().env("BETTER_AUTH_SECRET", &secret("kept")));
    let place = Place::new().file("kept", &format!("{}\n", secret("kept")));
    let place = place.env("BETTER_AUTH_SECRET_FILE", "kept");
    assert_eq!(derived(&place), expected);

    let both = place.env("BETTER_AUTH_SECRET", &secret("kept"));
    assert_snapshot!(both.complaint(&["config", "check"]), @"error: `BETTER_AUTH_SECRET` and `BETTER_AUTH_SECRET_FILE` are both set in the environment: set one of them");
    let missing = Place::new().env("DATABASE_URL_FILE", "nowhere");
    assert_snapshot!(missing.complaint(&["config", "check"]), @"error: failed to read `nowhere`, which `DATABASE_URL_FILE` names: No such file or directory (os error 2)");
    let empty = Place::new().file("empty", "\n").env("AUTH_SECRET_FILE", "empty");
    assert_snapshot!(empty.complaint(&["config", "check"]), @"error: `empty`, which `AUTH_SECRET_FILE` names, is empty");
}

#[test]
fn the_real_environment_wins_by_a_file_too() {
    let expected = derived(&Place::new().env("BETTER_AUTH_SECRET", &secret("kept")));
    let place = Place::new()
        .file("kept", &secret("kept"))
        .file(".env", &format!("BETTER_AUTH_SECRET='{}'", secret("dotenv")))
        .env("BETTER_AUTH_SECRET_FILE", "kept");
    assert_eq!(derived(&place), expected);
}

#[test]
fn an_entry_without_a_version_is_refused_without_being_shown() {
    let place = Place::new().env("BETTER_AUTH_SECRETS", "1:good,hunter2");
    assert_snapshot!(place.complaint(&["config", "check"]), @"error: `BETTER_AUTH_SECRETS`: expected `<version>:<secret>`, several divided by commas; an entry (not shown here) has no whole number before its first colon");
    let place = Place::new().env("BETTER_AUTH_SECRETS", "1:a,1:b");
    assert_snapshot!(place.complaint(&["config", "check"]), @"error: Duplicate version 1 in `secrets`. Each version must be unique.");
}

#[test]
fn the_base_url_has_the_names_of_the_reference() {
    for name in [
        "BETTER_AUTH_URL",
        "NEXT_PUBLIC_BETTER_AUTH_URL",
        "PUBLIC_BETTER_AUTH_URL",
        "NUXT_PUBLIC_BETTER_AUTH_URL",
        "NUXT_PUBLIC_AUTH_URL",
        "BASE_URL",
    ] {
        let place = Place::new().env(name, "http://a.example/login");
        assert_eq!(place.serve().get("/login/ok").line(), r#"200 {"ok":true}"#, "{name}");
    }
    let place = Place::new().env("BASE_URL", "/");
    assert_eq!(place.serve().get("/api/auth/ok").status, 200);
}

#[test]
fn the_database_and_the_trusted_origins_come_from_the_environment() {
    let place = Place::new()
        .env("DATABASE_URL", "sqlite:///./here.db")
        .env("BETTER_AUTH_TRUSTED_ORIGINS", "https://a.example, https://b.example");
    let server = place.serve();
    assert_eq!(server.sign_up("ada@example.com").status, 200);
    assert!(place.path("here.db").exists());
    let answer = server.send("GET /api/auth/ok", &[("origin", "https://b.example")], b"");
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://b.example"));
}

#[test]
fn a_variable_that_makes_no_sense_is_named() {
    let complaint = |name: &str, value: &str| Place::new().env(name, value).complaint(&["serve"]);
    assert_snapshot!(complaint("PORT", "http"), @r#"error: `PORT`: expected a number from 0 to 65535, found "http""#);
    assert_snapshot!(complaint("DATABASE_URL", "mysql://host/db"), @"error: `DATABASE_URL`: the database URL names `mysql`, which is not supported; expected `postgres://user:password@host/database`, `sqlite:///file.db`, or the path of a SQLite file");
    assert_snapshot!(complaint("RUST_LOG", "vestibule=loud"), @r#"error: `RUST_LOG`: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5"#);
    assert_snapshot!(Place::new().file(".env", "A=1\nhunter2 hunter2").complaint(&["serve"]), @"error: variable 2 of `.env` is not of the form `NAME=value`");
}
