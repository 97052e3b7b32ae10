//! The explanation as text.

use crate::detect::Notice;
use crate::detect::audit::read_by;
use crate::detect::catalogue;
use crate::detect::needs::of_activity;
use crate::engine::{Answer, Explained, Known};
use crate::event::Event;
use crate::replay::explain::checkpoint::Recalled;
use crate::replay::explain::known::Remembered;
use crate::replay::explain::{Explanation, Fate};
use crate::replay::show::style::{BOLD, DIM, WARN, paint};
use crate::replay::show::text::{plain, wrap};
use std::collections::BTreeSet;

/// The most characters of a state that are shown.
const MAX_STATE: usize = 400;

/// The explanation as lines of so many columns.
pub(crate) fn text(explanation: &Explanation, width: usize) -> String {
    let mut words = Words { text: String::new(), width };
    words.unread(&explanation.unread);
    for (place, fate) in &explanation.fates {
        words.line(&paint(BOLD, &plain(&format!("{}:{}", place.source, place.offset))));
        words.lines("  ", WARN, &in_words(fate));
        words.line("");
    }
    for (event, explained) in &explanation.events {
        words.event(event, explained);
    }
    words.text
}

/// What is remembered of each name, as lines of so many columns.
pub(crate) fn remembered(all: &[Remembered], unread: &[(String, String)], width: usize) -> String {
    let mut words = Words { text: String::new(), width };
    words.unread(unread);
    all.iter().for_each(|one| {
        words.remembered(one, "nothing is known of it: no event of these inputs is about it")
    });
    words.text
}

/// What checkpoints have of each name, as lines of so many columns.
pub(crate) fn recalled(recalled: &Recalled, topic: &str, width: usize) -> String {
    let mut words = Words { text: String::new(), width };
    words.lines("", DIM, &of_when(recalled, topic));
    for why in &recalled.unread {
        words.lines("", WARN, &format!("not restored, so its state is missing here: {why}"));
    }
    words.line("");
    recalled
        .names
        .iter()
        .for_each(|one| words.remembered(one, "nothing is known of it in these checkpoints"));
    words.text
}

/// The moment of which the state is.
fn of_when(recalled: &Recalled, topic: &str) -> String {
    let with = recalled.written.len();
    let times = match (recalled.written.iter().min(), recalled.written.iter().max()) {
        (Some(first), Some(last)) if first == last => format!(" of {first}"),
        (Some(first), Some(last)) => format!(" of {first} to {last}"),
        (Some(_) | None, Some(_) | None) => String::new(),
    };
    let of = recalled.partitions;
    format!(
        "{topic}: {with} of {of} partitions have a checkpoint{times}. What the stage saw after it is not here."
    )
}

fn in_words(fate: &Fate) -> String {
    match fate {
        Fate::Filtered => "discarded unparsed: it has no trace of an event that a detection reads".to_owned(),
        Fate::Ignored(Some(id)) => format!(
            "event {id} is not of interest: no detection reads it, or it lacks what matters, such as a certificate"
        ),
        Fate::Ignored(None) => "not of interest: it has no event id".to_owned(),
        Fate::Rejected(why) => format!("rejected: {why}"),
        Fate::Unconcerned(event) => {
            format!(
                "decoded as {}, and no detection has a use for it",
                event.activity.name().replace('_', " ")
            )
        }
    }
}

struct Words {
    text: String,
    width: usize,
}

impl Words {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn lines(&mut self, indent: &str, style: anstyle::Style, text: &str) {
        for line in wrap(&plain(text), self.width.saturating_sub(indent.len())) {
            self.line(&format!("{indent}{}", paint(style, &line)));
        }
    }

    fn remembered(&mut self, one: &Remembered, nothing: &str) {
        self.lines("", BOLD, &one.name);
        if one.known.is_empty() {
            self.lines("  ", WARN, nothing);
        }
        one.moments.iter().for_each(|moment| self.lines("  ", DIM, moment));
        let mut heading = "";
        for (detection, Known { entity, state }) in &one.known {
            let state = state.as_deref().unwrap_or("nothing: what it knew is over");
            if std::mem::replace(&mut heading, detection) != *detection {
                self.line(&format!("  {}", paint(BOLD, detection)));
            }
            self.lines("    ", DIM, &format!("{entity}: it remembers {}", short(state)));
        }
        self.line("");
    }

    fn unread(&mut self, unread: &[(String, String)]) {
        for (source, why) in unread {
            let missing = format!("not read, so its events are missing here: {source}: {why}");
            self.lines("", WARN, &missing);
        }
    }

