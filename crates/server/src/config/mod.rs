//! The configuration file: Better Auth's options, letter for letter, and the server's own keys
//! beside them.
//!
//! [`document`] reads TOML or JSON, [`check`] names every mistake with its path, what was found and
//! what was expected; only then serde makes values of it. [`schema`] describes the whole file, for
//! [`check`] and for editors.

mod check;
mod document;
mod schema;
mod server_options;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use vestibule_core::options::Options;
use vestibule_core::plugin::Plugin;

pub(crate) use schema::schema;
pub(crate) use server_options::{
    Notifications, Provider, ServerOptions, ServiceOptions, WebhookOptions,
};

/// Read when no other file is named.
pub(crate) const DEFAULT_FILE: &str = "vestibule.toml";

/// A configuration file, or what holds without one.
pub(crate) struct Config {
    /// Better Auth's keys.
    pub(crate) options: Options,
    /// Our own keys.
    pub(crate) server: ServerOptions,
    /// In the order of the file.
    pub(crate) plugins: Vec<Arc<dyn Plugin>>,
}

impl Config {
    /// Reads the file that is named, else [`DEFAULT_FILE`] if there is one.
    pub(crate) fn read(named: Option<&Path>) -> Result<Self> {
        let Some(file) = file(named) else { return Ok(Self::without_file()) };
        let document = document::read(&file)?;
        Self::parse(document, &file)
    }

    /// What a first start finds: people can sign up.
    fn without_file() -> Self {
        let mut options = Options::default();
        options.email_and_password.enabled = true;
        Self { options, server: ServerOptions::default(), plugins: Vec::new() }
    }

    fn parse(document: Map<String, Json>, file: &Path) -> Result<Self> {
        let schema = schema();
        let document = Json::Object(document);
        let mistakes = check::check(&schema, &document);
        if !mistakes.is_empty() {
            let lines: Vec<_> = mistakes.iter().map(|mistake| format!("\n  {mistake}")).collect();
            bail!("`{}` cannot be used:{}", file.display(), lines.concat());
        }
        let Json::Object(document) = document else { unreachable!("it was made one above") };
        let is_own = |key: &String| schema::server_keys().any(|own| own == key);
        let (server, options): (Map<_, _>, Map<_, _>) =
            document.into_iter().partition(|(key, _)| is_own(key));
        let place = || format!("`{}` cannot be used", file.display());
        let server: ServerOptions = deserialize(server).with_context(place)?;
        let plugins = build_plugins(&server).with_context(place)?;
        Ok(Self { options: deserialize(options).with_context(place)?, server, plugins })
    }
}

/// The file that is read, and what stands in it, for those who explain it; null without one.
pub(crate) fn document(named: Option<&Path>) -> Result<(Option<PathBuf>, Json)> {
    let Some(file) = file(named) else { return Ok((None, Json::Null)) };
    let document = document::read(&file)?;
    Ok((Some(file), Json::Object(document)))
}

fn file(named: Option<&Path>) -> Option<PathBuf> {
    named.map(Path::to_owned).or_else(|| {
        let default = PathBuf::from(DEFAULT_FILE);
        default.is_file().then_some(default)
    })
}

fn deserialize<T: DeserializeOwned>(keys: Map<String, Json>) -> Result<T> {
    serde_path_to_error::deserialize(Json::Object(keys)).map_err(|error| {
        let path = error.path().to_string();
        anyhow::anyhow!("{path}: {}", error.into_inner())
    })
}

fn build_plugins(server: &ServerOptions) -> Result<Vec<Arc<dyn Plugin>>> {
    let build = |(id, options): (&String, &Json)| {
        let entry =
            vestibule_plugins::find(id).with_context(|| format!("plugins.{id}: unknown"))?;
        (entry.build)(options.clone()).with_context(|| format!("plugins.{id}"))
    };
    server.plugins.iter().map(build).collect()
}
