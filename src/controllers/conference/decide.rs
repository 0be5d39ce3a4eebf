//! What to do to a live conference so that it becomes as declared. Values in, values out: no I/O, no clock.
//!
//! Who is muted and who is on hold is read; a step is taken only where that differs. What Telnyx does not tell (whether
//! it is recorded, who supervises, when tones sound, what was announced) is known from what was done before.

use crate::api::{
    AnnouncementStatus, BeepStatus, ConferenceBeep, ConferenceSpec, Lobby, ParticipantRule, Recording, RoleStatus,
    SupervisorRole,
};

/// Somebody in the conference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seat {
    /// Their call.
    pub(super) call: String,
    /// Their id in the conference.
    pub(super) participant: String,
    /// Their label, where it is known.
    pub(super) label: Option<String>,
    pub(super) muted: bool,
    pub(super) on_hold: bool,
    pub(super) exit: Exit,
}

/// What happens when somebody leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Exit {
    /// The conference ends, and everybody is hung up on.
    pub(super) ends: bool,
    /// The conference ends.
    pub(super) softly: bool,
}

/// What was done to this conference before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Done<'a> {
    pub(super) recording: Option<Recording>,
    pub(super) announcements: &'a [AnnouncementStatus],
    pub(super) roles: &'a [RoleStatus],
    pub(super) beeps: &'a [BeepStatus],
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// End the conference; nothing else matters then.
    End,
    /// Put these on hold.
    Hold(Vec<String>),
    /// Take these off hold.
    Unhold(Vec<String>),
    /// Mute these.
    Mute(Vec<String>),
    /// Let these be heard.
    Unmute(Vec<String>),
    /// Change what happens when this one leaves, or when they are announced by a tone.
    Change(Change),
    /// Give this one a role.
    Role(String, SupervisorRole),
    /// Change the recording.
    Record(Record),
    /// Make the announcement of this name.
    Announce(String),
}

/// A change of one participant. Unset: as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) call: String,
    pub(super) participant: String,
    pub(super) ends: Option<bool>,
    pub(super) soft_ends: Option<bool>,
    pub(super) beep: Option<ConferenceBeep>,
}

/// A change of the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    Start,
    Pause,
    Resume,
    Stop,
}

impl Record {
    /// How it stands after this.
    pub(super) fn leads_to(self) -> Recording {
        match self {
            Self::Start | Self::Resume => Recording::Running,
            Self::Pause => Recording::Paused,
            Self::Stop => Recording::Stopped,
        }
    }
}

type ToStep = fn(Vec<String>) -> Step;

/// The steps, in the order in which they are to be taken: nobody hears an announcement who should have been on hold.
pub(super) fn decide(spec: &ConferenceSpec, seats: &[Seat], done: Done<'_>) -> Vec<Step> {
    if spec.end {
        return vec![Step::End];
    }
    let mut steps = vec![];
    let calls = |wanted: &dyn Fn(&Seat) -> bool| -> Vec<String> {
        seats.iter().filter(|seat| wanted(seat)).map(|seat| seat.call.clone()).collect()
    };
    let lists: [(Vec<String>, ToStep); 4] = [
        (calls(&|seat| !seat.on_hold && held(spec, seat) == Some(true)), Step::Hold),
        (calls(&|seat| seat.on_hold && held(spec, seat) == Some(false)), Step::Unhold),
        (calls(&|seat| !seat.muted && muted(spec, seat) == Some(true)), Step::Mute),
        (calls(&|seat| seat.muted && muted(spec, seat) == Some(false)), Step::Unmute),
    ];
    steps.extend(lists.into_iter().filter(|(calls, _)| !calls.is_empty()).map(|(calls, step)| step(calls)));
    steps.extend(seats.iter().filter_map(|seat| change(spec, seat, done)));
    steps.extend(seats.iter().filter_map(|seat| role(spec, seat, done)));
    steps.extend(record(spec.recording, done.recording).map(Step::Record));
    let known = |name: &str| done.announcements.iter().any(|one| one.name == name);
    if !seats.is_empty() {
        let left = spec.announcements.iter().filter(|one| !known(&one.name));
        steps.extend(left.map(|one| Step::Announce(one.name.clone())));
    }
    steps
}

/// Does the spec go by labels? Then they must be read, one participant at a time.
pub(super) fn goes_by_labels(spec: &ConferenceSpec) -> bool {
    spec.participants.iter().any(|rule| rule.label.is_some())
}

