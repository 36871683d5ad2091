//! `vestibule secret generate|webhook|derive`

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use vestibule_core::crypto::secrets::Secrets;
use vestibule_plugins::SigningAlgorithm;
use vestibule_tokens::derive::{audience_key, service_key};

use super::ConfigFile;
use crate::environment::Environment;
use crate::output::print;
use crate::secret::generate;
use crate::settings::Settings;

#[derive(Subcommand)]
pub(super) enum Secret {
    /// Print a new secret, for BETTER_AUTH_SECRET
    Generate,
    /// Print the secret that signs webhooks, for whoever receives them
    Webhook,
    /// Print the keys that a backend holds instead of the secret
    Derive(Derive),
}

#[derive(Args)]
pub(super) struct Derive {
    /// The name in `[services.NAME]` or `[tokens.NAME]`
    #[arg(long, value_name = "NAME")]
    service: String,
    /// Print this one alone
    #[arg(long)]
    purpose: Option<Purpose>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Purpose {
    /// The service key, by which it says who it is
    Key,
    /// The key with which it verifies HS256 tokens
    Token,
}

impl Secret {
    pub(super) fn run(self, config: &ConfigFile, environment: &Environment) -> Result<ExitCode> {
        match self {
            Self::Generate => print(generate())?,
            Self::Webhook => {
                let settings = config.load(environment)?;
                let keys = settings.webhook_keys(&settings.secret.open()?);
                print(keys.current())?;
            }
            Self::Derive(derive) => {
                let settings = config.load(environment)?;
                settings.try_out()?;
                let secrets = settings.secret.open()?;
                let keys = derive.keys(&settings, &secrets)?;
                let comments = match std::io::stdout().is_terminal() {
                    true => Comments::Written,
                    false => Comments::LeftOut,
                };
                print(written(&keys, comments))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A key, and what it is for.
struct Key {
    comment: String,
    key: String,
}

impl Derive {
    fn keys(&self, settings: &Settings, secrets: &Secrets) -> Result<Vec<Key>> {
        let name = &self.service;
        if !settings.services.contains_key(name) && !settings.tokens.contains_key(name) {
            let mut known: Vec<_> =
                settings.services.keys().chain(settings.tokens.keys()).cloned().collect();
            known.sort();
            known.dedup();
            let known = match known.is_empty() {
                true => "it has none yet".to_owned(),
                false => format!("there are {}", known.join(", ")),
            };
            bail!(
                "the configuration has neither `[services.{name}]` nor `[tokens.{name}]`; {known}"
            );
        }
        match self.purpose {
            Some(Purpose::Key) => Ok(vec![self.service_key(settings, secrets)?]),
            Some(Purpose::Token) => Ok(vec![self.token_key(settings, secrets)?]),
            None => {
                let mut keys = Vec::new();
                if settings.services.contains_key(name) {
                    keys.push(self.service_key(settings, secrets)?);
                }
                // Where there is but an audience, why it has no key is the answer.
                let is_shared = settings.tokens.get(name).is_some_and(|audience| {
                    audience.algorithm == SigningAlgorithm::Hs256
                        && !audience.dangerously_sign_with_auth_secret
                });
                if is_shared || keys.is_empty() {
                    keys.push(self.token_key(settings, secrets)?);
                }
                Ok(keys)
            }
        }
    }

    fn service_key(&self, settings: &Settings, secrets: &Secrets) -> Result<Key> {
        let name = &self.service;
        let service = settings.services.get(name).with_context(|| {
            format!("`{name}` has no service key: add `[services.{name}]` to the configuration")
        })?;
        let version = service.key_versions.first().with_context(|| {
            format!("`services.{name}.keyVersions`: expected one version at least")
        })?;
        Ok(Key {
            comment: format!(
                "The service key of `{name}`, version {version}: it sends it as \
                 `x-vestibule-service-key`, or as the password of HTTP Basic."
            ),
            key: service_key(secrets.current(), name, *version),
        })
    }

    fn token_key(&self, settings: &Settings, secrets: &Secrets) -> Result<Key> {
        let name = &self.service;
        let audience = settings.tokens.get(name).with_context(|| {
            format!("`{name}` gets no tokens: add `[tokens.{name}]` to the configuration")
        })?;
        if let Some(algorithm) = audience.algorithm.asymmetric() {
            bail!(
                "the tokens of `{name}` are signed with {algorithm}: whoever verifies them needs the \
                 public keys of `/.well-known/jwks.json`, and no secret"
            );
        }
        if audience.dangerously_sign_with_auth_secret {
            bail!(
                "the tokens of `{name}` are signed with the secret itself; a key is derived without \
                 `tokens.{name}.dangerouslySignWithAuthSecret`"
            );
        }
        Ok(Key {
            comment: format!(
                "The HS256 key of the audience `{}`: it verifies tokens with it, as text.",
                audience.audience.as_ref().unwrap_or(name)
            ),
            key: audience_key(secrets.current(), name),
        })
    }
}

/// Whether keys are explained: to people, and not to whatever reads a pipe.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comments {
    Written,
    LeftOut,
}

fn written(keys: &[Key], comments: Comments) -> String {
    let line = |key: &Key| match comments {
        Comments::Written => format!("# {}\n{}", key.comment, key.key),
        Comments::LeftOut => key.key.clone(),
    };
    keys.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_what_a_key_is_for() {
        let key =
            |comment: &str, key: &str| Key { comment: comment.to_owned(), key: key.to_owned() };
        let keys = [key("Says who.", "vsk_x"), key("Verifies.", "y")];
        assert_eq!(written(&keys, Comments::Written), "# Says who.\nvsk_x\n# Verifies.\ny");
        assert_eq!(written(&keys, Comments::LeftOut), "vsk_x\ny");
    }
}
