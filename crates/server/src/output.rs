//! What commands print, and how the server logs.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::environment::Environment;

/// Prints the result of a command.
pub(crate) fn print(text: impl Display) {
    // Whoever reads may have gone, as `head` does; there is nobody left to tell.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Says on standard error what is not as it might be.
pub(crate) fn warn(text: impl Display) {
    let _ = writeln!(std::io::stderr(), "warning: {text}"); // As above.
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
pub(crate) fn start_log(environment: &Environment) -> anyhow::Result<()> {
    let targets = match environment.get("RUST_LOG")? {
        Some(directives) => {
            directives.parse::<Targets>().map_err(|error| anyhow::anyhow!("`RUST_LOG`: {error}"))?
        }
        None => Targets::new().with_default(LevelFilter::INFO),
    };
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
