//! The fields of an event by name, wherever a layout keeps them.

pub(crate) mod fold;
pub(crate) mod view;
pub(crate) mod named;
