//! Tokens that must not pass, and what is said about them (RFC 8725).

use super::*;
use crate::encoding::base64url;
use crate::signature::SigningKey;

fn refusal(token: &str, key: &PrivateKey) -> String {
    verify(token, key).unwrap_err().to_string()
}

#[test]
fn the_header_cannot_choose() {
    let key = key(Algorithm::EdDsa);
    let payload = json!(claims()).to_string();
    for (header, said) in [
        (r#"{"alg":"none"}"#, "the token is not signed: its `alg` is `none`"),
        (r#"{"alg":"NoNe"}"#, "the token is not signed: its `alg` is `none`"),
        (r#"{"alg":"HS256"}"#, "the token is signed with 'HS256'; expected EdDSA"),
        (r#"{"alg":"eddsa"}"#, "the token is signed with 'eddsa'; expected EdDSA"),
        (r#"{"alg":"ES256"}"#, "the token is signed with 'ES256'; expected EdDSA"),
        (r#"{"alg":""}"#, "the token is signed with ''; expected EdDSA"),
        (r#"{"alg":["EdDSA"]}"#, "the token's header is malformed: `alg` is not a text"),
        (r#"{}"#, "the token's header is malformed: `alg` is not a text"),
        (r#"["EdDSA"]"#, "the token's header is malformed: it is not a JSON object"),
        ("", "the token's header is malformed: it is not JSON"),
        ("{", "the token's header is malformed: it is not JSON"),
        (
            r#"{"alg":"EdDSA","alg":"EdDSA"}"#,
            "the token's header is malformed: a member occurs twice",
        ),
        (
            r#"{"alg":"none","alg":"EdDSA"}"#,
            "the token's header is malformed: a member occurs twice",
        ),
        (r#"{"alg":"EdDSA","kid":1}"#, "the token's header is malformed: `kid` is not a text"),
        (r#"{"alg":"EdDSA","typ":null}"#, "the token's header is malformed: `typ` is not a text"),
        (
            r#"{"alg":"EdDSA","crit":["exp"]}"#,
            r#"the token's header demands the extension '[\"exp\"]', which is not known"#,
        ),
        (
            r#"{"alg":"EdDSA","crit":[]}"#,
            "the token's header demands the extension '[]', which is not known",
        ),
        (
            r#"{"alg":"EdDSA","b64":false}"#,
            "the token's header demands the extension 'b64', which is not known",
        ),
    ] {
        assert_eq!(refusal(&forge(key, header, &payload), key), said, "{header}");
    }
}

#[test]
fn a_public_key_is_no_hmac_secret() {
    for key in KEYS.iter() {
        let jwk = key.public_key().to_jwk();
        let member = jwk.get("x").or(jwk.get("n")).unwrap().as_str().unwrap().to_owned();
        let jwk = json!(jwk).to_string();
        for secret in [jwk.as_str(), &member, &key.public_key().thumbprint(), ""] {
            let header = base64url(r#"{"alg":"HS256"}"#);
            let signed = format!("{header}.{}", base64url(json!(claims()).to_string()));
            let mac = base64url(SigningKey::new(secret).mac(signed.as_bytes()));
            let validation = Validation::new(Algorithm::ALL);
            let refused = jws::verify(&format!("{signed}.{mac}"), &validation, NOW, |_| {
                Some(key.public_key())
            });
            assert_eq!(
                refused.unwrap_err().to_string(),
                "the token is signed with 'HS256'; expected EdDSA, ES256, ES512, RS256, PS256"
            );
        }
    }
}

#[test]
fn a_key_of_another_type_does_not_verify() {
    for signer in KEYS.iter() {
        let token = jws::sign(signer, Some("k"), None, &claims()).unwrap();
        for other in KEYS.iter().filter(|other| other.algorithm() != signer.algorithm()) {
            let validation = Validation::new(Algorithm::ALL);
            let refused = jws::verify(&token, &validation, NOW, |_| Some(other.public_key()));
            assert_eq!(
                refused,
                Err(Refusal::KeyType {
                    kid: Some("k".to_owned()),
                    algorithm: signer.algorithm(),
                    key: other.public_key().type_name(),
                })
            );
        }
    }
}

#[test]
fn rs256_and_ps256_are_not_interchangeable() {
    // The same RSA key, and no `alg` that would tell them apart.
    let jwk = key(Algorithm::Rs256).to_jwk().clone();
    let pss = PrivateKey::from_jwk(Algorithm::Ps256, jwk).unwrap();
    let token = jws::sign(&pss, None, None, &claims()).unwrap();
    let mut public = pss.public_key().to_jwk();
    public.remove("alg");
    let public = PublicKey::from_jwk(&public).unwrap();
    let verify = |algorithm, token: &str| {
        jws::verify(token, &Validation::new([algorithm]), NOW, |_| Some(&public)).map(drop)
    };
    assert_eq!(verify(Algorithm::Ps256, &token), Ok(()));
    assert!(matches!(verify(Algorithm::Rs256, &token), Err(Refusal::Algorithm { .. })));
    let (_, rest) = token.split_once('.').unwrap();
    let relabelled = format!("{}.{rest}", base64url(r#"{"alg":"RS256"}"#));
    assert!(matches!(verify(Algorithm::Rs256, &relabelled), Err(Refusal::Signature { .. })));
}

#[test]
fn a_key_that_names_its_algorithm_serves_no_other() {
    let rsa = key(Algorithm::Rs256).public_key();
    assert_eq!(rsa.algorithms().collect::<Vec<_>>(), [Algorithm::Rs256]);
    assert!(!rsa.serves(Algorithm::Ps256));
    assert!(!rsa.verify(Algorithm::Ps256, b"", &[]));
}

#[test]
fn no_altered_character_passes() {
    for key in KEYS.iter() {
        let token = jws::sign(key, None, None, &claims()).unwrap();
        assert!(verify(&token, key).is_ok());
        for index in 0..token.len() {
            let mut altered = token.clone();
            let other = if altered[index..].starts_with('A') { "B" } else { "A" };
            altered.replace_range(index..=index, other);
            assert!(verify(&altered, key).is_err(), "{index} of {token}");
        }
    }
}

#[test]
fn signatures_of_nothing_do_not_pass() {
    for key in KEYS.iter() {
        let token = jws::sign(key, None, None, &claims()).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let length = crate::encoding::decode_base64url(signature).unwrap().len();
        // Zeros have been a valid ECDSA signature of everything (CVE-2022-21449), and DER is not JWS.
        let der = [0x30, 6, 2, 1, 0, 2, 1, 0].to_vec();
        for forged in [vec![0; length], vec![0xff; length], vec![1; length], der, Vec::new()] {
            let refused = verify(&format!("{signed}.{}", base64url(&forged)), key).unwrap_err();
            assert_eq!(refused.code(), "wrong_signature", "{}", key.algorithm());
        }
    }
}

#[test]
fn no_truncated_token_passes() {
    for key in KEYS.iter() {
        let token = jws::sign(key, None, None, &claims()).unwrap();
        for length in 0..token.len() {
            assert!(verify(&token[..length], key).is_err(), "{}", &token[..length]);
        }
    }
}

#[test]
fn the_form_is_exact() {
    let key = key(Algorithm::EdDsa);
    let token = jws::sign(key, None, None, &claims()).unwrap();
    let (unsigned, signature) = token.rsplit_once('.').unwrap();
    for (malformed, code) in [
        (String::new(), "malformed"),
        ("opaque".to_owned(), "malformed"),
        (unsigned.to_owned(), "malformed"),
        (format!("{token}."), "malformed"),
        (format!("{token}.."), "malformed"),
        (format!(".{token}"), "malformed"),
        ("..".to_owned(), "malformed_header"),
        (format!("{unsigned}."), "wrong_signature"),
        (format!("{token}="), "wrong_signature"),
        (format!("{token} "), "wrong_signature"),
        (format!(" {token}"), "malformed_header"),
        (format!("{token}\n"), "wrong_signature"),
        (format!("{unsigned}.{signature}{signature}"), "wrong_signature"),
        (token.repeat(1000), "too_long"),
    ] {
        assert_eq!(verify(&malformed, key).unwrap_err().code(), code, "{malformed:.90}");
    }
    let jwe = "eyJhbGciOiJkaXIifQ..a.b.c";
    assert_eq!(
        refusal(jwe, key),
        "expected a signed JWT (three parts between dots), found five parts: an encrypted JWT"
    );
}

#[test]
fn claims_are_one_object_with_each_member_once() {
    let key = key(Algorithm::EdDsa);
    for (payload, said) in [
        (r#"{"exp":9999999999,"sub":"a","sub":"b"}"#, "a member occurs twice"),
        (r#"{"exp":9999999999,"user":{"id":1,"id":2}}"#, "a member occurs twice"),
        (r#"{"exp":1,"exp":9999999999}"#, "a member occurs twice"),
        ("[]", "it is not a JSON object"),
        ("null", "it is not a JSON object"),
        ("", "it is not JSON"),
        ("{} {}", "it is not JSON"),
    ] {
        let token = forge(key, r#"{"alg":"EdDSA"}"#, payload);
        assert_eq!(refusal(&token, key), format!("the token's claims are malformed: {said}"));
    }
}

#[test]
fn nothing_is_said_about_the_claims_of_a_forgery() {
    let key = key(Algorithm::EdDsa);
    let other = PrivateKey::generate(KeyParameters::EdDsa).unwrap();
    let token = forge(&other, r#"{"alg":"EdDSA"}"#, r#"{"exp":1}"#);
    assert_eq!(verify(&token, key).unwrap_err().code(), "wrong_signature");
}

#[test]
fn keys_are_not_looked_for_with_a_token_that_cannot_pass() {
    let validation = Validation::new([Algorithm::EdDsa]).typ("at+jwt");
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256"}"#, r#"{"alg":"EdDSA","typ":"JWT"}"#] {
        let token = forge(key(Algorithm::EdDsa), header, "{}");
        let refused = jws::verify(&token, &validation, NOW, |_| panic!("no key is needed"));
        assert!(refused.is_err());
    }
}

#[test]
fn what_a_token_says_is_quoted_short_and_printable() {
    let key = key(Algorithm::EdDsa);
    let header = json!({ "alg": format!("\r\nset-cookie: x\u{1b}é'{}", "y".repeat(500)) });
    let said = refusal(&forge(key, &header.to_string(), "{}"), key);
    assert_eq!(
        said,
        format!(
            r"the token is signed with '\r\nset-cookie: x\u{{1b}}\u{{e9}}\'{}..'; expected EdDSA",
            "y".repeat(62)
        )
    );
}
