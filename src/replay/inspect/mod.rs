//! INSPECT: what is recognised in the first records of files or a topic, before anything runs.

pub(crate) mod findings;
pub(crate) mod show;

use crate::decode::rejection::{Reason, Rejection};
use crate::decode::{Decoded, Decoder, Format, Place};
use crate::host::exit::{Exit, Failure};
use crate::kafka::range_reader;
use crate::replay::framing::{Content, Frame, MAX_RECORD, Stop};
use crate::replay::inputs::{Input, Inputs};
use crate::replay::inspect::findings::Findings;
use crate::replay::intake::UNKNOWN;
use crate::replay::open;
use crate::replay::progress::Progress;
use crate::replay::topic::TopicInput;
use crate::stage::port::SourceRecord;
use crate::wire;
use std::path::PathBuf;

/// The inputs, and how much of each is looked at.
#[derive(Debug)]
pub(crate) struct Request {
    /// Files, directories, or `-` for standard input.
    pub paths: Vec<PathBuf>,
    /// A topic to read instead of files.
    pub topic: Option<TopicInput>,
    pub decoder: Decoder,
    /// So many records of each input are looked at.
    pub records: u64,
}

/// Looks at the first records of every input.
///
/// # Errors
/// The topic cannot be read. Files that cannot be read are findings.
pub(crate) fn run(request: &Request) -> Result<Vec<Findings>, Failure> {
    if let Some(topic) = &request.topic {
        return Ok(vec![of_topic(request, topic)?]);
    }
    let inputs = Inputs::list(&request.paths);
    let mut all: Vec<Findings> = Vec::new();
    for (source, why) in inputs.missing {
        all.push(Findings { unread: Some(why), ..Findings::new(source) });
    }
    for input in &inputs.found {
        all.push(of_file(request, input)?);
    }
    Ok(all)
}

fn of_file(request: &Request, input: &Input) -> Result<Findings, Failure> {
    let mut inspector = Inspector::new(request, input.source.to_string());
    let mut place = Place { source: input.source.to_string(), ..Place::default() };
    let stopped = open::read(input, &Progress::new(None, false), &mut |frame| {
        inspector.take()?;
        inspector.frame(frame, &mut place);
        Ok(())
    });
    match stopped {
        Ok(()) => {}
        Err(Stop::Failure(_)) if inspector.findings.more => {}
        Err(Stop::Failure(failure)) => return Err(failure),
        Err(Stop::Input(why)) => inspector.findings.unread = Some(why),
        Err(Stop::Unknown) => inspector.findings.unread = Some(UNKNOWN.to_owned()),
    }
    Ok(inspector.finish())
}

fn of_topic(request: &Request, topic: &TopicInput) -> Result<Findings, Failure> {
    let mut inspector = Inspector::new(request, topic.slice.to_string());
    let extent = topic.extent()?;
    let read = range_reader::read(&topic.clients, &topic.slice, &extent, &mut |record| {
        inspector.take()?;
        inspector.kafka_record(&record, topic.routed);
        Ok(())
    });
    match read {
        Err(_) if inspector.findings.more => {}
        Err(failure) => return Err(failure),
        Ok(()) if extent.deleted > 0 => {
            let why = format!("retention has deleted {} of the requested offsets", extent.deleted);
            inspector.findings.unread = Some(why);
        }
        Ok(()) => {}
    }
    Ok(inspector.finish())
}

/// Reads the records of one input.
struct Inspector<'a> {
    decoder: &'a Decoder,
    left: u64,
    findings: Findings,
}

impl<'a> Inspector<'a> {
    fn new(request: &'a Request, source: String) -> Inspector<'a> {
        Inspector { decoder: &request.decoder, left: request.records, findings: Findings::new(source) }
    }

    /// Counts a record. The failure of one too many ends the reading, and is none: `more` is set.
    fn take(&mut self) -> Result<(), Failure> {
        self.findings.more = self.left == 0;
        if self.findings.more {
            return Err(Failure::new(Exit::Done, "enough records were read"));
        }
        self.left -= 1;
        self.findings.records += 1;
        Ok(())
    }

    fn frame(&mut self, frame: Frame<'_>, place: &mut Place) {
        place.offset = frame.number;
        match frame.content {
            Content::Record(record) => self.record(record, place),
            Content::TooLarge { length, .. } => {
                let detail = format!("{length} bytes are more than the {MAX_RECORD} a record may have");
                self.reject(Reason::TooLarge, detail, place);
            }
            Content::Damaged(why) => self.findings.unread = Some(why.to_owned()),
        }
    }

    fn kafka_record(&mut self, record: &SourceRecord, routed: bool) {
        let place = Place {
            source: format!("{}:{}", record.from.topic, record.from.partition),
            offset: record.offset,
            append_time: record.append_time,
            ..Place::default()
        };
        match &record.value {
            None => self.findings.without_id += 1,
            Some(value) if routed => self.routed(value, &place),
            Some(value) => self.record(value, &place),
        }
    }

    fn record(&mut self, record: &[u8], place: &Place) {
        let Inspector { decoder, findings, .. } = self;
        let at = at(place);
        let replaced = decoder
            .decode_with_format(record, place, &mut |format, outcome| findings.add(format, &outcome, &at));
        findings.bad_text += u64::from(replaced);
    }

    fn routed(&mut self, value: &[u8], place: &Place) {
        for event in wire::routed::decode(value) {
            match event {
                Ok(event) => {
                    let event = Ok(Decoded::Event(Box::new(event)));
                    self.findings.add(Some(Format::Protobuf), &event, &at(place));
                }
                Err(detail) => self.reject(Reason::BadProtobuf, detail, place),
            }
        }
    }

    fn reject(&mut self, reason: Reason, detail: String, place: &Place) {
        self.findings.reject(&Rejection::new(reason, detail), &at(place));
    }

    fn finish(mut self) -> Findings {
        self.findings.finish();
        self.findings
    }
}

fn at(place: &Place) -> String {
    format!("{}:{}", place.source, place.offset)
}
