//! The checkout: where it is, and what it is made of.

use anyhow::{Context as _, Result};
use cargo_metadata::camino::Utf8PathBuf;
use cargo_metadata::{MetadataCommand, Package};

/// The checkout that the command was called in.
pub(crate) struct Project {
    pub(crate) root: Utf8PathBuf,
    /// Where cargo builds.
    pub(crate) target: Utf8PathBuf,
    /// The workspace's own packages, with the dependencies they declare.
    pub(crate) packages: Vec<Package>,
}

impl Project {
    pub(crate) fn find() -> Result<Self> {
        let metadata = MetadataCommand::new()
            .no_deps()
            .exec()
            .context("failed to read the workspace with `cargo metadata`")?;
        Ok(Self {
            root: metadata.workspace_root,
            target: metadata.target_directory,
            packages: metadata.packages,
        })
    }
}
