//! What an error asks for. Decided by status, code, field and endpoint together, because codes mean different things with
//! different statuses (Telnyx: API error codes).

use super::{ApiError, Error, ErrorItem};

/// What was asked of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Call Control applications.
    Applications,
    /// Outbound voice profiles.
    Profiles,
    /// Queues.
    Queues,
    /// Calls that wait in a queue.
    QueuedCalls,
    /// Placing a call.
    Dial,
    /// Asking about one call.
    Call,
    /// Ending a call.
    Hangup,
    /// Any other command on a live call.
    Command,
    /// The active calls of a connection.
    ActiveCalls,
    /// Call events.
    CallEvents,
    /// Webhook deliveries.
    WebhookDeliveries,
}

/// Whose channel limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CapacityScope {
    /// The account's.
    Account,
    /// The outbound voice profile's.
    Profile,
    /// The application's.
    Connection,
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// 429: every request of the account waits until the reset.
    RequestRate,
    /// 429: dials wait, everything else goes on.
    DialRate,
    /// What was wanted is already so: success.
    AlreadyDone,
    /// The call is over: stop commanding it.
    CallEnded,
    /// The call is not answered yet: wait for `call.answered`, then repeat.
    NotAnsweredYet,
    /// No free channel: try later; this is no attempt on the callee.
    Capacity(CapacityScope),
    /// The queue or the conference is full.
    Full,
    /// The number to call is not one: never dial it again.
    InvalidDestination,
    /// The caller id is not usable: fix the campaign.
    InvalidCallerId,
    /// The application is missing or has no webhook URL: fix the application.
    ApplicationUnusable,
    /// A field of the request is wrong: fix the spec.
    InvalidRequest,
    /// The key is wrong, revoked or inactive: fix the account.
    Unauthenticated,
    /// The key may not do this: fix the account.
    Forbidden,
    /// The account's tier does not include this: fix the account, or do without.
    FeatureNotPermitted,
    /// The thing does not exist.
    NotFound,
    /// A thing like this exists already: adopt it, or choose another name.
    AlreadyExists,
    /// Something else holds the thing right now: try again soon.
    Busy,
    /// The queue has calls in it: delete it later.
    QueueNotEmpty,
    /// A media file could not be fetched.
    MediaUnavailable,
    /// The API is in trouble: try again, with growing pauses. It may have acted.
    Unavailable,
    /// Nothing was sent: try again.
    NotSent,
    /// Nobody knows whether the API acted: look it up, or repeat under the same command id.
    FateUnknown,
    /// The API acted, but did not say on what: look it up.
    AcceptedWithoutIds,
    /// The API accepted, but its answer cannot be read: report it as our fault.
    Unreadable,
    /// The API said no in a way that this version does not know.
    Refused,
}

/// What an error of an endpoint asks for.
#[must_use]
pub fn classify(error: &Error, endpoint: Endpoint) -> Class {
    match error {
        Error::Api(error) => of_answer(error, endpoint),
        Error::NotSent(_) => Class::NotSent,
        Error::NoAnswer(_) | Error::Timeout { .. } => Class::FateUnknown,
        Error::AcceptedWithoutIds { .. } => Class::AcceptedWithoutIds,
        Error::Decode { .. } => Class::Unreadable,
        Error::Unsendable { .. } => Class::InvalidRequest,
    }
}

/// The first error that has a meaning decides; the status alone, where none has.
fn of_answer(error: &ApiError, endpoint: Endpoint) -> Class {
    error.items.iter().find_map(|item| of_item(error.status, item, endpoint)).unwrap_or_else(|| of_status(error.status))
}

fn of_status(status: u16) -> Class {
    match status {
        401 => Class::Unauthenticated,
        402 | 403 => Class::Forbidden,
        404 | 410 => Class::NotFound,
        408 | 500.. => Class::Unavailable,
        409 | 423 => Class::Busy,
        429 => Class::RequestRate,
        400 | 422 => Class::InvalidRequest,
        _ => Class::Refused,
    }
}

fn of_item(status: u16, item: &ErrorItem, endpoint: Endpoint) -> Option<Class> {
    match status {
        429 => of_rate(&item.code),
        401 => Some(Class::Unauthenticated),
        403 => of_forbidden(&item.code),
        404 => Some(of_missing(&item.code)),
        409 => of_conflict(&item.code),
        400 | 422 => of_rejected(item, endpoint),
        _ => None,
    }
}

fn of_rate(code: &str) -> Option<Class> {
    match code {
        "90103" => Some(Class::DialRate),
        "10011" => Some(Class::RequestRate),
        _ => None,
    }
}

fn of_forbidden(code: &str) -> Option<Class> {
    match code {
        "10038" | "10039" => Some(Class::FeatureNotPermitted),
        _ => of_capacity(code),
    }
}

fn of_capacity(code: &str) -> Option<Class> {
    match code {
        "90041" => Some(Class::Capacity(CapacityScope::Account)),
        "90042" => Some(Class::Capacity(CapacityScope::Profile)),
        "90043" => Some(Class::Capacity(CapacityScope::Connection)),
        _ => None,
    }
}

fn of_missing(code: &str) -> Class {
    match code {
        // A conference that is gone; ending it is then done.
        "90058" => Class::AlreadyDone,
        // The code of "unexpected" and of "unavailable" too, but a 404 with it is a plain not found.
        _ => Class::NotFound,
    }
}

fn of_conflict(code: &str) -> Option<Class> {
    match code {
        "10012" => Some(Class::AlreadyExists),
        "10021" | "10035" | "10036" => Some(Class::Busy),
        _ => None,
    }
}

/// 400 and 422. `10011` is absent on purpose: with 422 it says that SRTP does not work on the phone network.
fn of_rejected(item: &ErrorItem, endpoint: Endpoint) -> Option<Class> {
    match item.code.as_str() {
        "10002" | "10016" => Some(of_number(item)),
        "10015" if item.pointer.as_deref() == Some("/connection_id") => Some(Class::ApplicationUnusable),
        "10005" => Some(Class::NotFound),
        "10009" => Some(Class::Unauthenticated),
        "10010" => Some(Class::Forbidden),
        "90018" if endpoint == Endpoint::Hangup => Some(Class::AlreadyDone),
        "90015" | "90018" => Some(Class::CallEnded),
        "90020" | "90034" => Some(Class::NotAnsweredYet),
        "90032" | "90036" => Some(Class::Full),
        "90035" if endpoint == Endpoint::QueuedCalls => Some(Class::AlreadyDone),
        "90019" | "90031" | "90038" | "90044" | "90045" | "90046" | "90047" | "90048" | "90053" | "90054" | "90055"
        | "90056" | "90061" => Some(Class::AlreadyDone),
        "90040" => Some(Class::MediaUnavailable),
        "90050" => Some(Class::QueueNotEmpty),
        code => of_capacity(code).or_else(|| of_conflict(code)),
    }
}

fn of_number(item: &ErrorItem) -> Class {
    match item.pointer.as_deref() {
        Some(pointer) if pointer == "/to" || pointer.starts_with("/to/") => Class::InvalidDestination,
        Some("/from") => Class::InvalidCallerId,
        _ => Class::InvalidRequest,
    }
}
