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

/// What the log says once the dialer knows of an opt-out.
const TOLD: &str = "somebody has opted out: no campaign of the account calls the number any more";

#[tokio::test]
async fn who_called_in_is_known_after_a_restart_and_opts_out() {
    // What leads to the opt-out says nothing of who called: that has to have travelled with the call.
    let mut world = World::new(json!({
        "direction": "Inbound",
        "steps": [
            { "name": "answer", "answer": {} },
            { "name": "say", "speak": { "payload": "We will not call you again. ".repeat(40), "voice": "female" } },
            { "name": "leave", "optOut": {} },
        ],
    }))
    .await;
    let call = world.call_in(patient()).await;
    world.heard(&call, &["call.answered", "speak", "call.speak.started"]).await;
    world.kill_operator().await;
    assert!(!world.log().contains(TOLD), "it was killed too late");
    world.start_operator();
    world.heard(&call, &["call.speak.ended", "hangup", "call.hangup"]).await;
    world
        .eventually(
            "the dialer was told",
            async || {
                if world.log().contains(TOLD) { Ok(()) } else { Err("not yet".to_owned()) }
            },
        )
        .await;
    world.end().await;
}

#[tokio::test]
async fn a_talk_goes_on_though_nobody_was_told_that_it_began() {
    let world = World::new(json!({
        "direction": "Inbound",
        "steps": [
            { "name": "answer", "answer": {} },
            { "name": "pass", "transfer": { "to": "+15550100003", "timeoutSecs": 10 }, "timeoutSecs": 4, "onError": "sorry" },
            { "name": "sorry", "speak": { "payload": "Nobody is there.", "voice": "female" } },
        ],
    }))
    .await;
    world.line_calls_out().await;
    world.lose_webhooks("call.bridged").await;
    let call = world.call_in(json!({ "earlyShare": 0, "patienceMs": 600_000, "talkMs": 600_000 })).await;
    world.heard(&call, &["call.answered", "transfer", "call.bridged"]).await;
    world
        .eventually("the call was looked up", async || {
            let looked_up = world.log().contains("together: true");
            if looked_up { Ok(()) } else { Err(world.log_of(&call).await.join(" ")) }
        })
        .await;
    world.leave(&call).await;
    let log = world.heard(&call, &["call.bridged", "call.hangup"]).await;
    assert!(!log.iter().any(|name| name == "speak"), "the talk was cut: {log:?}");
    world.end().await;
}
