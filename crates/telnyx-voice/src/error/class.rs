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
    /// Taking a call out of its queue.
    LeaveQueue,
    /// Any other command on a live call.
    Command,
    /// Making a conference, and the list of them.
    Conferences,
    /// One conference, and commands on it but for the next two.
    Conference,
    /// Ending a conference.
    ConferenceEnd,
    /// Taking a call out of a conference.
    ConferenceLeave,
    /// Those who take part in a conference.
    Participants,
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
    /// The conference is over, or nobody is in it: stop commanding it.
    ConferenceEnded,
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
    /// Nothing was sent, because this process may not act for the account now.
    Withheld,
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
        Error::Withheld => Class::Withheld,
        Error::NoAnswer(_) | Error::Timeout { .. } => Class::FateUnknown,
        Error::AcceptedWithoutIds { .. } => Class::AcceptedWithoutIds,
        Error::Decode { .. } => Class::Unreadable,
        Error::Unsendable { .. } | Error::OutOfBounds(_) => Class::InvalidRequest,
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
        404 => Some(of_missing(item, endpoint)),
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

fn of_missing(item: &ErrorItem, endpoint: Endpoint) -> Class {
    let text = |what: &str| item.title.to_lowercase().contains(what) || item.detail.to_lowercase().contains(what);
    match item.code.as_str() {
        // A conference that is gone: nothing is left to end or to leave.
        "90058" if matches!(endpoint, Endpoint::ConferenceEnd | Endpoint::ConferenceLeave) => Class::AlreadyDone,
        "10005" if matches!(endpoint, Endpoint::Command | Endpoint::Conference) && text("audio") => {
            Class::MediaUnavailable
        }
        // `10007` is the code of "unexpected" and of "unavailable" too, but a 404 with it is a plain not found.
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
        "90019" | "90033" => Some(of_conference(item, endpoint)),
        "90035" if matches!(endpoint, Endpoint::QueuedCalls | Endpoint::LeaveQueue) => Some(Class::AlreadyDone),
        "90031" | "90038" | "90044" | "90045" | "90046" | "90047" | "90048" | "90053" | "90054" | "90055" | "90056"
        | "90061" => Some(Class::AlreadyDone),
        "90040" => Some(Class::MediaUnavailable),
        "90050" => Some(Class::QueueNotEmpty),
        code => of_capacity(code).or_else(|| of_conflict(code)),
    }
}

/// `90019`: it is over. `90033` has two meanings: the documents' table says that nobody is in it, the specification that the name
/// is taken; only what makes a conference can mean the latter.
fn of_conference(item: &ErrorItem, endpoint: Endpoint) -> Class {
    let nobody = item.code == "90019" || item.detail.to_lowercase().contains("participant");
    if matches!(endpoint, Endpoint::ConferenceEnd | Endpoint::ConferenceLeave) {
        Class::AlreadyDone
    } else if endpoint == Endpoint::Conferences && !nobody {
        Class::AlreadyExists
    } else {
        Class::ConferenceEnded
    }
}

