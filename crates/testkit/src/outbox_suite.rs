//! What the outbox promises, as one list of cases for all stores.
//!
//! A backend is the one of the [`store_suite`](crate::store_suite); each case has a server on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value as Json, json};
use vestibule_core::Timestamp;
use vestibule_core::call::Exchange;
use vestibule_core::callback::Callback;
use vestibule_core::hook::{DatabaseHook, Verdict};
use vestibule_core::models::{Account, Session, User};
use vestibule_core::options::{GenerateId, NamedIds, Options, VerifyPassword};
use vestibule_core::outbox::delivery::{Claim, Next, Retry, Subscriber};
use vestibule_core::outbox::{Event, EventType, Letters, Outbox, Page, Read};
use vestibule_core::prelude::*;
use vestibule_core::schema::IdPolicy;
use vestibule_core::service_key::Service;
use vestibule_core::store::{Filter, Find, Row};

use crate::store_suite::Backend;
use crate::{Actor, PASSWORD, TestAuth};

/// Makes the suite's tests for a [`Backend`], in the module where it stands.
#[macro_export]
macro_rules! outbox_suite {
    ($backend:ty) => {
        $crate::outbox_suite!($backend, Random: [
            a_sign_up_tells_user_account_and_session,
            every_change_has_its_event,
            a_refused_change_has_no_event,
            a_rolled_back_sign_up_leaves_no_event,
            a_hundred_parallel_sign_ups_make_a_hundred_user_created,
            nothing_secret_is_told,
            an_address_is_proven_once,
            a_deleted_user_takes_everything_along,
            expiry_and_refresh_are_no_events,
            pages_go_on_where_they_ended,
            pages_of_some_types_pass_over_the_others,
            concurrent_numberings_leave_no_gap,
            three_workers_keep_each_users_order,
            a_worker_that_dies_is_replaced,
            a_worker_that_lost_its_lease_stops,
            a_failing_user_holds_up_nobody_else,
            an_event_added_to_a_lane_is_delivered,
            only_wanted_types_are_delivered,
            dead_letters_come_after_the_limit_and_can_be_retried,
            an_endpoint_is_forgotten_as_a_whole,
            only_what_is_delivered_is_cleaned_away,
            who_was_away_too_long_is_told,
            a_copy_made_of_events_is_what_is_there,
            a_replay_tells_of_every_user,
            the_status_counts,
        ]);
        $crate::outbox_suite!($backend, Uuid: [uuids_are_told]);
        $crate::outbox_suite!($backend, Serial: [serial_ids_are_told]);
    };
    ($backend:ty, $policy:ident: [$($case:ident),* $(,)?]) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let policy = ::vestibule_core::schema::IdPolicy::$policy;
            $crate::outbox_suite::run::<$backend, _>(policy, $crate::outbox_suite::$case).await;
        }
    )*};
}

/// Runs one case; what the macro calls.
pub async fn run<B: Backend, F: Future<Output = ()>>(policy: IdPolicy, case: fn(Bench) -> F) {
    let (app, backend) = open::<B>(policy).await;
    case(Bench { app: Arc::new(app) }).await;
    backend.close().await;
}

/// A server with an outbox, on an empty database.
pub async fn open<B: Backend>(policy: IdPolicy) -> (TestAuth, B) {
    let builder = TestAuth::builder().options(move |options| {
        fast_passwords(options);
        options.advanced.database.generate_id = match policy {
            IdPolicy::Random => GenerateId::Random,
            IdPolicy::Uuid => GenerateId::Named(NamedIds::Uuid),
            IdPolicy::Serial => GenerateId::Named(NamedIds::Serial),
            IdPolicy::Database => GenerateId::Switch(false),
        };
    });
    let service = Service { name: "app".to_owned(), key_versions: vec![1] };
    let builder = builder
        .configure(|builder| builder.outbox(|| {}).services([service]).database_hook(Refusing));
    builder.start_on::<B>().await
}

/// A hundred sign-ups are about the outbox here, not about hashes.
fn fast_passwords(options: &mut Options) {
    let password = &mut options.email_and_password.password;
    password.hash = Some(Callback::new(async |password: String| Ok(format!("hash of {password}"))));
    password.verify = Some(Callback::new(async |given: VerifyPassword| {
        Ok(given.hash == format!("hash of {}", given.password))
    }));
}

