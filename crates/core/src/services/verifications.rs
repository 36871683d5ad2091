//! Verifications: values that prove something once, until they expire.

use std::time::Duration;

use crate::call::Exchange;
use crate::error::Result;
use crate::models::Verification;
use crate::store::{ModelRow, Order};

pub struct Verifications<'a>(pub(crate) &'a mut Exchange);

impl Verifications<'_> {
    /// Stores a value under an identifier for a while; `None` where a hook cancelled it.
    pub async fn create(
        &mut self,
        identifier: &str,
        value: &str,
        lifetime: Duration,
    ) -> Result<Option<Verification>> {
        let mut row = self.0.new_row(Verification::MODEL);
        row.values[Verification::IDENTIFIER.position] = identifier.into();
        row.values[Verification::VALUE.position] = value.into();
        row.values[Verification::EXPIRES_AT.position] = (self.0.now() + lifetime).into();
        Ok(self.0.create(row).await?.map(Verification::from_row).transpose()?)
    }

    /// The newest of an identifier, expired or not.
    pub async fn find(&self, identifier: &str) -> Result<Option<Verification>> {
        let filter = Verification::IDENTIFIER.eq(identifier);
        let newest = (&Verification::CREATED_AT, Order::Descending);
        Ok(self.0.table::<Verification>().find_first(filter, newest.0, newest.1).await?)
    }

    /// Takes the newest of an identifier away, with all older ones: of concurrent callers exactly
    /// one gets it. Whoever gets it must still look whether it has expired.
    pub async fn consume(&mut self, identifier: &str) -> Result<Option<Verification>> {
        let Some(newest) = self.find(identifier).await? else { return Ok(None) };
        let consumed =
            self.0.table::<Verification>().consume_one(Verification::ID.eq(newest.id)).await?;
        if consumed.is_some() {
            let rest = Verification::IDENTIFIER.eq(identifier);
            self.0.table::<Verification>().delete_many(rest).await?;
        }
        Ok(consumed)
    }
}
