//! The project's own commands: `cargo xtask <command>`.
//!
//! [`steps`] is what CI runs, [`setup`] brings what the steps need, [`tidy`] checks the rules that
//! no compiler knows, [`conformance`] runs the comparison with the reference,
//! [`application`] prepares that of `examples/` for it.
//! Start reading in [`steps`].

mod application;
mod conformance;
mod project;
mod setup;
mod shell;
mod steps;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::project::Project;
use crate::setup::Session;
use crate::shell::say;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Vestibule's own commands")]
struct Arguments {
    /// A PostgreSQL server on which tests may create databases. Without it, the server that
    /// answers on 127.0.0.1:5432, or else a private one that lives as long as the command.
    #[arg(long, env = "DATABASE_ADMIN_URL", global = true, hide_env_values = true)]
    database_admin_url: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything that CI runs, in order; installs and starts what it needs.
    #[command(visible_alias = "ci")]
    Test {
        /// Run these steps alone. Eg: fmt,clippy or conformance
        #[arg(long, value_name = "STEP", value_delimiter = ',')]
        only: Vec<String>,
        /// Leave these steps out.
        #[arg(long, value_name = "STEP", value_delimiter = ',')]
        skip: Vec<String>,
        /// Print the steps and stop.
        #[arg(long)]
        list: bool,
    },
    /// Install what the tests need and see that PostgreSQL starts: the first step of `test`.
    Setup,
    /// Check the rules of the style guide and of the architecture that no compiler knows.
    Tidy,
    /// Build the release server and compare it with the reference.
    Conformance {
        /// Passed through to `conformance/run.mjs`. Eg: -- --suite scenarios --only sign-in
        #[arg(last = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Whether the command found everything in order.
fn run(arguments: Arguments) -> Result<bool> {
    let project = Project::find()?;
    // Every path in this program, and in what it runs, starts at the root of the checkout.
    std::env::set_current_dir(&project.root)?;
    let mut session = Session::new(project, arguments.database_admin_url);
    match arguments.command {
        Command::Test { list: true, .. } => {
            steps::list();
            Ok(true)
        }
        Command::Test { only, skip, .. } => steps::run(&mut session, &only, &skip),
        Command::Setup => setup::run(&mut session).map(|()| true),
        Command::Tidy => tidy::run(&session.project).map(|()| true),
        Command::Conformance { arguments } => {
            conformance::run(&mut session, &arguments).map(|()| true)
        }
    }
}
