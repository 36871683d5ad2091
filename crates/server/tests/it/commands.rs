//! The commands beside `serve`.

use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use crate::server::Place;

#[test]
fn a_user_is_made_listed_and_helped() {
    let place = Place::with_config("[emailAndPassword]\nenabled = true\ndisableSignUp = true");
    let create = ["user", "create", "Ada@Example.com"];
    let made = place.run_with_input(&create, "correct horse\n");
    assert!(made.status.success(), "{made:?}");
    let listed = place.output(&["user", "list"]);
    let columns: Vec<_> = listed.split('\t').collect();
    assert_eq!((columns[1], columns[3]), ("ada@example.com", "Ada"));

    let server = place.serve();
    let sign_in = |password: &str| {
        server.post("/sign-in/email", &json!({ "email": "ada@example.com", "password": password }))
    };
    let cookie = sign_in("correct horse").cookie();
    assert_eq!(server.session(&cookie)["user"]["name"], "Ada");

    std::fs::write(place.path("new"), "battery staple\n").unwrap();
    let set = ["user", "set-password", "ada@example.com", "--password-file", "new"];
    assert_snapshot!(place.output(&set), @"ada@example.com has a new password; all sessions have ended.");
    assert_eq!(server.session(&cookie), Json::Null);
    assert_eq!(sign_in("correct horse").status, 401);
    assert_eq!(sign_in("battery staple").status, 200);
}

#[test]
fn a_user_that_cannot_be_is_refused() {
    let place = Place::new();
    let complaint = |arguments: &[&str], password: &str| {
        let output = place.run_with_input(arguments, password);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap().trim_end().to_owned()
    };
    let create = ["user", "create", "ada@example.com"];
    assert_snapshot!(complaint(&create, "short"), @"error: the password is too short: it needs 8 characters");
    assert_snapshot!(complaint(&create, ""), @"error: the password is empty");
    assert_snapshot!(complaint(&["user", "create", "ada"], "correct horse"), @r#"error: "ada" is not an email address"#);
    assert!(place.run_with_input(&create, "correct horse").status.success());
    assert_snapshot!(complaint(&create, "correct horse"), @"error: there is a user with the address ada@example.com already");
    let nobody = ["user", "set-password", "bob@example.com"];
    assert_snapshot!(complaint(&nobody, "correct horse"), @"error: there is no user with the address bob@example.com");
}

#[test]
fn a_generated_secret_is_good_enough_for_production() {
    let secret = Place::new().output(&["secret", "generate"]);
    assert_eq!(secret.len(), 44);
    assert_ne!(secret, Place::new().output(&["secret", "generate"]));
    let place = Place::new().env("BETTER_AUTH_SECRET", &secret).env("NODE_ENV", "production");
    place.env("DATABASE_URL", "a.db").output(&["config", "check"]);
}

#[test]
fn the_api_is_described() {
    let openapi: Json = serde_json::from_str(&Place::new().output(&["openapi"])).unwrap();
    assert!(openapi["paths"]["/sign-up/email"]["post"].is_object());
}

#[test]
fn the_help_names_every_command() {
    assert_snapshot!(Place::new().output(&["--help"]));
}

#[test]
fn a_question_makes_no_database() {
    let place = Place::new();
    assert_snapshot!(place.complaint(&["user", "list"]), @"error: the database `vestibule.db` does not exist");
    assert_snapshot!(
        place.complaint(&["migrate", "--check"]),
        @"error: 7 statements are to be run; `vestibule migrate --sql` shows them"
    );
    assert!(place.output(&["migrate", "--sql"]).starts_with("create table"));
    assert!(!place.path("vestibule.db").exists());
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    for command in ["secret generate", "openapi"] {
        let script = format!("{} {command} > /dev/full", env!("CARGO_BIN_EXE_vestibule"));
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(
            complaint.starts_with("error: failed to write to standard output: "),
            "{complaint}"
        );
    }
}
