//! Secrets: the config names their place, a file or a variable, and never their value.

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
    /// A file. Line ends at its end do not belong to the secret.
    File(PathBuf),
}

impl Secret {
    /// Reads the secret.
    ///
    /// # Errors
    /// The place cannot be read, or is empty. The error does not contain the secret.
    pub fn reveal(&self) -> Result<String, String> {
        let secret = match self {
            Secret::Env(name) => variable(name)?,
            Secret::File(path) => std::fs::read_to_string(path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?,
        };
        let secret = secret.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(format!("{} is empty", self.place()));
        }
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
