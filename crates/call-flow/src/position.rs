//! How far a call has come, and how that travels in its `client_state`.
//!
//! Promises that what is encoded decodes to the same, in at most 512 characters, and that foreign text, another version and another
//! revision are told apart without an error. Does not know what follows from a position.
//!
//! The form: two letters that nobody else uses, a version, a kind, the fields in order, two bytes of a SHA-256 over all of it.
//! Numbers are LEB128, texts are preceded by their length.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use telnyx_voice::{CallControlId, CallLegId, ClientState, ClientStateTooLong};

use crate::bytes::{Reader, Writer};
use crate::caller::Caller;

const MAGIC: [u8; 2] = *b"cf";
const VERSION: u8 = 1;
const LEG: u8 = 1;
const SECOND_LEG: u8 = 2;

/// The longest [`origin`](Position::origin), in bytes: an attempt's key with a UID, a target's id and two counts.
pub const MAX_ORIGIN: usize = 128;

/// The longest [`outcome`](Position::outcome), in bytes.
pub const MAX_OUTCOME: usize = 64;

/// The most steps whose sound goes on in the background at a time; of more, the earliest are forgotten.
pub const MAX_BACKGROUND: usize = 8;

/// Which flow, at which revision. A call keeps the revision that it began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowKey {
    /// The flow, whatever its revision: a hash of its UID.
    pub flow: u64,
    /// The revision: `metadata.generation` of the object.
    pub revision: u32,
}

impl FlowKey {
    /// The key of a flow by its UID.
    #[must_use]
    pub fn new(uid: &str, revision: u32) -> Self {
        let digest = Sha256::digest(uid.as_bytes());
        let flow = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        Self { flow, revision }
    }
}

/// Which way a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallDirection {
    /// It came in.
    Inbound,
    /// It was placed.
    Outbound,
}

/// What is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// An outbound call is not answered yet.
    Ringing,
    /// It is answered; the detector has not said by whom.
    Listening,
    /// By a machine, whose greeting has not ended.
    AwaitingGreetingEnd,
    /// The step is under way: its command is being accepted, carried out, or its time runs.
    UnderWay,
    /// The API wants the call to be answered first; the step begins again then.
    AwaitingAnswer,
    /// The step has what it wanted and lasts: bridged, in a queue, in a conference.
    Established,
    /// The call has left the step's conference. A call that is hung up leaves too, so it is asked whether it lives.
    Left,
    /// The step's conference or conversation has ended; whether the call lives is asked likewise.
    TalkOver,
    /// The call is being hung up by us.
    HangingUp,
    /// The call is over.
    Ended,
}

/// How the call stands to its [`conference`](Position::conference).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seat {
    /// It is in it, as far as is known.
    #[default]
    Here,
    /// It is entering another, which is not known yet.
    Before,
    /// It has left it.
    Left,
}

/// Who, or what, answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Amd {
    /// A person.
    Human,
    /// A machine.
    Machine,
    /// A machine whose greeting has ended.
    Beep,
    /// A fax.
    Fax,
    /// Nobody spoke.
    Silence,
    /// The detector could not tell.
    NotSure,
    /// The detector did not say in time.
    Timeout,
}

/// Why a flow ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// The call ended while the flow was under way: by the other side, or at the API.
    #[default]
    HungUp,
    /// The flow came to its end, or to a step that ends the call.
    Completed,
    /// A step had an error, and nothing said where to go on.
    Failed,
    /// The flow's time was over.
    TimeLimit,
    /// The flow went through more steps than [`MAX_VISITS`](crate::MAX_VISITS).
    TooManySteps,
}

macro_rules! coded {
    ($name:ident { $($variant:ident = $code:literal),+ $(,)? }) => {
        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn code(self) -> u8 {
                match self { $(Self::$variant => $code),+ }
            }

            fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

coded!(CallDirection { Inbound = 0, Outbound = 1 });
coded!(Phase {
    Ringing = 0,
    Listening = 1,
    AwaitingGreetingEnd = 2,
    UnderWay = 3,
    AwaitingAnswer = 4,
    Established = 5,
    HangingUp = 6,
    Ended = 7,
    Left = 8,
    TalkOver = 9,
});
coded!(Seat { Here = 0, Before = 1, Left = 2 });
coded!(Amd { Human = 0, Machine = 1, Beep = 2, Fax = 3, Silence = 4, NotSure = 5, Timeout = 6 });
coded!(Ending { HungUp = 0, Completed = 1, Failed = 2, TimeLimit = 3, TooManySteps = 4 });

impl Amd {
    /// The value of `amd` in expressions and templates.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Machine => "machine",
            Self::Beep => "beep",
            Self::Fax => "fax",
            Self::Silence => "silence",
            Self::NotSure => "notSure",
            Self::Timeout => "timeout",
        }
    }
}

