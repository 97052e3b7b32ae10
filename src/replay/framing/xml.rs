//! Windows event XML: one event or many, in `<Events>` or just one after the other, cut into `<Event …>…</Event>`.
//!
//! What stands between the events (declarations, wrappers, white space) is nobody's record. An event that is not closed
//! before the next one begins is handed on as it is, for the decoder to reject.

use crate::decode::{MAX_OPENING, closing, opening};
use crate::replay::framing::carry::emit;
use crate::replay::framing::{Content, Frame, MAX_RECORD, Sink, Stop};
use std::io::BufRead;

/// Hands on every event, numbered from 1.
pub fn frame(reader: &mut dyn BufRead, sink: &mut Sink) -> Result<(), Stop> {
    let mut text: Vec<u8> = Vec::new();
    let mut number = 0;
    loop {
        let buffer = reader.fill_buf()?;
        let (length, at_end) = (buffer.len(), buffer.is_empty());
        text.extend_from_slice(buffer);
        reader.consume(length);
        let done = cut_all(&text, at_end, &mut number, sink)?;
        text.drain(..done);
        if at_end {
            return Ok(());
        }
    }
}

/// Cuts off what is complete and returns its length in bytes.
fn cut_all(text: &[u8], at_end: bool, number: &mut u64, sink: &mut Sink) -> Result<usize, Stop> {
    let mut done = 0;
    while done < text.len() {
        match cut(&text[done..], at_end) {
            Cut::More => break,
            Cut::Skip(length) => done += length,
            Cut::Event { from, to } => {
                *number += 1;
                emit(&text[done + from..done + to], *number, sink)?;
                done += to;
            }
            Cut::TooLarge { from } => {
                *number += 1;
                let length = (text.len() - done - from) as u64;
                let start = &text[done + from..done + from + 4096];
                sink(Frame { number: *number, content: Content::TooLarge { start, length } })?;
                done = text.len();
            }
        }
    }
    Ok(done)
}

/// What the text at hand begins with.
enum Cut {
    /// Nothing of an event.
    Skip(usize),
    /// A whole event: the range of its bytes.
    Event { from: usize, to: usize },
    /// An event that has outgrown the bound and is not closed; the rest of it is nothing of an event.
    TooLarge { from: usize },
    /// Not known before more is read.
    More,
}

fn cut(text: &[u8], at_end: bool) -> Cut {
    let Some(tag) = opening(text) else {
        // The last bytes may be the first half of a tag.
        let kept = if at_end { 0 } else { MAX_OPENING.min(text.len()) };
        return if kept == text.len() { Cut::More } else { Cut::Skip(text.len() - kept) };
    };
    let (from, body) = (tag.start, &text[tag.end..]);
    let closed = self_closed(body).or_else(|| closing(body));
    let next = opening(&body[..closed.unwrap_or(body.len())]).map(|next| next.start);
    let length = match next.or(closed) {
        Some(length) => length,
        None if at_end => body.len(),
        None if body.len() > MAX_RECORD => return Cut::TooLarge { from },
        None if from > 0 => return Cut::Skip(from),
        None => return Cut::More,
    };
    Cut::Event { from, to: tag.end + length }
}

/// The length of the rest of a tag that ends in `/>`.
fn self_closed(body: &[u8]) -> Option<usize> {
    let end = memchr::memchr(b'>', body)?;
    (end > 0 && body[end - 1] == b'/').then_some(end + 1)
}
