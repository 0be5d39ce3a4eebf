//! `Conference`: the policy of a named conference and, while it lives, what it is to be like.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::Column;
use super::references::{AccountRef, LocalRef};

/// What `kubectl get` shows.
pub(super) const COLUMNS: [Column; 7] = [
    Column::ready("Whether the policy can be put into effect."),
    Column::text(
        "Live",
        r#".status.conditions[?(@.type=="Ready")].reason"#,
        "Whether the conference is live, or why the policy cannot be put into effect.",
    ),
    Column::synced("Whether the live conference is as declared."),
    Column::number("Participants", ".status.participants.count", "Who takes part now."),
    Column::text("Recording", ".status.recording", "Whether it is recorded."),
    Column::ACCOUNT,
    Column::AGE,
];

/// A conference at Telnyx cannot exist empty: it begins with the first call that enters it. So this is no object to be
/// made, but a policy that waits for the conference of this name, and makes it so while it lives.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "telnyx-operator.io",
    version = "v1alpha1",
    kind = "Conference",
    plural = "conferences",
    shortname = "txconf",
    category = "telnyx",
    namespaced,
    status = "ConferenceStatus",
    derive = "PartialEq",
    doc = "The policy of a named conference, and what it is to be like while it lives."
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.conferenceName) == has(oldSelf.conferenceName) && (!has(self.conferenceName) || self.conferenceName == oldSelf.conferenceName)",
    "message": "conferenceName is immutable: a conference cannot be renamed, create another resource",
}, {
    "rule": "!(has(self.holdAudioUrl) && has(self.holdMediaName))",
    "message": "set at most one of holdAudioUrl and holdMediaName",
}]))]
pub struct ConferenceSpec {
    /// The account that the conference belongs to. Immutable.
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self == oldSelf",
        "message": "accountRef is immutable: a conference cannot move to another account, create another resource",
    }]))]
    pub account_ref: AccountRef,
    /// The `CallControlApplication` in this namespace whose calls begin the conference. Unset: any of this namespace that
    /// uses the account. Conferences of other applications are never touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_ref: Option<LocalRef>,
    /// Name of the conference, 1 to 255 characters. Immutable. Unset: `metadata.name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub conference_name: Option<String>,
    /// Whether the operator leaves the conference alone. Unset: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,

    /// When a tone sounds: `always`, `never`, `on_enter` or `on_exit`. Used when a flow begins the conference and its step says nothing else. Unset: Telnyx's own
    /// choice, `never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ConferenceBeep")]
    pub beep_enabled: Option<ConferenceBeep>,
    /// Whether silence is filled with a faint noise. Used when a flow begins the conference and its step says nothing else. Unset: Telnyx's own choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comfort_noise: Option<bool>,
    /// Minutes after which the conference ends, 1 to 240. Used when a flow begins the conference and its step says nothing else. Unset: 240, the most that Telnyx
    /// allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 240))]
    pub duration_minutes: Option<u32>,
    /// What those hear who are on hold, a URL of at most 2000 characters. Excludes `holdMediaName`. Unset: Telnyx's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000), pattern(r"^https?://[^\s/?#]+([/?#]\S*)?$"))]
    pub hold_audio_url: Option<String>,
    /// The same, by the name of a stored file, 1 to 255 characters. Excludes `holdAudioUrl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub hold_media_name: Option<String>,
    /// Most participants, 2 to 800. Used when a flow begins the conference and its step says nothing else. Unset: Telnyx's own choice, 250.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 800))]
    pub max_participants: Option<u32>,
    /// Where the conference is kept: `Australia`, `Europe`, `Middle East` or `US`. All who take part must be in one
    /// region. Unset: the account's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ConferenceRegion")]
    pub region: Option<ConferenceRegion>,
    /// Whether the conference starts with its first participant; where false, whoever enters is on hold until somebody
    /// starts it. Used when a flow begins the conference and its step says nothing else. Unset: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_conference_on_create: Option<bool>,

    /// Whether the live conference is recorded. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Recording")]
    pub recording: Option<Recording>,
    /// The file's format, where `recording` starts one.
    #[serde(default)]
    pub recording_format: RecordingFormat,
    /// `Closed`: all but moderators are on hold. `Open`: nobody is, but those whom `participants` puts there. Unset:
    /// unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Lobby")]
    pub lobby: Option<Lobby>,
    /// What is said or played to all, each once per conference: what was sent is in `status.announcements`. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub announcements: Vec<ConferenceAnnouncement>,
    /// What single participants are to be like. At most 50. Whoever is not named is left as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub participants: Vec<ParticipantRule>,
    /// Whether a live conference of this name is ended, now and as often as it begins again. Unset: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub end: bool,
}

/// When a tone sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConferenceBeep {
    /// When somebody enters or leaves.
    Always,
    /// Never.
    Never,
    /// When somebody enters.
    OnEnter,
    /// When somebody leaves.
    OnExit,
}

/// Where a conference is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ConferenceRegion {
    /// Australia.
    Australia,
    /// Europe.
    Europe,
    /// The Middle East.
    #[serde(rename = "Middle East")]
    MiddleEast,
    /// The United States.
    #[serde(rename = "US")]
    Us,
}

/// Whether a conference is recorded. Not `On` and `Off`, which YAML reads as true and false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Recording {
    /// It is not.
    Stopped,
    /// It is.
    Running,
    /// It was, and may go on.
    Paused,
}

/// The format of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RecordingFormat {
    /// Compressed. The default: an hour is 30 MB rather than 300.
    #[default]
    Mp3,
    /// As it was.
    Wav,
}

