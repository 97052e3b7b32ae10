//! Any text as an export.
//!
//!     cargo +nightly fuzz run --features files inventory -- -max_total_time=60
#![no_main]

#[allow(dead_code)]
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::inventory(bytes));
