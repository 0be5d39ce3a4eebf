//! Bytes in, status out. Knows HTTP; every decision is in `receive`.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::identity::{Expects, Identity, IdentityError};
use super::receive::Sender;
use super::{Answer, Receiver};

/// Connections held at once. Telnyx delivers over some tens; the rest is for an ingress that does not reuse them.
const MAX_CONNECTIONS: usize = 1024;
/// Connections of other replicas held at once.
const MAX_OF_REPLICAS: usize = 256;
/// For two replicas to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(2);
/// For the first head to arrive whole on a connection. As long as Telnyx waits for an answer (receiving webhooks guide).
const FIRST_HEAD: Duration = Duration::from_secs(2);
/// For a connection to lie idle and the next head to arrive whole, which hyper does not tell apart. Only whose signature was
/// believed comes to it: strangers lose their connection with their answer.
const NEXT_HEAD: Duration = Duration::from_secs(10);
/// In seconds, with every 503: what is wrong then is mostly over in a moment.
const SOON: HeaderValue = HeaderValue::from_static("1");
/// The connection ends with this answer (RFC 9112, section 9.6).
const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Serves until `stop`, then lets the requests under way have their answers.
///
/// # Errors
/// When the listener itself fails; a connection's failure is its own.
pub async fn serve(listener: TcpListener, receiver: Arc<Receiver>, stop: CancellationToken) -> io::Result<()> {
    let stopping = stop.clone();
    accept(listener, MAX_CONNECTIONS, stop, move |stream| {
        connection(stream, Arc::clone(&receiver), Sender::Telnyx, stopping.clone())
    })
    .await
}

/// Where other replicas pass webhooks on to this one.
#[derive(Debug)]
pub struct PeerDoor {
    listener: TcpListener,
    acceptor: Acceptor,
}

struct Acceptor(TlsAcceptor);

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

impl PeerDoor {
    /// Whom this process `expects` finds `identity` there.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(listener: TcpListener, identity: &Identity, expects: Expects) -> Result<Self, IdentityError> {
        Ok(Self { listener, acceptor: Acceptor(TlsAcceptor::from(Arc::new(identity.server(expects)?))) })
    }

    /// Serves other replicas until `stop`, then lets the requests under way have their answers.
    ///
    /// # Errors
    /// When the listener itself fails; a connection's failure is its own.
    pub async fn serve(self, receiver: Arc<Receiver>, stop: CancellationToken) -> io::Result<()> {
        let (stopping, Acceptor(acceptor)) = (stop.clone(), self.acceptor);
        accept(self.listener, MAX_OF_REPLICAS, stop, move |stream| {
            let (receiver, acceptor, stop) = (Arc::clone(&receiver), acceptor.clone(), stopping.clone());
            async move {
                match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => connection(stream, receiver, Sender::Replica, stop).await,
                    Ok(Err(error)) => tracing::debug!(%error, "who connects is not a replica"),
                    Err(_) => tracing::debug!("who connects does not say who it is"),
                }
            }
        })
        .await
    }
}

/// Accepts connections until `stop`, at most so many at once, and waits for them to end.
async fn accept<F>(
    listener: TcpListener,
    most: usize,
    stop: CancellationToken,
    handle: impl Fn(TcpStream) -> F,
) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(most));
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
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "webhook connection keeps Nagle's algorithm");
        }
        let connection = handle(stream);
        connections.spawn(async move {
            connection.await;
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

/// Serves one connection, whose requests come `from` there.
pub(super) async fn connection<S>(stream: S, receiver: Arc<Receiver>, from: Sender, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let has_head = CancellationToken::new();
    let came = has_head.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        came.cancel();
        let receiver = Arc::clone(&receiver);
        async move {
            let answer = receiver.take(request, from).await;
            let mut response = response(answer);
            if from == Sender::Telnyx && answer.is_for_a_stranger() {
                response.headers_mut().insert(CONNECTION, CLOSE);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(NEXT_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let until_stopped = async {
        tokio::select! {
            ended = serving.as_mut() => ended,
            () = stop.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        }
    };
    let no_head = async {
        if timeout(FIRST_HEAD, has_head.cancelled()).await.is_ok() {
            std::future::pending::<()>().await;
        }
    };
    let ended = tokio::select! {
        ended = until_stopped => ended,
        () = no_head => return tracing::debug!("who connects does not say what for"),
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "webhook connection ended early");
    }
}

/// What the sender is told.
pub(super) fn response(answer: Answer) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = answer.status();
    if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, SOON);
    }
    response
}
