//! What the API's refusal of a command means for its step.

use crate::effect::Refusal;
use crate::spec::Kind;

/// The call has ended (Telnyx API error codes).
pub(crate) const CALL_ENDED: &str = "90018";
/// The `call_control_id` is not known, or not any more.
pub(crate) const CALL_UNKNOWN: &str = "90015";
/// The call is not answered yet; nothing can be recorded before there is audio.
const NOT_YET: [&str; 2] = ["90034", "90020"];
/// A stream, fork, transcription, assistant or participant is in the wanted state: twice started, or stopped and not running.
const ALREADY_SO: [&str; 11] =
    ["90031", "90044", "90045", "90046", "90047", "90048", "90053", "90054", "90055", "90056", "90061"];

/// What a refusal means for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// There is no call any more.
    CallOver,
    /// It can be done once the call is answered.
    NotAnswered,
    /// It was so already.
    AsGoodAsDone,
    /// The call waits in a queue, which may be another.
    Queued,
    /// An event of the step.
    Outcome(&'static str),
}

pub(crate) fn judge(kind: Kind, refusal: &Refusal) -> Judgement {
    // These say it of the other leg too, and the end of this one has a webhook.
    let about_this_call = !matches!(kind, Kind::Dial | Kind::Bridge);
    if about_this_call && (refusal.has(CALL_ENDED) || refusal.has(CALL_UNKNOWN)) {
        return Judgement::CallOver;
    }
    if about_this_call && NOT_YET.iter().any(|code| refusal.has(code)) {
        return Judgement::NotAnswered;
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these kinds have refusals with a name")]
    match kind {
        Kind::Enqueue if refusal.has("90036") => Judgement::Outcome("full"),
        Kind::Enqueue if refusal.has("90038") => Judgement::Queued,
        Kind::LeaveQueue if refusal.has("90035") => Judgement::Outcome("left"),
        Kind::JoinConference if refusal.has("90032") => Judgement::Outcome("full"),
        Kind::JoinConference if refusal.has("90019") => Judgement::Outcome("ended"),
        // A conference of another region is not found either (Telnyx API reference: Join a conference).
        Kind::JoinConference if refusal.status == 404 || refusal.has("90058") => Judgement::Outcome("notFound"),
        // 90033 means "no active participants" too, which a conference that is begun cannot have.
        Kind::CreateConference if refusal.has("90033") => Judgement::Outcome("exists"),
        Kind::EndConference if refusal.has("90019") || refusal.has("90058") => Judgement::AsGoodAsDone,
        // None of these says that somebody has answered.
        Kind::Answer => Judgement::Outcome("failed"),
        _ if ALREADY_SO.iter().any(|code| refusal.has(code)) => Judgement::AsGoodAsDone,
        _ => Judgement::Outcome("failed"),
    }
}
