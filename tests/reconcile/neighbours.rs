//! Objects beside each other: in other namespaces, or beyond what can be read.

use crate::cluster::install_now;
use crate::world::{World, condition, eventually};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::{CustomResourceExt as _, Error};
use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, TelnyxAccount};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_serves_only_the_namespaces_that_it_lists() {
    let mut world = World::with_account().await;
    let home = world.move_next_door().await;
    world.application("support", json!({ "accountRef": { "name": "main", "namespace": home } })).await;
    let refused = world.reason::<CallControlApplication>("support", "Ready", "AccountNotAllowed").await;
    let ready = condition(&refused, "Ready");
    let message = ready["message"].as_str().unwrap();
    assert_eq!(ready["status"], "False");
    assert!(message.contains("spec.allowedNamespaces") && message.contains(&world.namespace), "{message}");
    assert!(condition(&refused, "Stalled").is_null(), "it waits for the account's owner");
    assert_eq!(world.requests("POST /call_control_applications").await, 0);

    let next_door = std::mem::replace(&mut world.namespace, home.clone());
    world.account(json!({ "allowedNamespaces": [&next_door] })).await;
    world.ready::<TelnyxAccount>("main").await;
    world.namespace = next_door;
    world.ready::<CallControlApplication>("support").await;
    assert_eq!(world.remote("call_control_applications").await, 1);

    world.delete_namespace().await;
    world.namespace = home;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_cannot_be_read_does_not_hold_up_the_others() {
    let mut world = World::alone().await;
    world.open_account().await;
    // Stored under a definition that allowed more, as an upgrade may leave it.
    redefine(&world, json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })).await;
    eventually("a garbled object is stored", || store_garbled(&world, false)).await;
    install_now(&world.client).await;
    eventually("another would be refused", || async {
        match store_garbled(&world, true).await {
            Ok(()) => Err("still stored".to_owned()),
            Err(_) => Ok(()),
        }
    })
    .await;
    let read = world.api::<CallControlApplication>().get("garbled").await;
    assert!(matches!(read, Err(Error::SerdeError(_))), "{read:?}");
    eventually("it was noticed", || async {
        let metrics = world.scrape("/metrics").await;
        if metrics.contains(r#"outcome="undecodable""#) { Ok(()) } else { Err(metrics) }
    })
    .await;
    world.application("support", json!({})).await;
    world.ready::<CallControlApplication>("support").await;

    world.stop_operator().await;
    world.start_operator().await;
    world.application("sales", json!({})).await;
    world.ready::<CallControlApplication>("sales").await;
    world.delete::<CallControlApplication>("support").await;
    world.gone::<CallControlApplication>("support").await;
    world.end().await;
}

/// Gives applications another schema.
async fn redefine(world: &World, schema: Value) {
    let mut definition = serde_json::to_value(CallControlApplication::crd()).unwrap();
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema;
    let definitions: Api<CustomResourceDefinition> = Api::all(world.client.clone());
    let parameters = PatchParams::apply("tests").force();
    definitions.patch(CallControlApplication::crd_name(), &parameters, &Patch::Apply(&definition)).await.unwrap();
}

async fn store_garbled(world: &World, dry_run: bool) -> Result<(), String> {
    let resource = ApiResource::erase::<CallControlApplication>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(world.client.clone(), &world.namespace, &resource);
    let name = if dry_run { "another" } else { "garbled" };
    let object = DynamicObject::new(name, &resource).data(json!({ "spec": { "accountRef": 7 } }));
    let parameters = PostParams { dry_run, ..PostParams::default() };
    api.create(&parameters, &object).await.map(drop).map_err(|error| error.to_string())
}
