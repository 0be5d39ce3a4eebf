//! What travels with a call: whose attempt it is and how far the announcement has come.
//!
//! Promises that what is encoded decodes to the same, in at most [`MAX_ENCODED`] bytes, and that foreign text is told
//! apart. Does not know what follows from a position.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ids::{AttemptKey, DialKey, OwnerId, TargetId};

/// The most bytes that a `client_state` takes, base64 included. Telnyx documents no limit; this stays far below what
/// it is seen to carry.
pub const MAX_ENCODED: usize = 512;

const FORMAT: &str = "1";

/// Whose attempt a leg is and how far its announcement has come. Telnyx echoes it in every webhook of the leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientState {
    /// Which dial of which attempt.
    pub key: DialKey,
    /// How far.
    pub position: Position,
}

/// The text was not written by [`ClientState::encode`]: the leg is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a client_state of this dialer")]
pub struct ForeignClientState;

/// How far the announcement on a leg has come. It only grows while the leg lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Position {
    /// Dialled, not answered.
    Ringing,
    /// Answered; waits for the detector's verdict.
    Listening,
    /// A machine; waits for the end of its greeting.
    AwaitingBeep,
    /// The announcement is being played.
    Announcing {
        /// 1 at first; one more each time that the detector cut it.
        visit: u8,
        /// To whom.
        to: Party,
    },
    /// We have asked to hang up.
    HangingUp {
        /// What had been reached by then.
        ending: Ending,
        /// With whom.
        with: Party,
    },
}

/// Who is on the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// Nobody looked: detection is disabled, or the call was not answered.
    Unscreened,
    /// The detector could not tell.
    NotSure,
    /// A person.
    Human,
    /// An answering machine.
    Machine,
    /// A fax.
    Fax,
    /// Nobody spoke.
    Silence,
}

/// What had been reached when we asked to hang up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// The announcement was played to its end.
    Delivered,
    /// Policy said not to play it to such a party.
    Declined,
    /// It could not be played.
    Failed,
    /// The campaign was suspended or removed.
    Canceled,
}

impl Position {
    /// Whether the call has been answered, as far as is known.
    #[must_use]
    pub fn is_answered(self) -> bool {
        match self {
            Self::Ringing | Self::HangingUp { ending: Ending::Canceled, with: Party::Unscreened } => false,
            Self::Listening | Self::AwaitingBeep | Self::Announcing { .. } | Self::HangingUp { .. } => true,
        }
    }

    /// Short text: `r`, `l`, `b`, `p1h` (playing, first time, human), `hdm` (hanging up, delivered, machine).
    #[must_use]
    pub fn encode(self) -> String {
        match self {
            Self::Ringing => "r".to_owned(),
            Self::Listening => "l".to_owned(),
            Self::AwaitingBeep => "b".to_owned(),
            Self::Announcing { visit, to } => format!("p{visit}{}", to.letter()),
            Self::HangingUp { ending, with } => format!("h{}{}", ending.letter(), with.letter()),
        }
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub fn decode(text: &str) -> Result<Self, ForeignClientState> {
        let mut letters = text.chars();
        let position = match letters.next().ok_or(ForeignClientState)? {
            'r' => Self::Ringing,
            'l' => Self::Listening,
            'b' => Self::AwaitingBeep,
            'p' => {
                let to = Party::from_letter(letters.next_back())?;
                let visit = letters.as_str().parse().map_err(|_| ForeignClientState)?;
                letters = "".chars();
                Self::Announcing { visit, to }
            }
            'h' => {
                let ending = Ending::from_letter(letters.next())?;
                Self::HangingUp { ending, with: Party::from_letter(letters.next())? }
            }
            _ => return Err(ForeignClientState),
        };
        if letters.as_str().is_empty() { Ok(position) } else { Err(ForeignClientState) }
    }
}

impl Party {
    const ALL: [Self; 6] = [Self::Unscreened, Self::NotSure, Self::Human, Self::Machine, Self::Fax, Self::Silence];

    fn letter(self) -> char {
        match self {
            Self::Unscreened => 'u',
            Self::NotSure => 'n',
            Self::Human => 'h',
            Self::Machine => 'm',
            Self::Fax => 'f',
            Self::Silence => 's',
        }
    }

