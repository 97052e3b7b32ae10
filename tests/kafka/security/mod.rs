//! Brokers that ask who comes: every way in works end to end, every refusal says what is wrong, permissions are the least
//! there are, and secrets stay secret.

mod acls;
mod broker;
mod corner;
mod refusals;
mod secrets;
mod ways;
mod wire;

/// Who has a password besides [`broker::USER`], and only the permissions that a test gives.
const USERS: [&str; 21] = [
    "maker", "router", "detector", "late", "nobody", "reader", "a", "b", "c", "d", "e", "f", "g", "h", "i",
    "j", "k", "l", "m", "n", "o",
];
