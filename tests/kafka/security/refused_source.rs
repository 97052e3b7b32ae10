//! A source that may not be read, or is deleted, is named; the others are read.

use crate::broker;
use crate::fixtures::{expected, records};
use crate::process::{Process, until};
use crate::security::acls::{access, acl, grant, router};
use crate::security::admin_protocol::{Named::Literally, Operation, Resource};
use crate::security::environment::SecuredEnvironment;
use std::time::Duration;

fn refused(process: &Process, topic: &str) -> bool {
    process.metric("adcs_watch_source_refused", &format!("topic=\"{topic}\"")) > 0.0
}

fn await_page(process: &Process, status: u16, part: &str) {
    let says = || process.page("/readyz").is_some_and(|(code, said)| code == status && said.contains(part));
    until(Duration::from_secs(120), says, || {
        format!("{part}: {:?}\n{}", process.page("/readyz"), process.log())
    });
}

#[test]
fn refused_source_is_named_and_the_others_are_read() {
    let _guard = broker::shared();
    let env = SecuredEnvironment::with_topics("refused");
    let (hidden, unreadable) = (SecuredEnvironment::new("refused-b"), SecuredEnvironment::new("refused-c"));
    let [b, c] = [hidden.topic("source"), unreadable.topic("source")];
    let topic = |name: &str, operation| acl(Resource::Topic, name.to_owned(), Literally, operation);
    grant("sources", &router("refused"));
    grant("sources", &[topic(&c, Operation::Describe)]);
    let config = env.config("router", &access("sources"), "");
    let text = std::fs::read_to_string(&config).unwrap();
    let sources = format!("sources:\n  - topic: {b}\n  - topic: {c}\n");
    std::fs::write(&config, text.replace("sources:\n", &sources)).unwrap();
    let routes = env.run(&config, &["--stage", "router"]);
    let detects = env.run(&env.config("detector", &env.open(), ""), &["--stage", "detector"]);
    let records = records(600, 1);
    env.produce(&records);
    env.await_alerts(&expected(&env.topic("source"), &records), &detects);
    for topic in [&b, &c] {
        await_page(&routes, 503, &format!("READ on topic {topic}"));
        assert!(refused(&routes, topic), "{}", routes.log());
    }
    assert!(!refused(&routes, &env.topic("source")));
    grant("sources", &[topic(&b, Operation::Read), topic(&c, Operation::Read)]);
    await_page(&routes, 200, "");
    assert!(!refused(&routes, &b) && !refused(&routes, &c));
    let before = routes.metric("adcs_watch_records_total", "stage=\"router\"");
    hidden.produce(&records);
    unreadable.produce(&records);
    let all = || routes.metric("adcs_watch_records_total", "stage=\"router\"") >= before + 1200.0;
    until(Duration::from_secs(90), all, || format!("the granted topics are not read\n{}", routes.log()));
    hidden.delete_source();
    await_page(&routes, 503, &format!("{b}: the topic does not exist"));
    env.produce(&records);
    let all = || routes.metric("adcs_watch_records_total", "stage=\"router\"") >= before + 1800.0;
    until(Duration::from_secs(60), all, || format!("the others are not read\n{}", routes.log()));
    assert!(routes.stop().success() && detects.stop().success());
}
