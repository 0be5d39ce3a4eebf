//! The receiver as strangers and Telnyx see it.

use jiff::{SignedDuration, Timestamp};
use telnyx_voice::webhook::{SIGNATURE_HEADER, SigningKey, TIMESTAMP_HEADER, sign};

use crate::world::World;

const EVENT: &str =
    r#"{"data":{"id":"1","event_type":"call.answered","payload":{"call_control_id":"v3:x","call_leg_id":"l"}}}"#;

#[tokio::test]
async fn forged_stale_and_oversized_webhooks_are_refused_and_foreign_ones_acknowledged() {
    let seed = [7; 32];
    let world =
        World::new(|behaviour| behaviour.signing_seed = telnyx_simulator::config::SigningSeed::from_bytes(seed)).await;
    let url = format!("{}/webhooks/{}/main/some-uid", world.hooks(), world.namespace);
    let post = async |url: &str, key: &SigningKey, body: String, at: Timestamp| {
        let headers = sign(key, body.as_bytes(), at);
        let request = world.http.post(url).header(SIGNATURE_HEADER, headers.signature);
        request.header(TIMESTAMP_HEADER, headers.timestamp).body(body).send().await.unwrap().status().as_u16()
    };
    let (key, now) = (SigningKey::from_bytes(&seed), Timestamp::now());
    assert_eq!(post(&url, &key, EVENT.to_owned(), now).await, 200, "an event of nobody's call");
    assert_eq!(post(&url, &SigningKey::from_bytes(&[8; 32]), EVENT.to_owned(), now).await, 401, "forged");
    let stale = now - SignedDuration::from_mins(6);
    assert_eq!(post(&url, &key, EVENT.to_owned(), stale).await, 503, "stale");
    assert_eq!(post(&url, &key, "x".repeat(300_000), now).await, 413, "oversized");
    assert_eq!(post(&url, &key, "{}".to_owned(), now).await, 422, "signed, but no webhook");
    let unknown = format!("{}/webhooks/{}/nobody/some-uid", world.hooks(), world.namespace);
    assert_eq!(post(&unknown, &key, EVENT.to_owned(), now).await, 404, "an account that certainly does not exist");
    assert_eq!(world.http.get(&url).send().await.unwrap().status().as_u16(), 405);
    assert_eq!(world.http.get(format!("{}/metrics", world.hooks())).send().await.unwrap().status().as_u16(), 404);
    world.end().await;
}
