//! What each watch has brought: how many objects, how they stand, and how long ago it last said something.
//!
//! Counted from the caches when somebody asks, so that it costs nothing in between. Labels are closed sets: conditions
//! that are not among the operator's own four are not counted.

use super::controller::Guarded;
use super::memory::locked;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;
use kube::runtime::reflector::Store;
use kube::runtime::watcher::{self, Event};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// The conditions that are counted.
const TYPES: [&str; 4] = ["Ready", "Synced", "Reconciling", "Stalled"];
/// What a condition can be.
const STATUSES: [&str; 3] = ["True", "False", "Unknown"];
/// No event yet.
const NEVER: i64 = i64::MIN;

/// How the objects of a watch stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Census {
    objects: usize,
    /// Not what their kind should be.
    undecodable: usize,
    /// By type and status.
    conditions: BTreeMap<(&'static str, &'static str), usize>,
    /// Since when the one that has not been Ready for longest has not.
    unready_since: Option<Timestamp>,
    /// Since when the one that has not been Synced for longest has not.
    unsynced_since: Option<Timestamp>,
}

impl Census {
    fn count<'a>(objects: impl Iterator<Item = Option<&'a [Condition]>>) -> Self {
        let mut census = Self::default();
        for conditions in objects {
            census.objects += 1;
            match conditions {
                Some(conditions) => conditions.iter().for_each(|condition| census.add(condition)),
                None => census.undecodable += 1,
            }
        }
        census
    }

    fn add(&mut self, condition: &Condition) {
        let known = |words: &[&'static str], word: &str| words.iter().find(|known| **known == word).copied();
        let (Some(kind), Some(status)) = (known(&TYPES, &condition.type_), known(&STATUSES, &condition.status)) else {
            return;
        };
        *self.conditions.entry((kind, status)).or_default() += 1;
        let at = condition.last_transition_time.0;
        // The default of the definitions, written before any operator has looked, has the epoch for its time.
        if status == "True" || at.as_second() <= 0 {
            return;
        }
        let since = match kind {
            "Ready" => &mut self.unready_since,
            "Synced" => &mut self.unsynced_since,
            _ => return,
        };
        *since = Some(since.map_or(at, |since| since.min(at)));
    }
}

/// The beat of a watch: told of each of its events.
#[derive(Clone, Debug)]
pub struct Pulse(Arc<Beats>);

#[derive(Debug)]
struct Beats {
    /// In milliseconds since the epoch.
    last: AtomicI64,
    failures: AtomicU64,
}

impl Pulse {
    /// The watch has brought this.
    pub fn beat<K>(&self, event: &watcher::Result<Event<K>>) {
        match event {
            Ok(_) => self.0.last.store(Timestamp::now().as_millisecond(), Ordering::Relaxed),
            Err(_) => {
                self.0.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

struct Watched {
    kind: &'static str,
    namespace: Option<String>,
    pulse: Pulse,
    census: Box<dyn Fn() -> Census + Send + Sync>,
}

/// All watches of the process. Cheap to clone; clones are the same.
#[derive(Clone, Default)]
pub struct Watches(Arc<Mutex<Vec<Watched>>>);

impl fmt::Debug for Watches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watches").finish_non_exhaustive()
    }
}

impl Watches {
    /// A watch of `kind` fills this cache. Its events are to be told to what is returned.
    #[must_use]
    pub fn follow<K>(
        &self,
        kind: &'static str,
        namespace: Option<String>,
        store: Store<Guarded<K>>,
        conditions: fn(&K) -> &[Condition],
    ) -> Pulse
    where
        K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
    {
        let pulse = Pulse(Arc::new(Beats { last: AtomicI64::new(NEVER), failures: AtomicU64::new(0) }));
        let census = Box::new(move || {
            let objects = store.state();
            Census::count(objects.iter().map(|object| object.0.as_ref().ok().map(conditions)))
        });
        locked(&self.0).push(Watched { kind, namespace, pulse: pulse.clone(), census });
        pulse
    }

    /// For `/debug/state`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> Value {
        let shown = locked(&self.0).iter().map(|watched| shown(watched, now)).collect();
        Value::Array(shown)
    }

    /// Of all watches of a kind together.
    fn by_kind(&self) -> BTreeMap<&'static str, Census> {
        let mut kinds: BTreeMap<&'static str, Census> = BTreeMap::new();
        for watched in locked(&self.0).iter() {
            let (census, sum) = ((watched.census)(), kinds.entry(watched.kind).or_default());
            sum.objects += census.objects;
            sum.undecodable += census.undecodable;
            for (condition, count) in census.conditions {
                *sum.conditions.entry(condition).or_default() += count;
            }
            sum.unready_since = earlier(sum.unready_since, census.unready_since);
            sum.unsynced_since = earlier(sum.unsynced_since, census.unsynced_since);
        }
        kinds
    }
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    [one, other].into_iter().flatten().min()
}

fn shown(watched: &Watched, now: Timestamp) -> Value {
    let census = (watched.census)();
    let mut conditions: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for ((kind, status), count) in &census.conditions {
        conditions.entry(kind).or_default().insert(status, *count);
    }
    let last = watched.pulse.0.last.load(Ordering::Relaxed);
    json!({
        "kind": watched.kind,
        "namespace": watched.namespace,
        "objects": census.objects,
        "undecodable": census.undecodable,
        "conditions": conditions,
        "lastEventSecondsAgo": (last != NEVER).then(|| (now.as_millisecond() - last).max(0) / 1000),
        "failures": watched.pulse.0.failures.load(Ordering::Relaxed),
    })
}

