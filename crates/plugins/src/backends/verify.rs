//! `GET /verify`, for the `auth_request` of nginx, the `forward_auth` of Caddy, Traefik and others
//!
//! The proxy asks with the headers of its client's request and passes it on where the answer is 2xx.
//! It is always asked by GET: what the client's method and path were does not matter. The headers of
//! the answer are all there, always, so that a proxy that copies them overwrites whatever the client
//! made up under their names.

use std::fmt::Write as _;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use serde::Serialize;
use vestibule_core::Timestamp;
use vestibule_core::prelude::*;

use super::Backends;
use super::caller::Known;

const USER_ID: HeaderName = HeaderName::from_static("x-auth-user-id");
const USER_EMAIL: HeaderName = HeaderName::from_static("x-auth-user-email");
const USER_NAME: HeaderName = HeaderName::from_static("x-auth-user-name");
const SESSION_ID: HeaderName = HeaderName::from_static("x-auth-session-id");
const EXPIRES: HeaderName = HeaderName::from_static("x-auth-expires");

pub(super) fn endpoint(plugin: &Arc<Backends>) -> Endpoint {
    Endpoint::get("/verify", plugin, verify).id("verifyRequest").no_store()
}

/// The same as the headers, for people who try it out.
#[derive(Serialize, Shape)]
#[serde(rename_all = "camelCase")]
struct Verified {
    user_id: String,
    session_id: String,
    expires_at: Timestamp,
}

async fn verify(_: &Backends, call: &mut Call<Known>, (): ()) -> Result<Verified> {
    let SessionUser { session, user } = call.caller.0.clone();
    for (name, value) in [
        (USER_ID, &*user.id),
        (USER_EMAIL, &*user.email),
        (USER_NAME, &*user.name),
        (SESSION_ID, &*session.id),
        (EXPIRES, &*session.expires_at.to_string()),
    ] {
        call.set_header(name, encoded(value)?);
    }
    Ok(Verified { user_id: user.id, session_id: session.id, expires_at: session.expires_at })
}

/// A text as a header can hold it: bytes of UTF-8 that are not printable ASCII are `%XX`, and so are
/// `%` itself and spaces at the ends. JavaScript's `decodeURIComponent` and Python's `unquote` read it.
fn encoded(text: &str) -> Result<HeaderValue> {
    let mut encoded = String::with_capacity(text.len());
    let inner = text.trim_matches(' ');
    let start = text.len() - text.trim_start_matches(' ').len();
    for (position, byte) in text.bytes().enumerate() {
        let is_inside = (start..start + inner.len()).contains(&position);
        match byte {
            b' ' if is_inside => encoded.push(' '),
            b'!'..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => write!(encoded, "%{byte:02X}")
                .map_err(|error| Error::internal("write a header").with_source(error))?,
        }
    }
    HeaderValue::try_from(encoded)
        .map_err(|error| Error::internal("write a header").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_fits_into_a_header() {
        for (text, expected) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("José Núñez", "Jos%C3%A9 N%C3%BA%C3%B1ez"),
            ("李", "%E6%9D%8E"),
            ("100%", "100%25"),
            ("a\r\nX-Auth-User-Id: b", "a%0D%0AX-Auth-User-Id: b"),
            ("  a  b ", "%20%20a  b%20"),
            (" ", "%20"),
            ("", ""),
            ("\u{7f}\0", "%7F%00"),
        ] {
            assert_eq!(encoded(text).unwrap(), expected);
        }
    }
}
