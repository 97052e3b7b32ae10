//! Records that are compressed as a whole: gzip is read, as CloudWatch Logs sends it on; other compression is rejected.
//!
//! This is not the compression of Kafka's batches, which the client undoes.

use crate::decode::limits::MAX_RECORD_BYTES;
use crate::decode::rejection::{Reason, Rejection};
use flate2::read::MultiGzDecoder;
use std::io::Read;

/// How compressed bytes begin.
const MAGICS: [(&str, &[u8]); 5] = [
    (GZIP, &[0x1f, 0x8b, 0x08]),
    ("zstd", &[0x28, 0xb5, 0x2f, 0xfd]),
    ("lz4", &[0x04, 0x22, 0x4d, 0x18]),
    ("snappy", b"\xff\x06\x00\x00sNaPpY"),
    ("zip", b"PK\x03\x04"),
];
const GZIP: &str = "gzip";

/// How a record is compressed, if it is.
pub(crate) fn kind(record: &[u8]) -> Option<&'static str> {
    // Text begins with none of these bytes but the last.
    match record.first() {
        Some(0x1f | 0x28 | 0x04 | 0xff | b'P') => {
            MAGICS.iter().find(|(_, magic)| record.starts_with(magic)).map(|(name, _)| *name)
        }
        Some(_) | None => None,
    }
}

/// What a record of this kind holds. A text that is longer than a record may be is not read.
pub(crate) fn inflated(record: &[u8], kind: &str) -> Result<Vec<u8>, Rejection> {
    if kind != GZIP {
        let detail = format!("the record is compressed with {kind}, which is read in files only");
        return Err(Rejection::new(Reason::UnknownFormat, detail));
    }
    let mut text = Vec::new();
    let read = MultiGzDecoder::new(record).take(MAX_RECORD_BYTES as u64 + 1).read_to_end(&mut text);
    match read {
        Ok(_) if text.len() > MAX_RECORD_BYTES => {
            let detail = format!("more than {MAX_RECORD_BYTES} bytes behind gzip");
            Err(Rejection::new(Reason::TooLarge, detail))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(Rejection::new(Reason::UnknownFormat, format!("broken gzip: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::compressed::{inflated, kind};
    use crate::decode::limits::MAX_RECORD_BYTES;
    use crate::decode::rejection::Reason;
    use flate2::Compression;
    use flate2::read::GzEncoder;
    use std::io::Read;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        GzEncoder::new(text, Compression::fast()).read_to_end(&mut out).unwrap();
        out
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
    fn text_is_not_compressed() {
        for text in ["{}", "<Event>", "(a)", "PKI", "", "\u{1f}"] {
            assert_eq!(kind(text.as_bytes()), None, "{text}");
        }
        assert_eq!(kind(b"\x28\xb5\x2f\xfd\x04"), Some("zstd"));
    }
}
