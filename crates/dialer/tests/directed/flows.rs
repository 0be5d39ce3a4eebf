//! What happens to a call that a flow has.

use std::time::Duration;

use dialer::call::{HangupCause, Verdict as Heard, What};
use dialer::client_state::{FlowEnd, InFlow, Party, Position, Purpose};
use dialer::detail::Detail;
use dialer::effect::{Answerer, CommandKind, Dial, RunFlow, Verdict};
use dialer::event::CommandRefusal;
use dialer::rules::{Match, OutcomeRule, RuleAction};
use dialer::spec::{Amd, AmdMode, CampaignSpec, DrainPolicy, FlowKey, RetryPolicy, Treatment};
use dialer::{Event, Outcome, TargetState};

use crate::desk::{Desk, hung_up, leg, owner};
use crate::fixture::spec;

const FLOW: FlowKey = FlowKey { flow: 7, revision: 3 };

fn flow_spec() -> CampaignSpec {
    CampaignSpec { treatment: Treatment::Flow(FLOW), ..spec(1) }
}

/// A call that the flow has, as it says of itself.
fn in_flow() -> (Desk, Dial) {
    let (mut desk, dial) = Desk::ringing(flow_spec());
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let run = desk.command();
    desk.accept(&run);
    assert_eq!(desk.verdicts(), [Verdict::Done], "the flow's first command carries the effect");
    (desk, dial)
}

fn at(visit: u16) -> InFlow {
    InFlow { visit, ..InFlow::beginning(Party::Unscreened) }
}

fn clearing() -> What {
    hung_up(HangupCause::NormalClearing, Some(200))
}

#[test]
fn a_flow_gets_the_call_when_it_is_answered_and_its_end_is_the_calls() {
    let (mut desk, dial) = Desk::ringing(flow_spec());
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let run = desk.command();
    let wanted =
        RunFlow { flow: FLOW, answerer: Answerer::Unscreened, attempt: 1, connection_id: flow_spec().connection_id };
    assert_eq!(run.kind, CommandKind::RunFlow(wanted));
    assert_eq!(desk.verdicts(), []);
    desk.accept(&run);
    assert_eq!(desk.verdicts(), [Verdict::Done]);
    desk.webhook(&dial.key, leg(), Position::InFlow(at(2)), What::Other);
    assert_eq!(desk.verdicts(), [Verdict::Done], "a step of the flow needs no store");
    let end = InFlow { end: FlowEnd::Completed, ..at(3) };
    desk.webhook(&dial.key, leg(), Position::InFlow(end), clearing());
    assert_eq!(desk.outcome(), Some(Outcome::Completed));
}

#[test]
fn the_campaigns_policy_for_machines_holds_before_the_flow_begins() {
    let amd = Amd { mode: AmdMode::Premium, on_machine: dialer::spec::OnMachine::Hangup, ..spec(1).amd };
    let (mut desk, dial) = Desk::ringing(CampaignSpec { amd, ..flow_spec() });
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Detected(Heard::Machine));
    assert_eq!(desk.command().kind, CommandKind::Hangup);
}

#[test]
fn a_callee_who_hangs_up_in_the_middle_has_not_completed_the_flow() {
    let (mut desk, dial) = in_flow();
    desk.webhook(&dial.key, leg(), Position::InFlow(at(4)), clearing());
    assert_eq!(desk.outcome(), Some(Outcome::HumanHangup));
}

#[test]
fn a_flow_that_has_reached_its_purpose_has_whoever_hangs_up() {
    let (mut desk, dial) = in_flow();
    let said = InFlow { purpose: Purpose::Reached, detail: Detail::parse("confirmed"), ..at(4) };
    desk.webhook(&dial.key, leg(), Position::InFlow(said), What::Other);
    desk.webhook(&dial.key, leg(), Position::InFlow(said), clearing());
    assert_eq!(desk.outcome(), Some(Outcome::Completed));
    let stored = desk.settle_down();
    assert_eq!(stored[0].tally().detail, Detail::parse("confirmed"));
}

#[test]
fn what_a_flow_says_is_stored_before_its_webhook_is_acknowledged() {
    let (mut desk, dial) = in_flow();
    desk.settle_down();
    let said = InFlow { detail: Detail::parse("unclear"), purpose: Purpose::Missed, ..at(2) };
    desk.webhook(&dial.key, leg(), Position::InFlow(said), What::Other);
    desk.pass(1);
    assert_eq!(desk.verdicts(), []);
    let states = desk.store();
    assert!(matches!(states[0], TargetState::Dialing { position: Position::InFlow(flow), .. } if flow == said));
    assert_eq!(desk.verdicts(), [Verdict::Done]);
    desk.webhook(&dial.key, leg(), Position::InFlow(InFlow { visit: 3, end: FlowEnd::Completed, ..said }), clearing());
    assert_eq!(desk.outcome(), Some(Outcome::HumanHangup), "the flow says that it missed its purpose");
}

