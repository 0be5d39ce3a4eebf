//! The identifiers of the API, one type each, so that a leg is never hung up by the id of its session.

use crate::macros::id;

id! {
    /// Addresses one call leg in commands. Opaque; `v2:…` or `v3:…` today.
    pub struct CallControlId;

    /// Names one call leg in events and call records. A UUID today.
    pub struct CallLegId;

    /// Shared by the legs of one conversation.
    pub struct CallSessionId;

    /// Makes a command idempotent: the API ignores a command whose id it saw within the last 60 seconds
    /// (Telnyx: receiving webhooks guide). The scope of a dial's id is not documented, so make ids globally unique.
    pub struct CommandId;

    /// Names a connection; for Call Control applications it is the application's id.
    pub struct ConnectionId;

    /// Names an outbound voice profile.
    pub struct ProfileId;

    /// Names a queue in webhooks and answers. Requests address a queue by its name.
    pub struct QueueId;

    /// Names one webhook event; the same through all its deliveries, so duplicates are found by it.
    pub struct EventId;

    /// Names one delivery of a webhook.
    pub struct DeliveryId;

    /// Names one recording.
    pub struct RecordingId;

    /// Names one conference.
    pub struct ConferenceId;

    /// Names somebody in a conference; the API takes their label in its place.
    pub struct ParticipantId;
}

impl From<uuid::Uuid> for CommandId {
    fn from(id: uuid::Uuid) -> Self {
        Self(id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_id_can_be_a_uuid() {
        let id = uuid::Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(CommandId::from(id).as_str(), "01234567-89ab-cdef-0123-456789abcdef");
    }

    #[test]
    fn an_id_is_written_as_it_was_read() {
        let id: CallControlId = serde_json::from_str(r#""v3:a\u002fb""#).unwrap();
        assert_eq!(id.as_str(), "v3:a/b");
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"v3:a/b\"");
    }
}
