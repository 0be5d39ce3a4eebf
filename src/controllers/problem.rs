//! Why a pass over a campaign or a job cannot go on.

use crate::dialing::conditions::Reason;
use crate::dialing::{FieldError, HandInError, Stopping};

/// Why a pass cannot go on.
#[derive(Debug)]
pub(super) enum Problem {
    /// Something that the campaign needs is not there yet.
    Waiting {
        /// What.
        reason: Reason,
        /// What would help.
        message: String,
    },
    /// Only a person can help.
    Stalled {
        /// Why.
        reason: Reason,
        /// What would help.
        message: String,
    },
    /// The API server did not do as asked; it is asked again.
    Kube(kube::Error),
    /// The account's dialer is about to start anew.
    Restarting,
}

impl Problem {
    pub(super) fn waiting(reason: Reason, message: impl Into<String>) -> Self {
        Self::Waiting { reason, message: message.into() }
    }

    pub(super) fn stalled(reason: Reason, message: impl Into<String>) -> Self {
        Self::Stalled { reason, message: message.into() }
    }
}

impl From<kube::Error> for Problem {
    fn from(error: kube::Error) -> Self {
        Self::Kube(error)
    }
}

impl From<HandInError> for Problem {
    fn from(error: HandInError) -> Self {
        match error {
            HandInError::Load(error) => Self::stalled(Reason::TargetsNotReadable, error.to_string()),
            HandInError::Stopping(_) => Self::Restarting,
        }
    }
}

impl From<Stopping> for Problem {
    fn from(_: Stopping) -> Self {
        Self::Restarting
    }
}

/// Fields that cannot be acted on, all of them.
impl From<Vec<FieldError>> for Problem {
    fn from(errors: Vec<FieldError>) -> Self {
        let message = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Self::stalled(Reason::InvalidSpec, message)
    }
}
