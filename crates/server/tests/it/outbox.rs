//! Events on their way to endpoints, and the commands that look after them.

use std::io::BufReader;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use insta::assert_snapshot;
use serde_json::json;
use sha2::Sha256;

use crate::server::Place;
use crate::webhooks::{Received, next, receive, receiver, respond};

/// With one endpoint, and keys that come before `[[webhooks.endpoints]]`.
fn telling(url: &str, keys: &str) -> Place {
    Place::with_config(&format!(
        "emailAndPassword.enabled = true\n{keys}\n[[webhooks.endpoints]]\nurl = '{url}'\n"
    ))
}

/// A port on which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/hook", listener.local_addr().unwrap())
}

fn accept(listener: &TcpListener) -> (BufReader<TcpStream>, Received) {
    let mut stream = BufReader::new(listener.accept().unwrap().0);
    stream.get_ref().set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let received = receive(&mut stream);
    (stream, received)
}

#[test]
fn a_sign_up_is_told_in_order_and_signed() {
    let (url, received) = receiver(vec![(200, json!({})), (204, json!({})), (200, json!("ok"))]);
    let place = telling(&url, "");
    let server = place.serve();
    assert_eq!(server.sign_up("ada@example.com").status, 200);
    let secret = place.output(&["secret", "webhook"]);
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    for (sequence, kind) in ["user.created", "account.linked", "session.created"].iter().enumerate()
    {
        let received = next(&received);
        assert_eq!(received.body["type"], *kind);
        assert_eq!(received.body["sequence"], (sequence + 1).to_string());
        let (id, timestamp) = (received.header("webhook-id"), received.header("webhook-timestamp"));
        assert_eq!(received.body["id"], id);
        let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let mac = mac.chain_update(format!("{id}.{timestamp}.")).chain_update(&received.bytes);
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(received.header("webhook-signature"), signature);
    }
}

#[test]
fn a_failing_endpoint_never_fails_a_sign_up() {
    let place = telling(&nobody(), "");
    let server = place.serve();
    for index in 0..5 {
        assert_eq!(server.sign_up(&format!("{index}@example.com")).status, 200);
    }
    server.wait_for_log("An endpoint did not take an event");
    let status = place.output(&["outbox", "status"]);
    assert!(status.contains("users with events on their way"), "{status}");
    assert!(status.starts_with("15 events are kept; the newest has the number 15."), "{status}");
}

#[test]
fn a_failed_delivery_is_repeated_under_the_same_id() {
    let answers = vec![(500, json!({})), (302, json!({})), (200, json!({}))];
    let (url, received) = receiver(answers);
    let server = telling(&url, "").serve();
    server.sign_up("ada@example.com");
    let attempts = [next(&received), next(&received), next(&received)];
    for attempt in &attempts {
        assert_eq!(attempt.body, attempts[0].body);
        assert_eq!(attempt.header("webhook-id"), attempts[0].header("webhook-id"));
    }
}

#[test]
fn dead_letters_are_listed_and_retried() {
    let answers = [500, 200, 200, 200].map(|status| (status, json!({})));
    let (url, received) = receiver(answers.to_vec());
    let place = telling(&url, "outbox = { maxAttempts = 1, pollInterval = 1 }");
    let server = place.serve();
    server.sign_up("ada@example.com");
    let dead = next(&received);
    server.wait_for_log("An event became a dead letter");
    assert_eq!(next(&received).body["type"], "account.linked", "others go on");
    assert_eq!(next(&received).body["type"], "session.created");
    let listed = place.output(&["outbox", "dead"]);
    let columns: Vec<_> = listed.split('\t').collect();
    assert_eq!(columns[0], dead.header("webhook-id"));
    assert_eq!((columns[1], columns[3]), ("user.created", &*url));
    assert_eq!(columns[5..], ["1 attempts", "the answer has the status 500 Internal Server Error"]);
    assert_eq!(
        place.output(&["outbox", "retry", columns[0]]),
        "1 dead letters are tried once more, by a running server."
    );
    let revived = next(&received);
    assert_eq!(revived.body, dead.body);
    server.wait_for_log("A dead letter was delivered");
    while !place.output(&["outbox", "dead"]).is_empty() {}
    assert_snapshot!(
        place.complaint(&["outbox", "retry", "--all"]),
        @"error: there is no such dead letter; `vestibule outbox dead` lists them"
    );
}

