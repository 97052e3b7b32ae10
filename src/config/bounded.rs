//! Files that the config names, read up to a bound.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The bytes of a file; `None` if it has more than `most`. Not by its metadata: those of a pipe or a device state no length.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn bytes(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}
