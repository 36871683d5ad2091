//! Making, choosing, rotating, reading keys.

use std::sync::Mutex;

use super::*;
use crate::jwt::{NewKey, StoredKey};
use vestibule_core::callback::Callback;

#[tokio::test]
async fn the_first_question_makes_the_first_key() {
    let app = app(json!({})).await;
    assert!(rows(&app.auth).await.is_empty());
    let set = jwks(&app).await;
    let keys = set["keys"].as_array().unwrap();
    let names: Vec<_> = keys[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["alg", "crv", "x", "kty", "kid"]);
    assert_eq!(
        (&keys[0]["alg"], &keys[0]["crv"], &keys[0]["kty"]),
        (&json!("EdDSA"), &json!("Ed25519"), &json!("OKP"))
    );
    assert_eq!(jwks(&app).await, set);

    let stored = rows(&app.auth).await;
    assert_eq!(stored.len(), 1);
    assert_eq!(keys[0]["kid"], stored[0].id);
    assert_eq!(stored[0].alg.as_deref(), Some("EdDSA"));
    assert_eq!(stored[0].crv.as_deref(), Some("Ed25519"));
    assert_eq!(stored[0].expires_at, None);
    assert_eq!(stored[0].created_at.to_string(), "2030-01-01T00:00:00.123Z");
}

#[tokio::test]
async fn every_algorithm_verifies_with_the_key_set() {
    for (config, crv, members) in [
        (json!({ "alg": "EdDSA", "crv": "Ed25519" }), Some("Ed25519"), "alg crv x kty kid"),
        (json!({ "alg": "ES256" }), Some("P-256"), "alg crv kty x y kid"),
        (json!({ "alg": "ES512" }), Some("P-521"), "alg crv kty x y kid"),
        (json!({ "alg": "RS256" }), None, "alg kty n e kid"),
        (json!({ "alg": "PS256", "modulusLength": 3072 }), None, "alg kty n e kid"),
    ] {
        let app = app(json!({ "jwks": { "keyPairConfig": config } })).await;
        let mut alice = app.sign_up("alice@example.com").await;
        let token = token(&mut alice).await;
        let set = jwks(&app).await;
        assert_eq!(header(&token)["alg"], config["alg"]);
        assert_eq!(verify(&token, &set).unwrap()["email"], "alice@example.com");
        let key = set["keys"][0].as_object().unwrap();
        assert_eq!(key.keys().cloned().collect::<Vec<_>>().join(" "), members);
        assert_eq!(rows(&app.auth).await[0].crv.as_deref(), crv);
        if config["alg"] == "PS256" {
            assert_eq!(key["n"].as_str().unwrap().len(), 512);
        }
    }
}

#[tokio::test]
async fn private_keys_are_stored_as_the_reference_stores_them() {
    let app = app(json!({})).await;
    jwks(&app).await;
    let stored = &rows(&app.auth).await[0].private_key;
    let ciphertext: String = serde_json::from_str(stored).unwrap();
    assert!(ciphertext.bytes().all(|byte| byte.is_ascii_hexdigit()), "{ciphertext}");

    let app = self::app(json!({ "jwks": { "disablePrivateKeyEncryption": true } })).await;
    jwks(&app).await;
    let stored: Json = serde_json::from_str(&rows(&app.auth).await[0].private_key).unwrap();
    let names: Vec<_> = stored.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["crv", "d", "x", "kty"]);
}

#[tokio::test]
async fn a_row_of_the_reference_signs_what_the_reference_signed() {
    let vectors: Json =
        serde_json::from_str(include_str!("../../../../testkit/vectors.json")).unwrap();
    let case = &vectors["accept"]["jwt_plugin_eddsa"];
    let store = store();
    let jwt = Arc::new(plugin(json!({})));
    let app = TestAuth::builder()
        .options(|core| {
            let secret =
                vectors["accept"]["jwt_plugin_eddsa"]["secret"].as_str().unwrap().to_owned();
            core.secret = Some(vestibule_core::options::Secret::new(secret));
        })
        .store(store)
        .configure({
            let jwt: Arc<dyn Plugin> = jwt.clone();
            move |builder| builder.plugins([jwt])
        })
        .start()
        .await;
    let stored: StoredKey = serde_json::from_value(case["stored_row"].clone()).unwrap();
    insert(&app.auth, row_of(&app, stored)).await;
    assert_eq!(jwks(&app).await, case["jwks_response"]);

    let payload = json!({ "sub": "u1", "foo": "bar", "iat": NOW });
    let mut call = app.auth.unrequested().unwrap();
    let token = jwt.sign_jwt(&mut call, payload.as_object().unwrap().clone()).await.unwrap();
    assert_eq!(token, case["signed_token"]);
}

