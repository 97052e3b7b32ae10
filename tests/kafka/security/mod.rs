//! A broker with TLS, authentication and ACLs: every method works, every refusal is explained, the documented permissions suffice,
//! and secrets are not shown.

mod acls;
mod broker;
mod environment;
mod refusals;
mod refused_source;
mod secrets;
mod authentication;
mod admin_protocol;

/// Users besides [`broker::USER`]. They have its password and only the permissions that a test grants.
const USERS: [&str; 28] = [
    "maker", "router", "detector", "late", "nobody", "reader", "sources", "a", "b", "c", "d", "e", "f", "g",
    "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u",
];
