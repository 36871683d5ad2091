//! `vestibule generate`
//!
//! Read-only models of the tables for programs that share the database, in the words of their
//! libraries. They follow from the configuration alone: [`tables`] picks tables and columns, each
//! format is a file that writes them down, and [`naming`] makes names that the others' languages take.

mod diesel;
mod drizzle;
mod naming;
mod prisma;
mod python;
mod sql_views;
mod sqlalchemy;
mod sqlmodel;
mod tables;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};

use self::tables::{Secrets, Tables};
use super::ConfigFile;
use crate::environment::Environment;
use crate::output::print;

/// Write read-only models of the tables, for other programs that share the database
///
/// They have the tables and columns of the configuration, with its names, additional fields and
/// plugins, for the database that it names.
#[derive(Args)]
pub(super) struct Generate {
    #[arg(long, value_enum)]
    format: Format,
    /// Default: standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// These tables alone, such as user,session; default: all but the server's own bookkeeping
    /// (verification, rateLimit, vestibule_outbox)
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    include: Vec<String>,
    /// Passwords, tokens and keys as well
    #[arg(long)]
    include_secrets: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Python
    Sqlmodel,
    /// Python
    Sqlalchemy,
    /// JavaScript
    Prisma,
    /// TypeScript
    Drizzle,
    /// Rust
    Diesel,
    /// For every language
    SqlViews,
}

impl Generate {
    pub(super) fn run(self, config: &ConfigFile, environment: &Environment) -> Result<ExitCode> {
        let settings = config.load(environment)?;
        let schema = settings.builder().schema()?;
        let secrets = if self.include_secrets { Secrets::Include } else { Secrets::LeaveOut };
        let target = &settings.database.url.target;
        let tables = Tables::of(&schema, target, &self.include, secrets)?;
        let text = match self.format {
            Format::Sqlmodel => sqlmodel::generate(&tables),
            Format::Sqlalchemy => sqlalchemy::generate(&tables),
            Format::Prisma => prisma::generate(&tables),
            Format::Drizzle => drizzle::generate(&tables),
            Format::Diesel => diesel::generate(&tables)?,
            Format::SqlViews => sql_views::generate(&tables),
        };
        match &self.output {
            None => print(text.trim_end())?,
            Some(file) => std::fs::write(file, text)
                .with_context(|| format!("failed to write `{}`", file.display()))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What stands at the head of every format: what made it, why nothing may write with it, what is not
/// in it. `says` are the format's own sentences; each line becomes a comment.
fn head(format: Format, tables: &Tables<'_>, says: &str, comment: &str) -> String {
    let value = format.to_possible_value().expect("no format is hidden");
    let name = value.get_name();
    let mut lines = vec![
        format!(
            "Made by `vestibule generate --format {name}`. Do not edit: make it again when the"
        ),
        "configuration of the auth server changes.".to_owned(),
        String::new(),
    ];
    lines.extend(says.lines().map(str::to_owned));
    if !tables.left_out.is_empty() {
        lines.push(String::new());
        lines.push("Left out, because they are secrets (`--include-secrets`):".to_owned());
        for some in tables.left_out.chunks(4) {
            lines.push(format!("  {}", some.join(", ")));
        }
    }
    lines.iter().map(|line| format!("{comment} {line}").trim_end().to_owned() + "\n").collect()
}
