//! The flat list that a text becomes.

/// One value. The values in an array, and in turn the keys and values in an object, follow it directly.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// Where its text begins: of strings, behind the quote.
    pub(crate) start: u32,
    /// Where its text ends: of strings, before the quote.
    pub(crate) end: u32,
    /// The node after this one and all that is in it.
    pub(crate) next: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    /// A string that is its own text.
    Plain,
    /// A string with escapes.
    Escaped,
    Array,
    Object,
}
