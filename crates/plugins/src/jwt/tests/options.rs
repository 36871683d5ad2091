//! Options that cannot be meant, and what is said about them.

use super::*;

/// What the start says.
fn mistake(options: Json) -> String {
    let builder = Auth::builder(Default::default()).plugin(vestibule_api::Core);
    builder.plugin(plugin(options)).build().unwrap_err().to_string()
}

/// Difference: `options-of-keys`.
#[test]
fn a_mistake_stops_the_start() {
    let sign = json!({ "webhook": "https://app.example/sign" });
    let mistakes = [
        json!({ "jwks": { "jwksPath": "" } }),
        json!({ "jwks": { "jwksPath": "jwks" } }),
        json!({ "jwks": { "jwksPath": "/a/../b" } }),
        json!({ "jwks": { "jwksPath": "/:id" } }),
        json!({ "jwt": { "sign": sign } }),
        json!({
            "sessionCookieCache": true,
            "jwks": { "remoteUrl": "https://keys.example", "keyPairConfig": { "alg": "ES256" } },
            "jwt": { "sign": sign },
        }),
        json!({ "jwks": { "remoteUrl": "https://keys.example" } }),
        json!({ "jwks": { "keyPairConfig": { "alg": "ES256", "crv": "P-521" } } }),
        json!({ "jwks": { "keyPairConfig": { "alg": "RS256", "crv": "P-256" } } }),
        json!({ "jwks": { "keyPairConfig": { "alg": "EdDSA", "modulusLength": 2048 } } }),
        json!({ "jwks": { "keyPairConfigs": [{ "alg": "PS256", "modulusLength": 1024 }] } }),
        json!({ "jwt": { "expirationTime": 900 } }),
        json!({ "sessionCookieCache": true }),
    ];
    let said: Vec<_> = mistakes.into_iter().map(mistake).collect();
    assert_snapshot!(said.join("\n"), @r#"
    `plugins.jwt.jwks.jwksPath`: expected a path such as "/jwks", without parameters and `..`, found ""
    `plugins.jwt.jwks.jwksPath`: expected a path such as "/jwks", without parameters and `..`, found "jwks"
    `plugins.jwt.jwks.jwksPath`: expected a path such as "/jwks", without parameters and `..`, found "/a/../b"
    `plugins.jwt.jwks.jwksPath`: expected a path such as "/jwks", without parameters and `..`, found "/:id"
    `plugins.jwt.jwt.sign`: it needs `jwks.remoteUrl`, where its keys are
    `plugins.jwt.sessionCookieCache`: its caches are signed and read here, and `jwt.sign` signs elsewhere
    `plugins.jwt.jwks.remoteUrl`: it needs `jwks.keyPairConfig.alg`, which discovery names
    `plugins.jwt.jwks.keyPairConfig`: ES256 has the curve "P-256", found "P-521"
    `plugins.jwt.jwks.keyPairConfig`: RS256 has no curve, found "P-256"
    `plugins.jwt.jwks.keyPairConfig`: `modulusLength` is for RSA, and EdDSA is not; found 2048
    `plugins.jwt.jwks.keyPairConfigs`: expected a `modulusLength` of 2048, 3072, 4096 or 8192, found 1024
    `plugins.jwt.jwt.expirationTime`: a number is a moment in seconds since 1970, and 900 is long past; a duration is a text, such as "900s"
    `session.cookieCache.strategy`: expected "jwt", because a plugin's keys are to sign the cache
    "#);
}

#[test]
fn what_is_not_known_is_refused() {
    let refused = |options: Json| {
        serde_json::from_value::<super::super::Options>(options).unwrap_err().to_string()
    };
    let said = [
        refused(json!({ "jwksPath": "/jwks" })),
        refused(json!({ "jwks": { "keyPairConfig": { "alg": "HS256" } } })),
        refused(json!({ "jwks": { "keyPairConfig": {} } })),
        refused(json!({ "jwks": { "rotationInterval": -1 } })),
        refused(json!({ "jwt": { "expirationTime": "soon" } })),
        refused(json!({ "jwt": { "audience": 1 } })),
        refused(json!({ "jwt": { "definePayload": "https://app.example" } })),
    ];
    assert_snapshot!(said.join("\n"), @r#"
    unknown field `jwksPath`, expected one of `jwks`, `jwt`, `disableSettingJwtHeader`, `sessionCookieCache`, `schema`, `adapter`
    unknown variant `HS256`, expected one of `EdDSA`, `ES256`, `ES512`, `RS256`, `PS256`
    missing field `alg`
    invalid value: integer `-1`, expected u64
    `jwt.expirationTime`: expected a time span such as "15m", or seconds since 1970
    expected a text or a list of texts
    invalid type: string "https://app.example", expected struct Webhook
    "#);
}

#[test]
fn the_table_has_the_name_of_the_options() {
    let names = json!({ "schema": { "jwks": {
        "modelName": "signing_keys", "fields": { "publicKey": "public_key" },
    } } });
    let builder = Auth::builder(Default::default()).plugin(vestibule_api::Core);
    let schema = builder.plugin(plugin(names)).schema().unwrap();
    let model = schema.model("jwks").unwrap();
    assert_eq!(model.table, "signing_keys");
    assert_eq!(model.field("publicKey").unwrap().column, "public_key");
}
