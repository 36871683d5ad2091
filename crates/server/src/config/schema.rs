//! The JSON Schema of the configuration file.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json, json};
use vestibule_core::options::Options;

use super::ServerOptions;

static SERVER_KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.root_schema_for::<ServerOptions>().to_value();
    properties(&mut schema).into_iter().map(|(key, _)| key).collect()
});

/// The names of our own keys.
pub(super) fn server_keys() -> impl Iterator<Item = &'static String> {
    SERVER_KEYS.iter()
}

/// Both structs' keys side by side, as they stand in the file.
pub(crate) fn schema() -> Json {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut server = generator.root_schema_for::<ServerOptions>().to_value();
    let mut options = generator.root_schema_for::<Options>().to_value();
    let mut keys = properties(&mut server);
    keys.extend(properties(&mut options));
    let mut definitions = definitions(&mut server);
    definitions.extend(self::definitions(&mut options));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Vestibule",
        "description": "The configuration of a Vestibule server: Better Auth's options and the server's own.",
        "type": "object",
        "properties": keys,
        "additionalProperties": false,
        "$defs": definitions,
    })
}

fn properties(schema: &mut Json) -> Map<String, Json> {
    take(schema, "properties")
}

fn definitions(schema: &mut Json) -> Map<String, Json> {
    take(schema, "$defs")
}

fn take(schema: &mut Json, key: &str) -> Map<String, Json> {
    match schema[key].take() {
        Json::Object(object) => object,
        _ => Map::new(),
    }
}
