use std::time::Duration;

use proptest::prelude::{any, prop_assert_eq, proptest};
use serde_json::json;

use super::*;
use crate::vectors;

const SIGNED: &str =
    "abcDEF0123456789abcDEF0123456789.5/LpkGeuQzgPeM56iDd4lwEFB1wPhza/VMQaE0b+cfU=";

/// The value of the cookie `name`, as endpoints see it.
#[track_caller]
fn get<'h>(header: &'h str, name: &str) -> Option<Cow<'h, str>> {
    Cookies::new(header.as_bytes()).get(name)
}

/// The defaults of the reference on plain HTTP.
fn defaults() -> Attributes {
    Attributes {
        path: Some("/".to_owned()),
        http_only: Some(true),
        secure: Some(false),
        same_site: Some(SameSite::Lax),
        ..Attributes::default()
    }
}

fn cookie(name: &str, value: &str, attributes: Attributes) -> SetCookie {
    SetCookie { name: name.to_owned(), value: value.to_owned(), attributes }
}

#[track_caller]
fn line(cookie: &SetCookie) -> String {
    cookie.serialize().unwrap()
}

#[test]
fn the_first_of_a_name_wins() {
    assert_eq!(get("a=1; b=2; a=3", "a").unwrap(), "1");
    assert_eq!(get("a=; a=3", "a").unwrap(), "");
    assert_eq!(get("a=1", "b"), None);
    assert_eq!(get("", "a"), None);
}

#[test]
fn names_are_not_confused() {
    assert_eq!(get("xa=1; A=2", "a"), None);
    assert_eq!(get("a.0=1", "a"), None);
    assert_eq!(get("junk; a = 1 ; more junk", "a").unwrap(), "1");
    assert_eq!(get("junk=a=1;a=b=c", "a").unwrap(), "b=c");
}

