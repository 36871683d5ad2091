//! Users.

use serde_json::{Map, Value as Json};

use crate::call::Exchange;
use crate::error::{Error, Result};
use crate::models::User;
use crate::options::{UserInfoSource, ValidateUserInfo};
use crate::store::{Changes, ModelRow, Row};

pub struct Users<'a>(pub(crate) &'a mut Exchange);

impl Users<'_> {
    /// A user by address, in any case.
    pub async fn find_by_email(&self, email: &str) -> Result<Option<User>> {
        let email = email.to_lowercase();
        Ok(self.0.table::<User>().find_one(User::EMAIL.eq(email)).await?)
    }

    pub async fn find(&self, id: &str) -> Result<Option<User>> {
        Ok(self.0.table::<User>().find_one(User::ID.eq(id)).await?)
    }

    /// Inserts a user; `None` where a hook cancelled it.
    pub async fn create(&mut self, row: Row) -> Result<Option<User>> {
        let row = self.0.create(row).await?;
        Ok(row.map(User::from_row).transpose()?)
    }

    /// Changes a user; `None` where there is none of that id, or a hook cancelled it.
    pub async fn update(&mut self, id: &str, changes: Changes) -> Result<Option<User>> {
        let row = self.0.update(User::MODEL, User::ID.eq(id), changes).await?;
        Ok(row.map(User::from_row).transpose()?)
    }

    /// Asks `user.validateUserInfo` whether this user may come in.
    pub async fn validate(&self, user: Map<String, Json>, source: UserInfoSource) -> Result<()> {
        let auth = self.0.auth().clone();
        let Some(callback) = &auth.options().user.validate_user_info else { return Ok(()) };
        let input = ValidateUserInfo { user, source };
        let verdict = callback.call(self.0, "user.validateUserInfo", input).await;
        let verdict = verdict.map_err(|error| {
            tracing::error!(error = ?error, "user.validateUserInfo failed; the user is refused");
            Error::forbidden("User validation failed").with_code("validation_failed")
        })?;
        match verdict.error {
            None => Ok(()),
            Some(code) => {
                let message = verdict.error_description.unwrap_or_else(|| code.clone());
                Err(Error::forbidden(message).with_code(code))
            }
        }
    }
}