/// How far a call has come, with all that the flow remembers. It travels whole in the call's `client_state`.
#[derive(Clone, PartialEq, Eq)]
pub struct Position {
    /// Which flow.
    pub key: FlowKey,
    /// Which way the call goes.
    pub direction: CallDirection,
    /// What is awaited.
    pub phase: Phase,
    /// The step, by its place in the flow; 0 before the first.
    pub step: u8,
    /// Steps entered so far, this one included. It only grows, so it tells old from new.
    pub visit: u16,
    /// How often the machine detection has cut the present step.
    pub cuts: u8,
    /// Whether the call is answered, as far as is known.
    pub answered: bool,
    /// Whether machine detection was asked for, so that a verdict follows the answer.
    pub detection: bool,
    /// Why the flow ends; meaningful from `HangingUp` on.
    pub ending: Ending,
    /// When the flow began, to the second.
    pub started_at: Timestamp,
    /// When the phase began: seconds after `started_at`.
    pub entered_after: u32,
    /// `occurred_at` of the last event that led on, by Telnyx's clock: milliseconds since 1970; 0: none yet.
    pub last_event_ms: u64,
    /// Which attempt to reach the callee this call is, from 1; 0: not known.
    pub attempt: u16,
    /// Who answered, once known.
    pub amd: Option<Amd>,
    /// Keys that the last gather brought.
    pub digits: String,
    /// How often each loop has gone back, in the order of the flow's loops.
    pub loops: Vec<u8>,
    /// The values of the variables, in the order of their names.
    pub variables: Vec<String>,
    /// The second leg, once there is one.
    pub second_leg: Option<CallControlId>,
    /// The conference that the call is in, or was in last, once known: its id.
    pub conference: Option<String>,
    /// How the call stands to that conference.
    pub seat: Seat,
    /// The steps whose sound was begun in the background and has not ended, in their order.
    pub background: Vec<u8>,
    /// What the flow calls the call's outcome; empty: nothing yet.
    pub outcome: String,
    /// Whether it has said that the call reached what it is for, or did not.
    pub success: Option<bool>,
    /// Whether the other party asked not to be called again.
    pub opted_out: bool,
    /// Whatever the caller of [`start`](crate::Flow::start) needs to know the call again, such as its attempt key.
    pub origin: String,
    /// Who called in, where a step may have to say who asked not to be called.
    pub caller: Option<Caller>,
}

/// Digits and variables are the callee's: their lengths are shown.
impl std::fmt::Debug for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Position")
            .field("revision", &self.key.revision)
            .field("phase", &self.phase)
            .field("step", &self.step)
            .field("visit", &self.visit)
            .field("answered", &self.answered)
            .field("amd", &self.amd)
            .field("digits", &self.digits.len())
            .field("variables", &self.variables.iter().map(String::len).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A leg that a flow called: its events belong to the leg that runs the flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondLeg {
    /// Which flow.
    pub key: FlowKey,
    /// The leg that runs the flow.
    pub parent: CallLegId,
    /// How to command it.
    pub parent_control: CallControlId,
    /// The visit of the step that called.
    pub visit: u16,
}

/// What a `client_state` turns out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// A leg that runs a flow.
    Leg(Box<Position>),
    /// A leg that a flow called.
    SecondLeg(SecondLeg),
    /// Ours, of a version that this program does not read.
    OtherVersion(u8),
}

