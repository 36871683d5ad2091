//! [`Call`], what a handler works with, and [`Exchange`], the same without the caller's type.
//!
//! An exchange is one request and the answer being made to it: what was received, what the server
//! knows about it (time, base URL, client address), and what is collected for the answer (headers,
//! cookies). Services and hooks take the exchange; handlers take `Call<SignedIn>` and reach
//! everything of the exchange through it.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use serde_json::{Value as Json, json};
use vestibule_tokens::cookie::{self, Attributes, Cookies, SetCookie, chunks};

use crate::Timestamp;
use crate::auth::Auth;
use crate::base_url::BaseUrl;
use crate::caller::{Anyone, Caller};
use crate::cookies::CookieTemplate;
use crate::endpoint::ErrorForm;
use crate::error::{Error, Result};
use crate::hook::Written;
use crate::models::SessionUser;
use crate::random::Random;
use crate::schema::Model;
use crate::service_key::SERVICE_KEY_HEADER;
use crate::services::accounts::Accounts;
use crate::services::passwords::Passwords;
use crate::services::sessions::{Remember, Sessions};
use crate::services::users::Users;
use crate::services::verifications::Verifications;
use crate::shape::Received;
use crate::store::{ModelRow, Store, Table, Transaction};

/// One request that is being served for a caller who met the session rule `C`.
pub struct Call<C = Anyone> {
    pub(crate) exchange: Exchange,
    /// The session, as the rule gives it.
    pub caller: C,
}

impl<C: Caller> Deref for Call<C> {
    type Target = Exchange;

    fn deref(&self) -> &Exchange {
        &self.exchange
    }
}

impl<C: Caller> DerefMut for Call<C> {
    fn deref_mut(&mut self) -> &mut Exchange {
        &mut self.exchange
    }
}

/// One request and the answer being made to it.
pub struct Exchange {
    auth: Auth,
    pub method: Method,
    pub uri: Uri,
    /// Without the base path.
    pub path: String,
    /// Of the request. A hook may change them.
    pub headers: HeaderMap,
    /// Body and query. A hook may change them.
    pub received: Received,
    /// The parameters of the path, decoded.
    pub params: Vec<(String, String)>,
    /// The declared path of the endpoint, once it is known.
    pub endpoint: Option<&'static str>,
    /// Of the endpoint, once it is known.
    pub(crate) error_form: ErrorForm,
    /// The session that the caller's rule found.
    pub session: Option<SessionUser>,
    /// The session that this request made, for hooks that run after it.
    pub new_session: Option<SessionUser>,
    /// The session that the cache of the client is to carry, once the answer is made.
    pub(crate) uncached: Option<(SessionUser, Remember)>,
    /// The `after` hooks that wait for the commit.
    pub(crate) due: Vec<Written>,
    /// The open transaction has events for the outbox.
    pub(crate) has_events: bool,
    now: Timestamp,
    base_url: Arc<BaseUrl>,
    client_address: Option<String>,
    service: Option<Arc<str>>,
    no_sooner_than: Option<Duration>,
    reply_headers: HeaderMap,
    set_cookies: Vec<SetCookie>,
    transaction: Option<Arc<dyn Transaction>>,
}

/// What the pipeline found out about a request before it became an exchange.
pub(crate) struct Facts {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) now: Timestamp,
    pub(crate) base_url: Arc<BaseUrl>,
    pub(crate) client_address: Option<String>,
    pub(crate) service: Option<Arc<str>>,
}

impl Exchange {
    pub(crate) fn new(auth: Auth, facts: Facts) -> Self {
        let Facts { method, uri, path, headers, now, base_url, client_address, service } = facts;
        let headers = join_cookies(headers);
        Self {
            auth,
            method,
            uri,
            path,
            headers,
            received: Received::default(),
            params: Vec::new(),
            endpoint: None,
            error_form: ErrorForm::default(),
            session: None,
            new_session: None,
            uncached: None,
            due: Vec::new(),
            has_events: false,
            now,
            base_url,
            client_address,
            service,
            no_sooner_than: None,
            reply_headers: HeaderMap::new(),
            set_cookies: Vec::new(),
            transaction: None,
        }
    }

    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The time at which this request is served; it does not move while it is.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub fn random(&self) -> &dyn Random {
        self.auth.random()
    }

    /// Where this request reached the server: the configured base URL, or the request's own.
    pub fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    /// The client's address in canonical form; `None` when unknown or not to be tracked.
    pub fn client_address(&self) -> Option<&str> {
        self.client_address.as_deref()
    }

