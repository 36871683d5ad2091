//! What holds for every algorithm; vectors and attacks have files of their own.

mod attacks;
mod claims;
mod keys;
mod vectors;

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_893_456_000;

/// One key for each algorithm; making RSA keys takes long.
static KEYS: LazyLock<Vec<PrivateKey>> = LazyLock::new(|| {
    Algorithm::ALL
        .into_iter()
        .map(|algorithm| PrivateKey::generate(algorithm.into()).unwrap())
        .collect()
});

fn key(algorithm: Algorithm) -> &'static PrivateKey {
    KEYS.iter().find(|key| key.algorithm() == algorithm).unwrap()
}

fn object(value: Value) -> Object {
    let Value::Object(object) = value else { panic!("expected an object, found {value}") };
    object
}

/// Claims that are good for a minute.
fn claims() -> Object {
    object(json!({ "sub": "u1", "iat": NOW, "exp": NOW + 60 }))
}

/// A token over any header and payload, with a true signature.
fn forge(key: &PrivateKey, header: &str, payload: &str) -> String {
    use crate::encoding::base64url;
    let signed = format!("{}.{}", base64url(header), base64url(payload));
    let signature = base64url(key.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

/// Verifies with the public part of one key, whatever its name.
fn verify(token: &str, key: &PrivateKey) -> Result<Object, Refusal> {
    let validation = Validation::new([key.algorithm()]);
    jws::verify(token, &validation, NOW, |_| Some(key.public_key())).map(|token| token.claims)
}

#[test]
fn every_algorithm_verifies_what_it_signed() {
    for key in KEYS.iter() {
        let token = jws::sign(key, Some("k1"), Some("at+jwt"), &claims()).unwrap();
        let validation = Validation::new(Algorithm::ALL).typ("at+jwt");
        let keys = PublicKeys::from(vec![key.public_key().clone().with_kid("k1")]);
        let verified = jws::verify(&token, &validation, NOW, |header| keys.find(header)).unwrap();
        assert_eq!(verified.claims, claims());
        assert_eq!(verified.header.algorithm(), Some(key.algorithm()));
        assert_eq!(verified.header.kid.as_deref(), Some("k1"));
        assert_eq!(verified.header.typ.as_deref(), Some("at+jwt"));
    }
}

#[test]
fn headers_are_written_as_the_reference_writes_them() {
    let token = jws::sign(key(Algorithm::EdDsa), Some("k"), Some("t"), &claims()).unwrap();
    let header = crate::encoding::decode_base64url(token.split_once('.').unwrap().0).unwrap();
    assert_eq!(header, br#"{"alg":"EdDSA","kid":"k","typ":"t"}"#);
    let token = jws::sign(key(Algorithm::Es256), None, None, &claims()).unwrap();
    assert!(token.starts_with("eyJhbGciOiJFUzI1NiJ9."));
}

#[test]
fn another_key_of_the_same_type_does_not_verify() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es512] {
        let other = PrivateKey::generate(algorithm.into()).unwrap();
        let token = jws::sign(&other, Some("k1"), None, &claims()).unwrap();
        let refused = verify(&token, key(algorithm)).unwrap_err();
        assert_eq!(refused, Refusal::Signature { kid: Some("k1".to_owned()) });
        assert_eq!(refused.to_string(), "the token's signature is not that of the key 'k1'");
    }
}

mod properties {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn claims_come_back_as_they_went(
            name in "[a-z]{1,9}",
            text in any::<String>(),
            number in any::<i64>(),
        ) {
            let mut claims = claims();
            claims.insert("list".to_owned(), json!([text, number, null, { &name: [text] }]));
            for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
                let token = jws::sign(key(algorithm), Some(&text), None, &claims).unwrap();
                let verified = verify(&token, key(algorithm));
                prop_assert_eq!(verified.as_ref(), Ok(&claims));
            }
        }

        #[test]
        fn no_text_stops_the_verifier(text in any::<String>(), payload in any::<String>()) {
            prop_assert!(verify(&text, key(Algorithm::EdDsa)).is_err());
            let key = key(Algorithm::EdDsa);
            let odd_claims = forge(key, r#"{"alg":"EdDSA"}"#, &payload);
            prop_assert!(verify(&odd_claims, key).is_err());
            let odd_header = forge(key, &payload, "{}");
            prop_assert!(verify(&odd_header, key).is_err());
        }

        #[test]
        fn no_parts_stop_the_verifier(parts in proptest::collection::vec("[A-Za-z0-9_=-]{0,40}", 0..6)) {
            let refused = verify(&parts.join("."), key(Algorithm::EdDsa)).unwrap_err();
            prop_assert!(refused.to_string().len() < 1000);
        }

        #[test]
        fn no_key_stops_the_reader(kty in "OKP|EC|RSA|oct|x", crv in "Ed25519|P-256|P-521|x", member in any::<String>()) {
            let jwk = object(json!({
                "kty": kty, "crv": crv, "x": member, "y": member, "n": member, "e": member,
            }));
            prop_assert!(PublicKey::from_jwk(&jwk).is_err());
        }
    }
}