#[test]
fn dead_letters_and_lost_endpoints_are_forgotten() {
    let place = telling(&nobody(), "outbox.maxAttempts = 1");
    let server = place.serve();
    server.sign_up("ada@example.com");
    for _ in 0..3 {
        server.log_until(|line| line["message"].to_string().contains("became a dead letter"));
    }
    drop(server);
    let dead = place.output(&["outbox", "dead"]);
    let columns: Vec<_> = dead.lines().next().unwrap().split('\t').collect();
    let (event, name) = (columns[0], columns[3]);
    let forgotten = place.output(&["outbox", "forget", event]);
    assert_eq!(forgotten, "1 dead letters are forgotten.");
    assert_eq!(place.output(&["outbox", "dead"]).lines().count(), 2);
    let place = place.file("vestibule.toml", "outbox.enabled = true");
    let status = place.output(&["outbox", "status"]);
    assert!(status.contains("not in the configuration any more"), "{status}");
    let forgotten = place.output(&["outbox", "forget", "--endpoint", name]);
    assert_eq!(forgotten, format!("{name} is forgotten."));
    let status = place.output(&["outbox", "status"]);
    assert_snapshot!(status, @"3 events are kept; the newest has the number 3.");
    let refused = place.complaint(&["outbox", "forget", "--all"]);
    assert_snapshot!(refused, @"error: there is no such dead letter; `vestibule outbox dead` lists them");
}

#[test]
fn a_worker_that_is_killed_is_replaced() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let place = telling(&url, "webhooks.timeout = 1\noutbox.pollInterval = 1");
    let server = place.serve();
    server.sign_up("ada@example.com");
    let (_unanswered, first) = accept(&listener);
    server.signal("KILL");
    let server = place.serve();
    let (mut stream, again) = accept(&listener);
    assert_eq!(
        (again.header("webhook-id"), &again.body),
        (first.header("webhook-id"), &first.body)
    );
    respond(stream.get_mut(), 200, &json!({}));
    let (_, second) = accept(&listener);
    assert_eq!(second.body["sequence"], "2");
    drop(server);
}

#[test]
fn what_is_on_its_way_is_finished_before_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let place = telling(&url, "");
    let mut server = place.serve();
    server.sign_up("ada@example.com");
    let (mut stream, first) = accept(&listener);
    server.signal("TERM");
    server.wait_for_log("Shutting down");
    respond(stream.get_mut(), 200, &json!({}));
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(first.body["sequence"], "1");
    // The rest was given back, so the next server need not wait for the end of a lease.
    let start = Instant::now();
    let _server = place.serve();
    let (_, second) = accept(&listener);
    assert_eq!(second.body["sequence"], "2");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn two_servers_share_the_work_and_keep_the_order() {
    let answers = vec![(200, json!({})); 90];
    let (url, received) = receiver(answers);
    let place = telling(&url, "outbox.pollInterval = 1");
    let servers = [place.serve(), place.serve()];
    for index in 0..30 {
        servers[index % 2].sign_up(&format!("{index}@example.com"));
    }
    let mut last = std::collections::HashMap::new();
    for _ in 0..90 {
        let body = next(&received).body;
        let sequence: u64 = body["sequence"].as_str().unwrap().parse().unwrap();
        let before = last.insert(body["userId"].to_string(), sequence);
        assert!(before.is_none_or(|before| before < sequence), "{before:?} {sequence}");
    }
    assert_eq!(last.len(), 30);
}

