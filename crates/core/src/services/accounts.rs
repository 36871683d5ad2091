//! Accounts: the ways in which a user signs in.

use crate::call::Exchange;
use crate::error::Result;
use crate::models::Account;
use crate::store::ModelRow;

pub struct Accounts<'a>(pub(crate) &'a mut Exchange);

impl Accounts<'_> {
    /// Gives a user a password; `None` where a hook cancelled it.
    pub async fn create_credential(
        &mut self,
        user_id: &str,
        password_hash: String,
    ) -> Result<Option<Account>> {
        let mut row = self.0.new_row(Account::MODEL);
        row.values[Account::ACCOUNT_ID.position] = user_id.into();
        row.values[Account::PROVIDER_ID.position] = Account::CREDENTIAL.into();
        row.values[Account::USER_ID.position] = user_id.into();
        row.values[Account::PASSWORD.position] = password_hash.into();
        Ok(self.0.create(row).await?.map(Account::from_row).transpose()?)
    }

    /// The user's password account.
    pub async fn find_credential(&self, user_id: &str) -> Result<Option<Account>> {
        let filter = Account::USER_ID.eq(user_id).and(Account::PROVIDER_ID.eq(Account::CREDENTIAL));
        Ok(self.0.table::<Account>().find_one(filter).await?)
    }

    /// Replaces the hash of a password account.
    pub async fn set_password(&mut self, id: &str, password_hash: String) -> Result<()> {
        let changes = vec![Account::PASSWORD.set(password_hash)];
        self.0.update(Account::MODEL, Account::ID.eq(id), changes).await?;
        Ok(())
    }
}
