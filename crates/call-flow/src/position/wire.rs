//! How a position travels in a call's `client_state`.
//!
//! Promises that what is encoded decodes to the same, in at most 512 characters, and that foreign text, another version and another
//! revision are told apart without an error.
//!
//! The form: two letters that nobody else uses, a version, a kind, the fields in order, two bytes of a SHA-256 over all of it.
//! Numbers are LEB128, texts are preceded by their length.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use telnyx_voice::{ClientState, ClientStateTooLong};

use super::{Amd, CallDirection, Ending, FlowKey, Phase, Position, Seat, SecondLeg};
use crate::bytes::{Reader, Writer};
use crate::caller::Caller;

const MAGIC: [u8; 2] = *b"cf";
const VERSION: u8 = 1;
const LEG: u8 = 1;
const SECOND_LEG: u8 = 2;

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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::position::MAX_BACKGROUND;

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