fn rules<'a>(spec: &'a ConferenceSpec, seat: &'a Seat) -> impl Iterator<Item = &'a ParticipantRule> {
    spec.participants.iter().filter(|rule| match (&rule.label, &rule.call_control_id) {
        (Some(label), _) => seat.label.as_ref() == Some(label),
        (None, Some(call)) => seat.call == *call,
        (None, None) => false,
    })
}

/// Where several rules are about one participant, the first that says something about it wins.
fn held(spec: &ConferenceSpec, seat: &Seat) -> Option<bool> {
    let own = rules(spec, seat).find_map(|rule| rule.on_hold);
    own.or_else(|| match spec.lobby? {
        Lobby::Open => Some(false),
        Lobby::Closed => Some(!rules(spec, seat).any(|rule| rule.moderator)),
    })
}

fn muted(spec: &ConferenceSpec, seat: &Seat) -> Option<bool> {
    rules(spec, seat).find_map(|rule| rule.muted)
}

fn change(spec: &ConferenceSpec, seat: &Seat, done: Done<'_>) -> Option<Step> {
    let flag =
        |of: fn(&ParticipantRule) -> Option<bool>, now: bool| rules(spec, seat).find_map(of).filter(|to| *to != now);
    let given = done.beeps.iter().find(|given| given.call_control_id == seat.call).map(|given| given.beep_enabled);
    let change = Change {
        call: seat.call.clone(),
        participant: seat.participant.clone(),
        ends: flag(|rule| rule.end_conference_on_exit, seat.exit.ends),
        soft_ends: flag(|rule| rule.soft_end_conference_on_exit, seat.exit.softly),
        beep: rules(spec, seat).find_map(|rule| rule.beep_enabled).filter(|wanted| Some(*wanted) != given),
    };
    let differs = change.ends.is_some() || change.soft_ends.is_some() || change.beep.is_some();
    differs.then_some(Step::Change(change))
}

fn role(spec: &ConferenceSpec, seat: &Seat, done: Done<'_>) -> Option<Step> {
    let wanted = rules(spec, seat).find_map(|rule| rule.supervisor_role)?;
    let given = done.roles.iter().find(|given| given.call_control_id == seat.call);
    (given.map(|given| given.supervisor_role) != Some(wanted)).then(|| Step::Role(seat.call.clone(), wanted))
}

