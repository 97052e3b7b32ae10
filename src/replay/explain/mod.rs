//! EXPLAIN: what each detection made of one record, after all events before it.

pub(crate) mod known;
pub(crate) mod checkpoint;
pub(crate) mod words;

use crate::alert::id::AlertId;
use crate::decode::prefilter::Prefilter;
use crate::decode::{Decoded, Decoder, Place};
use crate::detect::policy::Policy;
use crate::engine::{Engine, Explained};
use crate::event::Event;
use crate::host::exit::Failure;
use crate::replay::framing::{Content, Frame, MAX_RECORD, Stop};
use crate::replay::inputs::Inputs;
use crate::replay::intake::{Intake, UNKNOWN};
use crate::replay::open;
use crate::replay::order::Order;
use crate::replay::progress::Progress;
use crate::replay::summary::Summary;
use std::path::PathBuf;

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// A record, by the file and its number there, as evidence names it.
    Record {
        /// The path as the inputs give it, with the member of an archive.
        source: String,
        /// The number of the record, from 1.
        number: u64,
    },
    /// Every record that raised or revised this alert.
    Alert(AlertId),
}

/// The inputs and the settings.
#[derive(Debug)]
pub(crate) struct Request {
    /// Files and directories. They are read twice to explain an alert.
    pub paths: Vec<PathBuf>,
    pub policy: Policy,
    pub decoder: Decoder,
}

/// What became of the record before any detection saw it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fate {
    /// It has no trace of an event that a detection reads, so it was not parsed.
    Filtered,
    /// It is an event that does not matter to any detection; its id, where it has one.
    Ignored(Option<u32>),
    /// It cannot be decoded, for this reason.
    Rejected(String),
    /// It was decoded, and no detection has a use for the event.
    Unconcerned(Box<Event>),
}

/// All that is known of the subject.
#[derive(Debug, Default)]
pub(crate) struct Explanation {
    /// The records that no detection looked at, with what became of them.
    pub fates: Vec<(Place, Fate)>,
    /// The events that the detections looked at, in their order, and the answers.
    pub events: Vec<(Event, Explained)>,
    /// The greatest number of a record in the input of the subject; none: it is no input.
    pub records: Option<u64>,
    /// Inputs that were not read to their end, each with the reason. Their events are missing from the state.
    pub unread: Vec<(String, String)>,
}

/// A record by its input and its number there.
type Wanted = (String, u64);

/// Reads the inputs, and runs the detections up to the subject.
///
/// # Errors
/// A temporary file cannot be written or read.
pub(crate) fn run(subject: &Subject, request: &Request) -> Result<Explanation, Failure> {
    let inputs = Inputs::list(&request.paths);
    match subject {
        Subject::Record { source, number } => {
            explain(request, &inputs, &[(inputs.spelling_of(source), *number)])
        }
        Subject::Alert(id) => explain(request, &inputs, &triggers(request, &inputs, *id)?),
    }
}

/// The records that raised or revised an alert.
fn triggers(request: &Request, inputs: &Inputs, id: AlertId) -> Result<Vec<Wanted>, Failure> {
    let mut engine = Engine::new(request.policy.clone());
    let (order, _) = Gathering::new(request, &engine, &[]).read(inputs)?;
    let mut triggers = Vec::new();
    for event in order.finish()? {
        let (_, event) = event?;
        if engine.on_event(&event).alerts.iter().any(|alert| alert.alert_id == id) {
            triggers.push((event.origin.source.clone(), event.origin.offset));
        }
    }
    Ok(triggers)
}

fn explain(request: &Request, inputs: &Inputs, wanted: &[Wanted]) -> Result<Explanation, Failure> {
    let mut engine = Engine::new(request.policy.clone());
    let (order, mut explanation) = Gathering::new(request, &engine, wanted).read(inputs)?;
    for event in order.finish()? {
        let (_, event) = event?;
        if is_wanted(wanted, &event.origin.source, event.origin.offset) {
            let answers = engine.explain(&event);
            explanation.events.push((event, answers));
        } else {
            engine.on_event(&event);
        }
    }
    Ok(explanation)
}

