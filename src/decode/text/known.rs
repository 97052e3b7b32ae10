//! The names that lines of names and values give to what stands around the data of an event.

use crate::decode::fields::fold::fold;
use crate::decode::manifest;
use crate::decode::wanted::{KDC_IDS, SECURITY_IDS};

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

/// Whether a shipper or Windows gives this name to a value of an event.
pub(crate) fn is_known(name: &str) -> bool {
    let name = fold(name);
    let is_of_event = |id: &u32| manifest::of(*id).iter().any(|field| field.eq_ignore_ascii_case(&name));
    let around: [&[&str]; 7] = [&IDS, &TIMES, &COMPUTERS, &PROVIDERS, &CHANNELS, &RECORD_IDS, &TEXTS];
    SECURITY_IDS.iter().chain(&KDC_IDS).any(is_of_event)
        || around.concat().iter().any(|known| known.eq_ignore_ascii_case(&name))
        || OTHERS.contains(&name.as_str())
}
