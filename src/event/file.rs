//! Paths and access masks of files on a CA.
