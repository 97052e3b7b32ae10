//! WHAT WE LOOK FOR: one file per detection.
pub mod certificate_used_by_other;
pub mod certlog_remote_write;
pub mod policy;
pub mod san_mismatch;
