//! The users beside a table of the application.

use vestibule_core::schema::IdPolicy;
use vestibule_sql::reconcile::{Finding, Kind, Question, ReconcileError, Report};
use vestibule_sql::{Database, reconcile};

use crate::postgres_migrations::Empty;
use crate::schemas;
use crate::sqlite::Directory;

/// Something of everything. The first id tries to be more than a value.
const ROWS: &str = r#"
    insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt") values
        ('u1', 'A', 'a@x.com', TRUE, '2026-01-01', '2026-01-01'),
        ('u2', 'B', 'b@x.com', FALSE, '2026-01-01', '2026-01-01'),
        ('u3', 'C', 'c@x.com', TRUE, '2026-01-01', '2026-01-01'),
        ('u4', 'D', 'D@x.com', TRUE, '2026-01-01', '2026-01-01'),
        ('u5', 'E', 'e@x.com', TRUE, '2026-01-01', '2026-01-01');
    insert into "app ""users" (auth_user_id, email) values
        ('u1', 'A@x.com'), ('u1', 'dup@x.com'), ('x''; drop', 'gone@x.com'),
        (null, 'C@X.com'), (null, 'b@x.com'), (null, 'zz@x.com'), (null, 'ZZ@x.com');
"#;

fn question() -> Question {
    Question {
        schema_name: None,
        table: "app \"users".to_owned(),
        id: "auth_user_id".to_owned(),
        email: Some("email".to_owned()),
    }
}

async fn ask(database: &Database, question: &Question) -> Result<Report, ReconcileError> {
    let mut seen = Vec::new();
    let report = database.reconcile(question, &mut |_, percent| seen.push(percent)).await;
    if report.is_ok() {
        assert!(seen.is_sorted() && seen.last() == Some(&100), "{seen:?}");
    }
    report
}

fn kinds(report: &Report) -> Vec<(&'static str, u64)> {
    report.findings.iter().map(|finding| (finding.kind.name(), finding.count)).collect()
}

#[track_caller]
fn of(report: &Report, kind: Kind) -> &Finding {
    report.findings.iter().find(|finding| finding.kind == kind).expect("such a finding")
}

/// The same on both databases: `run` is whoever made the tables.
async fn everything_is_found_and_mended(database: &Database, run: impl AsyncFn(&str)) {
    run(ROWS).await;
    let report = ask(database, &question()).await.unwrap();
    assert_eq!((report.users, report.rows), (5, 7));
    assert_eq!(
        kinds(&report),
        [
            ("orphan", 1),
            ("missing", 4),
            ("duplicate", 1),
            ("not-unique", 0),
            ("null-id", 4),
            ("email-differs", 2),
            ("email-clash", 1),
            ("user-email-case", 1),
        ]
    );
    assert_eq!(of(&report, Kind::Orphan).samples, ["x'; drop"]);
    assert_eq!(of(&report, Kind::EmailClash).samples, ["zz@x.com"]);
    // One of four: b's address is not verified, zz has no user.
    let null = of(&report, Kind::NullId);
    assert!(null.note.contains("; 1 of them have the verified address"), "{}", null.note);
    assert!(null.mend.is_empty(), "nobody is adopted without a decision");

    // What takes no decision: a row for D and E, who share their address with nobody.
    let mend: Vec<_> = report.findings.iter().flat_map(|finding| finding.mend.clone()).collect();
    assert_eq!(database.run_all(&mend).await.unwrap(), [2]);
    // What was decided.
    let adopt = null.proposals[0].clone();
    let delete = of(&report, Kind::Orphan).proposals[0].clone();
    let lower = of(&report, Kind::UserEmailCase).proposals[0].clone();
    let one = r#"delete from "app ""users" where email in ('dup@x.com', 'b@x.com', 'zz@x.com', 'ZZ@x.com')"#;
    let decided = [adopt, delete, lower, one.to_owned()];
    assert_eq!(database.run_all(&decided).await.unwrap(), [1, 1, 1, 4]);

    let report = ask(database, &question()).await.unwrap();
    let left = [("missing", 1), ("not-unique", 0), ("email-differs", 3)];
    assert_eq!(kinds(&report), left);
    let mend: Vec<_> = report.findings.iter().flat_map(|finding| finding.mend.clone()).collect();
    database.run_all(&mend).await.unwrap();
    let report = ask(database, &question()).await.unwrap();
    assert_eq!(kinds(&report), []);
    assert_eq!((report.users, report.rows), (5, 5));
}

