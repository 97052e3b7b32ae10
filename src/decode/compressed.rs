//! Records that are compressed as a whole: gzip, as CloudWatch Logs sends it on, and zlib, as GELF has it, are read; other
//! compression is rejected, and so is a part of a GELF message. Deflate without a header has no sign, so it is not seen.
//!
//! This is not the compression of Kafka's batches, which the client undoes.

use crate::decode::limits::MAX_RECORD_BYTES;
use crate::decode::rejection::{Reason, Rejection};
use flate2::{Decompress, FlushDecompress, Status};

/// How compressed bytes begin.
const MAGICS: [(&str, &[u8]); 17] = [
    (GZIP, &[0x1f, 0x8b, 0x08]),
    ("zstd", &[0x28, 0xb5, 0x2f, 0xfd]),
    ("lz4", &[0x04, 0x22, 0x4d, 0x18]),
    ("snappy", b"\xff\x06\x00\x00sNaPpY"),
    ("zip", b"PK\x03\x04"),
    (ZLIB, &[0x78, 0x01]),
    (ZLIB, &[0x78, 0x5e]),
    (ZLIB, &[0x78, 0x9c]),
    (ZLIB, &[0x78, 0xda]),
    (CHUNK_OF_GELF, &[0x1e, 0x0f]),
    // Of Java, which Kafka's own batches have too.
    ("snappy", b"\x82SNAPPY\0"),
    ("xz", b"\xfd7zXZ\0"),
    ("lz4", &[0x02, 0x21, 0x4c, 0x18]),
    ("lzop", b"\x89LZO\0"),
    ("7z", b"7z\xbc\xaf\x27\x1c"),
    ("rar", b"Rar!\x1a\x07"),
    ("bzip2", b"BZh"),
];
const GZIP: &str = "gzip";
const ZLIB: &str = "zlib";
/// Kinds that are read in files.
const IN_FILES: [&str; 2] = ["zstd", "zip"];
const CHUNK_OF_GELF: &str = "a chunk of GELF";

/// How a record is compressed, if it is.
pub(crate) fn kind(record: &[u8]) -> Option<&'static str> {
    // Text begins with few of these bytes.
    match record.first() {
        Some(
            0x1f | 0x28 | 0x04 | 0xff | b'P' | b'x' | 0x1e | 0x82 | 0xfd | 0x02 | 0x89 | b'7' | b'R' | b'B',
        ) => {
            let found = MAGICS.iter().find(|(_, magic)| record.starts_with(magic)).map(|(name, _)| *name);
            found.filter(|_| !is_text(record))
        }
        Some(_) | None => None,
    }
}

/// Whether a record is text in spite of how it begins: with `x^` or `BZh`.
fn is_text(record: &[u8]) -> bool {
    match record {
        [b'x', b'^', ..] => std::str::from_utf8(record).is_ok(),
        [b'B', rest @ ..] => rest.get(3..9) != Some(b"1AY&SY"),
        _ => false,
    }
}

/// What a record of this kind holds. A text that is longer than a record may be is not read.
pub(crate) fn inflated(record: &[u8], kind: &str) -> Result<Vec<u8>, Rejection> {
    if kind == ZLIB {
        let mut text = Vec::new();
        return inflate(record, Decompress::new(true), kind, &mut text).map(|_| text);
    }
    if kind == CHUNK_OF_GELF {
        let detail = format!("the record is {kind}, and the chunks of a message are not put together");
        return Err(Rejection::new(Reason::UnknownFormat, detail));
    }
    if kind != GZIP {
        let read = if IN_FILES.contains(&kind) { "which is read in files only" } else { "which is not read" };
        let detail = format!("the record is compressed with {kind}, {read}");
        return Err(Rejection::new(Reason::UnknownFormat, detail));
    }
    let (mut text, mut rest) = (Vec::new(), record);
    while rest.starts_with(MAGICS[0].1) {
        let end = member(rest, &mut text)?;
        rest = &rest[end..];
    }
    Ok(text)
}

/// Adds what one member of gzip (RFC 1952) holds to the text, and returns where it ends.
fn member(record: &[u8], text: &mut Vec<u8>) -> Result<usize, Rejection> {
    let start = header_end(record).ok_or_else(|| broken(GZIP))?;
    let packed = record.get(start..).unwrap_or_default();
    let end = start + inflate(packed, Decompress::new(false), GZIP, text)? + TRAILER;
    (end <= record.len()).then_some(end).ok_or_else(|| broken(GZIP))
}

/// Adds what a stream holds to the text, and returns how many bytes it takes.
fn inflate(
    packed: &[u8],
    mut inflate: Decompress,
    kind: &str,
    text: &mut Vec<u8>,
) -> Result<usize, Rejection> {
    loop {
        let read = usize::try_from(inflate.total_in()).map_err(|_| broken(kind))?;
        let before = (inflate.total_in(), inflate.total_out());
        text.reserve(CHUNK);
        let status =
            inflate.decompress_vec(packed.get(read..).unwrap_or_default(), text, FlushDecompress::None);
        if text.len() > MAX_RECORD_BYTES {
            let detail = format!("more than {MAX_RECORD_BYTES} bytes behind {kind}");
            return Err(Rejection::new(Reason::TooLarge, detail));
        }
        match status.map_err(|_| broken(kind))? {
            Status::StreamEnd => return usize::try_from(inflate.total_in()).map_err(|_| broken(kind)),
            _ if before == (inflate.total_in(), inflate.total_out()) => return Err(broken(kind)),
            Status::Ok | Status::BufError => {}
        }
    }
}

