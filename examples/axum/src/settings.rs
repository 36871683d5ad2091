//! The environment, read once.

use anyhow::{Context as _, Result, bail};

pub(crate) struct Settings {
    pub(crate) address: String,
    pub(crate) database_url: String,
    pub(crate) trust: Trust,
    /// The pages that may call from another origin, and write with a cookie.
    pub(crate) frontend_origins: Vec<String>,
}

/// What proves who somebody is.
pub(crate) enum Trust {
    /// The session tables, which are in the same database. A revoked session ends at once.
    SharedDatabase { secret: String },
    /// Access tokens, by the key set of the auth server. No secret is needed.
    KeySet { url: String, issuer: String, audience: String },
}

impl Settings {
    pub(crate) fn read() -> Result<Self> {
        let host = variable("HOST").unwrap_or_else(|| "127.0.0.1".to_owned());
        let port = variable("PORT").unwrap_or_else(|| "8000".to_owned());
        let origins = variable("FRONTEND_ORIGIN").unwrap_or_else(|| LOCAL_FRONTEND.to_owned());
        Ok(Self {
            address: format!("{host}:{port}"),
            database_url: variable("DATABASE_URL").context("DATABASE_URL is not set")?,
            trust: Trust::read()?,
            frontend_origins: origins.split(',').map(|origin| origin.trim().to_owned()).collect(),
        })
    }
}

const LOCAL_FRONTEND: &str = "http://localhost:3000";

impl Trust {
    fn read() -> Result<Self> {
        match variable("AUTH_MODE").as_deref() {
            None | Some("shared-database") => {
                let secret = variable("BETTER_AUTH_SECRET")
                    .context("BETTER_AUTH_SECRET is not set; it signs the session cookie")?;
                Ok(Self::SharedDatabase { secret })
            }
            Some("key-set") => {
                let issuer = variable("AUTH_URL").unwrap_or_else(|| LOCAL_FRONTEND.to_owned());
                let url = variable("AUTH_JWKS_URL")
                    .unwrap_or_else(|| format!("{issuer}/.well-known/jwks.json"));
                let audience = variable("AUTH_AUDIENCE").unwrap_or_else(|| "notes".to_owned());
                Ok(Self::KeySet { url, issuer, audience })
            }
            Some(other) => bail!("AUTH_MODE is `{other}`; expected `shared-database` or `key-set`"),
        }
    }
}

/// An empty variable is one that is not set.
#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
