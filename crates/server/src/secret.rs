//! Where the server's secret comes from, and that it is a good one.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vestibule_core::crypto::secrets::{InvalidSecrets, Secrets, Sources, VersionedSecret};
use vestibule_core::options::Options;
// tidy-allow(random): a secret is made before there is a server that gives randomness.
use vestibule_core::random::{Random as _, SystemRandom};

use crate::environment::Environment;

/// In the working directory, when nothing else gives a secret in development.
pub(crate) const FILE: &str = "vestibule.secret";

/// The command that makes one.
const COMMAND: &str = "vestibule secret generate";

/// Fewer characters are refused in production.
const MINIMUM_LENGTH: usize = 32;

/// Where the secret is.
#[derive(Debug, Clone)]
pub(crate) enum SecretSource {
    Given(Secrets),
    /// A file of our own, made when it is first needed.
    File(PathBuf),
}

impl SecretSource {
    /// Finds the secret in the options, then in the environment. Fails in production where it is none
    /// to rely on.
    pub(crate) fn find(options: &Options, environment: &Environment) -> Result<Self> {
        let secrets: Option<Vec<_>> = options.secrets.as_ref().map(|secrets| {
            let version = |secret: &vestibule_core::options::VersionedSecret| VersionedSecret {
                version: secret.version,
                value: secret.value.expose().to_owned(),
            };
            secrets.iter().map(version).collect()
        });
        let better_auth_secrets = environment.get("BETTER_AUTH_SECRETS")?;
        let better_auth_secret = environment.get("BETTER_AUTH_SECRET")?;
        let auth_secret = environment.get("AUTH_SECRET")?;
        let sources = Sources {
            secrets: secrets.as_deref(),
            secret: options.secret.as_ref().map(|secret| secret.expose()),
            better_auth_secrets: better_auth_secrets.as_deref(),
            better_auth_secret: better_auth_secret.as_deref(),
            auth_secret: auth_secret.as_deref(),
        };
        let is_given = sources.secrets.is_some()
            || [sources.secret, sources.better_auth_secrets, sources.better_auth_secret]
                .into_iter()
                .chain([sources.auth_secret])
                .flatten()
                .any(|secret| !secret.is_empty());
        match (is_given, options.production) {
            (true, true) => {
                let secrets = find(sources)?;
                check(&secrets)?;
                Ok(Self::Given(secrets))
            }
            (true, false) => Ok(Self::Given(find(sources)?)),
            (false, false) => Ok(Self::File(PathBuf::from(FILE))),
            (false, true) if Path::new(FILE).exists() => bail!(
                "production needs a secret: make one with `{COMMAND}` and set `BETTER_AUTH_SECRET`; \
                 or keep the one of development by `BETTER_AUTH_SECRET_FILE={FILE}`"
            ),
            (false, true) => bail!(
                "production needs a secret: make one with `{COMMAND}` and set `BETTER_AUTH_SECRET`"
            ),
        }
    }

    /// The secrets, if there are any yet.
    pub(crate) fn existing(&self) -> Result<Option<Secrets>> {
        match self {
            Self::Given(secrets) => Ok(Some(secrets.clone())),
            Self::File(path) => Ok(read(path)?.map(|secret| Secrets::single(&secret))),
        }
    }

    /// The secrets; makes the file if it is not there yet.
    pub(crate) fn open(&self) -> Result<Secrets> {
        match self {
            Self::Given(secrets) => Ok(secrets.clone()),
            Self::File(path) => Ok(Secrets::single(&read_or_make(path)?)),
        }
    }
}

/// 32 random bytes in base64.
pub(crate) fn generate() -> String {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes); // tidy-allow(random): as above.
    STANDARD.encode(bytes)
}

fn find(sources: Sources<'_>) -> Result<Secrets> {
    // The reference's words quote the entry, which is the secret where the version was forgotten.
    Secrets::find(sources).map_err(|error| match error {
        InvalidSecrets::Entry(_) | InvalidSecrets::EntryVersion(_) => anyhow::anyhow!(
            "`BETTER_AUTH_SECRETS`: expected `<version>:<secret>`, several divided by commas; \
             an entry (not shown here) has no whole number before its first colon"
        ),
        error => error.into(),
    })
}

fn check(secrets: &Secrets) -> Result<()> {
    if secrets.is_default() {
        bail!("the secret is the one that everybody knows: make another with `{COMMAND}`");
    }
    let length = secrets.current().encode_utf16().count();
    if length < MINIMUM_LENGTH {
        bail!(
            "the secret has {length} characters, production needs {MINIMUM_LENGTH}: make one with `{COMMAND}`"
        );
    }
    Ok(())
}

fn read_or_make(path: &Path) -> Result<String> {
    if let Some(secret) = read(path)? {
        return Ok(secret);
    }
    make(path).with_context(|| format!("failed to make `{}`", path.display()))?;
    read(path)?.with_context(|| format!("`{}` is gone again", path.display()))
}

fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => {
            bail!("`{}` is empty: delete it, and the next start makes one", path.display())
        }
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("failed to read `{}`", path.display())),
    }
}

/// Writes a new secret beside the place and links it there: nobody ever reads half of one, and of
/// several processes that start together one wins.
fn make(path: &Path) -> std::io::Result<()> {
    let draft = path.with_extension(format!("secret.{}", std::process::id()));
    // What a process of the same number left when it was killed.
    if draft.exists() {
        fs::remove_file(&draft)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(format!("{}\n", generate()).as_bytes())?;
    file.sync_all()?;
    let linked = match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    };
    fs::remove_file(&draft)?;
    linked
}
