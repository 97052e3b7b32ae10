//! RECORDS → EVENTS: prefilter, decode, keep what concerns a detection, count everything.

use crate::decode::prefilter::Prefilter;
use crate::decode::rejection::{Reason, Rejection};
use crate::decode::{Decoded, Decoder, Place};
use crate::engine::Engine;
use crate::host::exit::Failure;
use crate::replay::dead_letter::DeadLetter;
use crate::replay::framing::{Content, Frame, MAX_RECORD, Stop};
use crate::replay::inputs::Input;
use crate::replay::open;
use crate::replay::order::Order;
use crate::replay::progress::Progress;
use crate::replay::summary::Summary;

/// Reads inputs, and keeps the events that a detection uses.
pub(crate) struct Intake<'a> {
    /// Drops records without a trace of a wanted event before they are parsed.
    pub prefilter: Prefilter,
    /// Decodes the records that pass the prefilter.
    pub decoder: Decoder,
    /// Decides which events a detection uses.
    pub engine: &'a Engine,
    /// Takes rejected records; `None` without `--dead-letter`.
    pub dead_letter: Option<DeadLetter>,
    /// Sorts the events that a detection uses.
    pub order: Order,
    /// Counts every record by its outcome.
    pub summary: Summary,
}

/// The outcome of one input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// It was read to its end.
    Whole,
    /// It was not read, or only in part; why.
    Unread(String),
    /// It holds no events in a known format.
    Skipped,
}

/// The reason for a file of unknown content.
pub(crate) const UNKNOWN: &str = "no events in a known format (event XML, .evtx, JSON; gzip, zstd or zip)";

impl Intake<'_> {
    /// Reads one input to its end, or as far as it can be read.
    ///
    /// # Errors
    /// A dead letter or a temporary file cannot be written.
    pub(crate) fn input(&mut self, input: &Input, progress: &Progress) -> Result<Read, Failure> {
        let mut place = Place { source: input.source.to_string(), ..Place::default() };
        let mut damage = Damage::default();
        let stopped = open::read(input, progress, &mut |frame| {
            progress.tick();
            self.frame(frame, &mut place, &mut damage)
        });
        let why = match stopped {
            Ok(()) => damage.to_text(None),
            Err(Stop::Input(why)) => damage.to_text(Some(why)),
            Err(Stop::Unknown) if input.named => Some(UNKNOWN.to_owned()),
            Err(Stop::Unknown) => {
                self.summary.skipped.push(&place.source, UNKNOWN);
                return Ok(Read::Skipped);
            }
            Err(Stop::Failure(failure)) => return Err(failure),
        };
        self.summary.inputs_read += u64::from(why.is_none() || place.offset > 0);
        let Some(why) = why else { return Ok(Read::Whole) };
        self.summary.unread.push(&place.source, &why);
        Ok(Read::Unread(why))
    }

    fn frame(&mut self, frame: Frame, place: &mut Place, damage: &mut Damage) -> Result<(), Failure> {
        place.offset = frame.number;
        match frame.content {
            Content::Record(record) => self.record(record, place),
            Content::TooLarge { start, length } => self.too_large(start, length, place),
            Content::Damaged(why) => {
                damage.add(why);
                Ok(())
            }
        }
    }

    /// Counts one record of a source, and keeps its events that a detection uses.
    ///
    /// # Errors
    /// A dead letter or a temporary file cannot be written.
    pub(crate) fn record(&mut self, record: &[u8], place: &Place) -> Result<(), Failure> {
        if !self.prefilter.may_matter(record) {
            self.summary.filtered();
            return Ok(());
        }
        let Intake { decoder, engine, dead_letter, order, summary, .. } = self;
        let mut kept = Ok(());
        let replaced = decoder.decode_with_format(record, place, &mut |_, decoded| {
            let done = match decoded {
                Ok(Decoded::Event(event)) => {
                    let concerned = engine.concerns(&event);
                    summary.event(&event, concerned);
                    if concerned { order.push(&event, None) } else { Ok(()) }
                }
                Ok(Decoded::Ignored(event_id)) => {
                    summary.ignored(event_id);
                    Ok(())
                }
                Err(rejection) => reject(&rejection, record, place, dead_letter, summary),
            };
            if kept.is_ok() {
                kept = done;
            }
        });
        summary.bad_text += u64::from(replaced);
        kept
    }

    fn too_large(&mut self, start: &[u8], length: u64, place: &Place) -> Result<(), Failure> {
        let detail = format!("{length} bytes are more than the {MAX_RECORD} a record may have");
        let rejection = Rejection::new(Reason::TooLarge, detail);
        reject(&rejection, start, place, &mut self.dead_letter, &mut self.summary)
    }
}

/// Counts a rejected record, and writes it to the dead letters if there are any.
///
/// # Errors
/// The dead letter cannot be written.
pub(crate) fn reject(
    rejection: &Rejection,
    record: &[u8],
    place: &Place,
    dead_letter: &mut Option<DeadLetter>,
    summary: &mut Summary,
) -> Result<(), Failure> {
    summary.rejected(rejection, || format!("{}:{}", place.source, place.offset));
    dead_letter.as_mut().map_or(Ok(()), |letters| letters.write(place, rejection, record))
}

/// Damaged parts of one input.
#[derive(Debug, Default)]
struct Damage {
    parts: u64,
    first: String,
}

impl Damage {
    fn add(&mut self, why: &str) {
        if self.parts == 0 {
            self.first = why.to_owned();
        }
        self.parts += 1;
    }

    /// All damage of the input in one text; `None` if there is none.
    fn to_text(&self, stop: Option<String>) -> Option<String> {
        let damage = match self.parts {
            0 => None,
            1 => Some(self.first.clone()),
            parts => Some(format!("{} ({} more damaged parts)", self.first, parts - 1)),
        };
        match (damage, stop) {
            (None, stop) => stop,
            (Some(damage), None) => Some(damage),
            (Some(damage), Some(stop)) => Some(format!("{stop}; {damage}")),
        }
    }
}