/// Lets nobody have an account whose user is called Mallory: so a sign-up fails half-way.
struct Refusing;

#[async_trait::async_trait]
impl DatabaseHook for Refusing {
    fn model(&self) -> &'static str {
        Account::MODEL
    }

    async fn before_create(&self, row: &mut Row, call: &mut Exchange) -> Result<Verdict> {
        let user_id = row.values[Account::USER_ID.position].as_text().unwrap_or_default();
        let user = call.users().find(user_id).await?;
        let is_refused = user.is_some_and(|user| user.name == "Mallory");
        Ok(if is_refused { Verdict::Cancel } else { Verdict::Continue })
    }
}

/// What a case works with.
#[derive(Clone)]
pub struct Bench {
    app: Arc<TestAuth>,
}

const LEASE: Duration = Duration::from_secs(30);

const RETRY: Retry =
    Retry { first: Duration::from_secs(10), longest: Duration::from_secs(60), limit: 3 };

/// What was delivered, in this order.
type Log = Arc<Mutex<Vec<Event>>>;

impl Bench {
    fn outbox(&self) -> Outbox {
        self.app.auth.outbox().expect("an outbox")
    }

    fn exchange(&self) -> Exchange {
        self.app.auth.unrequested().expect("an exchange")
    }

    async fn events(&self) -> Vec<Event> {
        self.page(0, &[], 1_000).await.events
    }

    async fn page(&self, after: i64, kinds: &[EventType], limit: u32) -> Page {
        match self.outbox().page(after, kinds, limit).await.expect("an answer") {
            Read::Page(page) => page,
            other => panic!("no page: {other:?}"),
        }
    }

    /// The types of the events since a place.
    async fn kinds(&self, after: i64) -> Vec<String> {
        let page = self.page(after, &[], 1_000).await;
        page.events.into_iter().map(|event| event.kind).collect()
    }

    async fn last(&self) -> i64 {
        self.page(0, &[], 1_000).await.next
    }

    /// Signs somebody up; the actor and their id.
    async fn user(&self, name: &str) -> (Actor, String) {
        let mut actor = self.app.sign_up(&format!("{name}@example.com")).await;
        let id = actor.get("/get-session").await.json()["user"]["id"].as_str().map(str::to_owned);
        (actor, id.expect("an id"))
    }

    /// Gives a user another name.
    async fn rename(&self, id: &str, name: &str) {
        let changes = vec![User::NAME.set(name)];
        let updated = self.exchange().users().update(id, changes).await.expect("an answer");
        assert!(updated.is_some(), "there is such a user");
    }

    async fn claim(&self, limit: u32) -> Vec<Claim> {
        let outbox = self.outbox();
        outbox.distribute(&everything()).await.expect("work");
        outbox.claim("app", LEASE, limit).await.expect("lanes")
    }

    /// Delivers until nothing is due; the names of users whose events fail are given.
    async fn deliver(&self, subscriber: &Subscriber, log: &Log, failing: &[&str]) {
        let outbox = self.outbox();
        outbox.distribute(subscriber).await.expect("work");
        loop {
            let claims = outbox.claim(&subscriber.name, LEASE, 1).await.expect("lanes");
            let Some(mut claim) = claims.into_iter().next() else { return };
            while let Some(event) = outbox.next_event(&mut claim, subscriber).await.expect("events")
            {
                // Others have their turn while this one is on its way.
                tokio::task::yield_now().await;
                let next = if failing.contains(&claim.user_id()) {
                    outbox.failed(claim, &event, "it said 500", &RETRY).await
                } else {
                    lock(log).push(event.clone());
                    outbox.delivered(claim, &event).await
                };
                match next.expect("an answer") {
                    Next::Held(held) | Next::Dead(held) => claim = held,
                    Next::Paused(_) => break,
                    Next::Lost => panic!("nobody else can have it"),
                }
            }
        }
    }
}

