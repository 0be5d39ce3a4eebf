//! A conference that somebody begins becomes as its policy declares.

use crate::queues::patient;
use crate::world::{World, condition, eventually};
use futures::TryStreamExt;
use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, Conference, OutboundVoiceProfile};
use telnyx_voice::conference::{ConferenceJoinRequest, ConferenceRegion, ConferenceRequest, ParticipantFilter};
use telnyx_voice::{CallControlId, ConferenceId, ConnectionId, DialRequest, PhoneNumber};

const START: &str = "POST /conferences/{id}/actions/record_start";
const SPEAK: &str = "POST /conferences/{id}/actions/speak";
const HOLD: &str = "POST /conferences/{id}/actions/hold";

async fn world() -> (World, ConnectionId) {
    let world = World::with_account_on(patient).await;
    world.profile("us-calls", json!({})).await;
    world.ready::<OutboundVoiceProfile>("us-calls").await;
    let connection = application(&world, "support").await;
    (world, connection)
}

async fn application(world: &World, name: &str) -> ConnectionId {
    world.application(name, json!({ "outbound": { "outboundVoiceProfileRef": { "name": "us-calls" } } })).await;
    let application = world.ready::<CallControlApplication>(name).await;
    ConnectionId::from(application["status"]["id"].as_str().unwrap())
}

async fn dial(world: &World, connection: &ConnectionId, number: u32) -> CallControlId {
    let parse = |text: &str| PhoneNumber::parse(text).unwrap();
    let (from, to) = (parse("+12025550199"), parse(&format!("+1312555{number:04}")));
    world.telnyx.dial(&DialRequest::new(connection, &from, &to)).await.unwrap().call_control_id.unwrap()
}

/// Begins a conference as soon as the call is answered.
async fn begin(world: &World, name: &str, call: &CallControlId) -> ConferenceId {
    begin_as(world, ConferenceRequest::default().name(name), call).await
}

async fn begin_as(world: &World, request: ConferenceRequest, call: &CallControlId) -> ConferenceId {
    let request = request.call_control_id(call);
    eventually("the call begins a conference", || async {
        world.telnyx.create_conference(&request).await.map_err(|error| error.to_string())
    })
    .await
    .id
    .unwrap()
}

async fn join(world: &World, id: &ConferenceId, call: &CallControlId) {
    let request = ConferenceJoinRequest::default().call_control_id(call);
    eventually("the call joins", || async {
        world.telnyx.conference_command(id, &request).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
}

async fn policy(world: &World, changes: Value) {
    let mut spec = json!({ "accountRef": { "name": "main" } });
    spec.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    world.put::<Conference>("stand-up", spec).await;
}

fn on_hold<'a>(conference: &'a Value, call: &CallControlId) -> &'a Value {
    let list = conference["status"]["participants"]["list"].as_array();
    let found = list.and_then(|list| list.iter().find(|one| one["callControlId"] == call.as_str()));
    found.map_or(&Value::Null, |one| &one["onHold"])
}

fn is_live(conference: &Value) -> bool {
    condition(conference, "Ready")["reason"] == "Live"
}

fn is_synced(conference: &Value) -> bool {
    conference["status"]["observedGeneration"] == conference["metadata"]["generation"]
        && condition(conference, "Synced")["status"] == "True"
}

fn seat<'a>(conference: &'a Value, call: &CallControlId) -> &'a Value {
    let list = conference["status"]["participants"]["list"].as_array();
    list.and_then(|list| list.iter().find(|one| one["callControlId"] == call.as_str())).unwrap_or(&Value::Null)
}

/// What the API tells of somebody in a conference: whether it ends when they leave, and softly.
async fn ends(world: &World, id: &ConferenceId, call: &CallControlId) -> (Option<bool>, Option<bool>) {
    let listing = world.telnyx.conference_participants(id, &ParticipantFilter::default()).unwrap();
    let people: Vec<_> = listing.try_collect().await.unwrap();
    let one = people.iter().find(|one| one.call_control_id.as_ref() == Some(call)).unwrap();
    (one.end_conference_on_exit, one.soft_end_conference_on_exit)
}

