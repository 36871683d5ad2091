//! `vestibule migrate`

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use vestibule_sql::url::{SqliteUrl, Target};
use vestibule_sql::{Database, Migration};

use super::{ConfigFile, runtime};
use crate::environment::Environment;
use crate::output::{print, warn};

/// Bring the database to the schema that the configuration wants
///
/// Creates what is missing, in one transaction; never changes or deletes what is there.
#[derive(Args)]
pub(super) struct Migrate {
    /// Change nothing; fail if there is something to do
    #[arg(long, conflicts_with = "sql")]
    check: bool,
    /// Change nothing; print what would be done
    #[arg(long)]
    sql: bool,
}

impl Migrate {
    pub(super) fn run(self, config: &ConfigFile, environment: &Environment) -> Result<ExitCode> {
        let settings = config.load(environment)?;
        let schema = settings.builder().schema()?;
        let changes_nothing = self.check || self.sql;
        let mut url = settings.database.url.clone();
        if changes_nothing && settings.database.missing_file().is_some() {
            // As empty as the file would be, were it made now.
            url.target = Target::Sqlite(SqliteUrl::Memory);
        }
        let database = Database::connect(&url, &schema)?;
        let migration = runtime()?.block_on(async {
            match changes_nothing {
                true => database.plan().await.context("failed to compare the database"),
                false => database.migrate().await.context("failed to migrate the database"),
            }
        })?;
        for warning in migration.warnings() {
            warn(warning);
        }
        self.report(&migration)?;
        Ok(ExitCode::SUCCESS)
    }

    fn report(&self, migration: &Migration) -> Result<()> {
        let statements = migration.statements().len();
        match (migration.is_empty(), self.sql, self.check) {
            (true, true, _) => Ok(()),
            (true, false, _) => print("There is nothing to do."),
            (false, true, _) => print(migration.to_sql()),
            (false, false, true) => {
                bail!(
                    "{statements} statements are to be run; `vestibule migrate --sql` shows them"
                );
            }
            (false, false, false) => {
                print(format!("The database was migrated: {statements} statements."))
            }
        }
    }
}
