//! WITHOUT KAFKA: what stands for `kafka` in a program that only reads files. A topic is refused with a message.

pub(crate) mod settings {
    //! There are no clients.

    use crate::config::kafka::Kafka;
    use std::convert::Infallible;

    /// Clients that cannot exist.
    #[derive(Clone, Debug)]
    pub(crate) struct Clients(Infallible);

    /// What a process with clients is called.
    pub(crate) enum Instance {
        /// A name that no other process uses.
        Ephemeral(String),
    }

    impl Clients {
        /// Refuses.
        ///
        /// # Errors
        /// Always: this program has no Kafka.
        pub(crate) fn new(_: &Kafka, Instance::Ephemeral(command): Instance) -> Result<Clients, Vec<String>> {
            Err(vec![format!("{command}: this program was built without Kafka and reads files only")])
        }

        /// What a value that cannot exist gives.
        pub(crate) fn never<T>(&self) -> T {
            match self.0 {}
        }
    }
}

pub(crate) mod range_reader {
    //! No topic is read.

    use crate::config::topic_range::TopicRange;
    use crate::event::time::Time;
    use crate::host::exit::Failure;
    use crate::stage::port::{CheckpointRecord, SourceRecord};
    use crate::without_kafka::settings::Clients;

    /// What a topic has of a range.
    #[derive(Clone, Debug)]
    pub(crate) struct Extent {
        /// The number of partitions of the topic.
        pub partitions: u32,
        /// The number of requested offsets that retention has deleted.
        pub deleted: u64,
    }

    impl Extent {
        /// The same: it cannot exist.
        pub(crate) fn only(&self, _: u32) -> Extent {
            self.clone()
        }
    }

    /// Cannot be called: there are no clients.
    ///
    /// # Errors
    /// None.
    pub(crate) fn read_checkpoint(
        clients: &Clients,
        _: &TopicRange,
        _: &Extent,
        _: &mut dyn FnMut(u64, Option<Time>, CheckpointRecord),
    ) -> Result<(), Failure> {
        clients.never()
    }

    /// Cannot be called: there are no clients.
    ///
    /// # Errors
    /// None.
    pub(crate) fn extent(clients: &Clients, _: &TopicRange) -> Result<Extent, Failure> {
        clients.never()
    }

    /// Cannot be called: there are no clients.
    ///
    /// # Errors
    /// None.
    pub(crate) fn read(
        clients: &Clients,
        _: &TopicRange,
        _: &Extent,
        _: &mut dyn FnMut(SourceRecord) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        clients.never()
    }
}
