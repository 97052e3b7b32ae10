//! The formats that are read.

/// The format a record is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Windows event XML, one or several events.
    Xml,
    /// Windows event XML in a string of a JSON object, under any name: Splunk, Cribl, Filebeat, rsyslog.
    XmlInJson,
    /// What `evtx_dump -o json` and Chainsaw write, and what converters make of event XML.
    EvtxDump,
    /// Winlogbeat 6 to 9, Elastic Agent before and after its ingest pipeline.
    Winlogbeat,
    /// Flat JSON of NXLog: system and event data side by side.
    Nxlog,
    /// Fluent Bit `winevtlog` and `winlog`: positional StringInserts.
    FluentBit,
    /// Rows of the Sentinel tables SecurityEvent, WindowsEvent and Event.
    Sentinel,
    /// Wazuh: events, alerts and documents of the indexer.
    Wazuh,
    /// `EventLogRecord` of .NET as JSON: `Get-WinEvent`, Cribl Edge.
    DotNet,
    /// Fluentd `windows_eventlog` and `windows_eventlog2`.
    Fluentd,
    /// OpenTelemetry `windowseventlog`, as a body or in OTLP.
    OpenTelemetry,
    /// JSON of Vector's source `windows_event_log`.
    Vector,
    /// GELF of NXLog and others, and messages of Graylog.
    Gelf,
    /// Objects of `System` and `EventData`: Velociraptor and others.
    SystemData,
    /// JSON of EvtxECmd, with the event's own data in `Payload`.
    EvtxEcmd,
    /// The id and the fields side by side under the names that Windows gives them: OTRF, Panther, Cortex XSIAM.
    Flat,
    /// Open Cybersecurity Schema Framework.
    Ocsf,
    /// Microsoft Defender XDR `DeviceFileEvents`.
    DefenderXdr,
    /// CrowdStrike Falcon Data Replicator.
    CrowdstrikeFdr,
    /// Text of Splunk's `WinEventLog` inputs: lines of `key=value`, then the rendered message.
    SplunkText,
    /// Text of `wevtutil`, Event Viewer and `Format-List`.
    EventText,
    /// Text of Snare agents: columns separated by tabs.
    Snare,
    /// Common Event Format of ArcSight, alone or behind a syslog header.
    Cef,
    /// Log Event Extended Format of QRadar, and text of WinCollect.
    Leef,
    /// Structured data of syslog (RFC 5424).
    SyslogData,
    /// Lines of `name="value"`: NXLog, logfmt.
    KeyValues,
    /// The JSON mapping of our own event.
    Normalised,
    /// Our own event in protobuf.
    Protobuf,
}

impl Format {
    /// All formats, in the order of their declaration.
    pub const ALL: [Format; 28] = [
        Format::Xml,
        Format::XmlInJson,
        Format::EvtxDump,
        Format::Winlogbeat,
        Format::Nxlog,
        Format::FluentBit,
        Format::Sentinel,
        Format::Wazuh,
        Format::DotNet,
        Format::Fluentd,
        Format::OpenTelemetry,
        Format::Vector,
        Format::Gelf,
        Format::SystemData,
        Format::EvtxEcmd,
        Format::Flat,
        Format::Ocsf,
        Format::DefenderXdr,
        Format::CrowdstrikeFdr,
        Format::SplunkText,
        Format::EventText,
        Format::Snare,
        Format::Cef,
        Format::Leef,
        Format::SyslogData,
        Format::KeyValues,
        Format::Normalised,
        Format::Protobuf,
    ];

    /// The snake_case word for configuration, metrics and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Xml => "xml",
            Format::XmlInJson => "xml_in_json",
            Format::EvtxDump => "evtx_dump",
            Format::Winlogbeat => "winlogbeat",
            Format::Nxlog => "nxlog",
            Format::FluentBit => "fluent_bit",
            Format::Sentinel => "sentinel",
            Format::Wazuh => "wazuh",
            Format::DotNet => "dotnet",
            Format::Fluentd => "fluentd",
            Format::OpenTelemetry => "opentelemetry",
            Format::Vector => "vector",
            Format::Gelf => "gelf",
            Format::SystemData => "system_data",
            Format::EvtxEcmd => "evtx_ecmd",
            Format::Flat => "flat",
            Format::Ocsf => "ocsf",
            Format::DefenderXdr => "defender_xdr",
            Format::CrowdstrikeFdr => "crowdstrike_fdr",
            Format::SplunkText => "splunk_text",
            Format::EventText => "event_text",
            Format::Snare => "snare",
            Format::Cef => "cef",
            Format::Leef => "leef",
            Format::SyslogData => "syslog_data",
            Format::KeyValues => "key_values",
            Format::Normalised => "normalised",
            Format::Protobuf => "protobuf",
        }
    }
}
