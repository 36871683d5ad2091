//! PostgreSQL that goes away: nothing hangs, nothing is told wrong, and it comes back by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use vestibule_core::schema::{IdPolicy, Schema};
use vestibule_core::store::{Filter, Find, Row, Store, StoreError};
use vestibule_core::{Timestamp, Value};
use vestibule_sql::Database;
use vestibule_sql::url::DatabaseUrl;

use crate::postgres::{admin, drop_schema, new_name, server, with};
use crate::schemas;

/// A way to PostgreSQL that can be cut.
struct Proxy {
    port: u16,
    state: watch::Sender<u8>,
    /// Connections that were closed at once.
    turned_away: watch::Sender<u32>,
}

/// Bytes go through.
const OPEN: u8 = 0;
/// Connections stay, bytes do not go through.
const SILENT: u8 = 1;
/// Connections are closed, and new ones at once.
const CLOSED: u8 = 2;

impl Proxy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (state, turned_away) = (watch::Sender::new(OPEN), watch::Sender::new(0));
        let (shared, counter, target) = (state.clone(), turned_away.clone(), target());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *shared.borrow() == CLOSED {
                    counter.send_modify(|count| *count += 1);
                } else {
                    tokio::spawn(forward(client, target.clone(), shared.subscribe()));
                }
            }
        });
        Self { port, state, turned_away }
    }

    fn set(&self, state: u8) {
        self.state.send_replace(state);
    }

    fn url(&self) -> String {
        let server = server();
        let address = target();
        server.replacen(&address, &format!("127.0.0.1:{}", self.port), 1)
    }
}

/// `host:port` of the tests' server.
fn target() -> String {
    let server = server();
    let after = server.split_once("://").expect("a scheme").1;
    let authority = after.split(['/', '?']).next().expect("an authority");
    authority.rsplit('@').next().expect("a host").to_owned()
}

async fn forward(mut client: TcpStream, target: String, mut state: watch::Receiver<u8>) {
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    let (mut from_client, mut from_server) = ([0; 8192], [0; 8192]);
    while *state.borrow_and_update() != CLOSED {
        let pass = tokio::select! {
            read = tokio::io::AsyncReadExt::read(&mut client, &mut from_client) => read.map(|read| (read, true)),
            read = tokio::io::AsyncReadExt::read(&mut server, &mut from_server) => read.map(|read| (read, false)),
            changed = state.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        // Silent, it keeps what it was told.
        if state.wait_for(|&state| state != SILENT).await.is_err() {
            return;
        }
        let written = match pass {
            Ok((0, _)) | Err(_) => return,
            Ok((read, true)) => server.write_all(&from_client[..read]).await,
            Ok((read, false)) => client.write_all(&from_server[..read]).await,
        };
        if written.is_err() {
            return;
        }
    }
}

/// A store in a schema of its own.
struct Bench {
    store: Arc<dyn Store>,
    schema: Schema,
    name: String,
}

impl Bench {
    async fn new(url: &str, parameters: &str) -> Self {
        let (name, schema) = (new_name(), schemas::core(IdPolicy::Random));
        let url = with(url, &format!("schema={name}&application_name={name}&{parameters}"));
        let database = Database::connect(&url, &schema).expect("a database");
        database.migrate().await.expect("a migration");
        Self { store: database.store(), schema, name }
    }

    fn row(&self, id: &str) -> Row {
        let mut row = Row::empty(self.schema.model("verification").expect("a model").clone());
        let now = Value::Time(Timestamp::from_millis(1_700_000_000_000));
        for (field, value) in [("id", id.into()), ("identifier", id.into()), ("value", "x".into())]
        {
            row.set(field, value);
        }
        for field in ["expiresAt", "createdAt", "updatedAt"] {
            row.set(field, now.clone());
        }
        row
    }

    async fn read(&self) -> Result<Vec<Row>, StoreError> {
        let model = self.schema.model("verification").expect("a model").clone();
        let filter = Filter::EVERYTHING;
        self.store
            .find_many(Find { model, filter, order: Vec::new(), limit: None, offset: 0 })
            .await
    }

    /// Ends all connections of this store from the server's side.
    async fn terminate(&self) {
        let sql =
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1";
        let ended = admin().await.query(sql, &[&self.name]).await.expect("rows");
        assert!(!ended.is_empty(), "the store has connections");
    }

    async fn close(self) {
        drop_schema(&self.name).await;
    }
}

fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Unavailable { .. })), "{result:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_ended_cost_nothing() {
    let bench = Bench::new(&server(), "").await;
    for round in 0..10 {
        bench.terminate().await;
        if round % 2 == 0 {
            bench.store.create(bench.row(&format!("w{round}"))).await.expect("a new row");
        } else {
            assert_eq!(bench.read().await.expect("rows").len(), round / 2 + 1);
        }
        bench.terminate().await;
        let transaction = bench.store.begin().await.expect("a transaction");
        transaction.roll_back().await.expect("a roll-back");
    }
    bench.close().await;
}

