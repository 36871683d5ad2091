//! [`Verifier`]: the modes put together, and the order in which they are asked.

use std::fmt;
use std::sync::Arc;

use http::{Extensions, HeaderMap};

#[cfg(feature = "mirror")]
use crate::Mirror;
#[cfg(feature = "remote")]
use crate::Remote;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use crate::SharedDatabase;
use crate::credential::Credential;
use crate::refusal::Refused;
use crate::{Authenticated, Clock, CookieCache, CookieNames, Guard, Jwt, Refusal, Timestamp};

/// Finds out who sends a request. Cheap to clone; make one at the start, and keep it in the state.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    realm: Arc<str>,
    names: CookieNames,
    clock: Clock,
    sessions: Option<Sessions>,
    cookie_cache: Option<CookieCache>,
    jwt: Option<Jwt>,
    #[cfg(feature = "mirror")]
    mirror: Option<Mirror>,
}

/// Who is asked about a session token.
enum Sessions {
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    Database(Box<SharedDatabase>),
    #[cfg(feature = "remote")]
    Remote(Box<Remote>),
}

impl Sessions {
    #[cfg_attr(
        not(feature = "remote"),
        expect(unused_variables, reason = "only an auth server is told who the client is")
    )]
    async fn find(
        &self,
        credential: &Credential<'_>,
        headers: &HeaderMap,
        extensions: &Extensions,
        now: Timestamp,
    ) -> Result<Authenticated, Refusal> {
        match *self {
            #[cfg(any(feature = "postgres", feature = "sqlite"))]
            Self::Database(ref database) => database.find(credential, now).await,
            #[cfg(feature = "remote")]
            Self::Remote(ref remote) => remote.find(credential, headers, extensions, now).await,
        }
    }
}

const NO_JWT: Refusal = Refusal::Unsupported {
    what: "JWT",
    instead: "it takes the session cookie, or a session token as bearer token",
};

const NO_SESSION: Refusal = Refusal::Unsupported {
    what: "session",
    instead: "it takes a JWT as bearer token, which the auth server gives for a session at `/auth/token`",
};

/// Puts a [`Verifier`] together: name the modes, in any order.
#[derive(Default)]
#[must_use]
pub struct Builder {
    realm: Option<Arc<str>>,
    names: CookieNames,
    clock: Clock,
    sessions: Vec<Sessions>,
    cookie_cache: Option<CookieCache>,
    jwt: Option<Jwt>,
    #[cfg(feature = "mirror")]
    mirror: Option<Mirror>,
}

/// Modes that do not make a [`Verifier`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    #[error("no mode is set; name one of `shared_database`, `remote`, `cookie_cache`, `jwt`")]
    NoMode,
    #[error("both `shared_database` and `remote` are set; a session has one source, choose one")]
    TwoSources,
}

impl Builder {
    /// What `WWW-Authenticate` calls this service; `api` by default.
    pub fn realm(mut self, realm: &str) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// For an auth server with other names than Better Auth's own.
    pub fn cookie_names(mut self, names: CookieNames) -> Self {
        self.names = names;
        self
    }

    /// For tests.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Session tokens are looked up in the auth server's tables.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub fn shared_database(mut self, database: SharedDatabase) -> Self {
        self.sessions.push(Sessions::Database(Box::new(database)));
        self
    }

    /// Session tokens are shown to the auth server.
    #[cfg(feature = "remote")]
    pub fn remote(mut self, remote: Remote) -> Self {
        self.sessions.push(Sessions::Remote(Box::new(remote)));
        self
    }

    /// The session's copy in a cookie is believed while it lasts.
    pub fn cookie_cache(mut self, cache: CookieCache) -> Self {
        self.cookie_cache = Some(cache);
        self
    }

    /// JWTs of the auth server are taken as bearer tokens.
    pub fn jwt(mut self, jwt: Jwt) -> Self {
        self.jwt = Some(jwt);
        self
    }

    /// Whoever is verified has a row in your table before your handlers run.
    #[cfg(feature = "mirror")]
    pub fn mirror(mut self, mirror: Mirror) -> Self {
        self.mirror = Some(mirror);
        self
    }

    pub fn build(self) -> Result<Verifier, BuildError> {
        let mut sessions = self.sessions.into_iter();
        let (first, second) = (sessions.next(), sessions.next());
        if second.is_some() {
            return Err(BuildError::TwoSources);
        }
        if first.is_none() && self.cookie_cache.is_none() && self.jwt.is_none() {
            return Err(BuildError::NoMode);
        }
        Ok(Verifier(Arc::new(Inner {
            realm: self.realm.unwrap_or_else(|| "api".into()),
            names: self.names,
            clock: self.clock,
            sessions: first,
            cookie_cache: self.cookie_cache,
            jwt: self.jwt,
            #[cfg(feature = "mirror")]
            mirror: self.mirror,
        })))
    }
}

impl Verifier {
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A tower layer that lets only signed-in senders pass, and puts [`Authenticated`] among the
    /// request's extensions.
    pub fn layer(&self) -> Guard {
        Guard::new(self.clone())
    }

    /// Who sends a request with these headers. The extensions are for
    /// [`Remote::client_address`](crate::Remote::client_address).
    pub async fn check(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Authenticated, Refusal> {
        let authenticated = self.verify(headers, extensions).await?;
        #[cfg(feature = "mirror")]
        if let Some(mirror) = &self.0.mirror {
            mirror.see(&authenticated.user).await?;
        }
        Ok(authenticated)
    }

    async fn verify(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Authenticated, Refusal> {
        let credential = Credential::read(headers, &self.0.names)?;
        let now = self.0.clock.now();
        if let Credential::Jwt(token) = &credential {
            return match &self.0.jwt {
                Some(jwt) => jwt.verify(token, now).await,
                None => Err(NO_JWT),
            };
        }
        let cached = match (&credential, &self.0.cookie_cache) {
            (Credential::Cookies(cookies), Some(cache)) => Some(cache.read(cookies, now).await),
            _ => None,
        };
        match (cached, &self.0.sessions) {
            (Some(Ok(authenticated)), _) => Ok(authenticated),
            (_, Some(sessions)) => sessions.find(&credential, headers, extensions, now).await,
            (Some(refused), None) => refused,
            (None, None) => Err(NO_SESSION),
        }
    }

    /// As [`Self::check`], once for each request however many layers and extractors ask.
    pub(crate) async fn check_once(
        &self,
        headers: &HeaderMap,
        extensions: &mut Extensions,
    ) -> Result<Authenticated, Refused> {
        if let Some(checked) = extensions.get::<Checked>()
            && Arc::ptr_eq(&checked.by, &self.0)
        {
            return Ok(checked.authenticated.clone());
        }
        match self.check(headers, extensions).await {
            Ok(authenticated) => {
                let by = self.0.clone();
                extensions.insert(Checked { by, authenticated: authenticated.clone() });
                Ok(authenticated)
            }
            Err(refusal) => Err(Refused { refusal, realm: self.0.realm.clone() }),
        }
    }
}

/// What a verifier found for this request. Another verifier may ask for more, so it looks itself.
#[derive(Clone)]
struct Checked {
    by: Arc<Inner>,
    authenticated: Authenticated,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("realm", &self.0.realm).finish_non_exhaustive()
    }
}
