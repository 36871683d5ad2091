//! Keys: what is read, what is refused, what is told.

use super::*;

/// A JWK of the right form and of no use, with one thing changed.
fn with(algorithm: Algorithm, name: &str, value: Value) -> Object {
    let mut jwk = key(algorithm).public_key().to_jwk();
    jwk.insert(name.to_owned(), value);
    jwk
}

#[test]
fn private_keys_survive_their_jwk() {
    for key in KEYS.iter() {
        let text = json!(key.to_jwk()).to_string();
        let read = PrivateKey::from_json(key.algorithm(), &text).unwrap();
        assert_eq!(read.to_jwk(), key.to_jwk());
        assert_eq!(read.public_key(), key.public_key());
        let token = jws::sign(&read, None, None, &claims()).unwrap();
        assert!(verify(&token, key).is_ok());
        let public = PublicKey::from_jwk(&key.public_key().to_jwk()).unwrap();
        assert_eq!(public, *key.public_key());
    }
}

#[test]
fn members_stand_in_the_order_of_the_reference() {
    let names = |jwk: &Object| jwk.keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(names(key(Algorithm::EdDsa).to_jwk()), "crv d x kty");
    assert_eq!(names(key(Algorithm::Es256).to_jwk()), "kty x y crv d");
    assert_eq!(names(key(Algorithm::Rs256).to_jwk()), "kty n e d p q dp dq qi");
    assert_eq!(names(&key(Algorithm::EdDsa).public_key().to_jwk()), "crv x kty alg");
    assert_eq!(names(&key(Algorithm::Es512).public_key().to_jwk()), "kty x y crv alg");
    assert_eq!(names(&key(Algorithm::Ps256).public_key().to_jwk()), "kty n e alg");
}

#[test]
fn rsa_keys_have_the_length_they_were_made_with() {
    let length = ModulusLength::from_bits(3072).unwrap();
    let key = PrivateKey::generate(KeyParameters::Ps256(length)).unwrap();
    assert_eq!(key.to_jwk()["n"].as_str().unwrap().len(), 512);
    assert_eq!(ModulusLength::from_bits(1024), None);
}

#[test]
fn unusable_keys_say_why() {
    use Algorithm::{EdDsa, Es256, Rs256};
    let short = "A".repeat(171);
    for (jwk, said) in [
        (
            with(EdDsa, "kty", json!("oct")),
            "the JWK is of type oct Ed25519; expected OKP Ed25519, EC P-256, EC P-521 or RSA",
        ),
        (
            with(EdDsa, "crv", json!("Ed448")),
            "the JWK is of type OKP Ed448; expected OKP Ed25519, EC P-256, EC P-521 or RSA",
        ),
        (
            with(EdDsa, "crv", json!("X25519")),
            "the JWK is of type OKP X25519; expected OKP Ed25519, EC P-256, EC P-521 or RSA",
        ),
        (
            with(Es256, "crv", json!("P-384")),
            "the JWK is of type EC P-384; expected OKP Ed25519, EC P-256, EC P-521 or RSA",
        ),
        (
            with(Es256, "crv", json!("secp256k1")),
            "the JWK is of type EC secp256k1; expected OKP Ed25519, EC P-256, EC P-521 or RSA",
        ),
        (with(Es256, "crv", json!("P-521")), "the JWK's member `x` is not 66 bytes in base64url"),
        (with(Es256, "y", json!("AAAA")), "the JWK's member `y` is not 32 bytes in base64url"),
        (
            with(Es256, "x", key(Es256).public_key().to_jwk()["y"].clone()),
            "the JWK's members do not form a key",
        ),
        (with(EdDsa, "x", json!(7)), "the JWK's member `x` is not 32 bytes in base64url"),
        (
            with(EdDsa, "x", json!("not base64url!")),
            "the JWK's member `x` is not 32 bytes in base64url",
        ),
        (with(EdDsa, "kty", json!(null)), "the JWK's member `kty` is not a text"),
        (with(EdDsa, "kid", json!(1)), "the JWK's member `kid` is not a text"),
        (with(EdDsa, "alg", json!("ES256")), "a key of type OKP Ed25519 cannot be used with ES256"),
        (with(EdDsa, "alg", json!("HS256")), "a key of type OKP Ed25519 cannot be used with HS256"),
        (with(Rs256, "alg", json!("RS512")), "a key of type RSA cannot be used with RS512"),
        (
            with(Rs256, "n", json!("AQAB")),
            "the JWK's member `n` is not a modulus of 2048 to 8192 bits",
        ),
        (
            with(Rs256, "n", json!(format!("_{short}"))),
            "the JWK's member `n` is not a modulus of 2048 to 8192 bits",
        ),
        (
            with(Rs256, "e", json!("AAAB")),
            "the JWK's member `e` is not a number in base64url, without leading zeros",
        ),
        (with(Rs256, "e", json!("Ag")), "the JWK's member `e` is not an odd number above 1"),
        (with(Rs256, "e", json!("AQ")), "the JWK's member `e` is not an odd number above 1"),
        (with(Rs256, "use", json!("enc")), "the JWK is not for signatures: `use` is \"enc\""),
        (
            with(Rs256, "key_ops", json!(["sign"])),
            "the JWK is not for signatures: `key_ops` lacks \"verify\"",
        ),
        (key(EdDsa).to_jwk().clone(), "the JWK is a private key, and a public one is expected"),
        (
            object(json!({ "kty": "oct", "k": "c2VjcmV0" })),
            "the JWK is a private key, and a public one is expected",
        ),
    ] {
        assert_eq!(PublicKey::from_jwk(&jwk).unwrap_err().to_string(), said);
    }
    assert_eq!(
        PublicKey::from_json("{").unwrap_err().to_string(),
        "the JWK is malformed: it is not JSON"
    );
}

