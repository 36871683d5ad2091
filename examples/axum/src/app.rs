//! The service: what it holds, its routes, and what is asked of every request.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ORIGIN};
use axum::http::{HeaderValue, Method};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get};
use tower_http::cors::CorsLayer;
use vestibule_verify::{
    Algorithm, Database, Jwt, Keys, Mirror, MirrorTable, SharedDatabase, Verifier,
};

use crate::notes;
use crate::problem::Problem;
use crate::settings::{Settings, Trust};
use crate::store::Store;

/// A note is 2000 characters at most, of four bytes each, and may be escaped.
const BODY_LIMIT_BYTES: usize = 64 * 1024;

#[derive(Clone)]
pub(crate) struct App {
    verifier: Verifier,
    store: Store,
}

/// From here [`Authenticated`](vestibule_verify::Authenticated), the extractor, takes it.
impl FromRef<App> for Verifier {
    fn from_ref(app: &App) -> Self {
        app.verifier.clone()
    }
}

impl FromRef<App> for Store {
    fn from_ref(app: &App) -> Self {
        app.store.clone()
    }
}

impl App {
    pub(crate) async fn start(settings: &Settings) -> Result<Self> {
        let store = Store::open(&settings.database_url).await?;
        Ok(Self { verifier: verifier(settings)?, store })
    }

    pub(crate) fn router(self, settings: &Settings) -> Result<Router> {
        let origins = settings.frontend_origins.iter().map(|origin| {
            HeaderValue::from_str(origin).with_context(|| format!("FRONTEND_ORIGIN: `{origin}`"))
        });
        let origins: Vec<_> = origins.collect::<Result<_>>()?;
        // Outermost, so that pages can read refusals as well.
        let cors = CorsLayer::new()
            .allow_origin(origins.clone())
            .allow_credentials(true)
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            .allow_headers([AUTHORIZATION, CONTENT_TYPE]);
        Ok(Router::new()
            .route("/health", get(notes::health))
            .route("/me", get(notes::me))
            .route("/notes", get(notes::list).post(notes::add))
            .route("/notes/{id}", delete(notes::remove))
            .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
            .layer(from_fn_with_state(Origins(origins.into()), only_from_the_frontend))
            .layer(cors)
            .with_state(self))
    }
}

/// Says who sends a request, and makes sure that `app_users` has a row for them: the first sight of a
/// user makes it. Sign-up therefore knows nothing of this service, and cannot fail because of it.
fn verifier(settings: &Settings) -> Result<Verifier> {
    let database = Database::connect(&settings.database_url)?;
    let users = MirrorTable::named("app_users").id("auth_user_id");
    let builder = Verifier::builder().realm("notes").mirror(Mirror::new(database.clone(), users));
    let builder = match &settings.trust {
        Trust::SharedDatabase { secret } => {
            builder.shared_database(SharedDatabase::new(database, secret))
        }
        Trust::KeySet { url, issuer, audience } => {
            let jwt = Jwt::new(Keys::at(url)?, issuer, audience);
            builder.jwt(jwt.algorithms([Algorithm::EdDsa, Algorithm::Es256]))
        }
    };
    Ok(builder.build()?)
}

#[derive(Clone)]
struct Origins(Arc<[HeaderValue]>);

/// A cookie is sent by whichever page causes a request: `SameSite` keeps other sites out, and this
/// keeps out other hosts of our own site. A bearer token only its holder can send.
async fn only_from_the_frontend(
    State(Origins(allowed)): State<Origins>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let is_known = headers.get(ORIGIN).is_none_or(|origin| allowed.contains(origin));
    if is_read || is_known || headers.contains_key(AUTHORIZATION) {
        next.run(request).await
    } else {
        Problem::OriginNotAllowed.into_response()
    }
}