impl Decoded {
    /// Reads a `client_state`. `None`: not one of ours.
    #[must_use]
    pub fn read(state: &ClientState) -> Option<Self> {
        let bytes = state.decode().ok()?;
        let (content, check) = bytes.split_last_chunk::<2>()?;
        let mut reader = Reader::new(content);
        if reader.array::<2>()? != MAGIC || *check != checksum(content) {
            return None;
        }
        match reader.byte()? {
            VERSION => {}
            other => return Some(Self::OtherVersion(other)),
        }
        let decoded = match reader.byte()? {
            LEG => Self::Leg(Box::new(read_position(&mut reader)?)),
            SECOND_LEG => Self::SecondLeg(read_second_leg(&mut reader)?),
            _ => return None,
        };
        reader.is_empty().then_some(decoded)
    }
}

fn checksum(content: &[u8]) -> [u8; 2] {
    let digest = Sha256::digest(content);
    [digest.first().copied().unwrap_or(0), digest.get(1).copied().unwrap_or(0)]
}

fn seal(mut writer: Writer) -> Result<ClientState, ClientStateTooLong> {
    let check = checksum(writer.as_slice());
    writer.array(&check);
    ClientState::encode(writer.as_slice())
}

fn header(kind: u8, key: FlowKey) -> Writer {
    let mut writer = Writer::default();
    writer.array(&MAGIC);
    writer.array(&[VERSION, kind]);
    writer.array(&key.flow.to_be_bytes());
    writer.number(u64::from(key.revision));
    writer
}

impl SecondLeg {
    /// What the second leg carries.
    pub fn encode(&self) -> Result<ClientState, ClientStateTooLong> {
        let mut writer = header(SECOND_LEG, self.key);
        writer.number(u64::from(self.visit));
        writer.text(self.parent.as_str());
        writer.text(self.parent_control.as_str());
        seal(writer)
    }
}

fn read_key(reader: &mut Reader<'_>) -> Option<FlowKey> {
    Some(FlowKey { flow: u64::from_be_bytes(reader.array()?), revision: reader.small()? })
}

fn read_second_leg(reader: &mut Reader<'_>) -> Option<SecondLeg> {
    Some(SecondLeg {
        key: read_key(reader)?,
        visit: reader.small()?,
        parent: reader.text()?.into(),
        parent_control: reader.text()?.into(),
    })
}

const ANSWERED: u8 = 1;
const HAS_AMD: u8 = 2;
const HAS_SECOND_LEG: u8 = 4;
const HAS_CONFERENCE: u8 = 8;
const DETECTION: u8 = 16;
const OPTED_OUT: u8 = 32;
/// An outcome, and whether it is a success.
const HAS_OUTCOME: u8 = 64;
const HAS_CALLER: u8 = 128;

/// The direction's byte has room for more: the seat, and whether anything sounds in the background. Who needs neither writes what
/// was written before there were any.
const DIRECTION: u8 = 1;
const SEAT: u8 = 2 | 4;
const HAS_BACKGROUND: u8 = 8;

impl Position {
    /// What the leg carries.
    ///
    /// # Errors
    ///
    /// It does not fit. A compiled flow refuses such values before they are set.
    pub fn encode(&self) -> Result<ClientState, ClientStateTooLong> {
        let mut writer = header(LEG, self.key);
        let flag = |on: bool, bit: u8| if on { bit } else { 0 };
        writer.array(&[
            flag(self.answered, ANSWERED)
                | flag(self.amd.is_some(), HAS_AMD)
                | flag(self.second_leg.is_some(), HAS_SECOND_LEG)
                | flag(self.conference.is_some(), HAS_CONFERENCE)
                | flag(self.detection, DETECTION)
                | flag(self.opted_out, OPTED_OUT)
                | flag(!self.outcome.is_empty(), HAS_OUTCOME)
                | flag(self.caller.is_some(), HAS_CALLER),
            self.direction.code()
                | self.seat.code() << SEAT.trailing_zeros()
                | flag(!self.background.is_empty(), HAS_BACKGROUND),
            self.phase.code(),
            self.step,
            self.cuts,
            self.ending.code(),
        ]);
        writer.number(u64::from(self.visit));
        writer.number(u64::try_from(self.started_at.as_second()).unwrap_or(0));
        writer.number(u64::from(self.entered_after));
        writer.number(self.last_event_ms);
        writer.number(u64::from(self.attempt));
        if let Some(amd) = self.amd {
            writer.array(&[amd.code()]);
        }
        if let Some(caller) = self.caller {
            writer.number(caller.number());
        }
        if let Some(leg) = &self.second_leg {
            writer.text(leg.as_str());
        }
        if let Some(conference) = &self.conference {
            writer.text(conference);
        }
        if !self.outcome.is_empty() {
            writer.array(&[self.success.map_or(0, |success| if success { 1 } else { 2 })]);
            writer.text(&self.outcome);
        }
        writer.text(&self.digits);
        writer.text(&self.origin);
        writer.number(u64::try_from(self.loops.len()).unwrap_or(0));
        writer.array(&self.loops);
        writer.number(u64::try_from(self.variables.len()).unwrap_or(0));
        self.variables.iter().for_each(|value| writer.text(value));
        if !self.background.is_empty() {
            writer.number(u64::try_from(self.background.len()).unwrap_or(0));
            writer.array(&self.background);
        }
        seal(writer)
    }