fn everything() -> Subscriber {
    Subscriber { name: "app".to_owned(), kinds: Vec::new() }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The numbers of the events delivered to each user.
fn numbers(log: &Log) -> BTreeMap<String, Vec<i64>> {
    let mut numbers: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for event in &*lock(log) {
        numbers.entry(event.user_id.clone()).or_default().push(event.sequence);
    }
    numbers
}

pub async fn a_sign_up_tells_user_account_and_session(bench: Bench) {
    let (_, id) = bench.user("ada").await;
    let events = bench.events().await;
    let told: Vec<_> = events.iter().map(|event| (event.sequence, &*event.kind)).collect();
    assert_eq!(told, [(1, "user.created"), (2, "account.linked"), (3, "session.created")]);
    assert!(events.iter().all(|event| event.user_id == id && event.id.starts_with("evt_")));
    assert_eq!(events[0].data["user"]["email"], "ada@example.com");
    assert_eq!(events[0].data["user"]["emailVerified"], false);
    assert_eq!(events[1].data["account"]["providerId"], "credential");
    assert_eq!(events[2].data["session"]["userId"], id.as_str());
    let json = serde_json::to_value(&events[0]).expect("JSON");
    let keys: Vec<_> = json.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["id", "type", "sequence", "time", "userId", "data"]);
    assert_eq!(json["sequence"], "1");
}

pub async fn every_change_has_its_event(bench: Bench) {
    let (mut ada, _) = bench.user("ada").await;
    let mut place = bench.last().await;
    let mut told = async |what: &str, expected: &[&str]| {
        assert_eq!(bench.kinds(place).await, expected, "{what}");
        place = bench.last().await;
    };
    ada.post("/update-user", json!({ "name": "Ada L." })).await.expect_ok();
    told("update", &["user.updated"]).await;
    let mut other = bench.app.sign_in("ada@example.com").await;
    told("sign-in", &["session.created"]).await;
    other.post("/sign-out", json!({})).await.expect_ok();
    told("sign-out", &["session.revoked"]).await;
    let _third = bench.app.sign_in("ada@example.com").await;
    let _fourth = bench.app.sign_in("ada@example.com").await;
    told("two sign-ins", &["session.created", "session.created"]).await;
    ada.post("/revoke-other-sessions", json!({})).await.expect_ok();
    told("revoke others", &["session.revoked", "session.revoked"]).await;
    let change = json!({
        "currentPassword": PASSWORD, "newPassword": "another one", "revokeOtherSessions": true
    });
    ada.post("/change-password", change).await.expect_ok();
    told("change of password", &["session.revoked", "session.created"]).await;
    ada.post("/revoke-sessions", json!({})).await.expect_ok();
    told("revoke all", &["session.revoked"]).await;
}

pub async fn a_refused_change_has_no_event(bench: Bench) {
    let (mut ada, _) = bench.user("ada").await;
    let place = bench.last().await;
    let again = json!({ "name": "A", "email": "ada@example.com", "password": PASSWORD });
    assert_eq!(bench.app.anyone().post("/sign-up/email", again).await.status, 422);
    assert_eq!(ada.post("/update-user", json!({ "email": "b@example.com" })).await.status, 400);
    let unknown = bench.exchange().users().update("nobody", vec![User::NAME.set("N")]).await;
    assert!(unknown.expect("an answer").is_none());
    let taken = bench.user("bob").await.1;
    let conflict = vec![User::EMAIL.set("ada@example.com")];
    assert!(bench.exchange().users().update(&taken, conflict).await.is_err());
    let told = ["user.created", "account.linked", "session.created"];
    assert_eq!(bench.kinds(place).await, told, "Bob's alone");
}

pub async fn a_rolled_back_sign_up_leaves_no_event(bench: Bench) {
    let body = json!({ "name": "Mallory", "email": "m@example.com", "password": PASSWORD });
    assert_eq!(bench.app.anyone().post("/sign-up/email", body).await.status, 400);
    assert_eq!(bench.events().await, []);
    let (_, id) = bench.user("ada").await;
    let place = bench.last().await;
    let mut exchange = bench.exchange();
    exchange.begin().await.expect("a transaction");
    exchange.users().update(&id, vec![User::NAME.set("B")]).await.expect("an update");
    exchange.roll_back().await.expect("a rollback");
    assert_eq!(bench.kinds(place).await, Vec::<String>::new());
}

pub async fn a_hundred_parallel_sign_ups_make_a_hundred_user_created(bench: Bench) {
    let mut tasks = Vec::new();
    for index in 0..100 {
        let bench = bench.clone();
        tasks.push(tokio::spawn(async move {
            bench.app.sign_up(&format!("user-{index}@example.com")).await;
        }));
    }
    for task in tasks {
        task.await.expect("a sign-up");
    }
    let events = bench.page(0, &[EventType::UserCreated], 1_000).await.events;
    let emails: BTreeSet<_> =
        events.iter().map(|event| event.data["user"]["email"].to_string()).collect();
    assert_eq!((events.len(), emails.len()), (100, 100));
    assert_eq!(bench.events().await.len(), 300);
}