#[test]
fn marks_that_fit_do_no_harm() {
    let mut jwk = with(Algorithm::Es256, "use", json!("sig"));
    jwk.insert("key_ops".to_owned(), json!(["verify"]));
    jwk.insert("x5c".to_owned(), json!(["MIIB"]));
    jwk.insert("alg".to_owned(), json!(null));
    assert!(PublicKey::from_jwk(&jwk).is_ok());
}

#[test]
fn private_parts_must_belong_to_the_public_ones() {
    let other = PrivateKey::generate(KeyParameters::EdDsa).unwrap();
    for (algorithm, name, value) in [
        (Algorithm::EdDsa, "x", other.to_jwk()["x"].clone()),
        (Algorithm::EdDsa, "d", other.to_jwk()["d"].clone()),
        (Algorithm::Es256, "d", other.to_jwk()["d"].clone()),
        (Algorithm::Rs256, "d", key(Algorithm::Ps256).to_jwk()["d"].clone()),
        (Algorithm::Rs256, "p", key(Algorithm::Ps256).to_jwk()["p"].clone()),
    ] {
        let mut jwk = key(algorithm).to_jwk().clone();
        jwk.insert(name.to_owned(), value);
        let error = PrivateKey::from_jwk(algorithm, jwk).unwrap_err();
        assert_eq!(error, KeyError::Inconsistent, "{algorithm} {name}");
    }
    let mut jwk = key(Algorithm::Rs256).to_jwk().clone();
    jwk.remove("qi");
    let error = PrivateKey::from_jwk(Algorithm::Rs256, jwk).unwrap_err();
    assert!(matches!(error, KeyError::Member { name: "qi", .. }), "{error}");
    let error = PrivateKey::from_jwk(Algorithm::Es256, other.to_jwk().clone()).unwrap_err();
    assert_eq!(error.to_string(), "a key of type OKP Ed25519 cannot be used with ES256");
}

#[test]
fn debug_and_errors_hold_no_key() {
    for key in KEYS.iter() {
        assert_eq!(format!("{key:?}"), format!("PrivateKey({}, [redacted])", key.algorithm()));
        assert!(!format!("{:?}", key.public_key()).contains('['));
    }
    let mut jwk = key(Algorithm::EdDsa).to_jwk().clone();
    let secret = jwk["d"].as_str().unwrap().to_owned();
    jwk.insert("d".to_owned(), json!(format!("{secret}x")));
    let error = PrivateKey::from_jwk(Algorithm::EdDsa, jwk).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&secret));
}

#[test]
fn a_set_passes_over_what_it_cannot_use() {
    let ed = key(Algorithm::EdDsa).public_key().clone().with_kid("ed");
    let set = json!({ "keys": [
        { "kty": "oct", "k": "c2VjcmV0" }, 7, ed.to_jwk(), { "kty": "EC", "crv": "P-384" },
    ] });
    let keys = PublicKeys::from_json(&set.to_string()).unwrap();
    assert_eq!(keys.as_slice(), [ed]);
    assert_eq!(keys.passed_over().len(), 3);
    assert!(PublicKeys::from_json("{}").is_err());
    assert!(PublicKeys::from_json("[]").is_err());
}

#[test]
fn a_set_finds_the_key_that_a_header_means() {
    let named = |algorithm, kid: &str| key(algorithm).public_key().clone().with_kid(kid);
    let keys = PublicKeys::from(vec![
        named(Algorithm::EdDsa, "a"),
        named(Algorithm::Es256, "b"),
        named(Algorithm::Es256, "c"),
        named(Algorithm::Rs256, "a"),
    ]);
    let find = |alg: &str, kid: Option<&str>| {
        let header = jws::Header { alg: alg.to_owned(), kid: kid.map(str::to_owned), typ: None };
        keys.find(&header).map(PublicKey::type_name)
    };
    assert_eq!(find("EdDSA", Some("a")), Some("OKP Ed25519"));
    assert_eq!(find("RS256", Some("a")), Some("RSA"));
    assert_eq!(find("EdDSA", Some("x")), None);
    assert_eq!(find("EdDSA", None), Some("OKP Ed25519"));
    assert_eq!(find("ES256", None), None, "two keys could be meant");
    assert_eq!(find("none", Some("a")), None);
    // The verifier then says which type was found.
    assert_eq!(find("ES512", Some("b")), Some("EC P-256"));
}

#[test]
fn names_are_those_of_jose() {
    for algorithm in Algorithm::ALL {
        assert_eq!(algorithm.name().parse(), Ok(algorithm));
        assert_eq!(json!(algorithm), json!(algorithm.name()));
        assert_eq!(serde_json::from_value::<Algorithm>(json!(algorithm)).unwrap(), algorithm);
        assert_eq!(KeyParameters::from(algorithm).algorithm(), algorithm);
    }
    for name in ["none", "HS256", "es256", "ES384", ""] {
        assert!(name.parse::<Algorithm>().is_err(), "{name}");
    }
}
