//! Where each layout keeps what: one row for each. To add a layout, add a row, fixtures, and a line in
//! `docs/wiring/formats.md`.
//!
//! Paths are folded ([`crate::decode::fields::fold`]), so a row needs one spelling of each name. Behind the paths of a
//! row come the usual ones of all layouts: a row lists only what is special.

use crate::decode::format::Format;

/// A layout of one event.
pub(crate) struct Row {
    /// What it is called.
    pub(crate) format: Format,
    /// Members that tell it: one of them must be there. None: any object with an id is read so.
    pub(crate) marks: &'static [&'static str],
    /// Where the id stands. The usual places are looked at only where this is empty.
    pub(crate) id: &'static [&'static str],
    /// Where the event time stands.
    pub(crate) time: &'static [&'static str],
    /// Where the computer stands that logged the event.
    pub(crate) computer: &'static [&'static str],
    /// Where the event's own data stands.
    pub(crate) data: &'static [&'static str],
}

const fn row(format: Format, marks: &'static [&'static str]) -> Row {
    Row { format, marks, id: &[], time: &[], computer: &[], data: &[] }
}

/// The rows, the most particular first.
pub(crate) const ROWS: [Row; 22] = [
    Row {
        id: &["win.system.eventID"],
        time: &["win.system.systemTime"],
        computer: &["win.system.computer"],
        data: &["win.eventdata"],
        ..row(Format::Wazuh, &["win.system"])
    },
    Row {
        id: &["winlog.event_id", "winlogbeat.winlog.event_id", "filebeat.winlog.event_id", "event.code"],
        time: &["winlog.time_created", "kibana.alert.original_time", "@timestamp"],
        computer: &["winlog.computer_name", "winlogbeat.winlog.computer_name", "winlog.computer"],
        data: &[
            "winlog.event_data",
            "winlogbeat.winlog.event_data",
            "filebeat.winlog.event_data",
            "winlog.user_data",
        ],
        ..row(
            Format::Winlogbeat,
            &["winlog", "winlog.event_id", "winlogbeat.winlog.event_id", "filebeat.winlog.event_id"],
        )
    },
    Row {
        id: &["Event.System.EventID"],
        time: &[
            "Event.System.TimeCreated.SystemTime",
            "Event.System.TimeCreated.attributes.SystemTime",
            "Event.System.TimeCreated.$.SystemTime",
            "Event.System.TimeCreated_attributes.SystemTime",
            "Event.System.TimeCreated",
        ],
        computer: &["Event.System.Computer"],
        data: &["Event.EventData", "Event.UserData"],
        ..row(Format::EvtxDump, &["Event.System.EventID"])
    },
    Row {
        id: &["System.EventID"],
        time: &[
            "System.TimeCreated.SystemTime",
            "System.TimeCreated.attributes.SystemTime",
            "System.TimeCreated.$.SystemTime",
            "System.TimeCreated",
            "System.SystemTime",
            "System.time",
        ],
        computer: &["System.Computer", "System.computer_name"],
        data: &["EventData", "UserData"],
        ..row(Format::SystemData, &["System.EventID"])
    },
    Row {
        id: &["winEventId"],
        time: &["eventTime"],
        computer: &["endpointHostName"],
        data: &["rawDataStr"],
        ..row(Format::Flat, &["winEventId"])
    },
    Row {
        id: &["winEventLog.id"],
        computer: &["endpoint.name"],
        data: &["winEventLog.data.event.eventData"],
        ..row(Format::Flat, &["winEventLog.id"])
    },
    Row {
        id: &["tags.EventID"],
        time: &["fields.TimeCreated"],
        computer: &["tags.Computer"],
        ..row(Format::Flat, &["tags.EventID"])
    },
    Row {
        id: &["id"],
        time: &["timereported"],
        computer: &["source"],
        ..row(Format::Flat, &["NTEventLogType"])
    },
    Row {
        id: &["eventid"],
        time: &["timestamp"],
        computer: &["host.host"],
        ..row(Format::Flat, &["itemid"])
    },
    Row {
        id: &["EventId"],
        data: &["Payload"],
        ..row(Format::EvtxEcmd, &["Payload", "PayloadData1", "MapDescription"])
    },
    Row {
        id: &["Id"],
        time: &["TimeCreated.value", "TimeCreated.DateTime", "TimeCreated"],
        computer: &["MachineName"],
        data: &["Properties"],
        ..row(Format::DotNet, &["MachineName", "LogName", "ContainerLog"])
    },
    Row {
        id: &["event_id.id", "EventID"],
        time: &["system_time"],
        data: &["event_data"],
        ..row(Format::OpenTelemetry, &["event_id.id", "system_time"])
    },
    row(Format::Vector, &["source_type"]),
    row(Format::FluentBit, &["Sid"]),
    row(Format::Fluentd, &["RelatedActivityID", "time_written"]),
    row(Format::FluentBit, &["StringInserts"]),
    Row {
        id: &["EventID", "event_id", "winlog_event_id", "winlogbeat_winlog_event_id", "EventCode"],
        ..row(Format::Gelf, &["short_message", "full_message"])
    },
    Row {
        id: &["externalId", "deviceEventClassId"],
        time: &["deviceReceiptTime", "ReceiptTime", "rt"],
        computer: &["deviceHostName", "DeviceName", "dvchost"],
        data: &["additionalData", "AdditionalExtensions"],
        ..row(Format::Cef, &["deviceEventClassId"])
    },
    Row { time: &["TimeCreated", "EventTime", "TimeGenerated"], ..row(Format::Sentinel, &["TimeGenerated"]) },
    Row { time: &["EventTime"], computer: &["Hostname"], ..row(Format::Nxlog, &["EventTime"]) },
    Row {
        id: &["metadata.event_code", "metadata.event_id", "unmapped.EventID", "unmapped.EventCode"],
        time: &["time", "time_dt"],
        computer: &["device.hostname", "device.name", "device.fqdn", "dst_endpoint.hostname"],
        data: &["unmapped.EventData", "unmapped"],
        ..row(Format::Ocsf, &["class_uid"])
    },
    row(Format::Flat, &[]),
];

