//! What a conference tells: payloads with the fields of Telnyx's webhook reference ("Conference …").
//!
//! Promises the `client_state` rule of "Create conference": every webhook of a conference carries that of its creator's
//! leg, whichever participant it is about. A webhook about a participant goes where that leg's webhooks go, one about the
//! conference where its creator's go.

use std::sync::Arc;

use serde::Serialize;

use super::audio::Edge;
use super::{ConferenceKey, Listener, Recording};
use crate::model::World;
use crate::model::calls::audio::Sound;
use crate::model::events::UNKNOWN;
use crate::model::leg::Leg;
use crate::model::moment::Moment;

/// Everything but the event's own name. What an event does not carry is not written.
#[derive(Debug, Default, Serialize)]
struct Payload {
    #[serde(skip_serializing_if = "Option::is_none")]
    call_control_id: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_leg_id: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_session_id: Option<Arc<str>>,
    #[serde(flatten)]
    state: Option<State>,
    connection_id: Arc<str>,
    conference_id: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creator_call_session_id: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_url: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_name: Option<Arc<str>>,
    #[serde(flatten)]
    recording: Option<Saved>,
}

/// Written as `null` when there is none, unlike what an event has no field for.
#[derive(Debug, Serialize)]
struct State {
    client_state: Option<Arc<str>>,
}

#[derive(Debug, Serialize)]
struct Saved {
    channels: &'static str,
    format: &'static str,
    recording_id: Arc<str>,
    recording_started_at: Moment,
    recording_ended_at: Moment,
    recording_urls: Urls,
    public_recording_urls: Urls,
}

#[derive(Debug, Clone, Serialize)]
struct Urls {
    #[serde(skip_serializing_if = "Option::is_none")]
    mp3: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wav: Option<String>,
}

impl Urls {
    fn of(recording: &Recording) -> Self {
        let file = &recording.file;
        let url = |format| (file.order.format == format).then(|| file.url());
        Self { mp3: url("mp3"), wav: url("wav") }
    }
}

/// What an event is about.
struct About {
    leg: Leg,
    payload: Payload,
}

impl World {
    pub(super) fn tell_created(&mut self, key: ConferenceKey) {
        let Some(mut about) = self.about_conference(key) else { return };
        about.payload.occurred_at = Some(self.now);
        self.publish("conference.created", about);
    }

    pub(super) fn tell_ended(&mut self, key: ConferenceKey, reason: Option<&'static str>) {
        let Some(mut about) = self.about_conference(key) else { return };
        about.payload.occurred_at = Some(self.now);
        about.payload.reason = reason;
        self.publish("conference.ended", about);
    }

    pub(super) fn tell_joined(&mut self, key: ConferenceKey, leg: &Leg) {
        let Some(about) = self.about_leg(key, leg) else { return };
        self.publish("conference.participant.joined", about);
    }

    pub(super) fn tell_left(&mut self, key: ConferenceKey, leg: &Leg) {
        let Some(about) = self.about_leg(key, leg) else { return };
        self.publish("conference.participant.left", about);
    }

    pub(super) fn tell_floor(&mut self, key: ConferenceKey, leg: &Leg) {
        let Some(mut about) = self.about_leg(key, leg) else { return };
        about.payload.occurred_at = Some(self.now);
        self.publish("conference.floor.changed", about);
    }

    pub(super) fn tell_audio(&mut self, key: ConferenceKey, listener: Listener, sound: &Sound, edge: Edge) {
        let Some(conference) = self.conferences.get(key) else { return };
        let creator = Arc::clone(&conference.owner.session_id);
        let about = match listener {
            Listener::Everybody => self.about_room(key),
            Listener::One(call) => {
                let leg = conference.participant(call).map(|one| one.leg.clone());
                leg.and_then(|leg| self.about_leg(key, &leg))
            }
        };
        let Some(mut about) = about else { return };
        about.payload.creator_call_session_id = Some(creator);
        about.payload.occurred_at = Some(self.now);
        if let Sound::File(media) = sound {
            about.payload.media_url.clone_from(&media.media_url);
            about.payload.media_name.clone_from(&media.media_name);
        }
        self.publish(audio_event(listener, sound, edge), about);
    }

    pub(super) fn tell_recording(&mut self, key: ConferenceKey, recording: &Recording) {
        let Some(mut about) = self.about_conference(key) else { return };
        about.payload.call_leg_id = None;
        let (started, ended) = recording.span();
        about.payload.recording = Some(Saved {
            channels: recording.file.order.channels,
            format: recording.file.order.format,
            recording_id: Arc::clone(&recording.file.id),
            recording_started_at: started,
            recording_ended_at: ended,
            recording_urls: Urls::of(recording),
            public_recording_urls: Urls::of(recording),
        });
        self.publish("conference.recording.saved", about);
    }

    /// About the conference, by the ids of the leg that created it.
    fn about_conference(&mut self, key: ConferenceKey) -> Option<About> {
        let owner = self.conferences.get(key)?.owner.clone();
        self.about_leg(key, &owner)
    }

    /// About everybody: no leg is named, and no state is carried.
    fn about_room(&mut self, key: ConferenceKey) -> Option<About> {
        let About { leg, payload } = self.about_conference(key)?;
        let Payload { connection_id, conference_id, .. } = payload;
        Some(About { leg, payload: Payload { connection_id, conference_id, ..Payload::default() } })
    }

    fn about_leg(&mut self, key: ConferenceKey, leg: &Leg) -> Option<About> {
        let conference = self.conferences.get_mut(key)?;
        // The creator's state may have changed since, and lives on here when that call is forgotten.
        if let Some(owner) = self.calls.get(conference.owner.key) {
            conference.client_state.clone_from(&owner.client_state);
        }
        let payload = Payload {
            call_control_id: Some(Arc::clone(&leg.control_id)),
            call_leg_id: Some(Arc::clone(&leg.leg_id)),
            call_session_id: Some(Arc::clone(&leg.session_id)),
            state: Some(State { client_state: conference.client_state.clone() }),
            connection_id: Arc::clone(&leg.connection),
            conference_id: Arc::clone(&conference.id),
            ..Payload::default()
        };
        Some(About { leg: leg.clone(), payload })
    }

    fn publish(&mut self, event_type: &'static str, about: About) {
        let About { leg, mut payload } = about;
        self.announce(event_type, &leg, |strikes| {
            if strikes.unknown_enum && payload.reason.is_some() {
                payload.reason = Some(UNKNOWN);
            }
            // Strings under string keys: serialization has no way to fail.
            serde_json::to_string(&payload).unwrap_or_default()
        });
    }
}

fn audio_event(listener: Listener, sound: &Sound, edge: Edge) -> &'static str {
    match (listener, sound, edge) {
        (Listener::Everybody, Sound::Text, Edge::Started) => "conference.speak.started",
        (Listener::Everybody, Sound::Text, Edge::Ended) => "conference.speak.ended",
        (Listener::Everybody, Sound::File(_), Edge::Started) => "conference.playback.started",
        (Listener::Everybody, Sound::File(_), Edge::Ended) => "conference.playback.ended",
        (Listener::One(_), Sound::Text, Edge::Started) => "conference.participant.speak.started",
        (Listener::One(_), Sound::Text, Edge::Ended) => "conference.participant.speak.ended",
        (Listener::One(_), Sound::File(_), Edge::Started) => "conference.participant.playback.started",
        (Listener::One(_), Sound::File(_), Edge::Ended) => "conference.participant.playback.ended",
        (listener, Sound::Question(asked), edge) => audio_event(listener, asked, edge),
    }
}
