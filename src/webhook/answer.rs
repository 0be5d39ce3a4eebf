//! Every way a delivery can end, and what Telnyx is told.
//!
//! Telnyx sends again after 408, 429 and 5xx, and never after any other 4xx (receiving webhooks guide). So a 4xx is only
//! for what we would not want again even if it came a hundred times; whatever may be fine in a moment is a 503.

use http::StatusCode;

/// How a delivery ended. Also the `result` label of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Its effect is durable.
    Acknowledged,
    /// Signed and understood, but no attempt of ours needs it.
    NotNeeded,
    /// Its effect was durable already.
    Duplicate,
    /// Another delivery of the same event is being handled.
    InFlight,
    /// The account's actor has as much to do as it may hold.
    Busy,
    /// The actor could not make the effect durable now: it is stopping, or a write failed.
    NotNow,
    /// The actor did not say in time; Telnyx waits two seconds.
    TooSlow,
    /// The operator does not know all accounts yet.
    NotSynced,
    /// The account exists but has no usable public key or is not Ready: its owner can mend that.
    AccountNotReady,
    /// The replica that acts for the account has answered that its effect is durable, or that it has none.
    PassedOn,
    /// Another replica acts for the account, and nobody knows which; or it was passed on to this one, which does not act.
    NoHolder,
    /// The replica that acts for the account was not reached in time, or wants it again.
    HolderNotNow,
    /// More deliveries per second than the bound.
    RateBound,
    /// Signed too long ago, or in the future. Not a 4xx: it may be *our* clock, and whether a second delivery is signed
    /// afresh is not documented.
    Stale,
    /// The body did not arrive in time.
    BodyTimeout,
    /// There is certainly no such account.
    UnknownAccount,
    /// Not a path of ours.
    NotFound,
    /// Not a POST.
    MethodNotAllowed,
    /// Body over the bound.
    TooLarge,
    /// The signature is missing or wrong.
    Forged,
    /// Signed, but not a webhook as documented.
    Malformed,
}

impl Answer {
    /// What Telnyx is told.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Acknowledged | Self::NotNeeded | Self::Duplicate | Self::PassedOn => StatusCode::OK,
            Self::InFlight
            | Self::Busy
            | Self::NotNow
            | Self::TooSlow
            | Self::NotSynced
            | Self::AccountNotReady
            | Self::NoHolder
            | Self::HolderNotNow
            | Self::RateBound
            | Self::Stale => StatusCode::SERVICE_UNAVAILABLE,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::UnknownAccount | Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Forged => StatusCode::UNAUTHORIZED,
            Self::Malformed => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// Whether it is for somebody of whom nothing is believed. They have their answer, and no connection to keep.
    #[must_use]
    pub const fn is_for_a_stranger(self) -> bool {
        match self {
            Self::NotSynced
            | Self::AccountNotReady
            | Self::RateBound
            | Self::Stale
            | Self::BodyTimeout
            | Self::UnknownAccount
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::TooLarge
            | Self::Forged => true,
            Self::Acknowledged
            | Self::NotNeeded
            | Self::Duplicate
            | Self::InFlight
            | Self::Busy
            | Self::NotNow
            | Self::TooSlow
            | Self::PassedOn
            | Self::NoHolder
            | Self::HolderNotNow
            | Self::Malformed => false,
        }
    }

    /// The metrics label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::NotNeeded => "not_needed",
            Self::Duplicate => "duplicate",
            Self::InFlight => "in_flight",
            Self::Busy => "busy",
            Self::NotNow => "not_now",
            Self::TooSlow => "too_slow",
            Self::NotSynced => "not_synced",
            Self::AccountNotReady => "account_not_ready",
            Self::PassedOn => "passed_on",
            Self::NoHolder => "no_holder",
            Self::HolderNotNow => "holder_not_now",
            Self::RateBound => "rate_bound",
            Self::Stale => "stale",
            Self::BodyTimeout => "body_timeout",
            Self::UnknownAccount => "unknown_account",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TooLarge => "too_large",
            Self::Forged => "forged",
            Self::Malformed => "malformed",
        }
    }
}