/// A recording that never began cannot be paused; it is left unbegun.
fn record(wanted: Option<Recording>, known: Option<Recording>) -> Option<Record> {
    match (known.unwrap_or(Recording::Stopped), wanted?) {
        (Recording::Stopped, Recording::Running) => Some(Record::Start),
        (Recording::Paused, Recording::Running) => Some(Record::Resume),
        (Recording::Running, Recording::Paused) => Some(Record::Pause),
        (Recording::Running | Recording::Paused, Recording::Stopped) => Some(Record::Stop),
        (Recording::Running, Recording::Running)
        | (Recording::Stopped, Recording::Stopped | Recording::Paused)
        | (Recording::Paused, Recording::Paused) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::AnnouncementState;
    use serde_json::{Value, json};

    fn spec(more: &Value) -> ConferenceSpec {
        let mut spec = json!({ "accountRef": { "name": "main" } });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    fn seat(call: &str, muted: bool, on_hold: bool) -> Seat {
        Seat { call: call.to_owned(), participant: format!("of {call}"), muted, on_hold, ..Seat::default() }
    }

    fn steps(more: &Value, seats: &[Seat]) -> Vec<Step> {
        decide(&spec(more), seats, Done::default())
    }

    fn these(calls: &[&str]) -> Vec<String> {
        calls.iter().map(|call| (*call).to_owned()).collect()
    }

    #[test]
    fn what_the_spec_leaves_open_is_left_alone() {
        assert_eq!(steps(&json!({}), &[seat("a", true, true), seat("b", false, false)]), []);
    }

    #[test]
    fn the_closed_lobby_holds_all_but_moderators_and_the_open_one_nobody() {
        let moderator = json!([{ "callControlId": "m", "moderator": true }]);
        let seats = [seat("m", false, false), seat("a", false, false), seat("b", false, true)];
        let closed = steps(&json!({ "lobby": "Closed", "participants": moderator }), &seats);
        assert_eq!(closed, [Step::Hold(these(&["a"]))]);
        let open = steps(&json!({ "lobby": "Open", "participants": moderator }), &seats);
        assert_eq!(open, [Step::Unhold(these(&["b"]))]);
    }

    #[test]
    fn a_rule_about_one_participant_wins_over_the_lobby() {
        let rules = json!([{ "callControlId": "a", "onHold": true }, { "callControlId": "b", "onHold": false }]);
        let seats = [seat("a", false, false), seat("b", false, true)];
        let open = steps(&json!({ "lobby": "Open", "participants": rules }), &seats);
        assert_eq!(open, [Step::Hold(these(&["a"])), Step::Unhold(these(&["b"]))]);
        let closed = steps(&json!({ "lobby": "Closed", "participants": rules }), &seats);
        assert_eq!(closed, [Step::Hold(these(&["a"])), Step::Unhold(these(&["b"]))]);
    }

    #[test]
    fn labels_and_calls_select() {
        let rules = json!([{ "label": "chair", "muted": false }, { "callControlId": "b", "muted": true }]);
        let mut chair = seat("a", true, false);
        chair.label = Some("chair".to_owned());
        let found = steps(&json!({ "participants": rules }), &[chair, seat("b", false, false), seat("c", true, false)]);
        assert_eq!(found, [Step::Mute(these(&["b"])), Step::Unmute(these(&["a"]))]);
    }

    #[test]
    fn an_end_is_all_that_is_done() {
        let all = json!({ "end": true, "recording": "Running", "lobby": "Closed" });
        assert_eq!(steps(&all, &[seat("a", false, false)]), [Step::End]);
    }

    #[test]
    fn recordings_go_from_each_state_to_each_other() {
        use Recording::{Paused, Running, Stopped};
        let table = [
            (None, Running, Some(Record::Start)),
            (Some(Stopped), Running, Some(Record::Start)),
            (Some(Running), Running, None),
            (Some(Paused), Running, Some(Record::Resume)),
            (None, Paused, None),
            (Some(Running), Paused, Some(Record::Pause)),
            (Some(Paused), Paused, None),
            (None, Stopped, None),
            (Some(Running), Stopped, Some(Record::Stop)),
            (Some(Paused), Stopped, Some(Record::Stop)),
        ];
        for (known, wanted, expected) in table {
            assert_eq!(record(Some(wanted), known), expected, "{known:?} -> {wanted:?}");
            if let Some(step) = expected {
                assert_eq!(record(Some(wanted), Some(step.leads_to())), None, "done once, it is done");
            }
        }
        assert_eq!(record(None, Some(Running)), None);
    }

    #[test]
    fn each_announcement_is_made_once_and_to_somebody() {
        let spec = spec(&json!({ "announcements": [
            { "name": "welcome", "text": { "payload": "Hello." } },
            { "name": "rules", "audio": { "mediaName": "rules" } },
        ]}));
        let sent = [AnnouncementStatus { name: "welcome".to_owned(), state: AnnouncementState::Sending }];
        let done = Done { announcements: &sent, ..Done::default() };
        assert_eq!(decide(&spec, &[seat("a", false, false)], done), [Step::Announce("rules".to_owned())]);
        assert_eq!(decide(&spec, &[], Done::default()), []);
    }

    #[test]
    fn only_what_differs_of_a_participant_is_changed_and_a_tone_is_set_once() {
        let rules = json!({ "participants": [{
            "callControlId": "a", "endConferenceOnExit": true, "softEndConferenceOnExit": false, "beepEnabled": "on_exit",
        }] });
        let (mut a, b) = (seat("a", false, false), seat("b", false, false));
        let participant = || "of a".to_owned();
        let change = Change {
            call: "a".to_owned(),
            participant: participant(),
            ends: Some(true),
            soft_ends: None,
            beep: Some(ConferenceBeep::OnExit),
        };
        assert_eq!(steps(&rules, &[a.clone(), b.clone()]), [Step::Change(change.clone())]);
        a.exit = Exit { ends: true, softly: true };
        let beeps = [BeepStatus { call_control_id: "a".to_owned(), beep_enabled: ConferenceBeep::OnExit }];
        let done = Done { beeps: &beeps, ..Done::default() };
        let softly = Change { ends: None, soft_ends: Some(false), beep: None, ..change };
        assert_eq!(decide(&spec(&rules), &[a.clone(), b.clone()], done), [Step::Change(softly)]);
        a.exit.softly = false;
        assert_eq!(decide(&spec(&rules), &[a, b], done), []);
    }

    #[test]
    fn a_role_is_given_once() {
        let rules = json!({ "participants": [{ "callControlId": "a", "supervisorRole": "monitor" }] });
        let given = [RoleStatus { call_control_id: "a".to_owned(), supervisor_role: SupervisorRole::Monitor }];
        let seats = [seat("a", false, false)];
        assert_eq!(steps(&rules, &seats), [Step::Role("a".to_owned(), SupervisorRole::Monitor)]);
        assert_eq!(decide(&spec(&rules), &seats, Done { roles: &given, ..Done::default() }), []);
    }
}