#[test]
fn an_opt_out_is_obeyed_before_the_call_has_ended_and_ends_the_target() {
    let (mut desk, dial) = in_flow();
    desk.settle_down();
    let said = InFlow { opted_out: true, ..at(3) };
    desk.webhook(&dial.key, leg(), Position::InFlow(said), What::Other);
    assert_eq!(desk.dialer.do_not_call_learned().count(), 1);
    desk.pass(1);
    assert!(desk.store()[0].tally().dnc, "it is stored while the call lives");
    desk.webhook(&dial.key, leg(), Position::InFlow(said), clearing());
    assert_eq!(desk.outcome(), Some(Outcome::OptedOut));
}

#[test]
fn an_opt_out_that_the_hangup_has_overtaken_still_counts() {
    let retrying = RetryPolicy {
        rules: vec![OutcomeRule {
            when: Match { outcomes: vec![Outcome::HumanHangup], ..Match::default() },
            action: RuleAction::Retry { after: None, at_most: None },
        }],
        ..spec(1).retry
    };
    let (mut desk, dial) = Desk::ringing(CampaignSpec { retry: retrying, ..flow_spec() });
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let run = desk.command();
    desk.accept(&run);
    desk.webhook(&dial.key, leg(), Position::InFlow(at(2)), clearing());
    assert!(matches!(desk.settle_down()[0], TargetState::Pending { .. }), "it would be called again");
    desk.webhook(&dial.key, leg(), Position::InFlow(InFlow { opted_out: true, ..at(3) }), What::Other);
    assert_eq!(desk.outcome(), Some(Outcome::OptedOut));
    assert_eq!(desk.dialer.do_not_call_learned().count(), 1);
}

#[test]
fn a_caller_who_opts_out_is_called_by_no_campaign() {
    let mut desk = Desk::with(vec![TargetState::default()], flow_spec());
    let number = crate::fixture::target(0, 0).to;
    desk.tell(Event::DoNotCall { number });
    desk.pass(6);
    desk.store_all();
    assert!(desk.next_dial().is_none());
    assert_eq!(desk.outcome(), Some(Outcome::ComplianceBlocked));
}

#[test]
fn a_flow_that_cannot_begin_ends_the_call_as_an_error() {
    let (mut desk, dial) = Desk::ringing(flow_spec());
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let run = desk.command();
    desk.tell(Event::CommandRefused { command_id: run.command_id, leg: leg().id, refusal: CommandRefusal::Invalid });
    let hangup = desk.command();
    assert_eq!(hangup.kind, CommandKind::Hangup);
    desk.accept(&hangup);
    desk.webhook(&dial.key, leg(), hangup.client_state.position, clearing());
    let counts = desk.dialer.progress(&owner()).unwrap().tallied.counts;
    assert_eq!(counts.retrying, 1, "a flow that could not begin is tried once more");
}

#[test]
fn a_call_that_no_flow_takes_is_not_left_silent() {
    let (mut desk, dial) = Desk::ringing(flow_spec());
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let mut last = desk.command();
    for _ in 0..100 {
        desk.tell(Event::CommandFateUnknown { command_id: last.command_id, leg: leg().id });
        desk.pass(1);
        last = desk.next_command().unwrap_or(last);
    }
    assert_eq!(last.kind, CommandKind::Hangup);
}

#[test]
fn a_successor_that_hears_of_the_flow_does_not_begin_it_again() {
    let (mut desk, dial) = in_flow();
    desk.settle_down();
    let stored = desk.stored.clone();
    let mut successor = Desk::started(desk.clock + Duration::from_secs(5), stored, flow_spec());
    successor.webhook(&dial.key, leg(), Position::InFlow(at(2)), What::Other);
    successor.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    assert_eq!(successor.next_command(), None);
    let end = InFlow { end: FlowEnd::Completed, ..at(3) };
    successor.webhook(&dial.key, leg(), Position::InFlow(end), clearing());
    assert_eq!(successor.outcome(), Some(Outcome::Completed));
}

#[test]
fn a_suspension_that_hangs_up_keeps_what_the_flow_has_reached() {
    let (mut desk, dial) = in_flow();
    let said = InFlow { purpose: Purpose::Reached, ..at(2) };
    desk.webhook(&dial.key, leg(), Position::InFlow(said), What::Other);
    desk.set(CampaignSpec { suspended: true, drain: DrainPolicy::HangupAll, ..flow_spec() });
    desk.pass(1);
    let hangup = desk.command();
    assert_eq!(hangup.kind, CommandKind::Hangup);
    desk.accept(&hangup);
    desk.webhook(&dial.key, leg(), hangup.client_state.position, clearing());
    assert_eq!(desk.outcome(), Some(Outcome::Completed));
}