/// The listings that find conferences go on this often before something counts as not done.
async fn several_looks(world: &World) {
    let start = world.requests("GET /conferences").await;
    eventually("the conferences were listed again", || async {
        let seen = world.requests("GET /conferences").await - start;
        if seen >= 4 { Ok(()) } else { Err(seen.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_waits_for_its_conference_and_makes_it_as_declared() {
    let (mut world, connection) = world().await;
    let (host, guest) = (dial(&world, &connection, 1).await, dial(&world, &connection, 2).await);
    let wanted = |lobby: &str, recording: &str| {
        json!({
            "lobby": lobby, "recording": recording,
            "announcements": [{ "name": "welcome", "text": { "payload": "This call is recorded." } }],
            "participants": [{ "callControlId": host.as_str(), "moderator": true }],
        })
    };
    policy(&world, wanted("Closed", "Running")).await;
    let waiting = world.ready::<Conference>("stand-up").await;
    assert_eq!(condition(&waiting, "Ready")["reason"], "NotLive");
    assert!(waiting["status"]["id"].is_null());

    let id = begin(&world, "stand-up", &host).await;
    join(&world, &id, &guest).await;
    let live = world
        .until::<Conference>("stand-up", "is live and the guest waits", |conference| {
            is_live(conference) && is_synced(conference) && on_hold(conference, &guest) == true
        })
        .await;
    let status = &live["status"];
    assert_eq!((&status["id"], &status["participants"]["count"]), (&json!(id.as_str()), &json!(2)));
    assert_eq!(on_hold(&live, &host), false);
    assert_eq!((&status["recording"], &status["state"]), (&json!("Running"), &json!("in_progress")));
    assert_eq!(status["announcements"], json!([{ "name": "welcome", "state": "Sent" }]));
    assert!(!status.to_string().contains("312555"), "{status}");

    // Nothing is done twice, not even by an operator that knows no more than status says.
    world.kill_operator().await;
    world.start_operator().await;
    several_looks(&world).await;
    let counts = (world.requests(START).await, world.requests(SPEAK).await, world.requests(HOLD).await);
    assert_eq!(counts, (1, 1, 1), "started, announced, held");

    policy(&world, wanted("Open", "Paused")).await;
    world
        .until::<Conference>("stand-up", "is open", |conference| {
            is_synced(conference)
                && on_hold(conference, &guest) == false
                && conference["status"]["recording"] == "Paused"
        })
        .await;

    let mut over = wanted("Open", "Paused");
    over["end"] = json!(true);
    policy(&world, over).await;
    let ended = world
        .until::<Conference>("stand-up", "has ended", |conference| {
            condition(conference, "Ready")["reason"] == "NotLive" && conference["status"]["id"].is_null()
        })
        .await;
    assert!(ended["status"]["participants"].is_null() && ended["status"]["announcements"].is_null());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conference_of_another_application_is_left_alone() {
    let (world, connection) = world().await;
    let other = application(&world, "sales").await;
    policy(&world, json!({ "applicationRef": { "name": "sales" }, "lobby": "Closed", "end": true })).await;
    world.ready::<Conference>("stand-up").await;
    let call = dial(&world, &connection, 1).await;
    let id = begin(&world, "stand-up", &call).await;
    several_looks(&world).await;
    assert_eq!(condition(&world.get::<Conference>("stand-up").await, "Ready")["reason"], "NotLive");
    let there = world.telnyx.get_conference(&id, None).await.unwrap();
    assert_eq!((there.status.unwrap().as_str(), there.connection_id.unwrap()), ("in_progress", connection));
    assert_ne!(there.id.unwrap().as_str(), other.as_str());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_the_api_refuses_is_named_by_its_field_and_not_sent_again() {
    let (world, connection) = world().await;
    let refusal = json!({ "refuse": { "status": 422, "code": "10015" } });
    world.fault(json!({ "scope": { "route": SPEAK }, "effect": refusal })).await;
    policy(&world, json!({ "announcements": [{ "name": "welcome", "text": { "payload": "Hello." } }] })).await;
    let call = dial(&world, &connection, 1).await;
    begin(&world, "stand-up", &call).await;
    let stalled = world.reason::<Conference>("stand-up", "Stalled", "InvalidSpec").await;
    let message = condition(&stalled, "Stalled")["message"].as_str().unwrap();
    assert!(message.contains("spec.announcements"), "{message}");
    assert_eq!(stalled["status"]["announcements"][0]["state"], "Refused");
    several_looks(&world).await;
    assert_eq!(world.requests(SPEAK).await, 1);
    world.no_more_faults().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_without_an_application_says_what_it_waits_for() {
    let world = World::with_account().await;
    policy(&world, json!({})).await;
    let waiting = world.reason::<Conference>("stand-up", "Ready", "ReferenceNotReady").await;
    assert_eq!(condition(&waiting, "Ready")["status"], "False");
    world.end().await;
}

const PARTICIPANT: &str = "PATCH /conferences/{id}/participants/{participant_id}";

#[tokio::test(flavor = "multi_thread")]
async fn a_participant_becomes_as_the_policy_says_and_becomes_so_back() {
    let (world, connection) = world().await;
    let (host, guest) = (dial(&world, &connection, 1).await, dial(&world, &connection, 2).await);
    let id = begin(&world, "stand-up", &host).await;
    join(&world, &id, &guest).await;
    let wanted = |yes: bool, beep: &str, recording: &str| {
        json!({
            "recording": recording,
            "announcements": [{ "name": "jingle", "audio": { "audioUrl": "https://media.example.com/jingle.mp3" } }],
            "participants": [{
                "callControlId": guest.as_str(), "muted": yes, "onHold": yes, "supervisorRole": "barge",
                "endConferenceOnExit": yes, "softEndConferenceOnExit": !yes, "beepEnabled": beep,
            }],
        })
    };
    let is = |yes: bool, recording: &'static str| {
        let guest = guest.clone();
        move |conference: &Value| {
            let one = seat(conference, &guest);
            is_synced(conference)
                && (&one["muted"], &one["onHold"]) == (&json!(yes), &json!(yes))
                && conference["status"]["recording"] == recording
        }
    };
    policy(&world, wanted(true, "on_exit", "Running")).await;
    let live = world.until::<Conference>("stand-up", "treats the guest so", is(true, "Running")).await;
    assert_eq!(seat(&live, &host)["muted"], false);
    assert_eq!(live["status"]["announcements"], json!([{ "name": "jingle", "state": "Sent" }]));
    assert_eq!(live["status"]["roles"], json!([{ "callControlId": guest.as_str(), "supervisorRole": "barge" }]));
    assert_eq!(live["status"]["beeps"], json!([{ "callControlId": guest.as_str(), "beepEnabled": "on_exit" }]));
    assert_eq!(ends(&world, &id, &guest).await, (Some(true), Some(false)));
    assert_eq!(ends(&world, &id, &host).await, (Some(false), Some(false)));

    policy(&world, wanted(false, "never", "Paused")).await;
    world.until::<Conference>("stand-up", "lets the guest go", is(false, "Paused")).await;
    assert_eq!(ends(&world, &id, &guest).await, (Some(false), Some(true)));
    for recording in ["Running", "Stopped"] {
        policy(&world, wanted(false, "never", recording)).await;
        world.until::<Conference>("stand-up", "is recorded so", is(false, recording)).await;
    }
    several_looks(&world).await;
    for (action, times) in [
        ("mute", 1),
        ("unmute", 1),
        ("hold", 1),
        ("unhold", 1),
        ("update", 1),
        ("play", 1),
        ("record_start", 1),
        ("record_pause", 1),
        ("record_resume", 1),
        ("record_stop", 1),
    ] {
        let seen = world.requests(&format!("POST /conferences/{{id}}/actions/{action}")).await;
        assert_eq!(seen, times, "{action}");
    }
    assert_eq!(world.requests(PARTICIPANT).await, 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conference_in_another_region_is_commanded_where_it_is_kept() {
    let (world, connection) = world().await;
    let (host, guest) = (dial(&world, &connection, 1).await, dial(&world, &connection, 2).await);
    let request = ConferenceRequest::default().name("stand-up").region(ConferenceRegion::Europe);
    let id = begin_as(&world, request, &host).await;
    let request = ConferenceJoinRequest::default().call_control_id(&guest).region(ConferenceRegion::Europe);
    eventually("the call joins", || async {
        world.telnyx.conference_command(&id, &request).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    let wanted = json!({
        "lobby": "Closed", "recording": "Running",
        "announcements": [{ "name": "welcome", "text": { "payload": "Hello." } }],
        "participants": [{ "callControlId": host.as_str(), "moderator": true, "muted": true }],
    });
    // Without its region nobody sees it.
    policy(&world, wanted.clone()).await;
    let waiting = world.ready::<Conference>("stand-up").await;
    assert_eq!(condition(&waiting, "Ready")["reason"], "NotLive");

    let mut there = wanted;
    there["region"] = json!("Europe");
    policy(&world, there.clone()).await;
    let live = world
        .until::<Conference>("stand-up", "is as declared in Europe", |conference| {
            is_live(conference) && is_synced(conference) && on_hold(conference, &guest) == true
        })
        .await;
    assert_eq!((&live["status"]["recording"], &seat(&live, &host)["muted"]), (&json!("Running"), &json!(true)));

    there["lobby"] = json!("Open");
    there["recording"] = json!("Stopped");
    there["end"] = json!(true);
    policy(&world, there).await;
    world.reason::<Conference>("stand-up", "Ready", "NotLive").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_finds_no_conference_is_not_taken_for_done() {
    let (world, connection) = world().await;
    let gone = json!({ "refuse": { "status": 404, "code": "90058" } });
    world.fault(json!({ "scope": { "route": SPEAK }, "effect": gone })).await;
    policy(&world, json!({ "announcements": [{ "name": "welcome", "text": { "payload": "Hello." } }] })).await;
    let call = dial(&world, &connection, 1).await;
    begin(&world, "stand-up", &call).await;
    let lost = world.reason::<Conference>("stand-up", "Synced", "ApiUnavailable").await;
    assert_eq!(condition(&lost, "Synced")["status"], "Unknown");
    assert!(condition(&lost, "Synced")["message"].as_str().unwrap().contains("spec.region"), "{lost}");
    world.no_more_faults().await;
    let live = world.until::<Conference>("stand-up", "has made up for it", is_synced).await;
    assert_eq!(live["status"]["announcements"], json!([{ "name": "welcome", "state": "Sent" }]));
    world.end().await;
}
