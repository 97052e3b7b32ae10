//! A coordinator that ends a transaction writes a marker to each of its partitions. Kafka 4.4 leaves out those that have no leader
//! at that moment (KAFKA-20734). What was committed must be seen nevertheless, and what was aborted must not.

use crate::broker::{self, Cluster};
use crate::environment::{ECS, Environment, PARTITIONS};
use crate::fixtures::{Record, expected, records};
use crate::process::{Process, until};
use std::ops::Range;
use std::thread;
use std::time::Duration;

/// The broker that has all topics but these.
const HOME: i32 = 1;
/// The broker that is killed. It has the topic `lone` and the offsets of the groups.
const KILLED: i32 = 2;
/// The broker that is frozen meanwhile. It has the topic `stuck`.
const FROZEN: i32 = 3;
/// How many records of a stage come before the faults.
const FIRST: usize = 30;
/// After this time a commit that is not answered counts as unknown (`COMMIT_SECONDS`).
const UNKNOWN: Duration = Duration::from_secs(17);
/// After this time a coordinator that goes on has left out the markers of a dead broker, whose session is over.
const LEFT_OUT: Duration = Duration::from_secs(8);
/// After this time a coordinator aborts a transaction that was left (`transaction.timeout.ms`, looked at every second), and the
/// controller knows that a broker is gone.
const ABORTED: Duration = Duration::from_secs(18);

/// A stage that writes alerts to both brokers too.
struct Stage {
    env: Environment,
    records: Vec<Record>,
    process: Process,
}

impl Stage {
    fn start(cluster: &Cluster, name: &str) -> Stage {
        let mut env = Environment::without_copies(cluster, name, 3);
        let [lone, stuck] = ["lone", "stuck"].map(|kind| env.topic(kind));
        env.more_topics = format!(
            "  more_alerts:\n  - {{topic: {lone}, format: ecs}}\n  - {{topic: {stuck}, format: ecs}}\n"
        );
        env.create_at(&[HOME; 3], &env.source(), &[]);
        let long = ("max.message.bytes", "4194304");
        let at_home = [HOME; PARTITIONS as usize];
        env.create_at(&at_home, &env.topic("routed"), &[("message.timestamp.type", "LogAppendTime"), long]);
        env.create_at(&at_home, &env.topic("checkpoint"), &[("cleanup.policy", "compact"), long]);
        for (kind, node) in [("alerts", HOME), ("dead", HOME), ("lone", KILLED), ("stuck", FROZEN)] {
            env.create_at(&[node], &env.topic(kind), &[]);
        }
        let process = env.start("all", "all", true);
        process.await_ready();
        let records = records(900, 3);
        // The test's own producer knows its brokers from now on.
        env.produce(&records[..FIRST]);
        Stage { env, records, process }
    }

    /// Every alert is in each topic once.
    fn assert_whole(self) {
        let Stage { env, records, process } = self;
        env.await_alerts(&expected(&env.source(), &records), Duration::from_secs(90));
        env.assert_routed_once(&records);
        let alerts: Vec<(String, u64)> = env.alerts_and_stories().into_keys().collect();
        let unlike = || {
            let (lone, ends) = (env.alerts_in("lone", ECS), env.ends("lone"));
            let (lone, all) = (lone.len(), alerts.len());
            format!("{lone} alerts are seen of {all}, the log ends at {ends:?}\n{}", process.log())
        };
        until(Duration::from_secs(60), || env.alerts_in("lone", ECS) == alerts, unlike);
        assert!(process.stop().success());
    }
}

/// Three brokers, with the offsets of the groups at one of them.
fn cluster(name: &str, offsets: i32) -> Cluster {
    // Otherwise a broker asks the coordinator before it takes a record, also while that one stands still.
    let unverified = "transaction.partition.verification.enable=false";
    let cluster = Cluster::start_with(name, 3, &["-c", unverified]);
    let ours = Environment::without_copies(&cluster, name, 1);
    for (topic, node) in [("__consumer_offsets", offsets), ("__transaction_state", HOME)] {
        ours.create_at(&[node; 3], topic, &[("cleanup.policy", "compact")]);
    }
    cluster
}

/// Lets transactions with alerts and offsets begin, which wait for the frozen broker.
fn begin_transactions(cluster: &Cluster, stages: &[Stage], records: Range<usize>) {
    cluster.node("pause", 3);
    stages.iter().for_each(|stage| stage.env.produce(&stage.records[records.clone()]));
    thread::sleep(Duration::from_secs(3));
}

#[test]
fn marker_that_a_broker_leaves_out_hides_and_repeats_nothing() {
    let _guard = broker::own_brokers();
    let cluster = cluster("markers", KILLED);
    let stages = ["committed", "aborted", "killed"].map(|name| Stage::start(&cluster, name));
    begin_transactions(&cluster, &stages, FIRST..900);
    let [committed, aborted, mut killed] = stages;
    aborted.process.signal("STOP");
    killed.process.kill();
    cluster.node("kill9", 2);
    cluster.node("cont", 3);
    thread::sleep(ABORTED);
    cluster.node("restart", 2);
    aborted.process.signal("CONT");
    killed.process = killed.env.start("all", "all", true);
    [committed, aborted, killed].into_iter().for_each(Stage::assert_whole);
}

/// The coordinator stands still when the commit is sent. It goes on when the outcome is unknown to the stage, and may commit or abort. The stage
/// continues meanwhile.
fn unanswered_commit(name: &str, offsets: i32) {
    let _guard = broker::own_brokers();
    let cluster = cluster(name, offsets);
    let stages = ["first", "second", "third"].map(|stage| Stage::start(&cluster, &format!("{name}-{stage}")));
    begin_transactions(&cluster, &stages, FIRST..400);
    cluster.node("pause", 1);
    cluster.node("cont", 3);
    thread::sleep(UNKNOWN);
    cluster.node("kill9", 2);
    cluster.node("cont", 1);
    thread::sleep(LEFT_OUT);
    cluster.node("restart", 2);
    stages.iter().for_each(|stage| stage.env.produce(&stage.records[400..]));
    stages.into_iter().for_each(Stage::assert_whole);
}

#[test]
#[ignore = "waits for brokers for minutes; scripts/nightly kafka runs it"]
fn unanswered_commit_ends_everywhere_as_its_offsets_show() {
    unanswered_commit("offsets", HOME);
}

#[test]
#[ignore = "waits for brokers for minutes; scripts/nightly kafka runs it"]
fn unanswered_commit_whose_offsets_are_undecided_ends_as_its_records_show() {
    unanswered_commit("no-offsets", KILLED);
}
