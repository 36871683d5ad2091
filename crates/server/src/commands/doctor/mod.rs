//! `vestibule doctor`
//!
//! Looks at everything that is known to go wrong, and says of each thing what was found, why it
//! matters and the line that mends it. Nothing is changed, the throw-away user of a [`journey`] apart.
//!
//! Checks are by subject: [`configuration`], [`browser`] (cookies, origins), [`network`] (proxies,
//! webhooks), [`database`]. Each returns [`finding`]s, also for what is fine.

mod browser;
mod configuration;
mod database;
mod exchange;
mod finding;
mod journey;
mod network;
mod place;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::Value as Json;
use vestibule_core::Auth;
use vestibule_core::crypto::secrets::Secrets;

use self::finding::Findings;
use self::journey::Route;
use self::place::Place;
use super::{ConfigFile, runtime};
use crate::environment::Environment;
use crate::output::print;
use crate::settings::Settings;
use crate::style::Style;

/// The command did not get as far as looking.
pub(super) const COULD_NOT_RUN: u8 = 2;

/// Find what is wrong, say why it matters and how to mend it
///
/// Each finding says what was found, why it matters, and the line that mends it. Nothing is changed.
///
/// With --frontend and --backend it follows one throw-away user as a browser would: sign-up (through the
/// frontend's rewrite, or at the auth server), the cookie, /get-session, the backend's protected path
/// with the cookie and, where audiences are configured, with a token. It says which endpoint, which
/// cookie and which error, and deletes the user at the end:
///
///   vestibule doctor --frontend http://localhost:3000 --backend http://localhost:8000
///
/// Exit codes: 0 no problems; 1 problems; 2 the command could not run.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Doctor {
    /// Where browsers find the frontend; follows a user from there
    #[arg(long, value_name = "URL")]
    frontend: Option<Place>,
    /// Where browsers find the backend
    #[arg(long, value_name = "URL", requires = "frontend")]
    backend: Option<Place>,
    /// A path of the backend for those who are signed in, which answers who they are
    #[arg(long, value_name = "PATH", default_value = "/auth/me", requires = "backend")]
    backend_path: String,
    /// Where the auth server is, with its base path; default: as the configuration says
    #[arg(long, value_name = "URL", requires = "frontend")]
    auth: Option<Place>,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

/// What is examined.
struct Subject<'a> {
    settings: &'a Settings,
    /// The server of the settings, in memory.
    auth: &'a Auth,
    /// Where it listens.
    addresses: &'a [SocketAddr],
    file: Option<&'a Path>,
    /// The file as it is written; null without one.
    document: &'a Json,
}

impl Doctor {
    pub(super) fn run(self, config: &ConfigFile, environment: &Environment) -> Result<ExitCode> {
        let style = Style::of_output(environment)?;
        let mut findings = Findings::default();
        let runtime = runtime()?;
        match load(config, environment) {
            Err(error) => {
                findings.extend(configuration::mistakes(&error));
                runtime.block_on(self.follow(None, &mut findings));
            }
            Ok((settings, auth, addresses)) => {
                let (file, document) = config.document()?;
                let file = file.as_deref();
                let subject = Subject {
                    settings: &settings,
                    auth: &auth,
                    addresses: &addresses,
                    file,
                    document: &document,
                };
                runtime.block_on(self.examine(&subject, &mut findings));
            }
        }
        if self.json {
            print(format!("{:#}", findings.to_json()))?;
        } else {
            print(findings.to_text(style))?;
        }
        Ok(findings.exit_code())
    }

    async fn examine(&self, subject: &Subject<'_>, findings: &mut Findings) {
        findings.extend(configuration::check(subject));
        findings.extend(browser::check(subject));
        findings.extend(network::check_proxy(subject));
        findings.extend(database::check(subject).await);
        findings.extend(network::check_webhooks(subject).await);
        self.follow(Some(subject), findings).await;
    }

    async fn follow(&self, subject: Option<&Subject<'_>>, findings: &mut Findings) {
        let Some(frontend) = &self.frontend else { return };
        let slash = if self.backend_path.starts_with('/') { "" } else { "/" };
        let route = Route {
            frontend: frontend.clone(),
            backend: self.backend.clone(),
            backend_path: format!("{slash}{}", self.backend_path),
            auth: self.auth.clone(),
        };
        journey::follow(&route, subject, findings).await;
    }
}

/// The settings, the server that they make, and where it listens.
fn load(
    config: &ConfigFile,
    environment: &Environment,
) -> Result<(Settings, Auth, Vec<SocketAddr>)> {
    let settings = config.load(environment)?;
    let addresses = settings.addresses()?;
    // One that cannot be read is a finding of its own.
    let secrets = settings.secret.existing().ok().flatten();
    let secrets = secrets.unwrap_or_else(|| Secrets::single(""));
    let auth = settings.try_out_with(secrets)?;
    Ok((settings, auth, addresses))
}
