//! What a conference promises, rule by rule, over the pure model.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::needless_pass_by_value, reason = "tests")]

#[path = "support/world.rs"]
mod world;

use serde_json::{Value, json};
use telnyx_simulator::Config;
use telnyx_simulator::config::{ConferenceExpiry, EndedByApi, Outcome, Spread};
use telnyx_simulator::model::Moment;
use world::{Bench, fixed};

/// People who stay for ever and never take the floor.
fn patient() -> Config {
    let mut config = fixed(Outcome::Person);
    config.conferences.stays_ms = Spread::Fixed(100_000_000);
    config.conferences.waits_ms = Spread::Fixed(100_000_000);
    config.conferences.turn_ms = None;
    config.conferences.recording_saved_after_ms = Spread::Fixed(1000);
    config.callees.person.patience_ms = Spread::Fixed(100_000_000);
    config
}

struct Room {
    bench: Bench,
    id: String,
    owner: String,
}

impl Room {
    /// A conference called `room` with its creator in it.
    fn open(more: Value) -> Self {
        Self::open_with(patient(), more)
    }

    fn open_with(config: Config, more: Value) -> Self {
        let mut bench = Bench::new(config);
        let owner = answered(&mut bench, json!({}));
        bench.sent.clear();
        let mut body = json!({"call_control_id": owner, "name": "room"});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let (status, created) = bench.post("/conferences", body);
        assert_eq!(status, 200, "{created}");
        let id = created["data"]["id"].as_str().unwrap().to_owned();
        Self { bench, id, owner }
    }

    fn act(&mut self, action: &str, body: Value) -> (u16, Value) {
        self.bench.post(&format!("/conferences/{}/actions/{action}", self.id), body)
    }

    fn done(&mut self, action: &str, body: Value) {
        let (status, answer) = self.act(action, body);
        assert_eq!((status, &answer["data"]["result"]), (200, &json!("ok")), "{action}: {answer}");
    }

