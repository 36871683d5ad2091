//! What the configuration file may hold, and what is said about what it may not.

use insta::assert_snapshot;
use serde_json::Value as Json;

use crate::server::Place;

#[track_caller]
fn complaint(config: &str) -> String {
    Place::with_config(config).complaint(&["config", "check"])
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_one() {
    assert_snapshot!(complaint("appname = 'x'"), @"
    error: `vestibule.toml` cannot be used:
      appname: there is no such key; did you mean `appName`?
    ");
    assert_snapshot!(complaint("[session]\nexpiresln = 5"), @"
    error: `vestibule.toml` cannot be used:
      session.expiresln: there is no such key; did you mean `session.expiresIn`?
    ");
    assert_snapshot!(complaint("cookiePrefix = 'x'"), @"
    error: `vestibule.toml` cannot be used:
      cookiePrefix: there is no such key; did you mean `advanced.cookiePrefix`?
    ");
    assert_snapshot!(complaint("expiresIn = 5"), @"
    error: `vestibule.toml` cannot be used:
      expiresIn: there is no such key; did you mean `emailVerification.expiresIn` or `session.expiresIn`?
    ");
    assert_snapshot!(complaint("[emailAndPassword]\nbanana = true"), @"
    error: `vestibule.toml` cannot be used:
      emailAndPassword.banana: there is no such key
    ");
    assert_snapshot!(complaint("[database]\nschema = 'x'"), @"
    error: `vestibule.toml` cannot be used:
      database.schema: there is no such key; did you mean `database.schemaName`?
    ");
}

#[test]
fn an_option_that_is_not_supported_yet_is_named() {
    assert_snapshot!(
        complaint("[session.cookieCache]\nenabled = true\n[socialProviders.github]\nclientId = 'x'"),
        @"
    error: `vestibule.toml` cannot be used:
      session.cookieCache: is an option of Better Auth that Vestibule does not support yet
      socialProviders: is an option of Better Auth that Vestibule does not support yet
    "
    );
    assert_snapshot!(
        complaint(
            "mail = {}\nsecondaryStorage = {}\ntesting.outbound = 'http://127.0.0.1:1'"
        ),
        @"
    error: `vestibule.toml` cannot be used:
      mail: does not work in this version
      secondaryStorage: does not work in this version
      testing.outbound: does not work in this version
    "
    );
}

#[test]
fn a_wrong_type_is_named_with_what_was_found_and_expected() {
    assert_snapshot!(complaint("[session]\nexpiresIn = 'a week'"), @r#"
    error: `vestibule.toml` cannot be used:
      session.expiresIn: expected a whole number of at least 0, found the text "a week"
    "#);
    assert_snapshot!(complaint("[emailAndPassword]\nenabled = 'yes'\nminPasswordLength = -1"), @r#"
    error: `vestibule.toml` cannot be used:
      emailAndPassword.enabled: expected true or false, found the text "yes"
      emailAndPassword.minPasswordLength: expected a whole number of at least 0, found -1
    "#);
    assert_snapshot!(complaint("trustedOrigins = 'http://a.example'"), @r#"
    error: `vestibule.toml` cannot be used:
      trustedOrigins: expected a list of texts, found the text "http://a.example"
    "#);
    assert_snapshot!(complaint("trustedOrigins = [1]"), @"
    error: `vestibule.toml` cannot be used:
      trustedOrigins[0]: expected a text, found 1
    ");
    assert_snapshot!(complaint("[rateLimit]\nstorage = 'redis'"), @r#"
    error: `vestibule.toml` cannot be used:
      rateLimit.storage: expected "memory" or "database", found the text "redis"
    "#);
    assert_snapshot!(complaint("[rateLimit.customRules]\n'/a' = 5\n'/b' = { window = 10 }"), @"
    error: `vestibule.toml` cannot be used:
      rateLimit.customRules./a: expected a table with `window`, `max` or true or false, found 5
      rateLimit.customRules./b.max: is missing; expected a whole number of at least 0
    ");
    assert_snapshot!(complaint("[user.additionalFields.role]\ntype = 'text'"), @r#"
    error: `vestibule.toml` cannot be used:
      user.additionalFields.role.type: expected "string", "number", "boolean", "date", "json", "string[]" or "number[]" or a list of texts, found the text "text"
    "#);
    assert_snapshot!(complaint("[advanced.database]\ngenerateId = 'nanoid'"), @r#"
    error: `vestibule.toml` cannot be used:
      advanced.database.generateId: expected "uuid" or "serial" or true or false, found the text "nanoid"
    "#);
    assert_snapshot!(complaint("port = 70000"), @"
    error: `vestibule.toml` cannot be used:
      port: expected a whole number from 0 to 65535, found 70000
    ");
    assert_snapshot!(complaint("[emailAndPassword]\nonExistingUserSignUp = 'http://a.example'"), @r#"
    error: `vestibule.toml` cannot be used:
      emailAndPassword.onExistingUserSignUp: expected a table with `webhook`, found the text "http://a.example"
    "#);
    assert_snapshot!(
        complaint("[emailAndPassword]\nonExistingUserSignUp = { webhook = 'a.example' }"),
        @r#"error: `vestibule.toml` cannot be used: emailAndPassword.onExistingUserSignUp: expected an http or https URL for `webhook`, found "a.example""#
    );
}

#[test]
fn a_value_that_cannot_be_is_named() {
    assert_snapshot!(complaint("[session]\nexpiresIn = 0"), @"error: `session.expiresIn`: expected 1 to 34560000 seconds (400 days, browsers keep no cookie longer), found 0");
    assert_snapshot!(complaint("trustedPeers = ['everybody']"), @"error: `trustedPeers`: `everybody` is not an IP address, a CIDR block or one of `loopback`, `private`, `cloudflare`");
    assert_snapshot!(complaint("baseURL = 'a.example'"), @"error: `baseURL`: Invalid base URL: a.example. Please provide a valid base URL.");
    assert_snapshot!(complaint("[database]\nprovider = 'postgres'\nurl = 'a.db'"), @"error: `database.provider` and `database.url` name different databases");
    assert_snapshot!(complaint("[database]\nprovider = 'postgres'"), @r#"error: `database.url` is missing: `database.provider` is "postgres""#);
    assert_snapshot!(complaint("[database]\nschemaName = 'auth'"), @"error: `database.schemaName`: SQLite has no schemas");
}

#[test]
fn a_plugin_that_is_not_there_is_named() {
    assert_snapshot!(complaint("[plugins.user-name]"), @"
    error: `vestibule.toml` cannot be used:
      plugins.user-name: there is no such plugin; this version has none
    ");
}

#[test]
fn no_error_shows_a_secret() {
    for config in [
        "secret = 'hunter2",
        "secret = ['hunter2']",
        "secrets = ['hunter2']",
        "secrets = [{ version = 1, value = 'hunter2', x = 1 }]",
        "[database]\nurl = { hunter2 = 'hunter2' }",
        "[webhooks]\nsecret = 'hunter2'",
        "[database]\nurl = 'mysql://user:hunter2@host/db'",
        "[database]\nurl = 'postgres://user:hunter2@host:port/db'",
    ] {
        let place = Place::with_config(config);
        for command in [&["config", "check"][..], &["serve"]] {
            let complaint = place.complaint(command).replace("url.hunter2", "");
            assert!(!complaint.contains("hunter2"), "{complaint}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    assert_snapshot!(complaint("secret = \nport = 1"), @"error: `vestibule.toml`, line 1, column 10: string values must be quoted, expected literal string");
    let place = Place::new().file("a.json", "{\n  \"port\": }").file("b.json", "[]");
    assert_snapshot!(place.complaint(&["config", "check", "--config", "a.json"]), @"error: `a.json`, line 2, column 11: this is not JSON");
    assert_snapshot!(place.complaint(&["config", "check", "--config", "b.json"]), @"error: `b.json`: expected an object");
    assert_snapshot!(place.complaint(&["config", "check", "--config", "c.toml"]), @"error: failed to read `c.toml`: No such file or directory (os error 2)");
}

#[test]
fn json_is_as_good_as_toml() {
    let place = Place::new().file("a.json", r#"{ "emailAndPassword": { "enabled": true } }"#);
    assert_snapshot!(place.output(&["config", "check", "--config", "a.json"]), @"The configuration is fine, for development.");
}

#[test]
fn a_check_makes_nothing() {
    let place = Place::new();
    place.output(&["config", "check"]);
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0);
}

#[test]
fn the_schema_knows_every_key() {
    let schema: Json = serde_json::from_str(&Place::new().output(&["config", "schema"])).unwrap();
    let keys: Vec<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    assert_snapshot!(keys.join(" "), @"host port production database trustedPeers pages webhooks outbox tokens services backend plugins testing appName baseURL basePath secret secrets trustedOrigins disabledPaths emailAndPassword emailVerification user session account verification rateLimit advanced onAPIError");
    let references = references(&schema);
    assert!(!references.is_empty());
    for reference in references {
        assert!(schema.pointer(&reference[1..]).is_some(), "{reference}");
    }
}

fn references(schema: &Json) -> Vec<String> {
    match schema {
        Json::Object(object) => {
            let own = object.get("$ref").and_then(Json::as_str).map(str::to_owned);
            own.into_iter().chain(object.values().flat_map(references)).collect()
        }
        Json::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn what_serve_refuses_is_a_mistake() {
    let place = Place::with_config("host = 'no address'");
    assert!(place.complaint(&["config", "check"]).starts_with(
        "error: `host` (or `HOST`): expected an address of this computer, found \"no address\""
    ));
    let place = Place::new().env("RUST_LOG", "vestibule=loud");
    assert!(place.complaint(&["config", "check"]).starts_with("error: `RUST_LOG`: "));
    assert_snapshot!(complaint("trustedPeers = ['you', 'me']"), @"
    error: 2 things are wrong with the configuration:
      `trustedPeers`: `you` is not an IP address, a CIDR block or one of `loopback`, `private`, `cloudflare`
      `trustedPeers`: `me` is not an IP address, a CIDR block or one of `loopback`, `private`, `cloudflare`
    ");
}

#[test]
fn what_serve_warns_of_is_said() {
    let config = "secret = 'weak'\ntrustedOrigins = ['a.example/path']\n[testing]\nclock = true";
    let place = Place::with_config(config).env("DATABASE_URL", "sqlite:///a.db?cache=shared");
    let checked = place.run(&["config", "check"]);
    assert!(checked.status.success());
    let warnings = String::from_utf8(checked.stderr).unwrap();
    for warning in ["`cache`", "secret", "`testing.clock` is on", "a.example/path"] {
        assert!(warnings.contains(warning), "{warnings}");
    }
    assert!(!warnings.contains("weak'"), "{warnings}");
    assert!(!place.path("a.db").exists());
}

#[test]
fn the_file_is_named_before_or_after_the_command() {
    let place = Place::new().file("a.toml", "").file("c.yaml", "a: 1");
    let before = place.output(&["--config", "a.toml", "config", "check"]);
    assert_snapshot!(before, @"The configuration is fine, for development.");
    assert_eq!(place.output(&["config", "check", "--config", "a.toml"]), before);
    assert_snapshot!(place.complaint(&["config", "check", "--config", "c.yaml"]), @"error: `c.yaml`: expected a file of TOML or JSON; YAML and others are not read");
}
