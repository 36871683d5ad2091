use proptest::prelude::{any, prop_assert_eq, proptest};
use serde_json::json;

use super::*;
use crate::encoding::hex;
use crate::vectors;

const SECRET: &str = "better-auth-dossier-secret-0123456789abcdef";
const NOW: i64 = 1_893_456_000;

fn key() -> Key {
    Key::derive(SECRET, Purpose::Session)
}

fn purpose(salt: &Value) -> Purpose {
    match salt.as_str() {
        Some("better-auth-session") => Purpose::Session,
        Some("better-auth-account") => Purpose::Account,
        _ => panic!("no such purpose: {salt}"),
    }
}

fn unique() -> Unique {
    Unique { id: "e7207fc3-5f66-42e4-847b-abb3206437b1".to_owned(), iv: [7; 16] }
}

fn token() -> String {
    encrypt(&key(), Claims::new(), NOW, 300, unique())
}

/// A token over any header and content, with a true tag.
fn forge(header: &str, content: &str) -> String {
    let key = key();
    let header = base64url(header);
    let mut content = content.as_bytes().to_vec();
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(key.unbound()).unwrap();
    let iv = EncryptionContext::Iv128(FixedLength::from([7; 16]));
    cipher.less_safe_encrypt(&mut content, iv).unwrap();
    let tag = key.authenticate(&header, &[7; 16], &content).finalize().into_bytes();
    format!("{header}..{}.{}.{}", base64url([7; 16]), base64url(content), base64url(&tag[..32]))
}

const HEADER: &str = r#"{"alg":"dir","enc":"A256CBC-HS512"}"#;

#[test]
fn keys_match_the_reference() {
    for case in vectors()["deterministic"]["jwe_key_derivation"].as_array().unwrap() {
        let key = Key::derive(case["secret"].as_str().unwrap(), purpose(&case["salt"]));
        assert_eq!(key.thumbprint(), case["kid"]);
        assert_eq!(hex(key.cipher), case["key_hex"].as_str().unwrap()[64..]);
    }
}

#[test]
fn tokens_of_the_reference_are_read() {
    let accepted = &vectors()["accept"];
    let mut read = 0;
    for case in ["cookie_cache_jwe", "account_cookie_jwe"]
        .iter()
        .flat_map(|name| accepted[*name].as_array().unwrap())
    {
        let secrets: Vec<&str> = match (case["secret"].as_str(), case["secrets"].as_str()) {
            (Some(secret), _) => vec![secret],
            (None, Some(secrets)) => {
                secrets.split(',').map(|it| it.split_once(':').unwrap().1).collect()
            }
            (None, None) => panic!("a case has no secret"),
        };
        let keys: Vec<Key> =
            secrets.iter().map(|secret| Key::derive(secret, purpose(&case["salt"]))).collect();
        let token = case["token"].as_str().unwrap();
        let claims = decrypt(&keys, token, NOW).unwrap();
        if let Some(expected) = case.get("decrypted") {
            assert_eq!(&Value::Object(claims), expected);
        }
        // Older secrets still open it, secrets of others and other purposes do not.
        let mut rotated = vec![Key::derive("a new secret", purpose(&case["salt"]))];
        assert!(matches!(decrypt(&rotated, token, NOW), Err(Refusal::UnknownKey { .. })));
        rotated.extend(keys);
        assert!(decrypt(&rotated, token, NOW).is_ok());
        read += 1;
    }
    assert!(read >= 3);
}

#[test]
fn a_token_is_made_of_what_it_is_given() {
    let claims = json!({ "b": 1, "a": "é" }).as_object().unwrap().clone();
    let token = encrypt(&key(), claims.clone(), NOW, 300, unique());
    let opened = decrypt(&[key()], &token, NOW).unwrap();
    let expected = json!({
        "b": 1, "a": "é", "iat": NOW, "exp": NOW + 300, "jti": unique().id,
    });
    assert_eq!(Value::Object(opened).to_string(), expected.to_string());
    assert_eq!(
        Value::Object(header(&token).unwrap()).to_string(),
        r#"{"alg":"dir","enc":"A256CBC-HS512","kid":"h-PGcVNYA7GNA0fbA6fyQ_swRNzUGM1euFabSZbNnv0"}"#
    );
    assert_eq!(encrypt(&key(), claims, NOW, 300, unique()), token);
}

#[test]
fn without_a_key_id_every_key_is_tried() {
    let token = forge(HEADER, &json!({ "exp": NOW }).to_string());
    let other = Key::derive("another secret", Purpose::Session);
    assert!(decrypt(&[other.clone(), key()], &token, NOW).is_ok());
    assert_eq!(decrypt(&[other], &token, NOW), Err(Refusal::Forged));
    assert_eq!(decrypt(&[], &token, NOW), Err(Refusal::Forged));
    // One that opens it decides, even if what is inside is refused.
    let expired = forge(HEADER, &json!({ "exp": NOW - 60 }).to_string());
    assert_eq!(decrypt(&[key(), key()], &expired, NOW), Err(Refusal::Expired));
}

