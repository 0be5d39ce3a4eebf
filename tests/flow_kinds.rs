//! Every kind of step is run against the simulator: its command is accepted, and what it waits for comes.
//!
//! The flows are files of `tests/flows/kinds`; what they send is judged with everything else in the journal.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may")]

mod rehearsal;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use call_flow::Kind;
use serde_json::Value;

/// The flows, and the keys that are pressed when asked.
const FLOWS: [(&str, &str); 9] = [
    ("refusing", ""),
    ("talking", "1,2,3"),
    ("deciding", ""),
    ("listening", ""),
    ("assistants", "4111111111111111#,1230#,12345#,123#"),
    ("legs", ""),
    ("supervising", ""),
    ("waiting", ""),
    ("meeting", "1"),
];

/// Kinds that `flow run` cannot run, and who runs them.
const ELSEWHERE: [(Kind, &str); 2] = [
    (Kind::CallWebhook, "asks a program: tests/flows/users_programs.rs"),
    (Kind::JoinAiAssistant, "needs the conversation's id, which a program tells: tests/flows/users_programs.rs"),
];

/// The webhook that comes of a kind's command. `None`: the Telnyx API reference names none, and the acceptance is all there is.
fn comes_of(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Answer | Kind::Dial => Some("call.answered"),
        Kind::Reject | Kind::Hangup => Some("call.hangup"),
        Kind::Transfer | Kind::Bridge => Some("call.bridged"),
        Kind::Refer => Some("call.refer.completed"),
        Kind::Enqueue => Some("call.enqueued"),
        Kind::LeaveQueue => Some("call.dequeued"),
        Kind::Speak => Some("call.speak.ended"),
        Kind::Play | Kind::StopPlayback => Some("call.playback.ended"),
        Kind::Gather | Kind::GatherUsingSpeak | Kind::GatherUsingAudio | Kind::StopGather | Kind::GatherConference => {
            Some("call.gather.ended")
        }
        Kind::GatherUsingAI => Some("call.ai_gather.ended"),
        Kind::StartRecording | Kind::StopRecording => Some("call.recording.saved"),
        Kind::StartForking => Some("call.fork.started"),
        Kind::StopForking => Some("call.fork.stopped"),
        Kind::StartStreaming => Some("streaming.started"),
        Kind::StopStreaming => Some("streaming.stopped"),
        Kind::StartSiprec => Some("siprec.started"),
        Kind::StopSiprec => Some("siprec.stopped"),
        Kind::StartTranscription => Some("call.transcription"),
        Kind::StartAiAssistant | Kind::JoinAiAssistant | Kind::StopAiAssistant => Some("call.conversation.ended"),
        Kind::AddAiAssistantMessages => Some("call.ai_gather.message_history_updated"),
        Kind::Pay => Some("call.payment.completed"),
        Kind::CreateConference | Kind::JoinConference => Some("conference.participant.joined"),
        Kind::LeaveConference => Some("conference.participant.left"),
        Kind::PlayConference => Some("conference.playback.started"),
        Kind::SpeakConference => Some("conference.speak.started"),
        Kind::StopConferencePlayback => Some("conference.playback.ended"),
        Kind::StartConferenceRecording | Kind::StopConferenceRecording => Some("conference.recording.saved"),
        Kind::EndConference => Some("conference.ended"),
        Kind::PauseRecording
        | Kind::ResumeRecording
        | Kind::SendDtmf
        | Kind::SendSipInfo
        | Kind::StartNoiseSuppression
        | Kind::StopNoiseSuppression
        | Kind::StopTranscription
        | Kind::StartConversationRelay
        | Kind::StopConversationRelay
        | Kind::SwitchSupervisorRole
        | Kind::HoldConference
        | Kind::UnholdConference
        | Kind::MuteConference
        | Kind::UnmuteConference
        | Kind::SendConferenceDtmf
        | Kind::PauseConferenceRecording
        | Kind::ResumeConferenceRecording
        | Kind::UpdateConference
        | Kind::Switch
        | Kind::Wait
        | Kind::Set
        | Kind::Loop
        | Kind::Outcome
        | Kind::OptOut
        | Kind::CallWebhook => None,
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flows/kinds")
}

