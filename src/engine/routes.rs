//! Where an event goes: the places of the entities it concerns, without their state.

use crate::detect::catalogue::{self, Visitor};
use crate::detect::domain::DomainPolicy;
use crate::detect::facts::{self, Facts};
use crate::detect::policy::Policy;
use crate::detect::{Detection, Place};
use crate::event::Event;
use std::fmt;

/// Gives `found` the place of each entity that the event concerns.
pub(crate) fn places_of<D: Detection>(
    detection: &D,
    event: &Event,
    policy: &DomainPolicy,
    found: &mut dyn FnMut(Place),
) {
    detection.entities(event, policy, &mut |entity| found(entity.place(D::ABOUT.id)));
}

type PlacesOf = Box<dyn Fn(&Event, &DomainPolicy, &mut dyn FnMut(Place)) + Send>;

/// What the detections that are switched on key their state by.
#[derive(Default)]
pub struct Routes {
    policy: DomainPolicy,
    detections: Vec<PlacesOf>,
}

impl Routes {
    /// Those of this policy.
    pub fn new(policy: &Policy) -> Routes {
        let mut routes = Routes { policy: policy.domain(), detections: Vec::new() };
        catalogue::visit(policy, &mut routes);
        routes
    }

    /// The partitions in which the entities live that the event concerns, each once, in order.
    pub fn partitions(&self, event: &Event, partitions: u32) -> Vec<u32> {
        let mut concerned = Vec::new();
        let mut add = |place: Place| match place.partition(partitions) {
            Some(partition) => concerned.push(partition),
            None => concerned.extend(0..partitions),
        };
        Facts::entities(event, &self.policy, &mut |entity| add(entity.place(facts::ID)));
        for places in &self.detections {
            places(event, &self.policy, &mut add);
        }
        concerned.sort_unstable();
        concerned.dedup();
        concerned
    }
}

impl Visitor for Routes {
    fn detection<D: Detection + fmt::Debug + Send + 'static>(&mut self, detection: D, enabled: bool) {
        if enabled {
            self.detections
                .push(Box::new(move |event, policy, found| places_of(&detection, event, policy, found)));
        }
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Routes").field(&self.detections.len()).finish()
    }
}
