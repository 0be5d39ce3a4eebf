//! The promises that a world is held to, by name.
//!
//! Promises that each of them fails when it is broken: `mutations` breaks one after the other on purpose. Does not know
//! how any of them is looked at.

/// One promise. docs/guarantees.md lists them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Nothing is dialled whose claim was never stored.
    ClaimedBeforeDialled,
    /// All requests under one command id leave within 45 s of the claim's first being stored, by whatever process.
    DialledInTime,
    /// No dial, and no attempt, makes a phone ring twice.
    OneRingPerAttempt,
    /// A target has one call at a time.
    OneCallPerTarget,
    /// A number has one call at a time, whatever campaign calls it.
    OneCallPerNumber,
    /// A suspended campaign dials nothing.
    SuspendedIsSilent,
    /// Nothing is dialled outside the callee's window.
    InsideTheWindow,
    /// Nobody is dialled for a campaign that needs consent who has not agreed.
    Consented,
    /// Nothing is dialled before it is due, nor from when it, or its campaign's time, is over.
    InItsTime,
    /// Nothing is dialled for a campaign before its start.
    NotBeforeStart,
    /// Nothing is dialled for a campaign from its stop on.
    NotAfterStop,
    /// No target has more attempts than its campaign allows, besides at most ten that a rule ignores.
    AttemptsCapped,
    /// Nobody on the do-not-call list is dialled.
    DoNotCall,
    /// No 5 s hold more than nine tenths of the account's dials.
    DialRate,
    /// A refusal for speed stops all dialing of the process for as long as Telnyx says, or for a second.
    StormsPauseDialing,
    /// No campaign has more calls at once than it may.
    CampaignConcurrency,
    /// The account has no more calls at once than it may.
    AccountConcurrency,
    /// No number rings more often than the calling campaign's caps allow.
    Frequency,
    /// No campaign places more calls than its budget.
    Budget,
    /// No campaign's calls cost more than its bound of money.
    Cost,
    /// Once as many calls were abandoned as the hard stop allows, a campaign with agents has one more for each call that was
    /// under way, no more.
    AbandonmentStops,
    /// Every target is in exactly one count.
    CountsAddUp,
    /// What is saved as claimed is counted as claimed.
    ClaimsCounted,
    /// Every webhook is answered once.
    AnsweredOnce,
    /// Every webhook is answered within its patience.
    AnsweredInTime,
    /// A hangup is acknowledged once its outcome is stored, and an event that leads to a command once that is accepted.
    DurableBeforeAcknowledged,
    /// A stored state never goes back.
    StoredNeverGoesBack,
    /// Time goes on: nothing is asked for without end in one moment.
    TimeGoesOn,
    /// Once nothing goes wrong any more, everything ends in time.
    EverythingEnds,
    /// What counts as finished has ended in the store.
    FinishedIsStored,
    /// Success means that an announcement was played to its end.
    SuccessWasDelivered,
    /// In a healthy world an announcement played to its end means success.
    DeliveredIsSuccess,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 32] = [
        Self::ClaimedBeforeDialled,
        Self::DialledInTime,
        Self::OneRingPerAttempt,
        Self::OneCallPerTarget,
        Self::OneCallPerNumber,
        Self::SuspendedIsSilent,
        Self::InsideTheWindow,
        Self::Consented,
        Self::InItsTime,
        Self::NotBeforeStart,
        Self::NotAfterStop,
        Self::AttemptsCapped,
        Self::DoNotCall,
        Self::DialRate,
        Self::StormsPauseDialing,
        Self::CampaignConcurrency,
        Self::AccountConcurrency,
        Self::Frequency,
        Self::Budget,
        Self::Cost,
        Self::AbandonmentStops,
        Self::CountsAddUp,
        Self::ClaimsCounted,
        Self::AnsweredOnce,
        Self::AnsweredInTime,
        Self::DurableBeforeAcknowledged,
        Self::StoredNeverGoesBack,
        Self::TimeGoesOn,
        Self::EverythingEnds,
        Self::FinishedIsStored,
        Self::SuccessWasDelivered,
        Self::DeliveredIsSuccess,
    ];
}

/// Judges. In a world that is broken on purpose it looks at the broken promise alone, so that no other one hides it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Judge {
    /// The promise that this world is made to break.
    pub broken: Option<Check>,
}

impl Judge {
    /// Fails the world unless `holds`.
    #[track_caller]
    pub fn hold(self, check: Check, holds: bool, what: impl FnOnce() -> String) {
        let counts = self.broken.is_none_or(|broken| broken == check);
        assert!(holds || !counts, "{check:?}: {}", what());
    }

    /// Whether the world breaks this promise on purpose.
    pub fn breaks(self, check: Check) -> bool {
        self.broken == Some(check)
    }
}
