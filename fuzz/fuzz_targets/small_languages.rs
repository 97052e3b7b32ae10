//! Any text as attributes, names, a subject, a SID, a time.
//!
//!     cargo +nightly fuzz run small_languages -- -max_total_time=60
#![no_main]

#[allow(dead_code)]
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::small_languages(bytes));
