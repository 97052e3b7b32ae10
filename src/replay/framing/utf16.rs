//! UTF-16 → UTF-8, streaming: what Event Viewer and PowerShell write, also in parts of a text. `>>` of PowerShell and of the
//! command line append to a file in another encoding than it has, and a tool that cuts UTF-16 at the byte of a line end moves
//! what follows by one byte.
//!
//! A text changes its encoding where so many characters in a row are ASCII in the other one that no writing gives them.

use crate::replay::peek::Peek;
use std::io::{self, Read};

/// So many bytes are looked at to decide on an encoding.
const LOOKAHEAD_BYTES: usize = 64;
/// So many characters of ASCII, of two bytes each, show that a text is UTF-16.
const WIDE_CHARS: usize = 8;
/// So many bytes of ASCII show that a text is no UTF-16, where they would be characters of Asian writing.
const NARROW_BYTES: usize = 32;

const BUFFER_BYTES: usize = 64 * 1024;

/// How the text at hand is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// UTF-8 or any other that has ASCII: it is passed on as it is.
    Narrow,
    LittleEndian,
    BigEndian,
}

/// A reader of UTF-8 over a reader of text, of which any part may be UTF-16.
pub(crate) struct Transcoded<R> {
    inner: R,
    encoding: Encoding,
    /// What was read and not passed on yet, because what follows it decides.
    raw: Vec<u8>,
    text: Vec<u8>,
    text_at: usize,
    last: u8,
    ended: bool,
    /// The error that ended the text; it is returned after it.
    error: Option<io::Error>,
}

/// The encoding of text that begins so: by its byte order mark, or by the zero in its first character.
fn encoding(head: &[u8]) -> Encoding {
    match head {
        [0xff, 0xfe, ..] | [b'<' | b'{' | b'[', 0, ..] => Encoding::LittleEndian,
        [0xfe, 0xff, ..] | [0, b'<' | b'{' | b'[', ..] => Encoding::BigEndian,
        _ => Encoding::Narrow,
    }
}

impl<R: Read> Transcoded<Peek<R>> {
    /// Transcodes a text; byte order marks are left out.
    pub(crate) fn new(inner: Peek<R>) -> Transcoded<Peek<R>> {
        let encoding = encoding(inner.head());
        Transcoded::from(inner, encoding)
    }
}

impl<R: Read> Transcoded<R> {
    fn from(inner: R, encoding: Encoding) -> Transcoded<R> {
        let (raw, text) = (Vec::new(), Vec::new());
        Transcoded { inner, encoding, raw, text, text_at: 0, last: b'\n', ended: false, error: None }
    }

