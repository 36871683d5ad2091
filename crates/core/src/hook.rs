//! Hooks: what options and plugins do around requests and around writes.

use async_trait::async_trait;

use crate::call::Exchange;
use crate::endpoint::Reply;
use crate::error::{Error, Result};
use crate::store::{Changes, Row};

/// Runs before and after endpoints. The user's hooks run before the plugins', plugins in their order.
#[async_trait]
pub trait Hook: Send + Sync {
    /// Whether it runs for this endpoint, by its declared path. Asked once, at the start.
    fn matches(&self, path: &str) -> bool;

    /// Before the route is known, whatever it will be. It may change headers, or answer itself.
    async fn on_request(&self, _call: &mut Exchange) -> Result<Option<Reply>> {
        Ok(None)
    }

    /// Before its [`before`](Self::before), and where [`Auth::session`](crate::Auth::session) looks for
    /// the session of a request that is for no endpoint: may put what the request proves by other
    /// means than a cookie into the request's cookies.
    async fn identify(&self, _call: &mut Exchange) -> Result<()> {
        Ok(())
    }

    /// Before the input is validated. It may change headers, body and query, or answer itself.
    async fn before(&self, _call: &mut Exchange) -> Result<Option<Reply>> {
        Ok(None)
    }

    /// After the handler. It may replace the answer, and add headers and cookies.
    async fn after(&self, _call: &mut Exchange, answer: Result<Reply>) -> Result<Reply> {
        answer
    }
}

/// Runs around writes to one model. Plugins' hooks run before the user's.
///
/// `before_*` may change what is written or cancel it; `after_*` runs once the write is committed.
#[async_trait]
pub trait DatabaseHook: Send + Sync {
    /// The logical name of the model.
    fn model(&self) -> &'static str;

    async fn before_create(&self, _row: &mut Row, _call: &mut Exchange) -> Result<Verdict> {
        Ok(Verdict::Continue)
    }

    async fn after_create(&self, _row: &Row, _call: &mut Exchange) -> Result<()> {
        Ok(())
    }

    async fn before_update(&self, _changes: &mut Changes, _call: &mut Exchange) -> Result<Verdict> {
        Ok(Verdict::Continue)
    }

    async fn after_update(&self, _row: &Row, _call: &mut Exchange) -> Result<()> {
        Ok(())
    }

    async fn before_delete(&self, _row: &Row, _call: &mut Exchange) -> Result<Verdict> {
        Ok(Verdict::Continue)
    }

    async fn after_delete(&self, _row: &Row, _call: &mut Exchange) -> Result<()> {
        Ok(())
    }
}

/// What a `before` hook of a write decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Continue,
    /// Nothing is written; a create then yields no row.
    Cancel,
}

/// A write whose `after` hooks are due.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    Created(Row),
    Updated(Row),
    Deleted(Row),
}

impl Written {
    pub(crate) fn row(&self) -> &Row {
        match self {
            Self::Created(row) | Self::Updated(row) | Self::Deleted(row) => row,
        }
    }
}

impl Exchange {
    /// Runs the `after` hooks of a write: now, or when the open transaction is committed.
    pub(crate) async fn written(&mut self, written: Written) -> Result<()> {
        if self.auth().database_hooks(&written.row().model.name).is_empty() {
            return Ok(());
        }
        if self.in_transaction() {
            self.due.push(written);
            return Ok(());
        }
        self.run_after_hooks(written).await
    }

    pub(crate) async fn run_after_hooks(&mut self, written: Written) -> Result<(), Error> {
        let auth = self.auth().clone();
        for hook in auth.database_hooks(&written.row().model.name) {
            match &written {
                Written::Created(row) => hook.after_create(row, self).await?,
                Written::Updated(row) => hook.after_update(row, self).await?,
                Written::Deleted(row) => hook.after_delete(row, self).await?,
            }
        }
        Ok(())
    }
}
