//! How an attempt ended, out of what Telnyx said.
//!
//! Promises one outcome for every evidence: what is not known is a carrier failure, never a success. Does not know what
//! a campaign does about an outcome, only the usual wait.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::call::{Hangup, HangupCause, Refusal};
use crate::client_state::{Ending, FlowEnd, InFlow, Party, Position, Purpose};

/// How an attempt, or a target, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Outcome {
    /// A person heard the announcement to its end, or the flow came to its own.
    Completed,
    /// A person hung up before the end.
    HumanHangup,
    /// The person must not be called again: the flow was told so, or the network says so (SIP 607).
    OptedOut,
    /// A machine took the whole message.
    VoicemailLeft,
    /// A machine answered; no message, or not the whole of it.
    Machine,
    /// A fax answered.
    Fax,
    /// Nobody spoke.
    Silence,
    /// It rang and nobody answered.
    NoAnswer,
    /// The line was busy.
    Busy,
    /// The call was declined.
    Rejected,
    /// An analytics engine blocked the caller id (SIP 608).
    BlockedByAnalytics,
    /// No such number.
    InvalidNumber,
    /// The call lasted as long as it may.
    TimeLimit,
    /// We hung up because the campaign was suspended or removed. It may have rung, so it uses an attempt: no phone rings
    /// twice under one attempt.
    CanceledBySystem,
    /// No capacity: rate, channels.
    CapacityLimited,
    /// The carrier failed, or said something not known here.
    CarrierFailure,
    /// The account may not call there.
    DestinationBlocked,
    /// The campaign or the account is set up wrong.
    ConfigError,
    /// Never allowed to be called.
    ComplianceBlocked,
    /// Its time passed before it could be reached.
    Expired,
    /// Its campaign had failed, or had what it wanted, before it could be reached.
    Skipped,
    /// Whether a phone rang cannot be found out.
    Ambiguous,
    /// The announcement could not be played, or the flow had an error.
    FlowError,
    /// A person answered and no agent took the call, of a campaign that dials by agents.
    Abandoned,
}

/// What usually happens after an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsualRetry {
    /// Nothing: the target is finished.
    Never,
    /// Another attempt after this long, while the cap allows.
    After(Duration),
    /// As `After`, but after at most so many attempts of the target that ended like this.
    AtMost(u8, Duration),
    /// As soon as there is capacity again; no cap.
    WhenPossible(Duration),
    /// After this long, within the budget for carrier failures.
    Infra(Duration),
}

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

impl Outcome {
    /// Every outcome, in the order of the enum.
    pub const ALL: [Self; 24] = [
        Self::Completed,
        Self::HumanHangup,
        Self::OptedOut,
        Self::VoicemailLeft,
        Self::Machine,
        Self::Fax,
        Self::Silence,
        Self::NoAnswer,
        Self::Busy,
        Self::Rejected,
        Self::BlockedByAnalytics,
        Self::InvalidNumber,
        Self::TimeLimit,
        Self::CanceledBySystem,
        Self::CapacityLimited,
        Self::CarrierFailure,
        Self::DestinationBlocked,
        Self::ConfigError,
        Self::ComplianceBlocked,
        Self::Expired,
        Self::Skipped,
        Self::Ambiguous,
        Self::FlowError,
        Self::Abandoned,
    ];

    /// Whether it uses an attempt of the target's shared cap.
    #[must_use]
    pub fn uses_attempt(self) -> bool {
        match self {
            Self::Completed
            | Self::HumanHangup
            | Self::OptedOut
            | Self::VoicemailLeft
            | Self::Machine
            | Self::Fax
            | Self::Silence
            | Self::NoAnswer
            | Self::Busy
            | Self::Rejected
            | Self::InvalidNumber
            | Self::TimeLimit
            | Self::CanceledBySystem
            | Self::Ambiguous
            | Self::FlowError
            | Self::Abandoned => true,
            Self::BlockedByAnalytics
            | Self::CapacityLimited
            | Self::CarrierFailure
            | Self::DestinationBlocked
            | Self::ConfigError
            | Self::ComplianceBlocked
            | Self::Expired
            | Self::Skipped => false,
        }
    }