    fn refused(&mut self, action: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.act(action, body);
        (status, answer["errors"][0]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// A further leg that joins like this.
    fn join(&mut self, more: Value) -> String {
        let call = answered(&mut self.bench, json!({}));
        self.done("join", joining(&call, more));
        call
    }

    fn conference(&mut self) -> Value {
        let (status, body) = self.bench.get(&format!("/conferences/{}", self.id));
        assert_eq!(status, 200, "{body}");
        body["data"].clone()
    }

    fn participants(&mut self, query: &str) -> Vec<Value> {
        let (status, body) = self.bench.get(&format!("/conferences/{}/participants{query}", self.id));
        assert_eq!(status, 200, "{body}");
        body["data"].as_array().unwrap().clone()
    }

    fn participant(&mut self, call: &str) -> Value {
        let all = self.participants("");
        all.into_iter().find(|one| one["call_control_id"] == call).unwrap()
    }

    fn is_alive(&mut self, call: &str) -> bool {
        self.bench.get(&format!("/calls/{call}")).1["data"]["is_alive"] == true
    }

    /// The webhooks about conferences since the room was opened.
    fn told(&self) -> Vec<&str> {
        self.bench.types().into_iter().filter(|name| name.starts_with("conference.")).collect()
    }

    fn ended(&mut self) -> (String, String) {
        let conference = self.conference();
        assert_eq!(conference["status"], "completed");
        let reason = conference["end_reason"].as_str().unwrap().to_owned();
        let told = self.bench.last("conference.ended").payload()["reason"].as_str().unwrap_or("-").to_owned();
        (reason, told)
    }
}

fn joining(call: &str, mut more: Value) -> Value {
    more["call_control_id"] = json!(call);
    more
}

fn answered(bench: &mut Bench, more: Value) -> String {
    let call = bench.dial(more);
    bench.pass_secs(3);
    call
}

#[test]
fn a_conference_begins_with_the_leg_that_creates_it() {
    let mut room = Room::open(json!({"client_state": "c3RhdGU="}));
    assert_eq!(room.told(), ["conference.created", "conference.participant.joined"]);
    let owner = room.owner.clone();
    for event in ["conference.created", "conference.participant.joined"] {
        let payload = room.bench.last(event).payload().clone();
        assert_eq!((&payload["call_control_id"], &payload["client_state"]), (&json!(owner), &json!("c3RhdGU=")));
        assert_eq!(payload["conference_id"], json!(room.id));
    }
    let conference = room.conference();
    assert_eq!((&conference["status"], &conference["region"]), (&json!("in_progress"), &json!("US")));
    assert!(conference["end_reason"].is_null() && conference["ended_by"].is_null());
    let participants = room.participants("");
    assert_eq!(participants.len(), 1);
    assert_eq!((&participants[0]["status"], &participants[0]["on_hold"]), (&json!("joined"), &json!(false)));
    let one = participants[0]["id"].as_str().unwrap();
    let path = format!("/conferences/{}/participants/{one}", room.id);
    assert_eq!(room.bench.get(&path).1["data"]["call_control_id"], json!(owner));
}

#[test]
fn only_a_live_and_answered_leg_can_create_or_join_one() {
    let mut room = Room::open(json!({}));
    let over = answered(&mut room.bench, json!({}));
    room.bench.command(&over, "hangup", json!({}));
    let ringing = room.bench.dial(json!({}));
    for (call, code) in [(ringing.as_str(), "90034"), (over.as_str(), "90018"), ("v3:nobody", "90015")] {
        let (status, body) = room.bench.post("/conferences", json!({"call_control_id": call, "name": "other"}));
        assert_eq!((status, body["errors"][0]["code"].as_str()), (422, Some(code)));
        assert_eq!(room.refused("join", json!({"call_control_id": call})), (422, code.to_owned()));
    }
    assert_eq!(room.refused("join", json!({})), (422, "10004".to_owned()));
}

#[test]
fn a_name_is_taken_only_while_its_conference_is_active() {
    let mut room = Room::open(json!({}));
    let second = answered(&mut room.bench, json!({}));
    let again = json!({"call_control_id": second, "name": "room"});
    let (status, body) = room.bench.post("/conferences", again.clone());
    assert_eq!((status, &body["errors"][0]["code"]), (422, &json!("90033")));
    room.done("end", json!({}));
    let (status, body) = room.bench.post("/conferences", again);
    assert_eq!(status, 200, "{body}");
    assert_ne!(body["data"]["id"], json!(room.id));
}

#[test]
fn the_name_stands_for_the_id_in_every_command_but_end() {
    let mut room = Room::open(json!({}));
    let second = answered(&mut room.bench, json!({}));
    let (status, _) = room.bench.post("/conferences/room/actions/join", json!({"call_control_id": second}));
    assert_eq!(status, 200);
    assert_eq!(room.bench.get("/conferences/room").0, 200);
    assert_eq!(room.bench.get("/conferences/room/participants").1["data"].as_array().unwrap().len(), 2);
    let (status, body) = room.bench.post("/conferences/room/actions/end", json!({}));
    assert_eq!((status, &body["errors"][0]["code"]), (404, &json!("90058")));
    room.done("end", json!({}));
    assert_eq!(room.bench.get("/conferences/room").0, 404);
}

#[test]
fn nobody_joins_the_same_conference_twice() {
    let mut room = Room::open(json!({}));
    let owner = room.owner.clone();
    assert_eq!(room.refused("join", json!({"call_control_id": owner})), (422, "90044".to_owned()));
}

#[test]
fn a_full_conference_refuses_the_next_one_until_somebody_leaves() {
    let mut room = Room::open(json!({"max_participants": 2}));
    let second = room.join(json!({}));
    let third = answered(&mut room.bench, json!({}));
    assert_eq!(room.refused("join", json!({"call_control_id": third})), (422, "90032".to_owned()));
    room.done("leave", json!({"call_control_id": second}));
    room.done("join", json!({"call_control_id": third}));
}

#[test]
fn a_leg_that_joins_elsewhere_leaves_where_it_was() {
    let mut room = Room::open(json!({}));
    let mover = room.join(json!({}));
    let (status, body) = room.bench.post("/conferences", json!({"call_control_id": mover, "name": "elsewhere"}));
    assert_eq!(status, 200, "{body}");
    assert_eq!(room.participants("").len(), 1);
    assert_eq!(room.bench.get("/conferences/elsewhere/participants").1["data"][0]["call_control_id"], json!(mover));
    assert_eq!(room.bench.last("conference.participant.left").payload()["call_control_id"], json!(mover));
}

#[test]
fn another_region_knows_nothing_of_the_conference() {
    let mut room = Room::open(json!({"region": "Europe"}));
    let (status, found) = room.bench.get(&format!("/conferences/{}?region=Europe", room.id));
    assert_eq!((status, &found["data"]["region"]), (200, &json!("Europe")));
    let second = answered(&mut room.bench, json!({}));
    let body = json!({"call_control_id": second, "region": "US"});
    assert_eq!(room.refused("join", body), (404, "90058".to_owned()));
    for elsewhere in ["?region=US", "", "/participants"] {
        assert_eq!(room.bench.get(&format!("/conferences/{}{elsewhere}", room.id)).0, 404, "{elsewhere}");
    }
    assert_eq!(
        room.refused("join", json!({"call_control_id": second})),
        (404, "90058".to_owned()),
        "the account's own"
    );
    assert_eq!(room.bench.get("/conferences").1["data"], json!([]));
    room.done("join", json!({"call_control_id": second, "region": "Europe"}));
}

#[test]
fn until_it_starts_whoever_joins_is_on_hold() {
    let mut room = Room::open(json!({"start_conference_on_create": false}));
    assert_eq!(room.conference()["status"], "init");
    let second = room.join(json!({}));
    let held = room.join(json!({"hold": true}));
    assert_eq!(room.participants("?filter[on_hold]=true").len(), 3);
    let host = room.join(json!({"start_conference_on_enter": true}));
    assert_eq!(room.conference()["status"], "in_progress");
    for (call, on_hold) in [(&second, false), (&host, false), (&held, true)] {
        assert_eq!(room.participant(call)["on_hold"], json!(on_hold));
    }
}

#[test]
fn hold_and_mute_reach_all_or_those_who_are_named() {
    let mut room = Room::open(json!({}));
    let second = room.join(json!({"mute": true, "hold": true}));
    let owner = room.owner.clone();
    let state = |room: &mut Room, call: &str| {
        let one = room.participant(call);
        (one["muted"] == true, one["on_hold"] == true)
    };
    assert_eq!(state(&mut room, &second), (true, true));
    room.done("unmute", json!({"call_control_ids": [second]}));
    room.done("unhold", json!({"call_control_ids": [second]}));
    assert_eq!(state(&mut room, &second), (false, false));
    room.done("hold", json!({}));
    room.done("mute", json!({}));
    assert_eq!((state(&mut room, &second), state(&mut room, &owner)), ((true, true), (true, true)));
    room.done("unmute", json!({}));
    assert_eq!(room.participants("?filter[muted]=true").len(), 0);
    assert_eq!(room.refused("unhold", json!({})), (422, "10004".to_owned()));
    assert_eq!(room.refused("hold", json!({"call_control_ids": ["v3:nobody"]})), (422, "90015".to_owned()));
    let both = json!({"audio_url": "https://example.com/a.mp3", "media_name": "a"});
    assert_eq!(room.refused("hold", both), (422, "10015".to_owned()));
}

#[test]
fn a_supervisor_is_heard_by_nobody_by_some_or_by_all() {
    let mut room = Room::open(json!({}));
    let owner = room.owner.clone();
    let supervisor = room.join(json!({"supervisor_role": "monitor"}));
    assert_eq!(room.participant(&supervisor)["muted"], true);
    let whisper = |to: Value| json!({"call_control_id": supervisor, "supervisor_role": "whisper", "whisper_call_control_ids": to});
    room.done("update", whisper(json!([owner])));
    let one = room.participant(&supervisor);
    assert_eq!((&one["muted"], &one["whisper_call_control_ids"]), (&json!(false), &json!([owner])));
    assert_eq!(room.participants("?filter[whispering]=true").len(), 1);
    // Somebody who may whisper to nobody only listens.
    room.done("update", whisper(json!([])));
    assert_eq!(room.participant(&supervisor)["muted"], true);
    for role in ["barge", "none"] {
        room.done("update", json!({"call_control_id": supervisor, "supervisor_role": role}));
        assert_eq!(room.participant(&supervisor)["muted"], false, "{role}");
    }
}

#[test]
fn whoever_leaves_is_parked_and_may_come_back() {
    let mut room = Room::open(json!({}));
    let second = room.join(json!({}));
    room.done("leave", json!({"call_control_id": second}));
    assert!(room.is_alive(&second));
    assert_eq!(room.participants("").len(), 1);
    assert_eq!(room.refused("leave", json!({"call_control_id": second})), (422, "90015".to_owned()));
    room.done("join", json!({"call_control_id": second}));
    assert_eq!(room.participants("").len(), 2);
}

#[test]
fn a_hangup_is_a_leaving() {
    let mut room = Room::open(json!({}));
    let second = room.join(json!({}));
    room.bench.command(&second, "hangup", json!({}));
    assert_eq!(room.participants("").len(), 1);
    let types = room.bench.types();
    assert_eq!(types[types.len() - 2..], ["conference.participant.left", "call.hangup"]);
}

#[test]
fn a_conference_ends_when_all_have_left() {
    let mut room = Room::open(json!({}));
    let owner = room.owner.clone();
    let second = room.join(json!({}));
    room.done("leave", json!({"call_control_id": owner}));
    assert_eq!(room.conference()["status"], "in_progress");
    room.done("leave", json!({"call_control_id": second}));
    assert_eq!(room.ended(), ("all_left".to_owned(), "all_left".to_owned()));
    assert_eq!(room.conference()["ended_by"]["call_control_id"], json!(second));
    assert!(room.is_alive(&owner) && room.is_alive(&second));
    // The creator has left long ago; its ids still stand for the conference.
    assert_eq!(room.bench.last("conference.ended").payload()["call_control_id"], json!(owner));
}

#[test]
fn a_host_who_leaves_ends_it_and_the_calls_of_all_others() {
    let mut room = Room::open(json!({}));
    let owner = room.owner.clone();
    let host = room.join(json!({"end_conference_on_exit": true}));
    room.done("leave", json!({"call_control_id": host}));
    assert_eq!(room.ended(), ("host_left".to_owned(), "host_left".to_owned()));
    assert_eq!(room.conference()["ended_by"]["call_control_id"], json!(host));
    assert!(room.is_alive(&host) && !room.is_alive(&owner));
    assert!(room.participants("").is_empty());
}

#[test]
fn a_soft_end_parks_the_others() {
    let mut room = Room::open(json!({}));
    let owner = room.owner.clone();
    let host = room.join(json!({"soft_end_conference_on_exit": true}));
    room.bench.command(&host, "hangup", json!({}));
    assert_eq!(room.ended().0, "host_left");
    assert!(room.is_alive(&owner));
}

#[test]
fn who_ends_it_can_be_changed_while_it_goes_on() {
    let mut room = Room::open(json!({}));
    let owner = room.owner.clone();
    let host = room.join(json!({"end_conference_on_exit": true}));
    for (call, ends) in [(&host, false), (&owner, true)] {
        let id = room.participant(call)["id"].as_str().unwrap().to_owned();
        let path = format!("/conferences/{}/participants/{id}", room.id);
        let (status, body) = room.bench.patch(&path, json!({"end_conference_on_exit": ends}));
        assert_eq!((status, &body["data"]["end_conference_on_exit"]), (200, &json!(ends)));
    }
    room.done("leave", json!({"call_control_id": host}));
    assert_eq!(room.conference()["status"], "in_progress");
    room.done("leave", json!({"call_control_id": owner}));
    assert_eq!(room.ended().0, "host_left");
}

#[test]
fn a_command_ends_it_and_every_call_in_it_once() {
    for (switch, told) in
        [(EndedByApi::AllLeft, "all_left"), (EndedByApi::EndedViaApi, "ended_via_api"), (EndedByApi::Omitted, "-")]
    {
        let mut config = patient();
        config.switches.conference_ended_by_api = switch;
        let mut room = Room::open_with(config, json!({}));
        let (owner, second) = (room.owner.clone(), room.join(json!({})));
        room.done("end", json!({}));
        assert_eq!(room.ended(), ("ended_via_api".to_owned(), told.to_owned()));
        assert!(room.conference()["ended_by"].is_null());
        assert!(!room.is_alive(&owner) && !room.is_alive(&second));
        assert_eq!(room.told().iter().filter(|name| **name == "conference.ended").count(), 1);
        assert_eq!(room.told().iter().filter(|name| **name == "conference.participant.left").count(), 2);
        assert_eq!(room.refused("end", json!({})), (422, "90019".to_owned()));
        assert_eq!(room.refused("mute", json!({})), (422, "90019".to_owned()));
        assert!(room.participants("").is_empty());
    }
}

#[test]
fn its_time_is_up_after_what_was_asked_for() {
    for (switch, alive) in [(ConferenceExpiry::HangUp, false), (ConferenceExpiry::Park, true)] {
        let mut config = patient();
        config.switches.conference_expiry = switch;
        let mut room = Room::open_with(config, json!({"duration_minutes": 5}));
        let owner = room.owner.clone();
        room.bench.pass_secs(299);
        assert_eq!(room.conference()["status"], "in_progress");
        room.bench.pass_secs(1);
        assert_eq!(room.ended(), ("time_exceeded".to_owned(), "time_exceeded".to_owned()));
        assert_eq!(room.is_alive(&owner), alive);
    }
}

#[test]
fn four_hours_are_the_most_whatever_was_asked_for() {
    let mut room = Room::open(json!({"duration_minutes": 100_000}));
    let conference = room.conference();
    let at = |name: &str| telnyx_simulator::model::Moment::parse(conference[name].as_str().unwrap()).unwrap();
    assert_eq!(at("expires_at").since(at("created_at")).as_secs(), 4 * 3600);
    // Whoever comes later outlives the creator, but not the conference.
    room.bench.pass_secs(3600);
    let late = room.join(json!({}));
    room.bench.pass_secs(3 * 3600);
    assert_eq!(room.ended().0, "time_exceeded");
    assert!(!room.is_alive(&late));
}

#[test]
fn a_room_hears_what_all_hear_and_a_participant_what_is_meant_for_one() {
    let mut room = Room::open(json!({}));
    let second = room.join(json!({}));
    room.bench.sent.clear();
    room.done("speak", json!({"payload": "Welcome", "voice": "female"}));
    room.done("play", json!({"audio_url": "https://example.com/a.mp3"}));
    room.done("play", json!({"media_name": "b", "call_control_ids": [second]}));
    room.bench.pass_secs(60);
    assert_eq!(
        room.told(),
        [
            "conference.speak.started",
            "conference.participant.playback.started",
            "conference.speak.ended",
            "conference.playback.started",
            "conference.participant.playback.ended",
            "conference.playback.ended",
        ]
    );
    let all = room.bench.last("conference.playback.ended").payload().clone();
    assert_eq!(all["media_url"], "https://example.com/a.mp3");
    assert!(all.get("call_control_id").is_none() && all.get("client_state").is_none());
    let one = room.bench.last("conference.participant.playback.ended").payload();
    assert_eq!((&one["media_name"], &one["call_control_id"]), (&json!("b"), &json!(second)));
}

#[test]
fn stop_silences_all_or_those_who_are_named() {
    let mut room = Room::open(json!({}));
    let (owner, second) = (room.owner.clone(), room.join(json!({})));
    let endless =
        |calls: Value| json!({"audio_url": "https://example.com/a.mp3", "loop": "infinity", "call_control_ids": calls});
    room.done("play", endless(json!([owner, second])));
    room.done("play", endless(json!([])));
    room.bench.sent.clear();
    room.done("stop", json!({"call_control_ids": [second]}));
    assert_eq!(room.told(), ["conference.participant.playback.ended"]);
    room.done("stop", json!({}));
    assert_eq!(room.told().len(), 3);
    room.bench.pass_secs(60);
    assert_eq!(room.told().len(), 3);
}

#[test]
fn what_plays_ends_with_whoever_hears_it() {
    let mut room = Room::open(json!({}));
    let second = room.join(json!({}));
    room.done("play", json!({"media_name": "b", "call_control_ids": [second]}));
    room.done("play", json!({"media_name": "a"}));
    room.bench.sent.clear();
    room.done("leave", json!({"call_control_id": second}));
    assert_eq!(room.told(), ["conference.participant.playback.ended", "conference.participant.left"]);
    room.done("end", json!({}));
    assert_eq!(room.told()[2..], ["conference.playback.ended", "conference.participant.left", "conference.ended"]);
    room.bench.pass_secs(60);
    assert_eq!(room.told().len(), 5);
}

#[test]
fn a_trimmed_recording_of_a_conference_lasts_from_the_first_sound_to_the_last() {
    // Three seconds of silence, five of a file, then silence again; a tone before it all is the first sound.
    for (fields, expected, beeps) in [
        (json!({"format": "mp3"}), 20, 0),
        (json!({"format": "mp3", "trim": "trim-silence", "custom_file_name": "minutes"}), 5, 0),
        (json!({"format": "mp3", "play_beep": true}), 20, 1),
        (json!({"format": "mp3", "play_beep": true, "trim": "trim-silence"}), 8, 1),
    ] {
        let mut room = Room::open(json!({}));
        room.done("record_start", fields.clone());
        room.bench.pass_secs(3);
        room.done("play", json!({"audio_url": "https://example.com/a.mp3"}));
        room.bench.pass_secs(17);
        room.done("record_stop", json!({}));
        room.bench.pass_secs(2);
        let saved = room.bench.last("conference.recording.saved").payload();
        let at = |name: &str| Moment::parse(saved[name].as_str().unwrap()).unwrap();
        assert_eq!(at("recording_ended_at").since(at("recording_started_at")).as_secs(), expected, "{fields}");
        let name = fields["custom_file_name"].as_str().or(saved["recording_id"].as_str()).unwrap();
        assert!(saved["recording_urls"]["mp3"].as_str().unwrap().ends_with(&format!("/{name}.mp3")), "{saved}");
        assert_eq!(room.bench.world.conferences()[0]["beeps"], beeps, "{fields}");
    }
}

#[test]
fn a_recording_is_saved_once_when_it_is_stopped_or_its_conference_ends() {
    let mut room = Room::open(json!({}));
    room.done("record_start", json!({"format": "wav", "channels": "dual"}));
    room.done("record_pause", json!({}));
    room.done("record_resume", json!({}));
    room.bench.pass_secs(10);
    room.done("record_stop", json!({}));
    assert!(!room.told().contains(&"conference.recording.saved"));
    room.bench.pass_secs(2);
    let saved = room.bench.last("conference.recording.saved").payload().clone();
    assert_eq!((&saved["format"], &saved["channels"]), (&json!("wav"), &json!("dual")));
    assert!(saved["recording_urls"]["wav"].is_string() && saved["recording_urls"].get("mp3").is_none());
    assert_eq!(room.refused("record_stop", json!({})), (404, "10005".to_owned()));
    assert_eq!(room.refused("record_start", json!({})), (422, "10004".to_owned()));
    room.done("record_start", json!({"format": "mp3"}));
    room.done("end", json!({}));
    room.bench.pass_secs(2);
    assert_eq!(room.told().iter().filter(|name| **name == "conference.recording.saved").count(), 2);
}

#[test]
fn tones_reach_those_who_are_named_and_must_be_tones() {
    let mut room = Room::open(json!({}));
    let second = room.join(json!({}));
    room.done("send_dtmf", json!({"digits": "12w#", "call_control_ids": [second], "duration_millis": 250}));
    room.done("send_dtmf", json!({"digits": "9"}));
    let view = room.bench.world.conferences();
    let tones: Vec<&str> =
        view[0]["participants"].as_array().unwrap().iter().map(|one| one["tones"].as_str().unwrap()).collect();
    assert_eq!(tones, ["9", "12w#9"]);
    assert_eq!(room.refused("send_dtmf", json!({"digits": "1x"})), (422, "90014".to_owned()));
    let slow = json!({"digits": "1", "duration_millis": 99});
    assert_eq!(room.refused("send_dtmf", slow), (422, "90027".to_owned()));
}

#[test]
fn one_participant_is_asked_for_digits_and_answers_on_the_own_call() {
    let mut room = Room::open(json!({}));
    let second = room.join(json!({}));
    let ask = |call: &str| {
        json!({
            "call_control_id": call, "media_name": "which", "maximum_digits": 2, "client_state": "YXNrZWQ=",
            "gather_id": "g", "initial_timeout_millis": 10_000, "stop_playback_on_dtmf": true,
        })
    };
    room.done("gather_using_audio", ask(&second));
    room.bench.press(&second, "42");
    let told = room.bench.last("call.gather.ended").payload().clone();
    assert_eq!((&told["call_control_id"], &told["digits"]), (&json!(second), &json!("42")));
    assert_eq!((&told["status"], &told["client_state"]), (&json!("valid"), &json!("YXNrZWQ=")));
    assert_eq!(room.participants("").len(), 2);
    let stranger = answered(&mut room.bench, json!({}));
    assert_eq!(room.refused("gather_using_audio", ask(&stranger)), (422, "90015".to_owned()));
    assert_eq!(room.refused("gather_using_audio", json!({"call_control_id": second})), (422, "10004".to_owned()));
}

#[test]
fn a_beep_sounds_for_those_for_whom_it_is_on() {
    let mut room = Room::open(json!({"beep_enabled": "on_enter"}));
    let beeps = |room: &Room| room.bench.world.conferences()[0]["beeps"].as_u64().unwrap();
    assert_eq!(beeps(&room), 1);
    let quiet = room.join(json!({"beep_enabled": "never"}));
    assert_eq!(beeps(&room), 1);
    let usual = room.join(json!({}));
    assert_eq!(beeps(&room), 2);
    room.done("leave", json!({"call_control_id": usual}));
    room.done("leave", json!({"call_control_id": quiet, "beep_enabled": "on_exit"}));
    assert_eq!(beeps(&room), 3);
}

#[test]
fn every_webhook_carries_the_state_of_the_leg_that_created_the_conference() {
    let mut room = Room::open(json!({"client_state": "b3duZXI="}));
    let owner = room.owner.clone();
    let second = room.join(json!({"client_state": "am9pbmVy"}));
    assert_eq!(room.bench.last("conference.participant.joined").payload()["client_state"], "b3duZXI=");
    let path = format!("/calls/{owner}/actions/client_state_update");
    room.bench.call(telnyx_simulator::model::Method::Put, &path, json!({"client_state": "bmV3"}));
    room.done("leave", json!({"call_control_id": second}));
    assert_eq!(room.bench.last("conference.participant.left").payload()["client_state"], "bmV3");
    room.bench.command(&second, "hangup", json!({}));
    assert_eq!(room.bench.last("call.hangup").payload()["client_state"], "am9pbmVy");
    // The creator's call is forgotten, its state is not.
    let third = room.join(json!({}));
    room.bench.command(&owner, "hangup", json!({}));
    room.bench.pass_secs(1000);
    room.bench.command(&third, "hangup", json!({}));
    assert_eq!(room.bench.last("conference.ended").payload()["client_state"], "bmV3");
}

#[test]
fn a_repeated_command_is_carried_out_once() {
    let mut bench = Bench::new(patient());
    let owner = answered(&mut bench, json!({}));
    let create = json!({"call_control_id": owner, "name": "room", "command_id": "1"});
    let (_, first) = bench.post("/conferences", create.clone());
    let (status, second) = bench.post("/conferences", create);
    assert_eq!((status, &second), (200, &first));
    let id = first["data"]["id"].as_str().unwrap().to_owned();
    let mut room = Room { bench, id, owner };
    let joiner = answered(&mut room.bench, json!({}));
    for _ in 0..2 {
        room.done("join", json!({"call_control_id": joiner, "command_id": "2"}));
    }
    for _ in 0..2 {
        room.done("end", json!({"command_id": "3"}));
    }
    assert_eq!(room.bench.world.counters()["duplicateCommands"], 3);
}

#[test]
fn conferences_are_listed_by_expiry_and_found_by_name_status_and_application() {
    let mut room = Room::open(json!({"duration_minutes": 60}));
    let mut names = |query: &str| -> Vec<String> {
        let (status, body) = room.bench.get(&format!("/conferences{query}"));
        assert_eq!(status, 200, "{body}");
        body["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(""), ["room"]);
    for (name, minutes) in [("soon", 5), ("late", 200)] {
        let call = answered(&mut room.bench, json!({}));
        room.bench.post("/conferences", json!({"call_control_id": call, "name": name, "duration_minutes": minutes}));
    }
    room.done("end", json!({}));
    let application = room.bench.application.clone();
    let mut names = |query: &str| -> Vec<String> {
        let (status, body) = room.bench.get(&format!("/conferences{query}"));
        assert_eq!(status, 200, "{body}");
        body["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(""), ["late", "room", "soon"]);
    assert_eq!(names("?page[size]=1&page[number]=2"), ["room"]);
    assert_eq!(names("?filter[status]=completed"), ["room"]);
    assert_eq!(names("?filter[name]=soon"), ["soon"]);
    assert_eq!(names(&format!("?filter[connection_id]={application}")).len(), 3);
    assert!(names("?filter[connection_id]=1").is_empty() && names("?region=Europe").is_empty());
}

#[test]
fn a_dial_leads_straight_into_a_conference_and_opens_it_when_it_is_named() {
    let mut bench = Bench::new(patient());
    let first = answered(
        &mut bench,
        json!({"conference_config": {"conference_name": "room", "start_conference_on_create": false}}),
    );
    let (_, body) = bench.get("/conferences/room");
    assert_eq!(body["data"]["status"], "init");
    let id = body["data"]["id"].as_str().unwrap().to_owned();
    let mut room = Room { bench, id: id.clone(), owner: first };
    let config = json!({"conference_config": {"id": id, "start_conference_on_enter": true, "mute": true}});
    let second = answered(&mut room.bench, config.clone());
    assert_eq!(room.participant(&second)["muted"], true);
    assert_eq!(room.conference()["status"], "in_progress");
    // The phone rings while the conference ends: the leg is parked.
    let late = room.bench.dial(config.clone());
    room.bench.pass_secs(1);
    room.done("end", json!({}));
    room.bench.pass_secs(3);
    assert!(room.is_alive(&late));
    let (status, body) = room.bench.try_dial(config);
    assert_eq!((status, &body["errors"][0]["source"]["pointer"]), (422, &json!("/conference_config/id")));
    let (status, body) = room.bench.try_dial(json!({"conference_config": {}}));
    assert_eq!((status, &body["errors"][0]["code"]), (422, &json!("10004")));
}

#[test]
fn a_leg_in_a_queue_leaves_it_for_a_conference_and_the_other_way_round() {
    let mut room = Room::open(json!({}));
    let call = answered(&mut room.bench, json!({}));
    room.bench.command(&call, "enqueue", json!({"queue_name": "q"}));
    room.done("join", json!({"call_control_id": call}));
    assert_eq!(room.bench.last("call.dequeued").payload()["reason"], "bridged");
    room.bench.command(&call, "enqueue", json!({"queue_name": "q"}));
    assert_eq!(room.participants("").len(), 1);
    assert_eq!(room.bench.get("/queues/q").1["data"]["current_size"], 1);
}

#[test]
fn a_bridge_and_a_conference_each_end_where_the_other_begins() {
    let mut room = Room::open(json!({}));
    let (first, second) = (room.join(json!({})), answered(&mut room.bench, json!({})));
    assert_eq!(room.bench.command(&first, "bridge", json!({"call_control_id": second})).0, 200);
    assert_eq!(room.participants("").len(), 1);
    room.done("join", json!({"call_control_id": first}));
    assert_eq!(room.participants("").len(), 2);
    assert!(room.is_alive(&first) && !room.is_alive(&second), "whoever is left by a bridge hangs up");
}

#[test]
fn people_leave_when_they_have_talked_or_waited_long_enough() {
    let mut config = patient();
    config.conferences.stays_ms = Spread::Fixed(60_000);
    config.conferences.waits_ms = Spread::Fixed(20_000);
    let mut room = Room::open_with(config, json!({}));
    let owner = room.owner.clone();
    room.bench.pass_secs(10);
    // Alone for ten seconds, then in conversation: the minute begins now.
    let second = room.join(json!({}));
    room.bench.pass_secs(30);
    room.done("hold", json!({"call_control_ids": [second]}));
    room.bench.pass_secs(19);
    assert!(room.is_alive(&owner) && room.is_alive(&second));
    room.bench.pass_secs(2);
    assert!(!room.is_alive(&owner) && !room.is_alive(&second));
    assert_eq!(room.ended().0, "all_left");
}

#[test]
fn the_floor_goes_from_one_to_another_of_those_who_are_heard() {
    let mut config = patient();
    config.conferences.turn_ms = Some(Spread::Fixed(1000));
    let mut room = Room::open_with(config, json!({}));
    let speakers = |room: &Room| -> Vec<String> {
        let changes = room.bench.sent.iter().filter(|one| one.event_type() == "conference.floor.changed");
        changes.map(|one| one.payload()["call_control_id"].as_str().unwrap().to_owned()).collect()
    };
    room.bench.pass_secs(10);
    assert!(speakers(&room).is_empty(), "nobody talks alone");
    let (owner, second) = (room.owner.clone(), room.join(json!({})));
    let monitor = room.join(json!({"supervisor_role": "monitor"}));
    room.bench.sent.clear();
    room.bench.pass_secs(10);
    let told = speakers(&room);
    assert_eq!(told.len(), 10);
    assert!(told.windows(2).all(|pair| pair[0] != pair[1]) && !told.contains(&monitor));
    assert!(told.contains(&owner) && told.contains(&second));
    room.done("mute", json!({"call_control_ids": [second]}));
    room.bench.sent.clear();
    room.bench.pass_secs(10);
    assert!(speakers(&room).len() <= 1, "the only one who is heard keeps the floor");
}
