//! CLIXML, what PowerShell's `Export-Clixml` writes: each `<Obj>` directly below `<Objs>` is a record.

use crate::replay::framing::carry::Carry;
use crate::replay::framing::{MAX_RECORD, Sink, Stop};
use memchr::memmem;
use std::io::{BufRead, Read};

/// Whether a text begins as CLIXML.
pub(crate) fn begins(text: &[u8]) -> bool {
    text.starts_with(b"<Objs ") || (text.starts_with(b"<?xml") && memmem::find(text, b"<Objs ").is_some())
}

/// Hands on every object at the top, numbered from 1.
pub(crate) fn frame(reader: &mut dyn BufRead, sink: &mut Sink) -> Result<(), Stop> {
    let (mut record, mut piece, mut number, mut depth) = (Carry::default(), Vec::new(), 1, 0_u32);
    loop {
        // A piece is a tag with the text before it.
        piece.clear();
        if Read::take(&mut *reader, MAX_RECORD as u64).read_until(b'>', &mut piece)? == 0 {
            return if depth > 0 { record.emit(b"", number, sink) } else { Ok(()) };
        }
        let start = piece.iter().rposition(|byte| *byte == b'<').unwrap_or(piece.len());
        let tag = &piece[start..];
        let opens = (tag.starts_with(b"<Obj ") || tag.starts_with(b"<Obj>")) && !tag.ends_with(b"/>");
        let closes = tag == b"</Obj>";
        depth += u32::from(opens);
        match (depth, closes) {
            (0, _) => {}
            (1, true) => {
                record.emit(&piece, number, sink)?;
                (number, depth) = (number + 1, 0);
            }
            (1, false) if opens => record.push(tag),
            _ => {
                record.push(&piece);
                depth -= u32::from(closes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::replay::framing::Content;
    use crate::replay::framing::clixml::frame;

    #[test]
    fn an_object_at_the_top_is_a_record() {
        let object = "<Obj RefId=\"0\"><Props><Obj N=\"Properties\"><LST /></Obj></Props></Obj>";
        let text = format!("<Objs Version=\"1.1.0.1\">\n  {object}\n  {object}\n<S>x</S></Objs>");
        let mut records = Vec::new();
        let framed = frame(&mut text.as_bytes(), &mut |frame| {
            if let Content::Record(record) = frame.content {
                records.push((frame.number, String::from_utf8_lossy(record).into_owned()));
            }
            Ok(())
        });
        assert!(framed.is_ok());
        assert_eq!(records, [(1, object.to_owned()), (2, object.to_owned())]);
    }
}
