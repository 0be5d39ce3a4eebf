//! From an error of the API to how the pass ends.

use super::accounts::Account;
use reconcile_plan::{Outcome, Reason, Referent, RetryClass, pointer_to_spec_path};
use std::time::Duration;
use telnyx_voice::{Class, Endpoint, Error, classify};

/// What was tried, for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Listing or reading.
    Reading,
    /// Creating.
    Creating,
    /// Changing.
    Updating,
    /// Deleting.
    Deleting,
}

impl Doing {
    fn verb(self) -> &'static str {
        match self {
            Self::Reading => "read",
            Self::Creating => "created",
            Self::Updating => "changed",
            Self::Deleting => "deleted",
        }
    }
}

/// How a pass ends after a panic.
#[must_use]
pub fn stumbled() -> Outcome {
    let message = "the operator stumbled over this object; its log has the details".to_owned();
    Outcome::Retry { class: RetryClass::Internal, after: None, message }
}

/// How a pass ends after `error`. A refused key is the account's trouble: the account is told, and its users wait for it.
#[must_use]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the classes are open; a no of an unknown kind is the spec's affair"
)]
pub fn outcome_of(error: &Error, endpoint: Endpoint, doing: Doing, account: &Account) -> Outcome {
    let class = classify(error, endpoint);
    let retry = |class, after| Outcome::Retry { class, after, message: said(error, doing) };
    match class {
        Class::Unauthenticated => {
            account.refused();
            Outcome::waiting(credentials_refused(account))
        }
        Class::Forbidden | Class::FeatureNotPermitted => Outcome::Terminal {
            reason: Reason::PermissionDenied,
            message: format!(
                "{}. Give the API key this permission, or ask Telnyx to enable the feature",
                said(error, doing)
            ),
        },
        Class::RequestRate | Class::DialRate => {
            retry(RetryClass::RateLimited, error.api().and_then(|answer| answer.rate.reset))
        }
        Class::Withheld => retry(RetryClass::Withheld, None),
        Class::AlreadyExists => retry(RetryClass::FateUnknown, None),
        _ if doing == Doing::Creating && error.may_have_acted() => retry(RetryClass::FateUnknown, None),
        Class::Unavailable | Class::NotSent | Class::NotFound | Class::FateUnknown | Class::AcceptedWithoutIds => {
            retry(RetryClass::ApiUnavailable, None)
        }
        Class::Busy | Class::Capacity(_) | Class::Full => retry(RetryClass::InUse, None),
        Class::QueueNotEmpty => draining(None),
        _ => Outcome::Terminal { reason: Reason::InvalidSpec, message: refused(error, doing) },
    }
}

/// How often it is tried to delete a queue in which calls wait.
const DRAINING: Duration = Duration::from_secs(5);

/// How a pass ends that found calls in a queue which is to go; `waiting` is how many, where that could be read.
#[must_use]
pub(super) fn draining(waiting: Option<u64>) -> Outcome {
    let who = match waiting {
        Some(1) => "1 call still waits".to_owned(),
        Some(number) => format!("{number} calls still wait"),
        None => "calls still wait".to_owned(),
    };
    let message = format!("{who} in the queue: it is deleted once they have left");
    Outcome::Retry { class: RetryClass::Draining, after: Some(DRAINING), message }
}

/// What users of an account whose key was refused wait for.
#[must_use]
pub(super) fn credentials_refused(account: &Account) -> Referent {
    Referent {
        reason: Reason::AccountNotReady,
        kind: "TelnyxAccount",
        name: account.key.to_string(),
        need: "the API refused its key".to_owned(),
    }
}

fn said(error: &Error, doing: Doing) -> String {
    format!("it could not be {}: {error}", doing.verb())
}

/// Names each field that the API complained of by its path in the manifest.
fn refused(error: &Error, doing: Doing) -> String {
    let Some(answer) = error.api() else { return said(error, doing) };
    let complaints: Vec<String> = answer
        .items
        .iter()
        .map(|item| {
            let field = item.pointer.as_deref().and_then(pointer_to_spec_path);
            let what = if item.detail.is_empty() { item.title.clone() } else { item.safe_detail() };
            match field {
                Some(path) => format!("{path}: {what} (code {})", item.code),
                None => format!("{what} (code {})", item.code),
            }
        })
        .collect();
    if complaints.is_empty() {
        return said(error, doing);
    }
    format!("the API refused it: {}. Correct the spec; it is tried again at once", complaints.join("; "))
}
