//! How a tenure is written into a `Lease` (coordination.k8s.io/v1), and read out of one. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dialer::Handover;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, OwnerReference};
use kube::api::ObjectMeta;
use kube::{Resource as _, ResourceExt as _};

use super::tenure::{Process, Seen, Terms};
use super::{Running, Subject};
use crate::api::TelnyxAccount;
use crate::reconcile::FINALIZER;

/// The label of every lease of ours; its value says what the lease is about.
pub(super) const LEASE: &str = "telnyx-operator.io/lease";
/// The holder's number: another process of the same name has another.
const NONCE: &str = "telnyx-operator.io/process";
/// Flows that calls run at the holder.
const FLOWS: &str = "telnyx-operator.io/flows-under-way";
/// What the last holder has left, where the lease is free.
const HANDOVER: &str = "telnyx-operator.io/dials-before";
/// The most flows that are named.
const MOST_FLOWS: usize = 64;
/// The name of what decides about the objects of a namespace that belong to no account.
const OF_NAMESPACE: &str = "telnyx-operator";
/// The longest start of an account's name in its lease's: 253 characters at most, with 9 to come (Kubernetes: object names).
const NAME: usize = 200;

/// Where the lease of a subject is: namespace and name. `uid` is the account's.
pub(super) fn place(subject: &Subject, uid: &str) -> (String, String) {
    match subject {
        Subject::Account(key) => {
            let name: String = key.name.chars().take(NAME).collect();
            let uid: String = uid.chars().take(8).collect();
            (key.namespace.clone(), format!("{}-{uid}", name.trim_end_matches(['-', '.'])))
        }
        Subject::Namespace(namespace) => (namespace.clone(), OF_NAMESPACE.to_owned()),
    }
}

/// Whom a lease is written for.
#[derive(Clone, Copy)]
pub(super) enum Holder<'a> {
    /// This process, which runs these flows.
    Me(&'a Process, &'a [u64]),
    /// Nobody any more. What the last holder leaves to the next, if it knows.
    Nobody(Option<&'a Handover>),
}

/// The lease as this process writes it. `before` is what it replaces.
pub(super) fn write(
    subject: &Subject,
    uid: &str,
    holder: Holder<'_>,
    terms: Terms,
    before: Option<&Lease>,
    now: Timestamp,
) -> Lease {
    let mut metadata = before.map_or_else(|| new(subject, uid), |lease| lease.metadata.clone());
    metadata.managed_fields = None;
    // Nothing can be added to an object that is being deleted.
    if metadata.deletion_timestamp.is_none() && matches!(subject, Subject::Account(_)) {
        let finalizers = metadata.finalizers.get_or_insert_default();
        if !finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
            finalizers.push(FINALIZER.to_owned());
        }
    }
    let annotations = metadata.annotations.get_or_insert_default();
    for passing in [NONCE, HANDOVER] {
        annotations.remove(passing);
    }
    let (holder, flows) = match holder {
        Holder::Me(process, flows) => {
            annotations.insert(NONCE.to_owned(), process.nonce.clone());
            (Some(process), flows)
        }
        Holder::Nobody(handover) => {
            annotations.extend(handover.map(|handover| (HANDOVER.to_owned(), handover.to_string())));
            (None, [].as_slice())
        }
    };
    annotations.insert(FLOWS.to_owned(), name_flows(flows));
    let spec = before.and_then(|lease| lease.spec.clone()).unwrap_or_default();
    let same = holder.is_some() && before.and_then(holder_of).as_ref() == holder;
    let transitions = spec.lease_transitions.unwrap_or(0);
    Lease {
        metadata,
        spec: Some(LeaseSpec {
            holder_identity: Some(holder.map_or_else(String::new, |holder| holder.instance.clone())),
            lease_duration_seconds: i32::try_from(terms.duration.as_secs()).ok(),
            acquire_time: if same { spec.acquire_time } else { Some(MicroTime(now)) },
            renew_time: Some(MicroTime(now)),
            lease_transitions: Some(if same || before.is_none() { transitions } else { transitions.saturating_add(1) }),
            ..LeaseSpec::default()
        }),
    }
}

