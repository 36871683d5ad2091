//! What a value is compared with: the secrets, the configuration, and the database if it answers.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::runtime::Runtime;
use vestibule_core::clock::{Clock as _, SystemClock};
use vestibule_core::crypto::secrets::{DEFAULT_SECRET, Secrets, Sources};
use vestibule_core::models::{SessionUser, User};
use vestibule_core::store::{Filter, Find};
use vestibule_core::{Auth, Timestamp, Value};
use vestibule_sql::Database;
use vestibule_sql::url::Target;

use super::report::{Credentials, Report};
use crate::commands::ConfigFile;
use crate::environment::Environment;
use crate::settings::Settings;

/// How long the database may take to answer everything that is asked of it.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(3);

/// How much of that it may take to be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The most keys of a key set that are read.
const KEYS_LIMIT: u32 = 100;

pub(super) struct Known {
    /// The one that signs first.
    pub(super) secrets: Vec<KnownSecret>,
    /// Those of the configuration, or the one of `--secret-env`.
    pub(super) all: Option<Secrets>,
    pub(super) server: Option<Server>,
    pub(super) database: Reach,
    pub(super) now: Timestamp,
    pub(super) credentials: Credentials,
    /// Why something of the above is not known.
    pub(super) notes: Vec<String>,
}

/// The server of the configuration, without its socket.
pub(super) struct Server {
    pub(super) settings: Settings,
    pub(super) auth: Auth,
}

/// A secret, and what to call it.
pub(super) struct KnownSecret {
    pub(super) name: String,
    pub(super) value: String,
}

/// Whether the database answers.
pub(super) enum Reach {
    Answers { auth: Auth, runtime: Runtime },
    Away(String),
}

