//! PgBouncer in transaction mode, as hosted databases have it, before the tests' PostgreSQL.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::setup::is_root;

/// How long it may take to listen.
const START_LIMIT: Duration = Duration::from_secs(10);

/// A running pooler; dropping it stops it.
pub(super) struct Pooler {
    process: Child,
    folder: PathBuf,
    url: String,
}

impl Pooler {
    /// `database` is the URL of the server behind it.
    pub(super) fn start(program: &str, database: &str) -> Result<Self> {
        let (user, password, address, name) = take_apart(database).with_context(|| {
            format!("`{database}` is not of the form postgres://user@host/name")
        })?;
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "5432"));
        let own_port = free_port()?;
        // As root it runs as nobody, who may not be able to reach the checkout.
        let folder = std::env::temp_dir().join(format!("vestibule-pgbouncer-{own_port}"));
        fs::create_dir_all(&folder)
            .with_context(|| format!("failed to create `{}`", folder.display()))?;
        let users = folder.join("users.txt");
        fs::write(&users, format!("\"{user}\" \"{password}\"\n"))?;
        let settings = folder.join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={host} port={port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {own_port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\n\
             pool_mode = transaction\ndefault_pool_size = 8\nmax_client_conn = 500\n",
            users.display()
        );
        fs::write(&settings, text)?;
        let process = command(program)
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("failed to start `{program}`"))?;
        let url = format!("postgres://{user}@127.0.0.1:{own_port}/{name}");
        let mut pooler = Self { process, folder, url };
        pooler.wait_until_it_listens(own_port)?;
        Ok(pooler)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    fn wait_until_it_listens(&mut self, port: u16) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("PgBouncer ended at its start, with {status}");
            }
            if start.elapsed() > START_LIMIT {
                bail!("PgBouncer does not listen on port {port}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// It refuses to run as root.
fn command(program: &str) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", program]);
    command
}

/// User, password, host and port, and name of the database.
fn take_apart(url: &str) -> Option<(&str, &str, &str, &str)> {
    let (authority, name) = url.split_once("://")?.1.split_once('/')?;
    let (user, address) = authority.rsplit_once('@')?;
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    Some((user, password, address, name.split('?').next()?))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("failed to find a free port")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::take_apart;

    #[test]
    fn urls_come_apart() {
        let url = "postgres://postgres:secret@127.0.0.1:5432/test?sslmode=disable";
        assert_eq!(take_apart(url), Some(("postgres", "secret", "127.0.0.1:5432", "test")));
        assert_eq!(take_apart("postgres://a@b/c"), Some(("a", "", "b", "c")));
        assert_eq!(take_apart("nonsense"), None);
    }
}
