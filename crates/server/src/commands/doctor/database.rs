//! The database: whether it answers, whether it is as the server needs it, and what will go wrong later.

use std::fmt::Display;
use std::time::Duration;

use anyhow::Result;
use vestibule_core::clock::SystemClock;
use vestibule_core::schema::diff::Finding as Drift;
use vestibule_sql::diagnosis::{Diagnosis, Misfit, MisfitKind, Pooler};
use vestibule_sql::url::{Host, Target};
use vestibule_sql::{Database, MigrateError};

use super::Subject;
use super::finding::Finding;

const CHECK: &str = "database";

/// How long it may take to answer everything.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A sign-in takes some five round trips; beyond this people notice.
const SLOW: Duration = Duration::from_millis(50);

/// Tokens are checked with a leeway of some seconds at most.
const SKEW_LIMIT_MILLIS: i64 = 2_000;

pub(super) async fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let settings = &subject.settings.database;
    if let Some(path) = settings.missing_file() {
        let found = format!("the file `{}` does not exist yet", path.display());
        let why = "the first start in development makes it; in production the start fails";
        return vec![Finding::notice(CHECK, "missing", found, why, "vestibule migrate")];
    }
    let examined = tokio::time::timeout(TIMEOUT, examine(subject)).await;
    let failure = match examined {
        Ok(Ok(findings)) => return findings,
        Ok(Err(error)) => format!("{error:#}"),
        Err(_) => format!("no answer within {} s", TIMEOUT.as_secs()),
    };
    vec![Finding::problem(
        CHECK,
        "unreachable",
        format!("{settings}: {failure}"),
        "every request that needs a session is answered 503 until it is back",
        format!("correct `{}`, or start the database", settings.named_by),
    )]
}

async fn examine(subject: &Subject<'_>) -> Result<Vec<Finding>> {
    let settings = &subject.settings.database;
    let schema = subject.settings.builder().schema()?;
    let database = Database::connect_to_read(&settings.url, &schema)?;
    let diagnosis = database.diagnose(&SystemClock).await?;
    let mut findings = vec![reached(settings, &diagnosis)];
    findings.extend(pooler(subject, diagnosis.pooler));
    if diagnosis.is_read_only {
        findings.push(Finding::problem(
            CHECK,
            "read-only",
            "the database only reads: it is a replica, or `default_transaction_read_only` is on",
            "nobody can sign up or in",
            format!("`{}` with the address of the primary", settings.named_by),
        ));
    }
    findings.extend(drift(&database, &diagnosis).await?);
    findings.extend(diagnosis.misfits.iter().map(misfit));
    findings.push(clock(&diagnosis));
    Ok(findings)
}

fn reached(settings: &impl Display, diagnosis: &Diagnosis) -> Finding {
    let millis = diagnosis.round_trip.as_secs_f64() * 1000.0;
    let found = format!("{settings}, {}, {millis:.1} ms away", diagnosis.product);
    if diagnosis.round_trip <= SLOW {
        return Finding::fine(CHECK, found);
    }
    Finding::notice(
        CHECK,
        "slow",
        found,
        "a sign-in asks some five times, one after the other",
        "run the server in the database's region",
    )
}

fn pooler(subject: &Subject<'_>, pooler: Pooler) -> Option<Finding> {
    let Target::Postgres(url) = &subject.settings.database.url.target else { return None };
    // Neon's and Supabase's names and ports say it, should the pool be too small to tell.
    let is_named = url.hosts.iter().any(|host| match host {
        Host::Tcp(name, port) => name.contains("-pooler") || *port == 6543,
        Host::Unix(..) => false,
    });
    let is_there = pooler == Pooler::Transaction || (pooler == Pooler::Unknown && is_named);
    is_there.then(|| {
        Finding::notice(
            "pooler",
            "transaction-mode",
            "a pooler in transaction mode stands before PostgreSQL (PgBouncer, Neon's -pooler, Supavisor)",
            "this server prepares no statement by name and works behind it; a backend whose driver does fails now and then",
            "in the backend: asyncpg `statement_cache_size=0`, psycopg `prepare_threshold=None`, Prisma `?pgbouncer=true`, \
             sqlx `statement_cache_capacity(0)`",
        )
    })
}