    /// When the present phase began.
    #[must_use]
    pub fn entered_at(&self) -> Timestamp {
        crate::time::after(self.started_at, u64::from(self.entered_after))
    }
}

fn read_position(reader: &mut Reader<'_>) -> Option<Position> {
    let key = read_key(reader)?;
    let [flags, more, phase, step, cuts, ending] = reader.array()?;
    let on = |bit: u8| flags & bit != 0;
    if more & !(DIRECTION | SEAT | HAS_BACKGROUND) != 0 {
        return None;
    }
    let visit = reader.small()?;
    let started_at = Timestamp::from_second(i64::try_from(reader.number()?).ok()?).ok()?;
    let entered_after = reader.small()?;
    let last_event_ms = reader.number()?;
    let attempt = reader.small()?;
    let amd = if on(HAS_AMD) { Some(Amd::from_code(reader.byte()?)?) } else { None };
    let caller = if on(HAS_CALLER) { Some(Caller::from_number(reader.number()?)?) } else { None };
    let second_leg = if on(HAS_SECOND_LEG) { Some(reader.text()?.into()) } else { None };
    let conference = if on(HAS_CONFERENCE) { Some(reader.text()?.to_owned()) } else { None };
    let (success, outcome) = if on(HAS_OUTCOME) { read_outcome(reader)? } else { (None, String::new()) };
    let digits = reader.text()?.to_owned();
    let origin = reader.text()?.to_owned();
    let loops = read_list(reader)?;
    let count: usize = reader.small()?;
    let variables = (0..count).map(|_| reader.text().map(str::to_owned)).collect::<Option<_>>()?;
    let background = if more & HAS_BACKGROUND == 0 { Vec::new() } else { read_list(reader)? };
    Some(Position {
        key,
        direction: CallDirection::from_code(more & DIRECTION)?,
        phase: Phase::from_code(phase)?,
        step,
        visit,
        cuts,
        answered: on(ANSWERED),
        detection: on(DETECTION),
        ending: Ending::from_code(ending)?,
        started_at,
        entered_after,
        last_event_ms,
        attempt,
        amd,
        digits,
        loops,
        variables,
        second_leg,
        conference,
        seat: Seat::from_code((more & SEAT) >> SEAT.trailing_zeros())?,
        background,
        outcome,
        success,
        opted_out: on(OPTED_OUT),
        origin,
        caller,
    })
}

fn read_list(reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    let count = reader.small()?;
    reader.slice(count).map(<[u8]>::to_vec)
}

