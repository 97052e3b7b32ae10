//! Where an event goes: the keys of the entities it concerns, without their state.

use crate::detect::Detection;
use crate::detect::catalogue::{self, Visitor};
use crate::detect::policy::Policy;
use crate::event::Event;
use crate::state::key::EntityKey;
use std::fmt;

/// The key of the entity that the event concerns.
pub(crate) fn key_of<D: Detection>(detection: &D, event: &Event) -> Option<EntityKey> {
    detection.entity(event).map(|entity| EntityKey::of(D::ABOUT.id, entity.as_str()))
}

type KeyOf = Box<dyn Fn(&Event) -> Option<EntityKey> + Send>;

/// What the detections that are switched on key their state by.
#[derive(Default)]
pub struct Routes(Vec<KeyOf>);

impl Routes {
    /// Those of this policy.
    pub fn new(policy: &Policy) -> Routes {
        let mut routes = Routes::default();
        catalogue::visit(policy, &mut routes);
        routes
    }

    /// The keys of all entities the event concerns.
    pub fn keys<'a>(&'a self, event: &'a Event) -> impl Iterator<Item = EntityKey> + 'a {
        self.0.iter().filter_map(|key| key(event))
    }

    /// The partitions those entities live in, each once, in order.
    pub fn partitions(&self, event: &Event, partitions: u32) -> Vec<u32> {
        let mut concerned: Vec<u32> = self.keys(event).map(|key| key.partition(partitions)).collect();
        concerned.sort_unstable();
        concerned.dedup();
        concerned
    }
}

impl Visitor for Routes {
    fn detection<D: Detection + fmt::Debug + Send + 'static>(&mut self, detection: D, enabled: bool) {
        if enabled {
            self.0.push(Box::new(move |event| key_of(&detection, event)));
        }
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Routes").field(&self.0.len()).finish()
    }
}
