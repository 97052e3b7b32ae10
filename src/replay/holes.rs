//! Blocks of NULs in text: after a crash, a file system leaves them in place of what it had not written.

use memchr::memchr;
use std::io::{self, Read};

/// So many NULs in a row are a hole, where one record ends and another begins. A file system leaves whole sectors; fewer
/// NULs are those of a fixed-length buffer, and stand within a record.
const HOLE_BYTES: usize = 64;

/// A text of which every hole is as short as a hole can be, however long it was.
pub(crate) struct Holes<R> {
    inner: R,
    /// How many NULs were read last, in a row.
    run: usize,
}

impl<R: Read> Holes<R> {
    pub(crate) fn new(inner: R) -> Holes<R> {
        Holes { inner, run: 0 }
    }

    /// Moves what is kept of a buffer to its beginning, and returns how much that is.
    fn shorten(&mut self, buffer: &mut [u8]) -> usize {
        if memchr(0, buffer).is_none() {
            self.run = 0;
            return buffer.len();
        }
        let mut kept = 0;
        for at in 0..buffer.len() {
            self.run = if buffer[at] == 0 { self.run + 1 } else { 0 };
            if self.run <= HOLE_BYTES {
                buffer[kept] = buffer[at];
                kept += 1;
            }
        }
        kept
    }
}

impl<R: Read> Read for Holes<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.inner.read(out)?;
            let kept = self.shorten(&mut out[..read]);
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

/// The parts of a line between its holes: what was being written when the machine stopped, and what was written after it
/// had started again. Where what follows is no beginning of a record, the NULs are a part of one.
pub(crate) fn between(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let Some((before, behind)) = hole(text) else { return Some(text) };
        rest = Some(behind);
        Some(before)
    })
}

/// What stands before the first hole of a text and behind it.
fn hole(text: &[u8]) -> Option<(&[u8], &[u8])> {
    // Every hole covers one of these bytes, and few texts have one: no need to search each record.
    text.iter().skip(HOLE_BYTES - 1).step_by(HOLE_BYTES).find(|byte| **byte == 0)?;
    let mut from = memchr(0, text)?;
    loop {
        let length = text[from..].iter().take_while(|byte| **byte == 0).count();
        let behind = &text[from + length..];
        if length >= HOLE_BYTES && matches!(behind, [b'{' | b'<', ..]) {
            return Some((&text[..from], behind));
        }
        from += length + memchr(0, behind)?;
    }
}

#[cfg(test)]
mod tests {
    use crate::replay::holes::{HOLE_BYTES, Holes, between};
    use proptest::prelude::*;
    use std::io::Read;

    #[test]
    fn a_hole_ends_a_record_and_a_few_nuls_do_not() {
        let hole = "\0".repeat(HOLE_BYTES);
        let parts = |text: &str| -> Vec<String> {
            between(text.as_bytes()).map(|part| String::from_utf8_lossy(part).into_owned()).collect()
        };
        assert_eq!(parts(&format!("{{\"a{hole}\0\0{{}}\0{hole}<Event>")), ["{\"a", "{}", "<Event>"]);
        for before in 0..2 * HOLE_BYTES {
            let before = "a".repeat(before);
            assert_eq!(parts(&format!("{before}{hole}{{}}")), [&before, "{}"]);
        }
        for text in ["a\0\0\0{}".to_owned(), format!("{{\"a\": \"b{hole}c\"}}")] {
            assert_eq!(parts(&text), [text]);
        }
        assert_eq!(parts(""), [""]);
    }

    proptest! {
        #[test]
        fn only_the_length_of_holes_changes(
            parts in prop::collection::vec(prop_oneof![(0_usize..200).prop_map(|n| vec![0; n]), prop::collection::vec(1_u8.., 0..9)], 0..9),
            step in 1_usize..90,
        ) {
            let text = parts.concat();
            let mut holes = Holes::new(text.as_slice());
            let (mut read, mut buffer) = (Vec::new(), vec![0; step]);
            loop {
                let length = holes.read(&mut buffer).unwrap();
                if length == 0 {
                    break;
                }
                read.extend(&buffer[..length]);
            }
            prop_assert!(!read.windows(HOLE_BYTES + 1).any(|bytes| bytes.iter().all(|byte| *byte == 0)));
            let is_text = |text: &[u8]| text.iter().copied().filter(|byte| *byte != 0).collect::<Vec<_>>();
            prop_assert_eq!(is_text(&read), is_text(&text));
        }
    }
}
