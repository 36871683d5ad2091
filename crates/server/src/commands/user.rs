//! `vestibule user create|list|set-password`
//!
//! Passwords come from a prompt, from standard input or from a file, and never from the command
//! line, which other users of the computer can read.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use vestibule_core::Auth;
use vestibule_core::call::Exchange;
use vestibule_core::models::User as UserRow;
use vestibule_core::services::passwords::Length;
use vestibule_core::shape::is_email;
use vestibule_core::store::{Filter, Find, ModelRow as _, Order};
use vestibule_sql::Database;

use super::{ConfigFile, runtime};
use crate::environment::Environment;
use crate::output::print;
use crate::preparation::prepare_once;
use crate::settings::{AtStart, Settings};

/// The most that a password file or standard input may hold.
const PASSWORD_LIMIT_BYTES: u64 = 64 * 1024;

#[derive(Subcommand)]
pub(super) enum User {
    /// Make a user who signs in with a password
    Create(Create),
    /// List users, the oldest first
    List(List),
    /// Give a user another password and end all their sessions
    SetPassword(SetPassword),
}

#[derive(Args)]
pub(super) struct Create {
    /// The user's address
    email: String,
    /// Default: the part of the address before the @
    #[arg(long)]
    name: Option<String>,
    /// Mark the address as verified
    #[arg(long)]
    verified: bool,
    #[command(flatten)]
    password: PasswordFile,
}

