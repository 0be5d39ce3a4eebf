//! What travels with a call: whose attempt it is and how far the announcement, or the flow, has come.
//!
//! Promises that what is encoded decodes to the same, in at most [`MAX_ENCODED`] bytes, and that foreign text is told
//! apart. Does not know what follows from a position, nor what a flow remembers: while a flow has the call its own state
//! travels instead, and carries [`ClientState::to_text`] along.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::detail::Detail;
use crate::ids::{AttemptKey, DialKey, OwnerId, TargetId};

/// The most bytes that a `client_state` takes, base64 included. Telnyx documents no limit; this stays far below what
/// it is seen to carry.
pub const MAX_ENCODED: usize = 512;

const FORMAT: &str = "1";

/// Whose attempt a leg is and how far its treatment has come. Telnyx echoes it in every webhook of the leg.
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

/// How far the announcement, or the flow, on a leg has come. It only grows while the leg lives.
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
    /// A flow has the call.
    InFlow(InFlow),
    /// We have asked to hang up.
    HangingUp {
        /// What had been reached by then.
        ending: Ending,
        /// With whom.
        with: Party,
    },
}

/// What is to be known of a flow that has the call. A later visit knows better than an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InFlow {
    /// Steps that the flow has entered so far; 0: it was asked to begin; the most that there are: it will enter none.
    pub visit: u16,
    /// With whom.
    pub with: Party,
    /// Whether the flow has come to its end, and how.
    pub end: FlowEnd,
    /// Whether the flow has said that it reached what it is for.
    pub purpose: Purpose,
    /// The callee asked not to be called again.
    pub opted_out: bool,
    /// What the flow calls the call's outcome.
    pub detail: Option<Detail>,
}

/// How a flow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowEnd {
    /// It has not: whoever hangs up now cuts it short.
    UnderWay,
    /// It came to its end.
    Completed,
    /// A step had an error that nothing handled.
    Failed,
    /// Its time was over.
    TimeLimit,
    /// We have asked to hang up: the campaign was suspended or removed.
    Canceled,
}

/// Whether a flow reached what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// It has not said: its end decides.
    Unsaid,
    /// It did, however the call ends.
    Reached,
    /// It did not, though it comes to its end.
    Missed,
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
            Self::Listening
            | Self::AwaitingBeep
            | Self::Announcing { .. }
            | Self::InFlow(_)
            | Self::HangingUp { .. } => true,
        }
    }

    /// Short text: `r`, `l`, `b`, `p1h` (playing, first time, human), `f3huu` (in a flow, third step, human, under way,
    /// nothing said), `hdm` (hanging up, delivered, machine).
    #[must_use]
    pub fn encode(self) -> String {
        match self {
            Self::Ringing => "r".to_owned(),
            Self::Listening => "l".to_owned(),
            Self::AwaitingBeep => "b".to_owned(),
            Self::Announcing { visit, to } => format!("p{visit}{}", to.letter()),
            Self::InFlow(flow) => flow.encode(),
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
            'f' => return InFlow::decode(letters.as_str()).map(Self::InFlow),
            'h' => {
                let ending = Ending::from_letter(letters.next())?;
                Self::HangingUp { ending, with: Party::from_letter(letters.next())? }
            }
            _ => return Err(ForeignClientState),
        };
        if letters.as_str().is_empty() { Ok(position) } else { Err(ForeignClientState) }
    }
}

impl InFlow {
    /// A flow that is asked to begin.
    #[must_use]
    pub fn beginning(with: Party) -> Self {
        Self { visit: 0, with, end: FlowEnd::UnderWay, purpose: Purpose::Unsaid, opted_out: false, detail: None }
    }

    /// We hang up in the middle of it; what it has said stays said. `None`: we have done so. No visit comes after that.
    pub(crate) fn canceled(self) -> Option<Self> {
        (self.end != FlowEnd::Canceled).then_some(Self { visit: u16::MAX, end: FlowEnd::Canceled, ..self })
    }

    /// Whether a later position says more than how far the flow is.
    pub(crate) fn says_more_than(&self, before: Option<Self>) -> bool {
        let said = |flow: Self| (flow.end, flow.purpose, flow.opted_out, flow.detail);
        said(*self) != said(before.unwrap_or_else(|| Self::beginning(self.with)))
    }

    fn encode(self) -> String {
        let Self { visit, with, end, purpose, opted_out, detail } = self;
        let opted_out = if opted_out { "o" } else { "" };
        let detail = detail.map(|detail| format!(":{detail}")).unwrap_or_default();
        format!("f{visit}{}{}{}{opted_out}{detail}", with.letter(), end.letter(), purpose.letter())
    }

