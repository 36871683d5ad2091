//! The comparison with the reference, which Node runs: see `conformance/`.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::camino::Utf8PathBuf;

use crate::application;
use crate::project::Project;
use crate::setup::Session;
use crate::shell::{command, run as run_command, say};

const FOLDER: &str = "conformance";

/// A server larger than this has taken in something by mistake.
const SERVER_LIMIT_BYTES: u64 = 20_000_000;

/// `cargo xtask conformance -- ARGUMENTS`
pub(crate) fn run(session: &mut Session, arguments: &[String]) -> Result<()> {
    let server = build(session)?;
    install_packages(&session.project)?;
    let mut node = node(&session.project);
    node.arg("run.mjs").arg("--vestibule").arg(&server).args(arguments);
    if plays_application(arguments) {
        node.arg("--notes").arg(application::prepare(&session.project)?);
    }
    run_command(node.current_dir(FOLDER).envs(session.environment()?))
}

/// Whether the suite is among those that are asked for; without a word of it, all are.
fn plays_application(arguments: &[String]) -> bool {
    let mut after = arguments.iter().skip_while(|argument| !argument.starts_with("--suite"));
    let Some(option) = after.next() else { return true };
    let suites = option.strip_prefix("--suite=").or(after.next().map(String::as_str));
    suites.is_some_and(|suites| suites.split(',').any(|suite| suite == "application"))
}

/// One suite on every database that it knows.
pub(crate) fn suite(session: &mut Session, name: &str) -> Result<()> {
    run(session, &["--suite".to_owned(), name.to_owned()])
}

/// Builds the release server, and tells where it is.
pub(crate) fn build(session: &Session) -> Result<Utf8PathBuf> {
    run_command(&mut command("cargo build --release --bin vestibule"))?;
    let server = session.project.target.join("release/vestibule");
    let size = fs::metadata(&server).with_context(|| format!("failed to find `{server}`"))?.len();
    say(format!("{server}: {:.1} MB", size as f64 / 1e6));
    if size > SERVER_LIMIT_BYTES {
        bail!("the server has {size} bytes, more than {SERVER_LIMIT_BYTES}");
    }
    Ok(server)
}

/// The official client, the reference, and what drives Chromium.
pub(crate) fn install_packages(project: &Project) -> Result<()> {
    application::install_node_packages(project, FOLDER)
}

/// The Node that the lock file pins: the reference needs a newer one than distributions have.
fn node(project: &Project) -> Command {
    let pinned = project.root.join(FOLDER).join("node_modules/.bin/node");
    if pinned.exists() { Command::new(pinned) } else { Command::new("node") }
}

#[cfg(test)]
mod tests {
    use super::plays_application;

    fn plays(line: &str) -> bool {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        plays_application(&words)
    }

    #[test]
    fn the_application_is_prepared_for_its_suite_alone() {
        assert!(plays("") && plays("--only sign-in"));
        assert!(plays("--suite application") && plays("--suite=interop,application --print"));
        assert!(!plays("--suite scenarios") && !plays("--only x --suite=interop,schema"));
    }
}
