//! `session.cookieCache`, through the front door.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use insta::assert_snapshot;
use serde_json::{Map, Value as Json, json};
use vestibule_core::Auth;
use vestibule_core::call::Exchange;
use vestibule_core::callback::Callback;
use vestibule_core::key_set::{Expected, KeySet};
use vestibule_core::models::{Session, User};
use vestibule_core::options::{CookieCacheVersion, Options, Secret, VersionedSecret};
use vestibule_core::plugin::{Contribution, Plugin};
use vestibule_core::prelude::*;
use vestibule_core::store::memory::MemoryStore;
use vestibule_core::store::{ModelRow, Store, Update};
use vestibule_testkit::{Actor, Answer, FaultyStore, TestAuth};
use vestibule_tokens::jose::Algorithm;
use vestibule_tokens::session_cache::{Strategy, key_set};
use vestibule_tokens::signature::SigningKey;

const NAME: &str = "better-auth.session_data";

async fn app(options: Json) -> TestAuth {
    TestAuth::builder()
        .json(json!({ "emailAndPassword": { "enabled": true }, "session": options }))
        .start()
        .await
}

async fn with_cache(cache: Json) -> TestAuth {
    let mut cookie_cache = json!({ "enabled": true });
    cookie_cache.as_object_mut().unwrap().extend(cache.as_object().unwrap().clone());
    app(json!({ "cookieCache": cookie_cache })).await
}

/// Renames a user where no cache can know of it.
async fn rename_behind(app: &TestAuth, email: &str, name: &str) {
    let update = Update {
        model: app.auth.model(User::MODEL).clone(),
        filter: User::EMAIL.eq(email),
        changes: vec![User::NAME.set(name)],
    };
    assert!(app.auth.store().update(update).await.unwrap().is_some());
}

async fn name_of(actor: &mut Actor) -> Json {
    actor.get("/get-session").await.expect_ok().json()["user"]["name"].clone()
}

/// A database for several servers.
fn database() -> Arc<dyn Store> {
    let schema = Auth::builder(Options::default()).plugin(vestibule_api::Core).schema().unwrap();
    Arc::new(MemoryStore::new(&schema))
}

/// The same browser at another server.
fn visit(app: &TestAuth, actor: &Actor) -> Actor {
    let names = ["better-auth.session_token", NAME];
    let cookies = names.iter().filter_map(|name| Some((name, actor.cookie(name)?)));
    cookies.fold(app.anyone(), |visitor, (name, value)| visitor.with_cookie(name, value))
}

/// The `Set-Cookie` lines of the cache, with `…` for values.
fn cache_lines(answer: &Answer) -> Vec<String> {
    let lines = answer.set_cookies().into_iter().filter(|line| line.starts_with(NAME));
    lines
        .map(|line| {
            let (name, rest) = line.split_once('=').unwrap();
            let (value, attributes) = rest.split_once(';').unwrap();
            format!("{name}={}{attributes}", if value.is_empty() { "" } else { "…" })
        })
        .collect()
}

#[tokio::test]
async fn a_session_is_read_from_the_cookie_in_every_form() {
    for (strategy, form) in [
        (json!({}), Strategy::Compact),
        (json!({ "strategy": "compact" }), Strategy::Compact),
        (json!({ "strategy": "jwt" }), Strategy::Jwt),
        (json!({ "strategy": "jwe" }), Strategy::Jwe),
    ] {
        let app = with_cache(strategy).await;
        let mut alice = app.sign_up("alice@example.com").await;
        assert_eq!(Strategy::of(alice.cookie(NAME).unwrap()), Some(form));
        rename_behind(&app, "alice@example.com", "Alicia").await;

        let cached = alice.get("/get-session").await;
        assert_eq!(cached.json()["user"]["name"], "Test");
        assert_eq!(cached.set_cookies(), [""; 0]);
        // Before its end, and at the first use after it.
        app.advance(Duration::from_secs(299));
        assert_eq!(name_of(&mut alice).await, "Test");
        app.advance(Duration::from_secs(2));
        assert_eq!(name_of(&mut alice).await, "Alicia");
        rename_behind(&app, "alice@example.com", "Alice").await;
        assert_eq!(name_of(&mut alice).await, "Alicia");
        // Whoever wants to know gets to know, and others after them.
        let asked = alice.get("/get-session?disableCookieCache=true").await;
        assert_eq!(asked.json()["user"]["name"], "Alice");
        assert_eq!(name_of(&mut alice).await, "Alice");
    }
}

