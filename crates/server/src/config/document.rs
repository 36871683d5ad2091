//! A file as JSON, with its keys in their order.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value as Json};

/// Reads TOML, or JSON where the file's name ends in `.json`.
///
/// Errors name the line, and do not show it: it may hold a secret.
pub(super) fn read(path: &Path) -> Result<Map<String, Json>> {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    if ["yaml", "yml", "jsonc", "json5"].iter().any(|other| ending == *other) {
        bail!(
            "`{}`: expected a file of TOML or JSON; YAML and others are not read",
            path.display()
        );
    }
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read `{}`", path.display()))?;
    let place = |line: usize, column: usize, what: &str| {
        format!("`{}`, line {line}, column {column}: {what}", path.display())
    };
    if path.extension().is_some_and(|ending| ending == "json") {
        let document = serde_json::from_str(&text).map_err(|error| {
            anyhow::anyhow!(place(error.line(), error.column(), "this is not JSON"))
        })?;
        let Json::Object(document) = document else {
            bail!("`{}`: expected an object", path.display());
        };
        return Ok(document);
    }
    let table: toml::Table = toml::from_str(&text).map_err(|error| {
        let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        anyhow::anyhow!(place(line, column, error.message()))
    })?;
    Ok(object(table))
}

fn object(table: toml::Table) -> Map<String, Json> {
    table.into_iter().map(|(key, value)| (key, json(value))).collect()
}

fn json(value: toml::Value) -> Json {
    match value {
        toml::Value::String(text) => Json::String(text),
        toml::Value::Integer(number) => Json::from(number),
        toml::Value::Float(number) => Json::from(number),
        toml::Value::Boolean(boolean) => Json::Bool(boolean),
        toml::Value::Datetime(time) => Json::String(time.to_string()),
        toml::Value::Array(items) => Json::Array(items.into_iter().map(json).collect()),
        toml::Value::Table(table) => Json::Object(object(table)),
    }
}
