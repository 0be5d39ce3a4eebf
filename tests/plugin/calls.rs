//! Looking at calls and commanding them.

use crate::desk::{CALLED, Desk, run};
use crate::world::eventually;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

#[tokio::test(flavor = "multi_thread")]
async fn live_calls_are_listed_with_their_application() {
    let desk = Desk::open().await;
    let nothing = desk.telnyx(&["calls", "list"]).await;
    assert!(nothing.out.is_empty() && nothing.err.contains("No call is live"), "{}", nothing.err);
    let id = desk.call().await;
    let table = desk.telnyx(&["calls", "list"]).await.ok();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("CALL ") && lines[0].contains("APPLICATION"), "{table}");
    assert!(lines[1].starts_with(id.as_str()) && lines[1].contains("support"), "{table}");
    assert!(!table.contains('\x1b'), "colour without a terminal");
    let wide = desk.telnyx(&["calls", "list", "-o", "wide"]).await.ok();
    assert!(wide.contains("SESSION") && !table.contains("SESSION"), "{wide}");
    let json = desk.telnyx(&["calls", "list", "-o", "json", "--application", "support"]).await.json();
    assert_eq!(json["items"][0]["call"]["call_control_id"], id.as_str());
    let yaml = desk.telnyx(&["calls", "list", "-o", "yaml"]).await.ok();
    let yaml: Value = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!(yaml["items"][0]["application"], "support");
    let other = desk.telnyx(&["calls", "list", "--application", "sales"]).await.said();
    assert!(other.contains("no CallControlApplication sales") && other.contains("there is support"), "{other}");
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_spoken_to_and_hung_up_and_then_takes_no_more_commands() {
    let desk = Desk::open().await;
    let id = desk.call().await;
    let speak = ["calls", "speak", id.as_str(), "Hello there.", "--voice", "female"];
    let said = desk.telnyx(&speak).await.ok();
    assert_eq!(said, format!("call {id}: speak accepted\n"));
    let answer = desk.telnyx(&["calls", "hangup", id.as_str(), "-o", "json"]).await.json();
    assert_eq!(answer["command"], "hangup");
    assert!(answer["command_id"].is_string(), "so that it could be repeated: {answer}");
    eventually("the call is over", || async {
        let calls = desk.simulated_calls().await;
        if calls[0]["state"] == "ended" { Ok(()) } else { Err(calls[0].to_string()) }
    })
    .await;
    assert_eq!(desk.world.requests("POST /calls/{call_control_id}/actions/speak").await, 1);

    let again = desk.telnyx(&speak).await.said();
    assert!(again.contains("has ended at") && again.contains("takes no more commands"), "{again}");
    assert_eq!(desk.world.requests("POST /calls/{call_control_id}/actions/speak").await, 1, "it was not sent");
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_out_of_bounds_is_refused_by_its_option_and_nothing_is_sent() {
    let desk = Desk::open().await;
    let id = desk.call().await;
    let long = "a".repeat(3001);
    let said = desk.telnyx(&["calls", "speak", id.as_str(), &long, "--voice", "female"]).await.said();
    assert!(said.contains("--payload has 3001 characters; allowed: 1 to 3000 characters"), "{said}");
    let json = ["calls", "speak", id.as_str(), "a", "--voice", "female", "--voice-settings", "{"];
    let said = desk.telnyx(&json).await.said();
    assert!(said.contains("--voice-settings is not JSON"), "{said}");
    assert_eq!(desk.world.requests("POST /calls/{call_control_id}/actions/speak").await, 0);
    // What the shell of options knows is refused before anything is read.
    let unknown =
        desk.telnyx(&["calls", "speak", id.as_str(), "a", "--voice", "female", "--payload-type", "html"]).await;
    assert!(unknown.code == 2 && unknown.err.contains("possible values: text, ssml"), "{}", unknown.err);
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_refuses_is_told_by_option() {
    let desk = Desk::open().await;
    let id = desk.call().await;
    let fault = json!({ "refuse": { "status": 422, "code": "90034" } });
    desk.world
        .fault(json!({ "scope": { "route": "POST /calls/{call_control_id}/actions/speak" }, "effect": fault }))
        .await;
    let said = desk.telnyx(&["calls", "speak", id.as_str(), "Hello", "--voice", "female"]).await.said();
    assert!(said.contains("is not answered yet") && said.contains("calls watch"), "{said}");
    desk.world.no_more_faults().await;
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_no_call_is_told_as_such() {
    let desk = Desk::open().await;
    let said = desk.telnyx(&["calls", "hangup", "v3:nobody"]).await.said();
    assert!(said.contains("no call v3:nobody") && said.contains("calls list"), "{said}");
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_is_shown_with_what_became_of_it_and_no_number() {
    let desk = Desk::open().await;
    let id = desk.call().await;
    let live = desk.telnyx(&["calls", "get", id.as_str()]).await.ok();
    assert!(live.contains("State:        live") && live.contains("Application:  support"), "{live}");
    assert!(live.contains("call.answered"), "{live}");
    desk.telnyx(&["calls", "hangup", id.as_str()]).await.ok();
    let ended = eventually("the end is remembered", || async {
        let ended = desk.telnyx(&["calls", "get", id.as_str()]).await.ok();
        if ended.contains("hangup_cause=normal_clearing") { Ok(ended) } else { Err(ended) }
    })
    .await;
    assert!(ended.contains("State:        ended"), "{ended}");
    let masked = desk.telnyx(&["calls", "get", id.as_str(), "-o", "json"]).await.ok();
    assert!(!masked.contains(CALLED) && masked.contains("+*********01"), "{masked}");
    let whole = desk.telnyx(&["calls", "get", id.as_str(), "-o", "json", "--show-numbers"]).await.ok();
    assert!(whole.contains(CALLED));
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_a_call_ends_with_it() {
    let desk = Desk::open().await;
    let id = desk.call().await;
    let kubeconfig = desk.world.access.as_ref().unwrap().kubeconfig();
    let mut command = Command::new(desk.program("kubectl-telnyx"));
    command.arg("--kubeconfig").arg(kubeconfig).args(["-n", &desk.world.namespace]);
    command.args(["calls", "watch", id.as_str(), "--interval=1"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (lines, seen) = tokio::task::spawn_blocking(move || {
        let seen: Vec<String> = lines.by_ref().map_while(Result::ok).take(2).collect();
        (lines, seen)
    })
    .await
    .unwrap();
    assert!(seen.iter().any(|line| line.contains("call.initiated")), "{seen:?}");
    desk.telnyx(&["calls", "hangup", id.as_str()]).await.ok();
    let rest: Vec<String> = tokio::task::spawn_blocking(move || lines.map_while(Result::ok).collect()).await.unwrap();
    let status = tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap();
    assert!(status.success() && rest.iter().any(|line| line.contains("call.hangup")), "{rest:?}");
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_own_program_is_the_plugin_too() {
    let desk = Desk::open().await;
    let id = desk.call().await;
    let kubeconfig = desk.world.access.as_ref().unwrap().kubeconfig();
    let mut command = Command::new(env!("CARGO_BIN_EXE_telnyx-operator"));
    command.args(["kubectl", "calls", "list", "-n", &desk.world.namespace]).env("KUBECONFIG", kubeconfig);
    assert!(run(command).await.ok().contains(id.as_str()));
    desk.world.end().await;
}
