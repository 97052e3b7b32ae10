//! Any bytes as a record of the routed topic, or as an alert.
//!
//!     cargo +nightly fuzz run records -- -max_total_time=60
#![no_main]

#[allow(dead_code)]
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::records(bytes));