    fn from_letter(letter: Option<char>) -> Result<Self, ForeignClientState> {
        Self::ALL.into_iter().find(|party| Some(party.letter()) == letter).ok_or(ForeignClientState)
    }
}

impl Ending {
    const ALL: [Self; 4] = [Self::Delivered, Self::Declined, Self::Failed, Self::Canceled];

    fn letter(self) -> char {
        match self {
            Self::Delivered => 'd',
            Self::Declined => 'r',
            Self::Failed => 'x',
            Self::Canceled => 'c',
        }
    }

    fn from_letter(letter: Option<char>) -> Result<Self, ForeignClientState> {
        Self::ALL.into_iter().find(|ending| Some(ending.letter()) == letter).ok_or(ForeignClientState)
    }
}

impl ClientState {
    /// Base64 of `1|owner|target|n|refusals|position`, as Telnyx wants it.
    #[must_use]
    pub fn encode(&self) -> String {
        let DialKey { attempt: AttemptKey { owner, target, n }, refusals } = &self.key;
        STANDARD.encode(format!("{FORMAT}|{owner}|{target}|{n}|{refusals}|{}", self.position.encode()))
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub fn decode(text: &str) -> Result<Self, ForeignClientState> {
        if text.len() > MAX_ENCODED {
            return Err(ForeignClientState);
        }
        let bytes = STANDARD.decode(text).map_err(|_| ForeignClientState)?;
        let plain = std::str::from_utf8(&bytes).map_err(|_| ForeignClientState)?;
        let mut parts = plain.split('|');
        let mut part = || parts.next().ok_or(ForeignClientState);
        if part()? != FORMAT {
            return Err(ForeignClientState);
        }
        let owner = OwnerId::parse(part()?).map_err(|_| ForeignClientState)?;
        let target = TargetId::parse(part()?).map_err(|_| ForeignClientState)?;
        let n = part()?.parse().map_err(|_| ForeignClientState)?;
        let refusals = part()?.parse().map_err(|_| ForeignClientState)?;
        let position = Position::decode(part()?)?;
        if parts.next().is_some() {
            return Err(ForeignClientState);
        }
        Ok(Self { key: DialKey { attempt: AttemptKey { owner, target, n }, refusals }, position })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn position() -> impl Strategy<Value = Position> {
        let party = || prop::sample::select(Party::ALL.to_vec());
        prop_oneof![
            Just(Position::Ringing),
            Just(Position::Listening),
            Just(Position::AwaitingBeep),
            (any::<u8>(), party()).prop_map(|(visit, to)| Position::Announcing { visit, to }),
            (prop::sample::select(Ending::ALL.to_vec()), party())
                .prop_map(|(ending, with)| Position::HangingUp { ending, with }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_and_fits(
            owner in "[a-zA-Z0-9]([-a-zA-Z0-9_.]{0,61}[a-zA-Z0-9])?",
            target in "[a-zA-Z0-9]([-a-zA-Z0-9_.]{0,61}[a-zA-Z0-9])?",
            n in any::<u16>(),
            refusals in any::<u32>(),
            position in position(),
        ) {
            let (owner, target) = (OwnerId::parse(&owner).unwrap(), TargetId::parse(&target).unwrap());
            let key = DialKey { attempt: AttemptKey { owner, target, n }, refusals };
            let state = ClientState { key, position };
            let text = state.encode();
            prop_assert!(text.len() <= MAX_ENCODED);
            prop_assert_eq!(ClientState::decode(&text), Ok(state));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            let _ = ClientState::decode(&text);
            let _ = ClientState::decode(&STANDARD.encode(&text));
            let _ = Position::decode(&text);
        }
    }

    #[test]
    fn foreign_text_is_refused() {
        for plain in [
            "",
            "hello",
            "2|o|t|1|0|r",
            "1|o|t|1|0|r|x",
            "1|o|t|x|0|r",
            "1||t|1|0|r",
            "1|o|t|1|0|q",
            "1|o|t|1|0|rr",
            "1|o|t|1|0|p999h",
        ] {
            assert_eq!(ClientState::decode(&STANDARD.encode(plain)), Err(ForeignClientState), "{plain}");
        }
        assert_eq!(ClientState::decode("not base64!"), Err(ForeignClientState));
    }
}