fn of_number(item: &ErrorItem) -> Class {
    match item.pointer.as_deref() {
        Some(pointer) if pointer == "/to" || pointer.starts_with("/to/") => Class::InvalidDestination,
        Some("/from") => Class::InvalidCallerId,
        _ => Class::InvalidRequest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::RateLimit;

    fn answer(status: u16, items: &[(&str, &str)]) -> Error {
        let items = items.iter().map(|(code, pointer)| ErrorItem {
            code: (*code).to_owned(),
            pointer: Some(*pointer).filter(|p| *p != "-").map(str::to_owned),
            ..ErrorItem::default()
        });
        Error::Api(Box::new(ApiError { status, items: items.collect(), rate: RateLimit::default() }))
    }

    /// One row: status, code, pointer, endpoint, `->`, class.
    fn check(table: &str) {
        for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
            let cells: Vec<&str> = row.split_whitespace().collect();
            let [status, code, pointer, endpoint, "->", class] = cells[..] else { panic!("not a row: {row}") };
            let items: &[_] = if code == "-" { &[] } else { &[(code, pointer)] };
            let error = answer(status.parse().unwrap(), items);
            let endpoint = ALL.iter().find(|e| format!("{e:?}") == endpoint).expect(row);
            assert_eq!(format!("{:?}", classify(&error, *endpoint)), class, "{row}");
        }
    }

    const ALL: [Endpoint; 17] = [
        Endpoint::LeaveQueue,
        Endpoint::Conferences,
        Endpoint::Conference,
        Endpoint::ConferenceEnd,
        Endpoint::ConferenceLeave,
        Endpoint::Participants,
        Endpoint::Applications,
        Endpoint::Profiles,
        Endpoint::Queues,
        Endpoint::QueuedCalls,
        Endpoint::Dial,
        Endpoint::Call,
        Endpoint::Hangup,
        Endpoint::Command,
        Endpoint::ActiveCalls,
        Endpoint::CallEvents,
        Endpoint::WebhookDeliveries,
    ];

    #[test]
    fn status_code_field_and_endpoint_decide() {
        check(
            "
            429 10011 -              Dial         -> RequestRate
            429 90103 -              Dial         -> DialRate
            429 -     -              Applications -> RequestRate
            429 99999 -              Command      -> RequestRate
            422 10011 -              Dial         -> InvalidRequest
            401 10009 -              Applications -> Unauthenticated
            401 20006 -              Applications -> Unauthenticated
            401 -     -              Dial         -> Unauthenticated
            403 10010 -              Applications -> Forbidden
            403 10038 -              Profiles     -> FeatureNotPermitted
            403 10039 -              Profiles     -> FeatureNotPermitted
            403 -     -              Queues       -> Forbidden
            404 10005 -              Applications -> NotFound
            404 10007 -              Call         -> NotFound
            404 -     -              Call         -> NotFound
            404 90058 -              ConferenceEnd   -> AlreadyDone
            404 90058 -              ConferenceLeave -> AlreadyDone
            404 90058 -              Conference      -> NotFound
            404 90058 -              Participants    -> NotFound
            500 10007 -              Dial         -> Unavailable
            503 10007 -              Applications -> Unavailable
            502 -     -              Applications -> Unavailable
            408 -     -              Applications -> Unavailable
            422 10002 /to            Dial         -> InvalidDestination
            422 10016 /to            Dial         -> InvalidDestination
            422 10016 /to/0          Dial         -> InvalidDestination
            422 10016 /from          Dial         -> InvalidCallerId
            422 10016 -              Dial         -> InvalidRequest
            422 10016 /toll          Dial         -> InvalidRequest
            422 10015 /connection_id Dial         -> ApplicationUnusable
            422 10015 /timeout_secs  Dial         -> InvalidRequest
            422 10004 /name          Profiles     -> InvalidRequest
            422 10003 -              Applications -> InvalidRequest
            400 10032 -              Applications -> InvalidRequest
            422 10012 -              Queues       -> AlreadyExists
            409 10012 -              Queues       -> AlreadyExists
            409 10036 -              Queues       -> Busy
            422 10021 -              Profiles     -> Busy
            409 10035 -              Queues       -> Busy
            409 -     -              Queues       -> Busy
            422 90018 -              Hangup       -> AlreadyDone
            422 90018 -              Command      -> CallEnded
            422 90015 -              Command      -> CallEnded
            422 90015 -              Hangup       -> CallEnded
            422 90034 -              Command      -> NotAnsweredYet
            422 90020 -              Command      -> NotAnsweredYet
            422 90041 -              Dial         -> Capacity(Account)
            403 90041 -              Dial         -> Capacity(Account)
            422 90042 -              Dial         -> Capacity(Profile)
            403 90042 -              Dial         -> Capacity(Profile)
            422 90043 -              Dial         -> Capacity(Connection)
            422 90036 -              Command      -> Full
            422 90032 -              Command      -> Full
            422 90038 -              Command      -> AlreadyDone
            422 90019 -              ConferenceEnd   -> AlreadyDone
            422 90019 -              ConferenceLeave -> AlreadyDone
            422 90019 -              Conference      -> ConferenceEnded
            422 90032 -              Conference      -> Full
            422 90033 -              Conferences     -> AlreadyExists
            422 90033 -              Conference      -> ConferenceEnded
            422 90033 -              ConferenceLeave -> AlreadyDone
            422 90018 -              Conference      -> CallEnded
            422 90034 -              Conference      -> NotAnsweredYet
            422 90035 -              QueuedCalls  -> AlreadyDone
            422 90035 -              LeaveQueue   -> AlreadyDone
            422 90035 -              Command      -> InvalidRequest
            422 90037 -              Command      -> InvalidRequest
            400 90040 -              Command      -> MediaUnavailable
            400 90050 -              Queues       -> QueueNotEmpty
            422 90017 -              Command      -> InvalidRequest
            422 90102 -              Command      -> InvalidRequest
            422 99999 -              Command      -> InvalidRequest
            418 -     -              Command      -> Refused
            ",
        );
    }

    #[test]
    fn what_is_missing_or_empty_is_told_by_the_words_where_the_code_means_two_things() {
        let said = |status, code: &str, detail: &str, endpoint| {
            let item = ErrorItem { code: code.to_owned(), detail: detail.to_owned(), ..ErrorItem::default() };
            let answer = ApiError { status, items: vec![item], rate: RateLimit::default() };
            classify(&Error::Api(Box::new(answer)), endpoint)
        };
        let file = "Audio file not found";
        assert_eq!(said(404, "10005", file, Endpoint::Command), Class::MediaUnavailable);
        assert_eq!(said(404, "10005", "Call not found", Endpoint::Command), Class::NotFound);
        assert_eq!(said(404, "10005", file, Endpoint::Applications), Class::NotFound);
        let nobody = "The conference has no active participants";
        assert_eq!(said(422, "90033", nobody, Endpoint::Conferences), Class::ConferenceEnded);
        assert_eq!(said(422, "90033", "Name taken", Endpoint::Conferences), Class::AlreadyExists);
    }

    #[test]
    fn the_first_error_with_a_meaning_decides() {
        let error = answer(422, &[("99999", "-"), ("90018", "-")]);
        assert_eq!(classify(&error, Endpoint::Hangup), Class::AlreadyDone);
    }

    #[test]
    fn a_fate_that_is_unknown_is_not_taken_for_a_refusal() {
        let timeout = Error::Timeout { after: std::time::Duration::from_secs(1) };
        assert_eq!(classify(&timeout, Endpoint::Dial), Class::FateUnknown);
        assert_eq!(classify(&Error::AcceptedWithoutIds { status: 200 }, Endpoint::Dial), Class::AcceptedWithoutIds);
        let unreadable = Error::Decode { status: 200, line: 1, column: 1 };
        assert_eq!(classify(&unreadable, Endpoint::Call), Class::Unreadable);
    }
}
