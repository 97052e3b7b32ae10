//! The longest record that each of our own topics takes.

use crate::kafka::admin::Admin;
use crate::kafka::errors::needs_permission;
use crate::kafka::settings::Clients;
use crate::stage::port::Fault;
use std::collections::BTreeMap;

/// The limits of the topics that a worker writes, in bytes of a batch with one record.
///
/// They are read when a worker starts. If a broker refuses records as too long although they fit, a limit was lowered meanwhile:
/// the worker restarts ([`crate::kafka::timeouts::REFUSED_SECONDS`]), and its successor reads the limits again.
#[derive(Clone, Debug)]
pub(crate) struct Limits(BTreeMap<String, usize>);

impl Limits {
    /// Reads `max.message.bytes` of these topics, each with the least that it needs. The limit of the client counts, too.
    ///
    /// # Errors
    /// No broker answers, the settings may not be read, or a limit is too small.
    pub(crate) fn read(clients: &Clients, topics: &[(&str, usize)]) -> Result<Limits, Fault> {
        let admin = Admin::new(clients).map_err(|failure| Fault::Broken(failure.to_string()))?;
        let mut limits = BTreeMap::new();
        for (topic, least) in topics {
            let limit = admin.limit(topic).map_err(|failure| Fault::Broken(failure.to_string()))?;
            let Some(limit) = limit else {
                return Err(Fault::Forbidden(needs_permission(&format!(
                    "DESCRIBE_CONFIGS on topic {topic}"
                ))));
            };
            if limit < *least {
                return Err(Fault::Broken(format!(
                    "{topic}: max.message.bytes is {limit}, at least {least} are needed; to fix: kafka-configs.sh --alter \
                     --topic {topic} --add-config max.message.bytes={least}"
                )));
            }
            limits.insert((*topic).to_owned(), limit.min(clients.longest_message()));
        }
        Ok(Limits(limits))
    }

    /// The limit of a topic. Without one that was read: unlimited.
    pub(crate) fn of(&self, topic: &str) -> usize {
        self.0.get(topic).copied().unwrap_or(usize::MAX)
    }

    /// The topics that the worker writes.
    pub(crate) fn topics(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// The smallest limit: a batch of several records for any of the topics is not longer.
    pub(crate) fn smallest(&self) -> usize {
        self.0.values().copied().min().unwrap_or(usize::MAX)
    }
}
