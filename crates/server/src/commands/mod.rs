//! The commands, as `vestibule --help` tells of them.

mod config;
mod doctor;
mod generate;
mod init;
mod inspect;
mod migrate;
mod openapi;
mod outbox;
mod reconcile;
mod secret;
pub(crate) mod serve;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use serde_json::Value as Json;

use crate::environment::Environment;
use crate::output;
use crate::settings::Settings;

/// A Better Auth server in one binary.
///
/// Without a command it serves, and without a configuration it serves in development: an embedded
/// database and a generated secret in the working directory, and pages at http://127.0.0.1:4000.
#[derive(Parser)]
#[command(name = "vestibule", version)]
pub(crate) struct Command {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    config: ConfigFile,
}

/// Which configuration to use.
#[derive(Args, Clone, Default)]
struct ConfigFile {
    /// The configuration: TOML, or JSON if the name ends in .json
    ///
    /// Default: vestibule.toml in the working directory, if there is one.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Action {
    /// Serve, until SIGTERM or Ctrl-C (the default)
    Serve,
    /// Bring the database to the schema that the configuration wants
    Migrate(migrate::Migrate),
    /// Check the configuration, or describe what it may hold
    #[command(subcommand)]
    Config(config::Config),
    /// Make, list and help users
    #[command(subcommand)]
    User(user::User),
    /// Make secrets
    #[command(subcommand)]
    Secret(secret::Secret),
    /// Look after the events that backends are told
    #[command(subcommand)]
    Outbox(outbox::Outbox),
    Doctor(Box<doctor::Doctor>),
    Inspect(inspect::Inspect),
    /// Print the OpenAPI description of the API
    Openapi,
    /// Write read-only models of the tables, for other programs that share the database
    Generate(generate::Generate),
    /// Compare the users with your own table that refers to them
    Reconcile(reconcile::Reconcile),
    /// Write what another project needs to work with this server
    #[command(subcommand)]
    Init(init::Init),
}

impl Command {
    pub(crate) fn run(self) -> ExitCode {
        let failure = match &self.action {
            Some(Action::Doctor(_)) => doctor::COULD_NOT_RUN,
            Some(Action::Inspect(_)) => inspect::COULD_NOT_RUN,
            _ => 1,
        };
        self.try_run().unwrap_or_else(|error| {
            output::complain(&error);
            ExitCode::from(failure)
        })
    }

    fn try_run(self) -> Result<ExitCode> {
        let environment = Environment::read()?;
        let config = &self.config;
        match self.action {
            None | Some(Action::Serve) => serve(config, &environment),
            Some(Action::Migrate(migrate)) => migrate.run(config, &environment),
            Some(Action::Config(command)) => command.run(config, &environment),
            Some(Action::User(user)) => user.run(config, &environment),
            Some(Action::Secret(secret)) => secret.run(config, &environment),
            Some(Action::Outbox(outbox)) => outbox.run(config, &environment),
            Some(Action::Doctor(doctor)) => doctor.run(config, &environment),
            Some(Action::Inspect(inspect)) => inspect.run(config, &environment),
            Some(Action::Openapi) => openapi::run(config, &environment),
            Some(Action::Generate(generate)) => generate.run(config, &environment),
            Some(Action::Reconcile(reconcile)) => reconcile.run(config, &environment),
            Some(Action::Init(init)) => init.run(config, &environment),
        }
    }
}

fn serve(config: &ConfigFile, environment: &Environment) -> Result<ExitCode> {
    output::start_log(environment)?;
    let settings = config.load(environment)?;
    runtime()?.block_on(serve::serve(settings))?;
    Ok(ExitCode::SUCCESS)
}

impl ConfigFile {
    fn load(&self, environment: &Environment) -> Result<Settings> {
        Settings::load(self.config.as_deref(), environment)
    }

    /// The file as it is written, and its path; null without one.
    fn document(&self) -> Result<(Option<PathBuf>, Json)> {
        crate::config::document(self.config.as_deref())
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("failed to start the threads that serve")
}