#[test]
fn quotes_are_stripped_as_the_reference_does() {
    assert_eq!(get(r#"a="x y""#, "a").unwrap(), "x y");
    assert_eq!(get(r#"a="xyz"#, "a").unwrap(), "xy");
    assert_eq!(get(r#"a=x""#, "a").unwrap(), r#"x""#);
    assert_eq!(get(r#"a=""#, "a").unwrap(), "");
    assert_eq!(get(r#"a="""#, "a").unwrap(), "");
}

#[test]
fn values_are_decoded_once_and_only_when_well_formed() {
    assert_eq!(get("a=x%20%C3%A9", "a").unwrap(), "x é");
    assert_eq!(get("a=%2541", "a").unwrap(), "%41");
    assert_eq!(get("a=%zz%41", "a").unwrap(), "%zz%41");
    assert_eq!(get("a=1+2", "a").unwrap(), "1+2");
    assert!(matches!(get("a=plain", "a"), Some(Cow::Borrowed("plain"))));
}

#[test]
fn odd_bytes_hide_no_other_cookie() {
    let header = b"x=\xff\xfe; a=1; y=\xc3\xa9%41\xa0";
    assert_eq!(Cookies::new(header).get("a").unwrap(), "1");
    assert_eq!(Cookies::new(header).get("x").unwrap(), "ÿþ");
    assert_eq!(Cookies::new(header).get("y").unwrap(), "Ã©A");
    assert_eq!(parse_strict(header), [("a", "1".into())]);
}

#[test]
fn the_strict_parser_lets_the_last_win() {
    let cookies = parse_strict(b"a=1;b=%C3%A9; a=\"3\" ; c=x y,z;d=%zz; e=");
    let expected = [("a", "3"), ("b", "é"), ("c", "x y,z"), ("d", "%zz"), ("e", "")]
        .map(|(n, v)| (n, v.into()));
    assert_eq!(cookies, expected);
}

#[test]
fn the_strict_parser_drops_what_is_malformed() {
    let header = br#"novalue; =x; a b=1; a@=1; b=x"y; c=x\y; d="x; e=1; f="#;
    assert_eq!(parse_strict(header), [("e", "1".into()), ("f", "".into())]);
    assert_eq!(parse_strict(b"a=\"; b=\"\""), [("b", "".into())]);
    assert_eq!(parse_strict("é=1; a=é; b=\u{b}".as_bytes()), []);
}

#[test]
fn a_request_cookie_is_replaced_or_added() {
    assert_eq!(set_request_cookie(b"", "t", SIGNED), format!("t={}", encode_uri_component(SIGNED)));
    assert_eq!(
        set_request_cookie(b"t=old; a=x%20y; bad name=1; t=2", "t", "new"),
        "t=new; a=x%20y"
    );
    assert_eq!(set_request_cookie(b"a=1", "not a token", "x"), "a=1");
}

#[test]
fn lines_match_the_reference() {
    let lasting = |max_age| Attributes { max_age_seconds: Some(max_age), ..defaults() };
    let secure = Attributes { secure: Some(true), ..defaults() };
    let third_party = Attributes {
        max_age_seconds: Some(60),
        domain: Some("example.com".to_owned()),
        same_site: Some(SameSite::None),
        partitioned: Some(true),
        ..secure.clone()
    };
    let cookies = [
        cookie("better-auth.session_token", SIGNED, lasting(604_800)),
        cookie("__Secure-better-auth.session_token", SIGNED, secure),
        SetCookie::expired("better-auth.session_data", lasting(300)),
        cookie("x", "v", third_party),
    ];
    let vectors = vectors();
    let expected = vectors["deterministic"]["set_cookie_lines"].as_array().unwrap();
    assert_eq!(cookies.len(), expected.len());
    for (cookie, expected) in cookies.iter().zip(expected) {
        assert_eq!(line(cookie), expected["line"].as_str().unwrap(), "{}", expected["desc"]);
    }
}

#[test]
fn prefixes_are_honoured() {
    let attributes =
        Attributes { domain: Some("a.b".to_owned()), path: Some("/x".to_owned()), ..defaults() };
    let host = line(&cookie("__Host-a", "1", attributes.clone()));
    assert_eq!(host, "__Host-a=1; Path=/; HttpOnly; Secure; SameSite=Lax");
    let secure = line(&cookie("__Secure-a", "1", attributes));
    assert_eq!(secure, "__Secure-a=1; Domain=a.b; Path=/x; HttpOnly; Secure; SameSite=Lax");
}

// Difference: partitioned-cookies-are-secure.
#[test]
fn a_partitioned_cookie_is_secure() {
    let attributes = Attributes { partitioned: Some(true), ..Attributes::default() };
    assert_eq!(line(&cookie("a", "1", attributes)), "a=1; Secure; Partitioned");
}

#[test]
fn empty_attributes_are_left_out() {
    let attributes = Attributes {
        domain: Some(String::new()),
        path: Some(String::new()),
        ..Attributes::default()
    };
    assert_eq!(line(&cookie("a", "", attributes)), "a=");
}

#[test]
fn limits_hold() {
    let lasting = |max_age| {
        cookie("a", "", Attributes { max_age_seconds: Some(max_age), ..Attributes::default() })
    };
    assert_eq!(line(&lasting(MAX_AGE_LIMIT_SECONDS)), "a=; Max-Age=34560000");
    assert_eq!(lasting(MAX_AGE_LIMIT_SECONDS + 1).serialize(), Err(InvalidCookie::MaxAge));
}

#[test]
fn nothing_breaks_out_of_the_header() {
    let value = line(&cookie("a", "x\r\nSet-Cookie: b; Path=/", Attributes::default()));
    assert_eq!(value, "a=x%0D%0ASet-Cookie%3A%20b%3B%20Path%3D%2F");
    for text in ["x\r\ny", "x;y", "x\0"] {
        let refused = Err(InvalidCookie::Character);
        assert_eq!(cookie(text, "", Attributes::default()).serialize(), refused);
        let path = Attributes { path: Some(text.to_owned()), ..Attributes::default() };
        assert_eq!(cookie("a", "", path).serialize(), refused);
        let domain = Attributes { domain: Some(text.to_owned()), ..Attributes::default() };
        assert_eq!(cookie("a", "", domain).serialize(), refused);
    }
}

#[test]
fn dates_are_written_in_the_form_of_http() {
    for (seconds, expected) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
        (1_893_456_000, "Tue, 01 Jan 2030 00:00:00 GMT"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ] {
        let expires = Some(UNIX_EPOCH + Duration::from_secs(seconds));
        let written = line(&cookie("a", "", Attributes { expires, ..Attributes::default() }));
        assert_eq!(written, format!("a=; Expires={expected}"));
    }
}

#[test]
fn later_layers_win_where_they_speak() {
    let over =
        Attributes { path: Some("/x".to_owned()), secure: Some(true), ..Attributes::default() };
    let merged = defaults().merge(over);
    assert_eq!(
        merged,
        Attributes { path: Some("/x".to_owned()), secure: Some(true), ..defaults() }
    );
}

#[test]
fn options_have_the_names_of_the_reference() {
    let options = json!({ "maxAge": 60, "httpOnly": false, "sameSite": "None", "domain": "a.b" });
    let attributes: Attributes = serde_json::from_value(options).unwrap();
    let expected = Attributes {
        max_age_seconds: Some(60),
        http_only: Some(false),
        same_site: Some(SameSite::None),
        domain: Some("a.b".to_owned()),
        ..Attributes::default()
    };
    assert_eq!(attributes, expected);
    assert!(serde_json::from_value::<Attributes>(json!({ "maxage": 60 })).is_err());
}

#[test]
fn values_are_not_shown() {
    let shown =
        format!("{:?} {:?}", cookie("a", "hunter2", defaults()), Cookies::new(b"a=hunter2"));
    assert!(!shown.contains("hunter2"), "{shown}");
}

proptest! {
    #[test]
    fn no_header_stops_the_parsers(header in any::<Vec<u8>>(), near in "[a=;\" %4\\x{80}-\\x{ff}]{0,40}") {
        for header in [header.as_slice(), near.as_bytes()] {
            let _ = Cookies::new(header).get("a"); // Only that it returns.
            let _ = parse_strict(header); // Likewise.
        }
    }

    #[test]
    fn what_is_written_is_read(value in any::<String>()) {
        let written = line(&cookie("a", &value, Attributes::default()));
        prop_assert_eq!(get(&written, "a").unwrap(), value.as_str());
        prop_assert_eq!(&parse_strict(written.as_bytes())[0].1, &value);
    }
}
