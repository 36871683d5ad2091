//! Passwords: hashed and checked on a pool of their own, or by the callbacks of the options.

use std::time::Duration;

use crate::call::Exchange;
use crate::error::{Error, Result};
use crate::options::VerifyPassword;

pub struct Passwords<'a>(pub(crate) &'a Exchange);

/// How long a password is, by `minPasswordLength` and `maxPasswordLength`, in UTF-16 code units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    TooShort,
    Fine,
    TooLong,
}

impl Passwords<'_> {
    pub fn length(&self, password: &str) -> Length {
        let options = &self.0.auth().options().email_and_password;
        let length = password.encode_utf16().count();
        if length < options.min_password_length {
            Length::TooShort
        } else if length > options.max_password_length {
            Length::TooLong
        } else {
            Length::Fine
        }
    }

    /// The hash to store. 503 where too many others are waiting for theirs.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let auth = self.0.auth();
        if let Some(callback) = &auth.options().email_and_password.password.hash {
            let option = "emailAndPassword.password.hash";
            return callback.call(self.0, option, password.to_owned()).await;
        }
        let mut salt = [0; 16];
        self.0.random().fill(&mut salt);
        auth.hash_pool().hash(password, salt).await.map_err(overloaded)
    }

    /// Whether a password fits a stored hash. Without a hash it does not, and takes as long to say so.
    pub async fn fits(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let auth = self.0.auth();
        let Some(hash) = hash else {
            self.hash(password).await?;
            return Ok(false);
        };
        if let Some(callback) = &auth.options().email_and_password.password.verify {
            let input = VerifyPassword { hash: hash.to_owned(), password: password.to_owned() };
            return callback.call(self.0, "emailAndPassword.password.verify", input).await;
        }
        auth.hash_pool().verify(hash, password).await.map_err(overloaded)
    }
}

fn overloaded(error: crate::crypto::password::Overloaded) -> Error {
    Error::unavailable("hash a password", Duration::from_secs(1)).with_source(error)
}
