//! The do-not-call lists that stand in a file beside the campaign.
//!
//! Knows what of them is in the file. Does not fetch anything: what is kept elsewhere is named as missing.

use dialer::Screening;
use kube::{Resource as _, ResourceExt as _};
use serde::Deserialize as _;
use serde::de::Error as _;
use serde_json::{Value, json};

use super::beside::Beside;
use crate::api::{DoNotCallList, OutboundCampaign};
use crate::controllers::do_not_call_list::offline::read;
use crate::dialing::screening;
use crate::reconcile::AccountKey;

/// The do-not-call lists of a file.
#[derive(Default)]
pub(super) struct Lists(Vec<DoNotCallList>);

/// What the lists of one campaign's account say.
pub(super) struct Screened {
    /// For the dialer.
    pub(super) screening: Screening,
    lists: usize,
    entries: usize,
    missing: Vec<String>,
}

impl Lists {
    /// Takes a list in.
    pub(super) fn take(&mut self, document: Value) -> Result<(), serde_json::Error> {
        let read = DoNotCallList::deserialize(document);
        self.0.push(read.map_err(|error| serde_json::Error::custom(format!("a DoNotCallList: {error}")))?);
        Ok(())
    }

    /// What the lists of the campaign's account say, with what stands beside them.
    pub(super) fn of(&self, campaign: &OutboundCampaign, beside: &Beside) -> Screened {
        let account = AccountKey::of(&campaign.spec.plan.account_ref, &campaign.namespace().unwrap_or_default());
        let is_its = |list: &&DoNotCallList| {
            AccountKey::of(&list.spec.account_ref, &list.namespace().unwrap_or_default()) == account
        };
        let (mut lists, mut contents, mut missing) = (0, Vec::new(), Vec::new());
        for list in self.0.iter().filter(is_its) {
            let said = read(list, |kept| beside.find(list.meta().namespace.as_deref(), kept));
            lists += 1;
            contents.extend(said.contents);
            missing.extend(said.missing);
        }
        let entries = contents.iter().map(crate::dialing::Content::len).sum();
        Screened { screening: screening(contents), lists, entries, missing }
    }
}

impl Screened {
    /// For programs.
    pub(super) fn to_json(&self) -> Value {
        json!({ "lists": self.lists, "entries": self.entries, "missing": self.missing })
    }

    /// For people, and nothing where there is no list.
    pub(super) fn told(&self) -> String {
        if self.lists == 0 {
            return String::new();
        }
        let (lists, entries) = (self.lists, self.entries);
        let mut told = format!("\nDo-not-call lists in the file: {lists}, with {entries} entries\n");
        for missing in &self.missing {
            told.push_str("  not in the file, taken to list nobody: ");
            told.push_str(missing);
            told.push('\n');
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use dialer::PhoneNumber;
    use jiff::Timestamp;

    use super::*;

    fn campaign() -> OutboundCampaign {
        let spec = json!({
            "accountRef": { "name": "main" }, "applicationRef": { "name": "app" }, "from": ["+15550109999"],
            "purpose": "Informational", "announcement": { "text": { "payload": "hello" } },
            "targets": [{ "id": "t", "to": "+15550100" }],
        });
        OutboundCampaign::new("c", serde_json::from_value(spec).unwrap())
    }

    #[test]
    fn lists_of_the_campaigns_account_are_read_with_what_stands_beside_them() {
        let list = |name: &str, account: &str, source: Value| {
            let spec = json!({ "accountRef": { "name": account }, "sources": [source] });
            json!({ "apiVersion": "telnyx-operator.io/v1alpha1", "kind": "DoNotCallList", "metadata": { "name": name }, "spec": spec })
        };
        let (mut lists, mut beside) = (Lists::default(), Beside::default());
        for document in [
            list("a", "main", json!({ "secret": { "name": "s", "key": "k" } })),
            list("b", "main", json!({ "configMap": { "name": "absent", "key": "k" } })),
            list("c", "another", json!({ "configMap": { "name": "m", "key": "k" } })),
            json!({ "kind": "Secret", "metadata": { "name": "s" }, "stringData": { "k": "+15550101\n+15550102\n" } }),
            json!({ "kind": "ConfigMap", "metadata": { "name": "m" }, "data": { "k": "+15550103\n" } }),
            json!({ "kind": "Service", "metadata": { "name": "m" } }),
        ] {
            let kind = document["kind"].as_str().unwrap().to_owned();
            match kind.as_str() {
                "DoNotCallList" => lists.take(document).unwrap(),
                kind => beside.take(kind, document).unwrap(),
            }
        }
        let screened = lists.of(&campaign(), &beside);
        let Screening::Ready { list, as_of: None } = &screened.screening else { panic!("{:?}", screened.screening) };
        let holds = |number: &str| list.holds(&PhoneNumber::parse(number).unwrap(), Timestamp::UNIX_EPOCH);
        assert!(holds("+15550102") && !holds("+15550103"), "another account's list is none of ours");
        let missing = "DoNotCallList b: spec.sources[0]";
        assert_eq!(screened.to_json(), json!({ "lists": 2, "entries": 2, "missing": [missing] }));
        assert!(screened.told().contains(missing) && !screened.told().contains("5550"));
        assert_eq!(Lists::default().of(&campaign(), &beside).told(), "");
    }
}
