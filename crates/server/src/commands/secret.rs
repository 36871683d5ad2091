//! `vestibule secret generate|webhook`

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::ConfigFile;
use crate::environment::Environment;
use crate::output::print;
use crate::secret::generate;

#[derive(Subcommand)]
pub(super) enum Secret {
    /// Print a new secret, for BETTER_AUTH_SECRET
    Generate,
    /// Print the secret that signs webhooks, for whoever receives them
    Webhook,
}

impl Secret {
    pub(super) fn run(self, config: &ConfigFile, environment: &Environment) -> Result<ExitCode> {
        match self {
            Self::Generate => print(generate())?,
            Self::Webhook => {
                let settings = config.load(environment)?;
                let keys = settings.webhook_keys(&settings.secret.open()?);
                print(keys.current())?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