async fn nothing_is_half_done(database: &Database) {
    let delete = "delete from \"app \"\"users\"".to_owned();
    let failure = database.run_all(&[delete, "delete from nowhere".to_owned()]).await;
    assert!(failure.unwrap_err().to_string().contains("mend"));
    let report = ask(database, &question()).await.unwrap();
    assert_eq!(report.rows, 5);
}

async fn what_is_not_there_is_said(database: &Database) {
    let complaint = async |change: fn(&mut Question)| {
        let mut question = question();
        change(&mut question);
        ask(database, &question).await.unwrap_err().to_string()
    };
    assert_eq!(
        complaint(|question| question.table = "nope".to_owned()).await,
        "there is no table \"nope\""
    );
    assert_eq!(
        complaint(|question| question.id = "nope".to_owned()).await,
        "the table \"app \"users\" has no column \"nope\"; it has auth_user_id, email"
    );
    assert_eq!(
        complaint(|question| question.table = "a\n; drop".to_owned()).await,
        "the name \"a\\n; drop\" contains a control character"
    );
}

const TABLE: &str = r#"create table "app ""users" (auth_user_id text, email text)"#;

#[tokio::test]
async fn sqlite_is_reconciled() {
    let directory = Directory::new();
    let path = directory.file("test.db");
    let database = Database::connect(&directory.url(), &schemas::core(IdPolicy::Random)).unwrap();
    let run = async |sql: &str| {
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    };
    let missing = ask(&database, &question()).await.unwrap_err();
    assert!(matches!(missing, ReconcileError::NoUsers { .. }));
    database.migrate().await.unwrap();
    run(TABLE).await;
    everything_is_found_and_mended(&database, run).await;
    nothing_is_half_done(&database).await;
    what_is_not_there_is_said(&database).await;
    let elsewhere = Question { schema_name: Some("app".to_owned()), ..question() };
    let refused = ask(&database, &elsewhere).await.unwrap_err();
    assert!(matches!(refused, ReconcileError::NoSchemas));
}

#[tokio::test]
async fn postgres_is_reconciled() {
    let empty = Empty::new().await;
    let database = empty.connect(&schemas::core(IdPolicy::Random));
    let client = empty.client().await;
    let run = async |sql: &str| client.batch_execute(sql).await.unwrap();
    database.migrate().await.unwrap();
    run(TABLE).await;
    everything_is_found_and_mended(&database, run).await;
    nothing_is_half_done(&database).await;
    what_is_not_there_is_said(&database).await;
    empty.drop().await;
}

#[tokio::test]
async fn ids_of_another_type_are_compared_and_not_mended() {
    let empty = Empty::new().await;
    let database = empty.connect(&schemas::core(IdPolicy::Random));
    database.migrate().await.unwrap();
    let id = "2ac92c3f-8260-4fa6-a193-e71fe22027ee";
    let sql = format!(
        r#"create schema app; create table app.users (id uuid primary key, plan text not null);
        insert into app.users values ('{id}', 'free'), (gen_random_uuid(), 'free');
        insert into "user" (id, name, email, "emailVerified") values ('{id}', 'A', 'a@x.com', true), ('u2', 'B', 'b@x.com', true);"#
    );
    empty.client().await.batch_execute(&sql).await.unwrap();
    let question = reconcile::Question {
        schema_name: Some("app".to_owned()),
        table: "users".to_owned(),
        id: "id".to_owned(),
        email: None,
    };
    let report = ask(&database, &question).await.unwrap();
    assert_eq!(kinds(&report), [("id-type", 2), ("orphan", 1), ("missing", 1)]);
    assert!(report.findings.iter().all(|finding| finding.mend.is_empty()));
    assert!(of(&report, Kind::Missing).note.ends_with("what to put into \"plan\""));
    let alter = of(&report, Kind::IdType).proposals.clone();
    database.run_all(&alter).await.unwrap();
    let report = ask(&database, &question).await.unwrap();
    assert_eq!(kinds(&report), [("orphan", 1), ("missing", 1)]);
    empty.drop().await;
}
