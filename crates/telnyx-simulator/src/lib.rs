//! The Telnyx Voice API in memory: a pure call model behind a real HTTP server with signed webhooks.
//!
//! [`model`] decides everything and touches nothing; the rest listens, waits and sends. What callees do, how fast, and what
//! goes wrong is a [`Config`], usually read from a YAML file. In a test:
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let running = telnyx_simulator::Simulator::builder().start().await.unwrap();
//! assert!(running.base_url().starts_with("http://127.0.0.1:"));
//! running.stop().await;
//! # });
//! ```

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;

pub mod config;
mod logs;
pub mod model;
mod server;

pub use config::{Config, ConfigError};
pub use logs::log_to_stderr;
pub use server::{Args, Builder, JOURNAL_VARIABLE, Running, ServeError, Simulator, serve};
