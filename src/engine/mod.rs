//! RUNS THE DETECTIONS over one partition: events in, alerts and changed state out.
//!
//! Deterministic: alerts and state are a function of the events in their order, and of the policy. There is no clock, no
//! randomness, and nothing depends on the order of a hash map.

mod clock;
mod routes;
mod answer;
mod operator;
mod policies;

pub use crate::detect::Notice;
pub use crate::engine::answer::{Answer, Explained, Known};
pub use crate::engine::routes::Routes;

use crate::alert::Alert;
use crate::detect::asked;
use crate::detect::catalogue;
use crate::detect::exception::Exception;
use crate::detect::facts::{self, Facts};
use crate::detect::policy::Policy;
use crate::detect::{ALLOWED_LATENESS, Context, Place, Training};
use crate::engine::clock::StreamClock;
use crate::engine::operator::{Operator, Operators};
use crate::engine::policies::Policies;
use crate::event::Event;
use crate::event::host::Host;
use crate::event::time::{Span, Time};
use crate::state::key::EntityKey;
use crate::state::store::{Change, Hour, KeyedStore};
use crate::wire::record::{Marker, StateRecord};
use std::collections::BTreeMap;
use std::fmt;

/// Changes when a detection decides differently or reads its state differently.
pub const LOGIC_VERSION: u32 = 5;

/// The oldest logic that can read the state this one writes.
pub const MINIMUM_READER: u32 = 1;

/// All detections that are switched on, and what they remember of one partition.
#[derive(Debug)]
pub struct Engine {
    policies: Policies,
    exceptions: Vec<Exception>,
    policy_version: String,
    operators: Vec<Box<dyn Operator>>,
    facts: Facts,
    clock: StreamClock,
    watermark: Time,
}

/// What one event led to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// Alerts, and revisions of earlier ones.
    pub alerts: Vec<Alert>,
    /// What detections report beside alerts.
    pub notices: Vec<Notice>,
    /// The same alerts as events, for the entities of the stories that they may be part of, and findings that are part of an alert
    /// of their requester. They are events like others, and end there: an alert that they lead to has none.
    pub links: Vec<Event>,
    /// How many entities of detections the event concerned. None: it is no detection's business.
    pub concerned: u32,
    /// Older than the allowed lateness.
    pub late: bool,
}

/// How far the baseline of a CA that the policy names is trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaTraining {
    /// Id of the detection.
    pub detection: &'static str,
    /// The CA, by the name of its host.
    pub ca: Host,
    /// The days of data that the baseline has and needs.
    pub training: Training,
}

/// The size of what is remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateSize {
    /// Entities and parts of entities.
    pub records: usize,
    /// Bytes of their records, without what the store adds.
    pub bytes: usize,
}

/// Why a checkpoint cannot be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestoreError {
    /// Written by a logic that this one cannot read.
    TooNew {
        /// The oldest logic that can.
        minimum_reader: u32,
    },
    /// A record's key is not 16 bytes.
    BadKey,
    /// The records are not those the marker speaks of.
    WrongDigest {
        /// How many there are.
        records: u64,
        /// How many there should be.
        expected: u64,
    },
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RestoreError::TooNew { minimum_reader } => {
                write!(
                    f,
                    "the checkpoint needs logic version {minimum_reader} or newer, this is {LOGIC_VERSION}"
                )
            }
            RestoreError::BadKey => f.write_str("a state record has a key that is not 16 bytes"),
            RestoreError::WrongDigest { records, expected } => {
                write!(
                    f,
                    "the state's digest does not match its marker ({records} records, {expected} expected)"
                )
            }
        }
    }
}

impl std::error::Error for RestoreError {}

