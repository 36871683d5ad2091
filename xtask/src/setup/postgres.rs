//! A PostgreSQL server of our own, for machines where none lets us in.
//!
//! A fresh installation asks for a password or for the right system user. Rather than change how
//! it is set up, we run one on a free port of loopback that trusts whoever connects.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::project::Project;
use crate::setup::{is_root, require_answer};
use crate::shell::{command, find_program, read, say};

/// Durability and speed are traded the way tests want it; nothing here outlives the command.
const SETTINGS: &str = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= \
     -c max_connections=200 -c fsync=off -c full_page_writes=off -c synchronous_commit=off";

/// A running server; dropping it stops it.
pub(super) struct Cluster {
    folder: PathBuf,
    binaries: PathBuf,
    port: u16,
    /// Left behind by an interrupted run, or another run's: not ours to stop.
    is_borrowed: bool,
}

impl Cluster {
    pub(super) fn start(project: &Project) -> Result<Self> {
        let binaries = find_binaries().context(
            "PostgreSQL is missing; install it with `sudo apt-get install postgresql`, \
             or name a server in DATABASE_ADMIN_URL",
        )?;
        let folder = folder(project);
        let mut cluster = Self { folder, binaries, port: 0, is_borrowed: false };
        cluster.port = cluster.running_port().unwrap_or_default();
        cluster.is_borrowed = cluster.port != 0 && require_answer(&cluster.url()).is_ok();
        if cluster.is_borrowed {
            return Ok(cluster);
        }
        if cluster.folder.exists() {
            fs::remove_dir_all(&cluster.folder)
                .with_context(|| format!("failed to remove `{}`", cluster.folder.display()))?;
        }
        read(cluster.program("initdb").args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]))?;
        cluster.port = free_port()?;
        let settings = format!("-p {} {SETTINGS}", cluster.port);
        let log = cluster.folder.join("server.log");
        // Its output goes to a file: a server that held our pipe would keep `read` waiting.
        read(
            cluster
                .program("pg_ctl")
                .args(["start", "-w", "-t", "60", "-o", &settings, "-l"])
                .arg(&log),
        )
        .with_context(|| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            format!("PostgreSQL did not start: {}", log.trim())
        })?;
        Ok(cluster)
    }

    pub(super) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn running_port(&self) -> Option<u16> {
        read(self.program("pg_ctl").arg("status")).ok()?;
        // The fourth line of the file is the port.
        let file = fs::read_to_string(self.folder.join("postmaster.pid")).ok()?;
        file.lines().nth(3)?.parse().ok()
    }

    /// One of PostgreSQL's programs, which refuse to run as root.
    fn program(&self, name: &str) -> Command {
        let file = self.binaries.join(name);
        let mut program = if is_root() {
            let mut runuser = command("runuser -u postgres --");
            runuser.arg(file);
            runuser
        } else {
            Command::new(file)
        };
        // The user postgres may not be able to enter the checkout.
        program.current_dir("/").arg("--pgdata").arg(&self.folder);
        program
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.is_borrowed {
            return;
        }
        if self.running_port().is_some()
            && let Err(error) = read(self.program("pg_ctl").args(["stop", "-w", "-m", "fast"]))
        {
            say(format!("failed to stop the private PostgreSQL server: {error:#}"));
            return;
        }
        if self.folder.exists()
            && let Err(error) = fs::remove_dir_all(&self.folder)
        {
            say(format!("failed to remove `{}`: {error}", self.folder.display()));
        }
    }
}

/// Debian keeps them out of the path, one folder for each version.
pub(super) fn find_binaries() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            Some((path.file_name()?.to_str()?.parse().ok()?, path.join("bin")))
        })
        .filter(|(_, binaries)| binaries.join("initdb").is_file())
        .collect();
    versions.sort();
    if let Some((_, binaries)) = versions.pop() {
        return Some(binaries);
    }
    find_program("initdb")?.parent().map(Path::to_path_buf)
}

/// As root the cluster belongs to the user postgres, who may not be able to reach the checkout.
fn folder(project: &Project) -> PathBuf {
    if !is_root() {
        return project.target.join("xtask/postgres").into();
    }
    let mut hasher = DefaultHasher::new();
    project.root.hash(&mut hasher);
    std::env::temp_dir().join(format!("vestibule-postgres-{:016x}", hasher.finish()))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("failed to find a free port")?;
    Ok(listener.local_addr()?.port())
}
