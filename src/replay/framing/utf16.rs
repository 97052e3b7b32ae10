//! UTF-16 → UTF-8, streaming: what Event Viewer and PowerShell write.

use encoding_rs::{Decoder, Encoding, UTF_16BE, UTF_16LE};
use std::io::{self, Read};

/// A reader of UTF-8 over a reader of UTF-16.
pub(crate) struct Utf16<R> {
    inner: R,
    decoder: Decoder,
    text: Vec<u8>,
    text_at: usize,
    ended: bool,
}

/// Whether text that begins so is UTF-16, by its byte order mark or by the zero in its first character.
pub(crate) fn encoding(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [0xff, 0xfe, ..] | [b'<' | b'{' | b'[', 0, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] | [0, b'<' | b'{' | b'[', ..] => Some(UTF_16BE),
        _ => None,
    }
}

impl<R: Read> Utf16<R> {
    /// Transcodes; a byte order mark is left out.
    pub(crate) fn new(inner: R, encoding: &'static Encoding) -> Utf16<R> {
        let decoder = encoding.new_decoder_with_bom_removal();
        Utf16 { inner, decoder, text: Vec::new(), text_at: 0, ended: false }
    }

    /// Transcodes the next piece. What is no UTF-16 becomes U+FFFD.
    fn refill(&mut self) -> io::Result<()> {
        let mut raw = [0; 16 * 1024];
        let read = self.inner.read(&mut raw)?;
        self.ended = read == 0;
        let needed = self.decoder.max_utf8_buffer_length(read).unwrap_or(4 * raw.len());
        self.text.resize(needed, 0);
        let (_, _, written, _) = self.decoder.decode_to_utf8(&raw[..read], &mut self.text, self.ended);
        self.text.truncate(written);
        self.text_at = 0;
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.text_at == self.text.len() && !self.ended {
            self.refill()?;
        }
        let length = out.len().min(self.text.len() - self.text_at);
        out[..length].copy_from_slice(&self.text[self.text_at..self.text_at + length]);
        self.text_at += length;
        Ok(length)
    }
}
