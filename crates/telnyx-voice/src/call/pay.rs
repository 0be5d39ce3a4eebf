//! Taking a payment by keypad.

use serde::{Deserialize, Serialize};

use crate::bounds::{Measure, OutOfBounds, Rule};
use crate::client_state::ClientState;
use crate::ids::CommandId;
use crate::json::JsonObject;
use crate::macros::{open_enum, request, schema_as};
use crate::private::Private;

open_enum! {
    /// What money. US dollars only.
    pub enum PayCurrency { Usd = "USD", UsdLowercase = "usd" }
}

open_enum! {
    /// What is paid with.
    pub enum PayMethod { CreditCard = "credit-card", AchDebit = "ach-debit" }
}

open_enum! {
    /// Whether money is taken, or a token for later.
    pub enum PayTransaction { Charge = "charge", Tokenize = "tokenize" }
}

open_enum! {
    /// A kind of payment card.
    pub enum CardType {
        Visa = "visa", Mastercard = "mastercard", Amex = "amex", Maestro = "maestro", Discover = "discover",
        Optima = "optima", Jcb = "jcb", DinersClub = "diners-club", Enroute = "enroute",
    }
}

open_enum! {
    /// What was wrong with what the caller entered.
    pub enum PayPromptError {
        Timeout = "timeout", InvalidCardNumber = "invalid-card-number", InvalidCardType = "invalid-card-type",
        InvalidDate = "invalid-date", InvalidSecurityCode = "invalid-security-code",
        InvalidPostalCode = "invalid-postal-code", InvalidBankRoutingNumber = "invalid-bank-routing-number",
        InvalidBankAccountNumber = "invalid-bank-account-number", InputMatchingFailed = "input-matching-failed",
    }
}

request! {
    /// A prompt, and when it is spoken.
    pub struct QualifiedPrompt {
        /// At this try.
        attempt: String,
        card_type: CardType,
        error_type: PayPromptError,
        text: String => [Rule::Required],
    }
}

/// What is spoken at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PayPrompt {
    /// Always this.
    Always(String),
    /// The first that fits.
    Qualified(Vec<QualifiedPrompt>),
}

impl Measure for PayPrompt {
    fn inner(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Always(_) => Ok(()),
            Self::Qualified(prompts) => prompts.inner(),
        }
    }
}

schema_as!(PayPrompt => crate::schema::any());

request! {
    /// What is spoken, by step: a text, or a list of texts with what each is for.
    pub struct PayPrompts {
        #[serde(rename = "bank-account-number")]
        bank_account_number: PayPrompt,
        #[serde(rename = "bank-routing-number")]
        bank_routing_number: PayPrompt,
        #[serde(rename = "expiration-date")]
        expiration_date: PayPrompt,
        #[serde(rename = "payment-card-number")]
        payment_card_number: PayPrompt,
        #[serde(rename = "postal-code")]
        postal_code: PayPrompt,
        #[serde(rename = "security-code")]
        security_code: PayPrompt,
    }
}

/// Whether the caller is asked for a postal code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PostalCode {
    /// Asked, or left out.
    Asked(bool),
    /// This one, without asking; `"true"` and `"false"` mean as above.
    Given(Private),
}

crate::bounds::unmeasured!(PostalCode);

schema_as!(PostalCode => crate::schema::any());

request! {
    /// Takes a payment: the caller enters a card or an account. Reported by `call.payment.*`.
    pub struct PayRequest {
        /// Required for a `charge`.
        amount: f64 => [Rule::AtLeast(0)],
        client_state: ClientState,
        command_id: CommandId,
        connector_name: String,
        currency: PayCurrency,
        description: String,
        /// Milliseconds between keys.
        inter_digit_timeout_millis: i64,
        language: String,
        /// Tries per step.
        max_attempts: i64,
        metadata: JsonObject,
        /// 1 where missing.
        min_postal_code_length: i64,
        /// For the connector.
        parameters: JsonObject,
        payment_method: PayMethod,
        /// A token of an earlier payment; nothing is asked then.
        payment_token: Private,
        /// True, the default, asks; false does not; any other text is the code itself.
        postal_code: PostalCode,
        prompts: PayPrompts,
        service_level: String,
        /// Milliseconds per step.
        timeout_millis: i64,
        /// Follows from `amount` where missing.
        transaction_type: PayTransaction,
        valid_card_types: Vec<CardType>,
        voice: String,
    }
}