/// The lease of something that is gone, without what kept it: Kubernetes may remove it now.
pub(super) fn let_go(lease: &Lease) -> Lease {
    let mut lease = lease.clone();
    lease.metadata.managed_fields = None;
    lease.finalizers_mut().retain(|finalizer| finalizer != FINALIZER);
    lease
}

/// Whether the lease is kept by us though it is to be deleted.
pub(super) fn is_left_over(lease: &Lease) -> bool {
    lease.metadata.deletion_timestamp.is_some() && lease.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
}

/// What the lease says. `None`: its version is none, which the API server does not let happen.
pub(super) fn read(lease: &Lease, terms: Terms) -> Option<Seen> {
    let version = lease.metadata.resource_version.as_deref()?.parse().ok()?;
    let duration = lease.spec.as_ref().and_then(|spec| spec.lease_duration_seconds);
    // A duration that somebody has taken out, or made absurd, must neither free the lease nor hold it for ever.
    let duration = duration.and_then(|secs| u64::try_from(secs).ok()).map(Duration::from_secs);
    let duration = duration.unwrap_or(terms.duration).clamp(terms.duration, terms.duration * 20);
    Some(Seen { version, holder: holder_of(lease), duration })
}

/// What the last holder has left, if the lease is free and it has said so.
pub(super) fn left(lease: &Lease) -> Option<Handover> {
    let text = lease.annotations().get(HANDOVER).filter(|_| holder_of(lease).is_none())?;
    text.parse().ok()
}

fn name_flows(flows: &[u64]) -> String {
    if flows.len() > MOST_FLOWS {
        return "*".to_owned();
    }
    flows.iter().map(|flow| format!("{flow:016x}")).collect::<Vec<_>>().join(" ")
}

/// What the lease says of calls at a holder other than `me`. `None`: it is nobody else's account.
pub(super) fn running(lease: &Lease, me: &Process) -> Option<Running> {
    let is_of_account = lease.labels().get(LEASE).is_some_and(|word| word == "account");
    holder_of(lease).filter(|holder| is_of_account && holder != me)?;
    let named = lease.annotations().get(FLOWS).map(|text| {
        text.split_whitespace().map(|flow| u64::from_str_radix(flow, 16)).collect::<Result<BTreeSet<u64>, _>>()
    });
    Some(match named {
        Some(Ok(flows)) => Running::These(flows),
        Some(Err(_)) | None => Running::Perhaps,
    })
}

/// Who holds it.
pub(super) fn holder_of(lease: &Lease) -> Option<Process> {
    let instance = lease.spec.as_ref()?.holder_identity.clone().filter(|instance| !instance.is_empty())?;
    let nonce = lease.annotations().get(NONCE).cloned().unwrap_or_default();
    Some(Process { instance, nonce })
}