impl Engine {
    /// An engine that remembers nothing.
    pub fn new(policy: Policy) -> Engine {
        let mut operators = Operators::default();
        catalogue::visit(&policy, &mut operators);
        let policy_version = policy.version();
        Engine {
            policies: Policies::new(&policy),
            exceptions: policy.exceptions,
            policy_version,
            operators: operators.0,
            facts: Facts::default(),
            clock: StreamClock::new(),
            watermark: Time::MIN,
        }
    }

    /// Whether any detection is interested in the event.
    pub fn concerns(&self, event: &Event) -> bool {
        let mut concerned = false;
        self.each_place(event, &mut |_| concerned = true);
        concerned
    }

    fn each_place(&self, event: &Event, found: &mut dyn FnMut(Place)) {
        let policy = self.policies.always();
        Facts::entities(event, policy, &mut |entity| found(entity.place(facts::ID)));
        self.operators.iter().for_each(|op| op.places(event, policy, &mut *found));
    }

    /// Runs every detection that the event concerns, and then those that the alerts on it concern.
    pub fn on_event(&mut self, event: &Event) -> Output {
        let mut output = self.on_event_where(event, |_| true);
        for link in std::mem::take(&mut output.links) {
            let further = self.on_event_where(&link, |_| true);
            output.alerts.extend(further.alerts);
            output.notices.extend(further.notices);
        }
        output
    }

    /// The partitions of `partitions` in which the entities live that an event concerns, each once, in order.
    pub fn partitions(&self, event: &Event, partitions: u32) -> Vec<u32> {
        let mut concerned = Vec::new();
        self.each_place(event, &mut |place| match place.partition(partitions) {
            Some(partition) => concerned.push(partition),
            None => concerned.extend(0..partitions),
        });
        concerned.sort_unstable();
        concerned.dedup();
        concerned
    }

    /// Runs the detections whose entity lives here: of an event that was routed to several partitions, each runs its own.
    pub fn on_event_where(&mut self, event: &Event, lives_here: impl Fn(Place) -> bool) -> Output {
        let at = event.effective_time();
        let behind = Span::millis(self.clock.now().as_millis().saturating_sub(at.as_millis()));
        let (facts, policy_version) = (&self.facts, &self.policy_version);
        let period = self.policies.at(at, self.operators.iter().map(|operator| operator.id()));
        let mut output = Output { late: behind > ALLOWED_LATENESS, ..Output::default() };
        for (n, operator) in self.operators.iter_mut().enumerate() {
            let mut cx =
                Context::new(operator.about(), period.of(n), &self.exceptions, facts, policy_version, behind);
            output.concerned += operator.on_event(event, &lives_here, &mut cx);
            output.alerts.append(&mut cx.alerts);
            output.notices.append(&mut cx.notices);
            output.links.append(&mut cx.links);
        }
        // Detections compare what changed with what was known before.
        output.concerned += self.facts.learn(event, self.policies.always(), &lives_here);
        if Facts::may_protect(event) {
            self.policies.protect(self.facts.protected());
        }
        self.advance(event);
        output
    }

