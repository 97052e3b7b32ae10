//! The `Attributes` text of a request.
