//! The pages: to sign up, to sign in, and to see one's account.
//!
//! They are files of this crate, embedded, and know nothing that another client of the API could not
//! know. Scripts and styles come from here alone, and nothing may frame the pages.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use minijinja::{AutoEscape, Environment, context};
use tower::ServiceExt as _;
use vestibule_core::{Auth, Error};
use vestibule_http::AuthService;

use crate::assets::{self, Asset};
use crate::trace::Route;

const TEMPLATES: [(&str, &str); 7] = [
    ("layout.html", include_str!("../pages/layout.html")),
    ("index.html", include_str!("../pages/index.html")),
    ("sign-in.html", include_str!("../pages/sign-in.html")),
    ("sign-up.html", include_str!("../pages/sign-up.html")),
    ("dashboard.html", include_str!("../pages/dashboard.html")),
    ("error.html", include_str!("../pages/error.html")),
    ("not-found.html", include_str!("../pages/not-found.html")),
];

/// What is routed here, beside what is below [`ASSETS`].
pub(crate) const PATHS: [&str; 4] = ["/", "/sign-in", "/sign-up", "/dashboard"];

pub(crate) const ASSETS: &str = "/_vestibule/";

const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; base-uri 'none'; object-src 'none'; \
     form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The code of an error that is none.
const UNKNOWN: &str = "UNKNOWN";

/// How much of a description is shown, in characters.
const DESCRIPTION_LIMIT: usize = 300;

/// The templates, and what they say about this server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pages(Arc<Inner>);

struct Inner {
    templates: Environment<'static>,
    auth: Auth,
}

pub(crate) fn routes(auth: Auth) -> Router {
    let pages = Pages::new(auth);
    Router::new()
        .route("/", get(index))
        .route(
            "/sign-in",
            get(async |State(pages): State<Pages>| pages.show("/sign-in", "sign-in.html")),
        )
        .route(
            "/sign-up",
            get(async |State(pages): State<Pages>| pages.show("/sign-up", "sign-up.html")),
        )
        .route(
            "/dashboard",
            get(async |State(pages): State<Pages>| pages.show("/dashboard", "dashboard.html")),
        )
        .route("/_vestibule/{name}", get(asset))
        .fallback(not_found)
        .with_state(pages)
}

async fn index(State(pages): State<Pages>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let parameter = |wanted: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    let Some(code) = parameter("error") else { return pages.show("/", "index.html") };
    let is_code = !code.is_empty()
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_'-".contains(&byte));
    let code = if is_code { code.as_str() } else { UNKNOWN };
    let description = parameter("error_description");
    let description: Option<String> =
        description.map(|text| text.chars().take(DESCRIPTION_LIMIT).collect());
    pages.render("/", "error.html", context! { code, description })
}

async fn asset(
    State(pages): State<Pages>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    match assets::find(&name) {
        Some(asset) => serve(asset, &headers),
        None => pages.missing(),
    }
}

/// A page for browsers; the API's own 404, with its hints, for everybody else.
async fn not_found(State(pages): State<Pages>, request: Request) -> Response {
    let accept = request.headers().get(header::ACCEPT).map(HeaderValue::as_bytes);
    let accepts_pages = accept.is_some_and(|accept| {
        accept.windows(b"text/html".len()).any(|part| part.eq_ignore_ascii_case(b"text/html"))
    });
    if accepts_pages {
        return pages.missing();
    }
    match AuthService::new(pages.0.auth.clone()).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

impl Pages {
    fn new(auth: Auth) -> Self {
        let mut templates = Environment::new();
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, source) in TEMPLATES {
            templates.add_template(name, source).expect("the embedded templates are well-formed");
        }
        templates.add_global("app_name", auth.options().app_name.clone());
        templates.add_global("base_path", auth.base_urls().path().to_owned());
        let passwords = &auth.options().email_and_password;
        templates.add_global("min_password_length", passwords.min_password_length);
        templates.add_global("development", !auth.options().production);
        Self(Arc::new(Inner { templates, auth }))
    }

    fn show(&self, route: &'static str, template: &str) -> Response {
        self.render(route, template, context! {})
    }

    fn missing(&self) -> Response {
        let mut response = self.show("(no page)", "not-found.html");
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    }

    fn render(&self, route: &'static str, template: &str, context: minijinja::Value) -> Response {
        let rendered =
            self.0.templates.get_template(template).and_then(|page| page.render(context));
        let mut response = match rendered {
            Ok(page) => Response::new(Body::from(page)),
            Err(error) => {
                let error =
                    Error::internal(format!("show the page `{template}`")).with_source(error);
                self.0.auth.refuse(error, route).map(Body::from)
            }
        };
        let headers = response.headers_mut();
        headers
            .entry(header::CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        protect(headers);
        response.extensions_mut().insert(Route(route));
        response
    }
}

fn serve(asset: &'static Asset, asked: &HeaderMap) -> Response {
    let etag = asset.etag();
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_known = known.flat_map(|value| value.split(',')).any(|value| value.trim() == etag);
    let mut response = Response::new(match is_known {
        true => Body::empty(),
        false => Body::from(asset.content),
    });
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::ETAG, HeaderValue::try_from(etag).expect("it is quoted base64"));
    protect(headers);
    response.extensions_mut().insert(Route("/_vestibule"));
    response
}

fn protect(headers: &mut HeaderMap) {
    headers
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}
