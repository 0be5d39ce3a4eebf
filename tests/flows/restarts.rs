//! Calls that outlive the operator.

use serde_json::json;
use telnyx_operator::api::CallFlow;

use crate::calls::menu;
use crate::world::{World, patient};

#[tokio::test]
async fn a_call_goes_on_where_it_was_when_the_operator_was_killed() {
    let mut world = World::new(menu()).await;
    let call = world.call_in(patient()).await;
    world.heard(&call, &["call.answered", "gather_using_speak"]).await;
    world.kill_operator().await;
    // Nobody is there to hear it: Telnyx tries again, and the key is not lost.
    world.press(&call, "1").await;
    world.start_operator();
    let log = world.heard(&call, &["call.gather.ended", "speak", "call.speak.ended", "hangup", "call.hangup"]).await;
    for once in ["answer", "gather_using_speak", "speak", "hangup"] {
        assert_eq!(log.iter().filter(|name| *name == once).count(), 1, "{once} in {log:?}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_call_whose_webhooks_were_all_lost_is_led_on_by_its_timer() {
    let mut flow = menu();
    flow["steps"][1]["timeoutSecs"] = json!(8);
    let mut world = World::new(flow).await;
    let call = world.call_in(patient()).await;
    world.heard(&call, &["call.answered", "gather_using_speak"]).await;
    world.lose_webhooks("call.gather.ended").await;
    world.kill_operator().await;
    world.press(&call, "1").await;
    world.heard(&call, &["call.gather.ended"]).await;
    world.start_operator();
    world.heard(&call, &["speak", "call.speak.ended", "hangup", "call.hangup"]).await;
    world.until::<CallFlow>("flow", "shows no call", |flow| flow["status"]["activeCalls"] == 0).await;
    world.end().await;
}
