//! Any bytes as a file for `replay`: text, compressed, `.evtx`.
//!
//!     cargo +nightly fuzz run --features files files -- -max_total_time=60
#![no_main]

#[allow(dead_code)]
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::files(bytes));
