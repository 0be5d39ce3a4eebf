//! Bytes in, status out. Knows HTTP; every decision is in `receive`.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Receiver;

/// Connections held at once. Telnyx delivers over some tens; the rest is for an ingress that does not reuse them.
const MAX_CONNECTIONS: usize = 1024;
/// For a request's head to arrive whole, and for a connection to lie idle between two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves until `stop`, then lets the requests under way have their answers.
///
/// # Errors
/// When the listener itself fails; a connection's failure is its own.
pub async fn serve(listener: TcpListener, receiver: Arc<Receiver>, stop: CancellationToken) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place.map_err(io::Error::other)?,
        };
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) if is_of_one_connection(&error) => continue,
                Err(error) => {
                    // Out of file descriptors, most likely: it passes when connections close.
                    tracing::warn!(%error, "cannot accept webhook connections");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        while connections.try_join_next().is_some() {}
        let (receiver, stop) = (Arc::clone(&receiver), stop.clone());
        connections.spawn(async move {
            connection(stream, receiver, stop).await;
            drop(place);
        });
    }
    while connections.join_next().await.is_some() {}
    Ok(())
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

async fn connection(stream: TcpStream, receiver: Arc<Receiver>, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "webhook connection keeps Nagle's algorithm");
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let receiver = Arc::clone(&receiver);
        async move {
            let mut response = Response::new(Empty::<Bytes>::new());
            *response.status_mut() = receiver.receive(request).await.status();
            Ok::<_, Infallible>(response)
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "webhook connection ended early");
    }
}
