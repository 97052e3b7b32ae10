//! Source records in, routed records out: one batch at a time, without state beyond it.

use crate::decode::prefilter::Prefilter;
use crate::decode::rejection::Rejection;
use crate::decode::{Decoded, Decoder, Place};
use crate::detect::policy::Policy;
use crate::engine::Routes;
use crate::event::host::Host;
use crate::stage::port::{DeadLetter, FilteredRun, RouterCommit, SourcePartition, SourceRecord};
use crate::wire;
use std::collections::BTreeMap;

/// How the records of one topic are read.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Throws away what cannot matter.
    pub prefilter: Prefilter,
    /// Reads the rest.
    pub decoder: Decoder,
}

impl Source {
    /// The source that this decoder reads.
    pub fn new(decoder: Decoder) -> Source {
        Source { prefilter: Prefilter::for_format(decoder.format), decoder }
    }
}

/// Routes records: what becomes of one depends on nothing but its bytes, its source and the policy.
#[derive(Debug)]
pub struct RouterTask {
    routes: Routes,
    partitions: u32,
    sources: BTreeMap<String, Source>,
    other: Source,
    next: BTreeMap<SourcePartition, u64>,
    batch: RouterCommit,
    /// What the batch holds for each partition and is no whole record yet.
    open: Vec<Vec<u8>>,
    batch_records: usize,
    batch_bytes: usize,
    /// Events of each CA that the policy names.
    heard: BTreeMap<Host, u64>,
}

/// A record of the routed topic is closed when it has so many bytes: many events, and far from what a broker refuses.
const RECORD_BYTES: usize = 64 * 1024;

/// What became of a source record: exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Routed {
    /// Below the position: it is routed already.
    Skipped,
    /// It has no value.
    Tombstone,
    /// Thrown away unread.
    Filtered,
    /// Well formed, and nothing of interest in it.
    Ignored,
    /// Events, but no detection's business.
    Unconcerned,
    /// At least one of its events went to at least one partition.
    Sent,
    /// At least one thing in it was rejected: it is a dead letter, and its other events went on.
    Rejected,
}

impl Routed {
    /// All, in order.
    pub const ALL: [Routed; 7] = [
        Routed::Skipped,
        Routed::Tombstone,
        Routed::Filtered,
        Routed::Ignored,
        Routed::Unconcerned,
        Routed::Sent,
        Routed::Rejected,
    ];

    /// The snake_case word for metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Routed::Skipped => "skipped",
            Routed::Tombstone => "tombstone",
            Routed::Filtered => "filtered",
            Routed::Ignored => "ignored",
            Routed::Unconcerned => "unconcerned",
            Routed::Sent => "sent",
            Routed::Rejected => "rejected",
        }
    }
}

impl RouterTask {
    /// A router to `partitions` partitions; a topic that `sources` does not name is read as any format.
    pub fn new(policy: &Policy, partitions: u32, sources: BTreeMap<String, Source>) -> RouterTask {
        RouterTask {
            routes: Routes::new(policy),
            partitions,
            sources,
            other: Source::default(),
            next: BTreeMap::new(),
            batch: RouterCommit::default(),
            open: Vec::new(),
            batch_records: 0,
            batch_bytes: 0,
            heard: policy.cas.keys().map(|name| (Host::new(name), 0)).collect(),
        }
    }

    /// How many events came of each CA that the policy names, also such as concern no detection. Other computers are not
    /// counted: their names come from events, and there may be any number of them.
    pub fn heard(&self) -> &BTreeMap<Host, u64> {
        &self.heard
    }

    /// From now on the records of this topic are read so. What a partition that was started brought before stays as it is.
    pub fn read_as(&mut self, topic: String, source: Source) {
        self.sources.insert(topic, source);
    }

    /// A partition begins at this offset. One without a committed offset gets one with the next batch, so that a crash does not
    /// move its beginning.
    pub fn start(&mut self, partition: SourcePartition, offset: u64, is_committed: bool) {
        if !is_committed {
            self.note_offset(&partition, offset);
        }
        self.next.insert(partition, offset);
    }

