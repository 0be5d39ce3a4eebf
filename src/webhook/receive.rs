//! One delivery, from its head to its answer.
//!
//! The order is the promise: the path, the account, the rate and the size are looked at before any work is done for a
//! stranger; the signature before a byte of the body is believed; and nothing is acknowledged before its effect is
//! durable.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use dialer::call::CallEvent;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use jiff::Timestamp;
use telnyx_voice::webhook::{self, Event, EventType, PublicKey, SignatureError, SignatureHeaders};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;
use tokio::time::timeout_at;

use super::dedupe::Seen;
use super::doubts::Doubts;
use super::forward::Forwarder;
use super::metrics::Metrics;
use super::rate::Rate;
use super::routes::{Delivery, FlowDelivery, FlowLine, FlowOrder, Known, Route, Verdict};
use super::{Answer, Routes};
use crate::dialing::about_attempt;

/// Largest body read. The largest event in the API's documents is a few KB; AI transcripts may grow to tens.
const MAX_BODY: usize = 256 * 1024;
/// How much of a body that nobody wants is read and dropped before its connection closes. A close with bytes unread
/// resets the connection, and the sender may then never see the answer that tells it why (RFC 9112, section 9.6).
const MAX_DISCARDED: usize = 4 * MAX_BODY;
/// From the head to the answer. Telnyx waits 2 s by default (receiving webhooks guide); the rest is for the way back.
const PATIENCE: Duration = Duration::from_millis(1_800);
/// Deliveries a second, over all accounts, before 503. Verifying this many signatures costs about half a core.
const MAX_PER_SECOND: u32 = 8_000;

/// Who has sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// Telnyx, or whoever says so.
    Telnyx,
    /// A replica that got it from there. It is not passed on again.
    Replica,
}

/// Where a delivery goes.
enum Way {
    Here(Arc<Route>),
    /// To the replica that acts for the account, if it is signed with this key.
    On(PublicKey),
}

/// Receives webhooks for every account in its [`Routes`].
#[derive(Debug)]
pub struct Receiver {
    routes: Routes,
    rate: Rate,
    metrics: Metrics,
    doubts: Doubts,
    forwarder: Option<Forwarder>,
}

impl Receiver {
    /// A receiver for these accounts.
    #[must_use]
    pub fn new(routes: Routes, metrics: Metrics) -> Self {
        let (rate, doubts) = (Rate::new(MAX_PER_SECOND, Instant::now()), Doubts::default());
        Self { routes, rate, metrics, doubts, forwarder: None }
    }

    /// Passes webhooks of accounts that another replica acts for on to it.
    #[must_use]
    pub fn passing_on(self, forwarder: Forwarder) -> Self {
        Self { forwarder: Some(forwarder), ..self }
    }

    /// Takes one delivery of Telnyx's to its end. Dropping the future half-way leaves the event new.
    pub async fn receive<B>(&self, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.take(request, Sender::Telnyx).await
    }

