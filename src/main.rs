//! The program: parses the command line, calls the service, prints an error with its causes.

fn main() {}