#[tokio::test]
async fn the_answer_from_the_cookie_is_the_answer_of_the_database() {
    let app = TestAuth::builder()
        .json(json!({
            "emailAndPassword": { "enabled": true },
            "session": { "cookieCache": { "enabled": true } },
            "user": { "additionalFields": {
                "score": { "type": "number", "required": false },
                "since": { "type": "date", "required": false },
                "tags": { "type": "string[]", "required": false },
                "more": { "type": "json", "required": false },
                "missing": { "type": "string", "required": false },
                "hidden": { "type": "string", "required": false, "returned": false },
            } },
        }))
        .start()
        .await;
    let mut alice = app.sign_up("alice@example.com").await;
    let more = json!({
        "name": "Zoë \"Ünï\"\n🦀",
        "score": 0.1,
        "since": "2020-02-03T04:05:06.789Z",
        "tags": ["a", "2020-01-01T00:00:00Z"],
        "more": { "10": 1.5e300, "2": [null, true], "a": "\u{7}" },
        "hidden": "secret",
    });
    alice.post("/update-user", more).await.expect_ok();
    let cached = alice.get("/get-session").await;
    assert_eq!(cached.set_cookies(), [""; 0]);
    let asked = alice.get("/get-session?disableCookieCache=1").await;
    assert_eq!(cached.json(), asked.json());
    assert_eq!(cached.json()["user"].get("hidden"), None);
}

#[tokio::test]
async fn the_cookie_is_set_after_the_sessions() {
    let app = with_cache(json!({ "maxAge": 60 })).await;
    let mut alice = app.anyone();
    let body = json!({ "name": "A", "email": "a@example.com", "password": "correct horse" });
    let lines = alice.post("/sign-up/email", body).await.set_cookies();
    let names: Vec<_> = lines.iter().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(names, ["better-auth.session_token", NAME]);
    assert!(lines[1].ends_with("; Max-Age=60; Path=/; HttpOnly; SameSite=Lax"));

    // Forgotten with the browser: without an age, and in the reference's order.
    let body =
        json!({ "email": "a@example.com", "password": "correct horse", "rememberMe": false });
    let lines = alice.post("/sign-in/email", body).await.set_cookies();
    let names: Vec<_> = lines.iter().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(names, ["better-auth.session_token", "better-auth.dont_remember", NAME]);
    assert!(lines[2].ends_with("; Path=/; HttpOnly; SameSite=Lax") && !lines[2].contains("Age"));
    // It lives a minute, and is not made again by being asked for.
    app.advance(Duration::from_secs(61));
    let asked = alice.get("/get-session").await;
    assert_eq!(asked.json()["user"]["name"], "A");
    assert_eq!(
        cache_lines(&asked),
        ["better-auth.session_data= Max-Age=0; Path=/; HttpOnly; SameSite=Lax"]
    );
}

#[tokio::test]
async fn what_cannot_be_read_costs_a_look_into_the_database() {
    for strategy in ["compact", "jwt", "jwe"] {
        let app = with_cache(json!({ "strategy": strategy })).await;
        let alice = app.sign_up("alice@example.com").await;
        let bob = app.sign_up("bob@example.com").await;
        let mut cut = alice.cookie(NAME).unwrap().to_owned();
        cut.truncate(cut.len() - 9);
        let others = bob.cookie(NAME).unwrap();
        for value in ["x", "a.b.c", "a.b.c.d.e", "%", "e30", &cut, others] {
            let mut alice = alice.clone().with_cookie(NAME, value);
            let answer = alice.get("/get-session").await;
            assert_eq!(answer.json()["user"]["email"], "alice@example.com", "{value}");
            // The old one is taken back, then there is a new one.
            assert_eq!(
                cache_lines(&answer),
                [
                    "better-auth.session_data= Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
                    "better-auth.session_data=… Max-Age=300; Path=/; HttpOnly; SameSite=Lax"
                ],
                "{value}"
            );
        }
    }
}

