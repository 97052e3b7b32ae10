//! The life of an alert: it opens, further triggers revise it when they add something, and are suppressed when they do not.
//!
//! ```text
//!            first trigger               adds a reason, a name, or severity (escalation)
//!   nothing ──────────────▶ revision 1 ─────────────────────────────────────────▶ revision n + 1
//!                              │ ▲ adds nothing: suppressed and counted                  │
//!                              └─┘                                                       │
//!      ▲                                       lifetime is over                          │
//!      └─────────────────────────────────────────────────────────────────────────────────┘
//! ```
//! The alert that is open is part of the state of its entity. A revision keeps the id, and its severity never falls.
//!
//! An alert that an exception silences is open too, but suppresses nothing: it is written, or revised, with the first trigger
//! that the exception does not cover together with it; or that trigger opens an alert of its own. One that was never written is
//! withheld.

use crate::alert::{Alert, difference};
use crate::detect::{Context, Notice, link};
use crate::event::time::{Span, Time};
use crate::wire;
use crate::wire::record::OpenAlert;

/// How long an alert stays open: within this time of its trigger, a further trigger belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Counted from the trigger that opened it: the same finding is an alert again after this time, however often it
    /// happens in between.
    SinceOpened(Span),
    /// Counted from its latest trigger: one alert lasts as long as what it reports.
    SinceLatestTrigger(Span),
    /// As long as it is remembered: the detection chooses the alert that a trigger belongs to.
    WhileRemembered,
}

/// What became of a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A new alert, revision 1.
    Opened,
    /// A revision of the open alert.
    Revised,
    /// The open alert reports it already.
    Suppressed,
    /// An exception silences the alert or the revision.
    Withheld,
}

/// One trigger of an alert, or more evidence for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trigger {
    /// The event time of the trigger.
    pub at: Time,
    /// How long the alert stays open.
    pub lifetime: Lifetime,
}

impl Trigger {
    /// Opens an alert, revises the open one, or is suppressed, and keeps the result in `open`.
    ///
    /// `new` makes an alert that is not described yet. `describe` writes into an alert, new or open, what this trigger
    /// adds. It returns whether that is a new reason, name or the like; a higher severity is noticed here. Its second
    /// argument is how many triggers were suppressed since an alert or revision was last published.
    pub(crate) fn raise(
        self,
        open: &mut Option<OpenAlert>,
        cx: &mut Context<'_>,
        new: impl FnOnce(&Context<'_>) -> Alert,
        mut describe: impl FnMut(&mut Alert, u32) -> bool,
    ) -> Outcome {
        let suppressed = open.as_ref().map_or(0, |open| open.suppressed);
        let mut outcome = Outcome::Opened;
        if let Some(alert) = self.open_alert(open.as_ref()) {
            let is_answered = cx.silences(&alert);
            let suppressed = suppressed.saturating_add(1);
            outcome = self.revise_open(alert, is_answered, open, cx, |alert| describe(alert, suppressed));
        }
        match (outcome, open) {
            (Outcome::Revised, _) => {}
            (Outcome::Suppressed, Some(open)) => {
                open.suppressed = suppressed.saturating_add(1);
                open.last_trigger_ms = self.latest_trigger(open).as_millis();
                cx.notices.push(Notice::Suppressed { detection: cx.about.id });
            }
            (_, open) => {
                let mut alert = new(cx);
                describe(&mut alert, suppressed);
                link::complete(&mut alert);
                return self.open(alert, outcome, open, cx);
            }
        }
        outcome
    }

    /// Revises the open alert with evidence that is no trigger by itself: it opens no alert, and is not counted when it
    /// adds nothing. `describe` is that of [`Trigger::raise`]. Whether there was a revision.
    pub(crate) fn revise(
        self,
        open: &mut Option<OpenAlert>,
        cx: &mut Context<'_>,
        describe: impl FnOnce(&mut Alert, u32) -> bool,
    ) -> bool {
        let suppressed = open.as_ref().map_or(0, |open| open.suppressed);
        let Some(alert) = self.open_alert(open.as_ref()) else { return false };
        let outcome = self.revise_open(alert, false, open, cx, |alert| describe(alert, suppressed));
        if outcome == Outcome::Withheld {
            cx.notices.push(Notice::Excepted { detection: cx.about.id });
        }
        outcome == Outcome::Revised
    }

    /// Opens an alert of this trigger alone. One that exceptions silence is withheld; it does not replace an open one.
    fn open(
        self,
        mut alert: Alert,
        outcome: Outcome,
        open: &mut Option<OpenAlert>,
        cx: &mut Context<'_>,
    ) -> Outcome {
        let is_withheld = cx.silences(&alert);
        if is_withheld {
            cx.notices.push(Notice::Excepted { detection: cx.about.id });
            if outcome == Outcome::Opened {
                *open = Some(remembered(&alert, self.at, true));
            }
            return Outcome::Withheld;
        }
        // The alerts of a chain have one id: what was written under it is an earlier revision.
        let written = open.as_ref().filter(|open| outcome == Outcome::Withheld && !open.withheld);
        if let Some(before) = self.open_alert(written)
            && before.alert_id == alert.alert_id
        {
            alert.revision = before.revision + 1;
        }
        publish(alert, self.at, open, cx);
        Outcome::Opened
    }

    /// Revises the open alert, if this adds something or exceptions silence what is open.
    fn revise_open(
        self,
        mut alert: Alert,
        is_answered: bool,
        open: &mut Option<OpenAlert>,
        cx: &mut Context<'_>,
        describe: impl FnOnce(&mut Alert) -> bool,
    ) -> Outcome {
        let is_withheld = open.as_ref().is_some_and(|open| open.withheld);
        let severity = alert.severity;
        let adds = describe(&mut alert) || alert.severity > severity;
        if !adds && !is_answered && !is_withheld {
            return Outcome::Suppressed;
        }
        alert.severity = alert.severity.max(severity);
        alert.analytic = cx.about.title.to_owned();
        if !is_withheld {
            alert.revision += 1;
            if let Some(before) = self.open_alert(open.as_ref()) {
                alert.changes = difference::between(&before, &alert);
            }
        }
        alert.time = self.at;
        alert.late = cx.late;
        alert.policy_version = cx.policy_version.to_owned();
        let latest = open.as_ref().map_or(self.at, |open| self.latest_trigger(open));
        if cx.silences(&alert) {
            if is_withheld {
                *open = Some(remembered(&alert, latest, true));
            }
            return Outcome::Withheld;
        }
        publish(alert, latest, open, cx);
        Outcome::Revised
    }

    /// The alert that this trigger belongs to.
    fn open_alert(self, open: Option<&OpenAlert>) -> Option<Alert> {
        let last_trigger = |open: &OpenAlert| Time::from_millis(open.last_trigger_ms);
        let open = open.filter(|open| self.lifetime.contains(last_trigger(open), self.at))?;
        wire::alert::from_record(*open.alert.clone()?).ok()
    }

    /// The trigger from which the lifetime counts, after this one.
    fn latest_trigger(self, open: &OpenAlert) -> Time {
        let known = Time::from_millis(open.last_trigger_ms);
        match self.lifetime {
            Lifetime::SinceOpened(_) => known,
            Lifetime::SinceLatestTrigger(_) | Lifetime::WhileRemembered => known.max(self.at),
        }
    }
}

impl Lifetime {
    /// The time that it counts; none: it has no end.
    fn span(self) -> Option<Span> {
        match self {
            Lifetime::SinceOpened(span) | Lifetime::SinceLatestTrigger(span) => Some(span),
            Lifetime::WhileRemembered => None,
        }
    }