#[test]
fn a_replay_tells_of_users_who_were_there_before() {
    let place = Place::with_config("emailAndPassword.enabled = true");
    let place = place.file("password", "correct horse");
    for name in ["ada", "bob"] {
        let address = format!("{name}@example.com");
        place.output(&["user", "create", &address, "--password-file", "password"]);
    }
    let refused = place.complaint(&["outbox", "status"]);
    assert_snapshot!(refused, @"error: the outbox is off; `[outbox]` with `enabled = true`, or `[[webhooks.endpoints]]`, switches it on");
    let place = place.file("vestibule.toml", "outbox.enabled = true");
    let status = place.output(&["outbox", "status"]);
    assert_snapshot!(status, @"0 events are kept; the newest has the number 0.");
    let replayed = place.output(&["outbox", "replay", "--all-users"]);
    assert_snapshot!(replayed, @"2 users are told of once more, each by a `user.updated`.");
    let replayed = place.output(&["outbox", "replay", "--since", "2100-01-01T00:00:00Z"]);
    assert_snapshot!(replayed, @"0 users are told of once more, each by a `user.updated`.");
    let refused = place.complaint(&["outbox", "replay", "--since", "yesterday"]);
    assert_snapshot!(refused, @r#"error: expected a time such as 2030-01-31T00:00:00Z after --since, found "yesterday""#);
    let status = place.output(&["outbox", "status"]);
    assert_snapshot!(status, @"2 events are kept; the newest has the number 2.");
}

#[test]
fn a_service_pulls_events_with_its_key() {
    let place = Place::with_config(
        "outbox.enabled = true\nemailAndPassword.enabled = true\n[services.notes]\n",
    );
    let server = place.serve();
    server.sign_up("ada@example.com");
    let stranger = server.get("/api/auth/events");
    assert_eq!((stranger.status, &stranger.json()["code"]), (401, &json!("SERVICE_KEY_REQUIRED")));
    let key = place.output(&["secret", "derive", "--service", "notes"]);
    let headers = [("x-vestibule-service-key", &*key)];
    let page = server.send("GET /api/auth/events?limit=2", &headers, b"").json();
    assert_eq!(page["events"][0]["type"], "user.created");
    assert_eq!(page["events"][0]["data"]["user"]["email"], "ada@example.com");
    assert_eq!(page["next"], "2");
    let page = server.send("GET /api/auth/events?after=2", &headers, b"").json();
    assert_eq!((page["events"].as_array().unwrap().len(), &page["next"]), (1, &json!("3")));
}

#[test]
fn what_makes_no_sense_is_named() {
    let endpoint = "[[webhooks.endpoints]]\nurl = 'http://localhost/hook'\n";
    let check = |config: &str| Place::with_config(config).complaint(&["config", "check"]);
    let answers = [
        check(&format!("outbox.enabled = false\n{endpoint}")),
        check(&format!("{endpoint}{endpoint}")),
        check("[[webhooks.endpoints]]\nurl = 'localhost:3000/hook'"),
        check("[[webhooks.endpoints]]\nurl = 'https://secret@h/?secret'\nname = 'a b'"),
        check(&format!("{endpoint}events = ['user.made']")),
        check("[outbox]\nretentionDays = 0\nmaxAttempts = 0\nretention = 1"),
        check("[[webhooks.endpoints]]\nname = 'app'"),
    ];
    assert_snapshot!(answers.join("\n"), @r#"
    error: `outbox.enabled`: expected true, since `webhooks.endpoints` are told of what the outbox holds, found false
    error: `webhooks.endpoints`: two have the name "http://localhost/hook"; give each a `name` of its own
    error: `webhooks.endpoints[0].url`: expected an http or https URL
    error: `webhooks.endpoints[0].name`: expected 1 to 200 characters without spaces, found "a b"
    error: `vestibule.toml` cannot be used:
      webhooks.endpoints[0].events[0]: expected "user.created", "user.updated", "user.deleted", "user.email_verified", "session.created", "session.revoked", "account.linked" or "account.unlinked", found the text "user.made"
    error: `vestibule.toml` cannot be used:
      outbox.retentionDays: expected a whole number from 1 to 3650, found 0
      outbox.maxAttempts: expected a whole number from 1 to 100, found 0
      outbox.retention: there is no such key; did you mean `outbox.retentionDays`?
    error: `vestibule.toml` cannot be used:
      webhooks.endpoints[0].url: is missing; expected a text
    "#);
}
