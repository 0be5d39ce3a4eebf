//! Runs the parts of the operator side by side. A process that lacks one of them would look well and leave its work undone: it ends,
//! to be started anew.

use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// How long parts may take to finish what they began. A Pod gets 30 s by default before it is killed.
const FINISHING: Duration = Duration::from_secs(25);

/// How the parts have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Worked {
    /// None is left that may still act.
    pub(crate) all_ended: bool,
    /// None has ended in a panic.
    pub(crate) well: bool,
}

/// Runs the parts beside `serving`, which ends at shutdown. A panic of one is the end of all.
pub(crate) async fn together(
    mut running: JoinSet<()>,
    serving: impl Future<Output = ()>,
    shutdown: &CancellationToken,
) -> Worked {
    let mut well = true;
    tokio::pin!(serving);
    loop {
        tokio::select! {
            () = &mut serving => break,
            Some(ended) = running.join_next() => well &= noted(&ended),
        }
        if !well {
            shutdown.cancel();
        }
    }
    shutdown.cancel();
    let finish = async {
        while let Some(ended) = running.join_next().await {
            well &= noted(&ended);
        }
    };
    let all_ended = tokio::time::timeout(FINISHING, finish).await.is_ok();
    if !all_ended {
        tracing::warn!(parts = running.len(), "stopped without waiting longer: every part may stop anywhere");
    }
    Worked { all_ended, well }
}

/// Whether a part has ended well.
fn noted(ended: &Result<(), JoinError>) -> bool {
    if let Err(error) = ended {
        tracing::error!(task = %error.id(), "a part of the operator ended in a panic");
    }
    ended.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_that_panics_ends_the_others_in_good_order() {
        let shutdown = CancellationToken::new();
        let mut parts = JoinSet::new();
        let told = shutdown.clone();
        parts.spawn(async move { told.cancelled().await });
        parts.spawn(async { panic!("on purpose") });
        let worked = together(parts, shutdown.cancelled(), &shutdown).await;
        assert_eq!(worked, Worked { all_ended: true, well: false });
        assert!(shutdown.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn parts_may_end_before_the_others_and_are_waited_for_so_long_and_no_longer() {
        let shutdown = CancellationToken::new();
        let mut parts = JoinSet::new();
        parts.spawn(async {});
        parts.spawn(tokio::time::sleep(FINISHING / 2));
        shutdown.cancel();
        assert_eq!(together(parts, shutdown.cancelled(), &shutdown).await, Worked { all_ended: true, well: true });
        let mut slow = JoinSet::new();
        slow.spawn(tokio::time::sleep(FINISHING * 2));
        assert_eq!(together(slow, shutdown.cancelled(), &shutdown).await, Worked { all_ended: false, well: true });
    }
}
