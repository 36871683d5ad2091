//! What backends that are not JavaScript ask for: tokens for themselves, and who somebody is.
//!
//! | endpoint | who asks | what it answers |
//! |---|---|---|
//! | `POST /auth/token` ([`token`]) | a user, or a client for one | an access token for one audience |
//! | `GET /auth/me` ([`me`]) | a user | the user, as `/get-session` shows it |
//! | `GET {base}/verify` ([`verify`]) | a reverse proxy, with a user's request | 200 with `X-Auth-*`, or 401 |
//! | `POST {base}/introspect` ([`introspect`]) | a service, with its key | whether a token is active |
//!
//! An *audience* is a service for which tokens are minted: `[tokens.<name>]`, see [`audience`]. Such a
//! token is derived from a session and never replaces it: whoever gets one has proved a session, and
//! it ends with the session at the latest. Nothing in a body says who somebody is; an e-mail address
//! there is ignored like every other word that is not a proof.
//!
//! What this deliberately is not: an OAuth server. There are no clients, no consent, no scopes and no
//! refresh tokens; the session is the refresh token. `/auth/token` speaks RFC 8693 and RFC 6749 as far
//! as it goes, so that libraries can be pointed at it.
//!
//! The first two paths are at the origin and configurable, since existing backends have their names for
//! them. A program that embeds Vestibule adds the plugin itself:
//!
//! ```ignore
//! let backends = Backends::new(BackendOptions::default())
//!     .audience("api", AudienceOptions::new(SigningAlgorithm::Hs256));
//! let auth = vestibule::builder(options).services([api]).plugin(backends).store(store).build()?;
//! ```

mod access_token;
pub mod audience;
mod caller;
mod introspect;
mod me;
#[cfg(test)]
mod tests;
mod token;
mod verify;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use vestibule_core::Auth;
use vestibule_core::auth::BuildError;
use vestibule_core::endpoint::is_plain_path;
use vestibule_core::oauth_error;
use vestibule_core::options::{Options, RateRule};
use vestibule_core::plugin::{Contribution, Plugin, RateLimitRule};

use self::audience::{Audience, AudienceOptions};

/// What backends ask for.
pub struct Backends {
    options: BackendOptions,
    audiences: Vec<Audience>,
}

/// Where backends and their clients ask.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct BackendOptions {
    /// The path at the origin that gives tokens for audiences. Default: "/auth/token".
    pub token_path: String,
    /// The path at the origin that says who somebody is. Default: "/auth/me".
    pub me_path: String,
    /// Takes a session token as `subject_token` with its signature only, as it stands in the cookie.
    /// Default: false; the `token` that a sign-in answers has none.
    pub require_signature: bool,
}

impl Default for BackendOptions {
    fn default() -> Self {
        Self {
            token_path: "/auth/token".to_owned(),
            me_path: "/auth/me".to_owned(),
            require_signature: false,
        }
    }
}

/// A proxy asks once for each request of a page, a service once for each of its requests: more than
/// the default limit, and less than a machine can do.
const VERIFY_RULE: RateRule = RateRule { window: 10, max: 1000 };
const INTROSPECT_RULE: RateRule = RateRule { window: 10, max: 10_000 };

impl Backends {
    pub fn new(options: BackendOptions) -> Self {
        Self { options, audiences: Vec::new() }
    }

    /// Mints tokens for an audience; its name is that of its key.
    #[must_use]
    pub fn audience(mut self, name: impl Into<String>, options: AudienceOptions) -> Self {
        self.audiences.push(Audience::new(name.into(), options));
        self
    }
}

impl Plugin for Backends {
    fn id(&self) -> &'static str {
        "backends"
    }

    fn check(&self, _: &Options) -> Result<(), BuildError> {
        let BackendOptions { token_path, me_path, .. } = &self.options;
        for (option, path) in [("tokenPath", token_path), ("mePath", me_path)] {
            if !is_plain_path(path) {
                return Err(BuildError::Option {
                    option: format!("backend.{option}"),
                    reason: format!("expected a path such as \"/auth/token\", found {path:?}"),
                });
            }
        }
        Ok(())
    }

    fn contribute(self: Arc<Self>) -> Contribution {
        Contribution {
            endpoints: vec![
                token::endpoint(&self),
                me::endpoint(&self),
                verify::endpoint(&self),
                introspect::endpoint(&self),
            ],
            rate_limits: vec![
                RateLimitRule { matches: |path| path == "/verify", rule: VERIFY_RULE },
                RateLimitRule { matches: |path| path == "/introspect", rule: INTROSPECT_RULE },
            ],
            error_codes: oauth_error::CODES,
            ..Contribution::default()
        }
    }

    fn check_server(&self, auth: &Auth) -> Result<(), BuildError> {
        audience::check(&self.audiences, auth)
    }
}