#[test]
fn clocks_may_differ_a_little() {
    let token = token();
    assert!(decrypt(&[key()], &token, NOW + 314).is_ok());
    assert_eq!(decrypt(&[key()], &token, NOW + 315), Err(Refusal::Expired));
    assert!(decrypt(&[key()], &token, i64::MIN).is_ok());
    assert_eq!(decrypt(&[key()], &token, i64::MAX), Err(Refusal::Expired));
    for (claims, outcome) in [
        (json!({ "exp": NOW, "nbf": NOW + 15 }), Ok(())),
        (json!({ "exp": NOW, "nbf": NOW + 16 }), Err(Refusal::Claims)),
        (json!({ "exp": NOW, "nbf": "0" }), Err(Refusal::Claims)),
        (json!({ "exp": NOW, "iat": true }), Err(Refusal::Claims)),
        (json!({ "exp": "9999999999" }), Err(Refusal::Claims)),
        (json!({}), Err(Refusal::Claims)),
        (json!([NOW]), Err(Refusal::Claims)),
    ] {
        let token = forge(HEADER, &claims.to_string());
        assert_eq!(decrypt(&[key()], &token, NOW).map(drop), outcome, "{claims}");
    }
}

#[test]
fn headers_cannot_choose() {
    let content = json!({ "exp": NOW + 60 }).to_string();
    let algorithm =
        |alg: &str, enc: &str| Err(Refusal::Algorithm { alg: alg.to_owned(), enc: enc.to_owned() });
    for (header, outcome) in [
        (HEADER, Ok(())),
        (r#"{"typ":"JWT","enc":"A256CBC-HS512","alg":"dir"}"#, Ok(())),
        (r#"{"alg":"dir","enc":"A256GCM"}"#, algorithm("dir", "A256GCM")),
        (r#"{"alg":"dir","enc":"A128CBC-HS256"}"#, algorithm("dir", "A128CBC-HS256")),
        (r#"{"alg":"A256KW","enc":"A256CBC-HS512"}"#, algorithm("A256KW", "A256CBC-HS512")),
        (r#"{"alg":"none","enc":"A256CBC-HS512"}"#, algorithm("none", "A256CBC-HS512")),
        (r#"{"alg":["dir"],"enc":"A256CBC-HS512"}"#, algorithm("", "A256CBC-HS512")),
        (r#"{"alg":"dir"}"#, algorithm("dir", "")),
        (r#"{"alg":"dir","enc":"A256CBC-HS512","crit":[]}"#, Err(Refusal::Malformed)),
        (r#"{"alg":"dir","enc":"A256CBC-HS512","zip":"DEF"}"#, Err(Refusal::Malformed)),
        (r#"{"alg":"dir","enc":"A256CBC-HS512","kid":1}"#, Err(Refusal::Malformed)),
        (
            r#"{"alg":"dir","enc":"A256CBC-HS512","kid":"x"}"#,
            Err(Refusal::UnknownKey { kid: "x".to_owned() }),
        ),
        (r#"["dir"]"#, Err(Refusal::Malformed)),
        ("", Err(Refusal::Malformed)),
    ] {
        let refused = decrypt(&[key()], &forge(header, &content), NOW).map(drop);
        assert_eq!(refused, outcome, "{header}");
    }
}

#[test]
fn the_form_is_exact() {
    let token = token();
    let (rest, tag) = token.rsplit_once('.').unwrap();
    let long = format!("{token}{}", "A".repeat(TOKEN_LIMIT_BYTES));
    for malformed in [
        String::new(),
        "....".to_owned(),
        rest.to_owned(),
        format!("{token}."),
        format!("{token}="),
        format!(" {token}"),
        token.replacen("..", ".AA.", 1),
        token.replacen("..", "...", 1),
        long,
    ] {
        let refused = decrypt(&[key()], &malformed, NOW);
        assert_eq!(refused, Err(Refusal::Malformed), "{malformed:.80}");
    }
    // A tag that is cut short is no weaker tag.
    let tag = decode_base64url(tag).unwrap();
    for length in [0, 1, 16, 31] {
        let cut = format!("{rest}.{}", base64url(&tag[..length]));
        assert_eq!(decrypt(&[key()], &cut, NOW), Err(Refusal::Forged), "{length}");
    }
}

#[test]
fn no_altered_character_passes() {
    let token = token();
    for index in 0..token.len() {
        let mut altered = token.clone();
        let replacement = if altered[index..].starts_with('A') { "B" } else { "A" };
        altered.replace_range(index..=index, replacement);
        assert!(decrypt(&[key()], &altered, NOW).is_err(), "{altered}");
    }
}

#[test]
fn keys_are_not_shown() {
    assert_eq!(
        format!("{:?}", key()),
        r#"Key { thumbprint: "h-PGcVNYA7GNA0fbA6fyQ_swRNzUGM1euFabSZbNnv0", .. }"#
    );
}

proptest! {
    #[test]
    fn what_is_encrypted_is_read(text in any::<String>(), iv in any::<[u8; 16]>()) {
        let mut claims = Claims::new();
        claims.insert("text".to_owned(), text.as_str().into());
        let unique = Unique { id: String::new(), iv };
        let token = encrypt(&key(), claims, NOW, 60, unique);
        prop_assert_eq!(&decrypt(&[key()], &token, NOW).unwrap()["text"], text.as_str());
    }

    #[test]
    fn no_text_stops_the_reader(
        text in any::<String>(),
        parts in "[A-Za-z0-9_-]{0,9}\\.\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{0,44}\\.[A-Za-z0-9_-]{43}",
        content in any::<String>(),
    ) {
        prop_assert_eq!(decrypt(&[key()], &text, NOW), Err(Refusal::Malformed));
        assert!(decrypt(&[key()], &parts, NOW).is_err());
        assert!(decrypt(&[key()], &forge(HEADER, &content), NOW).is_err());
    }
}
