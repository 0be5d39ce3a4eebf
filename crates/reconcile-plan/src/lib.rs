//! What a reconcile should do, as a value.
//!
//! The crate decides and acts on nothing: it reads no clock, draws no random number and knows neither Kubernetes nor HTTP.
//! The same [`Plan`] is carried out by the operator's loop, printed by its `plan` command and written to `status.drift`.
//!
//! - [`plan()`] compares what is wanted with what was observed under a [`Policy`]. It is total: every input has a plan.
//! - [`Outcome`] says how a pass ended; outcomes merge, so a pass can try several things and keep every complaint.
//! - [`report()`] is the one place where an outcome becomes conditions, an event and a requeue.
//! - [`Backoff`] spaces the retries of one object.
//!
//! ```
//! use reconcile_plan::{Action, Names, Observed, Policy, Rules, Target, plan};
//! use serde_json::json;
//!
//! let fields = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
//! let want = Target::Exist {
//!     fields: fields(json!({"application_name": "support", "active": true})),
//!     create_only: fields(json!({})),
//!     rules: Rules::PLAIN,
//!     names: Names::Shared,
//! };
//! let seen = Observed::Found {
//!     id: "1".into(),
//!     known: true,
//!     fields: fields(json!({"application_name": "support", "active": false})),
//!     holder: None,
//! };
//! let plan = plan(&want, &seen, &Policy::default());
//! assert_eq!(plan.action, Action::Update { id: "1".into(), body: fields(json!({"active": true})) });
//! assert_eq!(plan.changes[0].path, "active");
//! ```

mod backoff;
mod body;
mod condition;
mod diff;
mod equality;
mod outcome;
mod plan;
mod policy;
mod reason;
mod report;
mod spec_path;

pub use backoff::{Backoff, slow_retry};
pub use body::update_body;
pub use condition::{Condition, ConditionStatus, ConditionType, merge_conditions};
pub use diff::{Change, diff};
pub use equality::{Equality, Rules};
pub use outcome::{Outcome, Referent, RetryClass, Settled};
pub use plan::{Action, Blocked, Candidate, Claim, Names, Observed, Plan, Target, plan};
pub use policy::{AdoptionPolicy, DeletionPolicy, DriftPolicy, ManagementPolicy, Policy};
pub use reason::Reason;
pub use report::{Deed, EventKind, Report, Requeue, Subject, Transition, WhileWaiting, Words, report};
pub use spec_path::{pointer_to_spec_path, spec_path};

/// A JSON object, as the API sends and takes it. Keys keep a fixed (sorted) order.
pub type Fields = serde_json::Map<String, serde_json::Value>;
