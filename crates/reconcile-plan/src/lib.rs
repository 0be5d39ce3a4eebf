//! What a reconcile should do, as a value: diff, policy, outcome, backoff and conditions.