fn new(subject: &Subject, uid: &str) -> ObjectMeta {
    let (namespace, name) = place(subject, uid);
    let labels = [("app.kubernetes.io/managed-by", "telnyx-operator"), (LEASE, subject.word())];
    let owner = match subject {
        // Whose controller is nobody and whose deletion waits for nothing: it goes with the account.
        Subject::Account(key) => Some(vec![OwnerReference {
            api_version: TelnyxAccount::api_version(&()).into_owned(),
            kind: TelnyxAccount::kind(&()).into_owned(),
            name: key.name.clone(),
            uid: uid.to_owned(),
            ..OwnerReference::default()
        }]),
        Subject::Namespace(_) => None,
    };
    ObjectMeta {
        name: Some(name),
        namespace: Some(namespace),
        labels: Some(BTreeMap::from(labels.map(|(key, value)| (key.to_owned(), value.to_owned())))),
        owner_references: owner,
        ..ObjectMeta::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::AccountKey;

    const UID: &str = "0b0c1d2e-0000-4000-8000-000000000000";

    fn account(name: &str) -> Subject {
        Subject::Account(AccountKey { namespace: "team".to_owned(), name: name.to_owned() })
    }

    fn process(nonce: &str) -> Process {
        Process { instance: "pod-a".to_owned(), nonce: nonce.to_owned() }
    }

    fn written(before: Option<&Lease>, holder: Option<&Process>, second: i64) -> Lease {
        let at = Timestamp::from_second(second).unwrap();
        let nobody = "0 300*2".parse().unwrap();
        let holder = holder.map_or(Holder::Nobody(Some(&nobody)), |process| Holder::Me(process, &[7]));
        let mut lease = write(&account("main"), UID, holder, Terms::default(), before, at);
        lease.metadata.resource_version = Some(second.to_string());
        lease
    }

    #[test]
    fn what_is_written_is_read() {
        let lease = written(None, Some(&process("1")), 7);
        let seen = read(&lease, Terms::default()).unwrap();
        assert_eq!(seen, Seen { version: 7, holder: Some(process("1")), duration: Duration::from_secs(15) });
        let free = written(Some(&lease), None, 8);
        assert_eq!(read(&free, Terms::default()).unwrap().holder, None);
    }

    #[test]
    fn a_renewal_keeps_when_the_lease_was_acquired_and_a_change_of_hands_is_counted() {
        let first = written(None, Some(&process("1")), 100);
        let renewed = written(Some(&first), Some(&process("1")), 105);
        let taken = written(Some(&renewed), Some(&process("2")), 110);
        let spec = |lease: &Lease| lease.spec.clone().unwrap();
        assert_eq!(spec(&renewed).acquire_time, spec(&first).acquire_time);
        assert_ne!(spec(&renewed).renew_time, spec(&first).renew_time);
        assert_ne!(spec(&taken).acquire_time, spec(&renewed).acquire_time);
        assert_eq!([&first, &renewed, &taken].map(|lease| spec(lease).lease_transitions), [Some(0), Some(0), Some(1)]);
    }

    #[test]
    fn the_lease_of_an_account_goes_with_it_and_cannot_vanish_before() {
        let lease = written(None, Some(&process("1")), 1);
        assert_eq!(lease.name_any(), "main-0b0c1d2e");
        assert_eq!(lease.finalizers(), [FINALIZER]);
        assert_eq!(lease.owner_references()[0].uid, UID);
        assert!(!is_left_over(&lease));
        assert!(let_go(&lease).finalizers().is_empty());
    }

    #[test]
    fn who_decides_about_a_flow_reads_in_other_leases_whether_calls_run_it() {
        let lease = written(None, Some(&process("1")), 1);
        assert_eq!(running(&lease, &process("1")), None, "one's own");
        assert_eq!(running(&lease, &process("2")), Some(Running::These(BTreeSet::from([7]))));
        let many: Vec<u64> = (0..=64).collect();
        let at = Timestamp::UNIX_EPOCH;
        let holder = process("1");
        let busy = write(&account("main"), UID, Holder::Me(&holder, &many), Terms::default(), Some(&lease), at);
        assert_eq!(running(&busy, &process("2")), Some(Running::Perhaps));
        let free = written(Some(&lease), None, 2);
        assert_eq!(running(&free, &process("2")), None);
    }

    #[test]
    fn what_a_holder_leaves_is_there_until_somebody_takes_the_lease() {
        let held = written(None, Some(&process("1")), 1);
        assert_eq!(left(&held), None);
        let mut free = written(Some(&held), None, 2);
        assert_eq!(left(&free).unwrap().to_string(), "0 300*2");
        assert_eq!(left(&written(Some(&free), Some(&process("2")), 3)), None);
        free.metadata.annotations.as_mut().unwrap().insert(HANDOVER.to_owned(), "scribble".to_owned());
        assert_eq!(left(&free), None, "nobody knows what was dialled");
        let unknown =
            write(&account("main"), UID, Holder::Nobody(None), Terms::default(), Some(&free), Timestamp::UNIX_EPOCH);
        assert_eq!(left(&unknown), None, "what was left before that is not left again");
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_where_a_name_may_end() {
        let (_, name) = place(&account(&format!("{}-.tail", "a".repeat(198))), UID);
        assert_eq!(name, format!("{}-0b0c1d2e", "a".repeat(198)));
    }

    #[test]
    fn a_duration_that_somebody_has_written_into_it_is_believed_within_bounds() {
        let mut lease = written(None, Some(&process("1")), 1);
        for (secs, expected) in [(Some(0), 15), (Some(-5), 15), (None, 15), (Some(60), 60), (Some(1_000_000), 300)] {
            lease.spec.as_mut().unwrap().lease_duration_seconds = secs;
            assert_eq!(read(&lease, Terms::default()).unwrap().duration.as_secs(), expected, "{secs:?}");
        }
    }
}
