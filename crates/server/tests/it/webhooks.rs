//! Functions of the configuration that are webhooks.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::server::{Place, Server};

/// What a webhook was sent.
pub(crate) struct Received {
    pub(crate) head: Vec<String>,
    /// As it was signed.
    pub(crate) bytes: Vec<u8>,
    pub(crate) body: Json,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let start = format!("{name}: ");
        self.head.iter().find_map(|line| line.strip_prefix(&start)).unwrap()
    }
}

/// A receiver of webhooks that gives these answers, one after another, and then ends.
pub(crate) fn receiver(answers: Vec<(u16, Json)>) -> (String, Receiver<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (sender, received) = channel();
    std::thread::spawn(move || {
        for (status, answer) in answers {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            let received = receive(&mut stream);
            respond(stream.get_mut(), status, &answer);
            if sender.send(received).is_err() {
                return; // The test has seen enough.
            }
        }
    });
    (url, received)
}

/// Reads a whole request.
pub(crate) fn receive(stream: &mut BufReader<TcpStream>) -> Received {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        if line == "\r\n" {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut bytes = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut bytes).unwrap();
    let body = serde_json::from_slice(&bytes).unwrap();
    Received { head, bytes, body }
}

pub(crate) fn respond(stream: &mut TcpStream, status: u16, answer: &Json) {
    let answer = answer.to_string();
    let length = answer.len();
    let answer = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{answer}"
    );
    stream.write_all(answer.as_bytes()).unwrap();
}

pub(crate) fn next(received: &Receiver<Received>) -> Received {
    received.recv_timeout(Duration::from_secs(20)).expect("the webhook is called")
}

fn validating(url: &str) -> Server {
    let config = format!(
        "[emailAndPassword]\nenabled = true\n[user.validateUserInfo]\nwebhook = '{url}'\n[webhooks]\ntimeout = 5"
    );
    Place::with_config(&config).serve()
}

#[test]
fn a_call_is_signed_and_described() {
    let (url, received) = receiver(vec![(200, json!({}))]);
    let server = validating(&url);
    assert_eq!(server.sign_up("ada@example.com").status, 200);
    let received = next(&received);
    assert_eq!(received.head[0], "POST /hook HTTP/1.1");
    assert_eq!(received.header("content-type"), "application/json");
    assert!(received.header("webhook-id").starts_with("msg_"));
    assert!(received.header("webhook-timestamp").parse::<u64>().is_ok());
    assert!(received.header("webhook-signature").starts_with("v1,"));
    assert_eq!(received.body["type"], "user.validateUserInfo");
    assert_eq!(received.body["data"]["user"]["email"], "ada@example.com");
    assert_eq!(received.body["request"]["method"], "POST");
    assert_eq!(received.body["request"]["headers"]["cookie"], Json::Null);
}

#[test]
fn what_it_returns_or_throws_decides() {
    let returned = json!({ "result": { "error": "not_here", "errorDescription": "Not here" } });
    let thrown = json!({ "error": { "message": "boom" } });
    let (url, _received) = receiver(vec![(200, returned), (500, thrown), (200, json!(null))]);
    let server = validating(&url);
    let answers: Vec<_> = (0..4).map(|n| server.sign_up(&format!("{n}@example.com"))).collect();
    assert_eq!(answers[0].line(), r#"403 {"message":"Not here","code":"not_here"}"#);
    // It fails closed: thrown, not understood, not there.
    for answer in &answers[1..] {
        assert_eq!(
            answer.line(),
            r#"403 {"message":"User validation failed","code":"validation_failed"}"#
        );
    }
}

#[test]
fn a_notification_is_tried_again() {
    let (url, received) = receiver(vec![(500, json!({})), (200, json!({}))]);
    let config = format!(
        "[emailAndPassword]\nenabled = true\nautoSignIn = false\n\
         [emailAndPassword.onExistingUserSignUp]\nwebhook = '{url}'"
    );
    let server = Place::with_config(&config).serve();
    assert_eq!(server.sign_up("ada@example.com").status, 200);
    assert_eq!(server.sign_up("ada@example.com").status, 200);
    let (first, second) = (next(&received), next(&received));
    assert_eq!(first.body["type"], "emailAndPassword.onExistingUserSignUp");
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert_eq!(first.body, second.body);
}

#[test]
fn a_notification_is_delivered_before_the_end() {
    let (url, received) = receiver(vec![(200, json!({}))]);
    let config = format!(
        "[emailAndPassword]\nenabled = true\nautoSignIn = false\n\
         [emailAndPassword.onExistingUserSignUp]\nwebhook = '{url}'"
    );
    let mut server = Place::with_config(&config).serve();
    server.sign_up("ada@example.com");
    server.sign_up("ada@example.com");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    next(&received);
}

#[test]
fn a_notification_may_be_awaited() {
    let (url, received) = receiver(vec![(200, json!({}))]);
    let config = format!(
        "webhooks.notifications = 'await'\n[emailAndPassword]\nenabled = true\nautoSignIn = false\n\
         [emailAndPassword.onExistingUserSignUp]\nwebhook = '{url}'"
    );
    let server = Place::with_config(&config).serve();
    server.sign_up("ada@example.com");
    server.sign_up("ada@example.com");
    // It came before the answer did.
    assert!(received.recv_timeout(Duration::from_secs(1)).is_ok());
}