/// The flow's steps, in their order: name and kind.
fn steps(flow: &str) -> Vec<(String, Kind)> {
    let text = std::fs::read_to_string(folder().join(flow).with_extension("yaml")).unwrap();
    let manifest: Value = serde_saphyr::from_str(&text).unwrap();
    let of = |step: &Value| {
        let kind = step.as_object().unwrap().keys().find_map(|key| Kind::parse(key));
        (step["name"].as_str().unwrap().to_owned(), kind.unwrap())
    };
    manifest["spec"]["steps"].as_array().unwrap().iter().map(of).collect()
}

/// Everything that happens in a flow whose callee presses these keys.
fn happenings(flow: &str, keys: &str) -> Vec<String> {
    let behaviour = folder().join("behaviour.yaml");
    let mut more = vec!["--behaviour", behaviour.to_str().unwrap()];
    if !keys.is_empty() {
        more.extend(["--digits", keys]);
    }
    rehearsal::happenings(&folder().join(flow).with_extension("yaml"), &more)
}

/// The command of a kind, as a transcript names it.
fn command_of(kind: Kind) -> Option<String> {
    let endpoint = kind.endpoints().first()?;
    Some(format!("command {}", endpoint.strip_prefix("calls.actions.").unwrap_or(endpoint)))
}

/// Fails unless every step was taken, sent its command and led to its webhook.
fn check(flow: &str, happened: &[String]) -> BTreeSet<Kind> {
    let told = || happened.join("\n");
    let mut kinds = BTreeSet::new();
    for (step, kind) in steps(flow) {
        let entered = happened.iter().position(|one| *one == format!("step {step}"));
        let entered = entered.unwrap_or_else(|| panic!("{flow}: step {step} was not taken\n{}", told()));
        let after = |wanted: &str| happened[entered..].iter().any(|one| one == wanted);
        for wanted in [command_of(kind), comes_of(kind).map(|event| format!("webhook {event}"))].into_iter().flatten() {
            assert!(after(&wanted), "{flow}: no {wanted} after step {step}\n{}", told());
        }
        kinds.insert(kind);
    }
    kinds
}

/// Fails when a command was refused, a step failed, or the flow ran on another call than the caller's.
fn check_whole(flow: &str, happened: &[String]) {
    let ended: Vec<usize> = (0..happened.len()).filter(|at| happened[*at].starts_with("ended ")).collect();
    assert_eq!(ended.len(), 1, "{flow} ran on one call\n{}", happened.join("\n"));
    // Legs that are to be hung up when all is over may have gone by themselves.
    let hung_up = happened.iter().position(|one| one == "command hangup").unwrap_or(happened.len());
    let accepted =
        |at: usize| !happened[at].starts_with("refused ") || (at > hung_up && happened[at].ends_with("90018"));
    let went_well = |at: usize| accepted(at) && !happened[at].starts_with("stepFailed ");
    let bad: Vec<&String> = (0..happened.len()).filter(|at| !went_well(*at)).map(|at| &happened[at]).collect();
    assert!(bad.is_empty(), "{flow}: {bad:?}\n{}", happened.join("\n"));
}

#[test]
fn every_kind_of_step_is_accepted_and_leads_on() {
    let runs = std::thread::scope(|scope| {
        let started = FLOWS.map(|(flow, keys)| (flow, scope.spawn(move || happenings(flow, keys))));
        started.map(|(flow, run)| (flow, run.join().unwrap()))
    });
    let mut kinds = BTreeSet::new();
    for (flow, happened) in &runs {
        check_whole(flow, happened);
        kinds.append(&mut check(flow, happened));
    }
    for (kind, _) in ELSEWHERE {
        assert!(kinds.insert(kind), "{kind:?} is run here: it needs no exception");
    }
    assert_eq!(kinds, Kind::ALL.iter().copied().collect(), "the kinds that are run, and all there are");
}

#[test]
fn every_flow_of_the_folder_is_run() {
    let names = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().path().file_stem().unwrap().to_owned();
    let files: BTreeSet<_> = std::fs::read_dir(folder()).unwrap().map(names).collect();
    let run = FLOWS.iter().map(|(flow, _)| *flow).chain(["behaviour"]).map(Into::into).collect();
    assert_eq!(files, run);
}
