//! `pay`: asks the other end for a means of payment and charges or keeps it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::{CallKey, PaymentMethod, PaymentOrder, PaymentStep};
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint = Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/pay", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "pay",
        needs: Needs::Answered,
        fields: &[
            "amount",
            "client_state",
            "command_id",
            "connector_name",
            "currency",
            "description",
            "inter_digit_timeout_millis",
            "language",
            "max_attempts",
            "metadata",
            "min_postal_code_length",
            "parameters",
            "payment_method",
            "payment_token",
            "postal_code",
            "prompts",
            "service_level",
            "timeout_millis",
            "transaction_type",
            "valid_card_types",
            "voice",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    let charges = fields.choice("transaction_type", &["charge", "tokenize"]).unwrap_or("charge") == "charge";
    let amount = fields.number("amount");
    if charges && fields.given("amount").is_none() {
        fields.require(&["amount"]);
    }
    if amount.is_some_and(|amount| amount <= 0.0) {
        fields.bad::<()>("amount", "10033", "must be greater than 0.");
    }
    fields.choice("currency", &["USD", "usd"]);
    let method = match fields.choice("payment_method", &["credit-card", "ach-debit"]) {
        Some("ach-debit") => PaymentMethod::BankAccount,
        Some(_) | None => PaymentMethod::Card,
    };
    let token = fields.text("payment_token", 1..=255).is_some();
    let asks_postal_code = fields.given("postal_code").is_none_or(|given| given == &Value::Bool(true));
    let millis = |value: Option<u64>| Duration::from_millis(value.unwrap_or(5000));
    let order = PaymentOrder {
        method,
        steps: steps(method, token, asks_postal_code),
        charges,
        connector: Arc::from(fields.text("connector_name", 1..=255).unwrap_or("Default")),
        attempts: fields.whole("max_attempts", 1..=10).unwrap_or(1),
        initial: millis(fields.coded("timeout_millis", "90025", 1..=600_000)),
        between: millis(fields.coded("inter_digit_timeout_millis", "90026", 1..=120_000)),
        least_postal_code: fields.whole("min_postal_code_length", 0..=10).unwrap_or(5),
        card_types: fields.texts("valid_card_types"),
    };
    fields.check()?;
    if world.start_payment(key, order) {
        return Ok(Done::Plain);
    }
    let detail = "A payment is already in progress on this call.";
    Err(ApiError::new("10027", "Unprocessable Entity", detail).with(422))
}

/// What is asked for, in this order. A token stands for everything.
fn steps(method: PaymentMethod, token: bool, asks_postal_code: bool) -> Vec<PaymentStep> {
    match (token, method) {
        (true, _) => Vec::new(),
        (false, PaymentMethod::BankAccount) => vec![PaymentStep::RoutingNumber, PaymentStep::AccountNumber],
        (false, PaymentMethod::Card) if asks_postal_code => vec![
            PaymentStep::CardNumber,
            PaymentStep::ExpirationDate,
            PaymentStep::PostalCode,
            PaymentStep::SecurityCode,
        ],
        (false, PaymentMethod::Card) => {
            vec![PaymentStep::CardNumber, PaymentStep::ExpirationDate, PaymentStep::SecurityCode]
        }
    }
}
