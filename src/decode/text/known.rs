//! The names that lines of names and values give to what stands around the data of an event.

use crate::decode::fields::fold::fold;
use crate::decode::manifest;
use crate::decode::wanted::{KDC_IDS, SECURITY_IDS};
use std::collections::HashSet;
use std::sync::LazyLock;

pub(crate) const IDS: [&str; 5] = ["EventID", "EventIDCode", "EventCode", "externalId", "Id"];
pub(crate) const TIMES: [&str; 14] = [
    "TimeCreated",
    "EventTime",
    "SystemTime",
    "devTime",
    "rt",
    "TimeGenerated",
    "end",
    "start",
    "TimeWritten",
    "deviceReceiptTime",
    "date",
    "timestamp",
    "time",
    "ts",
];
pub(crate) const COMPUTERS: [&str; 8] = [
    "Computer",
    "ComputerName",
    "Hostname",
    "dvchost",
    "deviceHostName",
    "identHostName",
    "dhost",
    "resource",
];
pub(crate) const PROVIDERS: [&str; 5] =
    ["ProviderName", "SourceName", "eventSource", "Source", "deviceProcessName"];
pub(crate) const CHANNELS: [&str; 6] =
    ["Channel", "LogName", "AgentLogFile", "cat", "deviceEventCategory", "deviceFacility"];
pub(crate) const RECORD_IDS: [&str; 4] = ["EventRecordID", "RecordNumber", "RecordId", "recordNumber"];
pub(crate) const TEXTS: [&str; 4] = ["Message", "msg", "Description", "reason"];

/// What stands before `=` in names of certificates, where a shipper of CEF escapes no `=`: `Principal Name=`, `OU=`.
pub(crate) const PARTS_OF_NAMES: [&str; 13] =
    ["Name", "Guid", "URL", "Address", "CN", "OU", "DC", "O", "C", "L", "S", "ST", "E"];

/// Further names that shippers put beside the data of an event, folded.
const OTHERS: [&str; 40] = [
    "accountname",
    "accounttype",
    "activityid",
    "category",
    "domain",
    "environment",
    "eventreceivedtime",
    "eventtype",
    "executionprocessid",
    "executionthreadid",
    "facility",
    "host",
    "index",
    "job",
    "keywords",
    "level",
    "levelname",
    "opcode",
    "opcodevalue",
    "pid",
    "priority",
    "processid",
    "provider",
    "providerguid",
    "qualifiers",
    "relatedactivityid",
    "service",
    "severity",
    "severityvalue",
    "sourcemodulename",
    "sourcemoduletype",
    "sourcetype",
    "tag",
    "tags",
    "task",
    "taskcategory",
    "threadid",
    "type",
    "userid",
    "version",
];

/// Names, folded, that a shipper or Windows gives to values of an event.
static KNOWN: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let around: [&[&str]; 7] = [&IDS, &TIMES, &COMPUTERS, &PROVIDERS, &CHANNELS, &RECORD_IDS, &TEXTS];
    let of_events = SECURITY_IDS.iter().chain(&KDC_IDS).flat_map(|id| manifest::of(*id));
    around.concat().iter().chain(of_events).chain(&OTHERS).map(|name| fold(name)).collect()
});

/// Whether a shipper or Windows gives this name to a value of an event.
pub(crate) fn is_known(name: &str) -> bool {
    KNOWN.contains(&fold(name))
}
