//! EVERYTHING THAT WAITS: the command line, files, the terminal.