    /// The service that sent this request and proved it by its key.
    pub fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// The user agent as sent; empty when it was not.
    pub fn user_agent(&self) -> Cow<'_, str> {
        match self.headers.get(header::USER_AGENT) {
            None => Cow::Borrowed(""),
            Some(value) => match value.to_str() {
                Ok(text) => Cow::Borrowed(text),
                // A header is Latin-1, as RFC 9110 (5.5) has it of old.
                Err(_) => value.as_bytes().iter().map(|&byte| char::from(byte)).collect(),
            },
        }
    }

    /// The request as webhooks learn of it: without cookies and credentials.
    pub fn describe_request(&self) -> Json {
        let secret = |name: &HeaderName| {
            [header::COOKIE, header::AUTHORIZATION, header::PROXY_AUTHORIZATION, SERVICE_KEY_HEADER]
                .contains(name)
        };
        let headers: serde_json::Map<_, _> = self
            .headers
            .iter()
            .filter(|(name, _)| !secret(name))
            .map(|(name, value)| {
                (name.to_string(), Json::from(String::from_utf8_lossy(value.as_bytes())))
            })
            .collect();
        let base = match self.auth.is_at_origin(&self.method, &self.path) {
            true => self.base_url.origin(),
            false => self.base_url.as_str(),
        };
        let url = format!("{base}{}", self.path);
        json!({ "method": self.method.as_str(), "url": url, "headers": headers })
    }
}

/// Cookies: those of the request, and those of the answer.
impl Exchange {
    /// The request's cookies, not yet verified.
    pub fn cookies(&self) -> Cookies<'_> {
        Cookies::new(self.cookie_header())
    }

    /// The `Cookie` header as it was sent; empty when it was not.
    pub fn cookie_header(&self) -> &[u8] {
        self.headers.get(header::COOKIE).map(HeaderValue::as_bytes).unwrap_or_default()
    }

    /// The value of a signed cookie whose signature is ours.
    pub fn signed_cookie(&self, name: &str) -> Option<String> {
        let signed = self.cookies().get(name)?;
        self.auth.signing_key().verify(&signed).map(str::to_owned)
    }

    /// Has the request bring this cookie, in the place of one of its name: for hooks that know by other
    /// means whose request it is.
    pub fn set_request_cookie(&mut self, name: &str, value: &str) {
        let cookies = cookie::set_request_cookie(self.cookie_header(), name, value);
        let value = HeaderValue::try_from(cookies);
        self.headers.insert(
            header::COOKIE,
            value.expect("names of cookies are tokens, and their values are percent-encoded"),
        );
    }

    /// Sets a cookie; `max_age_seconds` of `None` ends it with the browser session.
    pub fn set_cookie(
        &mut self,
        template: &CookieTemplate,
        value: String,
        max_age_seconds: Option<u64>,
    ) {
        let attributes = Attributes { max_age_seconds, ..self.attributes_of(template) };
        self.set_cookies.push(SetCookie { name: template.name.clone(), value, attributes });
    }

    /// Sets a cookie that is split over as many as it takes, and makes the browser forget those of
    /// the request that are none of them. False where it is too long: then all of them are forgotten.
    pub(crate) fn set_chunked_cookie(
        &mut self,
        template: &CookieTemplate,
        value: &str,
        max_age_seconds: Option<u64>,
    ) -> bool {
        let attributes = Attributes { max_age_seconds, ..self.attributes_of(template) };
        let chunks = chunks::split(&template.name, value, &attributes);
        let is_written = chunks.is_some();
        let mut cookies: Vec<SetCookie> = chunks::names(self.cookie_header(), &template.name)
            .into_iter()
            .map(|name| SetCookie::expired(name, attributes.clone()))
            .collect();
        for chunk in chunks.unwrap_or_default() {
            match cookies.iter_mut().find(|cookie| cookie.name == chunk.name) {
                Some(cookie) => *cookie = chunk,
                None => cookies.push(chunk),
            }
        }
        self.set_cookies.extend(cookies);
        is_written
    }

    /// Makes the browser forget what the request brought under a name, in one cookie or in chunks.
    pub(crate) fn expire_chunks(&mut self, template: &CookieTemplate) {
        let attributes = self.attributes_of(template);
        let names = chunks::names(self.cookie_header(), &template.name);
        let expired = names.into_iter().map(|name| SetCookie::expired(name, attributes.clone()));
        self.set_cookies.extend(expired.collect::<Vec<_>>());
    }

    fn attributes_of(&self, template: &CookieTemplate) -> Attributes {
        let mut attributes = template.attributes.clone();
        if self.auth.cookies().domain_of_request && attributes.domain.is_none() {
            attributes.domain = Some(self.base_url.host().to_owned());
        }
        attributes
    }

    /// Sets a cookie with its signature.
    pub fn set_signed_cookie(
        &mut self,
        template: &CookieTemplate,
        value: &str,
        max_age_seconds: Option<u64>,
    ) {
        let signed = self.auth.signing_key().sign(value);
        self.set_cookie(template, signed, max_age_seconds);
    }

    /// Makes the browser forget a cookie, and the answer too: whatever it set under that name before is taken back.
    pub fn expire_cookie(&mut self, template: &CookieTemplate) {
        let is_part = |name: &str| {
            name.strip_prefix(&template.name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.set_cookies.retain(|cookie| !is_part(&cookie.name));
        if template.name == self.auth.cookies().session_data.name {
            self.uncached = None;
        }
        self.set_cookie(template, String::new(), Some(0));
    }

    /// The cookies that the answer sets so far.
    pub fn set_cookies(&self) -> &[SetCookie] {
        &self.set_cookies
    }

    /// Sets a header of the answer.
    pub fn set_header(&mut self, name: HeaderName, value: HeaderValue) {
        self.reply_headers.insert(name, value);
    }

    /// Lets the answer take at least this long, so that its time tells nothing. Whoever speaks HTTP
    /// waits: see [`NoSoonerThan`](crate::dispatch::NoSoonerThan).
    pub fn answer_no_sooner_than(&mut self, time: Duration) {
        self.no_sooner_than = Some(time);
    }

    pub(crate) fn no_sooner_than(&self) -> Option<Duration> {
        self.no_sooner_than
    }

    /// Sets a header of the answer that scripts of other origins may read (Fetch, 3.3.6).
    pub fn set_exposed_header(&mut self, name: HeaderName, value: HeaderValue) {
        let exposed = self.reply_headers.get(header::ACCESS_CONTROL_EXPOSE_HEADERS);
        let exposed = exposed.and_then(|exposed| exposed.to_str().ok()).unwrap_or_default();
        let mut names: Vec<&str> =
            exposed.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        if !names.contains(&name.as_str()) {
            names.push(name.as_str());
        }
        let exposed = HeaderValue::try_from(names.join(", "));
        self.reply_headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            exposed.expect("names of headers, joined by what a header may hold"),
        );
        self.reply_headers.insert(name, value);
    }

    pub(crate) fn take_reply_headers(&mut self) -> Result<HeaderMap> {
        let mut headers = std::mem::take(&mut self.reply_headers);
        for cookie in self.set_cookies.drain(..) {
            let line = cookie.serialize().map_err(|error| {
                Error::internal(format!("write the cookie `{}`", cookie.name)).with_source(error)
            })?;
            let value = HeaderValue::try_from(line).map_err(|error| {
                Error::internal(format!("write the cookie `{}`", cookie.name)).with_source(error)
            })?;
            headers.append(header::SET_COOKIE, value);
        }
        Ok(headers)
    }
}

