//! WHAT WE REMEMBER: the bounded parts that detections build their state from, and the store that keeps it by entity.

pub(crate) mod days;
pub mod key;
pub mod store;
pub mod live;
pub mod window;
