use insta::assert_snapshot;
use vestibule_core::service_key::Service;
use vestibule_testkit::TestAuth;

async fn app() -> TestAuth {
    let service = Service { name: "app".to_owned(), key_versions: vec![1] };
    let builder = TestAuth::builder();
    builder.configure(|builder| builder.outbox(|| {}).services([service])).start().await
}

#[tokio::test]
async fn a_service_reads_what_happened() {
    let app = app().await;
    app.sign_up("ada@example.com").await;
    let answer = app.service("app").get("/events").await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let mut events = answer.json();
    for event in events["events"].as_array_mut().unwrap() {
        for data in event["data"].as_object_mut().unwrap().values_mut() {
            assert!(data["id"].is_string());
            data["id"] = "..".into();
        }
        for key in ["id", "userId"] {
            event[key] = "..".into();
        }
        if let Some(session) = event["data"].get_mut("session") {
            session["userId"] = "..".into();
        }
        if let Some(account) = event["data"].get_mut("account") {
            account["userId"] = "..".into();
            account["accountId"] = "..".into();
        }
    }
    assert_snapshot!(serde_json::to_string_pretty(&events).unwrap());
}

#[tokio::test]
async fn pages_go_on_where_they_ended() {
    let app = app().await;
    app.sign_up("ada@example.com").await;
    let mut service = app.service("app");
    let first = service.get("/events?limit=2").await.json();
    assert_eq!((first["events"].as_array().unwrap().len(), &first["next"]), (2, &"2".into()));
    let second = service.get("/events?limit=2&after=2").await.json();
    assert_eq!(second["events"][0]["type"], "session.created");
    assert_eq!(second["next"], "3");
    assert_snapshot!(service.get("/events?after=3").await.line(), @r#"200 {"events":[],"next":"3"}"#);
    let some = service.get("/events?types=user.created,account.linked").await.json();
    assert_eq!((some["events"].as_array().unwrap().len(), &some["next"]), (2, &"3".into()));
}

#[tokio::test]
async fn who_is_no_service_is_told_what_to_do() {
    let app = app().await;
    let mut ada = app.sign_up("ada@example.com").await;
    assert_snapshot!(ada.get("/events").await.line(), @r#"401 {"message":"Events are for services: send the header `x-vestibule-service-key` with the key that `vestibule secret derive --service NAME` prints for `[services.NAME]`","code":"SERVICE_KEY_REQUIRED"}"#);
    let wrong = app.service("another").get("/events").await;
    assert_eq!(
        (wrong.status.as_u16(), &wrong.json()["code"]),
        (401, &"INVALID_SERVICE_KEY".into())
    );
}

#[tokio::test]
async fn without_an_outbox_it_says_how_to_switch_it_on() {
    let app = TestAuth::new().await;
    assert_snapshot!(app.anyone().get("/events").await.line(), @r#"404 {"message":"There are no events: the outbox is off. `[outbox]` with `enabled = true` in the configuration switches it on, and `vestibule migrate` makes its tables","code":"OUTBOX_OFF"}"#);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let app = app().await;
    let mut service = app.service("app");
    let mut answers = Vec::new();
    for query in [
        "after=x",
        "after=-1",
        "after=99999999999999999999",
        "limit=0",
        "limit=1001",
        "limit=",
        "types=user.made",
        "after=1&after=2",
        "after=1",
    ] {
        let answer = service.get(&format!("/events?{query}")).await;
        answers.push(format!("{query}: {}", answer.line()));
    }
    assert_snapshot!(answers.join("\n"), @r#"
    after=x: 400 {"message":"[query.after] expected the `next` of an answer","code":"VALIDATION_ERROR"}
    after=-1: 400 {"message":"[query.after] expected the `next` of an answer","code":"VALIDATION_ERROR"}
    after=99999999999999999999: 400 {"message":"[query.after] expected the `next` of an answer","code":"VALIDATION_ERROR"}
    limit=0: 400 {"message":"[query.limit] expected a number from 1 to 1000","code":"VALIDATION_ERROR"}
    limit=1001: 400 {"message":"[query.limit] expected a number from 1 to 1000","code":"VALIDATION_ERROR"}
    limit=: 400 {"message":"[query.limit] expected a number from 1 to 1000","code":"VALIDATION_ERROR"}
    types=user.made: 400 {"message":"[query.types] there is no event \"user.made\"; there are user.created, user.updated, user.deleted, user.email_verified, session.created, session.revoked, account.linked, account.unlinked","code":"VALIDATION_ERROR"}
    after=1&after=2: 400 {"message":"[query.after] Invalid input: expected string, received array","code":"VALIDATION_ERROR"}
    after=1: 410 {"message":"No event has come as far as this cursor, so the database is an older copy: begin again without `after`, and run `vestibule outbox replay --all-users` to be told of every user","code":"CURSOR_AHEAD"}
    "#);
}
