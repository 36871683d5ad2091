//! Rows of the application's own: at first sight, and by events.

use serde_json::{Value, json};
use tokio::task::JoinSet;
use vestibule_tokens::jose::Algorithm;
use vestibule_verify::{
    Applied, Database, Event, EventFeed, FeedError, Jwt, Keys, Mirror, MirrorError, MirrorTable,
};

use super::world::{
    AUDIENCE, Backend, ISSUER, World, admin, bearer, check, jwks, new_key, refusal, session_cookie,
    sign,
};

/// The application's table, beside the auth server's.
struct Notes {
    world: World,
    backend: Backend,
}

impl Notes {
    async fn new(backend: Backend) -> Self {
        Self::beside(World::new(backend).await, backend).await
    }

    async fn beside(world: World, backend: Backend) -> Self {
        let notes = Self { world, backend };
        let time = if backend == Backend::Postgres { "timestamptz" } else { "text" };
        notes
            .run(&format!(
                "create table app_users (
                     auth_user_id text primary key, mail text unique, display_name text, verified boolean,
                     auth_sequence bigint, auth_deleted_at {time})"
            ))
            .await;
        notes
    }

    fn schema(&self) -> Option<&str> {
        self.world.url.split_once("?schema=").map(|(_, schema)| schema)
    }

    async fn run(&self, sql: &str) {
        match self.schema() {
            Some(schema) => {
                let sql = format!("set search_path = {schema}; {sql}");
                admin().await.batch_execute(&sql).await.unwrap();
            }
            None => {
                rusqlite::Connection::open(&self.world.url).unwrap().execute_batch(sql).unwrap();
            }
        }
    }

    /// All rows as JSON text, in the order of their ids.
    async fn rows(&self) -> Vec<Value> {
        let texts: Vec<String> = match self.schema() {
            Some(schema) => {
                let sql = format!(
                    "select json_build_array(auth_user_id, mail, display_name, verified,
                         auth_sequence, auth_deleted_at is not null)::text
                     from {schema}.app_users order by auth_user_id"
                );
                let rows = admin().await.query(&sql, &[]).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
            None => {
                let connection = rusqlite::Connection::open(&self.world.url).unwrap();
                let mut statement = connection
                    .prepare(
                        "select json_array(auth_user_id, mail, display_name,
                             json(iif(verified is null, 'null', iif(verified, 'true', 'false'))),
                             auth_sequence, json(iif(auth_deleted_at is null, 'false', 'true')))
                         from app_users order by auth_user_id",
                    )
                    .unwrap();
                let rows = statement.query_map([], |row| row.get(0)).unwrap();
                rows.collect::<Result<_, _>>().unwrap()
            }
        };
        texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    fn table(&self) -> MirrorTable {
        let table = MirrorTable::named("app_users")
            .id("auth_user_id")
            .column("mail", "email")
            .column("display_name", "name")
            .column("verified", "emailVerified")
            .events("auth_sequence", "auth_deleted_at");
        match self.schema() {
            Some(schema) => table.schema(schema),
            None => table,
        }
    }

    fn mirror(&self) -> Mirror {
        Mirror::new(Database::connect(&self.world.url).unwrap(), self.table())
    }
}

