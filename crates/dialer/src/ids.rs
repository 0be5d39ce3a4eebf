//! Names of things: owners, jobs, targets, attempts, commands, call legs.
//!
//! Promises that an id of one kind cannot stand where another is meant, and that ids which travel in `client_state`
//! keep to an alphabet without its separator. Does not know what the ids point to.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

/// The text does not fit the id: 1 to 63 letters, digits, `-`, `_` or `.`, first and last a letter or digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: use 1 to 63 letters, digits, '-', '_' or '.', beginning and ending with a letter or digit")]
pub struct NotAnId;

fn is_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses 1 to 63 letters, digits, `-`, `_` or `.`, beginning and ending with a letter or digit
            /// (the alphabet of a Kubernetes label value; every UID fits).
            pub fn parse(text: &str) -> Result<Self, NotAnId> {
                if is_id(text) { Ok(Self(text.into())) } else { Err(NotAnId) }
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// Who pays and decides for a target: the UID of the campaign, or of the DialJob when it stands alone.
    OwnerId
}
text_id! {
    /// A shard of an owner's audience: the UID of the DialJob.
    JobId
}
text_id! {
    /// A target, unique within its owner. Not the telephone number: one number may be two targets, and ids are logged.
    TargetId
}

/// The n-th attempt to reach a target. Nothing rings twice under one key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptKey {
    /// Whose target it is.
    pub owner: OwnerId,
    /// Which target.
    pub target: TargetId,
    /// 1 for the first attempt. An attempt that ends without ringing gives its number back.
    pub n: u16,
}

impl fmt::Display for AttemptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.owner, self.target, self.n)
    }
}

/// One dial of an attempt. An attempt that was refused, released or lost at the carrier keeps its number and is dialled
/// under the next `refusals`; a resend keeps both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DialKey {
    /// Which attempt.
    pub attempt: AttemptKey,
    /// Claims of the target that came to nothing before, over its whole life.
    pub refusals: u32,
}

impl fmt::Display for DialKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.attempt, self.refusals)
    }
}

/// Namespace of every id derived here.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_5b0e_9c3a_4f57_8a54_1c52_70d9_e2b3);

/// What Telnyx deduplicates by. Derived, never drawn: after a crash the same step derives the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommandId(Uuid);

impl CommandId {
    /// The id of a dial: one per attempt and count of claims that came to nothing before. A refused dial may have
    /// burnt its id for 60 s, so the next try takes another.
    #[must_use]
    pub fn of_dial(key: &DialKey) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, format!("dial/{key}").as_bytes()))
    }

    /// The id of a command on a leg: one per step, visit of it, and refusal.
    #[must_use]
    pub fn of_step(leg: &CallLegId, step: &str, visit: u8, refusals: u16) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, format!("step/{leg}/{step}/{visit}/{refusals}").as_bytes()))
    }

    /// The id as a UUID.
    #[must_use]
    pub fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it came.
            #[must_use]
            pub fn new(text: &str) -> Self {
                Self(text.into())
            }

            /// The text as it came.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

opaque_id! {
    /// Telnyx's `call_control_id`: addresses commands.
    CallControlId
}
opaque_id! {
    /// Telnyx's `call_leg_id`: names the leg in webhooks and in the event log.
    CallLegId
}
opaque_id! {
    /// The version of a stored job, as the store counts it (Kubernetes: `resourceVersion`). Compared for equality only.
    Version
}

/// Both names of one call leg.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leg {
    /// Addresses commands.
    pub control: CallControlId,
    /// Names the leg in webhooks and in the event log.
    pub id: CallLegId,
}

/// One life of a dialer. Drawn at random by the shell at each start, so that a claim found in the store tells whether
/// this process made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(pub u32);

/// Names one delivery of a webhook that waits for its answer. The shell makes it; the dialer answers it exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryToken(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_to_its_alphabet() {
        let long = "a".repeat(63);
        for good in ["a", "row-17", "0b6b4d2e-0000-4000-8000-00000000cafe", long.as_str()] {
            assert_eq!(TargetId::parse(good).unwrap().as_str(), good);
        }
        let too_long = "a".repeat(64);
        for bad in ["", "-a", "a-", "a|b", "a b", "é", too_long.as_str()] {
            assert_eq!(TargetId::parse(bad), Err(NotAnId), "{bad:?}");
        }
    }

    #[test]
    fn a_refusal_changes_the_dial_id_and_nothing_else_does() {
        let owner = OwnerId::parse("o").unwrap();
        let attempt = |n| AttemptKey { owner: owner.clone(), target: TargetId::parse("t").unwrap(), n };
        let id = |n, refusals| CommandId::of_dial(&DialKey { attempt: attempt(n), refusals });
        assert_eq!(id(1, 0), id(1, 0));
        assert_ne!(id(1, 0), id(1, 1));
        assert_ne!(id(1, 0), id(2, 0));
    }
}
