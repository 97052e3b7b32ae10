//! Any bytes as the state of an entity in a checkpoint.
//!
//!     cargo +nightly fuzz run state -- -max_total_time=60
#![no_main]

#[allow(dead_code)]
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::state(bytes));
