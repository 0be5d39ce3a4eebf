//! The Telnyx Voice API in memory: a pure call model behind a real HTTP server with signed webhooks.
