//! The plugin `jwt`: tokens that services verify with a public key.
//!
//! Whoever has a session gets a token for it, from `/token` or in the header `set-auth-jwt` of
//! `/get-session`. Services verify it with the key set of `/jwks`, and hold no secret.
//!
//! The keys stand in the table `jwks`, private parts encrypted with the server's secret. They are
//! made when they are needed and rotate when they are too old ([`keys`]). Other parts of the server
//! sign with them through [`KeySet`]. Their public parts are also at the origin, with a discovery
//! document ([`well_known`]), where frameworks look for them that know OpenID Connect.
//!
//! Start with [`claims`], what is signed, and [`keys`], what it is signed with.
//!
//! Reference: better-auth 1.7.7, plugins/jwt.

mod claims;
mod header;
mod jwks;
mod key_set;
mod keys;
mod options;
mod schema;
#[cfg(test)]
mod tests;
mod time_span;
mod token;
mod verify;
mod well_known;

use std::sync::Arc;

use vestibule_core::auth::BuildError;
use vestibule_core::key_set::KeySet;
use vestibule_core::options::Options as CoreOptions;
use vestibule_core::plugin::{Contribution, ModelDeclaration, Plugin};

use self::header::SetHeader;
use self::keys::Keys;
pub use self::options::{
    AdapterOptions, ExpirationTime, JwksOptions, KeyPairConfig, OneOrMany, Options, SchemaNames,
    SignArguments, TokenOptions,
};
pub use self::schema::{NewKey, StoredKey};
pub use self::time_span::TimeSpan;

/// The plugin, configured.
pub struct Jwt {
    options: Options,
    keys: Keys,
}

impl From<Options> for Jwt {
    fn from(options: Options) -> Self {
        Self { keys: Keys::default(), options }
    }
}

impl Plugin for Jwt {
    fn id(&self) -> &'static str {
        "jwt"
    }

    fn check(&self, core: &CoreOptions) -> Result<(), BuildError> {
        self.options.check(core)
    }

    fn contribute(self: Arc<Self>) -> Contribution {
        let mut endpoints = vec![jwks::endpoint(&self), token::endpoint(&self)];
        endpoints.extend(well_known::endpoints(&self));
        Contribution {
            endpoints,
            models: vec![ModelDeclaration::of::<schema::Jwk>().named(&self.options.schema.jwks)],
            hooks: match self.options.disable_setting_jwt_header {
                true => Vec::new(),
                false => vec![Arc::new(SetHeader(self.clone()))],
            },
            key_set: Some(self as Arc<dyn KeySet>),
            ..Contribution::default()
        }
    }
}