fn is_wanted(wanted: &[Wanted], source: &str, number: u64) -> bool {
    wanted.iter().any(|(in_source, at)| in_source == source && *at == number)
}

/// Sorts the events of all inputs. The fates of the wanted records are noted on the way.
struct Gathering<'a> {
    intake: Intake<'a>,
    wanted: &'a [Wanted],
    explanation: Explanation,
}

impl<'a> Gathering<'a> {
    fn new(request: &Request, engine: &'a Engine, wanted: &'a [Wanted]) -> Gathering<'a> {
        let intake = Intake {
            prefilter: Prefilter::for_source(request.decoder.format, None),
            decoder: request.decoder.clone(),
            engine,
            dead_letter: None,
            order: Order::default(),
            summary: Summary::default(),
        };
        Gathering { intake, wanted, explanation: Explanation::default() }
    }

    fn read(mut self, inputs: &Inputs) -> Result<(Order, Explanation), Failure> {
        self.explanation.unread.clone_from(&inputs.missing);
        for input in &inputs.found {
            let mut place = Place { source: input.source.to_string(), ..Place::default() };
            if self.wanted.iter().any(|(source, _)| *source == place.source) {
                self.explanation.records = Some(0);
            }
            let quiet = Progress::new(None, false);
            let read = open::read(input, &quiet, &mut |frame| self.frame(frame, &mut place));
            match read {
                Ok(()) => {}
                Err(Stop::Input(why)) => self.unread(place.source, &why),
                Err(Stop::Unknown) if input.named => self.unread(place.source, UNKNOWN),
                Err(Stop::Unknown) => {}
                Err(Stop::Failure(failure)) => return Err(failure),
            }
        }
        Ok((self.intake.order, self.explanation))
    }

    fn frame(&mut self, frame: Frame, place: &mut Place) -> Result<(), Failure> {
        place.offset = frame.number;
        if self.wanted.iter().any(|(source, _)| *source == place.source) {
            self.explanation.records = self.explanation.records.max(Some(frame.number));
        }
        let wanted = is_wanted(self.wanted, &place.source, place.offset);
        match frame.content {
            Content::Record(record) => {
                if wanted {
                    self.note(place, fates(&self.intake, record, place));
                }
                return self.intake.record(record, place);
            }
            Content::TooLarge { length, .. } if wanted => {
                let why = format!("{length} bytes are more than the {MAX_RECORD} a record may have");
                self.note(place, vec![Fate::Rejected(why)]);
            }
            Content::TooLarge { .. } => {}
            Content::Damaged(why) => self.unread(place.source.clone(), why),
        }
        Ok(())
    }

    fn note(&mut self, place: &Place, fates: Vec<Fate>) {
        self.explanation.fates.extend(fates.into_iter().map(|fate| (place.clone(), fate)));
    }

    /// Only the first damage of an input is kept.
    fn unread(&mut self, source: String, why: &str) {
        if self.explanation.unread.last().is_none_or(|(last, _)| *last != source) {
            self.explanation.unread.push((source, why.to_owned()));
        }
    }
}

/// What becomes of the parts of a record that no detection sees.
fn fates(intake: &Intake, record: &[u8], place: &Place) -> Vec<Fate> {
    if !intake.prefilter.may_matter(record) {
        return vec![Fate::Filtered];
    }
    let mut fates = Vec::new();
    intake.decoder.decode_with_format(record, place, &mut |_, decoded| {
        fates.extend(match decoded {
            Ok(Decoded::Event(event)) if intake.engine.concerns(&event) => None,
            Ok(Decoded::Event(event)) => Some(Fate::Unconcerned(event)),
            Ok(Decoded::Ignored(id)) => Some(Fate::Ignored(id)),
            Err(rejection) => Some(Fate::Rejected(rejection.to_string())),
        });
    });
    fates
}