/// Who waits outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Lobby {
    /// All but moderators.
    Closed,
    /// Nobody.
    Open,
}

/// Something that everybody hears once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.text) != has(self.audio)",
    "message": "set exactly one of text and audio",
}]))]
pub struct ConferenceAnnouncement {
    /// Names it in status, 1 to 63 characters. Another name is another announcement.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// A text to speak. Excludes `audio`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<SpokenText>,
    /// A file to play. Excludes `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<PlayedAudio>,
}

/// A text to speak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpokenText {
    /// The text, 1 to 3000 characters.
    #[schemars(length(min = 1, max = 3000))]
    pub payload: String,
    /// The voice, 1 to 255 characters: `female`, `male`, or a provider's, such as `AWS.Polly.Joanna`.
    #[serde(default = "default_voice")]
    #[schemars(length(min = 1, max = 255))]
    pub voice: String,
}

fn default_voice() -> String {
    "female".to_owned()
}

/// A file to play.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.audioUrl) != has(self.mediaName)",
    "message": "set exactly one of audioUrl and mediaName",
}]))]
pub struct PlayedAudio {
    /// Where it is, WAV or MP3, at most 2000 characters. Excludes `mediaName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000), pattern(r"^https?://[^\s/?#]+([/?#]\S*)?$"))]
    pub audio_url: Option<String>,
    /// The name of a stored file, 1 to 255 characters. Excludes `audioUrl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub media_name: Option<String>,
}

/// What one participant is to be like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.label) != has(self.callControlId)",
    "message": "set exactly one of label and callControlId",
}]))]
pub struct ParticipantRule {
    /// The participant's label, 1 to 255 characters, as Telnyx shows it: only participants that joined by `TeXML` have
    /// one. Excludes `callControlId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub label: Option<String>,
    /// The participant's call, 1 to 255 characters. Excludes `label`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub call_control_id: Option<String>,
    /// Whether the closed lobby does not hold this one. Unset: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moderator: bool,
    /// Whether nobody hears this one. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
    /// Whether this one is on hold, whatever the lobby says. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_hold: Option<bool>,
    /// What this one may do as a supervisor: `barge`, `monitor`, `none` or `whisper`. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SupervisorRole")]
    pub supervisor_role: Option<SupervisorRole>,
    /// Whether the conference ends, and everybody in it is hung up on, when this one leaves. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_conference_on_exit: Option<bool>,
    /// Whether the conference ends when this one leaves, and nobody is hung up on. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft_end_conference_on_exit: Option<bool>,
    /// When a tone sounds for this one: `always`, `never`, `on_enter` or `on_exit`. Unset: unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ConferenceBeep")]
    pub beep_enabled: Option<ConferenceBeep>,
}

/// What a supervisor may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SupervisorRole {
    /// Hear and be heard by all.
    Barge,
    /// Hear.
    Monitor,
    /// No supervisor.
    None,
    /// Hear all, be heard by some.
    Whisper,
}

/// What is true of a conference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConferenceStatus {
    /// The `metadata.generation` that this status is about. 0: the operator has not seen the object yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: the policy can be put into effect; reason `Live` while a conference of this name is, `NotLive` while none
    /// is. `Synced`: the live conference is as declared. `Reconciling`: work is under way. `Stalled`: only a person can
    /// help; the message says how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "super::schema::conditions")]
    pub conditions: Vec<Condition>,
    /// Id of the live conference. Unset: none is live. Looked for every 5 seconds, for all conferences of an account
    /// together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where it stands: `init` before it has started, or `in_progress`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// When it ends at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// Who takes part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participants: Option<ConferenceParticipants>,
    /// Whether it is recorded, by what the operator asked for: Telnyx does not tell. Unset: the operator asked for
    /// nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<Recording>,
    /// What became of each announcement in this conference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub announcements: Vec<AnnouncementStatus>,
    /// The roles that the operator gave in this conference, by call: Telnyx does not tell them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub roles: Vec<RoleStatus>,
    /// The tones that the operator gave participants in this conference, by call: Telnyx does not tell them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub beeps: Vec<BeepStatus>,
}

/// Who takes part in a conference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConferenceParticipants {
    /// How many.
    #[serde(default)]
    pub count: u64,
    /// The first of them, at most 20, in the order of their calls' ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub list: Vec<ConferenceParticipant>,
}

/// Somebody in a conference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConferenceParticipant {
    /// Their call.
    pub call_control_id: String,
    /// Their label, where a rule of the spec goes by labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether nobody hears them.
    #[serde(default)]
    pub muted: bool,
    /// Whether they are on hold.
    #[serde(default)]
    pub on_hold: bool,
}

/// What became of an announcement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnnouncementStatus {
    /// Its name.
    pub name: String,
    /// `Sending`: it was about to be sent. `Sent`: the API took it. `Refused`: the API did not.
    pub state: AnnouncementState,
}

/// How far an announcement came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AnnouncementState {
    /// It was about to be sent; after a crash it stays so and is not sent again, so that nobody hears it twice.
    Sending,
    /// The API took it.
    Sent,
    /// The API refused it.
    Refused,
}

/// The role that a participant was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleStatus {
    /// Their call.
    pub call_control_id: String,
    /// Their role.
    pub supervisor_role: SupervisorRole,
}

/// When a tone sounds for a participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BeepStatus {
    /// Their call.
    pub call_control_id: String,
    /// When.
    pub beep_enabled: ConferenceBeep,
}