async fn a_hundred_first_requests_make_one_row(backend: Backend) {
    let notes = Notes::new(backend).await;
    let alice = notes.world.alice().await;
    let mut checks = JoinSet::new();
    // As many processes as there are mirrors: none knows what the others have seen.
    for _ in 0..4 {
        let verifier = notes.world.builder().shared_database(notes.world.shared_database());
        let verifier = verifier.mirror(notes.mirror()).build().unwrap();
        for _ in 0..25 {
            let (verifier, headers) = (verifier.clone(), session_cookie(&alice.cookie));
            checks.spawn(async move { check(&verifier, &headers).await.map(drop) });
        }
    }
    while let Some(outcome) = checks.join_next().await {
        outcome.unwrap().unwrap();
    }
    let expected = json!([alice.id(), "alice@example.com", "Test", false, null, false]);
    assert_eq!(notes.rows().await, [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_first_requests_make_one_row_in_postgres() {
    a_hundred_first_requests_make_one_row(Backend::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_first_requests_make_one_row_in_sqlite() {
    a_hundred_first_requests_make_one_row(Backend::Sqlite).await;
}

/// "Auth login worked, backend login failed": a user whom only the auth server knew.
#[tokio::test]
async fn a_row_is_of_an_id_and_never_of_an_address() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let notes = Notes::new(backend).await;
        let alice = notes.world.alice().await;
        // An old row with Alice's address, of somebody whom nobody knows.
        notes
            .run("insert into app_users (auth_user_id, mail) values ('old', 'alice@example.com')")
            .await;
        let verifier = notes.world.builder().shared_database(notes.world.shared_database());
        let verifier = verifier.mirror(notes.mirror()).build().unwrap();
        // She gets neither that row nor a sign-in page; the log says what is in the way.
        let refused = refusal(check(&verifier, &session_cookie(&alice.cookie)).await);
        assert!(refused.starts_with("503 "), "{refused}");
        assert_eq!(notes.rows().await.len(), 1, "{:?}", notes.backend);
    }
}

#[tokio::test]
async fn a_jwt_without_an_address_makes_a_row_without_one() {
    let notes = Notes::new(Backend::Sqlite).await;
    let alice = notes.world.alice().await;
    let key = new_key(Algorithm::EdDsa);
    let jwt = Jwt::new(Keys::of_json(&jwks(&key, "k1")).unwrap(), ISSUER, AUDIENCE);
    let verifier = notes.world.builder().jwt(jwt).mirror(notes.mirror()).build().unwrap();
    check(&verifier, &bearer(&sign(&key, &alice.claims(notes.world.now())))).await.unwrap();
    assert_eq!(notes.rows().await, [json!([alice.id(), null, "Test", false, null, false])]);
}

fn event(kind: &str, sequence: u32, name: &str) -> Event {
    let json = json!({
        "id": format!("evt_{sequence}"), "type": kind, "sequence": sequence.to_string(),
        "time": "2030-01-01T00:00:00.000Z", "userId": "u1",
        "data": { "user": {
            "id": "u1", "name": name, "email": format!("{name}@example.com"), "emailVerified": true,
        } },
    });
    Event::from_json(json.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn events_may_come_twice_and_out_of_order() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let notes = Notes::new(backend).await;
        let mirror = notes.mirror();
        for (event, expected) in [
            (event("user.updated", 2, "ada"), Applied::Changed),
            (event("user.created", 1, "eve"), Applied::Old),
            (event("user.updated", 2, "ada"), Applied::Old),
        ] {
            assert_eq!(mirror.apply(&event).await.unwrap(), expected, "{}", event.sequence);
        }
        let session = Event::from_json(
            json!({
                "id": "evt_3", "type": "session.created", "sequence": "3",
                "time": "2030-01-01T00:00:00.000Z", "userId": "u1", "data": { "session": {} },
            })
            .to_string()
            .as_bytes(),
        );
        assert_eq!(mirror.apply(&session.unwrap()).await.unwrap(), Applied::Ignored);
        assert_eq!(notes.rows().await, [json!(["u1", "ada@example.com", "ada", true, 2, false])]);

        // The deletion comes before an update that was sent earlier.
        let deleted = event("user.deleted", 5, "ada");
        assert_eq!(mirror.apply(&deleted).await.unwrap(), Applied::Changed);
        let late = event("user.updated", 4, "ada");
        assert_eq!(mirror.apply(&late).await.unwrap(), Applied::Old);
        assert_eq!(mirror.apply(&deleted).await.unwrap(), Applied::Old);
        assert_eq!(notes.rows().await, [json!(["u1", null, null, null, 5, true])]);
    }
}

#[tokio::test]
async fn a_deleted_user_is_not_seen_again() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let notes = Notes::new(backend).await;
        let alice = notes.world.alice().await;
        let mirror = notes.mirror();
        let key = new_key(Algorithm::EdDsa);
        let jwt = Jwt::new(Keys::of_json(&jwks(&key, "k1")).unwrap(), ISSUER, AUDIENCE);
        let verifier = notes.world.builder().jwt(jwt).mirror(mirror.clone()).build().unwrap();
        let token = bearer(&sign(&key, &alice.claims(notes.world.now())));
        check(&verifier, &token).await.unwrap();
        let mut deleted = event("user.deleted", 9, "alice");
        deleted.user_id = alice.id().to_owned();
        mirror.apply(&deleted).await.unwrap();
        // The token is good for minutes still.
        let refused = refusal(check(&verifier, &token).await);
        assert!(refused.starts_with("401 SESSION_ENDED"), "{refused}");
    }
}

#[tokio::test]
async fn a_table_without_columns_for_events_takes_none() {
    let notes = Notes::new(Backend::Sqlite).await;
    let table = MirrorTable::named("app_users").id("auth_user_id");
    let mirror = Mirror::new(Database::connect(&notes.world.url).unwrap(), table);
    let outcome = mirror.apply(&event("user.created", 1, "ada")).await;
    assert!(matches!(outcome, Err(MirrorError::NoEventColumns)));
    let alice = notes.world.alice().await;
    let verifier = notes.world.builder().shared_database(notes.world.shared_database());
    let verifier = verifier.mirror(mirror).build().unwrap();
    check(&verifier, &session_cookie(&alice.cookie)).await.unwrap();
    assert_eq!(notes.rows().await.len(), 1);
}

#[tokio::test]
async fn what_is_no_event_is_not_applied() {
    let good = json!({
        "id": "e", "type": "user.created", "sequence": "1", "time": "2030-01-01", "userId": "u1",
    });
    assert!(Event::from_json(good.to_string().as_bytes()).is_ok());
    for (member, value) in [
        ("sequence", json!("x")),
        ("sequence", json!(1)),
        ("time", json!("now")),
        ("userId", json!("")),
        ("userId", Value::Null),
        ("type", Value::Null),
        ("data", json!([])),
    ] {
        let mut event = good.clone();
        event[member] = value;
        assert!(Event::from_json(event.to_string().as_bytes()).is_err(), "{event}");
    }
}

/// The auth server's own outbox, read with a service key.
#[tokio::test]
async fn a_mirror_catches_up_with_the_outbox() {
    let world = World::with_outbox(Backend::Sqlite).await;
    let notes = Notes::beside(world, Backend::Sqlite).await;
    let mut alice = notes.world.alice().await;
    let key = vestibule_tokens::derive::service_key(super::world::SECRET, "notes", 1);
    let feed = EventFeed::new(&notes.world.base_url(), &key).unwrap();
    let mirror = notes.mirror();
    let place = mirror.catch_up(&feed, None).await.unwrap();
    let rows = notes.rows().await;
    assert_eq!(rows[0][1], "alice@example.com");

    alice.actor.post("/update-user", json!({ "name": "Alicia" })).await.expect_ok();
    let place = mirror.catch_up(&feed, place).await.unwrap();
    assert_eq!(notes.rows().await[0][2], "Alicia");
    // To begin again is no harm.
    assert_eq!(mirror.catch_up(&feed, None).await.unwrap(), place);
    assert_eq!(notes.rows().await[0][2], "Alicia");

    let gone = mirror.catch_up(&feed, Some("999999".to_owned())).await;
    assert!(matches!(gone, Err(FeedError::Gone)), "{gone:?}");
    let stranger = EventFeed::new(&notes.world.base_url(), "vsk_notes_1_wrong").unwrap();
    assert!(matches!(stranger.page(None).await, Err(FeedError::Unavailable(_))));
}
