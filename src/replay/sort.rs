//! An external merge sort: sorts more than fits into memory by key, and keeps the order of equal keys.
//!
//! This is our own code because `extsort`, the crate for it, bounds memory by a number of items, and an attacker chooses
//! the size of an item. Here items are bytes in one arena with a bound in *bytes*. A full arena is written to an
//! unnamed temporary file as a sorted run. Many runs are merged into one, so the number of open files is bounded too.

use crate::host::exit::{Exit, Failure};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

/// Takes items in any order and returns them sorted.
#[derive(Debug)]
pub(crate) struct Sorter {
    arena: Vec<u8>,
    items: Vec<Item>,
    runs: Vec<File>,
    max_bytes: usize,
}

/// An item of the arena: its key, then its value.
#[derive(Clone, Copy, Debug)]
struct Item {
    start: usize,
    key: usize,
    value: usize,
}

/// How many bytes of items are held in memory by default.
pub(crate) const MAX_BYTES: usize = 32 * 1024 * 1024;
/// How many runs are read at once.
const MAX_RUNS: usize = 32;

impl Default for Sorter {
    fn default() -> Self {
        Sorter::with_bound(MAX_BYTES)
    }
}

impl Sorter {
    /// A sorter that holds at most `max_bytes` in memory, or one larger item.
    pub(crate) fn with_bound(max_bytes: usize) -> Sorter {
        Sorter { arena: Vec::new(), items: Vec::new(), runs: Vec::new(), max_bytes }
    }

    /// Adds an item.
    ///
    /// # Errors
    /// A temporary file cannot be written.
    pub(crate) fn push(&mut self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        let size = key.len() + value.len();
        if !self.items.is_empty()
            && self.arena.len() + (self.items.len() * size_of::<Item>()) + size > self.max_bytes
        {
            self.spill().map_err(|error| unwritable(&error))?;
        }
        self.items.push(Item { start: self.arena.len(), key: key.len(), value: value.len() });
        self.arena.extend_from_slice(key);
        self.arena.extend_from_slice(value);
        Ok(())
    }

    /// All items, sorted.
    ///
    /// # Errors
    /// A temporary file cannot be written or read.
    pub(crate) fn finish(mut self) -> Result<Sorted, Failure> {
        self.finish_io().map_err(|error| unwritable(&error))?;
        let sources: Vec<Source> =
            self.runs.drain(..).map(|file| Source::File(BufReader::new(file))).collect();
        let memory = Source::Memory { arena: self.arena, items: self.items.into_iter() };
        Sorted::new(sources.into_iter().chain([memory]).collect()).map_err(|error| unwritable(&error))
    }

    fn finish_io(&mut self) -> io::Result<()> {
        self.sort();
        for run in &mut self.runs {
            run.seek(SeekFrom::Start(0))?;
        }
        Ok(())
    }

    fn sort(&mut self) {
        let arena = &self.arena;
        self.items.sort_by(|a, b| arena[a.start..a.start + a.key].cmp(&arena[b.start..b.start + b.key]));
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        let mut run = BufWriter::new(tempfile::tempfile()?);
        for item in &self.items {
            let (key, value) = self.arena[item.start..item.start + item.key + item.value].split_at(item.key);
            write_item(&mut run, key, value)?;
        }
        self.runs.push(run.into_inner()?);
        self.arena.clear();
        self.items.clear();
        if self.runs.len() >= MAX_RUNS { self.merge() } else { Ok(()) }
    }

    fn merge(&mut self) -> io::Result<()> {
        let mut sources = Vec::new();
        for mut file in self.runs.drain(..) {
            file.seek(SeekFrom::Start(0))?;
            sources.push(Source::File(BufReader::new(file)));
        }
        let mut sorted = Sorted::new(sources)?;
        let mut run = BufWriter::new(tempfile::tempfile()?);
        while let Some((key, value)) = sorted.next_item()? {
            write_item(&mut run, &key, &value)?;
        }
        self.runs.push(run.into_inner()?);
        Ok(())
    }
}

/// Items in the order of their keys.
#[derive(Debug)]
pub(crate) struct Sorted {
    sources: Vec<Source>,
    /// The first item of each source. With equal keys the earlier source comes first.
    heads: BinaryHeap<Reverse<Head>>,
}

/// A key and its value.
type Pair = (Vec<u8>, Vec<u8>);
/// Key, number of the source, value.
type Head = (Vec<u8>, usize, Vec<u8>);

impl Sorted {
    fn new(sources: Vec<Source>) -> io::Result<Sorted> {
        let mut sorted = Sorted { sources, heads: BinaryHeap::new() };
        (0..sorted.sources.len()).try_for_each(|source| sorted.refill(source))?;
        Ok(sorted)
    }

    fn refill(&mut self, source: usize) -> io::Result<()> {
        if let Some((key, value)) = self.sources[source].next_item()? {
            self.heads.push(Reverse((key, source, value)));
        }
        Ok(())
    }

    fn next_item(&mut self) -> io::Result<Option<Pair>> {
        let Some(Reverse((key, source, value))) = self.heads.pop() else { return Ok(None) };
        self.refill(source)?;
        Ok(Some((key, value)))
    }
}

impl Iterator for Sorted {
    type Item = Result<Pair, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_item().map_err(|error| unwritable(&error)).transpose()
    }
}

#[derive(Debug)]
enum Source {
    File(BufReader<File>),
    Memory { arena: Vec<u8>, items: std::vec::IntoIter<Item> },
}

impl Source {
    fn next_item(&mut self) -> io::Result<Option<Pair>> {
        match self {
            Source::File(file) => read_item(file),
            Source::Memory { arena, items } => Ok(items.next().map(|item| {
                let (key, value) = arena[item.start..item.start + item.key + item.value].split_at(item.key);
                (key.to_vec(), value.to_vec())
            })),
        }
    }
}

fn write_item(run: &mut impl Write, key: &[u8], value: &[u8]) -> io::Result<()> {
    run.write_all(&(key.len() as u64).to_le_bytes())?;
    run.write_all(&(value.len() as u64).to_le_bytes())?;
    run.write_all(key)?;
    run.write_all(value)
}

fn read_item(run: &mut BufReader<File>) -> io::Result<Option<Pair>> {
    let mut length = [0; 8];
    match run.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let key = u64::from_le_bytes(length);
    run.read_exact(&mut length)?;
    let value = u64::from_le_bytes(length);
    Ok(Some((read_bytes(run, key)?, read_bytes(run, value)?)))
}

fn read_bytes(run: &mut BufReader<File>, length: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    run.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn unwritable(error: &io::Error) -> Failure {
    Failure::new(Exit::Output, "cannot sort in the temporary directory (TMPDIR)").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(bound: usize, count: u32) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut sorter = Sorter::with_bound(bound);
        for n in 0..count {
            let key = (n.wrapping_mul(2_654_435_761) % 64).to_be_bytes();
            sorter.push(&key, &n.to_be_bytes()).unwrap();
        }
        sorter.finish().unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn spilled_and_merged_runs_return_the_order_of_memory() {
        let in_memory = sorted(MAX_BYTES, 5000);
        assert_eq!(in_memory.len(), 5000);
        assert!(in_memory.is_sorted(), "equal keys keep their order: the value counts up");
        assert_eq!(sorted(1000, 5000), in_memory, "about two hundred runs, merged on the way");
        assert_eq!(sorted(1, 100), sorted(MAX_BYTES, 100), "every item a run of its own");
    }

    #[test]
    fn empty_sorter_returns_nothing() {
        assert_eq!(sorted(1, 0), []);
    }
}