    /// A partition is gone. What the batch holds of it must have been committed or dropped before.
    pub fn stop(&mut self, partition: &SourcePartition) {
        self.next.remove(partition);
    }

    /// The next offset of a partition that was started.
    pub fn position(&self, partition: &SourcePartition) -> Option<u64> {
        self.next.get(partition).copied()
    }

    /// Whether a record of this topic may matter. A tombstone may not be asked about: it has no value.
    pub fn may_matter(&self, topic: &str, value: &[u8]) -> bool {
        self.sources.get(topic).unwrap_or(&self.other).prefilter.may_matter(value)
    }

    /// Notes records that were thrown away where they were read.
    pub fn on_filtered(&mut self, run: &FilteredRun) -> Routed {
        let Some(next) = self.next.get_mut(&run.from).filter(|next| **next < run.next) else {
            return Routed::Skipped;
        };
        *next = run.next;
        self.batch_records += usize::try_from(run.records).unwrap_or(usize::MAX);
        self.note_offset(&run.from, run.next);
        Routed::Filtered
    }

    /// Routes one record.
    pub fn on_record(&mut self, record: SourceRecord) -> Routed {
        let Some(next) = self.next.get_mut(&record.from).filter(|next| **next <= record.offset) else {
            return Routed::Skipped;
        };
        *next = record.offset + 1;
        self.batch_records += 1;
        self.note_offset(&record.from, record.offset + 1);
        let Some(value) = &record.value else { return Routed::Tombstone };
        if !self.may_matter(&record.from.topic, value) {
            return Routed::Filtered;
        }
        let found = self.decode(&record, value);
        match found.rejection {
            Some(rejection) => {
                self.dead(record, rejection, found.rejections);
                Routed::Rejected
            }
            None if found.sent > 0 => Routed::Sent,
            None if found.events > 0 => Routed::Unconcerned,
            None => Routed::Ignored,
        }
    }

    fn decode(&mut self, record: &SourceRecord, value: &[u8]) -> Found {
        let RouterTask {
            routes,
            partitions,
            sources,
            other,
            batch,
            open,
            batch_records,
            batch_bytes,
            heard,
            ..
        } = self;
        let source = sources.get(&record.from.topic).unwrap_or(other);
        let place = Place {
            source: record.from.topic.clone(),
            partition: i32::try_from(record.from.partition).ok(),
            offset: record.offset,
            append_time: record.append_time,
            trace: record.trace.clone(),
        };
        let mut found = Found::default();
        source.decoder.decode(value, &place, &mut |decoded| match decoded {
            Ok(Decoded::Event(event)) => {
                found.events += 1;
                if let Some(events) = heard.get_mut(&event.computer) {
                    *events += 1;
                }
                let concerned = routes.partitions(&event, *partitions);
                found.sent += concerned.len();
                *batch_records += concerned.len();
                let bytes = if concerned.is_empty() { Vec::new() } else { wire::event::encode(&event) };
                *batch_bytes += bytes.len() * concerned.len();
                for partition in concerned {
                    let record = slot(open, partition);
                    wire::routed::push(record, &bytes);
                    if record.len() >= RECORD_BYTES {
                        batch.routed.push((partition, std::mem::take(record)));
                    }
                }
            }
            Ok(Decoded::Ignored(_)) => {}
            Err(rejection) => {
                found.rejections += 1;
                found.rejection.get_or_insert(rejection);
            }
        });
        found
    }

    /// One dead letter for a record, however many things in it are wrong: it holds the whole record.
    fn dead(&mut self, record: SourceRecord, rejection: Rejection, rejections: usize) {
        let detail = match rejections {
            0 | 1 => rejection.detail,
            more => format!("{} (and {} more)", rejection.detail, more - 1),
        };
        let bytes = record.value.unwrap_or_default();
        self.batch_bytes += bytes.len();
        self.batch.dead.push(DeadLetter {
            from: record.from,
            offset: record.offset,
            append_time: record.append_time,
            reason: rejection.reason.as_str(),
            detail,
            record: bytes,
        });
    }

