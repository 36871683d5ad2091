//! Vestibule for axum and tower: a [`router`], a plain [`AuthService`], and the [`Session`] of
//! whoever sends a request to a route of your own.
//!
//! What happens here is translation and nothing else: bodies are read up to a limit, the other end
//! of the connection is named, panics become answers, and [`cors`] lets browsers read what we say.
//! Every decision about a request is the engine's.

mod cors;
mod service;
mod session;

use std::collections::BTreeSet;

use axum::Router;
use axum::middleware::from_fn_with_state;
use vestibule_core::Auth;
use vestibule_core::endpoint::Place;

pub use cors::cors;
pub use service::{AuthService, BODY_LIMIT_BYTES};
pub use session::Session;

/// All endpoints under their base path, and those at the origin, with CORS: merge it into an application's router.
///
/// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, so that the client's
/// address is known to rate limits and sessions.
pub fn router<S: Clone + Send + Sync + 'static>(auth: Auth) -> Router<S> {
    endpoints(auth.clone()).layer(from_fn_with_state(auth, cors))
}

/// As [`router`], without CORS: for a server that answers preflights for all its routes.
pub fn endpoints<S: Clone + Send + Sync + 'static>(auth: Auth) -> Router<S> {
    let base_path = auth.base_urls().path().to_owned();
    let service = AuthService::new(auth.clone());
    let at_origin: BTreeSet<_> = auth
        .endpoints()
        .filter(|endpoint| endpoint.place == Place::Origin)
        .map(|endpoint| endpoint.path)
        .collect();
    let router = at_origin
        .into_iter()
        .fold(Router::new(), |router, path| router.route_service(path, service.clone()))
        .route_service(&format!("{base_path}/{{*path}}"), service.clone());
    if base_path.is_empty() {
        return router;
    }
    // The engine says 404 to both, in JSON.
    router
        .route_service(&format!("{base_path}/"), service.clone())
        .route_service(&base_path, service)
}
