//! Every metric of the program: its name, its labels, its buckets and its help text, each once.
//!
//! A label is one of a closed set, the number of a worker, a topic and partition that the process owns, a CA that the
//! policy names, or the fingerprint of the policy; never a name from an event.

/// What a metric is: the source of `# HELP`, of `# TYPE` and of `docs/metrics.md`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Definition {
    /// The name as it is exported, with prefix and unit.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// The names of its labels, in the order in which values are given.
    pub labels: &'static [&'static str],
    /// The help text, without a full stop.
    pub help: &'static str,
    /// The upper bounds of a histogram's buckets; empty for other kinds.
    pub buckets: &'static [f64],
}

/// Bounds in seconds for transactions and checkpoints.
const SHORT: &[f64] = &[0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0];
/// Bounds in seconds from a record to its result, with all queues and outages between them.
const LONG: &[f64] =
    &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 21_600.0, 86_400.0];

/// The labels of a series of one partition.
const PARTITION: &[&str] = &["stage", "topic", "partition"];
/// The labels of a series of one partition of the routed topic.
const ROUTED: &[&str] = &["topic", "partition"];

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Definition {
    Definition { name, kind: "counter", labels, help, buckets: &[] }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Definition {
    Definition { name, kind: "gauge", labels, help, buckets: &[] }
}

const fn histogram(
    name: &'static str,
    labels: &'static [&'static str],
    buckets: &'static [f64],
    help: &'static str,
) -> Definition {
    Definition { name, kind: "histogram", labels, help, buckets }
}

/// Declares each definition as a constant, and all of them as a list, so that none is left out of the list.
macro_rules! definitions {
    ($($name:ident = $definition:expr;)*) => {
        $(pub(crate) const $name: &Definition = &$definition;)*
        /// All definitions, in the order of the reference.
        pub(crate) const ALL: &[&Definition] = &[$($name),*];
    };
}