/// Which secret something was signed with.
pub(super) enum Signer<'a> {
    /// The one that signs.
    Current(&'a KnownSecret),
    /// One that only decrypts.
    Older(&'a KnownSecret),
    /// One that people have by mistake.
    Mistaken(Mistaken),
    /// None that we know.
    Unknown,
    /// We know none at all.
    NoSecret,
}

/// A secret that nobody meant to use, and how it comes about.
#[derive(Clone, Copy)]
pub(super) struct Mistaken {
    pub(super) what: &'static str,
    pub(super) fix: &'static str,
}

/// A key of the server's key set.
pub(super) struct PublicKeyRow {
    pub(super) id: String,
    pub(super) algorithm: Option<String>,
    pub(super) jwk: String,
}

impl Known {
    pub(super) fn gather(
        config: &ConfigFile,
        environment: &Environment,
        secret_variable: Option<&str>,
        credentials: Credentials,
    ) -> Result<Self> {
        let mut notes = Vec::new();
        let settings = match config.load(environment) {
            Ok(settings) => Some(settings),
            Err(error) => {
                notes.push(format!(
                    "the configuration cannot be used, so only the value itself is looked at: {}",
                    format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ")
                ));
                None
            }
        };
        let all = match secret_variable {
            Some(name) => Some(named_secret(environment, name)?),
            None => settings.as_ref().map(|it| it.secret.existing()).transpose()?.flatten(),
        };
        if all.is_none() && settings.is_some() {
            let how = "no secret is known here: set `BETTER_AUTH_SECRET`, or name another variable by `--secret-env`";
            notes.push(how.to_owned());
        }
        let database = match &settings {
            Some(settings) => open(settings, all.as_ref()),
            None => Reach::Away("there is no configuration to find it by".to_owned()),
        };
        let server = settings.and_then(|settings| {
            let secrets = all.clone().unwrap_or_else(|| Secrets::single(""));
            let built = settings.try_out_with(secrets).context("the configuration cannot be used");
            match built {
                Ok(auth) => Some(Server { settings, auth }),
                Err(error) => {
                    notes.push(format!("{error:#}"));
                    None
                }
            }
        });
        let secrets = all.as_ref().map(known_secrets).unwrap_or_default();
        let now = SystemClock.now();
        Ok(Self { secrets, all, server, database, now, credentials, notes })
    }

    /// Which secret it is for which this holds.
    pub(super) fn signer(&self, is_signer: impl Fn(&str) -> bool) -> Signer<'_> {
        let mut secrets = self.secrets.iter();
        let Some(current) = secrets.next() else { return Signer::NoSecret };
        if is_signer(&current.value) {
            return Signer::Current(current);
        }
        if let Some(older) = secrets.find(|secret| is_signer(&secret.value)) {
            return Signer::Older(older);
        }
        if is_signer(DEFAULT_SECRET) {
            return Signer::Mistaken(Mistaken {
                what: "it is signed with Better Auth's built-in secret, which everybody knows: whoever made it was given none",
                fix: "set `BETTER_AUTH_SECRET` where it was made, and start that process anew",
            });
        }
        let found = mistakes(&current.value).into_iter().find(|(secret, _)| is_signer(secret));
        found.map_or(Signer::Unknown, |(_, mistaken)| Signer::Mistaken(mistaken))
    }

    /// Says by whom it is signed, and what is wrong with that.
    pub(super) fn report_signer(&self, report: &mut Report, signer: &Signer<'_>) {
        match signer {
            Signer::Current(secret) => report.text("signature", format!("made with {}", secret.name)),
            Signer::Older(secret) => {
                report.text("signature", format!("made with {}", secret.name));
                report.problem(
                    "older-secret",
                    format!(
                        "the signature is made with {}, which only decrypts: a rotation ends what was signed before it",
                        secret.name
                    ),
                    "sign in again; or, until everybody has, put that version first again",
                );
            }
            Signer::Mistaken(Mistaken { what, fix }) => report.problem("another-secret", *what, *fix),
            Signer::Unknown => report.problem(
                "another-secret",
                "the signature is made with another secret than this server's, or the value was altered",
                "give both sides the same `BETTER_AUTH_SECRET`, character for character; \
                 `vestibule inspect --secret-env NAME` tries the secret of another variable",
            ),
            Signer::NoSecret => report.problem(
                "no-secret",
                "the signature cannot be checked: no secret is known here",
                "set `BETTER_AUTH_SECRET` to the server's secret, or name the variable that has it by `--secret-env`",
            ),
        }
    }

    /// The session of a token and its user; `None` where there is none, an error where nobody knows.
    pub(super) fn session(&self, token: &str) -> Result<Option<SessionUser>, String> {
        self.ask(async |auth| {
            let mut exchange = auth.unrequested()?;
            Ok(exchange.sessions().find(token).await?)
        })
    }

    pub(super) fn user(&self, id: &str) -> Result<Option<User>, String> {
        self.ask(async |auth| {
            let mut exchange = auth.unrequested()?;
            Ok(exchange.users().find(id).await?)
        })
    }

    /// The public keys of the server's key set; none where the server has no such table.
    pub(super) fn public_keys(&self) -> Result<Vec<PublicKeyRow>, String> {
        self.ask(async |auth| {
            let Some(model) = auth.schema().model("jwks") else { return Ok(Vec::new()) };
            let find = Find {
                model: model.clone(),
                filter: Filter::EVERYTHING,
                order: Vec::new(),
                limit: Some(KEYS_LIMIT),
                offset: 0,
            };
            let rows = auth.store().find_many(find).await?;
            let text = |value: Option<&Value>| match value {
                Some(Value::Text(text)) => Some(text.clone()),
                _ => None,
            };
            let keys = rows.iter().filter_map(|row| {
                Some(PublicKeyRow {
                    id: text(row.get("id"))?,
                    algorithm: text(row.get("alg")),
                    jwk: text(row.get("publicKey"))?,
                })
            });
            Ok(keys.collect())
        })
    }

    fn ask<T>(&self, question: impl AsyncFnOnce(&Auth) -> Result<T>) -> Result<T, String> {
        match &self.database {
            Reach::Away(reason) => Err(reason.clone()),
            Reach::Answers { auth, runtime } => runtime.block_on(async {
                match tokio::time::timeout(DATABASE_TIMEOUT, question(auth)).await {
                    Ok(answer) => answer.map_err(|error| format!("{error:#}")),
                    Err(_) => Err("it did not answer in time".to_owned()),
                }
            }),
        }
    }
}

