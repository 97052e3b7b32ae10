//! What the detections remember of an account, a CA or a certificate after all events of the inputs.

use crate::engine::{Engine, Known};
use crate::event::fold::fold;
use crate::event::serial::Serial;
use crate::host::exit::Failure;
use crate::replay::explain::{Gathering, Request};
use crate::replay::inputs::Inputs;
use std::collections::BTreeMap;

/// What is remembered of one name.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// The name that was asked for.
    pub name: String,
    /// By detection, with the entity.
    pub known: Vec<(&'static str, Known)>,
    /// The moments of the states that it was found in; none: that of the end of the inputs.
    pub moments: Vec<String>,
}

/// The answers, and the inputs that were not read to their end, each with the reason.
pub(crate) type Answers = (Vec<Remembered>, Vec<(String, String)>);

/// Replays the inputs. What an event leaves of an entity stands until the next event about it.
///
/// # Errors
/// A temporary file cannot be written or read.
pub(crate) fn about(names: &[String], request: &Request) -> Result<Answers, Failure> {
    let mut engine = Engine::new(request.policy.clone());
    let inputs = Inputs::list(&request.paths);
    let (order, explanation) = Gathering::new(request, &engine, &[]).read(&inputs)?;
    let mut all: Vec<BTreeMap<(&'static str, String), Known>> =
        names.iter().map(|_| BTreeMap::new()).collect();
    for event in order.finish()? {
        let (_, event) = event?;
        for answer in engine.explain(&event).answers {
            for known in answer.after {
                let asked = names.iter().zip(&mut all).filter(|(name, _)| names_entity(name, &known.entity));
                asked.for_each(|(_, of_name)| {
                    of_name.insert((answer.detection, known.entity.clone()), known.clone());
                });
            }
        }
    }
    let remembered = names.iter().zip(all).map(|(name, known)| {
        let known = known.into_iter().map(|((detection, _), known)| (detection, known)).collect();
        Remembered { name: name.clone(), known, moments: Vec::new() }
    });
    Ok((remembered.collect(), explanation.unread))
}

/// Whether a person who writes this name means the entity: `domain\name`, `domain\name@ca`, a UPN, a host, or the id of a
/// request.
fn names_entity(name: &str, entity: &str) -> bool {
    let name = fold(name).replace('/', "\\");
    let (account, ca) = entity.split_once('@').map_or((entity, None), |(account, ca)| (account, Some(ca)));
    let without_domain = account.rsplit_once('\\').map_or(account, |(_, name)| name);
    // Some detections count what happens to a name in whatever domain.
    let in_any_domain = account
        .strip_prefix('\\')
        .is_some_and(|bare| name.rsplit_once('\\').is_some_and(|(_, name)| name == bare));
    // The domain of a suffix is not known here: accounts of that name are shown with theirs.
    let upn = name.rsplit_once('@').filter(|_| !name.contains('\\')).map(|(local, _)| local);
    // A host is keyed by its first label.
    let label = name.split('.').next().unwrap_or_default();
    let request = Serial::parse(&name).filter(|serial| serial.to_string().len() > 16);
    let request = request.map(|serial| serial.request_id().to_string());
    entity == name
        || account == name
        || without_domain == name
        || upn.is_some_and(|local| without_domain == local)
        || in_any_domain
        || ca.is_some_and(|ca| ca == name || ca == label)
        || (!label.is_empty() && entity == label)
        || request.is_some_and(|id| entity == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_means_an_account_a_host_or_the_request_of_a_serial_number() {
        for (name, entity) in [
            ("CORP\\Ann", "corp\\ann"),
            ("ann", "corp\\ann@ca01"),
            ("CORP\\ann", "corp\\ann@ca01"),
            ("CORP\\ann", "\\ann"),
            ("CORP/ann", "corp\\ann@ca01"),
            ("ann@corp.example", "corp\\ann"),
            ("ann@corp.example", "\\ann"),
            ("ca01.corp.example", "ca01"),
            ("CA01", "corp\\ann@ca01"),
            ("5c000000c9a1b2c3d4e5f677000000000000c9", "201"),
        ] {
            assert!(names_entity(name, entity), "{name} {entity}");
        }
        for (name, entity) in [
            ("ann", "corp\\anna"),
            ("DEV\\ann", "corp\\ann"),
            ("DEV\\ann", "\\bob"),
            ("ca01", "ca011"),
            ("201", "2010"),
        ] {
            assert!(!names_entity(name, entity), "{name} {entity}");
        }
    }
}