/// A stored key as a row.
fn row_of(app: &TestAuth, key: StoredKey) -> Jwk {
    let row = vestibule_core::store::Row::empty(app.auth.model(Jwk::MODEL).clone());
    let extra = {
        let mut row = row;
        row.values[0] = "x".into();
        row.values[1] = "x".into();
        row.values[2] = "x".into();
        row.values[3] = key.created_at.into();
        Jwk::from_row(row).unwrap().extra
    };
    Jwk {
        id: key.id,
        public_key: key.public_key,
        private_key: key.private_key,
        created_at: key.created_at,
        expires_at: key.expires_at,
        alg: key.alg,
        crv: key.crv,
        extra,
    }
}

#[tokio::test]
async fn keys_rotate_and_stay_for_a_while() {
    let options = json!({ "jwks": { "rotationInterval": 60, "gracePeriod": 100 } });
    let app = app(options).await;
    let mut alice = app.sign_up("alice@example.com").await;
    let first = token(&mut alice).await;
    assert_eq!(
        rows(&app.auth).await[0].expires_at.unwrap().to_string(),
        "2030-01-01T00:01:00.123Z"
    );

    app.advance(Duration::from_secs(59));
    assert_eq!(header(&token(&mut alice).await), header(&first), "it still signs");
    app.advance(Duration::from_secs(1));
    let second = token(&mut alice).await;
    assert_ne!(header(&second)["kid"], header(&first)["kid"]);
    assert_eq!(header(&token(&mut alice).await), header(&second));

    let set = jwks(&app).await;
    assert_eq!(set["keys"].as_array().unwrap().len(), 2);
    assert!(verify(&first, &set).is_ok(), "an old token outlives its key's time of signing");

    app.advance(Duration::from_secs(100));
    let set = jwks(&app).await;
    assert_eq!(set["keys"].as_array().unwrap().len(), 1);
    assert!(verify(&first, &set).unwrap_err().starts_with("no key is known by"));
    assert!(verify(&second, &set).is_ok());
    assert_eq!(rows(&app.auth).await.len(), 2, "rows stay, as the reference leaves them");
}

#[tokio::test]
async fn many_first_requests_at_once_make_one_key() {
    for alg in ["EdDSA", "RS256"] {
        let app = app(json!({ "jwks": { "keyPairConfig": { "alg": alg } } })).await;
        let alice = app.sign_up("alice@example.com").await;
        let mut requests = tokio::task::JoinSet::new();
        for number in 0..20 {
            let mut alice = alice.clone();
            requests.spawn(async move {
                match number % 2 {
                    0 => alice.get("/token").await,
                    _ => alice.get("/jwks").await,
                }
            });
        }
        while let Some(answer) = requests.join_next().await {
            answer.unwrap().expect_ok();
        }
        assert_eq!(rows(&app.auth).await.len(), 1, "{alg}");
    }
}

const SECRET: &str = "the-secret-of-the-first-instance-32";
const OTHER_SECRET: &str = "the-secret-of-the-other-instance-32";

/// Difference: `keys-that-cannot-be-read`.
#[tokio::test]
async fn a_key_of_another_secret_is_passed_over() {
    let store = store();
    let first = app_on(&store, SECRET, json!({})).await;
    let mut alice = first.sign_up("alice@example.com").await;
    let of_first = token(&mut alice).await;

    let second = app_on(&store, OTHER_SECRET, json!({})).await;
    let mut alice = second.sign_in("alice@example.com").await;
    let of_second = token(&mut alice).await;
    assert_ne!(header(&of_second)["kid"], header(&of_first)["kid"]);
    assert_eq!(
        header(&token(&mut alice).await),
        header(&of_second),
        "one new key, not one each time"
    );

    // Each signs with its own key, and either's tokens verify with either's key set.
    for app in [&first, &second] {
        let set = jwks(app).await;
        assert_eq!(set["keys"].as_array().unwrap().len(), 2);
        assert!(verify(&of_first, &set).is_ok());
        assert!(verify(&of_second, &set).is_ok());
    }
    let mut alice = first.sign_in("alice@example.com").await;
    assert_eq!(header(&token(&mut alice).await), header(&of_first));
}

#[tokio::test]
async fn encryption_can_be_switched_without_losing_a_key() {
    let store = store();
    let encrypted = app_on(&store, SECRET, json!({})).await;
    let plain = json!({ "jwks": { "disablePrivateKeyEncryption": true } });
    let plain = app_on(&store, SECRET, plain).await;
    let mut alice = encrypted.sign_up("alice@example.com").await;
    let first = token(&mut alice).await;
    let mut alice = plain.sign_in("alice@example.com").await;
    assert_eq!(header(&token(&mut alice).await), header(&first));
}

#[tokio::test]
async fn the_configured_algorithm_goes_before_a_newer_key() {
    let store = store();
    let ed = app_on(&store, SECRET, json!({})).await;
    let mut alice = ed.sign_up("alice@example.com").await;
    let first = token(&mut alice).await;

    ed.advance(Duration::from_secs(5));
    let config = json!({ "jwks": { "keyPairConfig": { "alg": "ES256" } } });
    let es = app_on(&store, SECRET, config).await;
    let mut call = es.auth.unrequested().unwrap();
    let key_set = es.auth.key_set().unwrap().clone();
    let es_token = key_set.sign(&mut call, Algorithm::Es256, None, Object::new()).await.unwrap();
    assert_eq!(header(&es_token)["alg"], "ES256");
    assert_eq!(header(&token(&mut alice).await), header(&first));
}

