//! The integration tests that need no broker, in one binary: every further one would link the library again.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "UPDATE=1 in the environment rewrites expectations")]

/// That of the program.
#[cfg(all(feature = "service", not(windows)))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod any_event;
#[cfg(feature = "service")]
mod alert_size;
mod architecture;
mod bounds;
mod common;
mod dead_letter_flood;
mod generated;
mod old_checkpoints;
mod golden;
mod estate;
mod exceptions;
mod policy_change;
mod answers;
mod properties;
mod restarts;
mod router_tally;
mod router_worker;
mod detector_worker;
mod simulation;
mod stage;
mod requesters;
mod stories;
mod decode_events;
mod decode_user_data;
mod decode_backslashes;
mod decode_batches;
mod decode_cut;
mod decode_damage;
mod decode_formats;
mod decode_layouts;
mod decode_mutations;
mod decode_prefilter;
mod decode_providers;
mod decode_reports;
mod decode_sender;
mod decode_spoof;
mod decode_total;
mod fuzz_corpora;
#[cfg(feature = "service")]
mod evtx_writer;
#[cfg(feature = "service")]
mod decode_evtx;

#[cfg(feature = "service")]
mod book;
#[cfg(feature = "service")]
mod cli_inspect;
#[cfg(feature = "service")]
mod cli_usage;
#[cfg(feature = "service")]
mod cli_world;
#[cfg(feature = "service")]
#[path = "../certificates.rs"]
mod certificates;
#[cfg(feature = "service")]
mod compare;
#[cfg(feature = "service")]
mod config_check;
#[cfg(feature = "service")]
mod config_entries;
#[cfg(feature = "service")]
mod config_mistakes;
#[cfg(feature = "service")]
mod config_types;
#[cfg(feature = "service")]
mod encodings;
#[cfg(feature = "service")]
mod evaluate;
#[cfg(feature = "service")]
mod tune;
#[cfg(feature = "service")]
mod explain;
#[cfg(feature = "service")]
mod hostile_estate;
#[cfg(feature = "service")]
mod http_port;
#[cfg(feature = "service")]
mod inventory_import;
mod protected_import;
#[cfg(feature = "service")]
mod metrics;
#[cfg(feature = "service")]
mod reference;
#[cfg(feature = "service")]
mod replay_archives;
#[cfg(feature = "service")]
mod replay_boundaries;
#[cfg(feature = "service")]
mod replay_coverage;
#[cfg(feature = "service")]
mod replay_evtx;
#[cfg(feature = "service")]
mod replay_framing;
#[cfg(feature = "service")]
mod replay_inputs;
#[cfg(feature = "service")]
mod replay_selection;
#[cfg(feature = "service")]
mod replay_table;
#[cfg(feature = "service")]
mod replay_times;
#[cfg(feature = "service")]
mod report;
#[cfg(feature = "service")]
mod schema;
#[cfg(feature = "service")]
mod signals;