    /// The same, of whoever's.
    pub(super) async fn take<B>(&self, mut request: Request<B>, from: Sender) -> Answer
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let began = Instant::now();
        let (answer, event_type) = match self.admit(&request, from, began) {
            Ok(Way::Here(route)) => self.deliver(&route, &mut request, began).await,
            Ok(Way::On(key)) => self.pass_on(&key, &mut request, began).await,
            Err(refused) => (refused, ""),
        };
        if !request.body().is_end_stream() {
            discard(request.body_mut(), began).await;
        }
        self.metrics.count(answer, event_type, began.elapsed());
        answer
    }

    /// Everything that can be decided without reading the body.
    fn admit<B: Body>(&self, request: &Request<B>, from: Sender, now: Instant) -> Result<Way, Answer> {
        let account = account_of(request.uri().path()).ok_or(Answer::NotFound)?;
        if request.method() != Method::POST {
            return Err(Answer::MethodNotAllowed);
        }
        let way = match (self.routes.get(account), from) {
            (Known::Ready(route), _) => Way::Here(route),
            (Known::Elsewhere(key), Sender::Telnyx) => Way::On(key),
            (Known::Elsewhere(_), Sender::Replica) => return Err(Answer::NoHolder),
            (Known::NotReady, _) => return Err(Answer::AccountNotReady),
            (Known::NotSynced, _) => return Err(Answer::NotSynced),
            (Known::Unknown, _) => return Err(Answer::UnknownAccount),
        };
        if request.body().size_hint().lower() > MAX_BODY as u64 {
            return Err(Answer::TooLarge);
        }
        if !self.rate.admits(now) {
            return Err(Answer::RateBound);
        }
        Ok(way)
    }

    /// Takes the webhook, if it is signed, to the replica that acts for its account. That one verifies it again.
    async fn pass_on<B>(&self, key: &PublicKey, request: &mut Request<B>, began: Instant) -> (Answer, &'static str)
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (body, event_type) = match self.believed(key, request, began).await {
            Ok((body, event)) => (body, label(&event)),
            Err(refused) => return (refused, ""),
        };
        let path = request.uri().path();
        let (Some(forwarder), Some(account)) = (&self.forwarder, account_of(path)) else {
            return (Answer::NoHolder, event_type);
        };
        let patience = PATIENCE.saturating_sub(began.elapsed());
        (forwarder.pass_on(account, path, request.headers(), body, patience).await, event_type)
    }

    async fn deliver<B>(&self, route: &Route, request: &mut Request<B>, began: Instant) -> (Answer, &'static str)
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let event = match self.believed(&route.key, request, began).await {
            Ok((_, event)) => event,
            Err(refused) => return (refused, ""),
        };
        let event_type = label(&event);
        let flows = account_of(request.uri().path()).and_then(|account| self.routes.flows(account));
        let attempt = about_attempt(&event, Timestamp::now());
        let flows = flows.filter(|flows| attempt.as_ref().is_none_or(|call| flows.minds(call)));
        if attempt.is_none() && flows.is_none() {
            return (Answer::NotNeeded, event_type);
        }
        let claim = match route.seen.claim(event.id.as_str()) {
            Seen::New(claim) => claim,
            Seen::InFlight => return (Answer::InFlight, event_type),
            Seen::Done => return (Answer::Duplicate, event_type),
        };
        match hand_on(route, event, attempt, flows, began).await {
            Ok(answer) => {
                claim.done();
                (answer, event_type)
            }
            Err(not_now) => (not_now, event_type),
        }
    }

    /// The whole body, and the event in it, believed because its signature fits.
    async fn believed<B>(
        &self,
        key: &PublicKey,
        request: &mut Request<B>,
        began: Instant,
    ) -> Result<(Bytes, Event), Answer>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let body = body_of(request, began).await?;
        match verified(key, request.headers(), &body, Timestamp::now()) {
            Ok(event) => Ok((body, event)),
            Err(refused) => {
                self.doubt(&refused, request.uri().path(), began);
                Err(refused.answer())
            }
        }
    }

    /// Says that an account's key may be another's, now and then.
    fn doubt(&self, refused: &Unbelieved, path: &str, now: Instant) {
        let Unbelieved::Signature(SignatureError::BadSignature) = refused else { return };
        let Some(account) = account_of(path) else { return };
        if let Some(count) = self.doubts.refused(account, now) {
            tracing::warn!(
                account,
                count,
                "webhooks were refused because their signature does not fit the account's public key: if Telnyx sent them, the key \
                 is another account's; copy it anew from the portal (Account Settings, Keys & Credentials, Public Key)"
            );
        }
    }
}

/// Why a delivery is not believed, or not understood.
#[derive(Debug)]
enum Unbelieved {
    Signature(SignatureError),
    Unreadable,
}

impl Unbelieved {
    fn answer(&self) -> Answer {
        match self {
            Self::Signature(SignatureError::Stale { .. }) => Answer::Stale,
            Self::Signature(
                SignatureError::MissingHeader(_) | SignatureError::Malformed(_) | SignatureError::BadSignature,
            ) => Answer::Forged,
            Self::Unreadable => Answer::Malformed,
        }
    }
}