#[tokio::test]
async fn any_live_key_goes_before_a_new_one() {
    // As the reference has it: a changed configuration makes no key while an old one signs.
    let store = store();
    let ed = app_on(&store, SECRET, json!({})).await;
    let mut alice = ed.sign_up("alice@example.com").await;
    let first = token(&mut alice).await;
    let config = json!({ "jwks": { "keyPairConfig": { "alg": "ES256" } } });
    let es = app_on(&store, SECRET, config).await;
    let mut alice = es.sign_in("alice@example.com").await;
    assert_eq!(header(&token(&mut alice).await), header(&first));
}

/// A key as its row has it, with something changed.
async fn with_changed_row(change: impl FnOnce(&mut Jwk)) -> (TestAuth, String) {
    let made = app(json!({})).await;
    jwks(&made).await;
    let mut row = rows(&made.auth).await.remove(0);
    let kid = row.id.clone();
    change(&mut row);
    let app = app(json!({})).await;
    insert(&app.auth, row).await;
    (app, kid)
}

#[tokio::test]
async fn a_row_without_an_algorithm_has_the_configured_one() {
    let (app, kid) = with_changed_row(|row| (row.alg, row.crv) = (None, None)).await;
    let mut alice = app.sign_up("alice@example.com").await;
    assert_eq!(header(&token(&mut alice).await), json!({ "alg": "EdDSA", "kid": kid }));
    assert_eq!(jwks(&app).await["keys"][0]["alg"], "EdDSA");
}

#[tokio::test]
async fn rows_that_hold_no_usable_key_are_passed_over() {
    type Change = fn(&mut Jwk);
    let changes: [(&str, Change, usize); 6] = [
        ("an unknown algorithm", |row| row.alg = Some("ECDH-ES".to_owned()), 2),
        ("an algorithm of other keys", |row| row.alg = Some("RS256".to_owned()), 2),
        ("no private key", |row| row.private_key = "null".to_owned(), 2),
        ("garbage", |row| row.private_key = "\"00\"".to_owned(), 2),
        ("no public key", |row| row.public_key = "{}".to_owned(), 1),
        (
            "the public key of another",
            |row| {
                row.public_key = json!({
                    "crv": "Ed25519",
                    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                    "kty": "OKP",
                })
                .to_string();
            },
            2,
        ),
    ];
    for (what, change, listed) in changes {
        let (app, kid) = with_changed_row(change).await;
        let mut alice = app.sign_up("alice@example.com").await;
        let token = token(&mut alice).await;
        assert_ne!(header(&token)["kid"], json!(kid), "{what}");
        let set = jwks(&app).await;
        assert_eq!(set["keys"].as_array().unwrap().len(), listed, "{what}");
        assert!(verify(&token, &set).is_ok(), "{what}");
    }
}

#[tokio::test]
async fn a_private_key_in_the_wrong_column_is_not_published() {
    let made = app(json!({ "jwks": { "disablePrivateKeyEncryption": true } })).await;
    jwks(&made).await;
    let mut row = rows(&made.auth).await.remove(0);
    row.public_key.clone_from(&row.private_key);
    let app = app(json!({})).await;
    insert(&app.auth, row).await;
    assert_eq!(jwks(&app).await, json!({ "keys": [] }));
}

#[tokio::test]
async fn functions_may_keep_the_keys() {
    let kept: Arc<Mutex<Vec<StoredKey>>> = Arc::default();
    let (reads, writes) = (kept.clone(), kept.clone());
    let mut options = super::super::Options::default();
    options.adapter.get_jwks = Some(Callback::new(move |()| {
        let keys = reads.lock().unwrap().clone();
        async move { Ok((!keys.is_empty()).then_some(keys)) }
    }));
    options.adapter.create_jwk = Some(Callback::new(move |new: NewKey| {
        let NewKey { alg, crv, public_key, private_key, created_at, expires_at } = new;
        let id = "kept-elsewhere".to_owned();
        let alg = Some(alg);
        let key = StoredKey { id, public_key, private_key, created_at, expires_at, alg, crv };
        writes.lock().unwrap().push(key.clone());
        async move { Ok(key) }
    }));
    let jwt = Jwt::from(options);
    let app = TestAuth::builder().configure(|builder| builder.plugin(jwt)).start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let token = token(&mut alice).await;
    assert_eq!(header(&token)["kid"], "kept-elsewhere");
    assert!(verify(&token, &jwks(&app).await).is_ok());
    assert!(rows(&app.auth).await.is_empty());
    assert_eq!(kept.lock().unwrap().len(), 1);
}
