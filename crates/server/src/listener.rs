//! Connections: how many, how slow, and how they end.
//!
//! HTTP/1.1, with keep-alive. TLS and HTTP/2 are the business of the proxy in front.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vestibule_core::dispatch::Peer;

use crate::app::App;
use crate::shutdown::Shutdown;

/// Further connections wait until one ends.
const CONNECTION_LIMIT: usize = 10_000;

/// How long a request's head may take, and how long a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The most that a request's head may hold; beyond it hyper answers 431.
const HEAD_LIMIT_BYTES: usize = 64 * 1024;

/// How long requests in flight may take once the server shuts down.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait after a failed accept, when file descriptors or memory have run out.
const ACCEPT_RETRY_AFTER: Duration = Duration::from_millis(100);

/// Serves connections until the server shuts down and what is in flight is finished.
pub(crate) async fn run(listener: TcpListener, app: App, mut shutdown: Shutdown) {
    let places = Arc::new(Semaphore::new(CONNECTION_LIMIT));
    let connections = GracefulShutdown::new();
    let mut is_failing = false;
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = shutdown.begun() => break,
        };
        match accepted {
            Ok((place, stream, peer)) => {
                is_failing = false;
                serve(&connections, app.clone(), stream, peer, place);
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
    drop(listener);
    let open = connections.count();
    if tokio::time::timeout(DRAIN_TIMEOUT, connections.shutdown()).await.is_err() {
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

/// The client went away before it was accepted: that says nothing about us.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};

    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn serve(
    connections: &GracefulShutdown,
    app: App,
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
) {
    // Answers are small and complete; waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| respond(app.clone(), request, peer));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_LIMIT_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        // What fails here is the client's connection; its requests have been answered and logged.
        let _ = connection.await;
        drop(place);
    });
}

fn respond(
    app: App,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> impl Future<Output = Result<Response<Body>, std::convert::Infallible>> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer.ip()));
    async move { Ok(app.respond(request).await) }
}