#[tokio::test]
async fn a_cache_alone_is_nobody() {
    let app = with_cache(json!({})).await;
    let alice = app.sign_up("alice@example.com").await;
    let cache = alice.cookie(NAME).unwrap();
    let mut thief = app.anyone().with_cookie(NAME, cache);
    assert_snapshot!(thief.get("/get-session").await.line(), @"200 null");
    let mut bob = app.sign_up("bob@example.com").await.with_cookie(NAME, cache);
    assert_eq!(bob.get("/get-session").await.json()["user"]["email"], "bob@example.com");
}

#[tokio::test]
async fn a_session_that_was_ended_works_until_its_cache_ends_but_not_for_what_is_sensitive() {
    let app = with_cache(json!({})).await;
    let mut alice = app.sign_up("alice@example.com").await;
    let mut phone = app.sign_in("alice@example.com").await;
    let token = phone.get("/get-session").await.json()["session"]["token"].clone();
    alice.post("/revoke-session", json!({ "token": token })).await.expect_ok();

    assert_eq!(name_of(&mut phone).await, "Test");
    phone.get("/list-sessions").await.expect_ok();
    let change = json!({ "currentPassword": "x", "newPassword": "battery staple" });
    for (path, body) in [
        ("/change-password", change),
        ("/revoke-sessions", json!({})),
        ("/revoke-other-sessions", json!({})),
    ] {
        let refused = phone.clone().post(path, body).await;
        let unauthorized = r#"401 {"message":"Unauthorized","code":"UNAUTHORIZED"}"#;
        assert_eq!(refused.line(), unauthorized, "{path}");
    }
    let mut asking = phone.clone();
    assert_snapshot!(asking.get("/get-session?disableCookieCache=true").await.line(), @"200 null");
    assert_eq!(asking.cookie(NAME), None);
    app.advance(Duration::from_secs(301));
    assert_snapshot!(phone.get("/get-session").await.line(), @"200 null");
    assert_eq!(phone.cookie(NAME), None);
}

#[tokio::test]
async fn changes_are_in_the_cache_at_once() {
    let app = app(json!({
        "cookieCache": { "enabled": true },
        "additionalFields": { "theme": { "type": "string", "required": false } },
    }))
    .await;
    let mut alice = app.sign_up("alice@example.com").await;
    let changed = alice.post("/update-user", json!({ "name": "Alicia" })).await;
    assert_eq!(cache_lines(&changed).len(), 1);
    assert_eq!(name_of(&mut alice).await, "Alicia");
    alice.post("/update-session", json!({ "theme": "dark" })).await.expect_ok();
    let cached = alice.get("/get-session").await;
    assert_eq!(cached.json()["session"]["theme"], "dark");
    assert_eq!(cached.set_cookies(), [""; 0]);

    let out = alice.post("/sign-out", json!({})).await;
    assert_eq!(
        cache_lines(&out),
        ["better-auth.session_data= Max-Age=0; Path=/; HttpOnly; SameSite=Lax"; 2]
    );
    assert_eq!(alice.cookie(NAME), None);
}

#[tokio::test]
async fn a_refresh_makes_a_new_cache() {
    let app = with_cache(json!({ "maxAge": 10 * 86_400 })).await;
    let mut alice = app.sign_up("alice@example.com").await;
    // A cache that is believed puts a refresh off, but never past the session's own end.
    app.advance(Duration::from_secs(2 * 86_400));
    assert_eq!(alice.get("/get-session").await.set_cookies(), [""; 0]);
    let refreshed = alice.get("/get-session?disableCookieCache=1").await;
    assert_eq!(refreshed.set_cookies().len(), 2);
    app.advance(Duration::from_secs(7 * 86_400 + 1));
    assert_snapshot!(alice.get("/get-session").await.line(), @"200 null");
}

