//! The outbox where transactions are open at once, which only PostgreSQL lets them be.

use serde_json::Value as Json;
use vestibule_core::call::Exchange;
use vestibule_core::models::User;
use vestibule_core::schema::IdPolicy;
use vestibule_core::services::sessions::Remember;
use vestibule_testkit::store_suite::Backend as _;
use vestibule_testkit::{TestAuth, outbox_suite};

use crate::postgres::{Direct, server};

/// What `/events` answers after a place: types with the name of the user, and the next place.
async fn events(app: &TestAuth, after: &str) -> (Vec<String>, String) {
    let answer = app.service("app").get(&format!("/events?after={after}")).await;
    let answer = answer.expect_ok().json();
    let line = |event: &Json| {
        let name = event["data"]["user"]["name"].as_str().unwrap_or_default();
        format!("{} {name}", event["type"].as_str().expect("a type"))
    };
    let events = answer["events"].as_array().expect("a list").iter().map(line).collect();
    (events, answer["next"].as_str().expect("a place").to_owned())
}

async fn id_of(app: &TestAuth, email: &str) -> String {
    let mut exchange = exchange(app);
    exchange.users().find_by_email(email).await.expect("an answer").expect("a user").id
}

fn exchange(app: &TestAuth) -> Exchange {
    app.auth.unrequested().expect("an exchange")
}

async fn rename(exchange: &mut Exchange, id: &str, name: &str) {
    let changes = vec![User::NAME.set(name)];
    let updated = exchange.users().update(id, changes).await.expect("an answer");
    assert!(updated.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_commit_is_never_skipped() {
    let (app, backend) = outbox_suite::open::<Direct>(IdPolicy::Random).await;
    app.sign_up("ada@example.com").await;
    app.sign_up("bob@example.com").await;
    let (ada, bob) = (id_of(&app, "ada@example.com").await, id_of(&app, "bob@example.com").await);
    let (_, place) = events(&app, "0").await;

    // Ada's event is written first and committed last.
    let (mut first, mut second) = (exchange(&app), exchange(&app));
    first.begin().await.expect("a transaction");
    second.begin().await.expect("a transaction");
    rename(&mut first, &ada, "Ada").await;
    rename(&mut second, &bob, "Bob").await;
    second.commit().await.expect("a commit");
    let (told, place) = events(&app, &place).await;
    assert_eq!(told, ["user.updated Bob"]);
    assert_eq!(events(&app, &place).await, (Vec::new(), place.clone()), "nothing new yet");
    first.commit().await.expect("a commit");
    let (told, place) = events(&app, &place).await;
    assert_eq!(told, ["user.updated Ada"]);

    // One that is rolled back leaves neither an event nor a hole that readers would wait at.
    let (mut first, mut second) = (exchange(&app), exchange(&app));
    first.begin().await.expect("a transaction");
    second.begin().await.expect("a transaction");
    rename(&mut first, &ada, "Nobody").await;
    rename(&mut second, &bob, "Bob the second").await;
    second.commit().await.expect("a commit");
    first.roll_back().await.expect("a rollback");
    let (told, end) = events(&app, &place).await;
    assert_eq!(told, ["user.updated Bob the second"]);
    let numbers = [&place, &end].map(|place| place.parse::<i64>().expect("a number"));
    assert_eq!(numbers[0] + 1, numbers[1]);
    backend.close().await;
}

/// By the ids of the transactions this would be told the wrong way round, and a copy would keep a
/// session that was revoked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_saw_an_event_comes_after_it() {
    let (app, backend) = outbox_suite::open::<Direct>(IdPolicy::Random).await;
    app.sign_up("ada@example.com").await;
    app.sign_up("bob@example.com").await;
    let (ada, bob) = (id_of(&app, "ada@example.com").await, id_of(&app, "bob@example.com").await);
    let (_, place) = events(&app, "0").await;

    // This transaction writes first, so its id is the lower one.
    let mut revoking = exchange(&app);
    revoking.begin().await.expect("a transaction");
    rename(&mut revoking, &bob, "Bob").await;
    let mut signing_in = exchange(&app);
    let user = signing_in.users().find(&ada).await.expect("an answer").expect("a user");
    let session = signing_in.sessions().create(&user, Remember::Yes).await;
    assert!(session.expect("an answer").is_some());
    revoking.sessions().revoke_all(&ada).await.expect("an answer");
    revoking.commit().await.expect("a commit");
    let (told, _) = events(&app, &place).await;
    let told: Vec<_> = told.iter().map(|line| line.trim()).collect();
    let order = ["user.updated Bob", "session.created", "session.revoked", "session.revoked"];
    assert_eq!(told, order);
    backend.close().await;
}

/// A dump that runs for an hour, or a forgotten session of psql, must not stop events.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_transaction_of_somebody_else_stops_nothing() {
    let (app, backend) = outbox_suite::open::<Direct>(IdPolicy::Random).await;
    let (stranger, connection) =
        tokio_postgres::connect(&server(), tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(connection);
    stranger.batch_execute("begin; select pg_current_xact_id()").await.expect("a transaction");
    app.sign_up("ada@example.com").await;
    assert_eq!(events(&app, "0").await.0.len(), 3);
    stranger.batch_execute("rollback").await.expect("a rollback");
    backend.close().await;
}