    /// Reads what follows the `f`.
    fn decode(text: &str) -> Result<Self, ForeignClientState> {
        let (letters, detail) = match text.split_once(':') {
            Some((letters, detail)) => (letters, Some(Detail::parse(detail).ok_or(ForeignClientState)?)),
            None => (text, None),
        };
        let (letters, opted_out) = letters.strip_suffix('o').map_or((letters, false), |letters| (letters, true));
        let mut letters = letters.chars();
        let purpose = Purpose::from_letter(letters.next_back())?;
        let end = FlowEnd::from_letter(letters.next_back())?;
        let with = Party::from_letter(letters.next_back())?;
        let visit = letters.as_str().parse().map_err(|_| ForeignClientState)?;
        Ok(Self { visit, with, end, purpose, opted_out, detail })
    }
}

impl FlowEnd {
    const ALL: [Self; 5] = [Self::UnderWay, Self::Completed, Self::Failed, Self::TimeLimit, Self::Canceled];

    fn letter(self) -> char {
        match self {
            Self::UnderWay => 'u',
            Self::Completed => 'c',
            Self::Failed => 'x',
            Self::TimeLimit => 't',
            Self::Canceled => 'a',
        }
    }

    fn from_letter(letter: Option<char>) -> Result<Self, ForeignClientState> {
        Self::ALL.into_iter().find(|end| Some(end.letter()) == letter).ok_or(ForeignClientState)
    }
}

impl Purpose {
    const ALL: [Self; 3] = [Self::Unsaid, Self::Reached, Self::Missed];

    fn letter(self) -> char {
        match self {
            Self::Unsaid => 'u',
            Self::Reached => 'r',
            Self::Missed => 'm',
        }
    }

    fn from_letter(letter: Option<char>) -> Result<Self, ForeignClientState> {
        Self::ALL.into_iter().find(|purpose| Some(purpose.letter()) == letter).ok_or(ForeignClientState)
    }
}

impl Party {
    const ALL: [Self; 6] = [Self::Unscreened, Self::NotSure, Self::Human, Self::Machine, Self::Fax, Self::Silence];

    /// The word for it in stored states and results.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unscreened => "unscreened",
            Self::NotSure => "not_sure",
            Self::Human => "human",
            Self::Machine => "machine",
            Self::Fax => "fax",
            Self::Silence => "silence",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|party| party.as_str() == text)
    }

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
    /// Base64 of [`to_text`](Self::to_text), as Telnyx wants it.
    #[must_use]
    pub fn encode(&self) -> String {
        STANDARD.encode(self.to_text())
    }

    /// `1|owner|target|n|refusals|position`: for a flow's state to carry along.
    #[must_use]
    pub fn to_text(&self) -> String {
        let DialKey { attempt: AttemptKey { owner, target, n }, refusals } = &self.key;
        format!("{FORMAT}|{owner}|{target}|{n}|{refusals}|{}", self.position.encode())
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub fn decode(text: &str) -> Result<Self, ForeignClientState> {
        if text.len() > MAX_ENCODED {
            return Err(ForeignClientState);
        }
        let bytes = STANDARD.decode(text).map_err(|_| ForeignClientState)?;
        Self::from_text(std::str::from_utf8(&bytes).map_err(|_| ForeignClientState)?)
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    pub fn from_text(text: &str) -> Result<Self, ForeignClientState> {
        // A position comes last: what a flow calls an outcome may hold anything.
        let mut parts = text.splitn(6, '|');
        let mut part = || parts.next().ok_or(ForeignClientState);
        if part()? != FORMAT {
            return Err(ForeignClientState);
        }
        let owner = OwnerId::parse(part()?).map_err(|_| ForeignClientState)?;
        let target = TargetId::parse(part()?).map_err(|_| ForeignClientState)?;
        let n = part()?.parse().map_err(|_| ForeignClientState)?;
        let refusals = part()?.parse().map_err(|_| ForeignClientState)?;
        let position = Position::decode(part()?)?;
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
            in_flow().prop_map(Position::InFlow),
            (prop::sample::select(Ending::ALL.to_vec()), party())
                .prop_map(|(ending, with)| Position::HangingUp { ending, with }),
        ]
    }

    fn in_flow() -> impl Strategy<Value = InFlow> {
        let words = (
            prop::sample::select(Party::ALL.to_vec()),
            prop::sample::select(FlowEnd::ALL.to_vec()),
            prop::sample::select(Purpose::ALL.to_vec()),
        );
        (any::<u16>(), words, any::<bool>(), ".{0,20}").prop_map(|(visit, (with, end, purpose), opted_out, detail)| {
            InFlow { visit, with, end, purpose, opted_out, detail: Detail::parse(&detail) }
        })
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
            prop_assert_eq!(ClientState::decode(&text), Ok(state.clone()));
            prop_assert_eq!(ClientState::from_text(&state.to_text()), Ok(state));
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
            "1|o|t|1|0|f",
            "1|o|t|1|0|f1hu",
            "1|o|t|1|0|fhuu",
            "1|o|t|1|0|f1huu:",
            "1|o|t|1|0|f1huux",
        ] {
            assert_eq!(ClientState::decode(&STANDARD.encode(plain)), Err(ForeignClientState), "{plain}");
        }
        assert_eq!(ClientState::decode("not base64!"), Err(ForeignClientState));
    }
}
