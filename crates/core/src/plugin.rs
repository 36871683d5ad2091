//! What a plugin is: a name and a [`Contribution`], which is data.
//!
//! [`Auth`](crate::Auth) reads every contribution once, at the start. Nothing asks a plugin
//! anything afterwards; what it needs at run time stands in its endpoints and hooks.

use std::collections::HashMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::auth::{Auth, BuildError};
use crate::endpoint::Endpoint;
use crate::error::ErrorCode;
use crate::hook::{DatabaseHook, Hook};
use crate::key_set::KeySet;
use crate::options::{Options, RateRule};
use crate::schema::Field;
use crate::store::ModelRow;

/// A plugin, configured.
pub trait Plugin: Send + Sync + 'static {
    /// Better Auth's id of it, such as `one-time-token`.
    fn id(&self) -> &'static str;

    /// What types cannot say about its options, and what these ask of the core's: asked once, at the
    /// start, for a [`BuildError::Option`] with the option's whole path.
    fn check(&self, _: &Options) -> Result<(), BuildError> {
        Ok(())
    }

    /// Everything it brings.
    fn contribute(self: Arc<Self>) -> Contribution;

    /// What only the whole server can tell, such as whether a field exists that an option names.
    /// Asked once, when everything is put together; an error stops the start.
    fn check_server(&self, _: &Auth) -> Result<(), BuildError> {
        Ok(())
    }
}

/// Everything a plugin brings.
#[derive(Default)]
pub struct Contribution {
    pub endpoints: Vec<Endpoint>,
    pub models: Vec<ModelDeclaration>,
    /// Fields for models of others: `("user", field)`.
    pub fields: Vec<(&'static str, Field)>,
    pub hooks: Vec<Arc<dyn Hook>>,
    pub database_hooks: Vec<Arc<dyn DatabaseHook>>,
    pub rate_limits: Vec<RateLimitRule>,
    pub trusted_origins: Vec<String>,
    pub error_codes: &'static [ErrorCode],
    /// Keys that sign for others; of one plugin at most.
    pub key_set: Option<Arc<dyn KeySet>>,
}

/// A model of a plugin.
pub struct ModelDeclaration {
    pub name: &'static str,
    pub(crate) declare: fn(&mut crate::schema::Builder),
    pub(crate) names: ModelNames,
}

impl ModelDeclaration {
    pub fn of<M: ModelRow>() -> Self {
        Self {
            name: M::MODEL,
            declare: |schema| {
                schema.declare::<M>();
            },
            names: ModelNames::default(),
        }
    }

    /// The same model under the names of the options.
    #[must_use]
    pub fn named(self, names: &ModelNames) -> Self {
        Self { names: names.clone(), ..self }
    }
}

/// What a model of a plugin is called in the database: `schema.<model>` of its options.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelNames {
    /// The table's name. Default: the model's.
    pub model_name: Option<String>,
    /// Column names by field.
    pub fields: HashMap<String, String>,
}

/// A plugin's limit for some of its paths.
pub struct RateLimitRule {
    pub matches: fn(path: &str) -> bool,
    pub rule: RateRule,
}
