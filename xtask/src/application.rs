//! What the application of `examples/` needs before Chromium can drive it: two builds, and packages.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use crate::project::Project;
use crate::shell::{command, run as run_command, say, succeeds};

const FRONTEND: &str = "examples/next";
const FASTAPI: &str = "examples/fastapi";

/// Whether Python makes virtual environments; Debian has that in a package of its own.
pub(crate) fn has_python() -> bool {
    succeeds(command("python3 -c").arg("import venv, ensurepip"))
}

/// Builds and installs; tells where the backend in Rust is.
pub(crate) fn prepare(project: &Project) -> Result<Utf8PathBuf> {
    install_node_packages(project, FRONTEND)?;
    install_python_packages(project, FASTAPI)?;
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

/// Into a virtual environment beside the requirements, unless it is as new as they are.
fn install_python_packages(project: &Project, folder: &str) -> Result<()> {
    let at = project.root.join(folder);
    let installed = at.join(".venv/installed");
    if is_current(&at.join("requirements.txt"), &installed)? {
        say(format!("Python packages of {folder}: as its requirements are"));
        return Ok(());
    }
    if !has_python() {
        bail!("Python is missing; install it with `sudo apt-get install python3-venv`");
    }
    run_command(command("python3 -m venv .venv").current_dir(&at))?;
    let line = "-m pip install --quiet --disable-pip-version-check -r requirements.txt";
    let mut pip = Command::new(at.join(".venv/bin/python"));
    run_command(pip.args(line.split(' ')).current_dir(&at))?;
    fs::write(&installed, "").with_context(|| format!("failed to write `{installed}`"))
}

/// Whether what was installed is as new as what was wanted.
fn is_current(wanted: &Utf8Path, installed: &Utf8Path) -> Result<bool> {
    let modified = |path: &Utf8Path| fs::metadata(path).and_then(|file| file.modified());
    let wanted_at = modified(wanted).with_context(|| format!("failed to find `{wanted}`"))?;
    Ok(modified(installed).is_ok_and(|installed_at| installed_at >= wanted_at))
}
