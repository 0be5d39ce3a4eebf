//! Who uses which method of the API: the kinds of objects, and the steps of call flows.
//!
//! One list for the page of what is covered and for what the journal of the tests must hold. Does not know why a method has no
//! user.

use call_flow::Kind;
use telnyx_voice::surface::{OPERATIONS, Operation};

/// A kind of object that reconciles a resource or sends a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// The resource, or the method, by its name in Telnyx's own packages.
    pub what: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The file of its definition in `crds/`, without its ending.
    pub definition: &'static str,
}

/// Every one of them.
pub const USERS: &[User] = &[
    User { what: "call_control_applications", kind: "CallControlApplication", definition: "callcontrolapplications" },
    User { what: "outbound_voice_profiles", kind: "OutboundVoiceProfile", definition: "outboundvoiceprofiles" },
    User { what: "queues", kind: "Queue", definition: "queues" },
    User { what: "calls.dial", kind: "OutboundCampaign", definition: "outboundcampaigns" },
    conference("conferences.actions.end_conference"),
    conference("conferences.actions.hold"),
    conference("conferences.actions.mute"),
    conference("conferences.actions.play"),
    conference("conferences.actions.record_pause"),
    conference("conferences.actions.record_resume"),
    conference("conferences.actions.record_start"),
    conference("conferences.actions.record_stop"),
    conference("conferences.actions.speak"),
    conference("conferences.actions.unhold"),
    conference("conferences.actions.unmute"),
    conference("conferences.actions.update"),
    conference("conferences.list"),
    conference("conferences.retrieve"),
    conference("conferences.update_participant"),
    conference("conferences.list_participants"),
    conference("conferences.retrieve_participant"),
];

const fn conference(what: &'static str) -> User {
    User { what, kind: "Conference", definition: "conferences" }
}

/// The kind of object that uses a method.
#[must_use]
pub fn user_of(method: &str) -> Option<&'static User> {
    let resource = method.rsplit_once('.').map_or(method, |(resource, _)| resource);
    USERS.iter().find(|user| [method, resource].contains(&user.what))
}

/// The kinds of steps that use a method.
pub fn steps_of(method: &str) -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(move |kind| kind.endpoints().contains(&method))
}

/// Every endpoint, as `POST /calls`, to which a kind of object or a step sends a body.
pub fn endpoints() -> impl Iterator<Item = String> {
    let used = |operation: &&&Operation| {
        let user = user_of(operation.name).is_some() || steps_of(operation.name).next().is_some();
        user && operation.body.is_some()
    };
    OPERATIONS.iter().filter(used).map(|operation| format!("{} {}", operation.verb.as_str(), operation.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_uses_something() {
        for User { what, kind, .. } in USERS {
            let uses = |operation: &&Operation| user_of(operation.name).is_some_and(|user| user.what == *what);
            assert!(OPERATIONS.iter().copied().any(|operation| uses(&operation)), "{kind}: {what}");
        }
    }

    #[test]
    fn what_steps_and_kinds_send_is_expected_and_what_only_reads_is_not() {
        let endpoints: Vec<String> = endpoints().collect();
        for expected in
            ["POST /calls", "POST /queues/{queue_name}", "POST /conferences/{id}/actions/gather_using_audio"]
        {
            assert!(endpoints.iter().any(|endpoint| endpoint == expected), "{expected}: {endpoints:#?}");
        }
        assert!(endpoints.iter().all(|endpoint| !endpoint.starts_with("GET ") && !endpoint.starts_with("DELETE ")));
    }
}
