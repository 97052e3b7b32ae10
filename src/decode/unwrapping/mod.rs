//! Objects that are in none of the common formats: found in what wraps them, and read by a layout, as text, or by the
//! mapping of another schema.

pub(crate) mod inflate;
pub(crate) mod xml_tree;
pub(crate) mod walk;
