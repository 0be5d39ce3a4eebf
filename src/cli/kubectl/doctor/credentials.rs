//! An account's own things: its Secret, its key, the public key for its webhooks, and what the operator says of it.

use futures::StreamExt as _;
use kube::ResourceExt as _;
use telnyx_voice::webhook::PublicKey;
use telnyx_voice::{Class, Client, Endpoint, Error, classify};

use super::finding::{Check, Finding};
use crate::api::TelnyxAccount;
use crate::cli::kubectl::account::{Held, api_key, text_of};
use crate::cli::kubectl::place::Place;
use crate::reconcile::AccountKey;

/// What the operator has written into the account's status.
pub(super) fn judge_status(key: &AccountKey, account: &TelnyxAccount) -> Finding {
    let check = Check::new("account", key.to_string());
    let status = account.status.clone().unwrap_or_default();
    let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready");
    if status.observed_generation.unwrap_or_default() < account.metadata.generation.unwrap_or_default() {
        let remedy = "see that an operator runs and watches this namespace: its own log says what keeps it";
        return check.fail("the operator has not looked at its newest spec", remedy);
    }
    match ready {
        Some(ready) if ready.status == "True" => check.ok("the operator says that it is Ready"),
        Some(ready) => {
            let cause = format!("the operator says {}: {}", ready.reason, ready.message);
            check.fail(cause, "do as the message says")
        }
        None => check.fail("it has no Ready condition", "install this version's definitions"),
    }
}

/// The key's client, and what is to be said of key and Secret.
pub(super) async fn key(place: &Place, key: &AccountKey, account: &TelnyxAccount) -> (Option<Client>, Vec<Finding>) {
    let secret = Check::new("secret", key.to_string());
    let api_key = match api_key(place, &key.namespace, &account.spec.api_key_secret_ref).await {
        Ok(api_key) => api_key,
        Err(error) => return (None, vec![secret.cannot(&error)]),
    };
    let named = &account.spec.api_key_secret_ref;
    let held = secret.ok(format!("Secret {} holds a key under {}", named.name, named.key));
    let client = match Client::builder(api_key).base_url(account.spec.base_url.clone()).build() {
        Ok(client) => client,
        Err(error) => {
            let wrong =
                Check::new("key", key.to_string()).fail(error.to_string(), "correct spec.baseUrl of the account");
            return (None, vec![held, wrong]);
        }
    };
    // The cheapest request that needs a valid key.
    let asked = Box::pin(client.queue_pages()).next().await.transpose().map(drop);
    let finding = judge_key(Check::new("key", key.to_string()), named.name.as_str(), asked);
    let works = finding.remedy.is_none();
    (works.then_some(client), vec![held, finding])
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the classes are open; whatever is not about the key is told as it is"
)]
fn judge_key(check: Check, secret: &str, asked: Result<(), Error>) -> Finding {
    let Err(error) = asked else { return check.ok("Telnyx accepts it") };
    match classify(&error, Endpoint::Queues) {
        Class::Unauthenticated => {
            check.fail("Telnyx refuses it", format!("put a valid one into Secret {secret}: it is picked up at once"))
        }
        Class::Forbidden | Class::FeatureNotPermitted => {
            check.fail("Telnyx knows it, and it may not be used for calls", "ask Telnyx what the account lacks")
        }
        Class::RequestRate => check.warn("Telnyx asks for fewer requests (429)", "try again in a minute"),
        _ => check.fail(format!("Telnyx cannot be asked: {error}"), "check the network's way to spec.baseUrl"),
    }
}

/// Whether webhooks can be verified.
pub(super) async fn public_key(place: &Place, key: &AccountKey, account: &TelnyxAccount) -> Finding {
    let check = Check::new("public key", key.to_string());
    let text = match (&account.spec.webhook_public_key, &account.spec.webhook_public_key_secret_ref) {
        (Some(text), _) => text.clone(),
        (None, Some(reference)) => match text_of(place, &key.namespace, reference, Held::PublicKey).await {
            Ok(text) => text,
            Err(error) => return check.cannot(&error),
        },
        (None, None) => {
            return check.fail("none is set: no webhook can be believed", "set spec.webhookPublicKeySecretRef");
        }
    };
    match PublicKey::from_base64(&text) {
        Ok(_) => check.ok("is well-formed; whether it is this account's, the first webhook shows"),
        Err(error) => check
            .fail(error.to_string(), "copy it anew from the portal: Account Settings, Keys & Credentials, Public Key"),
    }
}

/// `namespace/name`.
pub(super) fn key_of(account: &TelnyxAccount) -> AccountKey {
    AccountKey { namespace: account.namespace().unwrap_or_default(), name: account.name_any() }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;
    use crate::cli::kubectl::error::PluginError;
    use serde_json::json;

    #[test]
    fn the_operators_own_word_counts_for_the_newest_spec() {
        for (observed, status, verdict, said) in [
            (2, "True", Verdict::Ok, "it is Ready"),
            (1, "True", Verdict::Fail, "newest spec"),
            (2, "False", Verdict::Fail, "CredentialsInvalid: put a valid one"),
        ] {
            let account = json!({
                "metadata": { "name": "main", "namespace": "voice", "generation": 2 },
                "spec": { "apiKeySecretRef": { "name": "telnyx", "key": "apiKey" } },
                "status": { "observedGeneration": observed, "conditions": [{
                    "type": "Ready", "status": status, "reason": "CredentialsInvalid", "message": "put a valid one there",
                    "lastTransitionTime": "2026-11-21T10:00:00Z",
                }] },
            });
            let account: TelnyxAccount = serde_json::from_value(account).unwrap();
            let found = judge_status(&key_of(&account), &account);
            assert_eq!(found.verdict, verdict);
            assert!(found.cause.contains(said), "{}", found.cause);
        }
    }

    #[test]
    fn a_secret_that_one_may_not_read_is_no_failure_and_one_that_is_not_there_is() {
        let (secret, namespace) = ("telnyx".to_owned(), "voice".to_owned());
        let holds = Held::ApiKey;
        let forbidden = PluginError::SecretNotAllowed { secret: secret.clone(), namespace: namespace.clone(), holds };
        let found = Check::new("secret", "-").cannot(&forbidden);
        assert_eq!(found.verdict, Verdict::Warn);
        assert!(found.remedy.unwrap().starts_with("ask for the right to get it"));
        let absent = PluginError::SecretUnusable { secret, namespace, problem: "does not exist".to_owned(), holds };
        let found = Check::new("secret", "-").cannot(&absent);
        assert_eq!(found.verdict, Verdict::Fail);
        assert_eq!(found.cause, "Secret telnyx in namespace voice does not exist");
        assert_eq!(found.remedy.as_deref(), Some("put the account's API key there"));
    }
}