pub async fn nothing_secret_is_told(bench: Bench) {
    let (ada, id) = bench.user("ada").await;
    let mut exchange = bench.exchange();
    let mut row = exchange.new_row(Account::MODEL);
    for (column, value) in [
        (Account::ACCOUNT_ID.position, "1"),
        (Account::PROVIDER_ID.position, "github"),
        (Account::USER_ID.position, &id),
        (Account::ACCESS_TOKEN.position, "secret-access"),
        (Account::REFRESH_TOKEN.position, "secret-refresh"),
        (Account::ID_TOKEN.position, "secret-id"),
    ] {
        row.values[column] = value.into();
    }
    exchange.create(row).await.expect("an account");
    exchange.delete(User::MODEL, User::ID.eq(id)).await.expect("a deletion");
    let told = serde_json::to_string(&bench.events().await).expect("JSON");
    let cookie = ada.cookie("better-auth.session_token").expect("a cookie");
    let token = cookie.split('.').next().expect("a token");
    for secret in [token, "hash of", "secret-access", "secret-refresh", "secret-id", "token"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

pub async fn an_address_is_proven_once(bench: Bench) {
    let (_, id) = bench.user("ada").await;
    let place = bench.last().await;
    let prove = async |bench: Bench, id: String| {
        let changes = vec![User::EMAIL_VERIFIED.set(true)];
        bench.exchange().users().update(&id, changes).await.expect("an update");
    };
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(prove(bench.clone(), id.clone()))).collect();
    for task in tasks {
        task.await.expect("an update");
    }
    let kinds = bench.kinds(place).await;
    assert_eq!(kinds[..2], ["user.updated", "user.email_verified"]);
    assert_eq!(kinds[2..], ["user.updated"; 7]);
    let events = bench.page(place, &[EventType::UserEmailVerified], 10).await.events;
    assert_eq!(events[0].data["user"]["emailVerified"], true);
}

pub async fn a_deleted_user_takes_everything_along(bench: Bench) {
    let (_, id) = bench.user("ada").await;
    let _second = bench.app.sign_in("ada@example.com").await;
    let place = bench.last().await;
    let deleted = bench.exchange().delete(User::MODEL, User::ID.eq(id.clone())).await;
    assert_eq!(deleted.expect("an answer"), 1);
    let told = ["session.revoked", "session.revoked", "account.unlinked", "user.deleted"];
    assert_eq!(bench.kinds(place).await, told);
    let last = bench.events().await.pop().expect("an event");
    assert_eq!((&*last.user_id, &last.data["user"]["email"]), (&*id, &json!("ada@example.com")));
}

pub async fn expiry_and_refresh_are_no_events(bench: Bench) {
    let (mut ada, _) = bench.user("ada").await;
    let place = bench.last().await;
    bench.app.advance(Duration::from_secs(2 * 24 * 60 * 60));
    ada.get("/get-session").await.expect_ok();
    bench.app.advance(Duration::from_secs(30 * 24 * 60 * 60));
    assert_eq!(ada.get("/get-session").await.line(), "200 null");
    let sessions = bench.exchange();
    let left = sessions.table::<Session>().find_many(Filter::EVERYTHING, 10).await;
    assert_eq!(left.expect("an answer").len(), 0, "it is cleared away");
    assert_eq!(bench.kinds(place).await, Vec::<String>::new());
}

pub async fn pages_go_on_where_they_ended(bench: Bench) {
    assert_eq!(bench.page(0, &[], 10).await, Page { events: Vec::new(), next: 0 });
    for name in ["ada", "bob", "eve"] {
        bench.user(name).await;
    }
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let page = bench.page(after, &[], 2).await;
        after = page.next;
        if page.events.is_empty() {
            break;
        }
        seen.extend(page.events.into_iter().map(|event| event.sequence));
    }
    assert_eq!((seen, after), ((1..=9).collect(), 9));
    assert_eq!(bench.outbox().page(10, &[], 2).await.expect("an answer"), Read::NotYet);
}