#[tokio::test]
async fn a_deferred_refresh_is_not_asked_for_by_a_cache() {
    let app = app(json!({ "deferSessionRefresh": true, "cookieCache": { "enabled": true } })).await;
    let mut alice = app.sign_up("alice@example.com").await;
    assert_eq!(alice.get("/get-session").await.json().get("needsRefresh"), None);
    app.advance(Duration::from_secs(2 * 86_400));
    let due = alice.get("/get-session").await;
    assert_eq!(due.json()["needsRefresh"], true);
    assert_eq!(cache_lines(&due).len(), 2);
    assert_eq!(alice.get("/get-session").await.json().get("needsRefresh"), None);
}

#[tokio::test]
async fn another_version_ends_every_cache() {
    let version = Arc::new(std::sync::Mutex::new("1".to_owned()));
    let current = version.clone();
    let app = TestAuth::builder()
        .options(move |options: &mut Options| {
            let cache = &mut options.session.cookie_cache;
            cache.enabled = true;
            cache.version = Some(CookieCacheVersion::Function(Callback::new(
                move |(session, user): (Session, User)| {
                    assert_eq!(session.user_id, user.id);
                    let version = current.lock().unwrap().clone();
                    async move {
                        match version.as_str() {
                            "" => Err(Error::internal("ask for the version")),
                            _ => Ok(version),
                        }
                    }
                },
            )));
        })
        .start()
        .await;
    let mut alice = app.sign_up("alice@example.com").await;
    rename_behind(&app, "alice@example.com", "Alicia").await;
    assert_eq!(name_of(&mut alice).await, "Test");
    *version.lock().unwrap() = "2".to_owned();
    assert_eq!(name_of(&mut alice).await, "Alicia");
    rename_behind(&app, "alice@example.com", "Alice").await;
    assert_eq!(name_of(&mut alice).await, "Alicia");
    // Where nobody knows the version there is no cache, and everybody is served.
    version.lock().unwrap().clear();
    assert_eq!(name_of(&mut alice).await, "Alice");
    assert_eq!(alice.cookie(NAME), None);
    assert_eq!(name_of(&mut alice).await, "Alice");
}

#[tokio::test]
async fn a_version_may_be_a_text() {
    let database = database();
    let start = |version: &str| {
        TestAuth::builder()
            .json(json!({
                "emailAndPassword": { "enabled": true },
                "session": { "cookieCache": { "enabled": true, "version": version } },
            }))
            .store(database.clone())
            .start()
    };
    let alice = start("one").await.sign_up("alice@example.com").await;
    for (version, lines) in [("one", 0), ("two", 2)] {
        let answer = visit(&start(version).await, &alice).get("/get-session").await;
        assert_eq!(answer.json()["user"]["email"], "alice@example.com");
        assert_eq!(cache_lines(&answer).len(), lines, "{version}");
    }
}

