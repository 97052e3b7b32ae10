//! Requesters that look like enrollment agents: within a day their certificates named many others.
//!
//! Such a requester gets one low alert a day with the policy line that confirms it. Its mismatches stay one alert of that
//! day instead of one for every pause.

use crate::alert::{Alert, Severity};
use crate::detect::lifecycle::Lifetime;
use crate::detect::report::{self, reason};
use crate::detect::san_mismatch::finding::{Case, set_requester};
use crate::detect::san_mismatch::memory::{ATTEMPT_MEMORY, Memory};
use crate::detect::san_mismatch::reasons::suspicious_names;
use crate::detect::san_mismatch::settings::Settings;
use crate::detect::{Context, Entity};
use crate::event::account::Sid;
use crate::event::fold::fold;
use crate::event::time::{Span, Time};
use crate::state::key;
use crate::wire;
use crate::wire::record::{OtherIdentity, SanMismatchState, WindowCertificate};

/// How long another identity counts, and how often it is reported that there are many.
const DAY: Span = Span::hours(24);

/// Notes whom an issued certificate names. One name of each counts: a web server has many.
pub(crate) fn note(settings: &Settings, state: &mut SanMismatchState, certificate: &WindowCertificate) {
    let newest = state.others.iter().map(|other| other.time_ms).fold(certificate.time_ms, i64::max);
    let oldest = Time::from_millis(newest).minus(DAY).as_millis();
    state.others.retain(|other| other.time_ms >= oldest);
    if !certificate.mismatched || certificate.sensitive || certificate.time_ms < oldest {
        return;
    }
    let Some(name) = suspicious_names(certificate).first() else { return };
    let name = key::hash(&[fold(name).as_bytes()]) as u64;
    let time_ms = certificate.time_ms;
    match state.others.iter_mut().find(|other| other.name == name) {
        Some(known) => known.time_ms = known.time_ms.max(time_ms),
        None => {
            state.others.push(OtherIdentity { name, time_ms });
            state.others.sort_by_key(|other| (other.time_ms, other.name));
            let surplus = state.others.len().saturating_sub(settings.agent_others.get() as usize);
            state.others.drain(..surplus);
        }
    }
}

/// Whether the requester named as many others within a day as an agent does.
fn looks_like_agent(settings: &Settings, state: &SanMismatchState) -> bool {
    state.others.len() >= settings.agent_others.get() as usize
}

/// How long the alert on the requester stays open. Usually as long as findings follow each other within the look-back. That
/// of a likely agent stays open for a day, and so does that of a request whose certificate is issued later.
pub(crate) fn lifetime(
    settings: &Settings,
    state: &SanMismatchState,
    memory: &Memory,
    shown: &WindowCertificate,
) -> Lifetime {
    let at = Time::from_millis(shown.time_ms);
    let opened = state.summary.as_ref().map_or(at, |open| Time::from_millis(open.opened_ms));
    if memory.of_request(shown.request_id).0 > 0 {
        Lifetime::SinceLatestTrigger(ATTEMPT_MEMORY.max(settings.look_back))
    } else if looks_like_agent(settings, state) && opened.distance(at) <= DAY {
        Lifetime::SinceLatestTrigger(DAY.max(settings.look_back))
    } else {
        Lifetime::SinceLatestTrigger(settings.look_back)
    }
}

/// Whether the open alert is over at this time, and no later event belongs to it.
pub(crate) fn is_over(settings: &Settings, state: &SanMismatchState, newest: Time) -> bool {
    state.summary.as_ref().is_some_and(|open| {
        let reach = settings.reach().max(DAY);
        Time::from_millis(open.last_trigger_ms) < newest.minus(reach)
            || (looks_like_agent(settings, state) && Time::from_millis(open.opened_ms) < newest.minus(reach))
    })
}