    /// Reads straight into `out` while the text is narrow and no byte hints at another encoding: nearly every text. None: the bytes
    /// that were read are in `raw`, to be looked at.
    fn read_narrow(&mut self, out: &mut [u8]) -> io::Result<Option<usize>> {
        let kept = self.raw.len();
        let read = match self.inner.read(&mut out[kept..]) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                (self.ended, self.error) = (true, Some(error));
                (self.text, self.text_at) = (std::mem::take(&mut self.raw), 0);
                return Ok(None);
            }
        };
        out[..kept].copy_from_slice(&self.raw);
        let read = &out[..kept + read];
        if read.len() <= kept || memchr::memchr3(0, 0xfe, 0xff, read).is_some() {
            self.raw = read.to_vec();
            return Ok(None);
        }
        // The zero of the last byte may not have been read yet.
        let done = read.len() - 1;
        self.raw = vec![read[done]];
        self.last = done.checked_sub(1).map_or(self.last, |last| read[last]);
        Ok((done > 0).then_some(done))
    }

    /// Transcodes the next piece. What is no UTF-16 becomes U+FFFD.
    fn refill(&mut self) -> io::Result<()> {
        let kept = self.raw.len();
        self.raw.resize(kept + BUFFER_BYTES, 0);
        let read = self.inner.read(&mut self.raw[kept..]);
        self.raw.truncate(kept + read.as_ref().map_or(0, |read| *read));
        match read {
            Ok(read) => self.ended = read == 0,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => (self.ended, self.error) = (true, Some(error)),
        }
        self.text.clear();
        self.text_at = 0;
        let raw = std::mem::take(&mut self.raw);
        let mut at = 0;
        while raw.len() - at >= LOOKAHEAD_BYTES || (self.ended && at < raw.len()) {
            let rest = &raw[at..];
            at += if self.encoding == Encoding::Narrow { self.narrow(rest) } else { self.wide(rest) };
        }
        self.raw = raw;
        self.raw.drain(..at);
        self.last = self.text.last().copied().unwrap_or(self.last);
        Ok(())
    }

    /// Passes on bytes up to where UTF-16 may begin, changes the encoding if it does, and returns how many are done.
    fn narrow(&mut self, rest: &[u8]) -> usize {
        let Some(found) = memchr::memchr3(0, 0xfe, 0xff, rest) else {
            // The zero of the last byte may not have been read yet.
            let done = rest.len() - usize::from(!self.ended);
            self.text.extend_from_slice(&rest[..done]);
            return done;
        };
        let begin = found.saturating_sub(1);
        self.text.extend_from_slice(&rest[..begin]);
        if begin > 0 && rest.len() - begin < LOOKAHEAD_BYTES && !self.ended {
            return begin;
        }
        if self.begins(Encoding::LittleEndian, &rest[begin..]) {
            self.encoding = Encoding::LittleEndian;
            return begin;
        }
        self.text.extend_from_slice(&rest[begin..found]);
        if self.begins(Encoding::BigEndian, &rest[found..]) {
            self.encoding = Encoding::BigEndian;
            return found;
        }
        let has_mark =
            |order: &Encoding| rest[found..].starts_with(&order.mark()) && order.is_wide(&rest[found + 2..]);
        if let Some(order) = [Encoding::LittleEndian, Encoding::BigEndian].into_iter().find(has_mark) {
            self.encoding = order;
            return found + 2;
        }
        self.text.push(rest[found]);
        found + 1
    }

    /// Whether UTF-16 of this order begins here: on a line of its own, or with what a record or a line end begins with. Anywhere
    /// else it is a value within a record. A line feed before a zero ends a line of bytes, and the zero begins what follows.
    fn begins(&self, order: Encoding, rest: &[u8]) -> bool {
        let is_line_end = order == Encoding::LittleEndian && rest.starts_with(b"\n");
        let is_record =
            order.unit(rest).is_some_and(|unit| b"{<[\r\n".iter().any(|first| u16::from(*first) == unit));
        !is_line_end && (is_record || self.text_ends_line()) && order.is_wide(rest)
    }

    /// Transcodes one character of UTF-16, or changes the encoding, and returns how many of the rest are done.
    fn wide(&mut self, rest: &[u8]) -> usize {
        let order = self.encoding;
        let Some(unit) = order.unit(rest) else {
            self.push_byte(rest[0]);
            return 1;
        };
        match unit {
            0..=0x7f => self.text.push(unit.to_le_bytes()[0]),
            0xfeff if self.text_ends_line() => {}
            0xfffe => self.encoding = order.other(),
            0x100.. if order.is_wide(&rest[1..]) => {
                self.push_byte(rest[0]);
                return 1;
            }
            0x100.. if is_narrow(rest) => {
                self.encoding = Encoding::Narrow;
                return if rest.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
            }
            _ => {
                let units = [Some(unit), rest.get(2..).and_then(|rest| order.unit(rest))];
                let read = char::decode_utf16(units.into_iter().flatten()).next();
                let read = read.and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER);
                self.text.extend_from_slice(read.encode_utf8(&mut [0; 4]).as_bytes());
                return 2 * read.len_utf16();
            }
        }
        2
    }

    /// Passes on a byte that is no half of a character.
    fn push_byte(&mut self, byte: u8) {
        match byte {
            0 => {}
            1..=0x7f => self.text.push(byte),
            0x80.. => self.text.extend_from_slice("\u{fffd}".as_bytes()),
        }
    }

    /// Whether what was passed on ends a line, or nothing was.
    fn text_ends_line(&self) -> bool {
        self.text.last().copied().unwrap_or(self.last) == b'\n'
    }
}

impl Encoding {
    /// The byte order mark, as this encoding writes it.
    fn mark(self) -> [u8; 2] {
        if self == Encoding::BigEndian { [0xfe, 0xff] } else { [0xff, 0xfe] }
    }

    /// The other order of bytes.
    fn other(self) -> Encoding {
        if self == Encoding::BigEndian { Encoding::LittleEndian } else { Encoding::BigEndian }
    }

