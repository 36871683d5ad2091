//! `vestibule reconcile`
//!
//! What it prints is a script: findings are comments, statements that mend them stand there as they
//! are, and what takes a decision stands there as a comment to be uncommented.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::{Value as Json, json};
use vestibule_sql::Database;
use vestibule_sql::reconcile::{Finding, Kind, Question, Report};
use vestibule_sql::url::{DatabaseUrl, Target};

use super::{ConfigFile, runtime};
use crate::environment::Environment;
use crate::output::print;
use crate::settings::Settings;

/// There is something to mend. Errors have 1, mistakes in the command line 2.
const FINDINGS: u8 = 3;

/// Compare the users with your own table that refers to them
///
/// Finds rows and users without each other, duplicates, addresses and types that do not fit, and
/// prints the SQL that mends it. Ends with 0 if all is well, with 3 if something was found.
#[derive(Args)]
pub(super) struct Reconcile {
    /// Your table
    #[arg(long)]
    table: String,
    /// Its column with the user's id
    #[arg(long, value_name = "COLUMN")]
    id: String,
    /// Its column with the user's address, if it has one
    #[arg(long, value_name = "COLUMN")]
    email: Option<String>,
    /// Its PostgreSQL schema; default: the search path
    #[arg(long, value_name = "NAME")]
    schema: Option<String>,
    /// Another database than the configuration's
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Also delete rows that belong to no user
    #[arg(long)]
    delete_orphans: bool,
    /// Run the statements, in one transaction, after showing them
    #[arg(long)]
    apply: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Reconcile {
    pub(super) fn run(self, config: &ConfigFile, environment: &Environment) -> Result<ExitCode> {
        let settings = config.load(environment)?;
        let url = self.url(&settings)?;
        let schema = settings.builder().schema()?;
        let database = Database::connect(&url, &schema)?;
        runtime()?.block_on(self.reconcile(&database))
    }

    fn url(&self, settings: &Settings) -> Result<DatabaseUrl> {
        let mut place = settings.database.clone();
        if let Some(url) = &self.database_url {
            place.url = DatabaseUrl::parse(url).context("`--database-url`")?;
            // The schema of the users' table is the configuration's, wherever the database is.
            if let (Target::Postgres(ours), Target::Postgres(theirs)) =
                (&settings.database.url.target, &mut place.url.target)
            {
                theirs.schema_name = theirs.schema_name.take().or(ours.schema_name.clone());
            }
        }
        if let Some(file) = place.missing_file() {
            bail!("the database `{}` does not exist", file.display());
        }
        Ok(place.url)
    }

    async fn reconcile(&self, database: &Database) -> Result<ExitCode> {
        let question = Question {
            schema_name: self.schema.clone(),
            table: self.table.clone(),
            id: self.id.clone(),
            email: self.email.clone(),
        };
        let mut report = database.reconcile(&question, &mut progress).await?;
        if self.delete_orphans {
            for finding in report.findings.iter_mut().filter(|found| found.kind == Kind::Orphan) {
                finding.mend = vec![finding.proposals.remove(0)];
                finding.proposals.clear();
            }
        }
        let statements: Vec<_> =
            report.findings.iter().flat_map(|finding| finding.mend.clone()).collect();
        if !self.json {
            print(self.script(&report))?;
        }
        let is_applied = self.apply && !statements.is_empty();
        let changed = match is_applied {
            true => database.run_all(&statements).await.context("nothing was changed")?,
            false => Vec::new(),
        };
        match (self.json, is_applied) {
            (true, _) => print(format!("{:#}", self.json(&report, is_applied, &changed)))?,
            (false, true) => {
                let rows: u64 = changed.iter().sum();
                print(format!("-- Done. Rows changed: {rows}."))?;
            }
            (false, false) => {}
        }
        let is_mended = |finding: &Finding| is_applied && !finding.mend.is_empty();
        Ok(match report.findings.iter().all(is_mended) {
            true => ExitCode::SUCCESS,
            false => ExitCode::from(FINDINGS),
        })
    }

    fn script(&self, report: &Report) -> String {
        let Report { users, rows, findings } = report;
        let (table, id) = (&self.table, &self.id);
        let mut script = format!("-- {table}.{id}: {rows} rows beside {users} users.\n");
        if findings.is_empty() {
            script.push_str("-- All is well.");
            return script;
        }
        let has_statements = findings.iter().any(|finding| !finding.mend.is_empty());
        if has_statements {
            script.push_str("\nbegin;\n");
        }
        for finding in findings {
            script.push_str(&paragraph(finding));
        }
        if has_statements {
            script.push_str("\ncommit;\n");
        }
        script.trim_end().to_owned()
    }

    fn json(&self, report: &Report, is_applied: bool, changed: &[u64]) -> Json {
        let findings: Vec<_> = report
            .findings
            .iter()
            .map(|finding| {
                let Finding { kind, count, samples, note, mend, proposals } = finding;
                json!({
                    "kind": kind.name(),
                    "count": count,
                    "samples": samples,
                    "note": note,
                    "sql": mend,
                    "proposals": proposals,
                })
            })
            .collect();
        json!({
            "table": self.table,
            "id": self.id,
            "users": report.users,
            "rows": report.rows,
            "findings": findings,
            "applied": is_applied,
            "changed": changed,
        })
    }
}

fn paragraph(finding: &Finding) -> String {
    let mut text = format!("\n-- {}", finding.kind.name());
    if finding.count > 0 {
        text.push_str(&format!(", {}", finding.count));
    }
    text.push_str(&format!(": {}.\n", finding.note));
    if !finding.samples.is_empty() {
        // As JSON, so that no value can end the comment.
        let samples: Vec<_> =
            finding.samples.iter().map(|sample| Json::from(&**sample).to_string()).collect();
        let more = if finding.count > samples.len() as u64 { ", …" } else { "" };
        text.push_str(&format!("-- {}{more}\n", samples.join(", ")));
    }
    for statement in &finding.mend {
        text.push_str(&format!("{statement};\n"));
    }
    if !finding.proposals.is_empty() {
        text.push_str("-- Decide for yourself:\n");
    }
    for statement in &finding.proposals {
        text.push_str(&format!("--   {statement};\n"));
    }
    text
}

/// One line for people who wait, which the next one replaces.
fn progress(what: &str, percent: u8) {
    let mut terminal = std::io::stderr();
    if !terminal.is_terminal() {
        return;
    }
    let line = if percent == 100 { String::new() } else { format!("{percent:3} % {what} …") };
    // It is of no consequence.
    let _ = write!(terminal, "\r\x1b[K{line}").and_then(|()| terminal.flush());
}
