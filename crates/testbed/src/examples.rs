//! The addresses that the examples and the tutorial name, and other ones in their place.

use crate::ports::Port;

/// The port of the accounts' `baseUrl`.
pub const SIMULATOR_PORT: u16 = 12_111;
/// The port of the accounts' `webhookBaseUrl`.
pub const WEBHOOK_PORT: u16 = 8080;

/// A text of theirs, with these addresses.
#[must_use]
pub fn with_addresses(text: &str, simulator: &Port, webhooks: &Port) -> String {
    let named = |port: u16| format!("127.0.0.1:{port}");
    text.replace(&named(SIMULATOR_PORT), &simulator.to_string()).replace(&named(WEBHOOK_PORT), &webhooks.to_string())
}
