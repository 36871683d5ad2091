//! Sessions: made at sign-in, found by cookie, refreshed by use, ended on request.

use std::time::Duration;

use vestibule_tokens::cookie::chunks;

use crate::Value;
use crate::call::Exchange;
use crate::error::{Error, Result};
use crate::error_codes::FAILED_TO_GET_SESSION;
use crate::models::{Session, SessionUser, User};
use crate::store::{Changes, Find, Join, ModelRow};

pub struct Sessions<'a>(pub(crate) &'a mut Exchange);

/// How a session is looked up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lookup {
    /// Ask the database, whatever a cookie cache says.
    pub disable_cookie_cache: bool,
    /// Do not prolong the session.
    pub disable_refresh: bool,
    /// This is the request by which a deferred refresh is done: see `session.deferSessionRefresh`.
    pub does_deferred_refresh: bool,
}

/// A session, and whether it should be asked for again by POST: see `session.deferSessionRefresh`.
#[derive(Debug, Clone)]
pub struct Found {
    pub found: SessionUser,
    /// `None` where the session is not to be prolonged at all.
    pub needs_refresh: Option<bool>,
}

/// Whether a session outlives the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remember {
    Yes,
    No,
}

/// A session that the browser forgets lives a day.
const UNREMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

impl Sessions<'_> {
    /// Makes a session for a user; `None` where a hook cancelled it.
    pub async fn create(&mut self, user: &User, remember: Remember) -> Result<Option<SessionUser>> {
        let lifetime = match remember {
            Remember::Yes => Duration::from_secs(self.0.auth().options().session.expires_in),
            Remember::No => UNREMEMBERED,
        };
        let mut row = self.0.new_row(Session::MODEL);
        row.values[Session::EXPIRES_AT.position] = (self.0.now() + lifetime).into();
        row.values[Session::TOKEN.position] = self.0.random().id().into();
        row.values[Session::IP_ADDRESS.position] =
            self.0.client_address().unwrap_or_default().into();
        row.values[Session::USER_AGENT.position] = storable(&self.0.user_agent());
        row.values[Session::USER_ID.position] = user.id.as_str().into();
        let Some(row) = self.0.create(row).await? else { return Ok(None) };
        let session = Session::from_row(row)?;
        Ok(Some(SessionUser { session, user: user.clone() }))
    }

    /// Signs the client in: sets the session's cookie, and the one that says to forget it. Where
    /// sessions are cached, that cookie follows when the answer is made.
    pub fn set_cookie(&mut self, signed_in: &SessionUser, remember: Remember) {
        let auth = self.0.auth().clone();
        let cookies = auth.cookies();
        let max_age = match remember {
            Remember::Yes => Some(auth.options().session.expires_in),
            Remember::No => None,
        };
        self.0.set_signed_cookie(&cookies.session_token, &signed_in.session.token, max_age);
        if remember == Remember::No {
            // Reference quirk: the configuration can make it outlive the browser.
            let max_age = cookies.dont_remember.attributes.max_age_seconds;
            self.0.set_signed_cookie(&cookies.dont_remember, "true", max_age);
        }
        self.cache(signed_in, remember);
        self.0.new_session = Some(signed_in.clone());
    }

    fn cache(&mut self, signed_in: &SessionUser, remember: Remember) {
        if self.0.auth().session_cache().is_some() {
            self.0.uncached = Some((signed_in.clone(), remember));
        }
    }

    /// Sets the cookie of the session cache, where one is due. A cache that cannot be made is none:
    /// the session is there without it.
    pub(crate) async fn write_cache(&mut self) {
        let Some((signed_in, remember)) = self.0.uncached.take() else { return };
        let auth = self.0.auth().clone();
        let Some(cache) = auth.session_cache() else { return };
        let cookie = &auth.cookies().session_data;
        let is_written = match cache.encode(self.0, &signed_in, remember).await {
            Ok(value) => self.0.set_chunked_cookie(cookie, &value, cache.cookie_max_age(remember)),
            Err(error) => {
                tracing::error!(error = ?error, "A session could not be cached in a cookie");
                self.0.expire_chunks(cookie);
                return;
            }
        };
        if !is_written {
            tracing::warn!(
                "A session is too long for its cookies, so it is not cached: keep fields out of it by `returned = false`"
            );
        }
    }

    /// As [`set_cookie`](Self::set_cookie), remembered or not as the client's cookie says.
    pub fn renew_cookie(&mut self, signed_in: &SessionUser) {
        let remember = self.remember();
        self.set_cookie(signed_in, remember);
    }

    /// Whether the client's session outlives its browser.
    pub fn remember(&self) -> Remember {
        let name = &self.0.auth().cookies().dont_remember.name;
        if self.0.signed_cookie(name).is_some() { Remember::No } else { Remember::Yes }
    }

    /// Signs the client out: expires every cookie of a session.
    pub fn expire_cookies(&mut self) {
        let auth = self.0.auth().clone();
        let cookies = auth.cookies();
        self.0.expire_cookie(&cookies.session_token);
        self.0.expire_cookie(&cookies.session_data);
        self.0.expire_chunks(&cookies.session_data);
        self.0.expire_cookie(&cookies.dont_remember);
    }

    /// The token of the request's session cookie, if the signature is ours.
    pub fn cookie_token(&self) -> Option<String> {
        let token = self.0.signed_cookie(&self.0.auth().cookies().session_token.name);
        token.filter(|token| !token.is_empty())
    }

    /// The request's session, refreshed when that is due.
    pub async fn current(&mut self, lookup: Lookup) -> Result<Option<SessionUser>> {
        Ok(self.look_up(lookup).await?.map(|found| found.found))
    }

    /// As [`current`](Self::current), and whether a deferred refresh is due.
    pub async fn look_up(&mut self, lookup: Lookup) -> Result<Option<Found>> {
        let auth = self.0.auth().clone();
        let data = &auth.cookies().session_data;
        if auth.session_cache().is_none()
            && chunks::join(self.0.cookie_header(), &data.name).is_some()
        {
            // Left over from a configuration that had a session cache.
            self.0.expire_chunks(data);
        }
        let Some(token) = self.cookie_token() else { return Ok(None) };
        if !lookup.disable_cookie_cache
            && let Some(found) = self.cached(&token).await?
        {
            return Ok(Some(Found { found, needs_refresh: None }));
        }
        let found = self.find(&token).await?;
        let now = self.0.now();
        let defers = self.0.auth().options().session.defer_session_refresh;
        let reads_only = defers && !lookup.does_deferred_refresh;

        let found = match found {
            Some(found) if found.session.expires_at > now => found,
            expired => {
                self.expire_cookies();
                if expired.is_some() && !reads_only {
                    self.0.delete(Session::MODEL, Session::TOKEN.eq(token)).await?;
                }
                return Ok(None);
            }
        };
        if lookup.disable_refresh || self.remember() == Remember::No {
            return Ok(Some(Found { found, needs_refresh: None }));
        }
        let is_due = self.refresh_due(&found);
        if is_due && !reads_only {
            let found = self.refresh(found).await?;
            return Ok(Some(Found { found, needs_refresh: Some(false) }));
        }
        self.cache(&found, Remember::Yes);
        Ok(Some(Found { found, needs_refresh: Some(is_due) }))
    }

    /// The session of this token in the request's session cache. One that is not to be believed is
    /// taken from the browser.
    async fn cached(&mut self, token: &str) -> Result<Option<SessionUser>> {
        let auth = self.0.auth().clone();
        let Some(cache) = auth.session_cache() else { return Ok(None) };
        let cookie = &auth.cookies().session_data;
        let Some(value) = chunks::join(self.0.cookie_header(), &cookie.name) else {
            return Ok(None);
        };
        let found = cache.decode(self.0, &value, token).await?;
        if found.is_none() {
            self.0.expire_cookie(cookie);
        }
        Ok(found)
    }

    fn refresh_due(&self, found: &SessionUser) -> bool {
        let options = &self.0.auth().options().session;
        if options.disable_session_refresh {
            return false;
        }
        let made = found.session.expires_at - Duration::from_secs(options.expires_in);
        made + Duration::from_secs(options.update_age) <= self.0.now()
    }

    async fn refresh(&mut self, found: SessionUser) -> Result<SessionUser> {
        let now = self.0.now();
        let expires_in = self.0.auth().options().session.expires_in;
        let changes = vec![
            Session::EXPIRES_AT.set(now + Duration::from_secs(expires_in)),
            Session::UPDATED_AT.set(now),
        ];
        let by_token = Session::TOKEN.eq(found.session.token.as_str());
        match self.0.update(Session::MODEL, by_token, changes).await? {
            Some(row) => {
                let refreshed = SessionUser { session: Session::from_row(row)?, user: found.user };
                self.set_cookie(&refreshed, Remember::Yes);
                Ok(refreshed)
            }
            // Revoked since it was read: a late refresh must not bring it back.
            None => {
                self.expire_cookies();
                Err(Error::unauthorized(FAILED_TO_GET_SESSION))
            }
        }
    }

    /// A session and its user by token, expired or not.
    pub async fn find(&self, token: &str) -> Result<Option<SessionUser>> {
        let find = Find {
            model: self.0.model(Session::MODEL).clone(),
            filter: Session::TOKEN.eq(token),
            order: Vec::new(),
            limit: Some(1),
            offset: 0,
        };
        let join = Join {
            on: Session::USER_ID.position,
            model: self.0.model(User::MODEL).clone(),
            field: User::ID.position,
        };
        match self.0.store().find_one_with(find, join).await? {
            Some((session, Some(user))) => Ok(Some(SessionUser {
                session: Session::from_row(session)?,
                user: User::from_row(user)?,
            })),
            Some((_, None)) | None => Ok(None),
        }
    }

    /// The user's sessions that have not expired.
    pub async fn list(&self, user_id: &str) -> Result<Vec<Session>> {
        let limit = self.0.auth().options().advanced.database.default_find_many_limit;
        let live = Session::USER_ID.eq(user_id).and(Session::EXPIRES_AT.gt(self.0.now()));
        Ok(self.0.table::<Session>().find_many(live, limit).await?)
    }

    /// Changes fields of a session; `None` where it is gone.
    pub async fn update(&mut self, token: &str, changes: Changes) -> Result<Option<Session>> {
        let row = self.0.update(Session::MODEL, Session::TOKEN.eq(token), changes).await?;
        Ok(row.map(Session::from_row).transpose()?)
    }

    /// Ends one session.
    pub async fn revoke(&mut self, token: &str) -> Result<()> {
        self.0.delete(Session::MODEL, Session::TOKEN.eq(token)).await?;
        Ok(())
    }

    /// Ends a session, if it is this user's.
    pub async fn revoke_of(&mut self, user_id: &str, token: &str) -> Result<()> {
        let own = Session::TOKEN.eq(token).and(Session::USER_ID.eq(user_id));
        self.0.delete(Session::MODEL, own).await?;
        Ok(())
    }

    /// Ends all sessions of a user.
    pub async fn revoke_all(&mut self, user_id: &str) -> Result<()> {
        self.0.delete(Session::MODEL, Session::USER_ID.eq(user_id)).await?;
        Ok(())
    }

    /// Ends all sessions of a user but one.
    pub async fn revoke_others(&mut self, user_id: &str, token: &str) -> Result<()> {
        let others = Session::USER_ID.eq(user_id).and(Session::TOKEN.ne(token));
        self.0.delete(Session::MODEL, others).await?;
        Ok(())
    }
}

/// PostgreSQL's text holds no NUL; no header should, but what a client sends must not fail a sign-in.
fn storable(text: &str) -> Value {
    Value::Text(text.replace('\0', ""))
}
