//! Dates, issuer, audience, type.

use std::time::Duration;

use super::*;

fn check(validation: &Validation, claims: Value) -> Result<(), String> {
    validation.check_claims(&object(claims), NOW).map_err(|refusal| refusal.to_string())
}

fn refused(text: &str) -> Result<(), String> {
    Err(text.to_owned())
}

#[test]
fn dates_must_be_numbers_and_in_order() {
    let strict = Validation::new([Algorithm::EdDsa]);
    let expired = format!("the token expired at {NOW}; it is {NOW} now");
    let early = format!("the token is not valid before {}; it is {NOW} now", NOW + 1);
    for (claims, outcome) in [
        (json!({ "exp": NOW + 1 }), Ok(())),
        (json!({ "exp": NOW as f64 + 0.5, "nbf": NOW, "iat": NOW + 9 }), Ok(())),
        (json!({ "exp": 1e300 }), Ok(())),
        (json!({ "exp": NOW }), refused(&expired)),
        (json!({ "exp": NOW + 9, "nbf": NOW + 1 }), refused(&early)),
        (json!({}), refused("the token has no `exp`")),
        (json!({ "exp": null }), refused("the token's `exp` is not a number of seconds")),
        (json!({ "exp": "9999999999" }), refused("the token's `exp` is not a number of seconds")),
        (
            json!({ "exp": NOW + 1, "nbf": "0" }),
            refused("the token's `nbf` is not a number of seconds"),
        ),
        (
            json!({ "exp": NOW + 1, "iat": true }),
            refused("the token's `iat` is not a number of seconds"),
        ),
    ] {
        assert_eq!(check(&strict, claims.clone()), outcome, "{claims}");
    }
}

#[test]
fn leeway_serves_both_ends() {
    let validation = Validation::new([Algorithm::EdDsa]).leeway(Duration::from_secs(15));
    assert_eq!(check(&validation, json!({ "exp": NOW - 14, "nbf": NOW + 15 })), Ok(()));
    assert!(check(&validation, json!({ "exp": NOW - 15 })).is_err());
    assert!(check(&validation, json!({ "exp": NOW, "nbf": NOW + 16 })).is_err());
}

#[test]
fn only_who_asks_for_it_gets_tokens_without_end() {
    let validation = Validation::new([Algorithm::EdDsa]).without_required_expiry();
    assert_eq!(check(&validation, json!({})), Ok(()));
    assert!(check(&validation, json!({ "exp": NOW })).is_err());
}

#[test]
fn issuers_are_compared_to_the_letter() {
    let validation = Validation::new([Algorithm::EdDsa]).issuer("https://a.example");
    for (iss, outcome) in [
        (json!("https://a.example"), Ok(())),
        (
            json!("https://a.example/"),
            refused("the token's `iss` is 'https://a.example/'; expected 'https://a.example'"),
        ),
        (json!(["https://a.example"]), refused("the token's `iss` is not a text")),
    ] {
        assert_eq!(check(&validation, json!({ "exp": NOW + 1, "iss": iss })), outcome, "{iss}");
    }
    assert_eq!(check(&validation, json!({ "exp": NOW + 1 })), refused("the token has no `iss`"));
    let several = Validation::new([]).issuers(["a".to_owned(), "b".to_owned()]);
    assert_eq!(check(&several, json!({ "exp": NOW + 1, "iss": "b" })), Ok(()));
}

#[test]
fn an_audience_is_a_text_or_a_list() {
    let validation =
        Validation::new([]).audiences(["api".to_owned(), "https://api.example".to_owned()]);
    for (aud, outcome) in [
        (json!("api"), Ok(())),
        (json!(["web", "https://api.example"]), Ok(())),
        (
            json!("web"),
            refused("the token's `aud` is 'web'; expected 'api', 'https://api.example'"),
        ),
        (json!([]), refused("the token's `aud` is (none); expected 'api', 'https://api.example'")),
        (json!(["api", 1]), refused("the token's `aud` is not a text or a list of texts")),
        (json!({ "api": 1 }), refused("the token's `aud` is not a text or a list of texts")),
        (
            json!(["1", "2", "3", "4", "5", "6"]),
            refused(
                "the token's `aud` is '1', '2', '3', '4', '5', ..; \
                 expected 'api', 'https://api.example'",
            ),
        ),
    ] {
        assert_eq!(check(&validation, json!({ "exp": NOW + 1, "aud": aud })), outcome, "{aud}");
    }
    assert_eq!(check(&validation, json!({ "exp": NOW + 1 })), refused("the token has no `aud`"));
}

#[test]
fn types_are_media_types() {
    let validation = Validation::new([Algorithm::EdDsa]).typ("at+jwt");
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        assert_eq!(validation.check_type(Some(typ)), Ok(()), "{typ}");
    }
    for (typ, said) in [
        (Some("JWT"), "the token's `typ` is 'JWT'; expected at+jwt"),
        (Some("text/at+jwt"), "the token's `typ` is 'text/at+jwt'; expected at+jwt"),
        (None, "the token's `typ` is (none); expected at+jwt"),
    ] {
        assert_eq!(validation.check_type(typ).unwrap_err().to_string(), said);
    }
    assert_eq!(Validation::new([]).check_type(Some("anything")), Ok(()));
}

#[test]
fn a_token_expires_in_its_last_second() {
    let key = key(Algorithm::EdDsa);
    let token = jws::sign(key, None, None, &claims()).unwrap();
    let at = |now| {
        let validation = Validation::new([Algorithm::EdDsa]);
        jws::verify(&token, &validation, now, |_| Some(key.public_key())).map(drop)
    };
    assert_eq!(at(NOW + 59), Ok(()));
    assert!(at(NOW + 60).unwrap_err().is_expired());
}