    fn note_offset(&mut self, partition: &SourcePartition, offset: u64) {
        match self.batch.offsets.iter_mut().find(|(of, _)| of == partition) {
            Some((_, next)) => *next = offset,
            None => self.batch.offsets.push((partition.clone(), offset)),
        }
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.batch.offsets.is_empty()
    }

    /// Records in and events out, and the bytes that are to be written.
    pub fn batch_size(&self) -> (usize, usize) {
        (self.batch_records, self.batch_bytes)
    }

    /// The batch, one transaction. It is committed, or all partitions begin again at their committed offsets
    /// ([`RouterTask::restart`]).
    pub fn take_commit(&mut self) -> RouterCommit {
        (self.batch_records, self.batch_bytes) = (0, 0);
        let open = (0..).zip(&mut self.open).filter(|(_, record)| !record.is_empty());
        self.batch.routed.extend(open.map(|(partition, record)| (partition, std::mem::take(record))));
        std::mem::take(&mut self.batch)
    }

    /// Forgets the batch and all positions: what is not committed is read again.
    pub fn restart(&mut self) {
        self.take_commit();
        self.next.clear();
    }
}

/// What is open for a partition.
fn slot(open: &mut Vec<Vec<u8>>, partition: u32) -> &mut Vec<u8> {
    let index = partition as usize;
    if open.len() <= index {
        open.resize_with(index + 1, Vec::new);
    }
    &mut open[index]
}

#[derive(Debug, Default)]
struct Found {
    events: usize,
    sent: usize,
    rejections: usize,
    rejection: Option<Rejection>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::mismatch;

    fn from() -> SourcePartition {
        SourcePartition { topic: "windows".to_owned(), partition: 3 }
    }

    fn router() -> RouterTask {
        let mut router = RouterTask::new(&Policy::default(), 24, BTreeMap::new());
        router.start(from(), 10, true);
        router
    }

    fn record(offset: u64, value: Option<&str>) -> SourceRecord {
        let value = value.map(|value| value.as_bytes().to_vec());
        SourceRecord { from: from(), offset, append_time: None, trace: None, value }
    }

    #[test]
    fn events_are_counted_for_the_cas_that_the_policy_names() {
        let cas = ["CA01.corp.example", "ca02.corp.example"].map(|host| (host.to_owned(), "CA".to_owned()));
        let policy = Policy { cas: cas.into_iter().collect(), ..Policy::default() };
        let mut router = RouterTask::new(&policy, 24, BTreeMap::new());
        router.start(from(), 10, true);
        let event = mismatch(1);
        let other = crate::event::Event { computer: Host::new("ca03.corp.example"), ..event.clone() };
        for (offset, event) in [(10, &event), (11, &other), (12, &event)] {
            router.on_record(record(offset, Some(&serde_json::to_string(event).unwrap_or_default())));
        }
        let heard: Vec<(&str, u64)> =
            router.heard().iter().map(|(ca, events)| (ca.as_str(), *events)).collect();
        assert_eq!(heard, [("ca01.corp.example", 2), ("ca02.corp.example", 0)]);
    }

