//! Records that are no text: Avro, Protobuf, MessagePack, CBOR and others. None of them is read, and an id in them is no
//! digits that could be searched for, so they are recognised by how they begin.

use crate::decode::bytes::looks_like_utf16;

/// Whether a record begins as no text does: with a byte that begins no character, or with control characters among its
/// first bytes, where lengths, numbers and tags of a binary format stand.
///
/// JSON and XML that a control character was added to are text. NULs around a record are no part of it.
pub(crate) fn is_binary(record: &[u8]) -> bool {
    let start = record.iter().position(|byte| *byte != 0).unwrap_or(record.len());
    let record = &record[start..];
    match record {
        // UTF-32.
        [_, 0, 0, 0, _, 0, 0, 0, ..] => true,
        [] | [b'{' | b'[' | b'<' | b'"', ..] => false,
        // Bytes that only continue a character of UTF-8.
        [0x80..=0xbf, ..] => true,
        _ => has_control(record) && !looks_like_utf16(record),
    }
}

/// How many bytes are looked at. The numbers of a schema and of an event, and the lengths of the first values, stand there.
const HEAD: usize = 24;

/// Whether there is a control character in the first bytes that no program writes into text.
fn has_control(record: &[u8]) -> bool {
    let head = &record[..record.len().min(HEAD)];
    let end = head.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let is_control = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b | 0x1e);
    head[..end].iter().fold(false, |found, byte| found | is_control(*byte))
}

#[cfg(test)]
mod tests {
    use crate::decode::binary::is_binary;

    /// The certificate of request 209, as far as the formats write it before they differ from text.
    #[test]
    fn formats_that_are_no_text_are_binary() {
        for record in [
            // Avro: behind the number of a schema (Confluent, Apicurio), as a single object, as a file, alone.
            &b"\0\0\0\0\x2a\xae\x4c\x02\"ca02.corp.example"[..],
            b"\0\0\0\0\0\0\0\0\x11\xae\x4c\x02\"ca02.corp.example",
            b"\xc3\x01\x11\x12\x13\x14\x15\x16\x17\x18\xae\x4c\x02\"ca02.corp.example",
            b"Obj\x01\x04\x16avro.schema",
            b"\xae\x4c\x02\"ca02.corp.example",
            // The registry of AWS Glue.
            b"\x03\0abcdefghijklmnop\xae\x4c",
            // Protobuf: of a registry, and OTLP.
            b"\0\0\0\0\x2a\0\x08\x97\x26\x12\x11ca02.corp.example",
            b"\n\xec\x04\x12\xe9\x04\x12\xe6\x04\t\0\0\0\0\0\0\0\0*\xda\x04",
            // MessagePack: maps of up to 15 and of more members, an entry of Fluentd.
            b"\x84\xa7EventID\xcd\x13\x17\xa8Computer",
            b"\xde\0\x13\xa7EventID\xcd\x13\x17",
            b"\x92\xd3\0\0\0\0\x69\xa5\x43\x80\xde\0\x13",
            // CBOR, also with its tag.
            b"\xb3gEventID\x19\x13\x17hComputer",
            b"\xd9\xd9\xf7\xb3gEventID\x19\x13\x17",
            // BSON, serialised Java, Smile, Parquet, ORC, Arrow.
            b"\x64\0\0\0\x10EventID\0\x17\x13\0\0",
            b"\xac\xed\0\x05sr\0\x11java.util.HashMap",
            b":)\n\x05\xfa\x86EventID",
            b"PAR1\x15\x04\x15\x10",
            b"ORC\x08\x03\x10",
            b"ARROW1\0\0\xff\xff\xff\xff",
            b"\0\0\0{\0\0\0\"\0\0\0a",
        ] {
            assert!(is_binary(record), "{}", record.escape_ascii());
        }
    }

    #[test]
    fn text_is_not_binary() {
        for record in [
            &b""[..],
            b"\0\0\0\0",
            b"hello\0",
            b"\0\0\0{\"a\": 1}\0",
            b"{\x01\"a\":\0 1}",
            b"<13>\x01Mar  2",
            b"[\x02]",
            b"\x1b[32minfo\x1b[0m started",
            b"\x1e{\"a\": 1}",
            b"\xef\xbb\xbf{\"a\": 1}",
            b"{\0\"\0a\0",
            b"\xff\xfe<\0E\0v\0",
            b"Mar\t2\r\n",
            "Übung".as_bytes(),
            b"\xdcbung",
            b"a text that has a NUL behind its first bytes\0\0",
        ] {
            assert!(!is_binary(record), "{}", record.escape_ascii());
        }
    }
}
