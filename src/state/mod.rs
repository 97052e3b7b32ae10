//! WHAT WE REMEMBER: the bounded parts that detections build their state from, and the store that keeps it by entity.

pub(crate) mod days;
pub(crate) mod key;
pub(crate) mod store;
pub mod window;
