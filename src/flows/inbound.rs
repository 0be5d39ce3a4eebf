//! Which flow answers the calls of an application.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::api::CallControlApplication;
use crate::reconcile::{AccountKey, Object as _, Stores};

/// Least time between two looks through all applications. An application that was just made is found a moment later, when
/// Telnyx sends its first webhook again.
const GAP: Duration = Duration::from_millis(500);

/// What an application says about its inbound calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answering {
    /// Its calls run this flow of this namespace.
    Flow {
        /// Where the flow is.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// It has no flow: whoever else uses the application answers.
    Nobody,
    /// No application of this id is known now.
    Unknown,
}

/// Finds applications by their id at Telnyx. Cheap to clone; clones share what was found.
#[derive(Clone, Debug)]
pub struct Applications {
    stores: Stores<CallControlApplication>,
    places: Arc<Mutex<Places>>,
}

#[derive(Debug, Default)]
struct Places {
    by_id: HashMap<Box<str>, (Box<str>, Box<str>)>,
    looked: Option<Instant>,
}

impl Applications {
    /// Looks them up in this cache.
    #[must_use]
    pub fn new(stores: Stores<CallControlApplication>) -> Self {
        Self { stores, places: Arc::default() }
    }

    /// Waits until every application was seen once.
    pub(super) async fn synced(&self) {
        self.stores.synced().await;
    }

    /// Ids at Telnyx of the account's applications that have a flow.
    pub(super) fn with_flows(&self, account: &AccountKey) -> Vec<String> {
        let mut ids = Vec::new();
        self.stores.each(|application| {
            let has_flow = application.spec.call_flow_ref.is_some();
            if has_flow && AccountKey::of(&application.spec.account_ref, application.namespace()) == *account {
                ids.extend(application.status.as_ref().and_then(|status| status.id.clone()));
            }
        });
        ids
    }

    /// The id at Telnyx of an application, by namespace and name.
    pub(super) fn id_of(&self, (namespace, name): &(String, String)) -> Option<String> {
        self.stores.get(namespace, name)?.status?.id
    }

    /// Who answers calls of the application `id` of `account`.
    pub(super) fn answering(&self, account: &AccountKey, id: &str, now: Instant) -> Answering {
        match self.find(id) {
            Some(application) => answering(&application, account),
            None if self.look_through(now) => {
                self.find(id).map_or(Answering::Unknown, |application| answering(&application, account))
            }
            None => Answering::Unknown,
        }
    }

    fn find(&self, id: &str) -> Option<CallControlApplication> {
        let (namespace, name) = self.lock(|places| places.by_id.get(id).cloned())?;
        let application = self.stores.get(&namespace, &name)?;
        (application.status.as_ref()?.id.as_deref() == Some(id)).then_some(application)
    }

    /// Looks at every application, unless that was done a moment ago.
    fn look_through(&self, now: Instant) -> bool {
        let due = self.lock(|places| {
            let due = places.looked.is_none_or(|looked| now.duration_since(looked) >= GAP);
            if due {
                places.looked = Some(now);
            }
            due
        });
        if due {
            let mut by_id = HashMap::new();
            self.stores.each(|application| {
                if let Some(id) = application.status.as_ref().and_then(|status| status.id.as_deref()) {
                    by_id.insert(id.into(), (application.namespace().into(), application.name().into()));
                }
            });
            self.lock(|places| places.by_id = by_id);
        }
        due
    }

    fn lock<T>(&self, look: impl FnOnce(&mut Places) -> T) -> T {
        look(&mut self.places.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn answering(application: &CallControlApplication, account: &AccountKey) -> Answering {
    if AccountKey::of(&application.spec.account_ref, application.namespace()) != *account {
        return Answering::Unknown;
    }
    match &application.spec.call_flow_ref {
        Some(flow) => Answering::Flow { namespace: application.namespace().to_owned(), name: flow.name.clone() },
        None => Answering::Nobody,
    }
}
