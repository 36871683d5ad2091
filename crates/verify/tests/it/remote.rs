//! Asking the auth server: once for many, with the service's name, and what its answers mean.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use http::{HeaderMap, StatusCode};
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task::JoinSet;
use vestibule_verify::{Remote, Verifier};

use super::world::{
    Backend, COOKIE, DATA_COOKIE, World, bearer, check, cookie, refusal, serve, session_cookie,
};

const ALICE: &str = r#"{"session":{"id":"s1","userId":"u1","token":"t","expiresAt":"2031-01-01T00:00:00.000Z"},"user":{"id":"u1","name":"Alice","role":"admin"}}"#;

/// An auth server that answers what it is told to, when it is allowed to.
struct Fake {
    base: String,
    questions: Arc<AtomicUsize>,
    seen: Mutex<mpsc::UnboundedReceiver<(String, HeaderMap)>>,
    gate: Arc<Semaphore>,
}

impl Fake {
    async fn answering(status: u16, body: &'static str) -> Self {
        let questions = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        let (send, seen) = mpsc::unbounded_channel();
        let (counter, gate_of_server) = (questions.clone(), gate.clone());
        let router = Router::new().fallback(move |request: Request| {
            counter.fetch_add(1, Ordering::SeqCst);
            let (parts, _) = request.into_parts();
            send.send((parts.uri.to_string(), parts.headers)).expect("a test that looks");
            let gate = gate_of_server.clone();
            async move {
                drop(gate.acquire().await);
                (StatusCode::from_u16(status).unwrap(), body)
            }
        });
        let base = format!("http://{}/api/auth", serve(router).await);
        Self { base, questions, seen: Mutex::new(seen), gate }
    }

    fn remote(&self) -> Remote {
        Remote::new(&self.base).unwrap()
    }

    async fn next_question(&self) -> (String, HeaderMap) {
        self.seen.lock().await.recv().await.unwrap()
    }

    fn count(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }
}

fn verifier(remote: Remote) -> Verifier {
    Verifier::builder().remote(remote).build().unwrap()
}

#[tokio::test]
async fn a_hundred_requests_of_one_session_are_one_question() {
    let fake = Fake::answering(200, ALICE).await;
    let verifier = verifier(fake.remote());
    fake.gate.forget_permits(Semaphore::MAX_PERMITS);
    let mut checks = JoinSet::new();
    for _ in 0..100 {
        let verifier = verifier.clone();
        checks.spawn(async move { check(&verifier, &session_cookie("t.sig")).await });
    }
    // One of those who wait gives up; the question goes on without it.
    let giving_up = {
        let verifier = verifier.clone();
        tokio::spawn(async move { check(&verifier, &session_cookie("t.sig")).await })
    };
    fake.next_question().await;
    giving_up.abort();
    fake.gate.add_permits(1000);
    while let Some(outcome) = checks.join_next().await {
        assert_eq!(outcome.unwrap().unwrap().user.extra["role"], "admin");
    }
    check(&verifier, &session_cookie("t.sig")).await.unwrap();
    assert_eq!(fake.count(), 1);
    check(&verifier, &session_cookie("another.sig")).await.unwrap();
    assert_eq!(fake.count(), 2);
}

#[tokio::test]
async fn an_answer_is_kept_for_its_time() {
    let fake = Fake::answering(200, ALICE).await;
    let verifier = verifier(fake.remote());
    let headers = bearer("t.sig");
    check(&verifier, &headers).await.unwrap();
    check(&verifier, &headers).await.unwrap();
    assert_eq!(fake.count(), 1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(6)).await;
    tokio::time::resume();
    check(&verifier, &headers).await.unwrap();
    assert_eq!(fake.count(), 2);
}

