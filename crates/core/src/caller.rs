//! Who calls: the session requirement of an endpoint, as a type.
//!
//! A handler takes `Call<SignedIn>`, and whoever is not signed in never reaches it.

use std::future::Future;

use crate::call::Exchange;
use crate::error::{Error, Result};
use crate::error_codes::{SESSION_NOT_FRESH, UNAUTHORIZED};
use crate::models::SessionUser;
use crate::services::sessions::Lookup;
use crate::shape::Truthy;

/// A rule about the session, and what a handler gets when it is met.
pub trait Caller: Sized + Send + 'static {
    const ACCESS: Access;

    fn resolve(exchange: &mut Exchange) -> impl Future<Output = Result<Self>> + Send;
}

/// The rule as data, for OpenAPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Anyone,
    SignedIn,
    Fresh,
    Sensitive,
    /// A service with its key, and no user.
    Service,
}

/// No rule; nothing is looked up.
#[derive(Debug, Clone, Copy)]
pub struct Anyone;

/// The session, if there is one.
#[derive(Debug, Clone)]
pub struct MaybeSignedIn(pub Option<SessionUser>);

/// A session, refreshed when that is due.
#[derive(Debug, Clone)]
pub struct SignedIn(pub SessionUser);

/// A session that was made less than `session.freshAge` ago.
#[derive(Debug, Clone)]
pub struct Fresh(pub SessionUser);

/// A session as the database has it now, whatever a cookie cache says.
#[derive(Debug, Clone)]
pub struct Sensitive(pub SessionUser);

impl Caller for Anyone {
    const ACCESS: Access = Access::Anyone;

    async fn resolve(_: &mut Exchange) -> Result<Self> {
        Ok(Self)
    }
}

impl Caller for MaybeSignedIn {
    const ACCESS: Access = Access::Anyone;

    async fn resolve(exchange: &mut Exchange) -> Result<Self> {
        find(exchange, Trust::Cache).await.map(Self)
    }
}

impl Caller for SignedIn {
    const ACCESS: Access = Access::SignedIn;

    async fn resolve(exchange: &mut Exchange) -> Result<Self> {
        require(exchange, Trust::Cache).await.map(Self)
    }
}

impl Caller for Fresh {
    const ACCESS: Access = Access::Fresh;

    async fn resolve(exchange: &mut Exchange) -> Result<Self> {
        let found = require(exchange, Trust::Cache).await?;
        if exchange.auth().is_fresh(&found.session, exchange.now()) {
            Ok(Self(found))
        } else {
            Err(Error::forbidden(SESSION_NOT_FRESH))
        }
    }
}

impl Caller for Sensitive {
    const ACCESS: Access = Access::Sensitive;

    async fn resolve(exchange: &mut Exchange) -> Result<Self> {
        require(exchange, Trust::Database).await.map(Self)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Cache,
    Database,
}

async fn require(exchange: &mut Exchange, trust: Trust) -> Result<SessionUser> {
    find(exchange, trust).await?.ok_or_else(|| Error::unauthorized(UNAUTHORIZED))
}

async fn find(exchange: &mut Exchange, trust: Trust) -> Result<Option<SessionUser>> {
    // Reference quirk: guards read these two from the query of whatever endpoint they stand before.
    let flag = |name| exchange.received.query.get(name).is_some_and(Truthy::of);
    let lookup = Lookup {
        disable_cookie_cache: trust == Trust::Database || flag("disableCookieCache"),
        disable_refresh: flag("disableRefresh"),
        ..Lookup::default()
    };
    let found = exchange.sessions().current(lookup).await?;
    exchange.session.clone_from(&found);
    Ok(found)
}
