//! What the steps need: programs, and a PostgreSQL server.
//!
//! As root, or with `sudo` that asks for no password, missing programs are installed on Debian and
//! Ubuntu; anywhere else one sentence says what is missing and which command installs it.
//! What lives as long as the command is in [`Session`], and is prepared when a step asks for it.

mod pgbouncer;
mod postgres;

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::application;
use crate::conformance;
use crate::project::Project;
use crate::setup::pgbouncer::Pooler;
use crate::setup::postgres::Cluster;
use crate::shell::{command, find_program, read, run as run_command, say, succeeds};

/// The server that a developer's machine usually has.
const USUAL_DATABASE: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// npm 9 comes with it; the suites themselves run on the Node that `npm ci` installs.
const OLDEST_NODE: u32 = 18;

pub(crate) struct Session {
    pub(crate) project: Project,
    /// Named by the caller; then no other is tried.
    given_database: Option<String>,
    /// Before the database, and dropped before it.
    pooler: Option<Pooler>,
    database: Option<Database>,
}

enum Database {
    Found(String),
    Private(Cluster),
}

impl Session {
    pub(crate) fn new(project: Project, given_database: Option<String>) -> Self {
        Self { project, given_database, pooler: None, database: None }
    }

    /// The URL of a PostgreSQL server that lets us create databases.
    pub(crate) fn database(&mut self) -> Result<String> {
        let database = match self.database.take() {
            Some(database) => database,
            None => self.find_database()?,
        };
        let url = match &database {
            Database::Found(url) => url.clone(),
            Database::Private(cluster) => cluster.url(),
        };
        self.database = Some(database);
        Ok(url)
    }

    /// What tests and suites find in their environment.
    pub(crate) fn environment(&mut self) -> Result<Vec<(&'static str, String)>> {
        let database = self.database()?;
        let mut environment =
            vec![("DATABASE_ADMIN_URL", database.clone()), ("TEST_DATABASE_URL", database)];
        if let Some(chromium) = find_any(CHROMIUM.programs) {
            environment.push(("CHROMIUM_PATH", chromium));
        }
        environment.push(("TEST_PGBOUNCER_URL", self.pooler()?));
        Ok(environment)
    }

    /// The URL of a PgBouncer before [`database`](Self::database).
    fn pooler(&mut self) -> Result<String> {
        let database = self.database()?;
        let pooler = match self.pooler.take() {
            Some(pooler) => pooler,
            None => {
                let program = find_any(PGBOUNCER.programs).context(
                    "PgBouncer is missing; install it with `sudo apt-get install pgbouncer`",
                )?;
                Pooler::start(&program, &database)?
            }
        };
        let url = pooler.url().to_owned();
        self.pooler = Some(pooler);
        Ok(url)
    }

    fn find_database(&self) -> Result<Database> {
        if let Some(url) = &self.given_database {
            require_answer(url).context(
                "the server of DATABASE_ADMIN_URL is of no use; \
                 unset it to run the tests on a private one",
            )?;
            return Ok(Database::Found(url.clone()));
        }
        if require_answer(USUAL_DATABASE).is_ok() {
            say(format!("PostgreSQL: {USUAL_DATABASE} answers"));
            return Ok(Database::Found(USUAL_DATABASE.to_owned()));
        }
        let cluster = Cluster::start(&self.project)?;
        say(format!("PostgreSQL: a private server at {}", cluster.url()));
        Ok(Database::Private(cluster))
    }
}

/// Installs and starts all that the steps need.
pub(crate) fn run(session: &mut Session) -> Result<()> {
    install_packages()?;
    require_node()?;
    session.database()?;
    install_rust_components()?;
    install_cargo_deny()?;
    conformance::install_packages(&session.project)?;
    say("Redis: no suite uses it yet");
    Ok(())
}

/// An error that names the command to run, unless `cargo deny` is there.
pub(crate) fn require_cargo_deny() -> Result<()> {
    if !succeeds(&mut command("cargo deny --version")) {
        bail!("cargo-deny is missing; install it with `cargo install --locked cargo-deny`");
    }
    Ok(())
}

/// A program of the operating system.
struct Program {
    what: &'static str,
    /// Any of them will do.
    programs: &'static [&'static str],
    debian: &'static str,
    ubuntu: &'static str,
}

const CHROMIUM: Program = Program {
    what: "Chromium",
    programs: &["chromium", "chromium-browser", "google-chrome"],
    debian: "chromium",
    ubuntu: "chromium-browser",
};

const PGBOUNCER: Program = Program {
    what: "PgBouncer",
    programs: &["pgbouncer"],
    debian: "pgbouncer",
    ubuntu: "pgbouncer",
};

const NGINX: Program =
    Program { what: "nginx", programs: &["nginx"], debian: "nginx-light", ubuntu: "nginx-light" };

