//! [`Actor`], somebody with a cookie jar, and the [`Answer`] they get.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::Value as Json;
use vestibule_core::Auth;
use vestibule_core::endpoint::Place;

/// Somebody who makes requests and keeps cookies, as a browser on the server's own pages does.
#[derive(Clone)]
pub struct Actor {
    auth: Auth,
    cookies: BTreeMap<String, String>,
    headers: HeaderMap,
    place: Place,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Actor {
    pub(crate) fn new(auth: Auth) -> Self {
        let place = Place::BasePath;
        Self { auth, cookies: BTreeMap::new(), headers: HeaderMap::new(), place }
    }

    /// Sends this header with every request.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().expect("a header value"));
        self
    }

    /// The same person, whose paths begin at the origin instead of the base path.
    #[must_use]
    pub fn at_origin(&self) -> Self {
        Self { place: Place::Origin, ..self.clone() }
    }

    /// Has this cookie, whatever the server said; the value as it stands in the header.
    #[must_use]
    pub fn with_cookie(mut self, name: &str, value: &str) -> Self {
        self.cookies.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The value of a cookie as it stands in the header.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&mut self, path: &str, body: Json) -> Answer {
        self.send(Method::POST, path, Some(body.to_string().into())).await
    }

    /// A body that need not be JSON, with its content type among the actor's headers.
    pub async fn post_raw(&mut self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send(Method::POST, path, Some(body.into())).await
    }

    async fn send(&mut self, method: Method, path: &str, body: Option<Bytes>) -> Answer {
        let mut request = Request::new(body.clone().unwrap_or_default());
        *request.method_mut() = method;
        let url = match self.place {
            Place::BasePath => format!("http://localhost:3000/api/auth{path}"),
            Place::Origin => format!("http://localhost:3000{path}"),
        };
        *request.uri_mut() = url.parse().expect("a path");
        let headers = request.headers_mut();
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, "application/json".parse().expect("a header"));
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.insert(header::COOKIE, cookies.join("; ").parse().expect("a header"));
            headers.insert(header::ORIGIN, "http://localhost:3000".parse().expect("a header"));
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        let response = self.auth.handle(request).await;
        let (parts, body) = response.into_parts();
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        self.keep_cookies(&answer);
        answer
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for line in answer.set_cookies() {
            let pair = line.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').unwrap_or_default();
            if line.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON: {error}: {}", self.line()))
    }

    /// Status and body in one line.
    pub fn line(&self) -> String {
        format!("{} {}", self.status.as_u16(), String::from_utf8_lossy(&self.body))
    }

    /// The `Set-Cookie` lines.
    pub fn set_cookies(&self) -> Vec<String> {
        let lines = self.headers.get_all(header::SET_COOKIE).iter();
        lines.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned()).collect()
    }

    /// Panics with the body where the status is not 200.
    #[track_caller]
    pub fn expect_ok(&self) -> &Self {
        assert_eq!(self.status, StatusCode::OK, "{}", self.line());
        self
    }
}