pub async fn pages_of_some_types_pass_over_the_others(bench: Bench) {
    for name in ["ada", "bob"] {
        bench.user(name).await;
    }
    let page = bench.page(0, &[EventType::UserCreated], 1).await;
    assert_eq!((page.events.len(), page.next), (1, 1));
    let page = bench.page(page.next, &[EventType::UserCreated], 2).await;
    assert_eq!((page.events.len(), page.events[0].sequence, page.next), (1, 4, 6));
    let page = bench.page(0, &[EventType::UserDeleted], 2).await;
    assert_eq!((page.events.len(), page.next), (0, 6));
}

pub async fn concurrent_numberings_leave_no_gap(bench: Bench) {
    let mut tasks = Vec::new();
    for index in 0..40 {
        let bench = bench.clone();
        tasks.push(tokio::spawn(async move {
            bench.app.sign_up(&format!("user-{index}@example.com")).await;
            bench.outbox().number().await.expect("numbers");
        }));
    }
    for task in tasks {
        task.await.expect("a sign-up");
    }
    let numbers: Vec<_> = bench.events().await.iter().map(|event| event.sequence).collect();
    assert_eq!(numbers, (1..=120).collect::<Vec<_>>());
}

pub async fn three_workers_keep_each_users_order(bench: Bench) {
    let mut ids = Vec::new();
    for name in ["ada", "bob", "eve", "joe"] {
        ids.push(bench.user(name).await.1);
    }
    let log = Log::default();
    let mut writers = Vec::new();
    for id in ids.clone() {
        let bench = bench.clone();
        writers.push(tokio::spawn(async move {
            for count in 0..10 {
                bench.rename(&id, &format!("name {count}")).await;
            }
        }));
    }
    let is_written = Arc::new(AtomicBool::new(false));
    let mut workers = Vec::new();
    for _ in 0..3 {
        let (bench, log, is_written) = (bench.clone(), log.clone(), is_written.clone());
        workers.push(tokio::spawn(async move {
            loop {
                let is_last_round = is_written.load(Ordering::SeqCst);
                bench.deliver(&everything(), &log, &[]).await;
                if is_last_round {
                    return;
                }
                tokio::task::yield_now().await;
            }
        }));
    }
    for writer in writers {
        writer.await.expect("updates");
    }
    is_written.store(true, Ordering::SeqCst);
    for worker in workers {
        worker.await.expect("deliveries");
    }
    let delivered = numbers(&log);
    assert_eq!(delivered.len(), 4);
    for (user, numbers) in delivered {
        assert!(numbers.is_sorted(), "{user}: {numbers:?}");
        assert_eq!(numbers.len(), 13, "{user}: {numbers:?}");
    }
    for id in ids {
        let names: Vec<_> = lock(&log)
            .iter()
            .filter(|event| event.user_id == id && event.kind == "user.updated")
            .map(|event| event.data["user"]["name"].to_string())
            .collect();
        let expected: Vec<_> = (0..10).map(|count| format!("\"name {count}\"")).collect();
        assert_eq!(names, expected);
    }
}

pub async fn a_worker_that_dies_is_replaced(bench: Bench) {
    bench.user("ada").await;
    let mut claims = bench.claim(10).await;
    let mut claim = claims.pop().expect("a lane");
    let event = bench.outbox().next_event(&mut claim, &everything()).await.expect("an answer");
    let event = event.expect("an event");
    // It delivers the first event, and is killed before it says so.
    drop(claim);
    let log = Log::default();
    bench.deliver(&everything(), &log, &[]).await;
    assert_eq!(lock(&log).len(), 0, "the lease holds");
    bench.app.advance(LEASE);
    bench.deliver(&everything(), &log, &[]).await;
    assert_eq!(lock(&log).len(), 3);
    assert_eq!(lock(&log)[0], event, "delivered once more, under the same id");
}

pub async fn a_worker_that_lost_its_lease_stops(bench: Bench) {
    bench.user("ada").await;
    let outbox = bench.outbox();
    let mut slow = bench.claim(10).await.pop().expect("a lane");
    let event = outbox.next_event(&mut slow, &everything()).await.expect("an answer");
    let event = event.expect("an event");
    bench.app.advance(LEASE);
    let other = bench.claim(10).await.pop().expect("the lane once more");
    let said = outbox.delivered(slow.clone(), &event).await.expect("an answer");
    assert!(matches!(said, Next::Lost), "{said:?}");
    let said = outbox.failed(slow.clone(), &event, "500", &RETRY).await.expect("an answer");
    assert!(matches!(said, Next::Lost), "{said:?}");
    let last = Retry { limit: 1, ..RETRY };
    let said = outbox.failed(slow.clone(), &event, "500", &last).await.expect("an answer");
    assert!(matches!(said, Next::Lost), "{said:?}");
    assert_eq!(outbox.dead_letters(&Letters::All, 10).await.expect("letters").len(), 0);
    outbox.release(slow).await.expect("an answer");
    assert_eq!(bench.claim(10).await.len(), 0, "it is the other's");
    let said = outbox.delivered(other, &event).await.expect("an answer");
    assert!(matches!(said, Next::Held(_)), "{said:?}");
}

