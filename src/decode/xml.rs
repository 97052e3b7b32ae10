//! Windows event XML: one event, several in a row, or any number inside `<Events>`, with or without a namespace.

use crate::decode::envelope::{Envelope, Fields};
use crate::decode::manifest;
use crate::decode::names;
use crate::decode::rejection::Rejection;
use crate::decode::values::{event_id, looks_like_id};
use crate::decode::wanted::is_wanted;
use crate::decode::xml_reader::{Draft, End, Walk};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// Gives every event of the text to `found`, in order, until that stops; none for an event without an id, and a rejection
/// for one whose id cannot be read.
pub(crate) fn events<'t>(
    text: &'t str,
    found: &mut dyn FnMut(Result<Option<Envelope<'t>>, Rejection>) -> ControlFlow<()>,
) -> Result<(), Rejection> {
    let mut walk = Walk::new(text);
    while let Some(end) = walk.step()? {
        if let End::Event = end
            && found(envelope(std::mem::take(&mut walk.draft))).is_break()
        {
            break;
        }
    }
    Ok(())
}

/// What an event that is written flat keeps in elements of its own: NXLog's `to_xml`.
fn take_flat(draft: &mut Draft<'_>) {
    let find = |name: &str| draft.data.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let (id, time, record_id) = (find("EventID"), find("EventTime"), find("RecordNumber"));
    let (provider, channel, computer) = (find("SourceName"), find("Channel"), find("Hostname"));
    (draft.id, draft.time, draft.record_id) = (id, time, record_id);
    (draft.provider, draft.channel, draft.computer) = (provider, channel, computer);
}

fn envelope(mut draft: Draft<'_>) -> Result<Option<Envelope<'_>>, Rejection> {
    if draft.id.is_none() {
        take_flat(&mut draft);
    }
    let Some(text) = draft.id.take() else { return Ok(None) };
    let Some(id) = event_id(&text) else {
        return if looks_like_id(&text) { Err(Rejection::bad_id(&text)) } else { Ok(None) };
    };
    let nameless = draft.data.iter().all(|(name, _)| name.is_empty());
    if is_wanted(id) && nameless && names::is_whole(id, draft.data.len()) {
        let names = manifest::of(id).iter().copied().chain(std::iter::repeat(""));
        draft.data.iter_mut().zip(names).for_each(|((name, _), known)| *name = Cow::Borrowed(known));
    }
    Ok(Some(Envelope {
        id,
        provider: draft.provider,
        channel: draft.channel,
        computer: draft.computer.filter(|name| !name.trim_ascii().is_empty()),
        time: draft.time,
        record_id: draft.record_id.and_then(|text| text.trim_ascii().parse().ok()),
        fields: Fields::List(draft.data),
    }))
}