const PROGRAMS: &[Program] = &[
    Program {
        what: "psql",
        programs: &["psql"],
        debian: "postgresql-client",
        ubuntu: "postgresql-client",
    },
    PGBOUNCER,
    NGINX,
    CHROMIUM,
    Program { what: "Node", programs: &["node"], debian: "nodejs", ubuntu: "nodejs" },
    Program { what: "npm", programs: &["npm"], debian: "npm", ubuntu: "npm" },
    // The application's suite makes a certificate for its hosts.
    Program { what: "OpenSSL", programs: &["openssl"], debian: "openssl", ubuntu: "openssl" },
];

fn find_any(programs: &[&str]) -> Option<String> {
    let file = programs.iter().find_map(|name| find_program(name))?;
    Some(file.to_string_lossy().into_owned())
}

/// Names of things, and of the packages that hold them.
fn missing_packages() -> (Vec<&'static str>, Vec<&'static str>) {
    let is_ubuntu = fs::read_to_string("/etc/os-release")
        .is_ok_and(|release| release.lines().any(|line| line == "ID=ubuntu"));
    let mut missing: (Vec<_>, Vec<_>) = PROGRAMS
        .iter()
        .filter(|program| find_any(program.programs).is_none())
        .map(|program| (program.what, if is_ubuntu { program.ubuntu } else { program.debian }))
        .unzip();
    if !application::has_python() {
        missing.0.push("Python");
        missing.1.push("python3-venv");
    }
    if postgres::find_binaries().is_none() {
        missing.0.push("PostgreSQL");
        missing.1.push("postgresql");
    }
    missing
}

fn install_packages() -> Result<()> {
    let (things, packages) = missing_packages();
    if packages.is_empty() {
        return Ok(());
    }
    let (things, packages) = (things.join(", "), packages.join(" "));
    if find_program("apt-get").is_none() {
        bail!("missing: {things}; install them, as Debian does with its packages {packages}");
    }
    let Some(sudo) = sudo() else {
        bail!("missing: {things}; install them with `sudo apt-get install {packages}`");
    };
    say(format!("missing: {things}"));
    run_command(&mut apt_get(sudo, "update -qq"))?;
    run_command(&mut apt_get(sudo, &format!("install -qq -y --no-install-recommends {packages}")))?;
    let (things, _) = missing_packages();
    if !things.is_empty() {
        bail!("still missing after installing {packages}: {}", things.join(", "));
    }
    Ok(())
}

/// What to write before a command that only root may run, if we may at all.
fn sudo() -> Option<&'static str> {
    if is_root() {
        return Some("");
    }
    succeeds(&mut command("sudo -n true")).then_some("sudo -n")
}

fn is_root() -> bool {
    read(&mut command("id -u")).is_ok_and(|id| id.trim() == "0")
}

fn apt_get(sudo: &str, arguments: &str) -> Command {
    command(&format!("{sudo} env DEBIAN_FRONTEND=noninteractive apt-get {arguments}"))
}

fn require_node() -> Result<()> {
    let version = read(&mut command("node --version"))?;
    let major = version.trim().trim_start_matches('v').split('.').next().unwrap_or_default();
    if major.parse::<u32>().is_ok_and(|major| major >= OLDEST_NODE) {
        return Ok(());
    }
    bail!(
        "Node is {}, but npm needs {OLDEST_NODE} or newer; install one as https://nodejs.org says",
        version.trim()
    );
}

fn install_rust_components() -> Result<()> {
    if succeeds(&mut command("cargo fmt --version"))
        && succeeds(&mut command("cargo clippy --version"))
    {
        return Ok(());
    }
    run_command(&mut command("rustup component add rustfmt clippy"))
        .context("rustfmt or clippy is missing; install them with `rustup component add`")
}

/// From source, so little of it is optimized. cargo-nextest is used where it is installed, but is not
/// worth building: `cargo test` runs the same tests.
fn install_cargo_deny() -> Result<()> {
    if require_cargo_deny().is_ok() {
        return Ok(());
    }
    say("cargo-deny is missing; building it takes two to five minutes, once");
    run_command(command("cargo install --locked cargo-deny").envs([
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
        ("CARGO_PROFILE_RELEASE_LTO", "off"),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ]))
}

/// Fails unless a PostgreSQL server answers there, without asking for a password, and lets us
/// create databases.
fn require_answer(url: &str) -> Result<()> {
    let question = "select rolcreatedb or rolsuper from pg_roles where rolname = current_user";
    let mut psql = command("psql --no-password --no-psqlrc --tuples-only --no-align");
    psql.args(["--dbname", url, "--command", question]).env("PGCONNECT_TIMEOUT", "3");
    if read(&mut psql)?.trim() != "t" {
        bail!("its user may not create databases");
    }
    Ok(())
}