pub async fn a_failing_user_holds_up_nobody_else(bench: Bench) {
    let (_, ada) = bench.user("ada").await;
    bench.user("bob").await;
    let log = Log::default();
    bench.deliver(&everything(), &log, &[&ada]).await;
    let delivered = numbers(&log);
    assert!(!delivered.contains_key(&ada));
    assert_eq!(delivered.into_values().collect::<Vec<_>>(), [[4, 5, 6]]);
    // Its pause is at least half of ten seconds, and at most ten.
    bench.app.advance(Duration::from_secs(4));
    bench.deliver(&everything(), &log, &[]).await;
    assert_eq!(lock(&log).len(), 3);
    bench.app.advance(Duration::from_secs(6));
    bench.deliver(&everything(), &log, &[]).await;
    assert_eq!(numbers(&log)[&ada], [1, 2, 3]);
}

pub async fn an_event_added_to_a_lane_is_delivered(bench: Bench) {
    let (_, ada) = bench.user("ada").await;
    let outbox = bench.outbox();
    let mut claim = bench.claim(10).await.pop().expect("a lane");
    let subscriber = everything();
    for _ in 0..3 {
        let event = outbox.next_event(&mut claim, &subscriber).await.expect("an answer");
        let event = event.expect("an event");
        let Next::Held(held) = outbox.delivered(claim, &event).await.expect("an answer") else {
            panic!("it is ours");
        };
        claim = held;
    }
    // The worker has seen the end, and has not given the lane back yet.
    bench.rename(&ada, "Ada L.").await;
    outbox.distribute(&subscriber).await.expect("work");
    let event = outbox.next_event(&mut claim, &subscriber).await.expect("an answer");
    assert_eq!(event.expect("the added event").kind, "user.updated");
}

pub async fn only_wanted_types_are_delivered(bench: Bench) {
    let (_, ada) = bench.user("ada").await;
    bench.rename(&ada, "Ada L.").await;
    let kinds = vec![EventType::UserUpdated, EventType::UserDeleted];
    let subscriber = Subscriber { name: "some".to_owned(), kinds };
    let log = Log::default();
    bench.deliver(&subscriber, &log, &[]).await;
    assert_eq!(numbers(&log)[&ada], [4]);
    bench.deliver(&everything(), &log, &[]).await;
    assert_eq!(numbers(&log)[&ada], [4, 1, 2, 3, 4], "the other endpoint has its own place");
}

pub async fn dead_letters_come_after_the_limit_and_can_be_retried(bench: Bench) {
    let (_, ada) = bench.user("ada").await;
    let outbox = bench.outbox();
    let log = Log::default();
    for attempt in 1..=3 {
        let letters = outbox.dead_letters(&Letters::All, 10).await.expect("letters");
        assert_eq!(letters.len(), 0, "before attempt {attempt}");
        let mut claim = bench.claim(1).await.pop().expect("a lane");
        let event = outbox.next_event(&mut claim, &everything()).await.expect("an answer");
        let event = event.expect("an event");
        let said = outbox.failed(claim, &event, "it said\n500", &RETRY).await.expect("an answer");
        match attempt {
            3 => assert!(matches!(said, Next::Dead(_)), "{said:?}"),
            _ => assert!(matches!(said, Next::Paused(_)), "{said:?}"),
        }
        bench.app.advance(RETRY.longest);
    }
    bench.deliver(&everything(), &log, &[]).await;
    assert_eq!(numbers(&log)[&ada], [2, 3], "the lane goes on");

    let letter = outbox.dead_letters(&Letters::All, 10).await.expect("letters").remove(0);
    assert_eq!((letter.sequence, letter.attempts, &*letter.error), (1, 3, "it said500"));
    assert_eq!(outbox.claim_dead("app", LEASE, 10).await.expect("none").len(), 0);
    let id = format!("evt_{}", letter.event_id);
    assert_eq!(outbox.retry(&Letters::Events(vec!["evt_x".to_owned()])).await.expect("none"), 0);
    assert_eq!(outbox.retry(&Letters::Events(vec![id.clone()])).await.expect("one"), 1);
    let claim = outbox.claim_dead("app", LEASE, 10).await.expect("one").remove(0);
    assert_eq!(outbox.claim_dead("app", LEASE, 10).await.expect("none").len(), 0);
    assert_eq!((claim.event().id, &*claim.event().kind), (id, "user.created"));
    outbox.still_dead(claim, "it said 500 again").await.expect("an answer");
    assert_eq!(outbox.retry(&Letters::Of("app".to_owned())).await.expect("one"), 1);
    let claim = outbox.claim_dead("app", LEASE, 10).await.expect("one").remove(0);
    outbox.revived(claim).await.expect("an answer");
    assert_eq!(outbox.dead_letters(&Letters::All, 10).await.expect("letters").len(), 0);
}