    /// Whether somebody has, or may have, answered: the call may cost by the minute.
    #[must_use]
    pub fn may_have_been_answered(self) -> bool {
        match self {
            Self::Completed
            | Self::HumanHangup
            | Self::OptedOut
            | Self::VoicemailLeft
            | Self::Machine
            | Self::Fax
            | Self::Silence
            | Self::TimeLimit
            | Self::Ambiguous
            | Self::FlowError
            | Self::Abandoned => true,
            Self::NoAnswer
            | Self::Busy
            | Self::Rejected
            | Self::CanceledBySystem
            | Self::BlockedByAnalytics
            | Self::InvalidNumber
            | Self::CapacityLimited
            | Self::CarrierFailure
            | Self::DestinationBlocked
            | Self::ConfigError
            | Self::ComplianceBlocked
            | Self::Expired
            | Self::Skipped => false,
        }
    }

    /// Whether the call got as far as a talk, unless a detector says that nobody was there to talk to.
    pub(crate) fn tells_of_talk(self) -> bool {
        matches!(self, Self::Completed | Self::HumanHangup | Self::OptedOut | Self::TimeLimit | Self::FlowError)
    }

    /// Whether a phone has, or may have, rung: the least gap between attempts applies.
    #[must_use]
    pub fn may_have_rung(self) -> bool {
        match self {
            Self::Completed
            | Self::HumanHangup
            | Self::OptedOut
            | Self::VoicemailLeft
            | Self::Machine
            | Self::Fax
            | Self::Silence
            | Self::NoAnswer
            | Self::Rejected
            | Self::TimeLimit
            | Self::CanceledBySystem
            | Self::Ambiguous
            | Self::FlowError
            | Self::Abandoned => true,
            Self::Busy
            | Self::BlockedByAnalytics
            | Self::InvalidNumber
            | Self::CapacityLimited
            | Self::CarrierFailure
            | Self::DestinationBlocked
            | Self::ConfigError
            | Self::ComplianceBlocked
            | Self::Expired
            | Self::Skipped => false,
        }
    }

    /// What usually happens next, where no rule of the campaign says otherwise.
    #[must_use]
    pub fn usual_retry(self) -> UsualRetry {
        match self {
            Self::Completed
            | Self::HumanHangup
            | Self::OptedOut
            | Self::VoicemailLeft
            | Self::Fax
            | Self::InvalidNumber
            | Self::TimeLimit
            | Self::DestinationBlocked
            | Self::ComplianceBlocked
            | Self::Expired
            | Self::Skipped => UsualRetry::Never,
            Self::Machine => UsualRetry::After(4 * HOUR),
            Self::NoAnswer => UsualRetry::After(2 * HOUR),
            Self::Busy => UsualRetry::AtMost(2, 20 * MINUTE),
            Self::Ambiguous => UsualRetry::After(HOUR),
            Self::Silence | Self::Rejected => UsualRetry::AtMost(1, 24 * HOUR),
            Self::FlowError => UsualRetry::AtMost(1, HOUR),
            // Not within 72 hours unless somebody is sure to be there (Ofcom: persistent misuse, 2010).
            Self::Abandoned => UsualRetry::AtMost(1, 72 * HOUR),
            Self::CanceledBySystem => UsualRetry::After(Duration::ZERO),
            Self::ConfigError => UsualRetry::WhenPossible(Duration::ZERO),
            Self::CapacityLimited => UsualRetry::WhenPossible(Duration::from_secs(5)),
            // Under another caller id, or once this one has rested.
            Self::CarrierFailure | Self::BlockedByAnalytics => UsualRetry::Infra(5 * MINUTE),
        }
    }

    /// What a refused dial means.
    ///
    /// Codes mean something only together with the status (Telnyx: error codes): 10011 is the request rate as a 429 and
    /// a media setting as a 422.
    #[must_use]
    pub fn of_refusal(refusal: &Refusal) -> Self {
        let pointer = refusal.pointer.as_deref().unwrap_or_default();
        match (refusal.status, refusal.code.as_deref().unwrap_or_default()) {
            (429, _) | (_, "90103" | "90041" | "90042" | "90043" | "D1" | "D2" | "D3" | "D22") => Self::CapacityLimited,
            (_, "10002" | "10016") if pointer.starts_with("/to") => Self::InvalidNumber,
            (_, "D9" | "D12" | "D13" | "D24" | "D41" | "TM1") => Self::DestinationBlocked,
            (400..=499, _) => Self::ConfigError,
            _ => Self::CarrierFailure,
        }
    }

