//! The plugins, and the registry that finds them by id for a configuration.
//!
//! A plugin is a folder here, a `pub mod` line and an entry in [`PLUGINS`].

pub mod backends;
pub mod bearer;
pub mod jwt;

use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use vestibule_core::plugin::Plugin;

/// Ours and not Better Auth's: its keys stand at the top of the configuration (`[tokens]`, `[backend]`)
/// and every server has it, so it is no [`Entry`] and the server makes it.
pub use crate::backends::audience::{AudienceOptions, SigningAlgorithm};
pub use crate::backends::{BackendOptions, Backends};

/// Every plugin there is, by id.
pub const PLUGINS: &[Entry] = &[
    Entry::of::<bearer::Bearer, bearer::Options>("bearer"),
    Entry::of::<jwt::Jwt, jwt::Options>("jwt"),
];

/// How a configuration makes a plugin.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Better Auth's id of it, such as `one-time-token`.
    pub id: &'static str,
    /// What its options look like.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Makes it of its options.
    pub build: fn(Json) -> serde_json::Result<Arc<dyn Plugin>>,
}

impl Entry {
    /// A plugin `P` that is made of options `O`.
    pub const fn of<P, O>(id: &'static str) -> Self
    where
        P: Plugin + From<O>,
        O: DeserializeOwned + JsonSchema,
    {
        Self {
            id,
            schema: |generator| generator.subschema_for::<O>(),
            build: |options| Ok(Arc::new(P::from(serde_json::from_value::<O>(options)?))),
        }
    }
}

/// The plugin of an id, if there is one.
pub fn find(id: &str) -> Option<&'static Entry> {
    PLUGINS.iter().find(|entry| entry.id == id)
}

#[cfg(test)]
mod tests {
    use vestibule_core::plugin::Contribution;

    use super::*;

    #[derive(serde::Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Options {
        _length: u8,
    }

    struct Sample;

    impl From<Options> for Sample {
        fn from(_: Options) -> Self {
            Self
        }
    }

    impl Plugin for Sample {
        fn id(&self) -> &'static str {
            "sample"
        }

        fn contribute(self: Arc<Self>) -> Contribution {
            Contribution::default()
        }
    }

    #[test]
    fn an_entry_makes_a_plugin_of_its_options() {
        let entry = Entry::of::<Sample, Options>("sample");
        let plugin = (entry.build)(serde_json::json!({ "_length": 6 })).unwrap();
        assert_eq!(plugin.id(), entry.id);
        assert!((entry.build)(serde_json::json!({ "_length": "six" })).is_err());
    }

    #[test]
    fn ids_are_unique() {
        for (position, entry) in PLUGINS.iter().enumerate() {
            assert!(PLUGINS[..position].iter().all(|other| other.id != entry.id), "{}", entry.id);
        }
    }
}