    /// Runs every detection as [`Engine::on_event`] does, and reports what each of them knew and made of the event.
    pub fn explain(&mut self, event: &Event) -> Explained {
        let before = self.known(event);
        let output = self.on_event(event);
        let answer = |(before, after): (Vec<Known>, Vec<Known>), detection: &'static str| Answer {
            detection,
            before,
            after,
            alerts: output.alerts.iter().filter(|alert| alert.detection == detection).cloned().collect(),
            notices: output
                .notices
                .iter()
                .filter(|notice| notice.detection() == detection)
                .cloned()
                .collect(),
        };
        let known = before.into_iter().zip(self.known(event));
        let answers = known.zip(&self.operators).map(|(known, operator)| answer(known, operator.id()));
        Explained { late: output.late, answers: answers.collect() }
    }

    fn known(&self, event: &Event) -> Vec<Vec<Known>> {
        self.operators.iter().map(|operator| operator.known(event, self.policies.always())).collect()
    }

    /// What each detection remembers of all that a person may mean by this name, and the facts of such an account; without what
    /// is remembered of the members of a CA.
    pub fn recall(&mut self, name: &str) -> Vec<(&'static str, Known)> {
        let entities = asked::entities(name, self.policies.always());
        let of_detection = |operator: &mut Box<dyn Operator>| {
            let (id, known) = (operator.id(), operator.recall(&entities));
            known.into_iter().map(move |known| (id, known))
        };
        let mut recalled: Vec<(&'static str, Known)> =
            self.operators.iter_mut().flat_map(of_detection).collect();
        let facts = self.facts.recall(&entities).into_iter();
        recalled.extend(facts.map(|(entity, facts)| (facts::ID, Known { entity, state: Some(facts) })));
        recalled
    }

    /// Moves the stream time, and forgets garbage once a day of it. An alert that comes late from another partition shows that one's
    /// time, and moves nothing back.
    fn advance(&mut self, event: &Event) {
        self.watermark = self.watermark.max(event.effective_time());
        let day = self.clock.now().day();
        let is_alert = event.activity.raised().is_some();
        if !is_alert || event.effective_time() >= self.clock.now() {
            self.clock.observe(event);
        }
        let now = self.clock.now();
        if now.day() > day {
            self.stores().for_each(|(_, store)| {
                store.sweep(now);
            });
            self.policies.protect(self.facts.protected());
        }
    }

    /// Whether state under this id is remembered: that of a detection which is switched on, and the facts.
    pub fn remembers(&self, id: &str) -> bool {
        id == facts::ID || self.operators.iter().any(|operator| operator.id() == id)
    }

    /// The fingerprint of its policy.
    pub fn policy_version(&self) -> &str {
        &self.policy_version
    }

    /// The greatest event time seen.
    pub fn watermark(&self) -> Time {
        self.watermark
    }

    /// How much is remembered.
    pub fn size(&self) -> StateSize {
        let facts = self.facts.store();
        let of_detections = self.operators.iter().map(|operator| operator.size());
        let (records, bytes) = of_detections
            .fold((facts.len(), facts.record_bytes()), |sum, size| (sum.0 + size.0, sum.1 + size.1));
        StateSize { records, bytes }
    }

    /// How far the baselines are trained of the CAs that the policy names and that live here. Others are not reported: their names
    /// come from events, and there may be any number of them.
    pub fn trainings(&self, lives_here: impl Fn(Place) -> bool) -> Vec<CaTraining> {
        let mut trainings = Vec::new();
        for ca in self.policies.always().cas.keys().map(|name| Host::new(name)) {
            for operator in &self.operators {
                let trained = operator.training(&ca).filter(|(place, _)| lives_here(*place));
                trainings.extend(trained.map(|(_, training)| CaTraining {
                    detection: operator.id(),
                    ca: ca.clone(),
                    training,
                }));
            }
        }
        trainings
    }

    /// The digest of all that is remembered.
    pub fn digest(&self) -> u128 {
        let of_detections = self.operators.iter().map(|operator| operator.digest());
        of_detections.fold(self.facts.store().digest(), u128::wrapping_add)
    }

    /// About how many records [`Engine::take_changes`] would give.
    pub fn changes(&self) -> usize {
        let of_detections = self.operators.iter().map(|operator| operator.changes());
        of_detections.sum::<usize>() + self.facts.store().changes()
    }

    /// The state that changed since this was last asked: what a checkpoint writes.
    pub fn take_changes(&mut self) -> Vec<StateRecord> {
        let of = |(id, store): (&'static str, &mut KeyedStore)| {
            store.take_changes().into_iter().map(move |change| state_record(id, change))
        };
        self.stores().flat_map(of).collect()
    }

    /// What is remembered, with the id under which checkpoints hold it.
    fn stores(&mut self) -> impl Iterator<Item = (&'static str, &mut KeyedStore)> {
        let of_detections = self.operators.iter_mut().map(|operator| (operator.id(), operator.store()));
        of_detections.chain([(facts::ID, self.facts.store_mut())])
    }

    /// Goes on under another policy, as [`Engine::restore`] from a checkpoint that is taken now would. State of a detection that the
    /// policy switches off is dropped; returns the ids of these detections with the keys, as checkpoints hold them.
    pub fn change_policy(&mut self, policy: Policy) -> Vec<(String, Vec<u8>)> {
        let mut before = std::mem::replace(self, Engine::new(policy));
        let mut dropped = Vec::new();
        for (id, store) in before.stores() {
            match self.stores().find(|(known, _)| *known == id) {
                Some((_, place)) => *place = std::mem::take(store),
                None => dropped.extend(store.keys().into_iter().map(|key| (id.to_owned(), record_key(key)))),
            }
        }
        self.clock = before.clock;
        self.watermark = before.watermark;
        self.policies.protect(self.facts.protected());
        dropped
    }

    /// What closes a checkpoint taken now, with the next offset to apply and the number of partitions of the log; 0 without a log.
    pub fn marker(&self, input_offset: u64, partitions: u32) -> Marker {
        Marker {
            input_offset,
            digest: self.digest().to_be_bytes().to_vec(),
            records: self.size().records as u64,
            watermark_ms: self.watermark.as_millis(),
            logic_version: LOGIC_VERSION,
            minimum_reader: MINIMUM_READER,
            policy_version: self.policy_version.clone(),
            clock: self.clock.readings(),
            partitions,
        }
    }

    /// The engine that wrote these records, the newest of each key, and this marker.
    ///
    /// State of a detection that is switched off or gone counts for the digest and is dropped.
    ///
    /// # Errors
    /// When the records are not those of the marker, or were written by a logic that this one cannot read.
    pub fn restore(
        policy: Policy,
        marker: &Marker,
        records: impl IntoIterator<Item = StateRecord>,
    ) -> Result<Engine, RestoreError> {
        if marker.minimum_reader > LOGIC_VERSION {
            return Err(RestoreError::TooNew { minimum_reader: marker.minimum_reader });
        }
        let mut engine = Engine::new(policy);
        // Detections may remember the same entity.
        let mut unclaimed: BTreeMap<String, KeyedStore> = BTreeMap::new();
        for record in records {
            let key: [u8; 16] = record.key.as_slice().try_into().map_err(|_| RestoreError::BadKey)?;
            let change = Change {
                key: EntityKey::from_bits(u128::from_be_bytes(key)),
                expires: Hour(record.expires_hours),
                record: record.state.map(Vec::into_boxed_slice),
            };
            let store = engine.stores().find(|(id, _)| *id == record.detection);
            match store {
                Some((_, store)) => store.restore(change),
                None => unclaimed.entry(record.detection).or_default().restore(change),
            }
        }
        let digest = unclaimed.values().map(KeyedStore::digest).fold(engine.digest(), u128::wrapping_add);
        let restored =
            (engine.size().records + unclaimed.values().map(KeyedStore::len).sum::<usize>()) as u64;
        if digest.to_be_bytes().as_slice() != marker.digest || restored != marker.records {
            return Err(RestoreError::WrongDigest { records: restored, expected: marker.records });
        }
        engine.watermark = Time::from_millis(marker.watermark_ms);
        engine.clock = StreamClock::restored(&marker.clock, engine.watermark);
        engine.policies.protect(engine.facts.protected());
        Ok(engine)
    }
}

/// A key as checkpoints hold it.
fn record_key(key: EntityKey) -> Vec<u8> {
    key.to_bits().to_be_bytes().to_vec()
}

fn state_record(detection: &str, change: Change) -> StateRecord {
    StateRecord {
        detection: detection.to_owned(),
        key: record_key(change.key),
        expires_hours: change.expires.0,
        state: change.record.map(Vec::from),
    }
}
