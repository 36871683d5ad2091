//! `vestibule config check|schema`

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::ConfigFile;
use crate::config::schema;
use crate::environment::Environment;
use crate::output::{log_targets, print, warn};

#[derive(Subcommand)]
pub(super) enum Config {
    /// Say everything that is wrong with the configuration; change nothing
    Check,
    /// Print the JSON Schema of the configuration file, for editors
    Schema,
}

impl Config {
    pub(super) fn run(self, config: &ConfigFile, environment: &Environment) -> Result<ExitCode> {
        match self {
            Self::Check => {
                let settings = config.load(environment)?;
                log_targets(environment)?;
                let addresses = settings.addresses()?;
                let auth = settings.try_out()?;
                for sentence in settings.warnings(&auth, &addresses) {
                    warn(sentence);
                }
                let mode = match settings.options.production {
                    true => "production",
                    false => "development",
                };
                print(format!("The configuration is fine, for {mode}."))?;
            }
            Self::Schema => print(format!("{:#}", schema()))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
