//! Why a condition is as it is: the closed list that users and alerts may rely on.

use serde::{Deserialize, Serialize};

/// A closed list of words that are written into conditions and events, each as it is named and with what it means.
#[macro_export]
macro_rules! words {
    (
        $(#[doc = $about:literal])+
        #[derive($($derived:ident),+)]
        $words:ident { $($(#[doc = $doc:literal])+ $name:ident,)+ }
    ) => {
        $(#[doc = $about])+
        #[derive($($derived),+)]
        pub enum $words {
            $($(#[doc = $doc])+ $name,)+
        }

        impl $words {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word that is written.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// What it means and what to do about it, for the generated reference.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii()),+ }
            }
        }
    };
}

words! {
    /// The reason of a condition or an event. Nothing outside this list is ever written.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    Reason {
        /// Nothing has been done yet. The API server writes it when the object is created.
        Pending,
        /// The remote object exists and is as this generation of the spec asks.
        Available,
        /// The conference of this name is live.
        Live,
        /// No conference of this name is live; the policy waits for one.
        NotLive,
        /// Every field that the spec sets has that value at the API.
        UpToDate,
        /// The remote object differs and `driftPolicy: Report` or `managementPolicy: ObserveOnly` says to leave it; see `status.drift`.
        DriftReported,
        /// `spec.suspend` is set. Remove it to go on.
        Suspended,
        /// The TelnyxAccount that the spec names does not exist. Create it or correct `spec.accountRef`.
        AccountNotFound,
        /// The TelnyxAccount is not ready. Its own conditions say why; this object goes on by itself when it is.
        AccountNotReady,
        /// The TelnyxAccount does not admit this namespace. Add it to the account's `spec.allowedNamespaces`.
        AccountNotAllowed,
        /// An object that the spec refers to does not exist. It is watched; create it.
        ReferenceNotFound,
        /// An object that the spec refers to has no remote id yet. It is watched; nothing needs doing here.
        ReferenceNotReady,
        /// The Secret with the credentials does not exist. It is watched; create it.
        SecretNotFound,
        /// The Secret exists but holds no usable credential under the expected key.
        SecretInvalid,
        /// The API refused the credentials (401). Put a valid API key into the Secret; it is picked up at once.
        CredentialsInvalid,
        /// The API accepted the credentials but does not permit this (403).
        PermissionDenied,
        /// The API or the operator refused a field; the message names it. Correct the spec.
        InvalidSpec,
        /// The object could not be read as its own kind. Apply it again with the present CRDs.
        Undecodable,
        /// The remote object is held by another Kubernetes object. One of the two must let go.
        Conflict,
        /// A remote object of this name exists and is not ours. Set `adoptionPolicy: AdoptByName`, `import`, or another name.
        NameTaken,
        /// The remote object to import or to observe does not exist.
        RemoteNotFound,
        /// The API asks for fewer requests (429). The operator waits as told.
        RateLimited,
        /// The API did not answer, or failed (5xx). The operator tries again by itself.
        ApiUnavailable,
        /// A request left and its answer was lost. The operator looks for what it may have made before it tries again.
        FateUnknown,
        /// The Kubernetes API refused a write. The operator tries again by itself.
        KubernetesUnavailable,
        /// The remote object is being deleted.
        Deleting,
        /// It cannot be deleted while it is in use: an account with objects.
        InUse,
        /// The queue is being deleted and calls still wait in it; the message says how many. It goes by itself once they have left. `kubectl telnyx queue calls` lists them, `kubectl telnyx queue remove` takes out a call that is over.
        Draining,
        /// The operator made an error that it should not have. It tries again; please report it.
        InternalError,
        /// Event: the remote object was created.
        Created,
        /// Event: a remote object that existed already was taken under management.
        Adopted,
        /// Event: the remote object was changed after an edit of the spec.
        Updated,
        /// Event: the remote object had been changed behind the operator's back and was put right.
        DriftCorrected,
        /// Event: the remote object had vanished and was created again.
        Recreated,
        /// Event: the remote object was deleted.
        Deleted,
        /// Event: the Kubernetes object was let go and the remote object, if any, was left as it is.
        Released,
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