    #[test]
    fn every_record_has_one_outcome() {
        let event = serde_json::to_string(&mismatch(1)).unwrap_or_default();
        let unconcerned = r#"{"time": "2026-03-02T09:00:00Z", "computer": "ca01", "share_accessed": {
            "account": "CORP\\bob", "share": "\\\\*\\C$", "target": "x", "access_mask": 1}}"#;
        let cases = [
            (9, Some(&*event), Routed::Skipped),
            (10, None, Routed::Tombstone),
            (11, Some("{\"EventID\": 4624}"), Routed::Filtered),
            (12, Some("{\"winlog\": {\"event_id\": 4624, \"x\": 4887}}"), Routed::Ignored),
            (13, Some(unconcerned), Routed::Unconcerned),
            (14, Some(&*event), Routed::Sent),
            (15, Some("{\"EventID\": 4887"), Routed::Rejected),
            (15, Some(&*event), Routed::Skipped),
        ];
        let mut router = router();
        for (offset, value, expect) in cases {
            assert_eq!(router.on_record(record(offset, value)), expect, "{offset}");
        }
        let batch = router.take_commit();
        assert_eq!(batch.offsets, [(from(), 16)]);
        assert_eq!(batch.routed.len(), Routes::new(&Policy::default()).partitions(&mismatch(1), 24).len());
        assert_eq!(batch.dead.iter().map(|dead| dead.offset).collect::<Vec<_>>(), [15]);
        assert!(router.is_empty());
    }

    #[test]
    fn a_record_is_one_dead_letter_however_much_is_wrong() {
        let mut router = router();
        let events = "{\"EventID\": 4887, \"Channel\": \"Security\"},".repeat(5);
        let wrapped = format!("[{}]", events.trim_end_matches(','));
        assert_eq!(router.on_record(record(10, Some(&wrapped))), Routed::Rejected);
        let batch = router.take_commit();
        assert_eq!(batch.dead.len(), 1);
        assert!(batch.dead[0].detail.ends_with("(and 4 more)"), "{}", batch.dead[0].detail);
    }

    #[test]
    fn what_a_batch_sends_to_a_partition_goes_together_in_order() {
        let mut router = router();
        let events: Vec<_> = (1..=2000).map(mismatch).collect();
        for (offset, event) in (10..).zip(&events) {
            router.on_record(record(offset, Some(&serde_json::to_string(event).unwrap_or_default())));
        }
        let (sent, bytes) = (router.batch_size().0 - events.len(), router.batch_size().1);
        let batch = router.take_commit();
        let sizes: Vec<usize> = batch.routed.iter().map(|(_, record)| record.len()).collect();
        assert!(sizes.len() > 4 && sizes.iter().all(|size| *size < RECORD_BYTES + 1000), "{sizes:?}");
        assert!(sizes.iter().sum::<usize>() > bytes && sizes.len() < sent / 100, "{sizes:?}");
        let mut requests: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for (partition, record) in &batch.routed {
            let of = requests.entry(*partition).or_default();
            of.extend(wire::routed::decode(record).filter_map(|event| event.unwrap().origin.record_id));
        }
        assert_eq!(requests.values().map(Vec::len).sum::<usize>(), sent);
        assert!(requests.values().all(|of| of.is_sorted()), "in the order in which they were read");
        assert!(router.is_empty() && router.take_commit().routed.is_empty());
    }

    #[test]
    fn a_trace_context_goes_with_the_event() {
        let event = serde_json::to_string(&mismatch(1)).unwrap_or_default();
        let trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
        let mut router = router();
        router.on_record(SourceRecord { trace: trace.clone(), ..record(10, Some(&event)) });
        let (_, bytes) = router.take_commit().routed.remove(0);
        let routed = wire::routed::decode(&bytes).next().unwrap().unwrap();
        assert_eq!(routed.origin.trace, trace);
        let evidence = crate::detect::report::evidence(&routed);
        assert_eq!(evidence.fields.get("traceparent"), trace.as_ref());
    }

    #[test]
    fn where_a_partition_begins_is_committed() {
        let mut router = router();
        assert!(router.is_empty());
        router.start(SourcePartition { partition: 4, ..from() }, 7, false);
        assert_eq!(router.take_commit().offsets, [(SourcePartition { partition: 4, ..from() }, 7)]);
        router.restart();
        assert_eq!(router.on_record(record(10, None)), Routed::Skipped, "not before it is started again");
    }

    #[test]
    fn what_was_thrown_away_where_it_was_read_moves_the_offset_all_the_same() {
        let mut router = router();
        let run = |next, records| FilteredRun { from: from(), next, records };
        assert_eq!(router.on_filtered(&run(14, 4)), Routed::Filtered);
        assert_eq!(router.on_filtered(&run(14, 4)), Routed::Skipped, "it came before");
        assert_eq!(router.on_record(record(13, None)), Routed::Skipped);
        assert_eq!((router.position(&from()), router.batch_size().0), (Some(14), 4));
        assert_eq!(router.take_commit().offsets, [(from(), 14)]);
    }
}
