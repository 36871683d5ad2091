//! What is wrong with a database that works.

use vestibule_core::clock::SystemClock;
use vestibule_core::schema::IdPolicy;
use vestibule_sql::Database;
use vestibule_sql::diagnosis::{Diagnosis, MisfitKind, Pooler};

use crate::schemas;

async fn diagnose(database: &Database) -> Diagnosis {
    database.diagnose(&SystemClock).await.expect("a diagnosis")
}

/// What is wrong, and how to mend it, one after the other.
fn lines(diagnosis: &Diagnosis) -> Vec<String> {
    let misfits = diagnosis.misfits.iter();
    misfits.flat_map(|misfit| [Some(misfit.to_string()), misfit.mend.clone()]).flatten().collect()
}

#[cfg(feature = "postgres")]
mod postgres {
    use super::*;
    use crate::postgres::{admin, drop_schema, new_name, pooler, server, with};

    async fn with_schema(name: &str, url: &str, before: &str) -> Database {
        let url = with(url, &format!("schema={name}"));
        let database =
            Database::connect(&url, &schemas::core(IdPolicy::Random)).expect("a database");
        database.migrate().await.expect("a migration");
        let script = format!("set search_path to \"{name}\"; {before}");
        admin().await.batch_execute(&script).await.expect("a script");
        database
    }

    #[tokio::test]
    async fn a_database_as_it_should_be_has_nothing_wrong() {
        let name = new_name();
        let diagnosis = diagnose(&with_schema(&name, &server(), "").await).await;
        assert!(diagnosis.product.starts_with("PostgreSQL "), "{}", diagnosis.product);
        assert_eq!(lines(&diagnosis), [""; 0]);
        assert_eq!(diagnosis.warnings, [""; 0]);
        assert_eq!(diagnosis.pooler, Pooler::None);
        assert!(!diagnosis.is_read_only);
        // The same computer's clock.
        assert!(diagnosis.clock.expect("a clock").skew_millis().abs() < 1000);
        drop_schema(&name).await;
    }

    #[tokio::test]
    async fn columns_of_other_types_are_found_and_their_statements_mend_them() {
        let name = new_name();
        let wrong = r#"
            alter table "session" alter column "expiresAt" type timestamp using "expiresAt" at time zone 'UTC';
            alter table "user" alter column "emailVerified" drop default,
                alter column "emailVerified" type timestamptz using null,
                alter column "emailVerified" drop not null;
            create table app_users (id serial primary key, auth_user_id uuid, seen_at timestamp);
            alter table "user" add column hashed_password text not null;
            create table unrelated (made_at timestamp);
        "#;
        let database = with_schema(&name, &server(), wrong).await;
        let found = lines(&diagnose(&database).await);
        assert_eq!(
            found,
            [
                r#"the column "emailVerified" of the table "user" is of type timestamptz, and holds true or false"#,
                r#"alter table "user" alter column "emailVerified" drop default, alter column "emailVerified" type boolean using ("emailVerified" is not null), alter column "emailVerified" set default false, alter column "emailVerified" set not null;"#,
                r#"the column "expiresAt" of the table "session" is of type timestamp, which keeps no zone"#,
                r#"alter table "session" alter column "expiresAt" type timestamptz using "expiresAt" at time zone 'UTC';"#,
                r#"the column "hashed_password" of the table "user" takes no null and has no default, and the server writes nothing into it"#,
                r#"alter table "user" alter column "hashed_password" drop not null;"#,
                r#"the column "auth_user_id" of the table "app_users" is of type uuid, and refers to "id" of "user", of type text"#,
                r#"alter table "app_users" alter column "auth_user_id" type text using "auth_user_id"::text::text;"#,
                r#"the column "seen_at" of the table "app_users" is of type timestamp, which keeps no zone"#,
                r#"alter table "app_users" alter column "seen_at" type timestamptz using "seen_at" at time zone 'UTC';"#,
            ]
        );
        for statement in found.iter().filter(|line| line.starts_with("alter")) {
            let script = format!("set search_path to \"{name}\"; {statement}");
            admin().await.batch_execute(&script).await.expect(statement);
        }
        assert_eq!(lines(&diagnose(&database).await), [""; 0]);
        drop_schema(&name).await;
    }

    #[tokio::test]
    async fn a_pooler_in_transaction_mode_is_noticed() {
        let name = new_name();
        let diagnosis = diagnose(&with_schema(&name, &pooler(), "").await).await;
        assert_eq!(diagnosis.pooler, Pooler::Transaction);
        drop_schema(&name).await;
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use rusqlite::Connection;

    use super::*;
    use crate::sqlite::Directory;

    #[tokio::test]
    async fn times_without_a_zone_are_counted_and_mended() {
        let directory = Directory::new();
        let schema = schemas::core(IdPolicy::Random);
        Database::connect(&directory.url(), &schema).expect("a file").migrate().await.unwrap();
        let file = Connection::open(directory.file("test.db")).unwrap();
        let insert = |id: &str, time: &str| {
            let sql = "insert into verification values (?1, 'a', 'b', ?2, ?2, ?2)";
            file.execute(sql, [id, time]).unwrap();
        };
        insert("1", "2030-01-01T00:00:00.000Z");
        insert("2", "2030-01-01 00:00:00.123456");
        insert("3", "2030-01-01 00:00:00+00:00");
        let database = Database::connect_to_read(&directory.url(), &schema).expect("a file");
        let diagnosis = diagnose(&database).await;
        assert_eq!(diagnosis.misfits.len(), 3, "{:?}", diagnosis.misfits);
        assert_eq!(diagnosis.misfits[0].kind, MisfitKind::NaiveTimes { rows: 1 });
        let found = lines(&diagnosis);
        assert_eq!(
            found[0],
            r#"the column "expiresAt" of the table "verification" holds times without a zone, in 1 rows"#
        );
        for statement in found.iter().skip(1).step_by(2) {
            file.execute_batch(statement).expect(statement);
        }
        let mended: String = file
            .query_row("select \"expiresAt\" from verification where id = '2'", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(mended, "2030-01-01T00:00:00.123Z");
        assert_eq!(lines(&diagnose(&database).await), [""; 0]);
    }

    #[tokio::test]
    async fn whoever_only_reads_changes_nothing() {
        let directory = Directory::new();
        let schema = schemas::core(IdPolicy::Random);
        assert!(Database::connect_to_read(&directory.url(), &schema).is_err());
        assert!(!directory.file("test.db").exists());
        Connection::open(directory.file("test.db"))
            .and_then(|file| file.execute_batch("create table a (b); pragma journal_mode = delete"))
            .unwrap();
        let before = std::fs::read(directory.file("test.db")).unwrap();
        let database = Database::connect_to_read(&directory.url(), &schema).expect("a file");
        assert!(database.check().await.is_err());
        assert!(database.migrate().await.is_err());
        assert_eq!(std::fs::read(directory.file("test.db")).unwrap(), before);
    }
}
