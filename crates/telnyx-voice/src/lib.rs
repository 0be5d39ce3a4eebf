//! A typed client for the Telnyx Voice API (Call Control v2): requests, errors, webhooks, signatures and request budget.
