//! Secrets: the config says where they are, never what they are.

use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// In this variable of the environment.
    Env(String),
    /// In this file; a line end after it does not belong to it.
    File(PathBuf),
}

impl Secret {
    /// The secret itself.
    ///
    /// # Errors
    /// Says where nothing was found, and nothing of what was.
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

    fn place(&self) -> String {
        match self {
            Secret::Env(name) => format!("the variable {name}"),
            Secret::File(path) => path.display().to_string(),
        }
    }
}

/// What is in a variable of the environment.
///
/// # Errors
/// When it is not set.
#[expect(clippy::disallowed_methods, reason = "the config names the variable")]
pub fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("the variable {name} is not set, or not in UTF-8"))
}