    /// Whether the alert is open for an event of this time, before or after its trigger.
    pub(crate) fn contains(self, last_trigger: Time, at: Time) -> bool {
        self.span().is_none_or(|span| last_trigger.distance(at) <= span)
    }

    /// Whether the alert is over at this time: no later event belongs to it.
    pub(crate) fn is_over(self, open: &OpenAlert, at: Time) -> bool {
        self.span().is_some_and(|span| Time::from_millis(open.last_trigger_ms).plus(span) < at)
    }
}

/// Publishes an alert or a revision, and keeps it open.
fn publish(mut alert: Alert, last_trigger: Time, open: &mut Option<OpenAlert>, cx: &mut Context<'_>) {
    cx.exceptions.iter().for_each(|exception| exception.list_uncovered(&mut alert));
    *open = Some(remembered(&alert, last_trigger, false));
    cx.alerts.push(alert);
}

fn remembered(alert: &Alert, last_trigger: Time, withheld: bool) -> OpenAlert {
    OpenAlert {
        alert: Some(Box::new(wire::alert::to_record(alert))),
        last_trigger_ms: last_trigger.as_millis(),
        suppressed: 0,
        withheld,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Reason, Severity};
    use crate::detect::domain::DomainPolicy;
    use crate::detect::exception::Exception;
    use crate::detect::facts::Facts;
    use crate::detect::report;
    use crate::detect::{About, Entity};
    use crate::event::account::Account;
    use crate::event::host::Host;
    use crate::event::{Activity, Event, Origin, RemoteFileWrite};

    const ABOUT: About = About {
        id: "test",
        title: "",
        mitre: &[],
        investigative_actions: &[],
        benign_if: &[],
        excepted_by: &[],
        severities: &[],
    };

    fn write_at(minute: i64) -> Event {
        Event {
            time: Time::from_millis(Span::minutes(minute).as_millis()),
            computer: Host::new("ca01.corp.example"),
            origin: Origin { record_id: Some(minute as u64), ..Origin::default() },
            activity: Activity::RemoteFileWrite(RemoteFileWrite::default()),
        }
    }

    /// What becomes of triggers (minute, severity, reason), each with the revision and severity of the open alert.
    fn outcomes(
        lifetime: fn(Span) -> Lifetime,
        triggers: &[(i64, Severity, &str)],
    ) -> Vec<(Outcome, u32, Severity, u32)> {
        let (policy, facts) = (DomainPolicy::default(), Facts::default());
        let mut open = None;
        let entity = Entity::account_at(&Account::parse("CORP\\ann"), &Host::new("ca01"));
        let one = |&(minute, severity, code): &(i64, Severity, &str)| {
            let event = write_at(minute);
            let mut cx = Context::new(&ABOUT, &policy, &[], &facts, "v", Span::millis(0));
            let trigger = Trigger { at: event.time, lifetime: lifetime(Span::minutes(15)) };
            let outcome = trigger.raise(
                &mut open,
                &mut cx,
                |cx| report::new_alert(&entity, &event, cx),
                |alert, _| {
                    alert.severity = alert.severity.max(severity);
                    report::add_reason(alert, Reason { code: code.to_owned(), text: String::new() })
                },
            );
            assert_eq!(cx.alerts.len(), usize::from(outcome != Outcome::Suppressed));
            assert_eq!(cx.notices.len(), usize::from(outcome == Outcome::Suppressed));
            let open: &OpenAlert = open.as_ref().unwrap();
            let alert = wire::alert::from_record(*open.alert.clone().unwrap()).unwrap();
            (outcome, alert.revision, alert.severity, open.suppressed)
        };
        triggers.iter().map(one).collect()
    }

    #[test]
    fn trigger_that_adds_nothing_is_suppressed_and_counted() {
        let outcomes = outcomes(
            Lifetime::SinceOpened,
            &[(0, Severity::High, "a"), (1, Severity::High, "a"), (2, Severity::Low, "a")],
        );
        let expected = [
            (Outcome::Opened, 1, Severity::High, 0),
            (Outcome::Suppressed, 1, Severity::High, 1),
            (Outcome::Suppressed, 1, Severity::High, 2),
        ];
        assert_eq!(outcomes, expected);
    }

    #[test]
    fn new_reason_or_higher_severity_revises_and_severity_never_falls() {
        let outcomes = outcomes(
            Lifetime::SinceOpened,
            &[(0, Severity::High, "a"), (1, Severity::Low, "b"), (2, Severity::Critical, "b")],
        );
        let expected = [
            (Outcome::Opened, 1, Severity::High, 0),
            (Outcome::Revised, 2, Severity::High, 0),
            (Outcome::Revised, 3, Severity::Critical, 0),
        ];
        assert_eq!(outcomes, expected);
    }

    #[test]
    fn revision_lists_what_it_adds_to_the_one_before() {
        let (policy, facts) = (DomainPolicy::default(), Facts::default());
        let entity = Entity::named("any");
        let mut open = None;
        let mut raise = |minute: i64, severity: Severity, code: &str, name: &str| {
            let event = write_at(minute);
            let mut cx = Context::new(&ABOUT, &policy, &[], &facts, "v", Span::millis(0));
            let trigger = Trigger { at: event.time, lifetime: Lifetime::SinceOpened(Span::hours(1)) };
            let describe = |alert: &mut Alert, _| {
                alert.severity = alert.severity.max(severity);
                let is_new = report::list_name(alert, name);
                report::add_reason(alert, report::reason(code, String::new())) || is_new
            };
            trigger.raise(&mut open, &mut cx, |cx| report::new_alert(&entity, &event, cx), describe);
            cx.alerts.pop().map(|alert| alert.changes)
        };
        assert_eq!(raise(0, Severity::Low, "a", "x"), Some(Vec::new()));
        assert_eq!(raise(1, Severity::Low, "a", "x"), None);
        let added = ["severity: high", "reasons: b", "san_values: y"].map(str::to_owned).to_vec();
        assert_eq!(raise(2, Severity::High, "b", "y"), Some(added));
        assert_eq!(raise(3, Severity::Low, "a", "z"), Some(vec!["san_values: z".to_owned()]));
    }

    #[test]
    fn excepted_trigger_suppresses_no_other() {
        let (policy, facts, entity) = (DomainPolicy::default(), Facts::default(), Entity::named("any"));
        let exceptions = [Exception { names: vec!["*.print".to_owned()], ..Exception::of("test") }];
        let mut open = None;
        let mut raise = |minute: i64, names: &[String]| {
            let event = write_at(minute);
            let mut cx = Context::new(&ABOUT, &policy, &exceptions, &facts, "v", Span::millis(0));
            let trigger = Trigger { at: event.time, lifetime: Lifetime::SinceOpened(Span::hours(1)) };
            let describe = |alert: &mut Alert, _| {
                alert.severity = Severity::High;
                names.iter().filter(|name| report::list_name(alert, name)).count() > 0
            };
            let outcome =
                trigger.raise(&mut open, &mut cx, |cx| report::new_alert(&entity, &event, cx), describe);
            (outcome, cx.alerts.pop().map(|alert| alert.san_values))
        };
        let many: Vec<String> = (0..12).map(|n| format!("p{n}.print")).collect();
        let shown = |last: &str| Some([&many[..9], &[last.to_owned()]].concat());
        assert_eq!(raise(0, &many), (Outcome::Withheld, None));
        let with_another = [&many[..], &["files".to_owned()]].concat();
        assert_eq!(raise(1, &with_another), (Outcome::Revised, shown("files")));
        assert_eq!(raise(2, &many), (Outcome::Suppressed, None), "the alert that was written has it");
    }

    #[test]
    fn withheld_alert_is_written_once_it_is_graver_than_the_exception() {
        let (policy, facts, entity) = (DomainPolicy::default(), Facts::default(), Entity::named("any"));
        let exceptions = [Exception { names: vec!["*".to_owned()], ..Exception::of("test") }];
        let event = write_at(0);
        let trigger = Trigger { at: event.time, lifetime: Lifetime::SinceOpened(Span::hours(1)) };
        let mut cx = Context::new(&ABOUT, &policy, &exceptions, &facts, "v", Span::millis(0));
        let mut open = None;
        let describe = |alert: &mut Alert, _| {
            alert.severity = Severity::High;
            report::list_name(alert, "a")
        };
        let outcome =
            trigger.raise(&mut open, &mut cx, |cx| report::new_alert(&entity, &event, cx), describe);
        assert_eq!((outcome, cx.alerts.len()), (Outcome::Withheld, 0));
        assert_eq!(cx.notices, [Notice::Excepted { detection: "test" }]);
        let again = trigger.revise(&mut open, &mut cx, |_, _| true);
        assert_eq!((again, cx.alerts.len(), cx.notices.len()), (false, 0, 2), "each one is counted");
        let worsen = |alert: &mut Alert, _| {
            alert.severity = Severity::Critical;
            report::list_name(alert, "b")
        };
        assert!(trigger.revise(&mut open, &mut cx, worsen));
        let alert = &cx.alerts[0];
        assert_eq!((alert.revision, alert.severity, &alert.changes[..]), (1, Severity::Critical, &[][..]));
        assert_eq!(alert.san_values, ["a", "b"]);
    }

    #[test]
    fn alert_that_was_written_before_its_exception_suppresses_nothing() {
        let (policy, facts, entity) = (DomainPolicy::default(), Facts::default(), Entity::named("any"));
        let until = Some(Time::from_millis(Span::minutes(20).as_millis()));
        let added = [Exception { names: vec!["a".to_owned()], until, ..Exception::of("test") }];
        let mut open = None;
        let mut raise = |minute: i64, exceptions: &[Exception], name: &str| {
            let event = write_at(minute);
            let mut cx = Context::new(&ABOUT, &policy, exceptions, &facts, "v", Span::millis(0));
            let trigger = Trigger { at: event.time, lifetime: Lifetime::SinceOpened(Span::hours(1)) };
            let describe = |alert: &mut Alert, _| report::list_name(alert, name);
            let outcome =
                trigger.raise(&mut open, &mut cx, |cx| report::new_alert(&entity, &event, cx), describe);
            (outcome, cx.alerts.pop().map(|alert| alert.revision))
        };
        assert_eq!(raise(0, &[], "a"), (Outcome::Opened, Some(1)));
        assert_eq!(raise(1, &[], "a"), (Outcome::Suppressed, None));
        assert_eq!(raise(2, &added, "a"), (Outcome::Withheld, None));
        assert_eq!(raise(30, &added, "a"), (Outcome::Revised, Some(2)), "the exception has ended");
        assert_eq!(raise(31, &added, "a"), (Outcome::Suppressed, None));
    }

    #[test]
    fn lifetime_counts_from_the_first_or_from_the_latest_trigger() {
        let triggers = [10, 20, 30].map(|minute| (minute, Severity::High, "a"));
        let of = |lifetime| outcomes(lifetime, &triggers).into_iter().map(|o| o.0).collect::<Vec<_>>();
        assert_eq!(of(Lifetime::SinceOpened), [Outcome::Opened, Outcome::Suppressed, Outcome::Opened]);
        assert_eq!(
            of(Lifetime::SinceLatestTrigger),
            [Outcome::Opened, Outcome::Suppressed, Outcome::Suppressed]
        );
    }
}
