//! Values without names: named by their position, or, where a collector left empty ones out, by what they look like.

use crate::decode::layout::named::Named;
use crate::decode::names;
use crate::decode::rejection::{Reason, Rejection};

/// The values with their names, which the order in the manifest gives.
pub(crate) fn named(id: u32, values: &[String]) -> Result<Named, Rejection> {
    let names = names::of(id);
    if names::counts(id).contains(&values.len()) || values.len() > names.len() {
        return Ok(zip(names.iter().copied(), values));
    }
    let mut all = Vec::new();
    assignments(names, values, 0, &mut Vec::new(), &mut all);
    let unclear = |detail: String| Rejection::new(Reason::PositionUnclear, detail);
    let Some(first) = all.first() else {
        let known = names::counts(id).iter().map(usize::to_string).collect::<Vec<_>>().join(" or ");
        return Err(unclear(format!(
            "{} values without names, not {known}, and they do not fit",
            values.len()
        )));
    };
    match all.iter().all(|other| needed(names, other) == needed(names, first)) {
        true => Ok(zip(first.iter().map(|at| names[*at]), values)),
        false => Err(unclear(format!(
            "{} values without names: which of them are left out is not clear",
            values.len()
        ))),
    }
}

fn zip(names: impl Iterator<Item = &'static str>, values: &[String]) -> Named {
    let mut named = Named::default();
    names.zip(values).for_each(|(name, value)| named.push(name, value.as_str()));
    named
}

/// How many ways to place the values are compared.
const MAX_ASSIGNMENTS: usize = 256;

/// Every way to give the values names in their order so that each looks like what its name means.
fn assignments(
    names: &[&str],
    values: &[String],
    from: usize,
    chosen: &mut Vec<usize>,
    all: &mut Vec<Vec<usize>>,
) {
    let Some(value) = values.get(chosen.len()) else {
        all.push(chosen.clone());
        return;
    };
    let left = values.len() - chosen.len();
    for at in from..=names.len().saturating_sub(left) {
        if all.len() >= MAX_ASSIGNMENTS {
            return;
        }
        if names::fits(names[at], value) {
            chosen.push(at);
            assignments(names, values, at + 1, chosen, all);
            chosen.pop();
        }
        if names::is_required(names[at]) {
            return;
        }
    }
}

/// Which value each field gets that decides something.
fn needed(names: &[&str], chosen: &[usize]) -> Vec<Option<usize>> {
    let deciding = names.iter().enumerate().filter(|(_, name)| names::decides(name));
    deciding.map(|(at, _)| chosen.iter().position(|c| *c == at)).collect()
}
