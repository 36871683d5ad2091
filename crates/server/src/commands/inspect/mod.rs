//! `vestibule inspect`
//!
//! [`recognise`] finds out what a text is and hands it to the module that knows its form; that one
//! compares it with what is [`known`] here and writes a [`report`]. Nothing is changed and nobody is
//! called but the database.

mod ciphertext;
mod cookie;
mod jwt;
mod key;
mod known;
mod moment;
mod password_hash;
mod recognise;
mod report;
mod session;
mod session_cache;
mod signed;

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use self::known::Known;
use self::report::Credentials;
use super::ConfigFile;
use crate::environment::Environment;
use crate::output::print;
use crate::style::Style;

/// More than the cookies of a request can carry.
const VALUE_LIMIT_BYTES: u64 = 256 * 1024;

/// The command did not get as far as looking at the value.
pub(super) const COULD_NOT_RUN: u8 = 3;

/// Say what a cookie, token, hash or ciphertext is, and why it is not accepted
///
/// Takes a cookie (`name=value`, or a whole `Cookie` or `Set-Cookie` line), a JWT or JWE, a bearer token,
/// a password's hash, a ciphertext of the database, a webhook's secret or a service's key. Says which
/// secret made it, when it was issued and expires, what it contains, and the exact mismatch.
///
/// Without VALUE, or with `-`, it reads standard input, which keeps secrets out of the shell's history
/// and away from other users of the computer:
///
///   pbpaste | vestibule inspect
///
/// Exit codes: 0 it is understood and valid; 1 it is understood and not valid; 2 it is not recognised;
/// 3 the command could not run.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Inspect {
    /// The value; `-` or nothing reads standard input
    value: Option<String>,
    /// Try the secret of this environment variable instead of the configuration's
    #[arg(long, value_name = "NAME")]
    secret_env: Option<String>,
    /// Show tokens and decrypted content
    #[arg(long)]
    show_secrets: bool,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(super) fn run(self, config: &ConfigFile, environment: &Environment) -> Result<ExitCode> {
        let value = match self.value.as_deref() {
            None | Some("-") => read_input()?,
            Some(value) => value.to_owned(),
        };
        let style = Style::of_output(environment)?;
        let credentials = if self.show_secrets { Credentials::Shown } else { Credentials::Hidden };
        let known = Known::gather(config, environment, self.secret_env.as_deref(), credentials)?;
        let mut report = recognise::inspect(&known, &value);
        for note in &known.notes {
            report.note(note);
        }
        if self.json {
            print(format!("{:#}", report.to_json(credentials)))?;
        } else {
            print(report.to_text(credentials, known.now, style))?;
        }
        Ok(report.exit_code())
    }
}

fn read_input() -> Result<String> {
    let input = std::io::stdin();
    if input.is_terminal() {
        let end = if cfg!(windows) { "Ctrl-Z and Enter" } else { "Ctrl-D" };
        // Nothing is lost where nobody reads it.
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("Paste the value, then press Enter and {end}.\n").as_bytes(),
        );
    }
    let mut text = String::new();
    let read = input.lock().take(VALUE_LIMIT_BYTES + 1).read_to_string(&mut text);
    read.context("failed to read standard input")?;
    if text.len() as u64 > VALUE_LIMIT_BYTES {
        bail!("the value is longer than {VALUE_LIMIT_BYTES} bytes, which no cookie or token is");
    }
    Ok(text)
}