pub async fn an_endpoint_is_forgotten_as_a_whole(bench: Bench) {
    let (_, ada) = bench.user("ada").await;
    let outbox = bench.outbox();
    let mut claim = bench.claim(1).await.pop().expect("a lane");
    let event = outbox.next_event(&mut claim, &everything()).await.expect("an answer");
    let last = Retry { limit: 1, ..RETRY };
    let event = event.expect("an event");
    outbox.failed(claim, &event, "it said 500", &last).await.expect("an answer");
    let other = Subscriber { name: "other".to_owned(), kinds: Vec::new() };
    outbox.distribute(&other).await.expect("work");
    outbox.forget_endpoint("app").await.expect("an answer");
    let status = outbox.status().await.expect("a status");
    let left: Vec<_> = status.endpoints.iter().map(|it| (&*it.name, it.users)).collect();
    assert_eq!(left, [("other", 1)]);
    assert_eq!(outbox.dead_letters(&Letters::All, 10).await.expect("letters").len(), 0);
    let log = Log::default();
    bench.deliver(&everything(), &log, &[]).await;
    assert_eq!(numbers(&log)[&ada], [1, 2, 3], "told from the beginning");
}

pub async fn only_what_is_delivered_is_cleaned_away(bench: Bench) {
    bench.user("ada").await;
    let (_, bob) = bench.user("bob").await;
    let outbox = bench.outbox();
    let endpoints = ["app".to_owned()];
    let now = async || bench.exchange().now() + Duration::from_secs(1);
    assert_eq!(outbox.clean(now().await, &endpoints).await.expect("an answer"), 0, "untold");
    let log = Log::default();
    bench.deliver(&everything(), &log, &[&bob]).await;
    assert_eq!(outbox.clean(now().await, &endpoints).await.expect("an answer"), 3, "Ada's");
    bench.app.advance(RETRY.longest);
    bench.deliver(&everything(), &log, &[]).await;
    assert_eq!(numbers(&log)[&bob], [4, 5, 6]);
    assert_eq!(
        outbox.clean(Timestamp::from_millis(0), &endpoints).await.expect("an answer"),
        0,
        "young"
    );
    assert_eq!(outbox.clean(now().await, &endpoints).await.expect("an answer"), 3);
    assert_eq!(bench.events().await, []);
    bench.user("eve").await;
    assert_eq!(bench.events().await[0].sequence, 7, "numbers go on");
}

pub async fn who_was_away_too_long_is_told(bench: Bench) {
    bench.user("ada").await;
    let outbox = bench.outbox();
    let later = bench.exchange().now() + Duration::from_secs(1);
    bench.app.advance(Duration::from_secs(2));
    bench.user("bob").await;
    assert_eq!(outbox.clean(later, &[]).await.expect("an answer"), 3);
    assert_eq!(outbox.page(2, &[], 10).await.expect("an answer"), Read::TooOld);
    assert_eq!(bench.page(3, &[], 10).await.events.len(), 3, "just in time");
    assert_eq!(bench.page(0, &[], 10).await.events.len(), 3, "from what there is");
}

