//! Every timeout and interval of the Kafka clients. The unit stands last in the name.

use std::time::Duration;

/// A metadata or offset request of a worker: short, because no partition of this worker proceeds meanwhile.
pub(crate) const REQUEST_MS: Duration = Duration::from_millis(500);
/// A request before a partition is read that has failed for so long is logged. A rebalance or a transaction of a predecessor is
/// over sooner.
pub(crate) const UNANSWERED_LOG_SECONDS: Duration = Duration::from_secs(5);
/// Requests that were interrupted for so long begin again: the partition was with another worker meanwhile.
pub(crate) const UNANSWERED_PAUSE_SECONDS: Duration = Duration::from_secs(10);
/// A worker whose requests have failed for so long restarts with new clients. The broker ends a predecessor's transaction sooner.
pub(crate) const UNANSWERED_SECONDS: Duration = Duration::from_secs(60);
/// All requests for the metadata of one topic: a leader election or a broker that starts is over by then.
pub(crate) const METADATA_SECONDS: Duration = Duration::from_secs(10);
/// An administrative request: the broker creates or deletes a topic within it.
pub(crate) const ADMIN_SECONDS: Duration = Duration::from_secs(10);
/// A poll for events only (token requests, errors): 0 would serve a single event.
pub(crate) const EVENTS_MS: Duration = Duration::from_millis(10);

/// The connection test that explains a rejected certificate, for each step of the handshake.
pub(crate) const TLS_PROBE_SECONDS: Duration = Duration::from_secs(3);

/// How often a worker without a reachable broker requests metadata.
pub(crate) const OUTAGE_PROBE_SECONDS: Duration = Duration::from_secs(1);
/// A worker whose clients are rejected for so long restarts, and reads the password, certificate or token again.
pub(crate) const REJECTED_SECONDS: Duration = Duration::from_secs(10);
/// A worker that reaches no broker for so long restarts with new clients: its partitions are lost by then, and a client that
/// waited for a frozen broker was seen not to recover although other brokers answered.
pub(crate) const OUTAGE_SECONDS: Duration = Duration::from_secs(30);

/// `fetch.wait.max.ms` of a group consumer. A broker answers the requests of a connection in order, so the offset requests of
/// a restore wait behind each empty fetch.
pub(crate) const FETCH_WAIT_MS: Duration = Duration::from_millis(50);
/// `fetch.queue.backoff.ms`: how soon a consumer whose queue was full fetches again. librdkafka's own default of one second is longer
/// than a full queue of 100,000 records lasts.
pub(crate) const FETCH_BACKOFF_MS: Duration = Duration::from_millis(5);
/// `fetch.wait.max.ms` of the checkpoint reader: an empty fetch reports the end of the partition and need not wait.
pub(crate) const CHECKPOINT_FETCH_WAIT_MS: Duration = Duration::from_millis(10);
/// `topic.metadata.refresh.interval.ms`: new partitions, and new topics that match a pattern, are read after at most this time.
/// librdkafka's own default is five minutes.
pub(crate) const METADATA_REFRESH_MS: Duration = Duration::from_millis(30_000);
/// How often librdkafka reports the end of each partition, from which the lag is computed.
pub(crate) const STATISTICS_MS: Duration = Duration::from_millis(2000);
/// An open transaction of another producer is reported after this time. Usual ones last seconds.
pub(crate) const OPEN_TRANSACTION_SECONDS: Duration = Duration::from_secs(60);
/// How often the topic ids of the assigned partitions are compared.
pub(crate) const TOPIC_IDS_SECONDS: Duration = Duration::from_secs(5);
/// How often the positions behind transaction markers are looked up while records arrive.
pub(crate) const PASSED_POSITIONS_MS: Duration = Duration::from_millis(100);
/// A seek, until it is a fault. A partition that was assigned a moment ago cannot be sought yet.
pub(crate) const SEEK_SECONDS: Duration = Duration::from_secs(10);
/// The interval between two attempts to seek.
pub(crate) const SEEK_RETRY_MS: Duration = Duration::from_millis(5);
/// A partition that ends before its committed offset for so long was truncated; a new leader catches up sooner.
pub(crate) const SHORT_LOG_SECONDS: Duration = Duration::from_secs(15);