/// Reports once a day that the requester looks like an enrollment agent.
pub(crate) fn report(case: Case<'_>, memory: &Memory, state: &mut SanMismatchState, cx: &mut Context<'_>) {
    let at = case.event.effective_time();
    let is_reported = |ms| Time::from_millis(ms).distance(at) <= DAY;
    let is_agent =
        looks_like_agent(case.settings, state) && cx.policy.agent(&case.request.requester).is_none();
    if !is_agent || !case.shown.mismatched || state.agent_reported_ms.is_some_and(is_reported) {
        return;
    }
    let requester = &case.request.requester;
    // Another entity than that of the mismatches: the same event may open both alerts.
    let entity = Entity::named(&format!("agent {}", Entity::account_at(requester, &case.event.computer)));
    let mut alert = report::new_alert(&entity, case.event, cx);
    alert.severity = Severity::Low;
    alert.title = format!("{requester} looks like an enrollment agent: confirm it or stop it");
    alert.why_suspicious = "LooksLikeEnrollmentAgent".to_owned();
    set_requester(&mut alert, case.request, case.event);
    show(&mut alert, case, memory);
    let text = sentence(&alert, case);
    report::add_reason(&mut alert, reason("looks_like_agent", text));
    if !cx.is_excepted(&alert) {
        state.agent_reported_ms = Some(at.as_millis());
        cx.alerts.push(alert);
    }
}

fn show(alert: &mut Alert, case: Case<'_>, memory: &Memory) {
    let seen = memory.look_back(case.settings, case.event.effective_time());
    for certificate in seen.shown.iter().filter(|certificate| certificate.mismatched) {
        suspicious_names(certificate).iter().for_each(|name| _ = report::list_name(alert, name));
        report::list_template(alert, &certificate.template);
        let evidence = certificate.evidence.clone().map(wire::alert::evidence_from_record);
        evidence.into_iter().for_each(|evidence| report::add_evidence(alert, evidence));
    }
}

fn sentence(alert: &Alert, case: Case<'_>) -> String {
    let request = case.request;
    let templates = if alert.templates.is_empty() { "'*'".to_owned() } else { alert.templates.join(", ") };
    let hosts = request.client.as_ref().map(|client| format!(", hosts: [{client}]")).unwrap_or_default();
    let subjects =
        subjects(&alert.san_values).map(|form| format!(", subjects: ['{form}']")).unwrap_or_default();
    format!(
        "{who} was issued certificates that name {count} others within a day. If that is its job, the policy line is \
         `agents: {{'{who}': {{templates: [{templates}]{hosts}{subjects}}}}}`: within this profile, names of others alert no more, \
         except protected ones. If not, remove its permission to enroll",
        who = request.requester,
        count = case.settings.agent_others,
    )
}

/// The form that all the names have: `*.print.corp.example`, `*@corp.example`; none: they have several.
fn subjects(names: &[String]) -> Option<String> {
    let is_sid = |name: &String| Sid::parse(name).is_some();
    let form = |name: &String| {
        let (mark, suffix) = match name.split_once('@') {
            Some((_, suffix)) => ('@', suffix),
            None => ('.', name.split_once('.')?.1),
        };
        suffix.contains('.').then(|| format!("*{mark}{}", fold(suffix)))
    };
    let mut forms = names.iter().filter(|name| !is_sid(name)).map(form);
    let first = forms.next()??;
    forms.all(|form| form.as_ref() == Some(&first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use crate::detect::san_mismatch::others::subjects;

    #[test]
    fn form_that_all_names_have() {
        let form =
            |names: &[&str]| subjects(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            form(&["prn1.print.corp.example", "PRN2.Print.corp.example"]).as_deref(),
            Some("*.print.corp.example")
        );
        assert_eq!(
            form(&["ann@corp.example", "S-1-5-21-1-2-3-1110", "bob@corp.example"]).as_deref(),
            Some("*@corp.example")
        );
        for several in [
            &["ann@corp.example", "prn1.corp.example"][..],
            &["a.one.example", "b.two.example"],
            &["prn1"],
            &["a.example"],
            &[],
        ] {
            assert_eq!(form(several), None, "{several:?}");
        }
    }
}
