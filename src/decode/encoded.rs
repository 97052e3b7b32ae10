//! Text in base64, inside a JSON string or as a whole record: JSON, event XML, what syslog servers and QRadar keep
//! (`payload`), and the same behind gzip, as CloudWatch Logs and Kinesis hand it on.

use crate::decode::{bytes, compressed};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Some encoders leave the padding out.
const PAD_OR_NOT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Whether a string begins as text of interest in base64 does: `{`, `[{`, `<` before a digit or `?`, `<Eve`, `LEEF:`,
/// `CEF:`, or gzip. The prefilter and the decoder ask here.
pub(crate) fn begins(string: &[u8]) -> bool {
    match string {
        // `{"`, `{ "`, `{` and a line end.
        [b'e', b'y', b'J' | b'A', ..] | [b'e', b'w', b'o' | b'0', ..] => true,
        // `<1`, then a digit or `>`: the priority of syslog.
        [b'P', b'D', third, fourth, ..] => {
            (b"AEIMQUYcgk".contains(third) && (b"wxyz+".contains(fourth) || (b'0'..=b'5').contains(fourth)))
                || (*third, *fourth) == (b'9', b'4')
        }
        _ => ["W3s", "PEV2", "TEVFRj", "Q0VGO", "H4sI"]
            .iter()
            .any(|begin| string.starts_with(begin.as_bytes())),
    }
}

/// The text that a string holds in base64; none where it begins in another way, or is none.
pub(crate) fn text(string: &str) -> Option<String> {
    let engine = GeneralPurpose::new(&STANDARD, PAD_OR_NOT);
    let bytes = begins(string.as_bytes()).then(|| engine.decode(string.trim_ascii_end()).ok()).flatten()?;
    let bytes = match compressed::kind(&bytes) {
        Some(kind) => compressed::inflated(&bytes, kind).ok()?,
        None => bytes,
    };
    Some(bytes::text(&bytes).0.into_owned())
}

#[cfg(test)]
mod tests {
    use crate::decode::encoded::{begins, text};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn texts_of_interest_are_known_by_their_beginning() {
        for plain in [
            "{\"a\": 1}",
            "{ \"a\": 1}",
            "{\n\"a\": 1}",
            "{\r\n\"a\": 1}",
            "[{\"a\": 1}]",
            "<Event></Event>",
            "<?xml version='1.0'?>",
            "LEEF:1.0|",
            "CEF:0|",
        ] {
            let encoded = STANDARD.encode(plain);
            assert_eq!(text(&encoded).as_deref(), Some(plain), "{encoded}");
        }
        for priority in 0..=191 {
            let encoded = STANDARD.encode(format!("<{priority}>Apr 07 13:20:30 host a"));
            assert!(begins(encoded.as_bytes()), "{encoded}");
        }
        for plain in ["PDC01.corp.example", "eyes", "ewer", "<html>", "text"] {
            assert_eq!(text(plain), None, "{plain}");
        }
        assert_eq!(text(&STANDARD.encode("<html>")), None);
    }
}