/// One poll of the checkpoint reader: short, because other partitions are being processed.
pub(crate) const CHECKPOINT_POLL_MS: Duration = Duration::from_millis(20);
/// The read at the start that finds a missing permission; without an answer the worker goes on.
pub(crate) const TRIAL_READ_SECONDS: Duration = Duration::from_secs(5);

/// `linger.ms` of producers: a batch is flushed at its end, so waiting for more records gains nothing.
pub(crate) const LINGER_MS: Duration = Duration::from_millis(2);
/// `transaction.timeout.ms`: an open transaction of a process that died blocks read-committed readers for so long.
pub(crate) const TRANSACTION_SECONDS: Duration = Duration::from_secs(15);
/// Taking the transactional id at the start: the broker may first have to end a predecessor's transaction.
pub(crate) const INIT_TRANSACTIONS_SECONDS: Duration = Duration::from_secs(20);
/// Taking the transactional id while partitions wait.
pub(crate) const REINIT_TRANSACTIONS_SECONDS: Duration = Duration::from_secs(2);
/// The markers of an aborted transaction are there by then, unless a broker left them out.
pub(crate) const MARKER_SECONDS: Duration = Duration::from_secs(1);
/// The interval between two looks for them.
pub(crate) const MARKER_POLL_MS: Duration = Duration::from_millis(5);
/// How often a worker looks whether what it committed is decided.
pub(crate) const LOOK_AFTER_SECONDS: Duration = Duration::from_secs(5);
/// What is undecided for so long lacks its marker: every transaction that began earlier has ended by then.
pub(crate) const UNDECIDED_SECONDS: Duration = Duration::from_secs(20);
/// A committed offset that is not answered for so long waits for a transaction that a broker forgot: others have ended by then, and
/// the broker has noticed it.
pub(crate) const FORGOTTEN_SECONDS: Duration = Duration::from_secs(30);
/// The delivery of a transaction's records, and of its offsets.
pub(crate) const DELIVERY_SECONDS: Duration = Duration::from_secs(10);
/// Beyond the time that librdkafka has for sending offsets. It then answers, or waits for a broker to connect or disconnect.
pub(crate) const OFFSETS_GRACE_SECONDS: Duration = Duration::from_secs(1);
/// The commit of a transaction: the broker has aborted it by then, unless the commit arrived. librdkafka would wait for brokers
/// that are down without an end, and the worker would report nothing meanwhile.
pub(crate) const COMMIT_SECONDS: Duration = TRANSACTION_SECONDS;
/// The abort of a transaction, and the wait for its records that are still in flight.
pub(crate) const ABORT_SECONDS: Duration = Duration::from_secs(5);
/// A commit that took longer may have been sent twice, so the transactional id changes.
pub(crate) const LONG_COMMIT_SECONDS: Duration = Duration::from_secs(2);
/// A worker whose transactions were all aborted for so long restarts.
pub(crate) const ABORTED_SECONDS: Duration = Duration::from_secs(60);
/// A worker whose records are refused as too long for so long restarts, and reads the limits of the topics again.
pub(crate) const REFUSED_SECONDS: Duration = Duration::from_secs(30);
/// A worker whose transactions were all aborted for so long is not ready. A rebalance is over sooner.
pub(crate) const ABORTING_SECONDS: Duration = Duration::from_secs(5);
/// The reason of an aborted transaction counts for so long; the next attempt is made sooner.
pub(crate) const ABORTED_AGE_SECONDS: Duration = Duration::from_secs(30);
/// How often sources that cannot be read are looked at.
pub(crate) const REFUSED_SOURCES_SECONDS: Duration = Duration::from_secs(10);
/// One poll for delivery reports: librdkafka's own flush polls every 100 ms only.
pub(crate) const DELIVERY_POLL_MS: Duration = Duration::from_millis(10);

/// Reading a range or the rest of a topic without progress, until the read fails.
pub(crate) const READ_SECONDS: Duration = Duration::from_secs(30);
/// One poll of such a read.
pub(crate) const READ_POLL_MS: Duration = Duration::from_millis(100);
/// Writing records outside of transactions.
pub(crate) const WRITE_SECONDS: Duration = Duration::from_secs(30);

/// A duration as a librdkafka property has it.
pub(crate) fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}