#[derive(Args)]
pub(super) struct List {
    /// How many at most
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

#[derive(Args)]
pub(super) struct SetPassword {
    /// The user's address
    email: String,
    #[command(flatten)]
    password: PasswordFile,
}

#[derive(Args)]
struct PasswordFile {
    /// A file that holds the password; default: a prompt, or the first line of standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl User {
    pub(super) fn run(self, config: &ConfigFile, environment: &Environment) -> Result<ExitCode> {
        match self {
            Self::Create(create) => {
                let settings = config.load(environment)?;
                let password = create.password.read()?;
                runtime()?.block_on(create.run(&settings, &password))?;
            }
            Self::List(list) => {
                let settings = config.load(environment)?;
                runtime()?.block_on(list.run(&settings))?;
            }
            Self::SetPassword(set) => {
                let settings = config.load(environment)?;
                let password = set.password.read()?;
                runtime()?.block_on(set.run(&settings, &password))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Create {
    async fn run(&self, settings: &Settings, password: &str) -> Result<()> {
        if !is_email(&self.email) {
            bail!("{:?} is not an email address", self.email);
        }
        let email = self.email.to_lowercase();
        let before_at = self.email.split('@').next().unwrap_or_default();
        let name = self.name.as_deref().unwrap_or(before_at);
        let auth = open(settings).await?;
        let mut exchange = auth.unrequested()?;
        check_length(&exchange, password)?;
        if exchange.users().find_by_email(&email).await?.is_some() {
            bail!("there is a user with the address {email} already");
        }
        let hash = exchange.passwords().hash(password).await?;
        let mut row = exchange.new_row(UserRow::MODEL);
        row.values[UserRow::NAME.position] = name.into();
        row.values[UserRow::EMAIL.position] = email.as_str().into();
        row.values[UserRow::EMAIL_VERIFIED.position] = self.verified.into();
        exchange.begin().await?;
        let user = exchange.users().create(row).await?.context("a hook refused the user")?;
        let account = exchange.accounts().create_credential(&user.id, hash).await?;
        account.context("a hook refused the password account")?;
        exchange.commit().await?;
        print(format!("Made the user {} with the address {email}.", user.id))
    }
}

impl List {
    async fn run(&self, settings: &Settings) -> Result<()> {
        must_exist(settings)?;
        let auth = open(settings).await?;
        let exchange = auth.unrequested()?;
        let find = Find {
            model: exchange.model(UserRow::MODEL).clone(),
            filter: Filter::EVERYTHING,
            order: vec![(UserRow::CREATED_AT.position, Order::Ascending)],
            limit: Some(self.limit),
            offset: 0,
        };
        let rows = exchange.store().find_many(find).await?;
        let users = rows.into_iter().map(UserRow::from_row).collect::<Result<Vec<_>, _>>()?;
        for user in &users {
            let UserRow { id, email, name, created_at, .. } = user;
            // A name may hold what moves a terminal's cursor.
            let name: String = name.chars().filter(|character| !character.is_control()).collect();
            print(format!("{id}\t{email}\t{created_at}\t{name}"))?;
        }
        if users.len() == self.limit as usize {
            crate::output::warn(format!("there may be more than {}: see --limit", self.limit));
        }
        Ok(())
    }
}

impl SetPassword {
    async fn run(&self, settings: &Settings, password: &str) -> Result<()> {
        must_exist(settings)?;
        let auth = open(settings).await?;
        let mut exchange = auth.unrequested()?;
        check_length(&exchange, password)?;
        let user = exchange.users().find_by_email(&self.email).await?;
        let user =
            user.with_context(|| format!("there is no user with the address {}", self.email))?;
        let hash = exchange.passwords().hash(password).await?;
        exchange.begin().await?;
        match exchange.accounts().find_credential(&user.id).await? {
            Some(account) => exchange.accounts().set_password(&account.id, hash).await?,
            None => {
                let account = exchange.accounts().create_credential(&user.id, hash).await?;
                account.context("a hook refused the password account")?;
            }
        }
        exchange.sessions().revoke_all(&user.id).await?;
        exchange.commit().await?;
        print(format!("{} has a new password; all sessions have ended.", user.email))
    }
}

impl PasswordFile {
    fn read(&self) -> Result<String> {
        let password = match &self.password_file {
            Some(path) => {
                first_line(std::fs::File::open(path)).with_context(|| unreadable(path))?
            }
            None if std::io::stdin().is_terminal() => prompt()?,
            None => first_line(Ok(std::io::stdin())).context("failed to read standard input")?,
        };
        if password.is_empty() {
            bail!("the password is empty");
        }
        Ok(password)
    }
}

fn unreadable(path: &Path) -> String {
    format!("failed to read `{}`", path.display())
}

fn first_line(source: std::io::Result<impl std::io::Read>) -> std::io::Result<String> {
    let mut text = String::new();
    source?.take(PASSWORD_LIMIT_BYTES).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn prompt() -> Result<String> {
    let password = rpassword::prompt_password("Password: ")?;
    if rpassword::prompt_password("Once more: ")? != password {
        bail!("these are two different passwords");
    }
    Ok(password)
}

fn check_length(exchange: &Exchange, password: &str) -> Result<()> {
    let options = &exchange.auth().options().email_and_password;
    match exchange.passwords().length(password) {
        Length::Fine => Ok(()),
        Length::TooShort => {
            bail!("the password is too short: it needs {} characters", options.min_password_length)
        }
        Length::TooLong => {
            bail!("the password is too long: at most {} characters", options.max_password_length)
        }
    }
}

/// Opening a database makes its file, which is no good answer to a question about users.
pub(super) fn must_exist(settings: &Settings) -> Result<()> {
    match settings.database.missing_file() {
        None => Ok(()),
        Some(path) => bail!("the database `{}` does not exist", path.display()),
    }
}

/// The server without its socket, on a database that is as it should be.
pub(super) async fn open(settings: &Settings) -> Result<Auth> {
    if settings.database.at_start != AtStart::Migrate {
        must_exist(settings)?;
    }
    let schema = settings.builder().schema()?;
    let database = Database::connect(&settings.database.url, &schema)?;
    prepare_once(&database, settings.database.at_start).await?;
    let secrets = settings.secret.open()?;
    let one = std::num::NonZero::<usize>::MIN;
    let builder = settings.builder().store(database.store()).secrets(secrets).hash_threads(one);
    Ok(builder.build()?)
}