pub async fn a_copy_made_of_events_is_what_is_there(bench: Bench) {
    let mut ids = Vec::new();
    for index in 0..8 {
        ids.push(bench.user(&format!("user-{index}")).await.1);
    }
    let mut tasks = Vec::new();
    for (index, id) in ids.into_iter().enumerate() {
        let bench = bench.clone();
        tasks.push(tokio::spawn(async move {
            for count in 0..index {
                bench.rename(&id, &format!("name {count}")).await;
            }
            if index % 3 == 0 {
                let by_id = User::ID.eq(id);
                bench.exchange().delete(User::MODEL, by_id).await.expect("an answer");
            }
        }));
    }
    for task in tasks {
        task.await.expect("changes");
    }
    // Every event comes twice, the second time after all others.
    let events = bench.events().await;
    let mut copy: BTreeMap<String, (i64, Option<Json>)> = BTreeMap::new();
    for event in events.iter().chain(&events) {
        let Some(user) = event.data.get("user") else { continue };
        let (sequence, kept) = copy.entry(event.user_id.clone()).or_default();
        if *sequence < event.sequence {
            *sequence = event.sequence;
            *kept = (event.kind != "user.deleted").then(|| user.clone());
        }
    }
    let mut copied: Vec<_> = copy.into_values().filter_map(|(_, user)| user).collect();
    copied.sort_by_key(|user| user["id"].to_string());
    assert_eq!(copied.len(), 5);
    assert_eq!(copied, bench.users().await);
}

pub async fn a_replay_tells_of_every_user(bench: Bench) {
    for index in 0..3 {
        bench.user(&format!("user-{index}")).await;
    }
    let before = bench.users().await;
    let place = bench.last().await;
    let mut steps = Vec::new();
    let outbox = bench.outbox();
    let count = outbox.replay(None, |count| steps.push(count)).await.expect("an answer");
    assert_eq!((count, steps), (3, vec![3]));
    let told = bench.page(place, &[], 10).await.events;
    let mut told: Vec<_> = told
        .into_iter()
        .map(|event| {
            assert_eq!(event.kind, "user.updated");
            event.data["user"].clone()
        })
        .collect();
    told.sort_by_key(|user| user["id"].to_string());
    assert_eq!(told, before);
    assert_eq!(bench.users().await, before, "nothing was changed");

    let since = bench.exchange().now() + Duration::from_secs(1);
    bench.app.advance(Duration::from_secs(2));
    assert_eq!(outbox.replay(Some(since), |_| {}).await.expect("an answer"), 0);
    let (_, late) = bench.user("late").await;
    let place = bench.last().await;
    assert_eq!(outbox.replay(Some(since), |_| {}).await.expect("an answer"), 1);
    assert_eq!(bench.page(place, &[], 10).await.events[0].user_id, late);
}

pub async fn the_status_counts(bench: Bench) {
    let (_, ada) = bench.user("ada").await;
    bench.user("bob").await;
    let log = Log::default();
    bench.deliver(&everything(), &log, &[&ada]).await;
    let status = bench.outbox().status().await.expect("a status");
    assert_eq!((status.events, status.last, status.endpoints.len()), (6, 6, 1));
    let app = &status.endpoints[0];
    assert_eq!((&*app.name, app.position, app.users, app.failing), ("app", 6, 1, 1));
    assert_eq!((app.last_error.as_deref(), app.dead_letters), (Some("it said 500"), 0));
    assert_eq!(app.oldest, Some(bench.events().await[0].time));
}

pub async fn uuids_are_told(bench: Bench) {
    ids_are_told(bench).await;
}

pub async fn serial_ids_are_told(bench: Bench) {
    ids_are_told(bench).await;
}

/// Whoever makes ids, events and lanes have theirs.
async fn ids_are_told(bench: Bench) {
    let (_, ada) = bench.user("ada").await;
    let events = bench.events().await;
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| event.user_id == ada));
    let log = Log::default();
    bench.deliver(&everything(), &log, &[]).await;
    assert_eq!(numbers(&log)[&ada], [1, 2, 3]);
}

impl Bench {
    /// All users as answers show them.
    async fn users(&self) -> Vec<Json> {
        let exchange = self.exchange();
        let find = Find {
            model: exchange.model(User::MODEL).clone(),
            filter: Filter::EVERYTHING,
            order: Vec::new(),
            limit: None,
            offset: 0,
        };
        let rows = exchange.store().find_many(find).await.expect("users");
        let mut users: Vec<_> = rows.iter().map(|row| Json::Object(row.to_output())).collect();
        users.sort_by_key(|user| user["id"].to_string());
        users
    }
}