async fn drift(database: &Database, diagnosis: &Diagnosis) -> Result<Vec<Finding>> {
    const CHECK: &str = "schema";
    let mut findings = Vec::new();
    match database.check().await {
        Ok(()) => {}
        Err(MigrateError::Schema(missing)) => {
            // What a migration does not mend is among the misfits.
            let is_missing = |it: &&Drift| !matches!(it, Drift::UnexpectedRequiredColumn { .. });
            findings.extend(missing.findings.iter().filter(is_missing).map(|drift| {
                let why = "until it is mended nothing is served";
                Finding::problem(CHECK, "drift", drift.to_string(), why, "vestibule migrate")
            }));
        }
        Err(error) => return Err(error.into()),
    }
    findings.extend(diagnosis.warnings.iter().map(|warning| {
        let why = "a row that does not fit is an error at the time it is read or written";
        Finding::notice(
            CHECK,
            "differs",
            warning,
            why,
            "`vestibule migrate --sql` shows what is expected",
        )
    }));
    if findings.is_empty() && diagnosis.misfits.is_empty() {
        findings.push(plan(database.plan().await.map(|plan| plan.statements().len()))?);
    }
    Ok(findings)
}

/// What is left for a migration, where nothing is missing.
fn plan(statements: Result<usize, MigrateError>) -> Result<Finding> {
    const CHECK: &str = "schema";
    Ok(match statements {
        Ok(0) => Finding::fine(CHECK, "as the configuration wants it"),
        Ok(count) => Finding::notice(
            CHECK,
            "incomplete",
            format!("{count} statements would complete it"),
            "it works without them, more slowly",
            "vestibule migrate",
        ),
        Err(MigrateError::Diff(error)) => Finding::problem(
            CHECK,
            "index",
            error.to_string(),
            "`vestibule migrate` stops there",
            "rename or drop that index, then `vestibule migrate`",
        ),
        Err(error) => return Err(error.into()),
    })
}

fn misfit(misfit: &Misfit) -> Finding {
    let found = misfit.to_string();
    let mend = misfit.mend.clone();
    let mend = mend.unwrap_or_else(|| {
        "SQLite changes no column's type: make the table anew (`vestibule migrate --sql` shows it) and copy the rows".to_owned()
    });
    match &misfit.kind {
        MisfitKind::NaiveTime => Finding::problem(
            "schema",
            "naive-time",
            found,
            "each program reads it in its own zone: sessions end hours early or late, and Python refuses to compare \
             it with an aware time",
            mend,
        ),
        MisfitKind::NaiveTimes { .. } => Finding::problem(
            "schema",
            "naive-time",
            found,
            "each program reads them in its own zone; another program writes to these tables (Python: `datetime.now(UTC)`)",
            mend,
        ),
        MisfitKind::NaiveTimeElsewhere => Finding::notice(
            "schema",
            "naive-time-elsewhere",
            found,
            "compared with the times of sessions and users, which have a zone, it is off by hours or an error",
            mend,
        ),
        MisfitKind::NoBoolean => Finding::problem(
            "schema",
            "no-boolean",
            found,
            "writing a user fails; Auth.js keeps the time of verification there, Better Auth a boolean",
            mend,
        ),
        MisfitKind::Unwritten => Finding::problem(
            "schema",
            "unwritten",
            found,
            "every sign-up fails; another program or an older configuration made the column",
            mend,
        ),
        MisfitKind::Reference { .. } => Finding::problem(
            "schema",
            "reference-type",
            found,
            "the id of a user does not fit into it: the first request of a user who signed in fails in the backend",
            mend,
        ),
    }
}

