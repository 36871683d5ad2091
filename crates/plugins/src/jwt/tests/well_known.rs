//! Where frameworks look that know OpenID Connect.

use super::*;

#[tokio::test]
async fn the_key_set_is_at_the_origin_too() {
    let app = app(json!({})).await;
    let at_origin = app.anyone().at_origin().get("/.well-known/jwks.json").await;
    assert_eq!(at_origin.expect_ok().json(), jwks(&app).await);
    assert_eq!(app.anyone().get("/.well-known/jwks.json").await.status, 404);
}

#[tokio::test]
async fn discovery_says_what_there_is() {
    let app = app(json!({})).await;
    let discovery = "/.well-known/openid-configuration";
    let before = app.anyone().at_origin().get(discovery).await;
    assert_snapshot!(before.line(), @r#"200 {"issuer":"http://localhost:3000","jwks_uri":"http://localhost:3000/.well-known/jwks.json","response_types_supported":[],"grant_types_supported":[],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["EdDSA"]}"#);
    let mut call = app.auth.unrequested().unwrap();
    let key_set = app.auth.key_set().unwrap().clone();
    for algorithm in [Algorithm::Rs256, Algorithm::Es256] {
        key_set.sign(&mut call, algorithm, None, Object::new()).await.unwrap();
    }
    let after = app.anyone().at_origin().get(discovery).await.json();
    assert_eq!(after["id_token_signing_alg_values_supported"], json!(["ES256", "RS256"]));
}

#[tokio::test]
async fn the_path_can_be_chosen() {
    let app = app(json!({ "jwks": { "jwksPath": "/.well-known/jwks.json" } })).await;
    assert_eq!(app.anyone().get("/jwks").await.status, 404);
    let below = app.anyone().get("/.well-known/jwks.json").await;
    let at_origin = app.anyone().at_origin().get("/.well-known/jwks.json").await;
    assert_eq!(below.expect_ok().json(), at_origin.expect_ok().json());
}

#[tokio::test]
async fn keys_that_are_elsewhere_are_not_here() {
    let app = app(json!({ "jwks": {
        "remoteUrl": "https://keys.example/jwks",
        "keyPairConfig": { "alg": "PS256" },
    } }))
    .await;
    assert_snapshot!(app.anyone().get("/jwks").await.line(), @r#"404 {"message":"Not Found","code":"NOT_FOUND"}"#);
    let mut origin = app.anyone().at_origin();
    assert_eq!(origin.get("/.well-known/jwks.json").await.status, 404);
    let discovery = origin.get("/.well-known/openid-configuration").await.json();
    assert_eq!(discovery["jwks_uri"], "https://keys.example/jwks");
    assert_eq!(discovery["id_token_signing_alg_values_supported"], json!(["PS256"]));
    assert!(rows(&app.auth).await.is_empty());
}
