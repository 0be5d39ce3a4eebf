//! The columns of `kubectl get`. Each kind lists its own beside its type.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceColumnDefinition;

/// One column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    name: &'static str,
    kind: &'static str,
    path: &'static str,
    description: &'static str,
    wide: bool,
}

impl Column {
    /// The status of the condition `Synced`, of a kind that mirrors an object at Telnyx.
    pub(super) const SYNCED: Self = Self::synced("Whether the last pass could read and write it.");
    /// The id at Telnyx.
    pub(super) const ID: Self = Self::text("Id", ".status.id", "Id at Telnyx.");
    /// Why the condition `Ready` is as it is.
    pub(super) const REASON: Self =
        Self::text("Reason", r#".status.conditions[?(@.type=="Ready")].reason"#, "Why it is ready or not.");
    /// The account, with `-o wide`.
    pub(super) const ACCOUNT: Self = Self::text("Account", ".spec.accountRef.name", "The TelnyxAccount.").wide();
    /// How old it is.
    pub(super) const AGE: Self =
        Self::since("Age", ".metadata.creationTimestamp", "Time since the resource was created.");

    /// The status of the condition `Ready`, and what it means of this kind.
    pub(super) const fn ready(description: &'static str) -> Self {
        Self::text("Ready", r#".status.conditions[?(@.type=="Ready")].status"#, description)
    }

    /// The status of the condition `Synced`, and what it means of this kind.
    pub(super) const fn synced(description: &'static str) -> Self {
        Self::text("Synced", r#".status.conditions[?(@.type=="Synced")].status"#, description)
    }

    pub(super) const fn text(name: &'static str, path: &'static str, description: &'static str) -> Self {
        Self { name, kind: "string", path, description, wide: false }
    }

    pub(super) const fn number(name: &'static str, path: &'static str, description: &'static str) -> Self {
        Self { name, kind: "integer", path, description, wide: false }
    }

    /// A moment, shown as the time since.
    pub(super) const fn since(name: &'static str, path: &'static str, description: &'static str) -> Self {
        Self { name, kind: "date", path, description, wide: false }
    }

    /// With `-o wide` only.
    pub(super) const fn wide(mut self) -> Self {
        self.wide = true;
        self
    }
}

impl From<Column> for CustomResourceColumnDefinition {
    fn from(column: Column) -> Self {
        Self {
            name: column.name.to_owned(),
            type_: column.kind.to_owned(),
            json_path: column.path.to_owned(),
            description: Some(column.description.to_owned()),
            priority: column.wide.then_some(1),
            format: None,
        }
    }
}
