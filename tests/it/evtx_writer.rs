//! A small writer of `.evtx` files: enough of the format for a reader to give the events back as XML.
//!
//! After [MS-EVEN6] 2.2.12 and libyal's description of the format: a file header, chunks of 64 KiB with checksums and
//! a table of names, records whose binary XML spells every element out. Windows itself writes templates and typed
//! values; what a reader makes of them is the same text.

use std::collections::BTreeMap;

/// An event to write.
#[derive(Clone, Debug, Default)]
pub(crate) struct EvtxEvent {
    /// Name of the provider.
    pub(crate) provider: String,
    /// EventID.
    pub(crate) id: u32,
    /// Version.
    pub(crate) version: u32,
    /// Channel.
    pub(crate) channel: String,
    /// Computer.
    pub(crate) computer: String,
    /// TimeCreated, in milliseconds since the Unix epoch.
    pub(crate) time_millis: i64,
    /// EventRecordID.
    pub(crate) record_id: u64,
    /// Names and values of EventData, in order.
    pub(crate) data: Vec<(String, String)>,
}

const FILE_HEADER_BYTES: usize = 4096;
const CHUNK_BYTES: usize = 64 * 1024;
const CHUNK_HEADER_BYTES: usize = 512;
const NAMESPACE: &str = "http://schemas.microsoft.com/win/2004/08/events/event";

/// The events as an `.evtx` file.
pub(crate) fn write(events: &[EvtxEvent]) -> Vec<u8> {
    let mut chunks = vec![Chunk::new(1)];
    for (event, number) in events.iter().zip(1..) {
        let last = chunks.len() - 1;
        if !chunks[last].write(event) {
            chunks.push(Chunk::new(number));
            assert!(chunks[last + 1].write(event), "event {number} does not fit into a chunk");
        }
    }
    let mut file = file_header(chunks.len(), events.len());
    chunks.into_iter().for_each(|chunk| file.extend(chunk.finish()));
    file
}

