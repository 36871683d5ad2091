//! `[tokens]`, `[services]` and `[backend]`: from the file to the answer.

use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use crate::server::{Answer, Place, Server};

const API: &str = "
[emailAndPassword]
enabled = true
[tokens.api]
algorithm = 'HS256'
[services.api]
";

#[track_caller]
fn complaint(config: &str) -> String {
    Place::with_config(config).complaint(&["config", "check"])
}

fn token(server: &Server, path: &str, cookie: &str) -> Answer {
    let origin = format!("http://{}", server.address);
    let headers = [("cookie", cookie), ("origin", &*origin), ("content-type", "application/json")];
    server.send(&format!("POST {path}"), &headers, b"{}")
}

#[test]
fn a_session_becomes_a_token_that_a_service_may_ask_about() {
    let place = Place::with_config(API);
    let server = place.serve();
    let cookie = server.sign_up("ada@example.com").cookie();
    let granted = token(&server, "/auth/token", &cookie).json();
    assert_eq!(granted["expires_in"], 900);
    let me = server.send("GET /auth/me", &[("cookie", &*cookie)], b"").json();
    assert_eq!(me["email"], "ada@example.com");
    let verified = server.send("GET /api/auth/verify", &[("cookie", &*cookie)], b"");
    assert_eq!(verified.header("x-auth-user-id"), me["id"].as_str());

    let key = place.output(&["secret", "derive", "--service", "api", "--purpose", "key"]);
    let body = json!({ "token": granted["access_token"] });
    let ask = || server.post_with("/introspect", &[("x-vestibule-service-key", &key)], &body);
    assert_eq!(ask().json()["sub"], me["id"]);
    let origin = format!("http://{}", server.address);
    let headers = [("cookie", &*cookie), ("origin", &*origin)];
    assert_eq!(server.post_with("/sign-out", &headers, &json!({})).status, 200);
    assert_snapshot!(ask().line(), @r#"200 {"active":false}"#);
    assert_eq!(server.get("/auth/me").status, 401);
}

#[test]
fn without_configuration_nothing_is_minted_and_the_rest_is_there() {
    let server = Place::new().serve();
    let cookie = server.sign_up("ada@example.com").cookie();
    assert_snapshot!(token(&server, "/auth/token", &cookie).line(), @r#"400 {"message":"This server mints no tokens: no audience is configured","code":"INVALID_TARGET","hint":"add to the configuration: [tokens.api] algorithm = \"HS256\"","error":"invalid_target","error_description":"This server mints no tokens: no audience is configured"}"#);
    assert_eq!(server.send("GET /auth/me", &[("cookie", &*cookie)], b"").status, 200);
}

#[test]
fn paths_are_the_configurations() {
    let place = Place::with_config(&format!(
        "{API}\n[backend]\ntokenPath = '/token'\nmePath = '/users/me'"
    ));
    let server = place.serve();
    let cookie = server.sign_up("ada@example.com").cookie();
    assert_eq!(token(&server, "/token", &cookie).status, 200);
    assert_eq!(server.send("GET /users/me", &[("cookie", &*cookie)], b"").status, 200);
    assert_eq!(token(&server, "/auth/token", &cookie).status, 404);
}

#[test]
fn a_path_that_is_taken_stops_the_start() {
    for path in ["/sign-in", "/health/live", "/_vestibule/x.js", "/dashboard"] {
        let config = format!("[backend]\nmePath = '{path}'");
        let said = complaint(&config);
        let expected = format!(
            "error: the path `{path}` is one of this server's own: choose another for \
             `backend.tokenPath` or `backend.mePath`"
        );
        assert_eq!(said, expected);
    }
    let place = Place::with_config("[backend]\nmePath = '/sign-in'").env("PORT", "0");
    assert!(
        place.complaint(&["serve"]).contains("the path `/sign-in` is one of this server's own")
    );
    Place::with_config("pages = false\n[backend]\nmePath = '/sign-in'")
        .output(&["config", "check"]);
    assert_snapshot!(complaint("[backend]\ntokenPath = '/api/auth/sign-in/email'"), @"error: the path `/api/auth/sign-in/email`: something else is there, below the base path");
    assert_snapshot!(complaint("[backend]\ntokenPath = '/api/auth'"), @"error: the path `/api/auth`: something else is there, below the base path");
    assert_snapshot!(complaint("[backend]\ntokenPath = '/token/:id'"), @r#"error: `backend.tokenPath`: expected a path such as "/auth/token", found "/token/:id""#);
    assert_snapshot!(complaint("[backend]\nmePath = 'me'"), @r#"error: `backend.mePath`: expected a path such as "/auth/token", found "me""#);
}

#[test]
fn mistakes_are_named_by_their_path() {
    assert_snapshot!(complaint("[tokens.api]"), @r#"
    error: `vestibule.toml` cannot be used:
      tokens.api.algorithm: is missing; expected "EdDSA", "ES256", "ES512", "RS256", "PS256" or "HS256"
    "#);
    assert_snapshot!(complaint("[tokens.api]\nalgorithm = 'HS512'"), @r#"
    error: `vestibule.toml` cannot be used:
      tokens.api.algorithm: expected "EdDSA", "ES256", "ES512", "RS256", "PS256" or "HS256", found the text "HS512"
    "#);
    assert_snapshot!(complaint("[tokens.api]\nalgorithm = 'HS256'\nexpiresln = 5"), @"
    error: `vestibule.toml` cannot be used:
      tokens.api.expiresln: there is no such key; did you mean `tokens.api.expiresIn`?
    ");
    assert_snapshot!(complaint("[tokens.api]\nalgorithm = 'HS256'\nexpiresIn = 0"), @"
    error: `vestibule.toml` cannot be used:
      tokens.api.expiresIn: expected a whole number of at least 1 or a text, found 0
    ");
    assert_snapshot!(complaint("[tokens.api]\nalgorithm = 'HS256'\nexpiresIn = 'soon'"), @r#"error: `vestibule.toml` cannot be used: tokens.api.expiresIn: invalid value: string "soon", expected seconds from 1 on, or a text such as "15m" (s, m, h, d)"#);
    assert_snapshot!(complaint("[tokens.api]\nalgorithm = 'HS256'\nclaims = ['email']"), @"error: `tokens.api.claims`: `email` cannot be a claim of an HS256 token: Better Auth would take such a token for one of its own, which can open a session");
    assert_snapshot!(complaint("[tokens.api]\nalgorithm = 'ES256'"), @r#"error: `tokens.api.algorithm`: "ES256" needs a key set: add `[plugins.jwt]` to the configuration, or say "HS256""#);
    assert_snapshot!(complaint("[tokens.'my api']\nalgorithm = 'HS256'"), @"error: `tokens.my api`: expected a name of letters, digits, `-` and `.`");
    assert_snapshot!(complaint("[services.api]\nkeyVersions = 1"), @"
    error: `vestibule.toml` cannot be used:
      services.api.keyVersions: expected a list, each a whole number of at least 0, found 1
    ");
    assert_snapshot!(complaint("[services.api]\nkeyVersions = []"), @"error: `services.api`: expected a name of letters, digits, `-` and `.`, and key versions");
    assert_snapshot!(complaint("[services.'a_b']"), @"error: `services.a_b`: expected a name of letters, digits, `-` and `.`, and key versions");
    assert_snapshot!(complaint("[backend]\ntokenpath = '/x'"), @"
    error: `vestibule.toml` cannot be used:
      backend.tokenpath: there is no such key; did you mean `backend.tokenPath`?
    ");
}

#[test]
fn the_secret_itself_is_warned_of_at_each_start() {
    let config = "[tokens.legacy]\nalgorithm = 'HS256'\ndangerouslySignWithAuthSecret = true";
    let place = Place::with_config(config);
    let warned = "`tokens.legacy.dangerouslySignWithAuthSecret` is on";
    place.serve().wait_for_log(warned);
    place.serve().wait_for_log(warned);
    let checked = place.run(&["config", "check"]);
    assert!(String::from_utf8(checked.stderr).unwrap().contains(warned));
}

#[test]
fn a_backend_is_given_derived_keys() {
    let config = "
        secret = 'better-auth-dossier-secret-0123456789abcdef'
        [tokens.api]
        algorithm = 'HS256'
        [tokens.legacy]
        algorithm = 'HS256'
        dangerouslySignWithAuthSecret = true
        [services.api]
        [services.shop]
        keyVersions = [3, 2]
    ";
    let place = Place::with_config(config);
    let derive = |arguments: &str| {
        let arguments = format!("secret derive --service {arguments}");
        place.output(&arguments.split(' ').collect::<Vec<_>>())
    };
    assert_snapshot!(derive("api"), @"
    vsk_api_1_Hbs2zQr1YEK_kWn13E1oY27hl3RCSbkBvoS0qSfSBgo
    GHdMoz5P4MDLAJUtns0IrwhPEcsHM531USqLngI5uFo
    ");
    assert_snapshot!(derive("api --purpose token"), @"GHdMoz5P4MDLAJUtns0IrwhPEcsHM531USqLngI5uFo");
    assert_snapshot!(derive("shop"), @"vsk_shop_3_eTPEmLLOoOu_FdkjjTKN9jD_AMChkJPcWIMjiGlsho8");
    let refuse = |arguments: &str| {
        let arguments = format!("secret derive --service {arguments}");
        place.complaint(&arguments.split(' ').collect::<Vec<_>>())
    };
    assert_snapshot!(refuse("unknown"), @"error: the configuration has neither `[services.unknown]` nor `[tokens.unknown]`; there are api, legacy, shop");
    assert_snapshot!(refuse("shop --purpose token"), @"error: `shop` gets no tokens: add `[tokens.shop]` to the configuration");
    assert_snapshot!(refuse("legacy"), @"error: the tokens of `legacy` are signed with the secret itself; a key is derived without `tokens.legacy.dangerouslySignWithAuthSecret`");
    assert_snapshot!(refuse("legacy --purpose key"), @"error: `legacy` has no service key: add `[services.legacy]` to the configuration");
    assert_snapshot!(Place::new().complaint(&["secret", "derive", "--service", "api"]), @"error: the configuration has neither `[services.api]` nor `[tokens.api]`; it has none yet");
}

#[test]
fn a_key_that_was_taken_off_the_list_is_revoked() {
    let config = |versions: &str| format!("{API}keyVersions = {versions}\n");
    let place = Place::with_config(&config("[1]"));
    let old = place.output(&["secret", "derive", "--service", "api", "--purpose", "key"]);
    let ask = |place: &Place| {
        let server = place.serve();
        let key = [("x-vestibule-service-key", &*old)];
        server.post_with("/introspect", &key, &json!({ "token": "x" })).status
    };
    assert_eq!(ask(&place), 200);
    let place = place.file("vestibule.toml", &config("[2, 1]"));
    assert_eq!(ask(&place), 200);
    let place = place.file("vestibule.toml", &config("[2]"));
    assert_eq!(ask(&place), 401);
}

#[test]
fn another_site_can_neither_mint_nor_read() {
    let place = Place::with_config(&format!("production = true\n{API}"))
        .env("BETTER_AUTH_SECRET", "3fSxkZ1u9pQw7LrYb0TnE5vHcJ8mD2aG")
        .env("DATABASE_URL", "a.db");
    place.output(&["migrate"]);
    let server = place.serve();
    let cookie = server.sign_up("ada@example.com").cookie();
    let evil = [("cookie", &*cookie), ("origin", "https://evil.example")];
    let json = [evil[0], evil[1], ("content-type", "application/json")];
    let minted = server.send("POST /auth/token", &json, b"{}");
    assert_eq!(minted.status, 403);
    let me = server.send("GET /auth/me", &evil, b"");
    assert_eq!(me.header("access-control-allow-origin"), None);
    let verified = server.send("GET /api/auth/verify", &evil, b"");
    for answer in [&minted, &me, &verified] {
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
        assert!(!exposed.contains("x-auth"), "{exposed}");
    }
    let description: Json = serde_json::from_str(&place.output(&["openapi"])).unwrap();
    assert!(description["paths"]["/auth/token"]["post"].is_object());
}