    fn event(&mut self, event: &Event, explained: &Explained) {
        let origin = &event.origin;
        let id = origin.event_id.map_or_else(String::new, |id| format!(" (event {id})"));
        let kind = event.activity.name().replace('_', " ");
        let heading =
            format!("{}:{}: {kind}{id}, {}, on {}", origin.source, origin.offset, event.time, event.computer);
        self.lines("", BOLD, &heading);
        if explained.late {
            self.lines("  ", WARN, "late: more than an hour behind the events before it");
        }
        let (concerned, others): (Vec<&Answer>, Vec<&Answer>) =
            explained.answers.iter().partition(|answer| answer.has_looked());
        concerned.iter().for_each(|answer| self.answer(answer));
        let (reads, not): (Vec<&Answer>, Vec<&Answer>) =
            others.iter().partition(|answer| read_by(answer.detection).contains(&origin.event_id));
        reads.iter().for_each(|answer| self.unconcerned(event, answer));
        self.list("do not read such events", not.iter().map(|answer| answer.detection));
        let on: BTreeSet<&str> = explained.answers.iter().map(|answer| answer.detection).collect();
        let all = catalogue::all().into_iter().map(|about| about.id);
        self.list("switched off", all.filter(|id| !on.contains(id)));
        self.line("");
    }

    /// A detection that looked at the event.
    fn answer(&mut self, answer: &Answer) {
        self.line(&format!("  {}", paint(BOLD, answer.detection)));
        for alert in &answer.alerts {
            let what = if alert.revision == 1 { "raised" } else { "revised" };
            let (severity, id) = (alert.severity.as_str(), alert.alert_id);
            let raised =
                format!("{what} alert {id}, revision {}, {severity}: {}", alert.revision, alert.title);
            self.lines("    ", WARN, &raised);
            for reason in &alert.reasons {
                self.lines("      ", DIM, &format!("{}: {}", reason.code, reason.text));
            }
        }
        if answer.alerts.is_empty() {
            self.lines("    ", DIM, &silence(&answer.notices));
        }
        for (before, after) in answer.before.iter().zip(&answer.after) {
            self.state(before, after);
        }
    }

    fn state(&mut self, before: &Known, after: &Known) {
        let change = match before == after {
            true => "unchanged by it",
            false => "changed by it",
        };
        let known = match &before.state {
            None => "nothing was remembered".to_owned(),
            Some(state) => format!("it remembered {}", short(state)),
        };
        self.lines("    ", DIM, &format!("{}: {known}; {change}", before.entity));
    }

    /// A detection that reads such events, but not this one.
    fn unconcerned(&mut self, event: &Event, answer: &Answer) {
        let needs = of_activity(event.activity.name())
            .filter(|need| need.detection == answer.detection && !need.is_met(event));
        let missing: BTreeSet<&str> = needs.map(|need| need.field).collect();
        let why = match missing.is_empty() {
            true => "this one is none of its business: no entity of it is looked at".to_owned(),
            false => format!("this one lacks {}", missing.into_iter().collect::<Vec<_>>().join(", ")),
        };
        self.line(&format!("  {}", paint(BOLD, answer.detection)));
        self.lines("    ", DIM, &format!("reads such events, but {why}"));
    }

    fn list<'a>(&mut self, label: &str, detections: impl Iterator<Item = &'a str>) {
        let detections: Vec<&str> = detections.collect();
        if !detections.is_empty() {
            self.lines("  ", DIM, &format!("{label}: {}", detections.join(", ")));
        }
    }
}

/// Why a detection that looked at the event raised no alert, as far as it reports that.
fn silence(notices: &[Notice]) -> String {
    let reasons = notices.iter().map(|notice| match notice {
        Notice::Suppressed { .. } => {
            "a finding, which adds nothing to the alert that is open: suppressed".to_owned()
        }
        Notice::Excepted { .. } => "an alert, which an exception of the policy silences".to_owned(),
        Notice::Training { entity, days, needed, .. } => {
            format!("no alert before its baseline of {entity} is trained: {days} of {needed} days")
        }
    });
    let reasons: Vec<String> = reasons.collect();
    match reasons.is_empty() {
        true => "looked at it, and found nothing".to_owned(),
        false => reasons.join("; "),
    }
}

/// A state in at most [`MAX_STATE`] characters.
fn short(state: &str) -> String {
    let (kept, all): (String, usize) = (state.chars().take(MAX_STATE).collect(), state.chars().count());
    if all > MAX_STATE { format!("{kept}… ({all} characters)") } else { kept }
}
