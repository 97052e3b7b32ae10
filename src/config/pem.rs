//! What a file holds where a certificate or a key in PEM is meant: for messages that name the mistake.

use crate::config::bounded;
use std::path::Path;

/// What a setting wants of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Certificate,
    /// A private key. `password`: the setting for its password, and whether it is set.
    Key {
        password: Option<(&'static str, bool)>,
    },
}

/// The longest file that is looked at: bundles of CAs have some hundred kilobytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Why a file is not what a setting wants, as far as its text shows; `None` if nothing is wrong that is known here.
pub(crate) fn mistake(path: &Path, wanted: Wanted) -> Option<String> {
    let bytes = bounded::bytes(path, MAX_BYTES).ok()??;
    why(&bytes, wanted, path).map(|why| format!("{} {why}", path.display()))
}

fn why(bytes: &[u8], wanted: Wanted, path: &Path) -> Option<String> {
    if let Some(why) = no_pem(bytes, wanted, path) {
        return Some(why);
    }
    let text = String::from_utf8_lossy(bytes);
    if text.contains("----------BEGIN") {
        return Some(
            "has `-----END` and the next `-----BEGIN` in one line: put a line end between them".to_owned(),
        );
    }
    let has = |label: &str| text.contains(&format!("-----BEGIN {label}-----"));
    let has_certificate = ["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"].into_iter().any(has);
    let has_key = text.contains("PRIVATE KEY-----") && !has("OPENSSH PRIVATE KEY");
    match wanted {
        Wanted::Certificate if has_certificate => None,
        Wanted::Certificate if has_key => Some("has a private key and no certificate".to_owned()),
        Wanted::Certificate if text.contains("CERTIFICATE REQUEST-----") => {
            Some("has a certificate request: use the certificate that the CA issued for it".to_owned())
        }
        Wanted::Certificate => Some("has no certificate in PEM".to_owned()),
        Wanted::Key { .. } if has("OPENSSH PRIVATE KEY") => {
            Some("has a key in the format of OpenSSH: `ssh-keygen -p -m PEM` writes PEM".to_owned())
        }
        Wanted::Key { .. } if has_certificate && !has_key => {
            Some("has a certificate and no private key".to_owned())
        }
        Wanted::Key { .. } if !has_key => Some("has no private key in PEM".to_owned()),
        Wanted::Key { password } if is_encrypted(&text) => locked(password, path),
        Wanted::Key { .. } => None,
    }
}

/// Files that are no text in PEM at all.
fn no_pem(bytes: &[u8], wanted: Wanted, path: &Path) -> Option<String> {
    let path = path.display();
    let why = match bytes {
        [] => "is empty".to_owned(),
        // A sequence of ASN.1.
        [0x30, ..] if std::str::from_utf8(bytes).is_err() => {
            let command = if wanted == Wanted::Certificate { "x509" } else { "pkey" };
            format!(
                "is DER or PKCS#12, not PEM: `openssl {command} -inform DER -in {path}` prints PEM from DER, \
                 `openssl pkcs12 -in {path}` from PKCS#12"
            )
        }
        [0xfe, 0xed, 0xfe, 0xed, ..] => {
            "is a keystore of Java, not PEM: `keytool -importkeystore -deststoretype PKCS12` and \
             `openssl pkcs12` convert it"
                .to_owned()
        }
        // OpenSSL would skip what begins in the first line, also without an error.
        [0xef, 0xbb, 0xbf, ..] => "begins with a byte order mark: save it without".to_owned(),
        _ if bytes.contains(&0) => "is not text: is it UTF-16? Save it as UTF-8".to_owned(),
        _ => return None,
    };
    Some(why)
}

fn is_encrypted(text: &str) -> bool {
    text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED")
}

fn locked(password: Option<(&str, bool)>, path: &Path) -> Option<String> {
    match password {
        Some((_, true)) => None,
        Some((setting, false)) => Some(format!("has a key with a password: set {setting}")),
        None => Some(format!(
            "has a key with a password, which cannot be set here: `openssl pkey -in {}` prints it without",
            path.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

    fn said(bytes: &[u8], wanted: Wanted) -> String {
        why(bytes, wanted, Path::new("a.pem")).unwrap_or_default()
    }

    #[test]
    fn file_of_another_kind_than_a_certificate_is_named() {
        let said = |bytes: &[u8]| said(bytes, Wanted::Certificate);
        let glued = format!("{}{CERTIFICATE}", CERTIFICATE.trim_end());
        let utf16: Vec<u8> = CERTIFICATE.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, why) in [
            (&b""[..], "is empty"),
            (b"hello", "has no certificate in PEM"),
            (KEY.as_bytes(), "has a private key and no certificate"),
            (b"-----BEGIN EC PRIVATE KEY-----\n", "has a private key and no certificate"),
            (b"-----BEGIN CERTIFICATE REQUEST-----\n", "has a certificate request"),
            (b"-----BEGIN PUBLIC KEY-----\n", "has no certificate in PEM"),
            (b"\x30\x82\x03\x0a", "`openssl x509 -inform DER -in a.pem`"),
            (b"\xfe\xed\xfe\xed\0", "keystore of Java"),
            (format!("\u{feff}{CERTIFICATE}").as_bytes(), "byte order mark"),
            (&utf16, "UTF-16"),
            (glued.as_bytes(), "put a line end between them"),
        ] {
            assert!(said(bytes).contains(why), "{:?}: {}", String::from_utf8_lossy(bytes), said(bytes));
        }
        for right in [CERTIFICATE.to_owned(), CERTIFICATE.repeat(2), format!("# ours\r\n{KEY}{CERTIFICATE}")]
        {
            assert_eq!(said(right.as_bytes()), "");
        }
    }

    #[test]
    fn file_of_another_kind_than_a_key_is_named() {
        let set = |set| Wanted::Key { password: Some(("kafka.tls.key_password", set)) };
        let encrypted = KEY.replace("PRIVATE", "ENCRYPTED PRIVATE");
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n";
        assert_eq!(said(CERTIFICATE.as_bytes(), set(false)), "has a certificate and no private key");
        assert!(said(b"-----BEGIN OPENSSH PRIVATE KEY-----\n", set(false)).contains("OpenSSH"));
        assert!(said(b"-----BEGIN PUBLIC KEY-----\n", set(true)).contains("no private key"));
        assert!(said(b"\x30\x82\x03\x0a", set(true)).contains("`openssl pkey -inform DER"));
        for locked in [&encrypted, old] {
            assert!(said(locked.as_bytes(), set(false)).ends_with("set kafka.tls.key_password"));
            assert!(said(locked.as_bytes(), Wanted::Key { password: None }).contains("prints it without"));
            assert_eq!(said(locked.as_bytes(), set(true)), "");
        }
        for right in [KEY.to_owned(), format!("{CERTIFICATE}{KEY}")] {
            assert_eq!(said(right.as_bytes(), set(false)), "");
            assert_eq!(said(right.as_bytes(), set(true)), "");
        }
    }
}
