//! What changed that others wait for. In-process only: a waiting object is woken, and looks for itself.

use super::accounts::AccountKey;
use tokio::sync::{broadcast, watch};

/// How much news is kept for a slow reader. One that falls behind wakes all its objects, which is correct and merely
/// costs a pass over memory.
const KEPT: usize = 1024;

/// Something that objects may wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An account came, went, or changed its standing.
    Account(AccountKey),
    /// An outbound voice profile came, went, or changed its id.
    Profile {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// This process decides from now on about what belongs to no account in this namespace.
    Namespace(String),
    /// The reader fell behind: anything may have changed.
    Anything,
}

/// Carries news to every controller.
#[derive(Clone, Debug)]
pub struct News {
    sender: broadcast::Sender<Change>,
    /// Applications come by the thousand, and whoever waits for one looks for itself: that some moved is all there is to say.
    applications: watch::Sender<()>,
}

impl Default for News {
    fn default() -> Self {
        Self { sender: broadcast::channel(KEPT).0, applications: watch::Sender::new(()) }
    }
}

impl News {
    /// Tells every listener; nobody listening is fine.
    pub fn tell(&self, change: Change) {
        let _nobody_listens = self.sender.send(change);
    }

    /// An application came, went, got its id, or became Ready or not.
    pub fn applications_moved(&self) {
        self.applications.send_replace(());
    }

    /// Changes whenever applications have moved; many moves may show as one.
    #[must_use]
    pub fn applications(&self) -> watch::Receiver<()> {
        self.applications.subscribe()
    }

    /// News from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        Listener { receiver: self.sender.subscribe() }
    }
}

/// Receives news.
#[derive(Debug)]
pub struct Listener {
    receiver: broadcast::Receiver<Change>,
}

impl Listener {
    /// The next piece of news; `None` when there will be no more.
    pub async fn next(&mut self) -> Option<Change> {
        match self.receiver.recv().await {
            Ok(change) => Some(change),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Change::Anything),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
