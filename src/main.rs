//! The program: parses the command line, calls the service, ends with its exit code.

use std::process::ExitCode;

#[cfg(not(windows))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(clippy::disallowed_methods, reason = "the arguments are read here")]
fn main() -> ExitCode {
    let exit = adcs_watch::cli::main(std::env::args_os());
    ExitCode::from(exit.code())
}
