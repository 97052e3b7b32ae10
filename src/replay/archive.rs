//! Members of zip archives, read where they stand: nothing is unpacked to disk.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use zip::read::ZipArchive;
use zip::result::ZipError;

/// How a zip archive with members begins.
pub(crate) const MAGIC: &[u8] = b"PK\x03\x04";

/// Collections of a whole machine have a few thousand files.
const MAX_MEMBERS: usize = 20_000;

/// Event logs shrink to a tenth, a log that is mostly empty to a hundredth. DEFLATE can expand a thousandfold.
const MAX_RATIO: u64 = 250;

/// A member up to this size may have any ratio.
const ANY_RATIO_BYTES: u64 = 64 << 20;

/// All members of an archive together. More would take days to read.
const MAX_ARCHIVE_BYTES: u64 = 1 << 40;

/// One member of an archive.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    archive: ZipArchive<Arc<File>>,
    index: usize,
    /// Its name in the archive, as it is written there.
    pub name: String,
    /// Its size in bytes without compression, as the archive states it. No more than this is read.
    pub bytes: u64,
}

/// Whether a file begins as a zip archive does.
pub(crate) fn is_zip(path: &Path) -> bool {
    let mut head = [0; MAGIC.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == MAGIC
}

/// Lists the files of an archive in their order, or gives the reason why none is read. The sizes are checked here, before
/// anything is decompressed.
pub(crate) fn members(path: &Path) -> Result<Vec<Member>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut archive = ZipArchive::new(Arc::new(file)).map_err(|error| said(&error))?;
    if archive.len() > MAX_MEMBERS {
        return Err(format!("the archive has {} members, and at most {MAX_MEMBERS} are read", archive.len()));
    }
    if archive.has_duplicate_names() {
        return Err("two members of the archive have one name: unpack it, and name the directory".to_owned());
    }
    if archive.has_overlapping_files().map_err(|error| said(&error))? {
        return Err("members of the archive overlap, as in a decompression bomb".to_owned());
    }
    let members = files(&archive);
    let total = members.iter().fold(0_u64, |sum, member| sum.saturating_add(member.bytes));
    match total > MAX_ARCHIVE_BYTES {
        true => Err(format!("the members have {total} bytes, and at most {MAX_ARCHIVE_BYTES} are read")),
        false => Ok(members),
    }
}

fn files(archive: &ZipArchive<Arc<File>>) -> Vec<Member> {
    let entries = (0..archive.len()).filter_map(|index| Some((index, archive.by_index_data(index).ok()?)));
    let files = entries.filter(|(_, entry)| entry.is_file());
    let member = |(index, entry): (usize, zip::read::ZipFileEntry)| Member {
        archive: archive.clone(),
        index,
        name: String::from_utf8_lossy(entry.name_raw()).into_owned(),
        bytes: entry.size(),
    };
    files.map(member).collect()
}

impl Member {
    /// Calls `read` with the decompressed bytes.
    ///
    /// # Errors
    /// The member is encrypted, damaged, compressed in an unknown way, or expands too much; or what `read` gives.
    pub(crate) fn with<T, E: From<String>>(
        &self,
        read: impl FnOnce(Box<dyn Read + '_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut archive = self.archive.clone();
        let data = archive.by_index_data(self.index).map_err(|error| E::from(said(&error)))?;
        if data.encrypted() {
            return Err(E::from("encrypted: unpack it with its password, and name the directory".to_owned()));
        }
        let packed = data.compressed_size();
        if self.bytes > ANY_RATIO_BYTES && self.bytes / packed.max(1) > MAX_RATIO {
            let ratio = self.bytes / packed.max(1);
            return Err(E::from(format!("expands {ratio} times, as a decompression bomb does: not read")));
        }
        let file = archive.by_index(self.index).map_err(|error| E::from(said(&error)))?;
        read(Box::new(Declared { inner: file, left: self.bytes }))
    }
}

/// Ends a member with an error where it gives more bytes than the archive states.
struct Declared<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Declared<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "longer than the archive states: not read further")
        })?;
        Ok(read)
    }
}

fn said(error: &ZipError) -> String {
    format!("zip: {error}")
}
