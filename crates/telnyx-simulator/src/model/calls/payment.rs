//! Payments by keypad (Telnyx API reference: "Collect payment details").
//!
//! Promises `call.payment.progress` for every step that succeeded or failed, exactly one `call.payment.completed`, that no
//! digit of it is told by `call.dtmf.received`, and that recordings pause meanwhile. Card and account numbers are told
//! masked. Nobody is charged.

use std::sync::Arc;
use std::time::Duration;

use super::card;
use super::{CallKey, CallTimer, Serial};
use crate::model::World;
use crate::model::happenings::{Happening, PaymentDetails};
use crate::model::timers::Timer;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaymentMethod {
    Card,
    BankAccount,
}

impl PaymentMethod {
    const fn name(self) -> &'static str {
        match self {
            Self::Card => "credit-card",
            Self::BankAccount => "ach-debit",
        }
    }
}

/// One number that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaymentStep {
    CardNumber,
    ExpirationDate,
    PostalCode,
    SecurityCode,
    RoutingNumber,
    AccountNumber,
}

impl PaymentStep {
    const fn name(self) -> &'static str {
        match self {
            Self::CardNumber => "payment-card-number",
            Self::ExpirationDate => "expiration-date",
            Self::PostalCode => "postal-code",
            Self::SecurityCode => "security-code",
            Self::RoutingNumber => "bank-routing-number",
            Self::AccountNumber => "bank-account-number",
        }
    }

    /// As many digits as it has, where that is known.
    fn length(self, card_type: Option<&str>) -> Option<usize> {
        match self {
            Self::ExpirationDate => Some(4),
            Self::SecurityCode => Some(if card_type == Some("amex") { 4 } else { 3 }),
            Self::RoutingNumber => Some(9),
            Self::CardNumber | Self::PostalCode | Self::AccountNumber => None,
        }
    }
}

/// What a payment was asked to be.
#[derive(Debug, Clone)]
pub(crate) struct PaymentOrder {
    pub(crate) method: PaymentMethod,
    pub(crate) steps: Vec<PaymentStep>,
    /// Charges, or else only keeps a token.
    pub(crate) charges: bool,
    pub(crate) connector: Arc<str>,
    /// How often each number may be tried.
    pub(crate) attempts: u64,
    /// How long it waits for the first digit, and for the next one.
    pub(crate) initial: Duration,
    pub(crate) between: Duration,
    pub(crate) least_postal_code: u64,
    pub(crate) card_types: Option<Vec<String>>,
}

/// A payment under way.
pub(crate) struct Payment {
    order: PaymentOrder,
    /// How many steps are done; behind the last one it is processed.
    done: usize,
    attempt: u64,
    digits: String,
    /// Of the timer that ends the wait for a digit, or the processing.
    serial: Serial,
    /// Names the attempt for replies of the other end.
    pub(super) reply: Serial,
    details: PaymentDetails,
    /// Recordings that run again afterwards.
    paused: Vec<Arc<str>>,
}

impl Payment {
    fn step(&self) -> Option<PaymentStep> {
        self.order.steps.get(self.done).copied()
    }
}

impl World {
    /// Begins a payment; whether there was none yet.
    pub(crate) fn start_payment(&mut self, key: CallKey, order: PaymentOrder) -> bool {
        let Some(call) = self.calls.get_mut(key).filter(|call| call.running.payment.is_none()) else { return false };
        let details = PaymentDetails {
            from: Arc::clone(&call.from),
            to: Arc::clone(&call.to),
            payment_connector: Arc::clone(&order.connector),
            payment_method: order.method.name(),
            ..PaymentDetails::default()
        };
        call.running.payment = Some(Payment {
            order,
            done: 0,
            attempt: 1,
            digits: String::new(),
            serial: 0,
            reply: 0,
            details,
            paused: Vec::new(),
        });
        let paused = self.pause_running(key);
        if let Some(payment) = self.payment(key) {
            payment.paused = paused;
        }
        self.ask_payment(key);
        true
    }

    fn payment(&mut self, key: CallKey) -> Option<&mut Payment> {
        self.calls.get_mut(key)?.running.payment.as_mut()
    }

    /// Asks for the next number, or sends all of them to the processor.
    fn ask_payment(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let reply_serial = call.running.next_serial();
        let Some(payment) = &mut call.running.payment else { return };
        payment.digits.clear();
        payment.reply = reply_serial;
        let (initial, asks) = (payment.order.initial, payment.step().is_some());
        if !asks {
            self.tell_progress(key, "payment-processing", "processing", None);
            let wait = self.config.services.payment_ms.draw(&mut self.send_rng);
            return self.arm_payment(key, wait);
        }
        for (after, digit) in call.callee.keys.reply() {
            self.timers.set(self.now + after, Timer::Call(key, CallTimer::Reply(reply_serial, digit)));
        }
        self.arm_payment(key, initial);
        self.replan_hangup(key);
    }