/// The database, and the services that stand before it.
impl Exchange {
    /// The open transaction, else the database.
    pub fn store(&self) -> &dyn Store {
        match &self.transaction {
            Some(transaction) => &**transaction,
            None => self.auth.store(),
        }
    }

    /// One model of [`store`](Self::store), typed.
    pub fn table<M: ModelRow>(&self) -> Table<'_, M> {
        Table::new(self.store(), self.auth.model(M::MODEL))
    }

    pub fn model(&self, name: &str) -> &Arc<Model> {
        self.auth.model(name)
    }

    pub fn users(&mut self) -> Users<'_> {
        Users(self)
    }

    pub fn sessions(&mut self) -> Sessions<'_> {
        Sessions(self)
    }

    pub fn accounts(&mut self) -> Accounts<'_> {
        Accounts(self)
    }

    pub fn passwords(&self) -> Passwords<'_> {
        Passwords(self)
    }

    pub fn verifications(&mut self) -> Verifications<'_> {
        Verifications(self)
    }

    pub(crate) fn in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Opens a transaction: from here on [`store`](Self::store) is it. Without a
    /// [`commit`](Self::commit) the pipeline rolls it back.
    pub async fn begin(&mut self) -> Result<()> {
        if self.transaction.is_some() {
            return Err(Error::internal("begin a transaction: one is open already"));
        }
        self.transaction = Some(self.auth.store().begin().await?);
        Ok(())
    }

    /// Commits, then runs the `after` hooks that waited for it.
    pub async fn commit(&mut self) -> Result<()> {
        let due = std::mem::take(&mut self.due);
        let has_events = std::mem::take(&mut self.has_events);
        if let Some(transaction) = self.transaction.take() {
            transaction.commit().await?;
        }
        if let (true, Some(wake)) = (has_events, self.auth.wake()) {
            wake();
        }
        for written in due {
            self.run_after_hooks(written).await?;
        }
        Ok(())
    }

    /// Undoes what was written since [`begin`](Self::begin); nothing where no transaction is open.
    pub async fn roll_back(&mut self) -> Result<()> {
        self.due.clear();
        self.has_events = false;
        match self.transaction.take() {
            Some(transaction) => Ok(transaction.roll_back().await?),
            None => Ok(()),
        }
    }
}

/// Several `Cookie` headers are one, as RFC 9113 (8.2.3) has it.
fn join_cookies(mut headers: HeaderMap) -> HeaderMap {
    if headers.get_all(header::COOKIE).iter().nth(1).is_some() {
        let lines: Vec<_> =
            headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
        let joined = HeaderValue::from_bytes(&lines.join(&b"; "[..]));
        headers.insert(
            header::COOKIE,
            joined.expect("values of headers, joined by what one may hold"),
        );
    }
    headers
}