    /// What the end of a call means, given how far its announcement, or its flow, had come.
    #[must_use]
    pub fn of_hangup(hangup: Hangup, position: Position) -> Self {
        if let Position::InFlow(flow) = position {
            return Self::of_flow(hangup, flow);
        }
        if let Position::HangingUp { ending: Ending::Canceled, .. } = position {
            return Self::CanceledBySystem;
        }
        if position.is_answered() { Self::of_answered(hangup, position) } else { Self::of_unanswered(hangup) }
    }

    fn of_answered(hangup: Hangup, position: Position) -> Self {
        if hangup.cause == HangupCause::TimeLimit {
            return Self::TimeLimit;
        }
        match position {
            Position::HangingUp { ending: Ending::Failed, .. } => Self::FlowError,
            Position::HangingUp { ending: Ending::Delivered, with: Party::Machine } => Self::VoicemailLeft,
            Position::HangingUp { ending: Ending::Delivered, .. } => Self::Completed,
            Position::AwaitingBeep
            | Position::Announcing { to: Party::Machine, .. }
            | Position::HangingUp { with: Party::Machine, .. } => Self::Machine,
            Position::Announcing { to: Party::Fax, .. } | Position::HangingUp { with: Party::Fax, .. } => Self::Fax,
            Position::Announcing { to: Party::Silence, .. } | Position::HangingUp { with: Party::Silence, .. } => {
                Self::Silence
            }
            Position::Ringing
            | Position::Listening
            | Position::InFlow(_)
            | Position::Announcing { to: Party::Unscreened | Party::NotSure | Party::Human, .. }
            | Position::HangingUp { with: Party::Unscreened | Party::NotSure | Party::Human, .. } => Self::HumanHangup,
        }
    }

    /// What a flow has said counts most, then how it ended. One that nobody heard the end of, and that has said nothing,
    /// reached nothing.
    fn of_flow(hangup: Hangup, flow: InFlow) -> Self {
        let reached = match flow.with {
            Party::Machine => Self::VoicemailLeft,
            Party::Unscreened | Party::NotSure | Party::Human | Party::Fax | Party::Silence => Self::Completed,
        };
        let missed = match flow.with {
            Party::Unscreened | Party::NotSure | Party::Human => Self::HumanHangup,
            Party::Machine => Self::Machine,
            Party::Fax => Self::Fax,
            Party::Silence => Self::Silence,
        };
        match (flow.purpose, flow.end) {
            _ if flow.opted_out => Self::OptedOut,
            // Said, or come to its end when the limit cut off what was left: our hanging up.
            (Purpose::Reached, _) | (Purpose::Unsaid, FlowEnd::Completed) => reached,
            (Purpose::Unsaid | Purpose::Missed, FlowEnd::Canceled) => Self::CanceledBySystem,
            (Purpose::Unsaid | Purpose::Missed, FlowEnd::TimeLimit) => Self::TimeLimit,
            (Purpose::Unsaid | Purpose::Missed, _) if hangup.cause == HangupCause::TimeLimit => Self::TimeLimit,
            (Purpose::Unsaid, FlowEnd::Failed) => Self::FlowError,
            (Purpose::Unsaid, FlowEnd::UnderWay)
            | (Purpose::Missed, FlowEnd::UnderWay | FlowEnd::Completed | FlowEnd::Failed) => missed,
        }
    }

    fn of_unanswered(hangup: Hangup) -> Self {
        match (hangup.cause, hangup.sip) {
            (_, Some(607)) => Self::OptedOut,
            (_, Some(608)) => Self::BlockedByAnalytics,
            (HangupCause::Timeout | HangupCause::NoAnswer, _) => Self::NoAnswer,
            (HangupCause::UserBusy, _) => Self::Busy,
            (HangupCause::CallRejected, _) => Self::Rejected,
            (HangupCause::NotFound, _) => Self::InvalidNumber,
            (HangupCause::TimeLimit, _) => Self::TimeLimit,
            (HangupCause::OriginatorCancel, _) => Self::CanceledBySystem,
            // Only an answered call clears normally: the answer's webhook was lost, or is late.
            (HangupCause::NormalClearing, None | Some(200..=299)) => Self::HumanHangup,
            (HangupCause::NormalClearing | HangupCause::Unspecified | HangupCause::Unknown, sip) => Self::of_sip(sip),
        }
    }