/// The whole body, within its bounds.
async fn body_of<B>(request: &mut Request<B>, began: Instant) -> Result<Bytes, Answer>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let deadline = (began + PATIENCE).into();
    match timeout_at(deadline, Limited::new(request.body_mut(), MAX_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Answer::TooLarge),
        // The sender went away in the middle; nobody reads this answer.
        Ok(Err(_)) | Err(_) => Err(Answer::BodyTimeout),
    }
}

/// Hands the event to the flow that has the call, then to the dialer whose attempt it is. In this order what a flow has said before
/// the call ended reaches the dialer before the end does.
async fn hand_on(
    route: &Route,
    event: Event,
    attempt: Option<CallEvent>,
    flows: Option<FlowLine>,
    began: Instant,
) -> Result<Answer, Answer> {
    let mut answer = Answer::NotNeeded;
    if let Some(flows) = flows {
        let (verdict, given) = oneshot::channel();
        room(flows.tell(FlowOrder::Webhook(Box::new(FlowDelivery { event, verdict }))))?;
        answer = judged(given, began).await?;
    }
    if let Some(call) = attempt {
        let (verdict, given) = oneshot::channel();
        room(route.inbox.try_send(Delivery { call, verdict }))?;
        let of_dialer = judged(given, began).await?;
        answer = if answer == Answer::Acknowledged { answer } else { of_dialer };
    }
    Ok(answer)
}

/// The verdict as an answer; `Err`: the event is wanted again.
async fn judged(given: oneshot::Receiver<Verdict>, began: Instant) -> Result<Answer, Answer> {
    match timeout_at((began + PATIENCE).into(), given).await {
        Ok(Ok(Verdict::Durable)) => Ok(Answer::Acknowledged),
        Ok(Ok(Verdict::NotNeeded)) => Ok(Answer::NotNeeded),
        Ok(Ok(Verdict::Again) | Err(_)) => Err(Answer::NotNow),
        Err(_) => Err(Answer::TooSlow),
    }
}

/// `namespace/account` of `/webhooks/{namespace}/{account}/{object uid}`. The uid marks the application as ours at
/// Telnyx; which call an event is about, its `client_state` says.
fn account_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/webhooks/")?;
    let (account, uid) = rest.rsplit_once('/')?;
    let (namespace, name) = account.split_once('/')?;
    let plain = |part: &str| !part.is_empty() && !part.contains('/');
    (plain(namespace) && plain(name) && plain(uid)).then_some(account)
}

/// Reads on for as long as an answer may take, and drops what comes.
async fn discard<B>(body: &mut B, began: Instant)
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut dropped = 0;
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            dropped += frame.data_ref().map_or(0, Bytes::len);
            if dropped > MAX_DISCARDED {
                break;
            }
        }
    };
    // Whether it came to its end or not, the answer is the same.
    let _out_of_patience = timeout_at((began + PATIENCE).into(), reading).await;
}

fn room<T>(sent: Result<(), TrySendError<T>>) -> Result<(), Answer> {
    sent.map_err(|error| match error {
        TrySendError::Full(_) => Answer::Busy,
        TrySendError::Closed(_) => Answer::NotNow,
    })
}

/// The event, believed because its signature fits.
fn verified(key: &PublicKey, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Event, Unbelieved> {
    let headers = SignatureHeaders::from_map(headers);
    let verified = webhook::verify(key, headers, body, now, webhook::TOLERANCE).map_err(|error| {
        tracing::debug!(%error, "webhook refused");
        Unbelieved::Signature(error)
    })?;
    let event = verified.event().map_err(|error| {
        tracing::warn!(%error, "signed webhook cannot be read");
        Unbelieved::Unreadable
    })?;
    if !event.left_out.is_empty() {
        tracing::warn!(event_type = %event.event_type, fields = ?event.left_out, "webhook fields of unknown form left out");
    }
    Ok(event)
}

/// The event type as a metrics label: one of the documented, or `other`.
fn label(event: &Event) -> &'static str {
    EventType::KNOWN.iter().find(|known| **known == event.event_type).map_or("other", EventType::as_str)
}
