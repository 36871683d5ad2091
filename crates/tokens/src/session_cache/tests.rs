use proptest::prelude::{any, prop_assert_eq, proptest};
use serde_json::{Map, json};

use super::*;
use crate::encoding::{base64url, decode_base64url};
use crate::json::stringify;
use crate::jwe::{Key, Purpose, Unique};
use crate::signature::SigningKey;
use crate::vectors;

const SECRET: &str = "better-auth-dossier-secret-0123456789abcdef";
const NOW: i64 = 1_893_456_000_123;
const NOW_SECONDS: i64 = 1_893_456_000;

fn key() -> SigningKey {
    SigningKey::new(SECRET)
}

fn encryption_key() -> Key {
    Key::derive(SECRET, Purpose::Session)
}

fn unique() -> Unique {
    Unique { id: "e7207fc3-5f66-42e4-847b-abb3206437b1".to_owned(), iv: [7; 16] }
}

/// The JSON of the payload of the vectors.
fn example() -> Value {
    vectors()["deterministic"]["cookie_cache_jwt"]["payload"].clone()
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn payload() -> Payload {
    let example = example();
    let (session, user) = (object(&example["session"]), object(&example["user"]));
    Payload::new(session, user, NOW, "1".to_owned()).unwrap()
}

/// A compact cache over any payload and expiry, with a true signature.
fn forge(payload: &Value, expires_at: Value) -> String {
    let mut signed = object(payload);
    signed.insert("expiresAt".to_owned(), expires_at.clone());
    let signature = base64url(key().mac(stringify(&signed.into()).as_bytes()));
    let outer = json!({ "session": payload, "expiresAt": expires_at, "signature": signature });
    base64url(outer.to_string())
}

#[test]
fn compact_caches_match_the_reference() {
    let vectors = vectors();
    let case = &vectors["deterministic"]["cookie_cache_compact"];
    let value = compact::encode(&key(), &payload(), NOW + 300_000);
    assert_eq!(value, case["cookie_value"]);
    let cached = compact::decode(&key(), &value, NOW).unwrap();
    assert!(cached == Cached { payload: payload(), expires_at: NOW + 300_000 });
    for case in vectors["reject"]["cookie_cache_compact"].as_array().unwrap() {
        let value = case["cookie_value"].as_str().unwrap();
        assert!(compact::decode(&key(), value, NOW).is_err(), "{}", case["why"]);
    }
}

#[test]
fn jwt_caches_match_the_reference() {
    let vectors = vectors();
    let case = &vectors["deterministic"]["cookie_cache_jwt"];
    let value = jwt::encode(&key(), &payload(), NOW_SECONDS, 300);
    assert_eq!(value, case["token"]);
    let cached = jwt::decode(&key(), &value, NOW).unwrap();
    assert!(cached == Cached { payload: payload(), expires_at: (NOW_SECONDS + 300) * 1000 });
}

#[test]
fn encrypted_caches_of_the_reference_are_read() {
    let keys = [
        Key::derive("second-rotated-secret-zyxwvutsrqponmlkjihg-42", Purpose::Session),
        encryption_key(),
    ];
    for case in vectors()["accept"]["cookie_cache_jwe"].as_array().unwrap() {
        let cached = jwe::decode(&keys, case["token"].as_str().unwrap(), NOW).unwrap();
        assert_eq!(cached.payload.token(), "abcDEF0123456789abcDEF0123456789");
    }
    let value = jwe::encode(&encryption_key(), &payload(), NOW_SECONDS, 300, unique());
    let cached = jwe::decode(&keys, &value, NOW).unwrap();
    assert!(cached == Cached { payload: payload(), expires_at: (NOW_SECONDS + 300) * 1000 });
}

#[test]
fn the_claims_for_a_key_set_are_the_references() {
    let claims = key_set::claims(&payload(), NOW_SECONDS, 300, "https://auth.example.com");
    let names: Vec<_> = claims.keys().map(String::as_str).collect();
    assert_eq!(names.join(" "), "session user updatedAt version sid iat exp iss aud sub");
    assert_eq!(claims["sub"], "userId00000000000000000000000001");
    let read = |claims: &Claims, now| {
        key_set::read(Some(key_set::TYPE), claims.clone(), Some("https://auth.example.com"), now)
    };
    let ends = (NOW_SECONDS + 300) * 1000;
    assert!(read(&claims, NOW).unwrap() == Cached { payload: payload(), expires_at: ends });
    assert!(read(&claims, ends + 14_999).is_ok());
    assert_eq!(read(&claims, ends + 15_000), Err(Refusal::Expired));
    assert!(read(&claims, i64::MIN).is_ok());
    assert_eq!(read(&claims, i64::MAX), Err(Refusal::Expired));

    for (name, value, refusal) in [
        ("iss", json!("https://evil.example"), Refusal::Claim("iss")),
        ("iss", json!(""), Refusal::Claim("iss")),
        ("aud", json!("https://auth.example.com"), Refusal::Claim("aud")),
        ("aud", json!(["x"]), Refusal::Claim("aud")),
        ("sub", json!("somebody else"), Refusal::Claim("sub")),
        ("sid", json!("another session"), Refusal::Claim("sid")),
        ("sid", json!(null), Refusal::Claim("sid")),
        ("exp", json!("9999999999"), Refusal::Claim("exp")),
        ("exp", json!(null), Refusal::Claim("exp")),
        ("nbf", json!(NOW_SECONDS + 60), Refusal::Claim("nbf")),
        ("nbf", json!("0"), Refusal::Claim("nbf")),
        ("user", json!({}), Refusal::Payload(InvalidPayload("user.id"))),
    ] {
        let mut altered = claims.clone();
        altered.insert(name.to_owned(), value);
        assert_eq!(read(&altered, NOW), Err(refusal), "{name}");
    }
    let mut several = claims.clone();
    several.insert("aud".to_owned(), json!(["x", key_set::AUDIENCE]));
    assert!(read(&several, NOW).is_ok());
    for typ in [None, Some("JWT"), Some("at+jwt")] {
        assert_eq!(key_set::read(typ, claims.clone(), None, NOW), Err(Refusal::Claim("typ")));
    }
}

#[test]
fn a_cache_ends() {
    let value = compact::encode(&key(), &payload(), NOW + 1000);
    assert!(compact::decode(&key(), &value, NOW + 1000).is_ok());
    assert_eq!(compact::decode(&key(), &value, NOW + 1001), Err(Refusal::Expired));
    let value = jwt::encode(&key(), &payload(), NOW_SECONDS, 60);
    assert!(jwt::decode(&key(), &value, (NOW_SECONDS + 60) * 1000 - 1).is_ok());
    let end = (NOW_SECONDS + 60) * 1000;
    assert_eq!(jwt::decode(&key(), &value, end), Err(Refusal::Expired));
    let value = jwe::encode(&encryption_key(), &payload(), NOW_SECONDS, 60, unique());
    let cached = jwe::decode(&[encryption_key()], &value, end + 14_999).unwrap();
    assert!(!cached.is_current(end + 1));
    assert!(cached.is_current(end));
    assert_eq!(jwe::decode(&[encryption_key()], &value, end + 15_000), Err(Refusal::Expired));
}

#[test]
fn a_cache_of_a_session_that_ended_is_not_current() {
    let cached = Cached { payload: payload(), expires_at: i64::MAX };
    let ends = cached.payload.session_expires_at();
    assert!(cached.is_current(ends));
    assert!(!cached.is_current(ends + 1));
}

#[test]
fn a_cache_of_another_secret_is_refused() {
    let other = SigningKey::new("another secret");
    let value = compact::encode(&other, &payload(), NOW);
    assert_eq!(compact::decode(&key(), &value, NOW), Err(Refusal::Forged));
    let value = jwt::encode(&other, &payload(), NOW_SECONDS, 60);
    assert_eq!(jwt::decode(&key(), &value, NOW), Err(Refusal::Forged));
    let other = Key::derive("another secret", Purpose::Session);
    let value = jwe::encode(&other, &payload(), NOW_SECONDS, 60, unique());
    let kid = other.thumbprint().to_owned();
    let refusal = Refusal::Encryption(crate::jwe::Refusal::UnknownKey { kid });
    assert_eq!(jwe::decode(&[encryption_key()], &value, NOW), Err(refusal));
}

#[test]
fn other_tokens_of_the_secret_are_no_caches() {
    let link = object(&json!({ "email": "alice@example.com" }));
    let value = crate::jwt::sign(&key(), link, NOW_SECONDS, 60);
    let refusal = Refusal::Payload(InvalidPayload("session"));
    assert_eq!(jwt::decode(&key(), &value, NOW), Err(refusal));
}

// Difference: strict-session-caches.
#[test]
fn what_readers_rely_on_must_be_there() {
    let cases = [
        ("/session", json!(null), "session"),
        ("/user", json!([]), "user"),
        ("/updatedAt", json!("now"), "updatedAt"),
        ("/version", json!(1), "version"),
        ("/session/id", json!(1), "session.id"),
        ("/session/token", json!(null), "session.token"),
        ("/session/userId", json!(null), "session.userId"),
        ("/session/expiresAt", json!(NOW), "session.expiresAt"),
        ("/session/expiresAt", json!("tomorrow"), "session.expiresAt"),
        ("/session/createdAt", json!(null), "session.createdAt"),
        ("/session/updatedAt", json!(0), "session.updatedAt"),
        ("/session/ipAddress", json!(1), "session.ipAddress"),
        ("/session/userAgent", json!([]), "session.userAgent"),
        ("/user/id", json!(null), "user.id"),
        ("/user/name", json!(null), "user.name"),
        ("/user/email", json!(1), "user.email"),
        ("/user/emailVerified", json!("true"), "user.emailVerified"),
        ("/user/image", json!(1), "user.image"),
        ("/user/createdAt", json!(""), "user.createdAt"),
        ("/user/updatedAt", json!(null), "user.updatedAt"),
    ];
    for (pointer, value, path) in cases {
        let mut altered = example();
        *altered.pointer_mut(pointer).unwrap() = value;
        let refused = compact::decode(&key(), &forge(&altered, json!(NOW)), NOW);
        assert_eq!(refused, Err(Refusal::Payload(InvalidPayload(path))), "{pointer}");
    }
}

#[test]
fn what_may_differ_is_read_as_the_reference_reads_it() {
    let mut altered = example();
    altered["session"]["userId"] = json!(7);
    altered["session"]["ipAddress"] = json!(null);
    altered["session"]["activeOrganizationId"] = json!("org");
    altered["user"]["email"] = json!("ZOE@Example.com");
    altered["user"]["role"] = json!({ "2": [1.0, 1e21], "1": "\u{7}é\"" });
    object_mut(&mut altered["user"]).remove("emailVerified");
    object_mut(&mut altered).remove("version");
    altered["iat"] = json!(1);
    let cached = compact::decode(&key(), &forge(&altered, json!(NOW)), NOW).unwrap();
    let payload = cached.payload;
    assert_eq!(payload.session()["userId"], "7");
    assert_eq!(payload.session()["activeOrganizationId"], "org");
    assert_eq!(payload.user()["email"], "zoe@example.com");
    assert_eq!(payload.user()["emailVerified"], false);
    assert_eq!(payload.user()["role"]["1"], "\u{7}é\"");
    assert_eq!(payload.version(), "1");
    assert_eq!(payload.updated_at(), NOW);
}

fn object_mut(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().unwrap()
}

#[test]
fn the_form_of_a_compact_cache_is_exact() {
    let value = compact::encode(&key(), &payload(), NOW);
    let json = String::from_utf8(decode_base64url(&value).unwrap()).unwrap();
    let long = format!("{}{}", json.replace('}', " }"), " ".repeat(VALUE_LIMIT_BYTES));
    for malformed in [
        String::new(),
        "{}".to_owned(),
        json.clone(),
        format!("{value}="),
        base64url(&json[1..]),
        base64url(json.replace("\"signature\"", "\"sig\"")),
        base64url(json.replace("\"expiresAt\":1893456000123,\"sig", "\"expiresAt\":\"0\",\"sig")),
        base64url(long),
        base64url("[".repeat(10_000)),
    ] {
        let refused = compact::decode(&key(), &malformed, NOW);
        assert_eq!(refused, Err(Refusal::Malformed), "{malformed:.80}");
    }
    let longer_life = json.replace("\"expiresAt\":1893456000123", "\"expiresAt\":1993456000123");
    let refused = compact::decode(&key(), &base64url(longer_life), NOW);
    assert_eq!(refused, Err(Refusal::Forged));
}

#[test]
fn forms_are_told_apart() {
    let of = |value: &str| Strategy::of(value);
    assert_eq!(of(&compact::encode(&key(), &payload(), NOW)), Some(Strategy::Compact));
    assert_eq!(of(&jwt::encode(&key(), &payload(), NOW_SECONDS, 1)), Some(Strategy::Jwt));
    let encrypted = jwe::encode(&encryption_key(), &payload(), NOW_SECONDS, 1, unique());
    assert_eq!(of(&encrypted), Some(Strategy::Jwe));
    assert_eq!(of("token.signature"), None);
}

#[test]
fn nobody_is_shown() {
    let cached = Cached { payload: payload(), expires_at: 1 };
    assert_eq!(format!("{:?}", cached.payload), "Payload([redacted])");
    assert_eq!(format!("{cached:?}"), "Cached { expires_at: 1, .. }");
}

proptest! {
    #[test]
    fn what_is_written_is_read(name in any::<String>(), number in any::<f64>(), expires_at in NOW..i64::MAX / 4) {
        let mut user = object(&example()["user"]);
        user.insert("name".to_owned(), name.into());
        // As it comes back: JavaScript writes 1.0 as 1.
        let number = serde_json::from_str(&stringify(&number.into())).unwrap();
        user.insert("number".to_owned(), number);
        let payload = Payload::new(object(&example()["session"]), user, NOW, "2".to_owned()).unwrap();
        let value = compact::encode(&key(), &payload, expires_at);
        prop_assert_eq!(&compact::decode(&key(), &value, NOW).unwrap().payload, &payload);
        let value = jwt::encode(&key(), &payload, NOW_SECONDS, 60);
        prop_assert_eq!(&jwt::decode(&key(), &value, NOW).unwrap().payload, &payload);
        let value = jwe::encode(&encryption_key(), &payload, NOW_SECONDS, 60, unique());
        prop_assert_eq!(&jwe::decode(&[encryption_key()], &value, NOW).unwrap().payload, &payload);
    }

    #[test]
    fn no_text_stops_a_decoder(text in any::<String>(), inner in any::<String>()) {
        for value in [text.clone(), base64url(&text), forge(&json!({ "session": inner }), json!(0))] {
            assert!(compact::decode(&key(), &value, NOW).is_err());
            assert!(jwt::decode(&key(), &value, NOW).is_err());
            assert!(jwe::decode(&[encryption_key()], &value, NOW).is_err());
        }
    }
}
