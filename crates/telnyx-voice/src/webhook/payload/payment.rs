//! Payments by key press.

use serde_json::Value;

use super::{Payload, PayloadFields, leg_payload};
use crate::macros::open_enum;
use crate::private::{Party, Private};

open_enum! {
    /// The brand of a card.
    pub enum PaymentCardType {
        Visa = "visa",
        Mastercard = "mastercard",
        Amex = "amex",
        Optima = "optima",
        Discover = "discover",
        DinersClub = "diners-club",
        Jcb = "jcb",
        Maestro = "maestro",
        Enroute = "enroute",
    }
}

open_enum! {
    /// How the payer pays.
    pub enum PaymentMethod { CreditCard = "credit-card", AchDebit = "ach-debit" }
}

open_enum! {
    /// How a payment ended.
    pub enum PaymentResult {
        Success = "success",
        ConnectorError = "payment-connector-error",
        InternalError = "internal-error",
        TooManyFailedAttempts = "too-many-failed-attempts",
        Cancelled = "cancelled",
    }
}

open_enum! {
    /// What was wrong with what the payer keyed in.
    pub enum PaymentInputError {
        Timeout = "timeout",
        InvalidCardNumber = "invalid-card-number",
        InvalidCardType = "invalid-card-type",
        InvalidDate = "invalid-date",
        InvalidSecurityCode = "invalid-security-code",
        InvalidPostalCode = "invalid-postal-code",
        InvalidBankRoutingNumber = "invalid-bank-routing-number",
        InvalidBankAccountNumber = "invalid-bank-account-number",
        InputMatchingFailed = "input-matching-failed",
    }
}

open_enum! {
    /// How one step of a payment goes.
    pub enum PaymentStatus { Completed = "completed", Failed = "failed", Processing = "processing" }
}

open_enum! {
    /// The steps of a payment.
    pub enum PaymentStep {
        PaymentCardNumber = "payment-card-number",
        ExpirationDate = "expiration-date",
        PostalCode = "postal-code",
        SecurityCode = "security-code",
        BankRoutingNumber = "bank-routing-number",
        BankAccountNumber = "bank-account-number",
        PaymentProcessing = "payment-processing",
    }
}

leg_payload! {
    /// A step of a payment.
    pub struct CallPaymentProgress {
        attempt: i64,
        bank_account_number: Private,
        bank_account_type: String,
        bank_routing_number: Private,
        error_type: PaymentInputError,
        expiration_date: Private,
        from: Party,
        payment_card_number: Private,
        payment_card_postal_code: Private,
        payment_card_type: PaymentCardType,
        payment_connector: String,
        payment_method: PaymentMethod,
        payment_status: PaymentStatus,
        payment_step: PaymentStep,
        security_code: Private,
        to: Party,
    }
}

leg_payload! {
    /// A payment is over.
    pub struct CallPaymentCompleted {
        bank_account_number: Private,
        bank_account_type: String,
        bank_routing_number: Private,
        charge_id: String,
        /// A text or an object of the connector's own.
        connector_error: Private<Value>,
        expiration_date: Private,
        from: Party,
        pay_error_code: String,
        payment_card_number: Private,
        payment_card_postal_code: Private,
        payment_card_type: PaymentCardType,
        payment_confirmation_code: String,
        payment_connector: String,
        payment_error: String,
        payment_method: PaymentMethod,
        result: PaymentResult,
        security_code: Private,
        to: Party,
        token_id: Private,
    }
}
