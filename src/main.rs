//! telnyx-operator.
fn main() {}
