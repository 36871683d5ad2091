//! Redirect targets: adding to their query, making them absolute, putting them into a header.
//!
//! These functions compose, they do not judge: a target from outside has passed
//! [`RequestTrust::is_trusted`](crate::origin::RequestTrust::is_trusted) before it comes here.
//! They still never turn a path of ours into another site's URL: a root-relative target that
//! resolves to `//host` is an error, where the reference answers `Location: //host?error=..`.

use std::borrow::Cow;

use http::HeaderValue;
use percent_encoding::{CONTROLS, utf8_percent_encode};
use thiserror::Error;
use url::{Url, form_urlencoded};

use crate::base_url::BaseUrl;
use crate::error::Error;

/// A target that is neither an absolute URL nor a path on our origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected an absolute or root-relative URL")]
pub struct InvalidTarget;

/// Appends parameters to the query and keeps what is there, query and fragment, as it stands. A
/// relative target stays relative. Without parameters the target comes back untouched.
pub fn append_query_params(target: &str, params: &[(&str, &str)]) -> Result<String, InvalidTarget> {
    let mut url = parse(target)?;
    if params.is_empty() {
        return Ok(target.to_owned());
    }
    let mut query = url.query().unwrap_or_default().to_owned();
    if !query.is_empty() && !query.ends_with('&') {
        query.push('&');
    }
    query.push_str(&form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish());
    url.set_query(Some(&query));
    match target.starts_with('/') {
        true => Ok(url[url::Position::BeforePath..].to_owned()),
        false => Ok(url.into()),
    }
}

/// The absolute URL of a target, seen from the base URL, with parameters set: each replaces those
/// of its name. Password reset, magic links and account deletion answer with these.
pub fn absolute(
    target: &str,
    base: &BaseUrl,
    params: &[(&str, &str)],
) -> Result<String, InvalidTarget> {
    let base = Url::parse(base.as_str()).map_err(|_| InvalidTarget)?;
    let mut url = base.join(target).map_err(|_| InvalidTarget)?;
    if !params.is_empty() {
        let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
        for param in params {
            set_pair(&mut pairs, param);
        }
        url.query_pairs_mut().clear().extend_pairs(pairs);
    }
    Ok(url.into())
}

/// A target as a header can carry it: what is not visible ASCII is percent-encoded.
pub fn location(target: &str) -> Cow<'_, str> {
    utf8_percent_encode(target, CONTROLS).into()
}

/// Replaces the first pair of the name, drops the others; appends where there is none.
fn set_pair(pairs: &mut Vec<(String, String)>, (name, value): &(&str, &str)) {
    let first = pairs.iter().position(|(other, _)| other == name);
    match first {
        None => pairs.push(((*name).to_owned(), (*value).to_owned())),
        Some(first) => {
            (*value).clone_into(&mut pairs[first].1);
            let mut at = 0..;
            pairs.retain(|(other, _)| at.next() == Some(first) || other != name);
        }
    }
}

/// The same as the value of a `Location` header.
pub fn header_value(target: &str) -> Result<HeaderValue, Error> {
    HeaderValue::try_from(location(target).as_ref())
        .map_err(|_| Error::bad_request("The redirect target is not a valid URL"))
}

fn parse(target: &str) -> Result<Url, InvalidTarget> {
    const OURS: &str = "http://relative.invalid";
    if !target.starts_with('/') {
        return Url::parse(target).map_err(|_| InvalidTarget);
    }
    let ours = Url::parse(OURS).map_err(|_| InvalidTarget)?;
    let url = ours.join(target).map_err(|_| InvalidTarget)?;
    let stays = url.origin() == ours.origin() && !url.path().starts_with("//");
    if stays { Ok(url) } else { Err(InvalidTarget) }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const VECTORS: &str = include_str!("../../testkit/vectors.json");

    fn vectors(name: &str) -> Vec<Value> {
        let vectors: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
        vectors["deterministic"][name].as_array().expect("cases").clone()
    }

    #[test]
    fn the_vectors_hold() {
        for case in vectors("append_query_params") {
            let params = case["params"].as_object().expect("params");
            let params: Vec<_> = params
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
                .collect();
            let target = case["input"].as_str().expect("input");
            let appended = append_query_params(target, &params);
            assert_eq!(appended.as_deref().ok(), case["out"].as_str(), "{case}");
        }
    }

    #[test]
    fn parameters_join_what_is_there() {
        for (target, expected) in [
            ("/", "/?e=1"),
            ("/x?", "/x?e=1"),
            ("/x?q=1#h?z", "/x?q=1&e=1#h?z"),
            ("/x?e=0", "/x?e=0&e=1"),
            ("/x?a=b c&é", "/x?a=b%20c&%C3%A9&e=1"),
            ("/é b", "/%C3%A9%20b?e=1"),
            ("/a/../b", "/b?e=1"),
            ("/a%2fb", "/a%2fb?e=1"),
            ("https://A.com:443", "https://a.com/?e=1"),
            ("myapp://cb", "myapp://cb?e=1"),
            ("myapp:cb#f", "myapp:cb?e=1#f"),
            ("exp://1.2.3.4:80/--/x?a", "exp://1.2.3.4:80/--/x?a&e=1"),
        ] {
            assert_eq!(append_query_params(target, &[("e", "1")]).as_deref(), Ok(expected));
        }
        assert_eq!(append_query_params("/x?y", &[]).as_deref(), Ok("/x?y"));
        let odd = append_query_params("/", &[("a", "é b+c&d=e~*-._!")]);
        assert_eq!(odd.as_deref(), Ok("/?a=%C3%A9+b%2Bc%26d%3De%7E*-._%21"));
    }

    #[test]
    fn a_path_of_ours_never_becomes_a_host() {
        for target in [
            "//evil.com",
            "/\\evil.com",
            "/.//evil.com",
            "/a/..//evil.com",
            "/%2e//evil.com",
            "/\t/evil.com",
            "x",
            "",
            "?x",
            "https://",
        ] {
            assert_eq!(append_query_params(target, &[("e", "1")]), Err(InvalidTarget), "{target}");
        }
    }

    #[test]
    fn absolute_targets_are_seen_from_the_base_url() {
        let base = BaseUrl::parse("https://app.com", "/api/auth").expect("a base URL");
        for (target, expected) in [
            ("/reset", "https://app.com/reset?token=t"),
            ("", "https://app.com/api/auth?token=t"),
            ("/x?token=1&a=b%20c&token=2#h", "https://app.com/x?token=t&a=b+c#h"),
            ("/.//evil.com", "https://app.com//evil.com?token=t"),
            ("https://z.com", "https://z.com/?token=t"),
            ("myapp://cb", "myapp://cb?token=t"),
        ] {
            assert_eq!(absolute(target, &base, &[("token", "t")]).as_deref(), Ok(expected));
        }
        assert_eq!(absolute("/x?a=b c", &base, &[]).as_deref(), Ok("https://app.com/x?a=b%20c"));
    }

    #[test]
    fn a_location_fits_into_a_header() {
        assert_eq!(location("/x?a=%20#h"), "/x?a=%20#h");
        assert_eq!(location("/é\r\nSet-Cookie: a"), "/%C3%A9%0D%0ASet-Cookie: a");
    }
}