fn broken(kind: &str) -> Rejection {
    Rejection::new(Reason::UnknownFormat, format!("broken {kind}"))
}

/// How much is inflated at once, in bytes.
const CHUNK: usize = 64 * 1024;
/// The checksum and the length behind a member, in bytes.
const TRAILER: usize = 8;

/// Where the header of a member ends: ten bytes, and what its flags name.
fn header_end(record: &[u8]) -> Option<usize> {
    let flags = *record.get(3)?;
    let mut at = 10;
    if flags & 0x04 != 0 {
        at += 2 + usize::from(u16::from_le_bytes([*record.get(at)?, *record.get(at + 1)?]));
    }
    // A name and a comment, each with a zero behind it.
    for flag in [0x08, 0x10] {
        if flags & flag != 0 {
            at += memchr::memchr(0, record.get(at..)?)? + 1;
        }
    }
    Some(at + if flags & 0x02 != 0 { 2 } else { 0 })
}

#[cfg(test)]
mod tests {
    use crate::decode::compressed::{inflated, kind};
    use crate::decode::limits::MAX_RECORD_BYTES;
    use crate::decode::rejection::Reason;
    use flate2::{Compress, Compression, FlushCompress};

    /// A member with a name in its header.
    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut deflated = Vec::with_capacity(text.len() + 64);
        let mut deflate = Compress::new(Compression::fast(), false);
        deflate.compress_vec(text, &mut deflated, FlushCompress::Finish).unwrap();
        [&[0x1f, 0x8b, 8, 0x0c, 0, 0, 0, 0, 0, 3, 2, 0, b'x', b'y'], &b"name\0"[..], &deflated, &[0; 8]]
            .concat()
    }

    #[test]
    fn gzip_is_read_up_to_the_limit() {
        let two = [gzip(b"{\"a\""), gzip(b": 1}")].concat();
        assert_eq!((kind(&two), inflated(&two, "gzip").unwrap()), (Some("gzip"), b"{\"a\": 1}".to_vec()));
        let bomb = gzip(&vec![b' '; MAX_RECORD_BYTES + 1]);
        assert_eq!(inflated(&bomb, "gzip").unwrap_err().reason, Reason::TooLarge);
        assert_eq!(inflated(&two[..9], "gzip").unwrap_err().reason, Reason::UnknownFormat);
    }

    #[test]
    fn zlib_is_read_at_every_level_up_to_the_limit() {
        for level in [0, 1, 3, 6, 9] {
            let packed = |text: &[u8]| {
                let mut packed = Vec::with_capacity(2 * text.len() + 64);
                let mut deflate = Compress::new(Compression::new(level), true);
                deflate.compress_vec(text, &mut packed, FlushCompress::Finish).unwrap();
                packed
            };
            let text = "{\"message\": \"è, è, è and so on\"}".as_bytes();
            let record = packed(text);
            assert_eq!(kind(&record), Some("zlib"), "{level}");
            assert_eq!(inflated(&record, "zlib").unwrap(), text, "{level}");
            assert_eq!(inflated(&record[..20], "zlib").unwrap_err().reason, Reason::UnknownFormat);
            let bomb = packed(&vec![b' '; MAX_RECORD_BYTES + 1]);
            assert_eq!(inflated(&bomb, "zlib").unwrap_err().reason, Reason::TooLarge);
        }
    }

    #[test]
    fn chunk_of_gelf_is_rejected_with_what_it_is() {
        let chunk = b"\x1e\x0f12345678\x00\x02{\"short_message\": ";
        let rejection = inflated(chunk, kind(chunk).unwrap()).unwrap_err();
        assert_eq!(rejection.reason, Reason::UnknownFormat);
        assert!(rejection.detail.contains("a chunk of GELF"), "{rejection}");
    }

    #[test]
    fn text_is_not_compressed() {
        for text in ["{}", "<Event>", "(a)", "PKI", "", "\u{1f}", "x^2 = 4", "x\u{9c}", "\u{1e}{\"a\": 1}"] {
            assert_eq!(kind(text.as_bytes()), None, "{text}");
        }
        assert_eq!(kind(b"\x28\xb5\x2f\xfd\x04"), Some("zstd"));
    }

    #[test]
    fn what_is_not_read_is_rejected_with_its_name() {
        for (record, name) in [
            (&b"\x82SNAPPY\0\0\0\0\x01"[..], "snappy"),
            (b"\xfd7zXZ\0\0\x04", "xz"),
            (b"BZh91AY&SY\x10", "bzip2"),
            (b"\x02\x21\x4c\x18\x01", "lz4"),
            (b"\x89LZO\0\r\n", "lzop"),
            (b"7z\xbc\xaf\x27\x1c\0", "7z"),
            (b"Rar!\x1a\x07\x01\0", "rar"),
        ] {
            assert_eq!(kind(record), Some(name));
            let rejection = inflated(record, name).unwrap_err();
            assert!(rejection.detail.ends_with(&format!("{name}, which is not read")), "{rejection}");
        }
        for text in ["BZh9 is an address", "Rarely", "7zip was started", "Box"] {
            assert_eq!(kind(text.as_bytes()), None, "{text}");
        }
    }
}
