//! The check of topics and permissions before any worker starts.

use crate::host::exit::{Exit, Failure};
use crate::kafka::admin::{Admin, TopicState};
use crate::kafka::errors::needs_permission;
use crate::kafka::topics::{ActualTopic, operations, partitions, plan};
use crate::observe::health::Condition;
use crate::run::backoff::Backoff;
use crate::run::environment::Environment;
use crate::run::setup::Setup;
use crate::stage::Stage;
use std::sync::Arc;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// Waits for a broker, and checks the topics. Returns the partitions of the topic routed; `None` when a stop was requested before.
///
/// # Errors
/// The topics or the permissions do not allow a run: everything that is wrong.
pub(crate) async fn prepare(env: &Environment) -> Result<Option<u32>, Failure> {
    let mut backoff = Backoff::default();
    while !env.shutdown.is_cancelled() {
        let setup = Arc::clone(&env.setup);
        let checked = spawn_blocking(move || check(&setup)).await;
        let checked = checked.unwrap_or_else(|_| Err(Failure::new(Exit::Defect, "the check panicked")));
        let failure = match checked {
            Ok(partitions) => return Ok(Some(partitions)),
            Err(failure) => failure,
        };
        match failure.exit {
            // Passwords and certificates may be corrected while the process waits, at either end.
            Exit::Broker | Exit::Refused => {
                tracing::warn!(%failure, "the topics cannot be checked yet; retrying");
                for stage in &env.setup.stages {
                    env.health.note(*stage, 0, Condition::Unreachable(failure.to_string()));
                }
                tokio::select! {
                    () = sleep(backoff.wait()) => {}
                    () = env.shutdown.cancelled() => {}
                }
            }
            Exit::Done
            | Exit::Alerts
            | Exit::Usage
            | Exit::Input
            | Exit::Defect
            | Exit::Output
            | Exit::Config => return Err(failure),
        }
    }
    Ok(None)
}

/// Uses a new client each time, which reads the current secrets.
fn check(setup: &Setup) -> Result<u32, Failure> {
    let Setup { clients, config, stages, .. } = setup;
    let admin = Admin::new(clients)?;
    let existing = admin.state(&config.topics.routed.0)?.partitions();
    let mut wrong = Vec::new();
    for topic in plan(&config.topics, existing) {
        let operations = operations(stages, &config.topics, &topic.name);
        if operations.is_empty() {
            continue;
        }
        match admin.describe(&topic)? {
            // A permission to read or write a topic includes that to describe it.
            ActualTopic::Forbidden("DESCRIBE") => {
                wrong.push(needs_permission(&format!(
                    "{} on topic {}",
                    operations.join(" and "),
                    topic.name
                )));
            }
            found @ (ActualTopic::Present { .. } | ActualTopic::Absent | ActualTopic::Forbidden(_)) => {
                wrong.extend(topic.mismatches(&found).iter().map(ToString::to_string));
            }
        }
    }
    if stages.contains(&Stage::Router) {
        wrong.extend(check_sources(setup, &admin)?);
    }
    if wrong.is_empty() {
        return Ok(partitions(&config.topics, existing));
    }
    let failure = Failure::new(Exit::Config, "the topics are not as they must be");
    Err(wrong.into_iter().fold(failure, Failure::with_cause))
}

/// What is wrong with the sources, if none of them can be read. If some can, a router reads those and reports the others: one
/// source must not stop the detection on the others.
fn check_sources(setup: &Setup, admin: &Admin) -> Result<Vec<String>, Failure> {
    let mut wrong = Vec::new();
    for name in setup.named_sources() {
        wrong.extend(match admin.state(name)? {
            TopicState::Present(_) => None,
            TopicState::Absent => Some(format!("sources: the topic {name} does not exist")),
            TopicState::Hidden => {
                Some(format!("sources: {}", needs_permission(&format!("READ on topic {name}"))))
            }
        });
    }
    let has_other = wrong.len() < setup.config.sources.len();
    Ok(if has_other { Vec::new() } else { wrong })
}
