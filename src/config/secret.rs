//! Secrets: the config names their place, a file or a variable, and never their value.

use crate::config::bounded;
use schemars::JsonSchema;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};

/// The place of a secret: `{env: NAME}` or `{file: PATH}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// A variable of the environment.
    Env(String),
    /// A file with one line.
    File(PathBuf),
}

impl Secret {
    /// Reads the secret: one line of text. A byte order mark before it and line ends behind it do not belong to it.
    ///
    /// # Errors
    /// The place cannot be read, or holds something else. The error does not contain the secret.
    pub fn reveal(&self) -> Result<String, String> {
        let text = match self {
            Secret::Env(name) => variable(name)?,
            Secret::File(path) => text(path)?,
        };
        let secret = text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
        one_line(secret).map_err(|why| format!("{} {why}", self.place()))?;
        Ok(secret.to_owned())
    }

    /// The place, for messages.
    pub fn place(&self) -> String {
        match self {
            Secret::Env(name) => format!("the environment variable {name}"),
            Secret::File(path) => path.display().to_string(),
        }
    }
}

/// The longest file of a secret. A token has a few thousand bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// The text of a file, UTF-8 or UTF-16 with a mark at its begin, as PowerShell writes it.
fn text(path: &Path) -> Result<String, String> {
    let bytes = bounded::bytes(path, MAX_BYTES)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?
        .ok_or_else(|| {
            format!("{} has more than the {MAX_BYTES} bytes that a secret may have", path.display())
        })?;
    let (text, _, is_damaged) = encoding_rs::UTF_8.decode(&bytes);
    if is_damaged {
        return Err(format!("{} is not text in UTF-8", path.display()));
    }
    Ok(text.into_owned())
}

/// Checks that a value read from outside the config is one line of text, as it is meant.
///
/// # Errors
/// What it is instead, without the value.
pub(crate) fn one_line(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        Err("is empty")
    } else if text.contains('\0') {
        Err("contains NUL characters: is it UTF-16? Save it as UTF-8")
    } else if text.contains(['\r', '\n']) {
        Err("has several lines: a value is one line")
    } else if text.contains(char::is_control) {
        Err("contains a control character")
    } else if text.trim() != text {
        Err("begins or ends with a blank")
    } else {
        Ok(())
    }
}

/// Reads a variable of the environment.
///
/// # Errors
/// It is not set, or not UTF-8.
#[expect(clippy::disallowed_methods, reason = "the config names the variable")]
pub fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("the environment variable {name} is not set, or not UTF-8"))
}

/// Checks that a file can be opened for reading.
///
/// # Errors
/// The reason why not, with the path.
pub fn readable(path: &Path) -> Result<(), String> {
    let opened = std::fs::File::open(path);
    opened.map(drop).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// The error for a secret that is written in the config itself. It does not repeat the secret.
const PLACES: &str = "a secret is not written in the config: write {env: NAME} or {file: PATH}";

/// The error for a secret with more than one place.
const TWO_PLACES: &str = "a secret has one place: write {env: NAME} or {file: PATH}";

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Place)
    }
}

struct Place;

impl<'de> Visitor<'de> for Place {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{env: NAME} or {file: PATH}")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Secret, E> {
        Err(E::custom(PLACES))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Secret, E> {
        Err(E::custom(PLACES))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Secret, E> {
        Err(E::custom(PLACES))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Secret, E> {
        Err(E::custom(PLACES))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Secret, E> {
        Err(E::custom(PLACES))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
        let wrong = || A::Error::custom(PLACES);
        let name: String = map.next_key()?.ok_or_else(wrong)?;
        let place: String = map.next_value().map_err(|_| wrong())?;
        if let Some(second) = map.next_key::<String>()? {
            let are_places =
                [&name, &second].into_iter().all(|name| ["env", "file"].contains(&name.as_str()));
            return Err(if are_places { A::Error::custom(TWO_PLACES) } else { wrong() });
        }
        match name.as_str() {
            "env" => Ok(Secret::Env(place)),
            "file" => Ok(Secret::File(PathBuf::from(place))),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret in a file with these bytes.
    fn reveal(bytes: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, bytes).unwrap();
        Secret::File(path).reveal()
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn mark_before_a_secret_and_line_ends_behind_it_do_not_belong_to_it() {
        for bytes in [
            &b"hunter2"[..],
            b"hunter2\n",
            b"hunter2\r\n",
            b"hunter2\n\n",
            b"\xef\xbb\xbfhunter2\r\n",
            &utf16("\u{feff}hunter2\r\n"),
        ] {
            assert_eq!(reveal(bytes).as_deref(), Ok("hunter2"), "{bytes:?}");
        }
        // These may be meant.
        for text in ["a b", "$a:\\'\"#{b}", "päss", "=", "-----"] {
            assert_eq!(reveal(text.as_bytes()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn content_that_is_no_secret_is_refused_with_its_file_and_not_printed() {
        for (bytes, why) in [
            (&b""[..], "is empty"),
            (b"\n", "is empty"),
            (b"\xef\xbb\xbf\r\n", "is empty"),
            (b"  \t", "is empty"),
            (b"hunter2\nmore", "has several lines"),
            (b"\nhunter2", "has several lines"),
            (b"hunter2\r more", "has several lines"),
            (b"hunter2 \n", "begins or ends with a blank"),
            (b" hunter2", "begins or ends with a blank"),
            (b"hunter2\x1b", "contains a control character"),
            (b"hunter2\0", "contains NUL characters"),
            (&utf16("hunter2"), "contains NUL characters: is it UTF-16?"),
            (b"hunter2\xe4", "is not text in UTF-8"),
            (&[b'h'; 70_000], "has more than the 65536 bytes"),
        ] {
            let said = reveal(bytes).unwrap_err();
            assert!(said.contains("/password ") && said.contains(why), "{bytes:?}: {said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
        let folder = tempfile::tempdir().unwrap();
        let said = Secret::File(folder.path().to_owned()).reveal().unwrap_err();
        assert!(said.contains("cannot read") && said.contains("directory"), "{said}");
    }
}