fn clock(diagnosis: &Diagnosis) -> Finding {
    const CHECK: &str = "clock";
    let Some(reading) = diagnosis.clock else {
        return Finding::fine(CHECK, "the database's is this computer's");
    };
    let skew = reading.skew_millis();
    if skew.abs() < SKEW_LIMIT_MILLIS {
        return Finding::fine(CHECK, "the database's agrees with this computer's");
    }
    let direction = if skew > 0 { "ahead of" } else { "behind" };
    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit after the point")]
    let seconds = skew.abs() as f64 / 1000.0;
    Finding::problem(
        CHECK,
        "skew",
        format!("the database's is {seconds:.1} s {direction} this computer's"),
        "sessions and tokens end early or late, and tokens seem to come from the future",
        "set both clocks by NTP (`timedatectl set-ntp true`)",
    )
}

#[cfg(test)]
mod tests {
    use vestibule_core::Timestamp;
    use vestibule_core::schema::diff::DiffError;
    use vestibule_core::store::StoreError;
    use vestibule_sql::diagnosis::Reading;

    use super::super::finding::Findings;
    use super::*;
    use crate::style::Style;

    fn with_clock(said: i64) -> Diagnosis {
        let [asked, said, answered] = [1_000_000, said, 1_000_010].map(Timestamp::from_millis);
        Diagnosis {
            product: String::new(),
            round_trip: Duration::ZERO,
            clock: Some(Reading { asked, said, answered }),
            pooler: Pooler::None,
            is_read_only: false,
            misfits: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn line(finding: Finding) -> String {
        let mut findings = Findings::default();
        findings.push(finding);
        findings.to_text(Style::Plain).lines().next().unwrap().trim().to_owned()
    }

    #[test]
    fn a_clock_that_differs_is_a_problem() {
        let said = |millis| line(clock(&with_clock(millis)));
        assert_eq!(said(1_000_005), "ok    clock: the database's agrees with this computer's");
        assert_eq!(said(1_001_999), "ok    clock: the database's agrees with this computer's");
        assert_eq!(
            said(1_090_010),
            "bad   clock: the database's is 90.0 s ahead of this computer's"
        );
        assert_eq!(said(995_000), "bad   clock: the database's is 5.0 s behind this computer's");
    }

    #[test]
    fn a_database_that_is_far_away_is_worth_a_notice() {
        let at = |millis| Diagnosis {
            product: "PostgreSQL 17".to_owned(),
            round_trip: Duration::from_millis(millis),
            ..with_clock(0)
        };
        assert_eq!(
            line(reached(&"`a.db`", &at(1))),
            "ok    database: `a.db`, PostgreSQL 17, 1.0 ms away"
        );
        assert_eq!(
            line(reached(&"`a.db`", &at(90))),
            "note  database: `a.db`, PostgreSQL 17, 90.0 ms away"
        );
    }

    #[test]
    fn what_a_migration_would_do_or_cannot_do_is_told() {
        assert_eq!(line(plan(Ok(2)).unwrap()), "note  schema: 2 statements would complete it");
        let differs = DiffError::IndexDiffers { name: "i".to_owned(), table: "t".to_owned() };
        assert!(
            line(plan(Err(differs.into())).unwrap())
                .starts_with("bad   schema: the index \"i\" of the table")
        );
        let away = StoreError::Unavailable { attempt: "ask".to_owned(), source: "away".into() };
        assert!(plan(Err(away.into())).is_err());
    }

    #[test]
    fn times_of_others_in_sqlite_come_with_their_statement() {
        let found = Misfit {
            table: "session".to_owned(),
            column: "expiresAt".to_owned(),
            data_type: "text".to_owned(),
            kind: MisfitKind::NaiveTimes { rows: 3 },
            mend: None,
        };
        assert_eq!(
            line(misfit(&found)),
            "bad   schema: the column \"expiresAt\" of the table \"session\" holds times without a zone, in 3"
        );
    }
}
