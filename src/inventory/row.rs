//! One object of an export: names folded to lower case, each with its values.

use std::collections::BTreeMap;

/// One object of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// The line at which it begins, from 1; in JSON the number of the object.
    pub line: u64,
    fields: BTreeMap<String, Vec<String>>,
}

impl Row {
    /// An empty row that begins at this line.
    pub(crate) fn at(line: u64) -> Row {
        Row { line, fields: BTreeMap::new() }
    }

    /// Adds a value. Empty ones do not count.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        let value = value.trim();
        if !value.is_empty() {
            self.fields.entry(folded(name)).or_default().push(value.to_owned());
        }
    }

    /// The first value of the first of these names that has one. Names are compared by their letters and digits.
    pub(crate) fn first(&self, names: &[&str]) -> Option<&str> {
        self.all(names).first().map(String::as_str)
    }

    /// All values of the first of these names that has one.
    pub(crate) fn all(&self, names: &[&str]) -> &[String] {
        let of = |name: &&str| self.fields.get(&folded(name));
        names.iter().find_map(of).map_or(&[], Vec::as_slice)
    }

    /// The items of the lists in the values. `Export-Csv` writes a list only where the script joined it: by blanks, commas or
    /// semicolons.
    pub(crate) fn list(&self, names: &[&str]) -> impl Iterator<Item = &str> {
        let values = self.all(names).iter();
        values.flat_map(|value| value.split([' ', ',', ';', '|'])).filter(|item| !item.is_empty())
    }

    /// Whether a value has this character.
    pub(crate) fn has(&self, character: char) -> bool {
        self.fields.values().flatten().any(|value| value.contains(character))
    }

    /// Whether it has no value.
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// A name by its letters and digits.
pub(crate) fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
