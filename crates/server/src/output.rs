//! What commands print, and how the server logs.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::environment::Environment;

/// Prints the result of a command.
pub(crate) fn print(text: impl Display) -> Result<()> {
    let mut output = std::io::stdout();
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
        // Whoever reads may have gone, as `head` does; there is nobody left to tell.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("failed to write to standard output"),
    }
}

/// Says on standard error what is not as it might be.
pub(crate) fn warn(text: impl Display) {
    // Nothing is left to say it with.
    let _ = writeln!(std::io::stderr(), "warning: {text}");
}

/// Says on standard error how far long work has come.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(std::io::stderr(), "{text}"); // As above.
}

/// Says on standard error why a command failed, cause by cause.
pub(crate) fn complain(error: &anyhow::Error) {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // Some errors tell their cause themselves.
        if text.ends_with(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    let _ = writeln!(std::io::stderr(), "error: {text}"); // As above.
}

/// Logs to standard error: for people in a terminal, as JSON otherwise. `RUST_LOG` says how much.
pub(crate) fn start_log(environment: &Environment) -> Result<()> {
    let targets = log_targets(environment)?;
    let registry = tracing_subscriber::registry().with(targets);
    if std::io::stderr().is_terminal() {
        registry.with(fmt::layer().with_writer(std::io::stderr).with_target(false)).init();
    } else {
        let json = fmt::layer().json().flatten_event(true).with_span_list(false);
        registry.with(json.with_writer(std::io::stderr)).init();
    }
    std::panic::set_hook(Box::new(|panic| {
        // Not what it says: it may quote what a client sent.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(panic.location = place, "A panic: this is a mistake in Vestibule");
    }));
    Ok(())
}

/// What `RUST_LOG` asks for.
pub(crate) fn log_targets(environment: &Environment) -> Result<Targets> {
    match environment.get("RUST_LOG")? {
        Some(directives) => {
            directives.parse().map_err(|error: ParseError| anyhow::anyhow!("`RUST_LOG`: {error}"))
        }
        None => Ok(Targets::new().with_default(LevelFilter::INFO)),
    }
}
