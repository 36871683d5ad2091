//! A key set that is fetched, and followed through rotations.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::http::{HeaderMap, StatusCode, Uri};
use tokio::time::Instant;
use vestibule_tokens::jose::jws::{Unverified, Verified};
use vestibule_tokens::jose::{PublicKeys, Refusal as JoseRefusal, Validation};

use super::refused;
use crate::Refusal;
use crate::refusal::Unavailable;
use crate::remote::InvalidUrl;
use crate::remote::flight::{Flights, Landing};
use crate::remote::http::{self, Http};

/// Between two fetches for the sake of unknown keys, and after one that failed.
const COOL_DOWN: Duration = Duration::from_secs(30);

/// After a fetch that failed while nothing is known yet, since nobody can be verified until then.
const FIRST_COOL_DOWN: Duration = Duration::from_secs(1);

/// Older keys are used, and fetched anew behind the request: one that was taken out of the set
/// because it was stolen must not be believed for long.
const STALE_AFTER: Duration = Duration::from_secs(5 * 60);

/// Still older ones are not used: the auth server has been away for a day, and what it has withdrawn
/// meanwhile nobody knows.
const USELESS_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

const ATTEMPT: &str = "fetch the key set of the auth server";

pub(super) struct KeySetUrl {
    http: Http,
    url: Uri,
    known: Arc<Mutex<Known>>,
    flights: Arc<Flights<(), Fetched>>,
}

/// What one fetch brought.
type Fetched = Result<Arc<PublicKeys>, Unavailable>;

#[derive(Default)]
struct Known {
    keys: Option<(Arc<PublicKeys>, Instant)>,
    /// The last fetch, if it failed.
    failure: Option<(Unavailable, Instant)>,
    /// The last fetch for the sake of an unknown key.
    sought: Option<Instant>,
}

impl KeySetUrl {
    pub(super) fn new(url: &str) -> Result<Self, InvalidUrl> {
        let (http, url) = (Http::new(), http::url(url)?);
        Ok(Self { http, url, known: Arc::default(), flights: Arc::default() })
    }

    pub(super) async fn verify(
        &self,
        token: &str,
        validation: &Validation,
        now: i64,
    ) -> Result<Verified, Refusal> {
        let token = Unverified::parse(token).map_err(|refusal| refused(&refusal))?;
        // Before the search: nobody shall make us fetch keys with a token that cannot pass.
        let algorithm = token.algorithm(validation).map_err(|refusal| refused(&refusal))?;
        let mut keys = self.current().await?;
        if keys.find(&token.header).is_none() {
            keys = self.sought(keys).await?;
        }
        let Some(key) = keys.find(&token.header) else {
            let kid = token.header.kid;
            return Err(refused(&JoseRefusal::UnknownKey { kid, algorithm }));
        };
        token.verify(key, validation, now).map_err(|refusal| refused(&refusal))
    }

    /// The keys, if they are of an age that may be used; stale ones are fetched anew meanwhile.
    async fn current(&self) -> Fetched {
        let now = Instant::now();
        let has_failed = |known: &Known, within| {
            let failure = known.failure.as_ref().filter(|(_, at)| now.duration_since(*at) < within);
            failure.map(|(failure, _)| failure.clone())
        };
        let flight = {
            let known = lock(&self.known);
            let usable = known.keys.as_ref().map(|(keys, at)| (keys, now.duration_since(*at)));
            match usable.filter(|(_, age)| *age < USELESS_AFTER) {
                Some((keys, age)) => {
                    if age > STALE_AFTER && has_failed(&known, COOL_DOWN).is_none() {
                        drop(self.fetch());
                    }
                    return Ok(keys.clone());
                }
                None => match has_failed(&known, FIRST_COOL_DOWN) {
                    Some(failure) => return Err(failure),
                    None => self.fetch(),
                },
            }
        };
        landed(flight).await
    }

    /// The keys after a fetch, or as they are where one for the same sake was a moment ago. If that one
    /// failed, nobody knows whether it would have brought the key.
    async fn sought(&self, keys: Arc<PublicKeys>) -> Fetched {
        let flight = match self.flights.running(&()) {
            Some(flight) => flight,
            None => {
                let mut known = lock(&self.known);
                let now = Instant::now();
                if known.sought.is_some_and(|at| now.duration_since(at) < COOL_DOWN) {
                    return match &known.failure {
                        Some((failure, _)) => Err(failure.clone()),
                        None => Ok(known.keys.as_ref().map_or(keys, |(keys, _)| keys.clone())),
                    };
                }
                known.sought = Some(now);
                self.fetch()
            }
        };
        landed(flight).await
    }

    /// Starts a fetch, or joins the one that is under way.
    fn fetch(&self) -> Landing<Fetched> {
        let (http, url, known) = (self.http.clone(), self.url.clone(), self.known.clone());
        self.flights.start((), async move {
            let fetched = fetch(&http, &url).await;
            let (mut known, now) = (lock(&known), Instant::now());
            match &fetched {
                Ok(keys) => {
                    known.keys = Some((keys.clone(), now));
                    known.failure = None;
                }
                Err(failure) => known.failure = Some((failure.clone(), now)),
            }
            fetched
        })
    }
}

async fn fetch(http: &Http, url: &Uri) -> Fetched {
    let unavailable = |error| Unavailable::new(ATTEMPT, error);
    let answer = http.get(url, HeaderMap::new()).await.map_err(unavailable)?;
    if answer.status != StatusCode::OK {
        return Err(unavailable(format!("it answered {}", answer.status).into()));
    }
    let json = str::from_utf8(&answer.body).map_err(|error| unavailable(error.into()))?;
    let keys = PublicKeys::from_json(json).map_err(|error| unavailable(error.into()))?;
    if let Some(error) = keys.passed_over().first() {
        tracing::warn!(%error, "a key of the auth server's set cannot be used and is passed over");
    }
    Ok(Arc::new(keys))
}

async fn landed(flight: Landing<Fetched>) -> Fetched {
    flight
        .landed()
        .await
        .unwrap_or_else(|| Err(Unavailable::new(ATTEMPT, "the fetch was given up")))
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
