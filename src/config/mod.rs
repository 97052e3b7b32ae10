//! CONFIG: one YAML file, read whole or refused with every mistake in it.

pub(crate) mod mistake;
pub mod tree;
pub(crate) mod flow;
pub(crate) mod fields;
pub(crate) mod words;
mod bounded;
pub mod secret;
#[cfg(feature = "service")]
pub(crate) mod pem;
pub(crate) mod properties;
pub(crate) mod kafka;
mod pattern;
pub(crate) mod topics;
pub(crate) mod topic_range;
pub mod process;
mod absent;
pub(crate) mod read;
mod texts;
mod rules;
mod lists;
mod combinations;
pub(crate) mod root;
pub(crate) mod clients;
pub(crate) mod needs;
pub mod schema;
pub mod sample;

pub use root::Config;