#[tokio::test]
async fn a_long_session_is_split_and_a_shorter_one_takes_the_rest_back() {
    let app = with_cache(json!({})).await;
    let mut alice = app.sign_up("alice@example.com").await;
    let long = alice.post("/update-user", json!({ "image": "x".repeat(6000) })).await;
    let set = "… Max-Age=300; Path=/; HttpOnly; SameSite=Lax";
    let gone = " Max-Age=0; Path=/; HttpOnly; SameSite=Lax";
    let line = |name: &str, rest: &str| format!("{NAME}{name}={rest}");
    let expected = [line("", gone), line(".0", set), line(".1", set), line(".2", set)];
    assert_eq!(cache_lines(&long), expected);
    let cached = alice.get("/get-session").await;
    assert_eq!(cached.json()["user"]["image"].as_str().unwrap().len(), 6000);
    assert_eq!(cached.set_cookies(), [""; 0]);

    // A chunk that is lost is a cache that is lost.
    let mut torn = alice.clone().with_cookie(&format!("{NAME}.1"), "x");
    assert_eq!(torn.get("/get-session").await.json()["user"]["name"], "Test");

    let short = alice.post("/update-user", json!({ "image": null })).await;
    let expected = [line(".0", gone), line(".1", gone), line(".2", gone), line("", set)];
    assert_eq!(cache_lines(&short), expected);
    assert_eq!(alice.cookie(&format!("{NAME}.0")), None);

    // What no browser would keep is not sent, and nothing fails for it.
    let image = "x".repeat(400_000);
    let endless = alice.post("/update-user", json!({ "image": image })).await;
    assert_eq!(cache_lines(endless.expect_ok()), [line("", gone)]);
    assert_eq!(alice.get("/get-session").await.json()["user"]["image"], image);
}

#[tokio::test]
async fn what_is_left_over_of_a_cache_is_taken_back() {
    let app = TestAuth::new().await;
    let alice = app.sign_up("alice@example.com").await;
    let mut alice = alice.with_cookie(NAME, "x").with_cookie(&format!("{NAME}.0"), "x");
    let gone = "Max-Age=0; Path=/; HttpOnly; SameSite=Lax";
    assert_eq!(
        cache_lines(&alice.get("/get-session").await),
        [format!("{NAME}= {gone}"), format!("{NAME}.0= {gone}")]
    );
}

#[tokio::test]
async fn an_encrypted_cache_outlives_the_rotation_of_the_secret() {
    const OLD: &str = "an-old-secret-of-more-than-32-characters";
    const NEW: &str = "a-new-secret-of-more-than-32-characters!";
    let database = database();
    let start = |secrets: &[(u64, &str)]| {
        let secrets: Vec<_> = secrets
            .iter()
            .map(|&(version, value)| VersionedSecret { version, value: Secret::new(value) })
            .collect();
        TestAuth::builder()
            .json(json!({
                "emailAndPassword": { "enabled": true },
                "session": { "cookieCache": { "enabled": true, "strategy": "jwe" } },
            }))
            .options(move |options| options.secrets = Some(secrets))
            .store(database.clone())
            .start()
    };
    let old = start(&[(1, OLD)]).await;
    let alice = old.sign_up("alice@example.com").await;
    let token = alice.clone().get("/get-session").await.json()["session"]["token"].clone();
    let rotated = start(&[(2, NEW), (1, OLD)]).await;
    // The session's own cookie is signed, and signatures end with the secret: sign it anew.
    let signed = SigningKey::new(NEW).sign(token.as_str().unwrap());
    let signed = vestibule_tokens::encoding::encode_uri_component(&signed).into_owned();
    let mut alice = visit(&rotated, &alice).with_cookie("better-auth.session_token", &signed);
    rename_behind(&old, "alice@example.com", "Alicia").await;
    assert_eq!(name_of(&mut alice).await, "Test");
    let new_alone = start(&[(2, NEW)]).await;
    assert_eq!(name_of(&mut visit(&new_alone, &alice)).await, "Alicia");
}

#[tokio::test]
async fn whoever_has_a_cache_needs_no_database() {
    let schema = Auth::builder(Options::default()).plugin(vestibule_api::Core).schema().unwrap();
    for strategy in ["compact", "jwt", "jwe"] {
        let store = Arc::new(FaultyStore::new(&schema));
        let app = TestAuth::builder()
            .json(json!({
                "emailAndPassword": { "enabled": true },
                "session": { "cookieCache": { "enabled": true, "strategy": strategy } },
            }))
            .store(store.clone())
            .start()
            .await;
        let mut alice = app.sign_up("alice@example.com").await;
        store.go_away();
        assert_eq!(name_of(&mut alice).await, "Test");
        // Without a cache nobody knows who they are, which is not the same as nobody.
        let mut torn = alice.clone().with_cookie(NAME, "x");
        for (path, actor) in [
            ("/get-session", &torn),
            ("/get-session?disableCookieCache=1", &alice),
            ("/list-sessions?disableCookieCache=1", &alice),
        ] {
            let mut actor = actor.clone();
            let answer = actor.get(path).await;
            assert_eq!(answer.json()["code"], "SERVICE_UNAVAILABLE", "{path}");
            assert!(actor.cookie("better-auth.session_token").is_some(), "{path}");
        }
        store.come_back();
        assert_eq!(name_of(&mut torn).await, "Test");
    }
}

