//! Names of activities.

/// The name of an activity for a person, `certificate issued`.
pub(crate) fn in_words(activity_name: &str) -> String {
    activity_name.replace('_', " ")
}
