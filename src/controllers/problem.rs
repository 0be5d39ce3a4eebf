//! Why a pass over a campaign or a job cannot go on.

use crate::dialing::conditions::Reason;
use crate::dialing::{FieldError, HandInError, RememberError, Stopping};

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

/// A problem that the next look would meet as well, so that it can be told again without looking.
#[derive(Clone, Debug)]
pub(super) enum Lasting {
    /// See [`Problem::Waiting`].
    Waiting(Reason, String),
    /// See [`Problem::Stalled`].
    Stalled(Reason, String),
}

impl From<Lasting> for Problem {
    fn from(lasting: Lasting) -> Self {
        match lasting {
            Lasting::Waiting(reason, message) => Self::Waiting { reason, message },
            Lasting::Stalled(reason, message) => Self::Stalled { reason, message },
        }
    }
}

impl Problem {
    /// What can be told again, where it is of that kind.
    pub(super) fn lasting(&self) -> Option<Lasting> {
        match self {
            Self::Waiting { reason, message } => Some(Lasting::Waiting(*reason, message.clone())),
            Self::Stalled { reason, message } => Some(Lasting::Stalled(*reason, message.clone())),
            Self::Kube(_) | Self::Restarting => None,
        }
    }

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

/// What has to outlive the jobs could not be stored: it is tried again before anything is let go.
impl From<RememberError> for Problem {
    fn from(error: RememberError) -> Self {
        match error {
            RememberError::Ledger(error) => Self::Kube(error),
            RememberError::Stopping(_) => Self::Restarting,
            RememberError::OptOuts(_) | RememberError::Targets(_) => {
                tracing::warn!(%error, "what has to outlive the jobs could not be stored yet");
                Self::Restarting
            }
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
