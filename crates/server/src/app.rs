//! Every route of the server, and what stands before all of them.
//!
//! From the outside in: request id and log, CORS, limits, routes. The API waits for the database;
//! health and pages do not. What no route takes is a page that does not exist for a browser, and an
//! answer of the API for everybody else.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use http::{HeaderName, Request, Response, StatusCode};
use tower::ServiceExt as _;
use vestibule_core::clock::ServeAt;
use vestibule_core::random::Random;
use vestibule_core::{Auth, Error, Timestamp};
use vestibule_http::AuthService;

use crate::health::{self, Health};
use crate::limits::limit;
use crate::pages;
use crate::preparation::{self, Gate};
use crate::settings::{PagesSwitch, TestClock};
use crate::shutdown::Shutdown;
use crate::trace::traced;

const TEST_NOW: HeaderName = HeaderName::from_static("x-test-now");

/// The whole server, without its socket. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    router: Router,
    auth: Auth,
    random: Arc<dyn Random>,
    test_clock: TestClock,
}

/// What an [`App`] is made of.
pub(crate) struct Parts {
    pub(crate) auth: Auth,
    pub(crate) gate: Gate,
    pub(crate) shutdown: Shutdown,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) test_clock: TestClock,
    pub(crate) pages: PagesSwitch,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { auth, gate, shutdown, random, test_clock, pages } = parts;
        let api = vestibule_http::endpoints(auth.clone())
            .layer(from_fn_with_state(gate.clone(), preparation::wait));
        let health = health::routes(Health { auth: auth.clone(), gate, shutdown });
        let mut router = Router::new().merge(api).merge(health);
        router = match pages {
            PagesSwitch::On => router.merge(pages::routes(auth.clone())),
            PagesSwitch::Off => router.fallback_service(AuthService::new(auth.clone())),
        };
        let refusing = auth.clone();
        let router = router
            .method_not_allowed_fallback(async move |request: Request<Body>| {
                method_not_allowed(&refusing, &request)
            })
            .layer(from_fn_with_state(auth.clone(), limit))
            .layer(from_fn_with_state(auth.clone(), vestibule_http::cors));
        Self { router, auth, random, test_clock }
    }

    pub(crate) async fn respond(&self, request: Request<Body>) -> Response<Body> {
        traced(request, &*self.random, async |request| match self.at_its_time(request) {
            Ok(request) => match self.router.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
            Err(error) => self.auth.refuse(error, "/").map(Body::from),
        })
        .await
    }

    /// Gives a request the time that it asks to be served at, where tests may ask.
    fn at_its_time(&self, mut request: Request<Body>) -> Result<Request<Body>, Error> {
        let Some(asked) = request.headers().get(TEST_NOW) else { return Ok(request) };
        if self.test_clock == TestClock::Off {
            return Ok(request);
        }
        let millis = asked.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
            let message = "`x-test-now` must be a number of milliseconds since 1970";
            Error::refusal(StatusCode::BAD_REQUEST, message)
        })?;
        request.extensions_mut().insert(ServeAt(Timestamp::from_millis(millis)));
        Ok(request)
    }
}

/// For pages and health; the API refuses by itself.
fn method_not_allowed(auth: &Auth, request: &Request<Body>) -> Response<Body> {
    let error = Error::refusal(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    auth.refuse(error.with_code("METHOD_NOT_ALLOWED"), request.uri().path()).map(Body::from)
}
