//! What is known of a certificate template.

use crate::detect::entity::Entity;
use crate::event::template::{ENROLLEE_SUPPLIES_SUBJECT, ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME, TemplateFlags};
use crate::event::{Activity, Event};
use crate::wire;
use crate::wire::record::TemplateFacts;

/// The name of the template of which the event states something, and what.
pub(crate) fn of(event: &Event) -> Option<(&str, &TemplateFlags)> {
    if let Activity::TemplateSeen(seen) = &event.activity {
        Some((&seen.internal_name, &seen.flags))
    } else if let Activity::TemplateKnown(known) = &event.activity {
        Some((&known.name, &known.flags))
    } else {
        None
    }
}

/// A template, which every partition knows.
pub(crate) fn entity(name: &str) -> Entity {
    Entity::everywhere(&format!("template {name}"))
}

/// Takes over what the event states, unless something newer is known.
pub(crate) fn learn(facts: &mut TemplateFacts, event: &Event) {
    let (Some((name, flags)), at) = (of(event), event.effective_time().as_millis()) else { return };
    if at < facts.as_of_ms {
        return;
    }
    facts.as_of_ms = at;
    name.clone_into(&mut facts.name);
    facts.flags = Some(wire::event::template::flags_to(flags));
}

impl TemplateFacts {
    /// Whether a request decides on names of the certificate; none while that is unknown.
    pub(crate) fn enrollee_supplies_names(&self) -> Option<bool> {
        let flag = self.flags.as_ref()?.name_flag?;
        Some(flag & (ENROLLEE_SUPPLIES_SUBJECT | ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME) != 0)
    }

    /// Whether a certificate of it can be used to log on: client authentication, smart card logon, PKINIT, any purpose,
    /// or no usage at all. None while that is unknown.
    pub(crate) fn allows_logon(&self) -> Option<bool> {
        const LOGON: [&str; 4] =
            ["1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.2", "1.3.6.1.5.2.3.4", "2.5.29.37.0"];
        let oids = &self.flags.as_ref()?.ekus.as_ref()?.oids;
        Some(oids.is_empty() || oids.iter().any(|oid| LOGON.contains(&oid.as_str())))
    }
}