/// The secret in a variable; of `BETTER_AUTH_SECRETS` all its versions.
fn named_secret(environment: &Environment, name: &str) -> Result<Secrets> {
    let value = environment.named(name)?;
    let value =
        value.with_context(|| format!("`--secret-env {name}`: there is no such variable"))?;
    if name == "BETTER_AUTH_SECRETS" {
        let sources = Sources { better_auth_secrets: Some(&value), ..Sources::default() };
        // What is wrong with an entry would quote it.
        return Secrets::find(sources).ok().context("`BETTER_AUTH_SECRETS` is malformed");
    }
    Ok(Secrets::single(&value))
}

fn known_secrets(secrets: &Secrets) -> Vec<KnownSecret> {
    let known = |name: String, value: &str| KnownSecret { name, value: value.to_owned() };
    if secrets.versions().is_empty() {
        return vec![known("this server's secret".to_owned(), secrets.current())];
    }
    let versions = secrets.versions().iter().enumerate().map(|(index, secret)| {
        let current = if index == 0 { ", the current one" } else { "" };
        known(format!("secret version {}{current}", secret.version), &secret.value)
    });
    let legacy = secrets.legacy().map(|secret| {
        known(
            "the secret from before there were versions (`BETTER_AUTH_SECRET`)".to_owned(),
            secret,
        )
    });
    versions.chain(legacy).collect()
}

/// The secrets that come about when this one is copied carelessly.
fn mistakes(secret: &str) -> Vec<(String, Mistaken)> {
    let line_break = Mistaken {
        what: "it is signed with this server's secret and a line break after it",
        fix: "whoever made it reads its secret from a file: take away the line break (`printf %s` instead of `echo`)",
    };
    let quotes = Mistaken {
        what: "it is signed with this server's secret inside quotation marks",
        fix: "take away the quotation marks where it was made: Docker's `--env-file` keeps them",
    };
    let no_quotes = Mistaken {
        what: "it is signed with this server's secret without the quotation marks or spaces around it",
        fix: "take away the quotation marks and spaces from this server's secret",
    };
    let bare = secret.trim().trim_matches(['"', '\'']);
    let mut mistakes = vec![
        (format!("{secret}\n"), line_break),
        (format!("{secret}\r\n"), line_break),
        (format!("\"{secret}\""), quotes),
        (format!("'{secret}'"), quotes),
    ];
    if bare != secret {
        mistakes.push((bare.to_owned(), no_quotes));
    }
    mistakes
}

fn open(settings: &Settings, secrets: Option<&Secrets>) -> Reach {
    if let Some(path) = settings.database.missing_file() {
        return Reach::Away(format!("the file `{}` does not exist", path.display()));
    }
    match try_open(settings, secrets) {
        Ok(reach) => reach,
        Err(error) => Reach::Away(format!("{error:#}")),
    }
}

fn try_open(settings: &Settings, secrets: Option<&Secrets>) -> Result<Reach> {
    let runtime = crate::commands::runtime()?;
    let entered = runtime.enter();
    let schema = settings.builder().schema()?;
    let mut url = settings.database.url.clone();
    if let Target::Postgres(url) = &mut url.target {
        // So that what keeps it away is told before the time is up.
        url.pool_timeout = CONNECT_TIMEOUT;
        url.connect_timeout = CONNECT_TIMEOUT;
    }
    let database = Database::connect_to_read(&url, &schema)?;
    let one = std::num::NonZero::<usize>::MIN;
    let secrets = secrets.cloned().unwrap_or_else(|| Secrets::single(""));
    let auth = settings.builder().store(database.store()).secrets(secrets).hash_threads(one);
    let auth = auth.build()?;
    runtime.block_on(async {
        let ping = tokio::time::timeout(DATABASE_TIMEOUT, auth.store().ping()).await;
        Ok::<_, anyhow::Error>(ping.context("it did not answer in time")??)
    })?;
    drop(entered);
    Ok(Reach::Answers { auth, runtime })
}
