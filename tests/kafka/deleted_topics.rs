//! Source topics that are deleted while they are read, as those of a day are: the others are read.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{expected, records};
use crate::process::{Process, until};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(60);

/// A process that reads all topics with the name of the source, and forgets a deleted one as soon as a broker does. Its clients write
/// the log in which librdkafka waits for itself, were it not for what our settings leave out of it.
fn start(env: &Environment) -> Process {
    let config = env.config("all", "all");
    let text = std::fs::read_to_string(&config).unwrap();
    let pattern = format!("- pattern: '{}.*'", env.source().replace('.', r"\."));
    let text = text.replace(&format!("- topic: {}", env.source()), &pattern);
    let soon = "properties: {debug: all, topic.metadata.propagation.max.ms: 100, \
                topic.metadata.refresh.interval.ms: 5000, ";
    std::fs::write(&config, text.replace("properties: {", soon)).unwrap();
    Process::run(&config, &["--stage", "all"], &env.folder().join("all.log"))
}

#[test]
fn deleted_topic_of_a_pattern_stops_no_other() {
    let _guard = broker::shared();
    let env = Environment::new("deleted-of-pattern", 2);
    let days = ["source-2026.11.26", "source-2026.11.27", "source-2026.11.28"];
    days.iter().for_each(|day| env.create(&env.topic(day), 3, &[]));
    let process = start(&env);
    process.await_ready();
    let assigned = |wanted: f64| {
        let now = || process.metric("adcs_watch_assigned_partitions", "stage=\"router\"");
        until(TIMEOUT, || now() == wanted, || format!("{} of {wanted}\n{}", now(), process.log()));
    };
    let records = records(900, 2);
    let mut left = 11.0;
    for (n, day) in days.iter().enumerate() {
        assigned(left);
        let until_now = 300 * (n + 1);
        env.produce(&records[until_now - 300..until_now]);
        env.await_alerts(&expected(&env.source(), &records[..until_now]), TIMEOUT);
        env.delete(day);
        left -= 3.0;
    }
    assigned(left);
    process.await_ready();
    assert!(process.stop().success());
}
