//! Objects that are in none of the common formats: read by the rows of a table.
//!
//! Slower than the readers of the common formats, and only asked where these do not read a record whole. The result
//! depends on the record alone.

pub(crate) mod table;
pub(crate) mod found;
pub(crate) mod reader;