    fn of_sip(sip: Option<u16>) -> Self {
        match sip {
            Some(408 | 480 | 487) => Self::NoAnswer,
            Some(486 | 600) => Self::Busy,
            Some(603) => Self::Rejected,
            Some(404 | 410 | 484 | 604) => Self::InvalidNumber,
            _ => Self::CarrierFailure,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each line: hangup cause, SIP cause, position -> outcome, usual retry, uses an attempt, may have rung.
    const HANGUPS: &str = "
        normal_clearing    200  hdh -> Completed          never      attempt rang
        normal_clearing    200  hdn -> Completed          never      attempt rang
        normal_clearing    16   hdu -> Completed          never      attempt rang
        unspecified        503  hdh -> Completed          never      attempt rang
        normal_clearing    200  l   -> HumanHangup        never      attempt rang
        normal_clearing    200  p1h -> HumanHangup        never      attempt rang
        normal_clearing    200  hrn -> HumanHangup        never      attempt rang
        normal_clearing    -    r   -> HumanHangup        never      attempt rang
        call_rejected      607  r   -> OptedOut           never      attempt rang
        normal_clearing    200  hdm -> VoicemailLeft      never      attempt rang
        normal_clearing    200  b   -> Machine            240m       attempt rang
        normal_clearing    200  p1m -> Machine            240m       attempt rang
        normal_clearing    200  hrm -> Machine            240m       attempt rang
        normal_clearing    200  hrf -> Fax                never      attempt rang
        normal_clearing    200  hrs -> Silence            1x1440m   attempt rang
        timeout            -    r   -> NoAnswer           120m       attempt rang
        no_answer          487  r   -> NoAnswer           120m       attempt rang
        unspecified        408  r   -> NoAnswer           120m       attempt rang
        unspecified        480  r   -> NoAnswer           120m       attempt rang
        unspecified        487  r   -> NoAnswer           120m       attempt rang
        user_busy          486  r   -> Busy               2x20m       attempt quiet
        unspecified        600  r   -> Busy               2x20m       attempt quiet
        call_rejected      603  r   -> Rejected           1x1440m   attempt rang
        unspecified        603  r   -> Rejected           1x1440m   attempt rang
        call_rejected      608  r   -> BlockedByAnalytics infra5m    free    quiet
        not_found          404  r   -> InvalidNumber      never      attempt quiet
        unspecified        410  r   -> InvalidNumber      never      attempt quiet
        unspecified        484  r   -> InvalidNumber      never      attempt quiet
        unspecified        604  r   -> InvalidNumber      never      attempt quiet
        time_limit         200  p1h -> TimeLimit          never      attempt rang
        originator_cancel  487  hcu -> CanceledBySystem   0m         attempt rang
        normal_clearing    200  hch -> CanceledBySystem   0m         attempt rang
        originator_cancel  487  r   -> CanceledBySystem   0m         attempt rang
        unspecified        500  r   -> CarrierFailure     infra5m    free    quiet
        unspecified        503  r   -> CarrierFailure     infra5m    free    quiet
        unspecified        403  r   -> CarrierFailure     infra5m    free    quiet
        unspecified        -    r   -> CarrierFailure     infra5m    free    quiet
        made_up_tomorrow   -    r   -> CarrierFailure     infra5m    free    quiet
        made_up_tomorrow   -    p1h -> HumanHangup        never      attempt rang
        normal_clearing    200  hxh -> FlowError          1x60m      attempt rang
        normal_clearing    200  f4hcu -> Completed        never      attempt rang
        normal_clearing    200  f4ucu -> Completed        never      attempt rang
        normal_clearing    200  f4ncu -> Completed        never      attempt rang
        normal_clearing    200  f4mcu -> VoicemailLeft    never      attempt rang
        normal_clearing    200  f4fcu -> Completed        never      attempt rang
        normal_clearing    200  f4huu -> HumanHangup      never      attempt rang
        made_up_tomorrow   -    f4huu -> HumanHangup      never      attempt rang
        normal_clearing    200  f4muu -> Machine          240m       attempt rang
        normal_clearing    200  f4suu -> Silence          1x1440m    attempt rang
        normal_clearing    200  f4hur -> Completed        never      attempt rang
        time_limit         200  f4hur -> Completed        never      attempt rang
        normal_clearing    200  f4hxr -> Completed        never      attempt rang
        normal_clearing    200  f4mur -> VoicemailLeft    never      attempt rang
        normal_clearing    200  f4hcm -> HumanHangup      never      attempt rang
        normal_clearing    200  f4mcm -> Machine          240m       attempt rang
        normal_clearing    200  f4hxu -> FlowError        1x60m      attempt rang
        normal_clearing    200  f4htu -> TimeLimit        never      attempt rang
        time_limit         200  f4huu -> TimeLimit        never      attempt rang
        time_limit         200  f4hcu -> Completed        never      attempt rang
        originator_cancel  487  f65535hau -> CanceledBySystem 0m    attempt rang
        normal_clearing    200  f65535har -> Completed    never      attempt rang
        normal_clearing    200  f65535hauo -> OptedOut    never      attempt rang
        normal_clearing    200  f4hcuo -> OptedOut        never      attempt rang
        normal_clearing    200  f4huro -> OptedOut        never      attempt rang
        normal_clearing    200  f4hcu:confirmed -> Completed never   attempt rang
    ";

    /// Each line: HTTP status, code, pointer -> outcome, usual retry, uses an attempt, may have rung.
    const REFUSALS: &str = "
        422 10002 /to            -> InvalidNumber      never      attempt quiet
        422 10016 /to            -> InvalidNumber      never      attempt quiet
        422 10016 /from          -> ConfigError        possible0m free    quiet
        429 90103 -              -> CapacityLimited    possible0m free    quiet
        429 10011 -              -> CapacityLimited    possible0m free    quiet
        429 -     -              -> CapacityLimited    possible0m free    quiet
        422 10011 -              -> ConfigError        possible0m free    quiet
        422 90041 -              -> CapacityLimited    possible0m free    quiet
        403 90042 -              -> CapacityLimited    possible0m free    quiet
        422 90043 -              -> CapacityLimited    possible0m free    quiet
        403 D1    -              -> CapacityLimited    possible0m free    quiet
        403 D2    -              -> CapacityLimited    possible0m free    quiet
        403 D3    -              -> CapacityLimited    possible0m free    quiet
        403 D22   -              -> CapacityLimited    possible0m free    quiet
        403 D9    -              -> DestinationBlocked never      free    quiet
        403 D12   -              -> DestinationBlocked never      free    quiet
        403 D13   -              -> DestinationBlocked never      free    quiet
        403 D24   -              -> DestinationBlocked never      free    quiet
        403 D41   -              -> DestinationBlocked never      free    quiet
        403 TM1   -              -> DestinationBlocked never      free    quiet
        401 10009 -              -> ConfigError        possible0m free    quiet
        401 20001 -              -> ConfigError        possible0m free    quiet
        403 10010 -              -> ConfigError        possible0m free    quiet
        403 10038 -              -> ConfigError        possible0m free    quiet
        422 10015 /connection_id -> ConfigError        possible0m free    quiet
        403 10039 -              -> ConfigError        possible0m free    quiet
        403 D7    -              -> ConfigError        possible0m free    quiet
        403 D35   -              -> ConfigError        possible0m free    quiet
        403 D36   -              -> ConfigError        possible0m free    quiet
        403 D38   -              -> ConfigError        possible0m free    quiet
        403 D51   -              -> ConfigError        possible0m free    quiet
        500 -     -              -> CarrierFailure     infra5m    free    quiet
        302 -     -              -> CarrierFailure     infra5m    free    quiet
    ";

    /// What neither a hangup nor a refusal says. Each line: outcome -> outcome, usual retry, uses an attempt, may have rung.
    const OTHERS: &str = "
        ComplianceBlocked -> ComplianceBlocked never free    quiet
        Expired           -> Expired           never free    quiet
        Skipped           -> Skipped           never free    quiet
        Ambiguous         -> Ambiguous         60m   attempt rang
        Abandoned         -> Abandoned         1x4320m attempt rang
    ";

    fn cause_of(word: &str) -> HangupCause {
        match word {
            "call_rejected" => HangupCause::CallRejected,
            "normal_clearing" => HangupCause::NormalClearing,
            "originator_cancel" => HangupCause::OriginatorCancel,
            "timeout" => HangupCause::Timeout,
            "time_limit" => HangupCause::TimeLimit,
            "user_busy" => HangupCause::UserBusy,
            "not_found" => HangupCause::NotFound,
            "no_answer" => HangupCause::NoAnswer,
            "unspecified" => HangupCause::Unspecified,
            _ => HangupCause::Unknown,
        }
    }

    fn describe(outcome: Outcome) -> String {
        let minutes = |wait: Duration| format!("{}m", wait.as_secs() / 60);
        let retry = match outcome.usual_retry() {
            UsualRetry::Never => "never".to_owned(),
            UsualRetry::After(wait) => minutes(wait),
            UsualRetry::AtMost(times, wait) => format!("{times}x{}", minutes(wait)),
            UsualRetry::WhenPossible(wait) => format!("possible{}", minutes(wait)),
            UsualRetry::Infra(wait) => format!("infra{}", minutes(wait)),
        };
        let uses = if outcome.uses_attempt() { "attempt" } else { "free" };
        format!("{outcome:?} {retry} {uses} {}", if outcome.may_have_rung() { "rang" } else { "quiet" })
    }

    fn check(table: &str, read: impl Fn(&[&str]) -> Outcome) {
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (left, right) = line.split_once("->").unwrap();
            let expected = right.split_whitespace().collect::<Vec<_>>().join(" ");
            let columns: Vec<_> = left.split_whitespace().collect();
            assert_eq!(describe(read(&columns)), expected, "{line}");
        }
    }

    #[test]
    fn the_outcome_follows_cause_and_position() {
        check(HANGUPS, |columns| {
            let sip = columns[1].parse().ok().filter(|sip| *sip >= 100);
            Outcome::of_hangup(Hangup { cause: cause_of(columns[0]), sip }, Position::decode(columns[2]).unwrap())
        });
    }

    #[test]
    fn the_outcome_of_a_refusal_follows_status_code_and_field() {
        check(REFUSALS, |columns| {
            let text = |column: &str| Some(column).filter(|text| *text != "-").map(Into::into);
            Outcome::of_refusal(&Refusal {
                status: columns[0].parse().unwrap(),
                code: text(columns[1]),
                pointer: text(columns[2]),
                retry_after: None,
            })
        });
    }

    #[test]
    fn every_outcome_has_a_row_also_those_that_no_hangup_and_no_refusal_leads_to() {
        let named = |name: &str| Outcome::ALL.into_iter().find(|outcome| format!("{outcome:?}") == name).unwrap();
        check(OTHERS, |columns| named(columns[0]));
        let rows = [HANGUPS, REFUSALS, OTHERS].concat();
        let untested: Vec<_> =
            Outcome::ALL.into_iter().filter(|outcome| !rows.contains(&format!("-> {outcome:?} "))).collect();
        assert!(untested.is_empty(), "no row of the tables is about {untested:?}");
    }

    fn position() -> impl Strategy<Value = Position> {
        let texts = ["r", "l", "b"].into_iter().map(ToOwned::to_owned);
        let parties = ["u", "n", "h", "m", "f", "s"];
        let playing = parties.iter().map(|party| format!("p1{party}"));
        let flows =
            parties.iter().flat_map(|party| ["uu", "xu", "tu", "au", "cm"].map(|said| format!("f1{party}{said}")));
        let hanging_up =
            ["d", "r", "x", "c"].iter().flat_map(|ending| parties.iter().map(move |party| format!("h{ending}{party}")));
        prop::sample::select(texts.chain(playing).chain(flows).chain(hanging_up).collect::<Vec<_>>())
            .prop_map(|text| Position::decode(&text).unwrap())
    }

    proptest! {
        #[test]
        fn nothing_but_a_delivered_announcement_is_a_success(
            position in position(),
            cause in prop::sample::select(vec![
                "call_rejected", "normal_clearing", "originator_cancel", "timeout", "time_limit", "user_busy", "not_found",
                "no_answer", "unspecified", "unknown",
            ]),
            sip in prop::option::of(100..700u16),
        ) {
            let outcome = Outcome::of_hangup(Hangup { cause: cause_of(cause), sip }, position);
            let delivered = matches!(position, Position::HangingUp { ending: Ending::Delivered, .. });
            prop_assert!(delivered || !matches!(outcome, Outcome::Completed | Outcome::VoicemailLeft), "{:?}", outcome);
        }
    }

    #[test]
    fn what_rings_no_phone_uses_no_attempt_unless_the_number_is_to_blame() {
        for outcome in Outcome::ALL {
            let to_blame = matches!(outcome, Outcome::Busy | Outcome::InvalidNumber);
            assert_eq!(outcome.uses_attempt(), outcome.may_have_rung() || to_blame, "{outcome:?}");
        }
    }
}