fn file_header(chunks: usize, events: usize) -> Vec<u8> {
    let mut header = vec![0; FILE_HEADER_BYTES];
    put(&mut header, 0, b"ElfFile\0");
    put(&mut header, 16, &(chunks as u64 - 1).to_le_bytes());
    put(&mut header, 24, &(events as u64 + 1).to_le_bytes());
    put(&mut header, 32, &128_u32.to_le_bytes());
    put(&mut header, 36, &1_u16.to_le_bytes());
    put(&mut header, 38, &3_u16.to_le_bytes());
    put(&mut header, 40, &(FILE_HEADER_BYTES as u16).to_le_bytes());
    put(&mut header, 42, &(chunks as u16).to_le_bytes());
    let checksum = crc32(&[&header[..120]]);
    put(&mut header, 124, &checksum.to_le_bytes());
    header
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// A chunk while it is written: its bytes so far, and the names that are in them.
#[derive(Clone)]
struct Chunk {
    bytes: Vec<u8>,
    /// Offset of each name.
    names: BTreeMap<String, u32>,
    /// Offset of the newest name of each hash bucket; each name links to the one before it.
    buckets: [u32; 64],
    first: u64,
    records: u64,
    ids: (u64, u64),
    last_record: usize,
}

impl Chunk {
    fn new(first: u64) -> Chunk {
        Chunk {
            bytes: vec![0; CHUNK_HEADER_BYTES],
            names: BTreeMap::new(),
            buckets: [0; 64],
            first,
            records: 0,
            ids: (0, 0),
            last_record: CHUNK_HEADER_BYTES,
        }
    }

    /// Writes an event; false, and nothing is changed, when there is no room.
    fn write(&mut self, event: &EvtxEvent) -> bool {
        let before = self.clone();
        self.record(event);
        if self.bytes.len() > CHUNK_BYTES {
            *self = before;
            return false;
        }
        true
    }

    fn record(&mut self, event: &EvtxEvent) {
        // 100 ns since 1601.
        let filetime = (event.time_millis + 11_644_473_600_000) as u64 * 10_000;
        let start = self.bytes.len();
        self.bytes.extend(b"\x2a\x2a\0\0");
        self.bytes.extend([0; 4]);
        self.bytes.extend(event.record_id.to_le_bytes());
        self.bytes.extend(filetime.to_le_bytes());
        self.bytes.extend([0x0f, 1, 1, 0]);
        self.event(event);
        self.bytes.push(0);
        let size = (self.bytes.len() - start + 4) as u32;
        self.bytes.extend(size.to_le_bytes());
        put(&mut self.bytes, start + 4, &size.to_le_bytes());
        self.last_record = start;
        self.ids = (if self.records == 0 { event.record_id } else { self.ids.0 }, event.record_id);
        self.records += 1;
    }

    fn event(&mut self, event: &EvtxEvent) {
        let time = adcs_watch::event::time::Time::from_millis(event.time_millis).to_string();
        self.element("Event", &[("xmlns", NAMESPACE)], |c| {
            c.element("System", &[], |c| {
                c.element("Provider", &[("Name", &event.provider)], |_| {});
                c.text("EventID", &[], &event.id.to_string());
                c.text("Version", &[], &event.version.to_string());
                c.element("TimeCreated", &[("SystemTime", &time)], |_| {});
                c.text("EventRecordID", &[], &event.record_id.to_string());
                c.text("Channel", &[], &event.channel);
                c.text("Computer", &[], &event.computer);
            });
            c.element("EventData", &[], |c| {
                event.data.iter().for_each(|(name, value)| c.text("Data", &[("Name", name)], value));
            });
        });
    }

    fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.element(name, attributes, |c| {
            if !text.is_empty() {
                c.value(text);
            }
        });
    }

    fn element(&mut self, name: &str, attributes: &[(&str, &str)], inside: impl FnOnce(&mut Chunk)) {
        self.bytes.push(if attributes.is_empty() { 0x01 } else { 0x41 });
        let size_at = self.reserve_size();
        self.name(name);
        if !attributes.is_empty() {
            let attributes_at = self.reserve_size();
            for (at, (name, value)) in attributes.iter().enumerate() {
                self.bytes.push(if at + 1 < attributes.len() { 0x46 } else { 0x06 });
                self.name(name);
                self.value(value);
            }
            self.fill_size(attributes_at);
        }
        self.bytes.push(0x02);
        inside(self);
        self.bytes.push(0x04);
        self.fill_size(size_at);
    }

    fn reserve_size(&mut self) -> usize {
        self.bytes.extend([0; 4]);
        self.bytes.len()
    }

    fn fill_size(&mut self, at: usize) {
        let size = (self.bytes.len() - at) as u32;
        put(&mut self.bytes, at - 4, &size.to_le_bytes());
    }

    fn value(&mut self, text: &str) {
        let units: Vec<u16> = text.encode_utf16().collect();
        self.bytes.extend([0x05, 0x01]);
        self.bytes.extend(u16::try_from(units.len()).unwrap().to_le_bytes());
        units.iter().for_each(|unit| self.bytes.extend(unit.to_le_bytes()));
    }

    /// A reference to a name, and the name itself where it is used first.
    fn name(&mut self, name: &str) {
        if let Some(offset) = self.names.get(name) {
            return self.bytes.extend(offset.to_le_bytes());
        }
        let offset = self.bytes.len() as u32 + 4;
        let units: Vec<u16> = name.encode_utf16().collect();
        let hash =
            units.iter().fold(0_u32, |hash, unit| hash.wrapping_mul(65599).wrapping_add(u32::from(*unit)));
        let bucket = &mut self.buckets[hash as u16 as usize % 64];
        self.bytes.extend(offset.to_le_bytes());
        self.bytes.extend(bucket.to_le_bytes());
        self.bytes.extend((hash as u16).to_le_bytes());
        self.bytes.extend((units.len() as u16).to_le_bytes());
        units.iter().for_each(|unit| self.bytes.extend(unit.to_le_bytes()));
        self.bytes.extend([0; 2]);
        *bucket = offset;
        self.names.insert(name.to_owned(), offset);
    }

    fn finish(mut self) -> Vec<u8> {
        let free = self.bytes.len();
        let last = self.first + self.records.max(1) - 1;
        let records_checksum = crc32(&[&self.bytes[CHUNK_HEADER_BYTES..]]);
        self.bytes.resize(CHUNK_BYTES, 0);
        let bytes = &mut self.bytes;
        put(bytes, 0, b"ElfChnk\0");
        put(bytes, 8, &self.first.to_le_bytes());
        put(bytes, 16, &last.to_le_bytes());
        put(bytes, 24, &self.ids.0.to_le_bytes());
        put(bytes, 32, &self.ids.1.to_le_bytes());
        put(bytes, 40, &128_u32.to_le_bytes());
        put(bytes, 44, &(self.last_record as u32).to_le_bytes());
        put(bytes, 48, &(free as u32).to_le_bytes());
        put(bytes, 52, &records_checksum.to_le_bytes());
        for (offset, at) in self.buckets.iter().zip((128..).step_by(4)) {
            put(bytes, at, &offset.to_le_bytes());
        }
        let checksum = crc32(&[&bytes[..120], &bytes[128..CHUNK_HEADER_BYTES]]);
        put(bytes, 124, &checksum.to_le_bytes());
        self.bytes
    }
}

/// CRC-32 as in IEEE 802.3.
fn crc32(parts: &[&[u8]]) -> u32 {
    let mut crc = flate2::Crc::new();
    parts.iter().for_each(|part| crc.update(part));
    crc.sum()
}
