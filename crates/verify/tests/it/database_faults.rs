//! A database that goes away and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use vestibule_verify::{Database, SharedDatabase};

use super::world::{Backend, SECRET, World, check, refusal, session_cookie};

/// A way to PostgreSQL that can be cut.
struct Way {
    port: u16,
    is_open: Arc<AtomicBool>,
    cut: tokio::sync::mpsc::Sender<()>,
}

impl Way {
    async fn to(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_open = Arc::new(AtomicBool::new(true));
        let (cut, mut cuts) = tokio::sync::mpsc::channel(1);
        let open = is_open.clone();
        tokio::spawn(async move {
            let mut ways = JoinSet::new();
            loop {
                tokio::select! {
                    _ = cuts.recv() => ways.abort_all(),
                    accepted = listener.accept() => {
                        let (mut here, _) = accepted.unwrap();
                        if open.load(Ordering::SeqCst) {
                            let target = target.clone();
                            ways.spawn(async move {
                                let mut there = TcpStream::connect(target).await.unwrap();
                                // Either end may hang up.
                                let _ = copy_bidirectional(&mut here, &mut there).await;
                            });
                        }
                    }
                }
            }
        });
        Self { port, is_open, cut }
    }

    async fn cut(&self) {
        self.cut.send(()).await.unwrap();
    }
}

#[tokio::test]
async fn a_postgres_that_restarts_is_found_again_and_nobody_is_signed_out() {
    let world = World::new(Backend::Postgres).await;
    let alice = world.alice().await;
    let config: tokio_postgres::Config =
        super::world::postgres().parse().expect("the tests' own URL");
    let Some(tokio_postgres::config::Host::Tcp(host)) = config.get_hosts().first() else {
        panic!("the tests' PostgreSQL listens on TCP")
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let way = Way::to(format!("{host}:{port}")).await;
    let url = world.url.replace(&format!("{host}:{port}"), &format!("127.0.0.1:{}", way.port));
    assert_ne!(url, world.url);
    let database = SharedDatabase::new(Database::connect(&url).unwrap(), SECRET);
    let verifier = world.builder().shared_database(database).build().unwrap();
    let headers = session_cookie(&alice.cookie);

    check(&verifier, &headers).await.unwrap();
    // The connection dies while it rests, and is replaced.
    way.cut().await;
    check(&verifier, &headers).await.unwrap();
    way.is_open.store(false, Ordering::SeqCst);
    way.cut().await;
    let refused = refusal(check(&verifier, &headers).await);
    assert!(refused.starts_with("503 AUTH_UNAVAILABLE"), "{refused}");
    way.is_open.store(true, Ordering::SeqCst);
    check(&verifier, &headers).await.unwrap();
}

/// A writer that holds the whole file, as in the journal mode of the TypeScript drivers.
#[tokio::test]
async fn a_locked_sqlite_file_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("theirs.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "create table user (id text primary key);
             create table session (id text primary key, token text, userId text, expiresAt date);
             insert into user values ('u1');
             insert into session values ('s1', 'tok', 'u1', '2030-01-01T00:00:01.000Z');
             begin exclusive;",
        )
        .unwrap();
    let database = Database::connect(&path.display().to_string()).unwrap();
    let world = World::new(Backend::Sqlite).await;
    let verifier = world.builder().shared_database(SharedDatabase::new(database, SECRET));
    let verifier = verifier.build().unwrap();
    let headers = super::world::bearer("tok");
    let waiting = tokio::spawn(async move { check(&verifier, &headers).await });
    // It cannot be done before the writer is.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    connection.execute_batch("commit").unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().user.id, "u1");
}
