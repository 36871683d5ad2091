//! Runs the binary, and talks HTTP with it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// Nothing here takes this long; what does is broken.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A working directory with its environment, for commands and servers.
pub(crate) struct Place {
    pub(crate) folder: Arc<TempDir>,
    environment: Vec<(String, String)>,
}

impl Place {
    /// An empty directory, an empty environment.
    pub(crate) fn new() -> Self {
        Self { folder: Arc::new(tempfile::tempdir().unwrap()), environment: Vec::new() }
    }

    /// One whose `vestibule.toml` is this.
    pub(crate) fn with_config(config: &str) -> Self {
        Self::new().file("vestibule.toml", config)
    }

    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        std::fs::write(self.path(name), content).unwrap();
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_with_input(arguments, "")
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that reads nothing may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let id = child.id();
        let (sender, output) = channel();
        std::thread::spawn(move || sender.send(child.wait_with_output().unwrap()));
        output.recv_timeout(TIMEOUT).unwrap_or_else(|_| {
            signal(id, "KILL");
            panic!("{arguments:?} does not end");
        })
    }

    /// What a command prints that succeeds.
    #[track_caller]
    pub(crate) fn output(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// What a command says that fails.
    #[track_caller]
    pub(crate) fn complaint(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap().trim_end().to_owned()
    }

    /// A server on a free port, once it listens.
    #[track_caller]
    pub(crate) fn serve(&self) -> Server {
        let mut command = self.command(&["serve"]);
        if !self.environment.iter().any(|(name, _)| name == "PORT") {
            command.env("PORT", "0");
        }
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = follow(BufReader::new(child.stderr.take().unwrap()));
        let mut server = Server {
            child,
            log,
            early: Vec::new(),
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            _folder: self.folder.clone(),
        };
        server.early = server.log_until(|line| {
            line["message"].as_str().unwrap_or_default().starts_with("Listening on")
        });
        let line = server.early.last().unwrap();
        let message = line["message"].as_str().unwrap();
        let address = message.strip_prefix("Listening on http://").unwrap();
        server.address = address.split(' ').next().unwrap().parse().unwrap();
        server
    }
}

/// Reads a log in the background, line by line.
fn follow(log: impl std::io::BufRead + Send + 'static) -> Receiver<Json> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in log.lines() {
            let line = line.unwrap();
            // Shown where the test fails.
            eprintln!("{line}");
            let parsed = serde_json::from_str(&line).unwrap_or_else(|_| json!({ "message": line }));
            // The test may have ended.
            let _ = sender.send(parsed);
        }
    });
    receiver
}

/// A running server; it is killed with the value.
pub(crate) struct Server {
    child: Child,
    log: Receiver<Json>,
    /// The log up to the line that says where it listens.
    early: Vec<Json>,
    pub(crate) address: SocketAddr,
    /// It lasts as long as whoever works in it.
    _folder: Arc<TempDir>,
}

impl Server {
    /// Waits for a line of the log whose message starts so.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, start: &str) -> Json {
        let starts = |line: &Json| line["message"].as_str().unwrap_or_default().starts_with(start);
        match self.early.iter().find(|line| starts(line)) {
            Some(line) => line.clone(),
            None => self.log_until(starts).pop().unwrap(),
        }
    }

    /// The log up to and including the line that is waited for.
    #[track_caller]
    pub(crate) fn log_until(&self, is_last: impl Fn(&Json) -> bool) -> Vec<Json> {
        let mut lines = Vec::new();
        loop {
            let Ok(line) = self.log.recv_timeout(TIMEOUT) else {
                panic!("the line that is waited for does not come after {lines:?}");
            };
            let is_last = is_last(&line);
            lines.push(line);
            if is_last {
                return lines;
            }
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    pub(crate) fn connect(&self) -> std::io::Result<Connection> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Connection(BufReader::new(stream)))
    }

    /// Sends a request on a connection of its own. `head` is what follows the method and the path:
    /// header lines.
    #[track_caller]
    pub(crate) fn send(&self, request: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut connection = self.connect().unwrap();
        let mut head = format!("{request} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            head.push_str(&format!("host: {}\r\n", self.address));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        connection.write(head.as_bytes());
        // The server may have refused already and closed its side.
        let _ = connection.0.get_mut().write_all(body);
        connection.read()
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path}"), &[], b"")
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Json) -> Answer {
        self.post_with(path, &[], body)
    }

    #[track_caller]
    pub(crate) fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &Json) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        self.send(&format!("POST /api/auth{path}"), &all, body.to_string().as_bytes())
    }

    #[track_caller]
    pub(crate) fn sign_up(&self, email: &str) -> Answer {
        let body = json!({ "name": "Ada", "email": email, "password": "correct horse" });
        self.post("/sign-up/email", &body)
    }

    /// The session of whoever has this cookie.
    #[track_caller]
    pub(crate) fn session(&self, cookie: &str) -> Json {
        self.send("GET /api/auth/get-session", &[("cookie", cookie)], b"").json()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).unwrap();
    }

    /// One line, without its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// One answer, to its end.
    #[track_caller]
    pub(crate) fn read(&mut self) -> Answer {
        let status = self.line();
        let status = status.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {status:?}"));
        let mut answer =
            Answer { status: status.parse().unwrap(), headers: Vec::new(), body: Vec::new() };
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(": ") else { break };
            answer.headers.push((name.to_owned(), value.to_owned()));
        }
        match answer.header("content-length").map(str::to_owned) {
            Some(length) => {
                answer.body = vec![0; length.parse().unwrap()];
                self.0.read_exact(&mut answer.body).unwrap();
            }
            None if matches!(answer.status, 204 | 304) => {}
            None => drop(self.0.read_to_end(&mut answer.body).unwrap()),
        }
        answer
    }
}

/// An answer, as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, wanted: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Status and body.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.status, self.text())
    }

    /// The first cookie that it sets, as a browser sends it back.
    #[track_caller]
    pub(crate) fn cookie(&self) -> String {
        let cookie = self.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {self:?}"));
        cookie.split(';').next().unwrap().to_owned()
    }
}

fn signal(process: u32, name: &str) {
    let kill = format!("kill -{name} {process}");
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// The permissions of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
