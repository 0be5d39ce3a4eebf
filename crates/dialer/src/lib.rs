//! The outbound dialer as a pure state machine: claims, pacing, retries, windows, outcomes, recovery.