/// What a flow calls the outcome, and whether it is a success.
fn read_outcome(reader: &mut Reader<'_>) -> Option<(Option<bool>, String)> {
    let success = match reader.byte()? {
        0 => None,
        1 => Some(true),
        2 => Some(false),
        _ => return None,
    };
    Some((success, reader.text()?.to_owned()))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(max: usize) -> impl Strategy<Value = String> {
        proptest::string::string_regex(&format!(".{{0,{}}}", max / 4)).unwrap()
    }

    fn any_position() -> impl Strategy<Value = Position> {
        let flags = any::<(bool, bool, bool, Option<bool>)>();
        let numbers = (any::<(u64, u32, u8, u16, u8, u32, u64, u16)>(), flags, 0i64..4_000_000_000);
        let words = (
            proptest::sample::select(Phase::ALL),
            proptest::option::of(proptest::sample::select(Amd::ALL)),
            proptest::sample::select(Ending::ALL),
            proptest::sample::select(CallDirection::ALL),
            (proptest::sample::select(Seat::ALL), proptest::collection::vec(any::<u8>(), 0..=MAX_BACKGROUND)),
            proptest::option::of(
                (1_u64..1_000_000_000_000_000).prop_map(|number| Caller::from_number(number).unwrap()),
            ),
        );
        let texts = (
            "[0-9*#]{0,20}",
            text(60),
            proptest::collection::vec(any::<u8>(), 0..5),
            proptest::collection::vec(text(24), 0..4),
            proptest::option::of("v3:[a-zA-Z0-9_-]{20}"),
            proptest::option::of("[a-f0-9-]{36}"),
            text(40),
        );
        (numbers, words, texts).prop_map(|(numbers, (phase, amd, ending, direction, more, caller), texts)| {
            let ((flow, revision, step, visit, cuts, entered_after, last_event_ms, attempt), flags, started) = numbers;
            let (digits, origin, loops, variables, second_leg, conference, outcome) = texts;
            let (seat, background) = more;
            Position {
                key: FlowKey { flow, revision },
                direction,
                phase,
                step,
                visit,
                cuts,
                answered: flags.0,
                detection: flags.1,
                ending,
                started_at: Timestamp::from_second(started).unwrap(),
                entered_after,
                last_event_ms,
                attempt,
                amd,
                digits,
                loops,
                variables,
                second_leg: second_leg.map(Into::into),
                conference,
                seat,
                background,
                success: flags.3.filter(|_| !outcome.is_empty()),
                outcome,
                opted_out: flags.2,
                origin,
                caller,
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same(position in any_position()) {
            let state = position.encode().unwrap();
            prop_assert_eq!(Decoded::read(&state), Some(Decoded::Leg(Box::new(position))));
        }

        #[test]
        fn a_second_leg_knows_its_parent(visit: u16, parent in "[a-f0-9-]{36}", control in "v3:[a-zA-Z0-9_-]{55}") {
            let leg = SecondLeg {
                key: FlowKey::new("uid", 7), visit, parent: parent.into(), parent_control: control.into(),
            };
            prop_assert_eq!(Decoded::read(&leg.encode().unwrap()), Some(Decoded::SecondLeg(leg)));
        }

        #[test]
        fn foreign_bytes_are_not_ours(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(Decoded::read(&ClientState::encode(&bytes).unwrap()), None);
        }

        #[test]
        fn a_damaged_byte_is_seen(position in any_position(), at: proptest::sample::Index, by in 1u8..) {
            let mut bytes = position.encode().unwrap().decode().unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            // Two bytes of checksum let one damage in 65536 through; none of them may decode to the same position.
            let read = Decoded::read(&ClientState::encode(&bytes).unwrap());
            prop_assert_ne!(read, Some(Decoded::Leg(Box::new(position))));
        }
    }

    #[test]
    fn a_position_from_before_there_were_seats_and_background_sound_is_read_and_written_the_same() {
        let carried =
            "Y2YBARe3iKcO7MvcA18BAwQBAKwCgKSn2gbIAcDk+MKxNAIABHYzOmICYzEBB1JlYWNoZWQDMTIjB2F0dGVtcHQBAgEDQWRhlxU=";
        let Some(Decoded::Leg(position)) = Decoded::read(&ClientState::from(carried)) else { panic!() };
        assert_eq!(
            (position.step, position.visit, position.conference.as_deref(), position.seat, position.background.len()),
            (4, 300, Some("c1"), Seat::Here, 0)
        );
        assert_eq!(position.encode().unwrap().as_str(), carried);
    }

    #[test]
    fn another_version_is_told_from_a_foreign_text() {
        let mut content = b"cf\x09rest".to_vec();
        let check = checksum(&content);
        content.extend(check);
        assert_eq!(Decoded::read(&ClientState::encode(&content).unwrap()), Some(Decoded::OtherVersion(9)));
        assert_eq!(Decoded::read(&ClientState::from("1|owner|target")), None);
        assert_eq!(Decoded::read(&ClientState::from("")), None);
    }
}
