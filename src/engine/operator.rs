//! A detection together with its keyed state, its types hidden.

use crate::detect::catalogue::Visitor;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, Entity, Training};
use crate::engine::routes::key_of;
use crate::event::Event;
use crate::event::host::Host;
use crate::state::key::EntityKey;
use crate::state::store::KeyedStore;
use crate::wire;
use std::fmt::Debug;

/// What the engine asks of a detection, whatever its state is.
pub(crate) trait Operator: Debug + Send {
    fn about(&self) -> About;
    fn id(&self) -> &'static str {
        self.about().id
    }
    /// The key of the entity that the event concerns.
    fn key(&self, event: &Event) -> Option<EntityKey>;
    fn on_event(&mut self, key: EntityKey, event: &Event, cx: &mut Context<'_>);
    /// How far the baseline of this CA is trained, and its key.
    fn training(&self, ca: &Host) -> Option<(EntityKey, Training)>;
    fn store(&self) -> &KeyedStore;
    fn store_mut(&mut self) -> &mut KeyedStore;
}

#[derive(Debug)]
struct Running<D> {
    detection: D,
    store: KeyedStore,
}

impl<D: Detection + Debug + Send> Operator for Running<D> {
    fn about(&self) -> About {
        D::ABOUT
    }

    fn key(&self, event: &Event) -> Option<EntityKey> {
        key_of(&self.detection, event)
    }

    fn on_event(&mut self, key: EntityKey, event: &Event, cx: &mut Context<'_>) {
        let mut slot: Slot<'_, D::State, D::Part> = Slot::open(&mut self.store, key);
        self.detection.on_event(event, &mut slot, cx);
        slot.close();
    }

    fn training(&self, ca: &Host) -> Option<(EntityKey, Training)> {
        let key = EntityKey::of(D::ABOUT.id, Entity::ca_in_any_spelling(ca).as_str());
        let state = self.store.get(key).and_then(|bytes| wire::decode(bytes).ok()).unwrap_or_default();
        Some((key, self.detection.training(&state)?))
    }

    fn store(&self) -> &KeyedStore {
        &self.store
    }

    fn store_mut(&mut self) -> &mut KeyedStore {
        &mut self.store
    }
}

/// Collects the detections that are switched on.
#[derive(Debug, Default)]
pub(crate) struct Operators(pub(crate) Vec<Box<dyn Operator>>);

impl Visitor for Operators {
    fn detection<D: Detection + Debug + Send + 'static>(&mut self, detection: D, enabled: bool) {
        if enabled {
            self.0.push(Box::new(Running { detection, store: KeyedStore::default() }));
        }
    }
}
