//! The environment: read here and nowhere else.
//!
//! The process's own variables come before those of `.env` in the working directory. Where a
//! variable may hold a secret, `<NAME>_FILE` names a file that holds it instead. An empty variable
//! is as good as none.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// What the server may learn from its environment.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    /// The first that has a variable wins.
    layers: Vec<Layer>,
}

#[derive(Clone, Default)]
struct Layer {
    /// Such as "the environment", for messages.
    name: &'static str,
    values: HashMap<String, String>,
}

/// The base URL, in the reference's order.
const BASE_URL: [&str; 6] = [
    "BETTER_AUTH_URL",
    "NEXT_PUBLIC_BETTER_AUTH_URL",
    "PUBLIC_BETTER_AUTH_URL",
    "NUXT_PUBLIC_BETTER_AUTH_URL",
    "NUXT_PUBLIC_AUTH_URL",
    "BASE_URL",
];

/// Variables that may stand in a file instead.
const IN_FILES: [&str; 6] = [
    "AUTH_SECRET",
    "BETTER_AUTH_SECRET",
    "BETTER_AUTH_SECRETS",
    "BETTER_AUTH_TRUSTED_ORIGINS",
    "BETTER_AUTH_URL",
    "DATABASE_URL",
];

/// Everything else that is read.
const OTHERS: [&str; 5] = ["HOST", "NODE_ENV", "NO_COLOR", "PORT", "RUST_LOG"];

impl Environment {
    /// Reads the process's environment, and `.env` if there is one.
    pub(crate) fn read() -> Result<Self> {
        let mut own = Layer { name: "the environment", ..Layer::default() };
        for name in known() {
            #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
            let value = std::env::var(&name);
            match value {
                Ok(value) => drop(own.values.insert(name, value)),
                Err(std::env::VarError::NotPresent) => {}
                Err(std::env::VarError::NotUnicode(_)) => bail!("`{name}` is not UTF-8"),
            }
        }
        let mut file = Layer { name: "`.env`", ..Layer::default() };
        if Path::new(".env").is_file() {
            // Its errors quote the line, which may hold a secret.
            let lines = dotenvy::from_path_iter(".env").ok().context("failed to read `.env`")?;
            for (line, variable) in (1..).zip(lines) {
                let (name, value) = variable.ok().with_context(|| {
                    format!("variable {line} of `.env` is not of the form `NAME=value`")
                })?;
                file.values.insert(name, value);
            }
        }
        Ok(Self { layers: vec![own, file] })
    }

    /// The value of a variable, from a file where `<NAME>_FILE` says so.
    pub(crate) fn get(&self, name: &str) -> Result<Option<String>> {
        for layer in &self.layers {
            let value = layer.get(name);
            let file_name = format!("{name}_FILE");
            let file = layer.get(&file_name).filter(|_| IN_FILES.contains(&name));
            match (value, file) {
                (None, None) => {}
                (Some(value), None) => return Ok(Some(value.to_owned())),
                (None, Some(path)) => {
                    let text = std::fs::read_to_string(path).with_context(|| {
                        format!("failed to read `{path}`, which `{file_name}` names")
                    })?;
                    let text = text.trim_end_matches(['\r', '\n']);
                    if text.is_empty() {
                        bail!("`{path}`, which `{file_name}` names, is empty");
                    }
                    return Ok(Some(text.to_owned()));
                }
                (Some(_), Some(_)) => bail!(
                    "`{name}` and `{file_name}` are both set in {}: set one of them",
                    layer.name
                ),
            }
        }
        Ok(None)
    }

    /// A variable that the caller names, such as that of `--secret-env`.
    pub(crate) fn named(&self, name: &str) -> Result<Option<String>> {
        #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
        match std::env::var(name) {
            Ok(value) if !value.is_empty() => Ok(Some(value)),
            Ok(_) | Err(std::env::VarError::NotPresent) => self.get(name),
            Err(std::env::VarError::NotUnicode(_)) => bail!("`{name}` is not UTF-8"),
        }
    }

    /// The base URL by the first of the names that the reference knows.
    pub(crate) fn base_url(&self) -> Result<Option<String>> {
        for name in BASE_URL {
            // Bundlers set `BASE_URL` to `/`, which says nothing about where a server is.
            if let Some(url) = self.get(name)?.filter(|url| name != "BASE_URL" || url != "/") {
                return Ok(Some(url));
            }
        }
        Ok(None)
    }
}

impl Layer {
    fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

fn known() -> impl Iterator<Item = String> {
    let files = IN_FILES.iter().map(|name| format!("{name}_FILE"));
    BASE_URL.iter().chain(&IN_FILES).chain(&OTHERS).map(|name| (*name).to_owned()).chain(files)
}
