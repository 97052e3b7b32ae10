//! A producer that leaves a transaction open in a source topic: what stands behind it is hidden, and reported.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{expected, records};
use crate::process::{Process, until};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(90);
const HIDDEN: &str = "adcs_watch_consumer_hidden_records";

/// A producer that has written one record in a transaction, and has not ended it.
fn open_transaction(topic: &str, partition: i32, value: &str) -> BaseProducer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker::bootstrap()).set("transactional.id", topic);
    config.set("transaction.timeout.ms", "600000");
    let producer: BaseProducer = config.create().unwrap();
    producer.init_transactions(TIMEOUT).unwrap();
    producer.begin_transaction().unwrap();
    let record = BaseRecord::<(), str>::to(topic).partition(partition).payload(value);
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(TIMEOUT).unwrap();
    producer
}

#[track_caller]
fn await_hidden(process: &Process, topic: &str, hidden: f64) {
    let labels = format!("topic=\"{topic}\"");
    let is_so = || process.metric(HIDDEN, &labels) == hidden;
    until(TIMEOUT, is_so, || format!("{}: {}\n", process.metric(HIDDEN, &labels), process.log()));
}

#[test]
fn open_transaction_in_a_source_is_reported_until_it_ends() {
    let _guard = broker::shared();
    let env = Environment::new("open-transaction", 2);
    let process = env.start("all", "all", false);
    process.await_ready();
    // The first record of its partition: nothing was ever read from it.
    let producer = open_transaction(&env.source(), 0, "{\"Id\": 1}");
    let behind = records(600, 1);
    env.produce(&behind);
    await_hidden(&process, &env.source(), 601.0);
    assert_eq!(process.metric("adcs_watch_consumer_lag_records", &env.source()), 0.0, "they are no lag");
    assert!(env.alerts().is_empty(), "what stands behind the transaction cannot be read");
    let log = process.await_log("an open transaction of another producer hides records");
    assert!(log.contains("kafka-transactions.sh"), "{log}");

    producer.abort_transaction(TIMEOUT).unwrap();
    await_hidden(&process, &env.source(), 0.0);
    process.await_log("the transaction that hid records has ended");
    // The aborted record and its marker take offsets, so only the number of alerts is that of the records alone.
    let alerts = expected(&env.source(), &behind).len();
    until(TIMEOUT, || env.alerts().len() == alerts, || process.log());
    assert!(process.stop().success());
}
