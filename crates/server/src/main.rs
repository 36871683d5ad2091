//! The Vestibule server.
//!
//! [`settings`] is what it runs with, made of the [`config`] file and the [`environment`];
//! [`commands`] are what it does, of which [`commands::serve`] is the one that matters. That one
//! puts an [`app`] (every route) behind a [`listener`] (every connection).

mod app;
mod assets;
mod commands;
mod config;
mod environment;
mod health;
mod limits;
mod listener;
mod outbox;
mod output;
mod pages;
mod preparation;
mod secret;
mod settings;
mod shutdown;
mod site;
mod style;
mod trace;
mod webhooks;
mod write_timeout;

use std::process::ExitCode;

use clap::Parser as _;

use crate::commands::Command;

fn main() -> ExitCode {
    Command::parse().run()
}