    fn arm_payment(&mut self, key: CallKey, wait: Duration) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let serial = call.running.next_serial();
        let Some(payment) = &mut call.running.payment else { return };
        payment.serial = serial;
        self.timers.set(self.now + wait, Timer::Call(key, CallTimer::Step(serial)));
    }

    /// A digit for the payment; whether there is one that takes digits now.
    pub(super) fn pay_digit(&mut self, key: CallKey, digit: char) -> bool {
        let Some(payment) = self.payment(key) else { return false };
        let Some(step) = payment.step() else { return false };
        let over = digit == '#' || !digit.is_ascii_digit();
        if !over {
            payment.digits.push(digit);
        }
        let length = step.length(payment.details.payment_card_type);
        let between = payment.order.between;
        if over || length.is_some_and(|length| payment.digits.len() >= length) || payment.digits.len() >= 32 {
            self.judge_payment(key, step);
        } else {
            self.arm_payment(key, between);
        }
        true
    }

    /// Whether the timer was the payment's: no more digits come, or the processor has answered.
    pub(super) fn on_payment_step(&mut self, key: CallKey, serial: Serial) -> bool {
        let Some(payment) = self.payment(key).filter(|payment| payment.serial == serial) else { return false };
        match payment.step() {
            Some(step) => self.judge_payment(key, step),
            None => self.process_payment(key),
        }
        true
    }

    fn judge_payment(&mut self, key: CallKey, step: PaymentStep) {
        let today = card::month_of(self.now);
        let Some(payment) = self.payment(key) else { return };
        let error = complaint(payment, step, today);
        let Some(error) = error else {
            keep(&mut payment.details, step, &payment.digits);
            payment.done += 1;
            let attempt = std::mem::replace(&mut payment.attempt, 1);
            self.tell_attempt(key, step.name(), "completed", None, attempt);
            return self.ask_payment(key);
        };
        let attempt = payment.attempt;
        payment.attempt += 1;
        let last = attempt >= payment.order.attempts;
        self.tell_attempt(key, step.name(), "failed", Some(error), attempt);
        if last {
            self.end_payment(key, "too-many-failed-attempts");
        } else {
            self.ask_payment(key);
        }
    }

    fn process_payment(&mut self, key: CallKey) {
        let failed = self.fails(key, "call.payment.completed");
        self.tell_progress(key, "payment-processing", if failed { "failed" } else { "completed" }, None);
        self.end_payment(key, if failed { "payment-connector-error" } else { "success" });
    }

    fn tell_progress(&mut self, key: CallKey, step: &'static str, status: &'static str, error: Option<&'static str>) {
        let attempt = self.payment(key).map_or(1, |payment| payment.attempt);
        self.tell_attempt(key, step, status, error, attempt);
    }

    fn tell_attempt(
        &mut self,
        key: CallKey,
        step: &'static str,
        status: &'static str,
        error_type: Option<&'static str>,
        attempt: u64,
    ) {
        let Some(payment) = self.payment(key) else { return };
        let progress = Happening::PaymentProgress {
            details: Box::new(payment.details.clone()),
            attempt,
            payment_step: step,
            payment_status: status,
            error_type,
        };
        self.tell(key, progress);
    }

    /// Ends the payment under way, if there is one.
    pub(super) fn end_payment(&mut self, key: CallKey, result: &'static str) {
        let Some(payment) = self.calls.get_mut(key).and_then(|call| call.running.payment.take()) else { return };
        let success = result == "success";
        let id = |wanted: bool, ids: &mut crate::model::ids::Ids| (success && wanted).then(|| ids.uuid());
        let completed = Happening::PaymentCompleted {
            details: Box::new(payment.details),
            charge_id: id(payment.order.charges, &mut self.ids),
            token_id: id(!payment.order.charges, &mut self.ids),
            payment_confirmation_code: id(payment.order.charges, &mut self.ids),
            payment_error: (!success).then_some(result),
            result,
        };
        self.tell(key, completed);
        for id in payment.paused {
            self.resume_recording(key, Some(&id));
        }
        self.replan_hangup(key);
    }
}

/// Notes the digits of a step as they are told.
fn keep(details: &mut PaymentDetails, step: PaymentStep, digits: &str) {
    match step {
        PaymentStep::CardNumber => {
            details.payment_card_type = card::card_type(digits);
            details.payment_card_number = Some(card::masked(digits));
        }
        PaymentStep::ExpirationDate => details.expiration_date = Some(digits.to_owned()),
        PaymentStep::PostalCode => details.payment_card_postal_code = Some(digits.to_owned()),
        PaymentStep::SecurityCode => details.security_code = Some("*".repeat(digits.len())),
        PaymentStep::RoutingNumber => details.bank_routing_number = Some(digits.to_owned()),
        PaymentStep::AccountNumber => details.bank_account_number = Some(card::masked(digits)),
    }
}

/// What is wrong with the digits of a step.
fn complaint(payment: &Payment, step: PaymentStep, today: (u32, u32)) -> Option<&'static str> {
    let digits = payment.digits.as_str();
    if digits.is_empty() {
        return Some("timeout");
    }
    let card_type = payment.details.payment_card_type;
    let (good, error) = match step {
        PaymentStep::CardNumber => {
            let known = card::card_type(digits);
            let wanted = |types: &Vec<String>| known.is_some_and(|known| types.iter().any(|one| one == known));
            if card::is_card_number(digits) && !payment.order.card_types.as_ref().is_none_or(wanted) {
                return Some("invalid-card-type");
            }
            (card::is_card_number(digits), "invalid-card-number")
        }
        PaymentStep::ExpirationDate => (card::is_current(digits, today), "invalid-date"),
        PaymentStep::PostalCode => {
            let length = u64::try_from(digits.len()).unwrap_or(u64::MAX);
            (length >= payment.order.least_postal_code, "invalid-postal-code")
        }
        PaymentStep::SecurityCode => (Some(digits.len()) == step.length(card_type), "invalid-security-code"),
        PaymentStep::RoutingNumber => (card::is_routing_number(digits), "invalid-bank-routing-number"),
        PaymentStep::AccountNumber => ((4..=17).contains(&digits.len()), "invalid-bank-account-number"),
    };
    (!good).then_some(error)
}
