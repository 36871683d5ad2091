//! What the application of `examples/` needs before Chromium can drive it: two builds, and packages;
//! and the tests that pytest runs.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use crate::project::Project;
use crate::setup::Session;
use crate::shell::{command, run as run_command, say, succeeds};

const FRONTEND: &str = "examples/next";
const FASTAPI: &str = "examples/fastapi";
const GENERATED: &str = "crates/server/tests/generate";

/// Whether Python makes virtual environments; Debian has that in a package of its own.
pub(crate) fn has_python() -> bool {
    succeeds(command("python3 -c").arg("import venv, ensurepip"))
}

/// Builds and installs; tells where the backend in Rust is.
pub(crate) fn prepare(project: &Project) -> Result<Utf8PathBuf> {
    install_node_packages(project, FRONTEND)?;
    install_python_packages(project, "requirements.txt")?;
    run_command(&mut command("cargo build --release --package axum-notes"))?;
    Ok(project.target.join("release/axum-notes"))
}

/// `npm ci`, unless what it installed is as new as the lock file.
pub(crate) fn install_node_packages(project: &Project, folder: &str) -> Result<()> {
    let at = project.root.join(folder);
    if is_current(&at.join("package-lock.json"), &at.join("node_modules/.package-lock.json"))? {
        say(format!("Node packages of {folder}: as the lock file has them"));
        return Ok(());
    }
    // Chromium is the system's; Playwright must not fetch its own.
    let mut npm = command("npm ci --no-audit --no-fund");
    run_command(npm.current_dir(at).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
}

/// Into the virtual environment of the backend in Python, unless it is as new as the requirements are.
fn install_python_packages(project: &Project, requirements: &str) -> Result<Utf8PathBuf> {
    let at = project.root.join(FASTAPI);
    let python = at.join(".venv/bin/python");
    let installed = at.join(".venv").join(requirements);
    if is_current(&at.join(requirements), &installed)? {
        say(format!("Python packages of {FASTAPI}: as {requirements} has them"));
        return Ok(python);
    }
    if !has_python() {
        bail!("Python is missing; install it with `sudo apt-get install python3-venv`");
    }
    run_command(command("python3 -m venv .venv").current_dir(&at))?;
    let line = "-m pip install --quiet --disable-pip-version-check -r";
    let pip = line.split(' ').chain([requirements]);
    run_command(Command::new(&python).args(pip).current_dir(&at))?;
    fs::write(&installed, "").with_context(|| format!("failed to write `{installed}`"))?;
    Ok(python)
}

/// The backend in Python before a running server, on both databases.
pub(crate) fn test_fastapi(session: &mut Session) -> Result<()> {
    pytest(session, FASTAPI)
}

/// What `vestibule generate` writes, in the hands of the libraries that it is for.
pub(crate) fn test_generated(session: &mut Session) -> Result<()> {
    install_node_packages(&session.project, GENERATED)?;
    pytest(session, GENERATED)
}

fn pytest(session: &mut Session, folder: &str) -> Result<()> {
    run_command(&mut command("cargo build --bin vestibule"))?;
    install_python_packages(&session.project, "requirements.txt")?;
    let python = install_python_packages(&session.project, "requirements-test.txt")?;
    let server = session.project.target.join("debug/vestibule");
    let mut pytest = Command::new(python);
    pytest.args(["-m", "pytest", "--quiet"]).current_dir(session.project.root.join(folder));
    run_command(pytest.env("VESTIBULE", server).envs(session.environment()?))
}

/// Whether what was installed is as new as what was wanted.
fn is_current(wanted: &Utf8Path, installed: &Utf8Path) -> Result<bool> {
    let modified = |path: &Utf8Path| fs::metadata(path).and_then(|file| file.modified());
    let wanted_at = modified(wanted).with_context(|| format!("failed to find `{wanted}`"))?;
    Ok(modified(installed).is_ok_and(|installed_at| installed_at >= wanted_at))
}
