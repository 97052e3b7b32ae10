//! What belongs at a place of the config, by the schema of its type: for messages that name the fields and values.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

/// The schema of a type.
pub(crate) struct Fields(Value);

impl Fields {
    pub(crate) fn of<T: JsonSchema>() -> Fields {
        let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
        Fields(settings.into_generator().into_root_schema_for::<T>().to_value())
    }

    /// The schema of the whole.
    pub(crate) fn top(&self) -> Place<'_> {
        Place(Some(&self.0))
    }

    /// The schema of the value at a path, or of the nearest one above it that has one.
    pub(crate) fn at(&self, path: &Path) -> Place<'_> {
        let mut schema = &self.0;
        for step in path.iter() {
            match below(schema, step) {
                Some(next) => schema = next,
                None => return Place(None),
            }
        }
        Place(Some(schema))
    }
}

/// The schema of one value; none where it is not known.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a>(Option<&'a Value>);

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    std::iter::once(schema).chain(schema["anyOf"].as_array().into_iter().flatten())
}

fn below<'a>(schema: &'a Value, step: &Segment) -> Option<&'a Value> {
    alternatives(schema).find_map(|schema| match step {
        Segment::Seq { .. } => schema.get("items"),
        Segment::Map { key } => {
            let field = schema["properties"].get(key);
            field.or_else(|| schema.get("additionalProperties").filter(|any| any.is_object()))
        }
        Segment::Enum { .. } | Segment::Unknown => None,
    })
}

impl<'a> Place<'a> {
    /// A value whose type is not known.
    #[cfg(test)]
    pub(crate) const NOWHERE: Place<'static> = Place(None);

    /// What belongs at a step below this place.
    pub(crate) fn below(self, step: &Segment) -> Place<'a> {
        Place(self.0.and_then(|schema| below(schema, step)))
    }

    /// Whether the names in this mapping are free.
    pub(crate) fn has_free_names(self) -> bool {
        let mut all = self.0.into_iter().flat_map(alternatives);
        all.any(|schema| schema["additionalProperties"].is_object())
    }

    /// The names of the fields of a mapping.
    pub(crate) fn fields(self) -> Vec<&'a str> {
        let all = self.0.into_iter().flat_map(alternatives);
        all.filter_map(|schema| schema["properties"].as_object())
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// The texts that are allowed.
    pub(crate) fn choices(self) -> Vec<&'a str> {
        let all = || self.0.into_iter().flat_map(alternatives);
        let named = all().filter_map(|schema| schema["oneOf"].as_array()).flatten();
        let named = named.filter_map(|choice| choice["const"].as_str());
        let plain = all().filter_map(|schema| schema["enum"].as_array()).flatten().filter_map(Value::as_str);
        named.chain(plain).collect()
    }

    /// The elements of a list.
    pub(crate) fn elements(self) -> Place<'a> {
        Place(self.0.and_then(|schema| alternatives(schema).find_map(|schema| schema.get("items"))))
    }

    /// Whether the value is a length of time.
    pub(crate) fn is_length_of_time(self) -> bool {
        self.0.into_iter().flat_map(alternatives).any(|schema| schema["title"] == "length of time")
    }

    /// Whether the value may be a text.
    pub(crate) fn accepts_text(self) -> bool {
        self.0.into_iter().flat_map(alternatives).any(|schema| schema["type"] == "string")
    }

    /// An example of the value, where the names in a mapping are free.
    pub(crate) fn example(self) -> Option<&'a Value> {
        let schema = self.0.filter(|schema| schema["additionalProperties"].is_object())?;
        schema["examples"].get(0)
    }
}
