//! `vestibule generate`. That the others' libraries understand it is tested in `tests/generate`.

use insta::assert_snapshot;

use crate::server::Place;

/// Every kind of field, renames, and names that no language takes.
const CONFIG: &str = r#"
[user]
modelName = "people"
fields = { email = "email_address" }
[user.additionalFields]
bornAt = { type = "date", required = false }
tags = { type = "string[]", required = false }
settings = { type = "json", required = false }
plan = { type = ["free", "paid"], required = false }
class = { type = "number", required = false }
big = { type = "number", bigint = true, required = false }
admin = { type = "boolean", defaultValue = false }
"2fa-on \"x\"" = { type = "boolean", required = false }
apiSecret = { type = "string", required = false }
stripeCustomer = { type = "string", required = false, returned = false }
[session]
additionalFields = { invitedBy = { type = "string", required = false, references = { model = "user", field = "id" } } }
"#;

fn place(database: &str, more: &str) -> Place {
    Place::with_config(&format!("{CONFIG}{more}")).env("DATABASE_URL", database)
}

fn generate(database: &str, more: &str, arguments: &[&str]) -> String {
    let all: Vec<_> = ["generate", "--format"].iter().chain(arguments).copied().collect();
    place(database, more).output(&all)
}

const SQLITE: &str = "a.db";
const POSTGRES: &str = "postgres://postgres@127.0.0.1/never-asked";
const UUID: &str = "[advanced.database]\ngenerateId = \"uuid\"\n";
const SERIAL: &str =
    "[advanced.database]\ngenerateId = \"serial\"\n[database]\nschemaName = \"auth\"\n";

#[test]
fn sqlmodel_is_for_both_databases() {
    assert_snapshot!(generate(POSTGRES, UUID, &["sqlmodel"]));
}

#[test]
fn sqlalchemy_knows_the_schema() {
    assert_snapshot!(generate(POSTGRES, SERIAL, &["sqlalchemy", "--include", "user"]));
}

#[test]
fn prisma_has_relations_with_two_ends() {
    assert_snapshot!("prisma_postgres", generate(POSTGRES, SERIAL, &["prisma"]));
    assert_snapshot!("prisma_sqlite", generate(SQLITE, "", &["prisma", "--include", "user"]));
}

#[test]
fn drizzle_has_views_that_nobody_writes() {
    assert_snapshot!(
        "drizzle_postgres",
        generate(POSTGRES, UUID, &["drizzle", "--include", "user"])
    );
    assert_snapshot!("drizzle_sqlite", generate(SQLITE, "", &["drizzle"]));
}

#[test]
fn diesel_has_rows_that_nobody_inserts() {
    assert_snapshot!("diesel_postgres", generate(POSTGRES, UUID, &["diesel"]));
    assert_snapshot!("diesel_sqlite", generate(SQLITE, "", &["diesel", "--include", "user"]));
}

#[test]
fn views_have_plain_names_and_no_secrets() {
    let arguments = ["sql-views", "--include", "user,session"];
    assert_snapshot!("views_postgres", generate(POSTGRES, SERIAL, &arguments));
    assert_snapshot!("views_sqlite", generate(SQLITE, "", &arguments));
}

#[test]
fn secrets_are_there_when_they_are_asked_for() {
    let secrets = ["token", "accessToken", "refreshToken", "idToken", "password", "apiSecret"];
    let names = |text: &str| -> Vec<bool> {
        let text = text.split_once("AuthUser(").unwrap().1;
        secrets.iter().map(|name| text.contains(&format!("sa.Column(\"{name}\""))).collect()
    };
    assert_eq!(names(&generate(SQLITE, "", &["sqlmodel"])), [false; 6]);
    let all = generate(SQLITE, "", &["sqlmodel", "--include-secrets"]);
    assert_eq!(names(&all), [true; 6]);
    assert!(!all.contains("Left out"));
}

#[test]
fn the_values_that_prove_something_are_left_out_of_verification() {
    let text = generate(SQLITE, "", &["sqlmodel", "--include", "verification"]);
    assert!(text.contains("verification.identifier, verification.value"), "{text}");
    assert!(!text.contains("sa.Column(\"value\""));
}

#[test]
fn bookkeeping_must_be_asked_for() {
    let config = "[outbox]\nenabled = true\n[rateLimit]\nstorage = \"database\"\n";
    let classes = |arguments: &[&str]| -> Vec<String> {
        let text = generate(SQLITE, config, arguments);
        let names = text.lines().filter_map(|line| line.strip_suffix("(AuthTable):"));
        names.map(|line| line.trim_start_matches("class ").to_owned()).collect()
    };
    assert_eq!(classes(&["sqlalchemy"]), ["AuthUser", "AuthSession", "AuthAccount"]);
    let asked = ["sqlalchemy", "--include", "rateLimit,vestibule_outbox"];
    assert_eq!(classes(&asked), ["AuthRateLimit", "AuthVestibuleOutbox"]);
}

#[test]
fn it_is_written_where_it_is_wanted() {
    let place = place(SQLITE, "");
    let nowhere = ["generate", "--format", "prisma", "--output", "no/where"];
    assert_snapshot!(place.complaint(&nowhere), @"error: failed to write `no/where`: No such file or directory (os error 2)");
    assert_eq!(place.output(&["generate", "--format", "prisma", "--output", "auth.prisma"]), "");
    let written = std::fs::read_to_string(place.path("auth.prisma")).unwrap();
    assert_eq!(written.trim_end(), place.output(&["generate", "--format", "prisma"]));
    assert!(!place.path("a.db").exists());
}

#[test]
fn what_cannot_be_generated_is_said() {
    let unknown = ["generate", "--format", "prisma", "--include", "user,organization"];
    assert_snapshot!(place(SQLITE, "").complaint(&unknown), @"error: `--include`: there is no table `organization`; there are user, session, account, verification");
    let schema = "[database]\nschemaName = \"Auth Tables\"\n";
    let diesel = ["generate", "--format", "diesel"];
    assert_snapshot!(place(POSTGRES, schema).complaint(&diesel), @r#"error: Diesel takes no schema of the name "Auth Tables": it must be small letters, digits and _"#);
}
