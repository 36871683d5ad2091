//! The comparison with the reference, which Node runs: see `conformance/`.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::camino::Utf8PathBuf;

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
    run_command(node.current_dir(FOLDER).envs(session.environment()?))
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

/// `npm ci`, unless what it installed is as new as the lock file.
pub(crate) fn install_packages(project: &Project) -> Result<()> {
    let folder = project.root.join(FOLDER);
    let modified = |name: &str| fs::metadata(folder.join(name)).and_then(|file| file.modified());
    let wanted = modified("package-lock.json")
        .with_context(|| format!("failed to find `{FOLDER}/package-lock.json`"))?;
    if modified("node_modules/.package-lock.json").is_ok_and(|installed| installed >= wanted) {
        say("Node packages: as the lock file has them");
        return Ok(());
    }
    // Chromium is the system's; Playwright must not fetch its own.
    let mut npm = command("npm ci --no-audit --no-fund");
    run_command(npm.current_dir(FOLDER).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
}

/// The Node that the lock file pins: the reference needs a newer one than distributions have.
fn node(project: &Project) -> Command {
    let pinned = project.root.join(FOLDER).join("node_modules/.bin/node");
    if pinned.exists() { Command::new(pinned) } else { Command::new("node") }
}
