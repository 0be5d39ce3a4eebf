//! What Telnyx itself says of the webhooks that it sent: the only word on the whole way, from its side.

use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use telnyx_voice::{Client, DeliveryFilter, DeliveryStatus, WebhookDelivery};

use super::finding::{Check, Finding};
use crate::reconcile::AccountKey;

const CHECK: &str = "deliveries";
/// How far back is looked.
const SINCE: SignedDuration = SignedDuration::from_hours(1);
/// What the operator answers where the signature does not fit the account's public key (`webhook::Answer::Forged`).
const UNSIGNED: i64 = 401;

/// The newest deliveries of the last hour to the operator's addresses below `base`.
pub(super) async fn check(client: &Client, key: &AccountKey, base: &str) -> Finding {
    let check = Check::new(CHECK, key.to_string());
    let filter =
        DeliveryFilter { started_since: Timestamp::now().checked_sub(SINCE).ok(), ..DeliveryFilter::default() };
    let mut pages = Box::pin(client.webhook_delivery_pages(&filter));
    match pages.try_next().await {
        // One page tells enough.
        Ok(page) => judge(check, base, &page.map(|page| page.items).unwrap_or_default()),
        Err(error) => check.warn(format!("Telnyx cannot be asked: {error}"), "try again"),
    }
}

/// `all`, the newest first.
fn judge(check: Check, base: &str, all: &[WebhookDelivery]) -> Finding {
    let ours: Vec<&WebhookDelivery> = all.iter().filter(|delivery| goes_to(delivery, base)).collect();
    let failed = |delivery: &&&WebhookDelivery| delivery.status == Some(DeliveryStatus::Failed);
    let answer = last_answer(&ours);
    let remedy = match answer {
        Some(UNSIGNED) => {
            "the account's public key is another's: copy it anew from the portal (Account Settings, Keys & Credentials, Public Key) \
             of the account that spec.apiKeySecretRef is of; what failed is not sent again"
        }
        Some(_) | None => "see docs/runbooks/TelnyxCallsWithoutWebhooks.md; what failed is not sent again",
    };
    match (ours.first(), ours.iter().filter(failed).count()) {
        (None, _) => check.ok("Telnyx sent no webhook here in the last hour"),
        (Some(_), 0) => check.ok(format!("the last {} webhooks arrived", ours.len())),
        (Some(newest), count) => {
            let met = match answer {
                Some(UNSIGNED) => "status 401: the signature did not fit".to_owned(),
                Some(status) => format!("status {status}"),
                None => "no answer".to_owned(),
            };
            let cause = format!("{count} of the last {} webhooks did not arrive; the newest met {met}", ours.len());
            if failed(&newest) { check.fail(cause, remedy) } else { check.warn(cause, remedy) }
        }
    }
}

fn goes_to(delivery: &WebhookDelivery, base: &str) -> bool {
    let attempts = delivery.attempts.iter().flatten();
    let mut urls = attempts.filter_map(|attempt| attempt.http.as_ref()?.request.as_ref()?.url.as_deref());
    urls.any(|url| url.starts_with(base.trim_end_matches('/')))
}

/// The status that the newest of those that failed has met at last; `None`: no answer.
fn last_answer(ours: &[&WebhookDelivery]) -> Option<i64> {
    let newest = ours.iter().find(|delivery| delivery.status == Some(DeliveryStatus::Failed));
    let attempt = newest.and_then(|delivery| delivery.attempts.as_ref()?.last())?;
    attempt.http.as_ref()?.response.as_ref()?.status
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;
    use serde_json::json;

    fn delivery(base: &str, status: &str, answer: Option<u16>) -> WebhookDelivery {
        let request = json!({ "url": format!("{base}/webhooks/voice/main/uid") });
        let response = answer.map(|status| json!({ "status": status }));
        let attempt = json!({ "status": status, "http": { "request": request, "response": response } });
        serde_json::from_value(json!({ "status": status, "attempts": [attempt] })).unwrap()
    }

    #[test]
    fn the_newest_delivery_decides_and_others_webhooks_do_not_count() {
        const OURS: &str = "https://hooks.example.com";
        const OTHERS: &str = "https://elsewhere.example.com";
        let (came, failed) = (delivery(OURS, "delivered", Some(200)), delivery(OURS, "failed", Some(502)));
        let (lost, refused) = (delivery(OURS, "failed", None), delivery(OURS, "failed", Some(401)));
        let foreign = delivery(OTHERS, "failed", Some(500));
        for (all, verdict, said) in [
            (vec![], Verdict::Ok, "no webhook here"),
            (vec![foreign.clone()], Verdict::Ok, "no webhook here"),
            (vec![foreign, came.clone(), came.clone()], Verdict::Ok, "last 2 webhooks arrived"),
            (
                vec![came.clone(), failed.clone()],
                Verdict::Warn,
                "1 of the last 2 webhooks did not arrive; the newest met status 502",
            ),
            (vec![failed, came], Verdict::Fail, "status 502"),
            (vec![refused], Verdict::Fail, "status 401: the signature did not fit"),
            (vec![lost], Verdict::Fail, "no answer"),
        ] {
            let found = judge(Check::new(CHECK, "-"), OURS, &all);
            assert_eq!(found.verdict, verdict, "{}", found.cause);
            assert!(found.cause.contains(said), "{}", found.cause);
        }
    }
}