#[tokio::test]
async fn a_transaction_that_lost_its_connection_is_over() {
    let bench = Bench::new(&server(), "").await;
    let transaction = bench.store.begin().await.expect("a transaction");
    transaction.create(bench.row("a")).await.expect("a new row");
    bench.terminate().await;
    assert_unavailable(transaction.create(bench.row("b")).await);
    assert!(transaction.commit().await.is_err());
    assert_eq!(bench.read().await.expect("rows").len(), 0);
    bench.close().await;
}

#[tokio::test]
async fn a_database_that_is_away_is_unavailable_and_comes_back() {
    let proxy = Proxy::start().await;
    let bench = Bench::new(&proxy.url(), "pool_timeout=1&connect_timeout=1").await;
    proxy.set(CLOSED);
    let start = Instant::now();
    assert_unavailable(bench.read().await);
    assert_unavailable(bench.store.create(bench.row("a")).await);
    assert_unavailable(bench.store.begin().await.map(drop));
    assert_unavailable(bench.store.ping().await);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    proxy.set(OPEN);
    let start = Instant::now();
    bench.store.create(bench.row("a")).await.expect("a new row");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    bench.close().await;
}

#[tokio::test]
async fn a_short_absence_costs_a_retry_and_no_error() {
    let proxy = Proxy::start().await;
    let bench = Bench::new(&proxy.url(), "").await;
    proxy.set(CLOSED);
    let (state, mut turned_away) = (proxy.state.clone(), proxy.turned_away.subscribe());
    tokio::spawn(async move {
        turned_away.wait_for(|&count| count > 0).await.expect("a proxy");
        state.send_replace(OPEN);
    });
    bench.read().await.expect("an answer");
    bench.close().await;
}

#[tokio::test]
async fn a_black_hole_ends_in_bounded_time() {
    let proxy = Proxy::start().await;
    let bench = Bench::new(&proxy.url(), "pool_timeout=1&connect_timeout=1&socket_timeout=1").await;
    proxy.set(SILENT);
    for _ in 0..3 {
        let start = Instant::now();
        assert_unavailable(bench.read().await);
        assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    }
    proxy.set(OPEN);
    bench.read().await.expect("rows");
    bench.close().await;
}

#[tokio::test]
async fn nobody_listens_and_the_store_still_comes_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let url = format!("postgres://nobody:s3cret@127.0.0.1:{port}/none?pool_timeout=1");
    let url = DatabaseUrl::parse(&url).expect("a URL");
    let database = Database::connect(&url, &schemas::core(IdPolicy::Random)).expect("a store");
    let error = database.store().ping().await.expect_err("nobody is there");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[tokio::test]
async fn tls_is_used_where_the_server_has_it() {
    let ssl = admin().await.query_one("show ssl", &[]).await.expect("a setting");
    let has_tls = ssl.get::<_, &str>(0) == "on";
    let schema = schemas::core(IdPolicy::Random);
    let ping = async |mode: &str| {
        let url = with(&server(), &format!("sslmode={mode}&pool_timeout=1"));
        Database::connect(&url, &schema).expect("a store").store().ping().await
    };
    ping("disable").await.expect("an answer");
    ping("prefer").await.expect("an answer");
    assert_eq!(ping("require").await.is_ok(), has_tls);
    // A test server's certificate is of no public authority.
    assert_unavailable(ping("verify-full").await);
}

#[tokio::test]
async fn requests_wait_for_a_connection_in_bounded_time() {
    let bench = Bench::new(&server(), "connection_limit=1&pool_timeout=1").await;
    let transaction = bench.store.begin().await.expect("a transaction");
    assert_unavailable(bench.read().await);
    drop(transaction);
    bench.read().await.expect("rows");
    bench.close().await;
}

#[tokio::test]
async fn clients_that_give_up_on_a_lock_leave_no_connections_behind() {
    let bench = Bench::new(&server(), "connection_limit=2").await;
    let admin = admin().await;
    let lock = format!("begin; lock table \"{}\".\"verification\"", bench.name);
    admin.batch_execute(&lock).await.expect("a lock");
    for _ in 0..8 {
        let given_up = tokio::time::timeout(Duration::from_millis(100), bench.read()).await;
        assert!(given_up.is_err(), "a lock holds until it is given back");
    }
    let count = "select count(*) from pg_stat_activity where application_name = $1";
    let count: i64 = admin.query_one(count, &[&bench.name]).await.expect("a count").get(0);
    assert!(count <= 2, "{count} connections");
    admin.batch_execute("rollback").await.expect("no lock");
    bench.read().await.expect("an answer");
    bench.close().await;
}
