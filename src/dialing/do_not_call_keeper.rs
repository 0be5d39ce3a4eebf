//! Keeps the opt-outs that an account's dialer learns.
//!
//! Promises to try until each is stored. What a crash takes is learnt again from the target that said it: its job does not
//! go before its opt-outs are kept. Does not know who asked, nor why.

use std::time::Duration;

use dialer::PhoneNumber;
use tokio::sync::mpsc;

use super::dialers::Dialers;
use crate::reconcile::AccountKey;

/// Opt-outs stored by one write.
const TOGETHER: usize = 256;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Runs until nobody sends any more.
pub(super) async fn keep_opt_outs(dialers: Dialers, account: AccountKey, mut numbers: mpsc::Receiver<PhoneNumber>) {
    let mut batch = Vec::new();
    while numbers.recv_many(&mut batch, TOGETHER).await > 0 {
        let mut pause = FIRST_PAUSE;
        loop {
            match dialers.lists().record(dialers.client(), &account, &batch).await {
                Ok(0) => {
                    tracing::warn!(%account, opt_outs = batch.len(),
                        "no DoNotCallList of the account has receivesOptOuts: who asked not to be called is remembered as long as the DialJob");
                    break;
                }
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%account, %error, "opt-outs could not be stored; they are obeyed meanwhile");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        batch.clear();
    }
}
