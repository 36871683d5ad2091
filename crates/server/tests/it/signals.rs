//! How the server ends.

use crate::server::{Connection, Place, Server};

const BODY: &[u8] = br#"{"name":"Ada","email":"ada@example.com","password":"correct horse"}"#;

/// A sign-up whose body is awaited: the server has said that it reads it.
fn in_flight(server: &Server) -> Connection {
    let mut connection = server.connect().unwrap();
    let length = BODY.len();
    let head = format!(
        "POST /api/auth/sign-up/email HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nexpect: 100-continue\r\n\r\n",
        server.address
    );
    connection.write(head.as_bytes());
    assert_eq!(connection.line(), "HTTP/1.1 100 Continue");
    assert_eq!(connection.line(), "");
    connection
}

#[test]
fn what_is_in_flight_is_finished() {
    for signal in ["TERM", "INT"] {
        let mut server = Place::new().serve();
        let mut connection = in_flight(&server);
        server.signal(signal);
        server.wait_for_log("Shutting down");
        while server.connect().is_ok() {}
        connection.write(BODY);
        let answer = connection.read();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("connection"), Some("close"));
        assert_eq!(server.wait().code(), Some(0));
    }
}

#[test]
fn an_idle_connection_keeps_nobody_waiting() {
    let mut server = Place::new().serve();
    let mut connection = server.connect().unwrap();
    connection.write(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(connection.read().status, 200);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Place::new().serve();
    let _connection = in_flight(&server);
    server.signal("TERM");
    server.wait_for_log("Shutting down");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(1));
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let place = Place::new();
    let server = place.serve();
    assert_eq!(server.sign_up("ada@example.com").status, 200);
    server.signal("KILL");
    let body = serde_json::json!({ "email": "ada@example.com", "password": "correct horse" });
    assert_eq!(place.serve().post("/sign-in/email", &body).status, 200);
}

#[test]
fn who_connects_at_the_end_is_served() {
    let mut server = Place::new().serve();
    // While it is stopped, these wait to be accepted.
    server.signal("STOP");
    let mut connections: Vec<_> = (0..20).map(|_| server.connect().unwrap()).collect();
    for connection in &mut connections {
        connection.write(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n");
    }
    server.signal("TERM");
    server.signal("CONT");
    for connection in &mut connections {
        assert_eq!(connection.read().status, 200);
    }
    assert_eq!(server.wait().code(), Some(0));
}