/// How names end, folded, under which products keep the id, the time, the provider and others below a path of their own:
/// `windows.EventID`, `action_evtlog_event_id`.
pub(crate) const ID_ENDS: &[&str] = &["eventid", "eventcode", "eventidentifier", "eventidid"];
pub(crate) const TIME_ENDS: &[&str] = &["timecreated", "systemtime", "timecreatedsystemtime"];
pub(crate) const COMPUTER_ENDS: &[&str] = &["computername", "computer"];
pub(crate) const RECORD_ID_ENDS: &[&str] = &["eventrecordid", "recordid", "recordnumber"];
pub(crate) const PROVIDER_ENDS: &[&str] = &["providername"];
pub(crate) const CHANNEL_ENDS: &[&str] = &["channel", "logname"];

/// The usual places of an id.
pub(crate) const IDS: &[&str] = &[
    "EventID",
    "EventID.Value",
    "EventCode",
    "EventIdentifier",
    "event.code",
    "EventIDCode",
    "winevent.id",
    "signature_id",
    "action.id",
    "metadata.productEventType",
    "externalId",
    "InstanceId",
];
/// The usual places of the event time: what the source wrote before what a shipper did.
pub(crate) const TIMES: &[&str] = &[
    "TimeCreated.SystemTime",
    "TimeCreated",
    "SystemTime",
    "EventTime",
    "TimeGenerated",
    "event.created_at",
    "event.time",
    "@timestamp",
    "UtcTime",
    "datetime",
    "Date and Time",
    "metadata.eventTimestamp",
    "deviceReceiptTime",
    "ReceiptTime",
    "ISODATE",
    "_time",
    "p_event_time",
    "eventTime",
    "event_timestamp",
    "timestamp",
    "time",
    "TimeWritten",
    "date",
    "ts",
    "timeUnixNano",
    "event.created",
    "observedTimeUnixNano",
];
/// The usual places of the computer: names from Windows before names from the forwarder.
pub(crate) const COMPUTERS: &[&str] = &[
    "Computer",
    "ComputerName",
    "MachineName",
    "Hostname",
    "dvchost",
    "DeviceName",
    "host.name",
    "host.hostname",
    "host.fqdn",
    "hostname",
    "host",
    "dvc",
    "agent.hostname",
    "agent.name",
    "source_host",
    "dest_host",
    "dest_nt_host",
    "dest",
    "device.name",
    "hostIdentifier",
    "deviceHostName",
    "principal.hostname",
];
/// The usual places of the record's number.
pub(crate) const RECORD_IDS: &[&str] = &[
    "EventRecordID",
    "RecordNumber",
    "RecordId",
    "winlog.record_id",
    "winlogbeat.winlog.record_id",
    "System.EventRecordID",
    "System.record_id",
    "Event.System.EventRecordID",
    "win.system.eventRecordID",
    "Index",
    "metadata.uid",
    "metadata.productLogId",
    "recordnum",
    "EVENT_REC_NUM",
    "fields.EventRecordID",
];
/// The usual places of the provider.
pub(crate) const PROVIDERS: &[&str] = &[
    "ProviderName",
    "Provider.Name",
    "winlog.provider_name",
    "winlogbeat.winlog.provider_name",
    "SourceName",
    "EventSourceName",
    "System.Provider.Name",
    "System.Provider.attributes.Name",
    "System.Provider.$.Name",
    "System.provider_name",
    "System.Provider",
    "Event.System.Provider.Name",
    "Event.System.Provider.attributes.Name",
    "Event.System.Provider.$.Name",
    "win.system.providerName",
    "event.provider",
    "Provider",
    "sourceproc",
    "EVENT_SOURCE",
    "tags.Source",
    "winEventLog.providerName",
    "winlog.provider",
];
/// The usual places of the channel.
pub(crate) const CHANNELS: &[&str] = &[
    "Channel",
    "LogName",
    "EventLog",
    "Logfile",
    "winlog.channel",
    "winlogbeat.winlog.channel",
    "System.Channel",
    "Event.System.Channel",
    "win.system.channel",
    "metadata.log_name",
    "NTEventLogType",
    "tags.Channel",
    "winEventLog.channel",
];
/// The places where nothing but the event's own data is.
pub(crate) const OWN_DATA: &[&str] = &["EventData", "winlog.event_data"];
/// The other usual places of the event's data.
pub(crate) const DATA: &[&str] = &[
    "Data",
    "UserData",
    "Properties",
    "StringInserts",
    "InsertionStrings",
    "ReplacementStrings",
    "ParameterXml",
    "RawEventData",
    "message_inserts",
    "Payload",
    "AllFieldInfo",
    "ExtraEventData",
    "event.data",
    "params",
    "strings",
    "EventParameters",
    "action.properties",
    "action_evtlog_data_fields",
    "additional.fields",
    "additionalData",
    "AdditionalExtensions",
];
/// The usual places of the rendered text.
pub(crate) const TEXTS: &[&str] = &[
    "Message",
    "RenderedDescription",
    "Description",
    "full_message",
    "win.system.message",
    "event_message",
    "RenderingInfo.Message",
    "Event.RenderingInfo.Message",
    "System.Message",
    "msg",
    "body",
    "event.original",
    "short_message",
    "_raw",
    "raw",
    "log",
    "value",
    "content",
];
