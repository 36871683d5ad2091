//! Connections: how many, how slow, and how they end.
//!
//! A client that reads nothing of what it is sent loses its place, as one that sends nothing does.
//! HTTP/1.1, with keep-alive. TLS and HTTP/2 are the business of the proxy in front.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use vestibule_core::dispatch::Peer;

use crate::app::App;
use crate::shutdown::Shutdown;
use crate::write_timeout::WriteTimeout;

/// Further connections wait until one ends.
const CONNECTION_LIMIT: usize = 10_000;

/// How long a request's head may take, and how long a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may read nothing while there is something to send.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// The most that a request's head may hold; beyond it hyper answers 431.
const HEAD_LIMIT_BYTES: usize = 64 * 1024;

/// How long a connection without any request may stay once the server shuts down.
const LAST_CALL_TIMEOUT: Duration = Duration::from_millis(250);

/// How long requests in flight may take once the server shuts down.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait after a failed accept, when file descriptors or memory have run out.
const ACCEPT_RETRY_AFTER: Duration = Duration::from_millis(100);

/// Serves connections until the server shuts down and what is in flight is finished.
pub(crate) async fn run(listener: TcpListener, app: App, mut shutdown: Shutdown) {
    let places = Arc::new(Semaphore::new(CONNECTION_LIMIT));
    let mut is_failing = false;
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = shutdown.begun() => break,
        };
        match accepted {
            Ok((place, stream, peer)) => {
                is_failing = false;
                serve(app.clone(), shutdown.clone(), stream, peer, place);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Once is enough: it fails again and again until others have ended.
                if !std::mem::replace(&mut is_failing, true) {
                    tracing::error!(%error, "Connections cannot be accepted");
                }
                tokio::time::sleep(ACCEPT_RETRY_AFTER).await;
            }
        }
    }
    serve_backlog(listener, &app, &places, &shutdown);
    let open = CONNECTION_LIMIT - places.available_permits();
    let all_places = places.acquire_many(CONNECTION_LIMIT as u32);
    if tokio::time::timeout(DRAIN_TIMEOUT, all_places).await.is_err() {
        tracing::warn!(connections = open, "Requests were cut off: they took too long to finish");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((place, stream, peer))
}

/// Serves those who have connected and were not accepted yet, and lets nobody else connect: closing the
/// listener alone would reset them.
fn serve_backlog(listener: TcpListener, app: &App, places: &Arc<Semaphore>, shutdown: &Shutdown) {
    let listener = match listener.into_std() {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(%error, "Who has just connected is not served");
            return;
        }
    };
    // It does not block: it ends where nobody is waiting.
    while let Ok(place) = places.clone().try_acquire_owned()
        && let Ok((stream, peer)) = listener.accept()
    {
        let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
        // As a failed accept: that says nothing about the others.
        let Ok(stream) = stream else { continue };
        serve(app.clone(), shutdown.clone(), stream, peer, place);
    }
}

/// The client went away before it was accepted: that says nothing about us.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};

    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn serve(
    app: App,
    mut shutdown: Shutdown,
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
) {
    // Answers are small and complete; waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let requested = Arc::new(Notify::new());
    let notify = requested.clone();
    let service = service_fn(move |request| {
        notify.notify_one();
        respond(app.clone(), request, peer)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_LIMIT_BYTES)
        .serve_connection(TokioIo::new(WriteTimeout::new(stream, WRITE_TIMEOUT)), service);
    tokio::spawn(async move {
        let mut connection = pin!(connection);
        // What fails here is the client's connection; its requests have been answered and logged.
        let ended = tokio::select! {
            _ = connection.as_mut() => true,
            // hyper closes at once where nothing was read yet, though a request may wait to be.
            () = begun_and_requested(&mut shutdown, &requested) => false,
        };
        if !ended {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await; // As above.
        }
        drop(place);
    });
}

/// Waits until the server shuts down, and the first request of a connection has come or its time is up.
async fn begun_and_requested(shutdown: &mut Shutdown, requested: &Notify) {
    shutdown.begun().await;
    // Either is fine.
    let _ = tokio::time::timeout(LAST_CALL_TIMEOUT, requested.notified()).await;
}

fn respond(
    app: App,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> impl Future<Output = Result<Response<Body>, Infallible>> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer.ip()));
    async move { Ok(app.respond(request).await) }
}
