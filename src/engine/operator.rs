//! A detection together with its keyed state, its types hidden.

use crate::alert::{Alert, Unlisted};
use crate::detect::answer::answer;
use crate::detect::asked;
use crate::detect::catalogue::Visitor;
use crate::detect::domain::DomainPolicy;
use crate::detect::slot::{self, Slot};
use crate::detect::words::InWords;
use crate::detect::{About, Context, Detection, Entity, Place, Training, link};
use crate::engine::answer::Known;
use crate::engine::routes::places_of;
use crate::event::Event;
use crate::event::host::Host;
use crate::state::key::EntityKey;
use crate::state::live::Live;
use crate::state::store::KeyedStore;
use std::fmt::Debug;

/// What the engine asks of a detection, whatever its state is.
pub(crate) trait Operator: Debug + Send {
    fn about(&self) -> &'static About;
    fn id(&self) -> &'static str {
        self.about().id
    }
    /// Gives `found` the place of each entity that the event concerns.
    fn places(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Place));
    /// Runs the detection for each entity of the event that lives here. For how many it ran. What an exception silences is no
    /// alert.
    fn on_event(&mut self, event: &Event, lives_here: &dyn Fn(Place) -> bool, cx: &mut Context<'_>) -> u32;
    /// What it remembers of each entity that the event concerns.
    fn known(&self, event: &Event, policy: &DomainPolicy) -> Vec<Known>;
    /// What it remembers of these entities.
    fn recall(&mut self, entities: &[Entity]) -> Vec<Known>;
    /// How far the baseline of this CA is trained, and where it lives.
    fn training(&self, ca: &Host) -> Option<(Place, Training)>;
    /// Its records and their bytes.
    fn size(&self) -> (usize, usize);
    /// About how many of its records a checkpoint would write.
    fn changes(&self) -> usize;
    /// The digest of all that it remembers.
    fn digest(&self) -> u128;
    /// All that it remembers.
    fn store(&mut self) -> &mut KeyedStore;
}

#[derive(Debug)]
struct Running<D: Detection> {
    detection: D,
    store: KeyedStore,
    live: Live<D::State>,
}

impl<D: Detection + Debug + Send> Operator for Running<D> {
    fn about(&self) -> &'static About {
        &D::ABOUT
    }

    fn places(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Place)) {
        places_of(&self.detection, event, policy, found);
    }

    fn on_event(&mut self, event: &Event, lives_here: &dyn Fn(Place) -> bool, cx: &mut Context<'_>) -> u32 {
        let mut here: Vec<(Entity, EntityKey)> = Vec::new();
        self.detection.entities(event, cx.policy, &mut |entity| {
            let place = entity.place(D::ABOUT.id);
            if !lives_here(place) {
                return;
            }
            let key = entity.key_at(D::ABOUT.id, place);
            if here.iter().all(|(_, known)| *known != key) {
                here.push((entity, key));
            }
        });
        for (entity, key) in &here {
            let mut slot: Slot<'_, D::State, D::Part> = Slot::open(&mut self.store, &mut self.live, *key);
            let raised = cx.alerts.len();
            self.detection.on_event(event, entity, &mut slot, cx);
            slot.close();
            let raised = cx.alerts.split_off(raised);
            raised.into_iter().for_each(|alert| publish(alert, entity, event, cx));
            for finding in std::mem::take(&mut cx.findings) {
                if !cx.is_excepted(&finding) {
                    cx.links.push(link::finding(&finding, entity, event));
                }
            }
        }
        here.len() as u32
    }

    fn known(&self, event: &Event, policy: &DomainPolicy) -> Vec<Known> {
        let mut known: Vec<Known> = Vec::new();
        self.detection.entities(event, policy, &mut |entity| {
            let state = slot::current(&self.store, &self.live, entity.key(D::ABOUT.id));
            let state = (state != D::State::default()).then(|| state.in_words());
            let one = Known { entity: entity.to_string(), state };
            if !known.contains(&one) {
                known.push(one);
            }
        });
        known
    }

    fn recall(&mut self, entities: &[Entity]) -> Vec<Known> {
        let keys = asked::keys(entities, D::ABOUT.id, self.store());
        let known = keys.into_iter().map(|(key, entity)| {
            let state: D::State = slot::current(&self.store, &self.live, key);
            Known { entity, state: Some(state.in_words()) }
        });
        known.collect()
    }

    fn training(&self, ca: &Host) -> Option<(Place, Training)> {
        let entity = Entity::ca_in_any_spelling(ca);
        let place = entity.place(D::ABOUT.id);
        let state = slot::current(&self.store, &self.live, entity.key_at(D::ABOUT.id, place));
        Some((place, self.detection.training(&state)?))
    }

    fn size(&self) -> (usize, usize) {
        slot::size(&self.store, &self.live)
    }

    fn changes(&self) -> usize {
        self.store.changes() + self.live.decoded()
    }

    fn digest(&self) -> u128 {
        slot::digest(&self.store, &self.live)
    }

    fn store(&mut self) -> &mut KeyedStore {
        slot::write_back(&mut self.store, &mut self.live);
        &mut self.store
    }
}

/// Writes an alert with its answer, and as a link for its stories, unless an exception silences it.
fn publish(mut alert: Alert, entity: &Entity, event: &Event, cx: &mut Context<'_>) {
    if cx.is_excepted(&alert) {
        return;
    }
    cx.links.extend(link::of(&alert, entity, event));
    answer(cx.about, &mut alert);
    alert.unlisted = Unlisted::default();
    cx.alerts.push(alert);
}

/// Collects the detections that are switched on.
#[derive(Debug, Default)]
pub(crate) struct Operators(pub(crate) Vec<Box<dyn Operator>>);

impl Visitor for Operators {
    fn detection<D: Detection + Debug + Send + 'static>(&mut self, detection: D, enabled: bool) {
        if enabled {
            self.0.push(Box::new(Running { detection, store: KeyedStore::default(), live: Live::default() }));
        }
    }
}
