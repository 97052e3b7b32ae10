//! HTTP: `/livez`, `/readyz`, `/metrics` and `/status`, served by axum and hyper.

mod auth;
pub(crate) mod tls;
mod pages;
mod linger;
mod server;

pub use crate::observe::http::pages::Pages;
pub use crate::observe::http::server::{Listening, MAX_CONNECTIONS, listen};