    /// The first two bytes of a text as one unit.
    fn unit(self, text: &[u8]) -> Option<u16> {
        let pair = [*text.first()?, *text.get(1)?];
        Some(if self == Encoding::BigEndian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    }

    /// Whether a text begins with many characters of ASCII, of two bytes each in this order.
    fn is_wide(self, text: &[u8]) -> bool {
        let is_char =
            |pair: &[u8]| self.unit(pair).and_then(|unit| u8::try_from(unit).ok()).is_some_and(is_text);
        text.len() >= 2 * WIDE_CHARS && text.chunks_exact(2).take(WIDE_CHARS).all(is_char)
    }
}

/// Whether a text begins with many bytes of ASCII, as records have them.
fn is_narrow(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let Some(begin) = text.get(..NARROW_BYTES) else { return false };
    begin.iter().all(|byte| is_text(*byte)) && begin.iter().any(|byte| b"\"'=:<>".contains(byte))
}

/// Whether a byte is a printable character of ASCII or white space.
fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.text_at == self.text.len() && !self.ended {
            let is_plain =
                self.encoding == Encoding::Narrow && self.raw.len() < 2 && out.len() >= LOOKAHEAD_BYTES;
            if is_plain && let Some(done) = self.read_narrow(out)? {
                return Ok(done);
            }
            if !self.ended {
                self.refill()?;
            }
        }
        let length = out.len().min(self.text.len() - self.text_at);
        if length == 0 && !out.is_empty() {
            return self.error.take().map_or(Ok(0), Err);
        }
        out[..length].copy_from_slice(&self.text[self.text_at..self.text_at + length]);
        self.text_at += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use crate::replay::framing::utf16::{Transcoded, encoding};
    use proptest::prelude::*;
    use std::io::Read;

    const RECORD: &str = r#"{"@timestamp": "2026-03-02T09:00:00Z", "name": "Müller 上海 😀"}"#;

    fn little(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn big(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    /// Hands on no more bytes at once than this.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let length = self.1.min(out.len());
            self.0.read(&mut out[..length])
        }
    }

    fn read(bytes: &[u8], at_once: usize) -> Vec<u8> {
        let mut text = Vec::new();
        Transcoded::from(Slow(bytes, at_once), encoding(bytes)).read_to_end(&mut text).unwrap();
        text
    }

    #[track_caller]
    fn check(parts: &[Vec<u8>], expect: &str) {
        for at_once in [1, 7, 100_000] {
            assert_eq!(String::from_utf8_lossy(&read(&parts.concat(), at_once)), expect);
        }
    }

    #[test]
    fn parts_of_a_text_may_have_different_encodings() {
        let line = format!("{RECORD}\r\n");
        let (narrow, mark, twice) = (line.clone().into_bytes(), little("\u{feff}"), line.repeat(2));
        check(&[narrow.clone(), little(&line)], &twice);
        check(&[narrow.clone(), big(&line)], &twice);
        check(&[narrow.clone(), mark.clone(), little(&line)], &twice);
        check(&[narrow.clone(), big("\u{feff}"), big(&line)], &twice);
        check(&[mark.clone(), little(&line), narrow.clone()], &twice);
        check(&[mark.clone(), little(&line), b"\xef\xbb\xbf".to_vec(), narrow.clone()], &twice);
        check(&[mark.clone(), little(&line), big("\u{feff}"), big(&line)], &twice);
        check(&[big(&line), narrow.clone(), little(&line), narrow.clone()], &line.repeat(4));
        check(&[little(RECORD), RECORD.into(), little(RECORD)], &RECORD.repeat(3));
    }

    #[test]
    fn text_that_was_cut_within_a_character_goes_on_behind_it() {
        let line = format!("{RECORD}\n");
        let (wide, moved) = (little(&line), [b"\n", &little(&line)[..]].concat());
        check(&[wide.clone(), moved.clone()], &format!("{line}\n{line}"));
        let cut = wide[..wide.len() - 1].to_vec();
        check(&[cut, b"\n".to_vec(), vec![0], wide], &format!("{line}\n{line}"));
        check(&[big(&line), vec![0], big(&line)], &format!("{line}\0{line}"));
    }

    #[test]
    fn values_within_a_record_change_no_encoding() {
        let record = [b"{\"a\": \"", &little("of sixteen bits, and long")[..], b"\"}\n"].concat();
        assert_eq!(read(&record, 9), record);
        let text = format!("{}\n", "上海市浦东新区世纪大道一百号".repeat(9) + "ありがとうございました");
        check(&[little("\u{feff}"), little(&text)], &text);
        check(&[big("\u{feff}"), big(&text)], &text);
    }

    proptest! {
        #[test]
        fn what_has_no_zero_is_passed_on_as_it_is(bytes in prop::collection::vec(1_u8..0xfe, 0..300), at_once in 1_usize..99) {
            prop_assert_eq!(read(&bytes, at_once), bytes);
        }

        #[test]
        fn any_bytes_are_read_the_same_in_any_pieces(
            bytes in prop::collection::vec(prop_oneof![Just(0_u8), Just(b'a'), Just(b'\n'), any::<u8>()], 0..400),
            at_once in 1_usize..99,
        ) {
            prop_assert_eq!(read(&bytes, at_once), read(&bytes, 100_000));
        }

        #[test]
        fn utf_16_is_text(text in "\\{[a-z\u{e9}\u{4e0a}\u{1f600}\n]{0,99}") {
            let marked = [little("\u{feff}"), little(&text)].concat();
            prop_assert_eq!(String::from_utf8(read(&marked, 5)).unwrap(), text);
        }
    }
}
