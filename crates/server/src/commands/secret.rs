//! `vestibule secret generate|webhook`

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Subcommand;

use super::ConfigFile;
use crate::environment::Environment;
use crate::output::print;
use crate::secret::generate;
use crate::webhooks::SigningKeys;

#[derive(Subcommand)]
pub(super) enum Secret {
    /// Print a new secret, for BETTER_AUTH_SECRET
    Generate,
    /// Print the secret that signs webhooks, for whoever receives them
    Webhook(ConfigFile),
}

impl Secret {
    pub(super) fn run(self, environment: &Environment) -> Result<ExitCode> {
        match self {
            Self::Generate => print(generate()),
            Self::Webhook(config) => {
                let settings = config.load(environment)?;
                let keys = match &settings.webhooks.secret {
                    Some(secret) => {
                        SigningKeys::parse(secret.expose()).context("`webhooks.secret`")?
                    }
                    None => SigningKeys::derive(&settings.secret.open()?),
                };
                print(keys.current());
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
