//! `vestibule reconcile`. What it finds is tested in `crates/sql`.

use insta::assert_snapshot;
use serde_json::Value as Json;

use crate::server::Place;

const COMMAND: [&str; 5] = ["reconcile", "--table", "app_users", "--id", "auth_user_id"];

/// Two users; one has a row, one row has no user.
fn place() -> Place {
    let place = Place::new();
    place.output(&["migrate"]);
    let sql = r#"
        insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt") values
            ('u1', 'A', 'a@x.com', 1, '2026-01-01', '2026-01-01'),
            ('u2', 'B', 'b@x.com', 1, '2026-01-01', '2026-01-01');
        create table app_users (auth_user_id text not null);
        insert into app_users values ('u1'), ('line
break');"#;
    rusqlite::Connection::open(place.path("vestibule.db")).unwrap().execute_batch(sql).unwrap();
    place
}

fn with(more: &[&'static str]) -> Vec<&'static str> {
    COMMAND.iter().chain(more).copied().collect()
}

/// Standard output, which must come with that exit code.
#[track_caller]
fn output(place: &Place, arguments: &[&str], code: i32) -> String {
    let output = place.run(arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}{:?}", String::from_utf8(output.stderr));
    text.trim_end().to_owned()
}

#[test]
fn a_script_is_printed_and_nothing_changed() {
    let place = place();
    let script = output(&place, &COMMAND, 3);
    assert_snapshot!(script, @r#"
    -- app_users.auth_user_id: 2 rows beside 2 users.

    begin;

    -- orphan, 1: Rows that belong to no user; their users were deleted, or never were in this database.
    -- "line\nbreak"
    -- Decide for yourself:
    --   delete from "app_users" as r where r."auth_user_id" is not null and r."auth_user_id" not in (select o."id" from "user" as o where o."id" is not null);

    -- missing, 1: Users that have no row.
    -- "u2"
    insert into "app_users" ("auth_user_id") select u."id" from "user" as u where u."id" not in (select o."auth_user_id" from "app_users" as o where o."auth_user_id" is not null) on conflict do nothing;

    -- not-unique: No unique index is over the id alone, so two first requests at once make two rows.
    create unique index "app_users_auth_user_id_uidx" on "app_users" ("auth_user_id");

    commit;
    "#);
    assert_eq!(output(&place, &COMMAND, 3), script);
    // It is a script, whatever the values are.
    let database = rusqlite::Connection::open(place.path("vestibule.db")).unwrap();
    database.execute_batch(&script).unwrap();
    assert_snapshot!(output(&place, &COMMAND, 3).lines().nth(2).unwrap(), @"-- orphan, 1: Rows that belong to no user; their users were deleted, or never were in this database.");
}

#[test]
fn it_is_applied_when_that_is_said() {
    let place = place();
    let applied = output(&place, &with(&["--apply"]), 3);
    assert_snapshot!(applied.lines().last().unwrap(), @"-- Done. Rows changed: 1.");
    let all = output(&place, &with(&["--apply", "--delete-orphans"]), 0);
    assert_snapshot!(all.lines().last().unwrap(), @"-- Done. Rows changed: 1.");
    assert_snapshot!(output(&place, &COMMAND, 0), @r"
    -- app_users.auth_user_id: 2 rows beside 2 users.
    -- All is well.
    ");
}

#[test]
fn programs_get_json() {
    let place = place();
    let report: Json = serde_json::from_str(&output(&place, &with(&["--json"]), 3)).unwrap();
    assert_snapshot!(format!("{report:#}"), @r#"
    {
      "table": "app_users",
      "id": "auth_user_id",
      "users": 2,
      "rows": 2,
      "findings": [
        {
          "kind": "orphan",
          "count": 1,
          "samples": [
            "line\nbreak"
          ],
          "note": "Rows that belong to no user; their users were deleted, or never were in this database",
          "sql": [],
          "proposals": [
            "delete from \"app_users\" as r where r.\"auth_user_id\" is not null and r.\"auth_user_id\" not in (select o.\"id\" from \"user\" as o where o.\"id\" is not null)"
          ]
        },
        {
          "kind": "missing",
          "count": 1,
          "samples": [
            "u2"
          ],
          "note": "Users that have no row",
          "sql": [
            "insert into \"app_users\" (\"auth_user_id\") select u.\"id\" from \"user\" as u where u.\"id\" not in (select o.\"auth_user_id\" from \"app_users\" as o where o.\"auth_user_id\" is not null) on conflict do nothing"
          ],
          "proposals": []
        },
        {
          "kind": "not-unique",
          "count": 0,
          "samples": [],
          "note": "No unique index is over the id alone, so two first requests at once make two rows",
          "sql": [
            "create unique index \"app_users_auth_user_id_uidx\" on \"app_users\" (\"auth_user_id\")"
          ],
          "proposals": []
        }
      ],
      "applied": false,
      "changed": []
    }
    "#);
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    let nothing = Place::new();
    assert_snapshot!(nothing.complaint(&COMMAND), @"error: the database `vestibule.db` does not exist");
    assert!(!nothing.path("vestibule.db").exists());
    let elsewhere = with(&["--database-url", "mysql://x"]);
    assert_snapshot!(nothing.complaint(&elsewhere), @"error: `--database-url`: the database URL names `mysql`, which is not supported; expected `postgres://user:password@host/database`, `sqlite:///file.db`, or the path of a SQLite file");
    let schema = with(&["--schema", "app"]);
    assert_snapshot!(place().complaint(&schema), @"error: `--schema` is for PostgreSQL: SQLite has no schemas");
}
