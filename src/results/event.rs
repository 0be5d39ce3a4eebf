//! A finished target as a `CloudEvent` (CloudEvents 1.0, JSON event format, structured content mode).

use serde_json::{Map, Value, json};

use super::row::Row;

/// The media type of one event.
pub(super) const CONTENT_TYPE: &str = "application/cloudevents+json; charset=UTF-8";
/// The event's `type`. Another version changes the meaning of a field, not the set of them.
pub(super) const TYPE: &str = "io.telnyx-operator.target.finished.v1";

/// Whose targets events are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The campaign's namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID: a campaign of the same name made later is another one.
    pub uid: String,
}

impl Origin {
    fn source(&self) -> String {
        format!("/apis/telnyx-operator.io/v1alpha1/namespaces/{}/outboundcampaigns/{}", self.namespace, self.name)
    }
}

/// The event of a target that has ended. Its id is the same whenever it is sent. No phone number is in it.
#[must_use]
pub(super) fn finished(origin: &Origin, row: &Row) -> Value {
    let mut data = row.to_json(false);
    data.remove("state");
    data.insert("campaign".to_owned(), Value::from(origin.name.clone()));
    let mut event = json!({
        "specversion": "1.0",
        "type": TYPE,
        "source": origin.source(),
        "id": format!("{}/{}/{}", origin.uid, row.id, row.state.attempts),
        "subject": row.id,
        "datacontenttype": "application/json",
    });
    add(&mut event, "time", data.get("endedAt").cloned());
    add(&mut event, "data", Some(Value::Object(data)));
    event
}

fn add(event: &mut Value, name: &str, value: Option<Value>) {
    let fields: Option<&mut Map<String, Value>> = event.as_object_mut();
    if let (Some(fields), Some(value)) = (fields, value) {
        fields.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::tests::rows;
    use super::*;

    #[test]
    fn a_finished_target_is_an_event_with_an_id_of_its_own_and_without_its_number() {
        let origin = Origin { namespace: "voice".to_owned(), name: "spring".to_owned(), uid: "u-1".to_owned() };
        let event = finished(&origin, &rows()[0]);
        assert_eq!(
            event,
            json!({
                "specversion": "1.0",
                "type": "io.telnyx-operator.target.finished.v1",
                "source": "/apis/telnyx-operator.io/v1alpha1/namespaces/voice/outboundcampaigns/spring",
                "id": "u-1/t1/2",
                "subject": "t1",
                "time": "2027-01-15T09:00:34Z",
                "datacontenttype": "application/json",
                "data": {
                    "campaign": "spring", "id": "t1", "job": "c-00000", "outcome": "Completed", "lastOutcome": "Completed",
                    "attempts": 2, "refusals": 1, "firstRangAt": "2027-01-15T08:00:00Z",
                    "lastRangAt": "2027-01-15T09:00:00Z", "endedAt": "2027-01-15T09:00:34Z", "talkedSecs": 12,
                    "amd": "human", "hangupCause": "normal_clearing", "sipCode": 200,
                },
            })
        );
    }
}
