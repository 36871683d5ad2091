//! `vestibule openapi`

use std::process::ExitCode;

use anyhow::Result;

use super::ConfigFile;
use crate::environment::Environment;
use crate::output::print;

pub(super) fn run(config: &ConfigFile, environment: &Environment) -> Result<ExitCode> {
    let auth = config.load(environment)?.try_out()?;
    print(format!("{:#}", auth.openapi()))?;
    Ok(ExitCode::SUCCESS)
}