#[tokio::test]
async fn the_question_carries_the_credential_the_service_and_its_client() {
    let fake = Fake::answering(200, ALICE).await;
    let client =
        |_: &HeaderMap, _: &http::Extensions| Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)));
    let remote = fake.remote().client_address(client).service_key("vsk_notes_1_abc\n").unwrap();
    let headers = cookie(&format!(
        "theme=dark; {COOKIE}=t.a%2Bb%3D; {DATA_COOKIE}=cached; {DATA_COOKIE}.0=part; other=1"
    ));
    check(&verifier(remote), &headers).await.unwrap();
    let (url, asked) = fake.next_question().await;
    assert_eq!(url, "/api/auth/get-session?disableRefresh=true&disableCookieCache=true");
    assert_eq!(asked["cookie"], format!("{COOKIE}=t.a%2Bb%3D"));
    assert_eq!(asked["x-vestibule-service-key"], "vsk_notes_1_abc");
    assert_eq!(asked["x-vestibule-client-address"], "192.0.2.7");
    assert!(!asked.contains_key("authorization"));

    let verifier = verifier(fake.remote().client_address(client).accept_cookie_cache());
    check(&verifier, &headers).await.unwrap();
    let (url, asked) = fake.next_question().await;
    assert_eq!(url, "/api/auth/get-session?disableRefresh=true");
    assert_eq!(
        asked["cookie"],
        format!("{COOKIE}=t.a%2Bb%3D; {DATA_COOKIE}=cached; {DATA_COOKIE}.0=part")
    );
    // Without a key nobody would believe it, and no address is given away.
    assert!(!asked.contains_key("x-vestibule-client-address"));

    check(&verifier, &bearer("t.sig")).await.unwrap();
    let (_, asked) = fake.next_question().await;
    assert_eq!(asked["authorization"], "Bearer t.sig");
    assert!(!asked.contains_key("cookie"));
}

#[tokio::test]
async fn only_null_means_that_nobody_is_signed_in() {
    let fake = Fake::answering(200, "null").await;
    let refused = refusal(check(&verifier(fake.remote()), &session_cookie("t.sig")).await);
    assert!(refused.starts_with("401 SESSION_ENDED"), "{refused}");

    for (status, body) in [
        (200, ""),
        (200, "<html>sign in</html>"),
        (200, "{}"),
        (200, "[]"),
        (200, r#"{"session":null,"user":null}"#),
        (
            200,
            r#"{"session":{"id":"s1","userId":"u1","expiresAt":"2031-01-01T00:00:00Z"},"user":{"id":"u2"}}"#,
        ),
        (302, ""),
        (401, r#"{"code":"INVALID_SERVICE_KEY"}"#),
        (404, ""),
        (429, ""),
        (500, ""),
        (503, ""),
    ] {
        let fake = Fake::answering(status, body).await;
        let verifier = verifier(fake.remote());
        let refused = refusal(check(&verifier, &session_cookie("t.sig")).await);
        assert!(refused.starts_with("503 "), "{status} {body}: {refused}");
        // It is asked again: a failure is not an answer.
        refusal(check(&verifier, &session_cookie("t.sig")).await);
        assert_eq!(fake.count(), 2, "{status} {body}");
    }
}

/// Our own server, with a session that it has, and the names it is configured for.
#[tokio::test]
async fn cookies_under_both_names_find_the_servers_own() {
    let world = World::new(Backend::Sqlite).await;
    let alice = world.alice().await;
    let verifier = world.builder().remote(Remote::new(&world.base_url()).unwrap()).build().unwrap();
    let both = cookie(&format!("__Secure-{COOKIE}=stale.cookie; {COOKIE}={}", alice.cookie));
    assert_eq!(check(&verifier, &both).await.unwrap().user.id, alice.id());
}

#[tokio::test]
async fn a_url_that_cannot_be_asked_is_said_at_the_start() {
    for url in ["", "auth.example.com", "/api/auth", "ftp://auth.example.com", "https://"] {
        assert!(Remote::new(url).is_err(), "{url}");
    }
    assert!(Remote::new("https://auth.example.com").unwrap().service_key("a\nb").is_err());
}
