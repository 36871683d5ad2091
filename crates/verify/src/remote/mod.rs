//! [`Remote`], the mode that asks the auth server.

pub(crate) mod flight;
pub(crate) mod http;
mod recent;

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http::header::{AUTHORIZATION, COOKIE};
use ::http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use vestibule_tokens::encoding::sha256_base64url;

use self::flight::Flights;
use self::http::Http;
pub use self::http::InvalidUrl;
use self::recent::Recent;
use crate::authenticated::joined;
use crate::credential::Credential;
use crate::refusal::Unavailable;
use crate::{Authenticated, Mode, Refusal, Timestamp};

pub(crate) const SERVICE_KEY: HeaderName = HeaderName::from_static("x-vestibule-service-key");

const CLIENT_ADDRESS: &str = "x-vestibule-client-address";

/// How long an answer is believed where nobody says otherwise.
const CACHE_FOR: Duration = Duration::from_secs(5);

/// Questions at a time; more wait for their turn.
const QUESTIONS_LIMIT: usize = 64;

/// Questions that wait for their turn; with more the service is overrun.
const WAITING_LIMIT: usize = 4096;

/// How long a request waits for its turn and its answer.
const PATIENCE: Duration = Duration::from_secs(8);

const ATTEMPT: &str = "ask the auth server about a session";

/// Asks the auth server's `/get-session`, Vestibule's or Better Auth's own.
///
/// - Cost: one request over a kept connection, for each credential once in 5 seconds. Whoever asks
///   while it is under way waits for the same answer.
/// - Needs: the address, and a service key. A backend is one address, so without the key all its users
///   share one rate limit. No root secret: the credential is passed on as it came.
/// - A revoked session works on for as long as answers are kept: 5 seconds, or what
///   [`Self::cache_for`] says.
///
/// A bearer token is passed on as one, so the auth server needs the plugin `bearer`. Sessions are
/// not refreshed by these questions: a browser would not hear of the new expiry.
#[derive(Clone)]
pub struct Remote {
    http: Http,
    /// Asks the database behind the auth server.
    url: Uri,
    /// Takes the auth server's own cookie cache for an answer.
    cached_url: Uri,
    passes_cache_on: bool,
    service_key: Option<HeaderValue>,
    client_address: Option<ClientAddress>,
    cache_for: Duration,
    recent: Arc<Recent<Known>>,
    flights: Arc<Flights<String, Answer>>,
    turns: Arc<Semaphore>,
}

type ClientAddress = Arc<dyn Fn(&HeaderMap, &Extensions) -> Option<IpAddr> + Send + Sync>;

/// Whose session it is; `None` where the auth server knows none.
type Known = Option<Arc<Authenticated>>;

type Answer = Result<Known, Unavailable>;

/// A service key with characters that no header may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the service key is not understood; expected `vsk_…`, as `vestibule secret derive` prints it"
)]
pub struct InvalidServiceKey;

impl Remote {
    /// With the base URL of the auth server, `https://auth.example.com/api/auth`.
    pub fn new(base_url: &str) -> Result<Self, InvalidUrl> {
        let base = base_url.trim_end_matches('/');
        let url =
            |query: &str| http::url(&format!("{base}/get-session?disableRefresh=true{query}"));
        Ok(Self {
            http: Http::new(),
            url: url("&disableCookieCache=true")?,
            cached_url: url("")?,
            passes_cache_on: false,
            service_key: None,
            client_address: None,
            cache_for: CACHE_FOR,
            recent: Arc::default(),
            flights: Arc::default(),
            turns: Arc::new(Semaphore::new(QUESTIONS_LIMIT)),
        })
    }

    /// Says who this service is, so that the auth server believes what it says of its clients. Better
    /// Auth in TypeScript knows no service keys and counts all questions as one client's.
    pub fn service_key(mut self, key: &str) -> Result<Self, InvalidServiceKey> {
        self.service_key = Some(service_key(key)?);
        Ok(self)
    }

    /// How a request's client is found: its peer's address, or what a proxy of yours says. The auth
    /// server counts each client by itself, and believes this only with a service key.
    ///
    /// With axum: `|_, extensions| Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip())`.
    #[must_use]
    pub fn client_address(
        mut self,
        address: impl Fn(&HeaderMap, &Extensions) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.client_address = Some(Arc::new(address));
        self
    }

    /// How long an answer is believed, and so how long a revoked session works; zero asks each time.
    #[must_use]
    pub fn cache_for(mut self, duration: Duration) -> Self {
        self.cache_for = duration;
        self
    }

    /// Passes the cookie `session_data` on and lets the auth server believe it. An auth server without
    /// a database has nothing else. A revoked session then works on until its copy expires.
    #[must_use]
    pub fn accept_cookie_cache(mut self) -> Self {
        self.passes_cache_on = true;
        self
    }