definitions! {
    BUILD_INFO = gauge(
        "adcs_watch_build_info",
        &["version", "revision"],
        "Always 1; the labels name the version and the commit of the program",
    );

    RECORDS = counter(
        "adcs_watch_records_total",
        &["stage", "outcome"],
        "Records consumed, each counted under exactly one outcome",
    );
    CONSUMED_BYTES = counter("adcs_watch_consumed_bytes_total", &["stage"], "Bytes of the values of consumed records");
    RECORD_AGE = histogram(
        "adcs_watch_record_age_seconds",
        &["stage"],
        LONG,
        "Age of the oldest record of each poll, from its append to the poll (routed topic, and topics with LogAppendTime)",
    );
    ROUTED_RECORDS = counter("adcs_watch_routed_records_total", &[], "Records written to the routed topic");
    LATE_EVENTS = counter("adcs_watch_late_events_total", &[], "Events older than the allowed lateness");
    REPLAYED_ALERTS = counter(
        "adcs_watch_silenced_alerts_total",
        &[],
        "Alerts that a replay raised again and that were not written, because they had been committed before",
    );
    POLICY_CROSSINGS = counter(
        "adcs_watch_replay_policy_crossings_total",
        &[],
        "Replays that applied records under another policy than the one of their first run",
    );
    ALERTS = counter("adcs_watch_alerts_total", &["detection", "severity"], "Committed alerts and revisions");
    OUTDATED_ALERTS = counter(
        "adcs_watch_alerts_held_total",
        &[],
        "Alerts that were not written because their events exceed the configured age limit",
    );
    EXCEPTED_ALERTS = counter(
        "adcs_watch_alerts_excepted_total",
        &[],
        "Alerts and revisions that were not written because an exception of the policy silences them",
    );
    POLICY_INFO = gauge(
        "adcs_watch_policy_info",
        &["version"],
        "Always 1; the label is the fingerprint of the policy that the process read last, as in alerts",
    );
    POLICY_RELOADS = counter(
        "adcs_watch_policy_reloads_total",
        &["outcome"],
        "Configs that were read again after SIGHUP or a change of the file: applied, unchanged, or refused for their mistakes",
    );
    EXPIRED_ENTRIES = gauge(
        "adcs_watch_policy_entries_expired",
        &[],
        "Exceptions and entries of allow-lists whose `until` is over, so that they silence nothing any more",
    );
    TRUNCATED_ALERTS = counter(
        "adcs_watch_alerts_truncated_total",
        &["detection"],
        "Alerts that were shortened because they were longer than the alert topic takes",
    );
    DEAD_LETTERS = counter(
        "adcs_watch_dead_letters_total",
        &["stage", "reason"],
        "Records written to the dead-letter topic",
    );
    SUPPRESSED_DEAD_LETTERS = counter(
        "adcs_watch_dead_letters_suppressed_total",
        &["reason"],
        "Rejected records that a stage did not write to the dead-letter topic, because there were too many in a minute",
    );
    ALERT_LATENCY = histogram(
        "adcs_watch_alert_latency_seconds",
        &["detection"],
        LONG,
        "Time from the append of the source record (topics with LogAppendTime) to the committed alert",
    );

    TRANSACTION_DURATION = histogram(
        "adcs_watch_transaction_duration_seconds",
        &["stage", "outcome"],
        SHORT,
        "Time from the first record of a transaction to its end",
    );
    CHECKPOINT_DURATION = histogram(
        "adcs_watch_checkpoint_duration_seconds",
        &["outcome"],
        SHORT,
        "Duration of transactions that contain a checkpoint",
    );
    CHECKPOINT_RECORDS = counter(
        "adcs_watch_checkpoint_records_total",
        &[],
        "Records committed to the checkpoint topic",
    );
    CHECKPOINT_BYTES = counter(
        "adcs_watch_checkpoint_bytes_total",
        &[],
        "Bytes of keys and values committed to the checkpoint topic",
    );
    CHECKPOINT_AT = gauge(
        "adcs_watch_checkpoint_last_success_timestamp_seconds",
        ROUTED,
        "When the last checkpoint of the partition was committed, or when the partition was taken over",
    );
    CHECKPOINT_INTERVAL = gauge(
        "adcs_watch_checkpoint_interval_seconds",
        &[],
        "Configured age at which a checkpoint is replaced, if there is anything to write",
    );
    SINCE_CHECKPOINT = gauge(
        "adcs_watch_records_since_checkpoint",
        ROUTED,
        "Records applied since the last checkpoint, which a crash would make a successor replay",
    );
    RESTORE_DURATION = histogram(
        "adcs_watch_restore_duration_seconds",
        &[],
        LONG,
        "Time from the assignment of a partition until it can raise alerts",
    );
    RESTORED_RECORDS = counter(
        "adcs_watch_restored_records_total",
        &[],
        "Checkpoint records read to restore partitions",
    );
    RESTORING = gauge(
        "adcs_watch_restoring_partitions",
        &["worker"],
        "Assigned partitions that cannot raise alerts yet",
    );
    LEFT_TO_REPLAY = gauge(
        "adcs_watch_left_to_replay_records",
        ROUTED,
        "Records that the partition replays before it raises alerts again, counted by their offsets",
    );
    STATE_RECORDS = gauge("adcs_watch_state_records", ROUTED, "Entities and parts of entities in the state");
    STATE_BYTES = gauge("adcs_watch_state_bytes", ROUTED, "Bytes of the records of the state");
    WATERMARK = gauge("adcs_watch_watermark_timestamp_seconds", ROUTED, "Greatest event time of the partition");

    REBALANCES = counter(
        "adcs_watch_rebalances_total",
        &["stage", "event"],
        "Changes of the assigned partitions of a group member",
    );
    ASSIGNED = gauge("adcs_watch_assigned_partitions", &["stage", "worker"], "Assigned partitions");
    ROUTED_PARTITIONS = gauge(
        "adcs_watch_routed_partitions",
        &[],
        "Partitions of the routed topic; each must be assigned to a detector",
    );
    FENCINGS = counter(
        "adcs_watch_fencings_total",
        &["stage"],
        "Workers that were fenced because another instance took over",
    );
    RESTARTS = counter("adcs_watch_worker_restarts_total", &["stage"], "Restarts of workers after a fault");
    WORKER_TIME = counter(
        "adcs_watch_worker_time_seconds_total",
        &["stage", "worker", "doing"],
        "Time of workers in whole seconds: waiting for records, committing (waiting for brokers), or working (restores included)",
    );
    LAST_POLL = gauge("adcs_watch_last_poll_timestamp_seconds", &["stage", "worker"], "When the worker last polled");
    RETENTION_SKIPPED = counter(
        "adcs_watch_retention_skipped_records_total",
        &[],
        "Offsets of source topics that retention deleted before they were read",
    );
    REDELIVERED = counter(
        "adcs_watch_redelivered_records_total",
        &["stage"],
        "Records that were delivered again below the position and skipped",
    );
    POSITION = gauge("adcs_watch_consumer_position_offset", PARTITION, "Next offset to read");
    COMMITTED = gauge("adcs_watch_consumer_committed_offset", PARTITION, "Committed offset");
    STABLE = gauge(
        "adcs_watch_consumer_stable_offset",
        PARTITION,
        "Last stable offset; only records of open transactions lie behind it",
    );
    LAG = gauge(
        "adcs_watch_consumer_lag_records",
        PARTITION,
        "Offsets between the position and the last stable offset",
    );
    LAG_SECONDS = gauge(
        "adcs_watch_consumer_lag_seconds",
        PARTITION,
        "Age of the last record read, by its timestamp in Kafka; 0 when there is no lag",
    );
    HIDDEN = gauge(
        "adcs_watch_consumer_hidden_records",
        PARTITION,
        "Offsets between the last stable offset and the end: an open transaction hides their records",
    );
    SOURCE_REFUSED = gauge(
        "adcs_watch_source_refused",
        &["topic"],
        "1 while a source topic does not exist or may not be read; the others are read",
    );
    SOURCE_UNMATCHED = gauge(
        "adcs_watch_source_unmatched",
        &["pattern"],
        "1 while no topic matches the pattern of a source, or none that may be described",
    );
    PARTITION_STOPPED = gauge(
        "adcs_watch_partition_stopped",
        PARTITION,
        "1 while an assigned partition is unusable and waits to be tried again; the others continue",
    );

    SOURCE_RECORDS = counter(
        "adcs_watch_source_records_total",
        &["topic"],
        "Records of a source topic, those that the prefilter discarded included",
    );
    SOURCE_DECODED = counter(
        "adcs_watch_source_decoded_total",
        &["topic", "format", "outcome"],
        "What the records behind the prefilter hold, by recognised format (or none) and outcome: event, ignored, or the reason of a rejection",
    );
    SOURCE_BAD_TEXT = counter(
        "adcs_watch_source_bad_text_records_total",
        &["topic"],
        "Records with bytes, control characters or escapes that are no text, or with a field that cannot be read and is left out",
    );
    SOURCE_LAST_EVENT = gauge(
        "adcs_watch_source_last_event_timestamp_seconds",
        &["topic"],
        "When a wanted event of the source topic was last read, or when this process began to read the topic",
    );

    CA_EVENTS = counter("adcs_watch_ca_events_total", &["ca"], "Events of a CA that the policy names");
    CA_LAST_EVENT = gauge(
        "adcs_watch_ca_last_event_timestamp_seconds",
        &["ca"],
        "When an event of a CA that the policy names was last read",
    );
    TRAINING = gauge(
        "adcs_watch_baseline_training_ratio",
        &["detection", "ca"],
        "Training progress of the baseline of a CA that the policy names; from 1 on it raises alerts",
    );

    TRACES_DROPPED = counter(
        "adcs_watch_traces_dropped_total",
        &[],
        "Spans dropped because the collector rejected them or the queue was full",
    );

    PROCESS_CPU = counter("process_cpu_seconds_total", &[], "User and system CPU time of the process in whole seconds");
    PROCESS_OPEN_FDS = gauge("process_open_fds", &[], "Open file descriptors");
    PROCESS_MAX_FDS = gauge("process_max_fds", &[], "Limit of open file descriptors");
    PROCESS_VIRTUAL = gauge("process_virtual_memory_bytes", &[], "Virtual memory in bytes");
    PROCESS_VIRTUAL_MAX = gauge("process_virtual_memory_max_bytes", &[], "Limit of virtual memory in bytes");
    PROCESS_RESIDENT = gauge("process_resident_memory_bytes", &[], "Resident memory in bytes");
    PROCESS_START = gauge("process_start_time_seconds", &[], "Start time of the process");
    PROCESS_THREADS = gauge("process_threads", &[], "Threads of the process");
}
