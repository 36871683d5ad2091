//! Values that are too long for one cookie: split into `name.0`, `name.1` and so on.
//!
//! Reference: better-auth 1.7.7, `cookies/session-store`.

use super::{Attributes, Cookies, SetCookie, parse_strict};

/// A cookie with its name and attributes is no longer; browsers take at least 4093 bytes.
const COOKIE_LIMIT_BYTES: usize = 4050;

/// Neither more chunks are written, nor are more read.
pub const CHUNKS_LIMIT: usize = 100;

/// The cookies that carry a value of ASCII characters that need no percent-encoding, such as a token.
///
/// `None` where it is too long even for [`CHUNKS_LIMIT`] of them.
pub fn split(name: &str, value: &str, attributes: &Attributes) -> Option<Vec<SetCookie>> {
    let cookie = |name: String, value: &str| SetCookie {
        name,
        value: value.to_owned(),
        attributes: attributes.clone(),
    };
    let overhead = cookie(format!("{name}.{}", CHUNKS_LIMIT - 1), "").serialize().ok()?.len();
    let chunk_size = COOKIE_LIMIT_BYTES.checked_sub(overhead).filter(|&size| size > 0)?;
    if value.len() <= chunk_size {
        return Some(vec![cookie(name.to_owned(), value)]);
    }
    if value.len().div_ceil(chunk_size) > CHUNKS_LIMIT || !value.is_ascii() {
        return None;
    }
    let chunks = value.as_bytes().chunks(chunk_size).map(str::from_utf8).enumerate();
    chunks.map(|(index, chunk)| Some(cookie(format!("{name}.{index}"), chunk.ok()?))).collect()
}

/// The value that a `Cookie` header carries under a name, whole or in chunks.
pub fn join(header: &[u8], name: &str) -> Option<String> {
    if let Some(value) = Cookies::new(header).get(name).filter(|value| !value.is_empty()) {
        return Some(value.into_owned());
    }
    let cookies = cookies_of(header, name);
    let mut chunks: Vec<_> =
        cookies.iter().filter_map(|(index, _, value)| Some(((*index)?, value))).collect();
    chunks.sort_unstable_by_key(|&(index, _)| index);
    let joined: String = chunks.into_iter().map(|(_, value)| value.as_str()).collect();
    (!joined.is_empty()).then_some(joined)
}

/// The names of the cookies of a `Cookie` header that carry a value of this name or a part of one.
pub fn names(header: &[u8], name: &str) -> Vec<String> {
    cookies_of(header, name).into_iter().map(|(_, name, _)| name).collect()
}

/// Index, name and value of each cookie that is a chunk, or the whole, which has no index.
fn cookies_of(header: &[u8], base: &str) -> Vec<(Option<u64>, String, String)> {
    // Most requests carry none, and the header need not be read to know that.
    if !header.windows(base.len().max(1)).any(|window| window == base.as_bytes()) {
        return Vec::new();
    }
    parse_strict(header)
        .into_iter()
        .filter_map(|(name, value)| {
            let index = match name.strip_prefix(base)? {
                "" => None,
                rest => Some(chunk_index(rest.strip_prefix('.')?)?),
            };
            Some((index, name.to_owned(), value.into_owned()))
        })
        .take(CHUNKS_LIMIT)
        .collect()
}

/// Canonical decimal: neither a sign nor a leading zero.
fn chunk_index(text: &str) -> Option<u64> {
    let index: u64 = text.parse().ok()?;
    (index.to_string() == text).then_some(index)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;
    use crate::cookie::SameSite;

    const NAME: &str = "better-auth.session_data";

    fn attributes() -> Attributes {
        Attributes {
            max_age_seconds: Some(300),
            path: Some("/".to_owned()),
            http_only: Some(true),
            same_site: Some(SameSite::Lax),
            ..Attributes::default()
        }
    }

    fn lengths(value: &str) -> Vec<(String, usize)> {
        let cookies = split(NAME, value, &attributes()).unwrap();
        cookies.into_iter().map(|cookie| (cookie.name, cookie.value.len())).collect()
    }

    #[test]
    fn a_value_is_split_as_the_reference_splits_it() {
        let plain = |length| vec![(NAME.to_owned(), length)];
        let chunk = |index, length| (format!("{NAME}.{index}"), length);
        assert_eq!(lengths(&"x".repeat(3977)), plain(3977));
        assert_eq!(lengths(&"x".repeat(3978)), [chunk(0, 3977), chunk(1, 1)]);
        assert_eq!(lengths(&"x".repeat(8846)), [chunk(0, 3977), chunk(1, 3977), chunk(2, 892)]);
        assert_eq!(lengths(""), plain(0));
    }

    #[test]
    fn what_is_too_long_is_not_written() {
        assert_eq!(lengths(&"x".repeat(3977 * 100)).len(), 100);
        assert_eq!(split(NAME, &"x".repeat(3977 * 100 + 1), &attributes()), None);
        assert_eq!(split(&"n".repeat(4100), "x", &attributes()), None);
        assert_eq!(split(NAME, &"é".repeat(3000), &attributes()), None);
    }

    #[test]
    fn chunks_are_joined_by_number() {
        let ten: Vec<String> = (0..12).rev().map(|index| format!("n.{index}={index},")).collect();
        let joined = join(ten.join("; ").as_bytes(), "n");
        assert_eq!(joined.as_deref(), Some("0,1,2,3,4,5,6,7,8,9,10,11,"));
        // Gaps are not seen; what is in them is for whoever reads the value.
        assert_eq!(join(b"n.0=a; n.2=c", "n").as_deref(), Some("ac"));
        assert_eq!(join(b"n.0=a; n=whole; n.1=b", "n").as_deref(), Some("whole"));
        assert_eq!(join(b"n.0=a; n=; n.1=b", "n").as_deref(), Some("ab"));
        for nothing in ["", "n=", "m.0=a", "n.=a", "n.x=a", "n.01=a", "n.+1=a", "n.-1=a", "nn=a"] {
            assert_eq!(join(nothing.as_bytes(), "n"), None, "{nothing}");
        }
    }

    #[test]
    fn the_cookies_of_a_name_are_listed() {
        let header = b"a=b; n.1=x; n.x=x; n=x; n.0=x; n.00=x; nn.0=x";
        assert_eq!(names(header, "n"), ["n.1", "n", "n.0"]);
    }

    #[test]
    fn there_is_an_end_to_what_is_read() {
        let many: Vec<String> = (0..1000).map(|index| format!("n.{index}=x")).collect();
        assert_eq!(join(many.join(";").as_bytes(), "n").map(|value| value.len()), Some(100));
    }

    proptest! {
        #[test]
        fn what_is_split_is_joined(value in "[a-zA-Z0-9._-]{1,9000}") {
            let cookies = split(NAME, &value, &attributes()).unwrap();
            let pairs: Vec<_> =
                cookies.iter().rev().map(|it| format!("{}={}", it.name, it.value)).collect();
            prop_assert_eq!(join(pairs.join("; ").as_bytes(), NAME), Some(value));
            for cookie in cookies {
                prop_assert!(cookie.serialize().unwrap().len() <= COOKIE_LIMIT_BYTES);
            }
        }

        #[test]
        fn no_header_stops_the_reader(header in any::<Vec<u8>>(), near in "(n[.=;][0-9 ;=]{0,4}){0,9}") {
            let _ = join(&header, "n"); // Only that it returns.
            let _ = (names(near.as_bytes(), "n"), join(near.as_bytes(), "n")); // Likewise.
        }
    }
}