    pub(crate) async fn find(
        &self,
        credential: &Credential<'_>,
        headers: &HeaderMap,
        extensions: &Extensions,
        now: Timestamp,
    ) -> Result<Authenticated, Refusal> {
        let passed_on = self.passed_on(credential)?;
        // Tokens do not lie about in memory, and no client decides how long a key is.
        let key = sha256_base64url(&format!("{}:{}", passed_on.name, passed_on.value));
        let known = match self.recent.get(&key, self.cache_for) {
            Some(known) => known,
            None => {
                let question = self.question(passed_on, headers, extensions)?;
                self.ask(key, question).await?
            }
        };
        match known {
            Some(found) if found.session.expires_at <= now => {
                Err(Refusal::Expired { what: "session" })
            }
            Some(found) => Ok(Authenticated::clone(&found)),
            None => Err(Refusal::Ended),
        }
    }

    fn passed_on(&self, credential: &Credential<'_>) -> Result<PassedOn, Refusal> {
        let bearer =
            |token: &str| PassedOn { name: AUTHORIZATION, value: format!("Bearer {token}") };
        match credential {
            Credential::Cookies(cookies) => {
                Ok(PassedOn { name: COOKIE, value: cookies.forwarded(self.passes_cache_on) })
            }
            Credential::SessionToken(token) => Ok(bearer(token)),
            Credential::SignedToken(signed) => Ok(bearer(signed)),
            Credential::Jwt(_) => Err(Refusal::invalid("bearer token", "it is a JWT")),
        }
    }

    fn question(
        &self,
        passed_on: PassedOn,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<HeaderMap, Refusal> {
        let mut question = HeaderMap::new();
        let why = "it has characters that no header may have";
        let mut value = HeaderValue::try_from(passed_on.value)
            .map_err(|_| Refusal::invalid("credential", why))?;
        value.set_sensitive(true);
        question.insert(passed_on.name, value);
        if let Some(key) = &self.service_key {
            question.insert(SERVICE_KEY, key.clone());
            let address = self.client_address.as_ref().and_then(|find| find(headers, extensions));
            if let Some(address) = address {
                let address = HeaderValue::try_from(address.to_string());
                question.insert(CLIENT_ADDRESS, address.expect("an address is plain text"));
            }
        }
        Ok(question)
    }

    /// Asks, or waits for the answer of whoever asks already.
    async fn ask(&self, key: String, question: HeaderMap) -> Answer {
        let unavailable = |source: &'static str| Unavailable::new(ATTEMPT, source);
        if self.flights.count() > WAITING_LIMIT {
            return Err(unavailable("too many questions are under way"));
        }
        let asking = self.clone();
        let flight = self.flights.start(key.clone(), async move {
            let answer = asking.answer(question).await;
            if let Ok(known) = &answer {
                asking.recent.put(key, known.clone(), asking.cache_for);
            }
            answer
        });
        match tokio::time::timeout(PATIENCE, flight.landed()).await {
            Ok(Some(answer)) => answer,
            Ok(None) => Err(unavailable("the question was given up")),
            Err(_) => Err(unavailable("too many questions wait for their turn")),
        }
    }

    async fn answer(&self, question: HeaderMap) -> Answer {
        let unavailable = |error| Unavailable::new(ATTEMPT, error);
        // The semaphore is never closed, so this is a turn in any case.
        let _turn = tokio::time::timeout(PATIENCE, self.turns.acquire())
            .await
            .map_err(|_| unavailable("too many questions wait for their turn".into()))?;
        let url = if self.passes_cache_on { &self.cached_url } else { &self.url };
        let answer = self.http.get(url, question).await.map_err(unavailable)?;
        match answer.status {
            StatusCode::OK => known(&answer.body).map_err(unavailable),
            // It is this service that is refused, and not its client: that would be 200 with null.
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                let code = code(&answer.body);
                Err(unavailable(format!("it refuses this service with {status} {code}").into()))
            }
            status => Err(unavailable(format!("it answered {status}").into())),
        }
    }
}

/// The key as a header that no log shows.
pub(crate) fn service_key(text: &str) -> Result<HeaderValue, InvalidServiceKey> {
    let mut key = HeaderValue::from_str(text.trim()).map_err(|_| InvalidServiceKey)?;
    key.set_sensitive(true);
    Ok(key)
}

/// The one header that carries the credential.
struct PassedOn {
    name: HeaderName,
    value: String,
}

/// What an answer of `/get-session` says.
fn known(body: &[u8]) -> Result<Known, Box<dyn Error + Send + Sync>> {
    let Some(mut answer) = serde_json::from_slice::<Option<Map<String, Value>>>(body)? else {
        return Ok(None);
    };
    let mut object = |name: &str| match answer.shift_remove(name) {
        Some(Value::Object(object)) => Ok(object),
        _ => Err(format!("its answer has no `{name}`; is it the base URL of the auth server?")),
    };
    let (session, user) = (object("session")?, object("user")?);
    let found = joined(session, user, Mode::Remote);
    let found = found.ok_or("its answer has a session that is not its user's, or lacks an id")?;
    Ok(Some(Arc::new(found)))
}

/// The word for programs in an error's body, if it is one.
fn code(body: &[u8]) -> String {
    let error: Option<Map<String, Value>> = serde_json::from_slice(body).ok();
    let code = error.as_ref().and_then(|error| error.get("code")?.as_str());
    let is_code = |code: &&str| code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    code.filter(is_code).unwrap_or_default().to_owned()
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("url", &self.url)
            .field("cache_for", &self.cache_for)
            .finish_non_exhaustive()
    }
}