/// As metrics: objects by kind and condition, and for how long one has not been Ready, or not Synced.
impl Collector for Watches {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let (kinds, now) = (self.by_kind(), Timestamp::now());
        let mut objects = encoder.encode_descriptor(
            "objects_by_condition",
            "Objects of a kind by the status of a condition, as the operator's caches have them",
            None,
            MetricType::Gauge,
        )?;
        for (kind, census) in &kinds {
            for (kind_of_condition, status) in TYPES.iter().flat_map(|kind| STATUSES.map(|status| (*kind, status))) {
                let count = census.conditions.get(&(kind_of_condition, status)).copied().unwrap_or_default();
                let labels = [("kind", *kind), ("condition", kind_of_condition), ("status", status)];
                gauge(i64::try_from(count).unwrap_or(i64::MAX)).encode(objects.encode_family(&labels)?)?;
            }
        }
        let mut oldest = encoder.encode_descriptor(
            "oldest_not_ready_seconds",
            "How long the object of a kind that has not been Ready for longest has not; 0 where all are",
            None,
            MetricType::Gauge,
        )?;
        for (kind, census) in &kinds {
            age(census.unready_since, now).encode(oldest.encode_family(&[("kind", *kind)])?)?;
        }
        let mut oldest = encoder.encode_descriptor(
            "oldest_not_synced_seconds",
            "How long the object of a kind that has not been Synced for longest has not; 0 where all are",
            None,
            MetricType::Gauge,
        )?;
        for (kind, census) in &kinds {
            age(census.unsynced_since, now).encode(oldest.encode_family(&[("kind", *kind)])?)?;
        }
        Ok(())
    }
}

/// In seconds; 0 where there is none.
fn age(since: Option<Timestamp>, now: Timestamp) -> ConstGauge<i64> {
    gauge(since.map_or(0, |since| now.duration_since(since).as_secs().max(0)))
}

fn gauge(value: i64) -> ConstGauge<i64> {
    ConstGauge::new(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::registry::Registry;

    fn condition(kind: &str, status: &str, at: &str) -> Condition {
        serde_json::from_value(json!({
            "type": kind, "status": status, "reason": "Why", "message": "", "lastTransitionTime": at,
        }))
        .unwrap()
    }

    #[test]
    fn objects_are_counted_by_their_conditions_and_the_oldest_is_known() {
        let (early, late) = ("2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z");
        let objects = [
            vec![condition("Ready", "True", early), condition("Synced", "True", early)],
            vec![condition("Ready", "False", late), condition("Stalled", "True", late)],
            // Drift that is left so: it works, and is not as declared.
            vec![condition("Ready", "True", early), condition("Synced", "False", late)],
            vec![condition("Synced", "Unknown", "1970-01-01T00:00:00Z")],
            vec![condition("Ready", "Unknown", early)],
            // As the API server makes it.
            vec![condition("Ready", "Unknown", "1970-01-01T00:00:00Z")],
            vec![condition("Moon", "True", early), condition("Ready", "Perhaps", early)],
        ];
        let census = Census::count(objects.iter().map(|all| Some(all.as_slice())).chain([None]));
        assert_eq!((census.objects, census.undecodable), (8, 1));
        assert_eq!(
            census.conditions,
            BTreeMap::from([
                (("Ready", "False"), 1),
                (("Ready", "True"), 2),
                (("Ready", "Unknown"), 2),
                (("Stalled", "True"), 1),
                (("Synced", "False"), 1),
                (("Synced", "True"), 1),
                (("Synced", "Unknown"), 1),
            ])
        );
        assert_eq!((census.unready_since, census.unsynced_since), (early.parse().ok(), late.parse().ok()));
    }

    #[test]
    fn whatever_conditions_hold_their_labels_stay_the_same() {
        let watches = Watches::default();
        let pulse = Pulse(Arc::new(Beats { last: AtomicI64::new(NEVER), failures: AtomicU64::new(0) }));
        for namespace in ["a", "b"] {
            let census = move || {
                let odd = [condition(&format!("Of{namespace}"), "True", "2026-11-21T10:00:00Z")];
                Census::count([Some(odd.as_slice())].into_iter())
            };
            let watched = Watched {
                kind: "queue",
                namespace: Some(namespace.to_owned()),
                pulse: pulse.clone(),
                census: Box::new(census),
            };
            locked(&watches.0).push(watched);
        }
        let mut registry = Registry::default();
        registry.register_collector(Box::new(watches.clone()));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let series = text.lines().filter(|line| line.starts_with("objects_by_condition{")).count();
        assert_eq!(series, TYPES.len() * STATUSES.len(), "{text}");
        for line in [r#"oldest_not_ready_seconds{kind="queue"} 0"#, r#"oldest_not_synced_seconds{kind="queue"} 0"#] {
            assert!(text.contains(line) && !text.contains("Ofa"), "{line} is missing in\n{text}");
        }
        let state = watches.state(Timestamp::now());
        assert_eq!((&state[0]["objects"], &state[1]["lastEventSecondsAgo"]), (&json!(1), &Value::Null));
    }
}