#[tokio::test]
async fn routes_of_ones_own_read_the_cache_too() {
    let app = with_cache(json!({})).await;
    let alice = app.sign_up("alice@example.com").await;
    rename_behind(&app, "alice@example.com", "Alicia").await;
    let mut headers = http::HeaderMap::new();
    let cookies = ["better-auth.session_token", NAME];
    let cookies = cookies.map(|name| format!("{name}={}", alice.cookie(name).unwrap()));
    headers.insert(http::header::COOKIE, cookies.join("; ").parse().unwrap());
    assert_eq!(app.auth.session(&headers).await.unwrap().unwrap().user.name, "Test");
}

/// Signs caches with a key that is not the secret.
struct Keys {
    key: SigningKey,
}

impl Plugin for Keys {
    fn id(&self) -> &'static str {
        "keys"
    }

    fn contribute(self: Arc<Self>) -> Contribution {
        Contribution { key_set: Some(self), ..Contribution::default() }
    }
}

#[async_trait]
impl KeySet for Keys {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDsa
    }

    async fn sign(
        &self,
        call: &mut Exchange,
        _: Algorithm,
        token_type: Option<&'static str>,
        claims: Map<String, Json>,
    ) -> Result<String> {
        assert_eq!(token_type, Some(key_set::TYPE));
        assert_eq!(claims["iss"], "http://localhost:3000");
        assert_eq!(claims["exp"], call.now().as_seconds() + 300);
        Ok(vestibule_tokens::jwt::sign(&self.key, claims, call.now().as_seconds(), 300))
    }

    async fn verify(
        &self,
        call: &mut Exchange,
        token: &str,
        expected: Expected<'_>,
    ) -> Result<Option<Map<String, Json>>> {
        assert_eq!(expected.token_type, Some(key_set::TYPE));
        assert_eq!(expected.issuer, Some("http://localhost:3000"));
        assert_eq!(expected.audience, Some(key_set::AUDIENCE));
        Ok(vestibule_tokens::jwt::verify(&self.key, token, call.now().as_seconds()).ok())
    }

    fn signs_session_cache(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_key_set_may_sign_the_cache() {
    let start = |strategy: &str| {
        let cache = json!({ "enabled": true, "strategy": strategy });
        TestAuth::builder()
            .json(json!({
                "emailAndPassword": { "enabled": true }, "session": { "cookieCache": cache },
            }))
            .configure(|builder| builder.plugin(Keys { key: SigningKey::new("a key") }))
            .start()
    };
    let app = start("jwt").await;
    let mut alice = app.sign_up("alice@example.com").await;
    rename_behind(&app, "alice@example.com", "Alicia").await;
    assert_eq!(name_of(&mut alice).await, "Test");
    app.advance(Duration::from_secs(301));
    assert_eq!(name_of(&mut alice).await, "Alicia");
    let refused = Auth::builder(Options::default())
        .plugin(Keys { key: SigningKey::new("a key") })
        .store(database())
        .build();
    assert_snapshot!(refused.unwrap_err(), @r#"`session.cookieCache.strategy`: expected "jwt", because a plugin's keys are to sign the cache"#);
    // A cache that the secret signed is not taken for one.
    let plain = with_cache(json!({ "strategy": "jwt" })).await;
    let forged = plain.sign_up("alice@example.com").await;
    let mut alice = alice.with_cookie(NAME, forged.cookie(NAME).unwrap());
    assert_eq!(name_of(&mut alice).await, "Alicia");
}
