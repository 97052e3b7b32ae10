//! Settings of the policy that exclude each other: a detection that could never alert, or an exception that silences nothing.

use crate::config::mistake::Mistake;
use crate::detect::policy::Policy;
use crate::event::time::Span;

/// Days that a baseline remembers, as a bit each.
const BASELINE_DAYS: u32 = 64;

/// Days that `ca-silent` remembers of a bit of the audit filter.
const AUDIT_DAYS: u32 = 60;

/// Settings of the detections that exclude each other.
pub(crate) fn of(policy: &Policy) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let baseline = &policy.certlog_remote_write;
    let (training, activation) = (u32::from(baseline.training_days), u32::from(baseline.activation_days));
    if training < activation {
        mistakes.push(Mistake::of(
            "policy.certlog_remote_write.activation_days",
            format!(
                "{activation} days of data are needed and training_days remembers {training}: the detection would never \
                 alert"
            ),
        ));
    }
    mistakes.extend(unreachable_days(policy));
    for (domain, suffixes) in &policy.domains {
        if suffixes.is_empty() {
            let message = "has no suffix: every name of the domain would be another's";
            mistakes.push(Mistake::of(format!("policy.domains.{domain}"), message));
        }
    }
    mistakes.extend(exceptions(policy));
    mistakes
}

/// Numbers of days that a baseline can never have.
fn unreachable_days(policy: &Policy) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let training = policy.ca_silent.training_days;
    if training > AUDIT_DAYS {
        mistakes.push(Mistake::of(
            "policy.ca_silent.training_days",
            format!(
                "{training} days are more than the {AUDIT_DAYS} that are remembered: no event of the audit filter would ever be \
                 missed"
            ),
        ));
    }
    let template = &policy.unusual_template;
    if template.remember > Span::days(i64::from(BASELINE_DAYS)) {
        let message =
            format!("{} is more than the {BASELINE_DAYS}d that a baseline remembers", template.remember);
        mistakes.push(Mistake::of("policy.unusual_template.remember", message));
    } else if Span::days(i64::from(template.ordinary_days)) > template.remember {
        mistakes.push(Mistake::of(
            "policy.unusual_template.ordinary_days",
            format!(
                "{} days do not fit into remember: {}: no template would ever be ordinary",
                template.ordinary_days, template.remember
            ),
        ));
    }
    mistakes
}

/// Exceptions that would silence nothing, whole detections, or any client that states the name of a host.
fn exceptions(policy: &Policy) -> impl Iterator<Item = Mistake> {
    policy.exceptions.iter().enumerate().filter_map(|(n, exception)| {
        let message = if exception.detections.is_empty() {
            "names no detection: it would silence nothing"
        } else if !exception.is_about_something() {
            "is about nothing: it would silence whole detections, which `enabled: false` switches off"
        } else if exception.rests_on_the_client() && !is_of_observed_hosts(&exception.detections) {
            "rests on `remote_host`, which is what the client of a request states: name the account, the computer, the address \
             or the templates too"
        } else {
            return None;
        };
        Some(Mistake::of(format!("policy.exceptions[{n}]"), message))
    })
}

/// Whether the CA itself observes the host of all these alerts.
fn is_of_observed_hosts(detections: &[String]) -> bool {
    detections.iter().all(|detection| detection == "certlog-remote-write")
}
