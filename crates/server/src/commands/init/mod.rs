//! `vestibule init next`
//!
//! Writes the few files that another program needs to work with this server. They are starting
//! points that belong to their project from then on: what is there already is kept.

mod next;

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Subcommand;

use super::ConfigFile;
use crate::environment::Environment;

#[derive(Subcommand)]
pub(super) enum Init {
    /// Write what a Next.js project needs: lib/auth.ts, lib/auth-client.ts, proxy.ts, .env.example
    Next(next::Next),
}

impl Init {
    pub(super) fn run(self, config: &ConfigFile, environment: &Environment) -> Result<ExitCode> {
        match self {
            Self::Next(next) => next.run(config, environment),
        }
    }
}

/// A file to be written.
struct Draft {
    /// Below the project's folder.
    path: PathBuf,
    text: String,
}

/// What to do with a file that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    Keep,
    Replace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    New,
    Replaced,
    Kept,
}

impl Draft {
    fn write(&self, folder: &Path, existing: Existing) -> Result<Written> {
        let path = folder.join(&self.path);
        let attempt = || format!("failed to write `{}`", path.display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(attempt)?;
        }
        // Whether it is there is asked and decided in one step.
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(self.text.as_bytes()).with_context(attempt)?;
                Ok(Written::New)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => match existing {
                Existing::Keep => Ok(Written::Kept),
                Existing::Replace => {
                    fs::write(&path, &self.text).with_context(attempt)?;
                    Ok(Written::Replaced)
                }
            },
            Err(error) => Err(error).with_context(attempt),
        }
    }
}

/// Puts values into a template: `{{name}}`.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = template.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{{{{name}}}}}"), value);
    }
    debug_assert!(!text.contains("{{"), "a template has a place that nothing fills");
    text
}
