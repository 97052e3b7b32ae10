//! The values of an event by name, gathered from wherever a layout keeps them.

use crate::decode::fields::fold::fold;
use crate::decode::fields::view::{Members, members, pair, text, untyped};
use crate::decode::json::Value;
use crate::decode::limits::MAX_NAMED_VALUES;
use crate::decode::values::is_absent;
use crate::decode::xml_reader;
use std::borrow::Cow;

/// Other names of fields, folded: the labels of the rendered text, and the names of common schemas (ECS, CIM, OCSF).
const OTHER_NAMES: [(&str, &[&str]); 22] = [
    ("attributes", &["requestattributes"]),
    ("disposition", &["dispositioncode"]),
    ("subjectkeyidentifier", &["ski"]),
    ("subject", &["subjectfromcsr"]),
    ("subjectalternativename", &["subjectalternativenamefromcsr"]),
    ("certificatetemplate", &["requestedtemplate"]),
    ("targetusername", &["accountname", "accountinformationaccountname", "username", "targetuser"]),
    ("targetdomainname", &["suppliedrealmname", "accountinformationsuppliedrealmname", "userdomain"]),
    ("targetsid", &["targetusersid", "userid", "useruid"]),
    ("status", &["resultcode", "additionalinformationresultcode", "statuscode", "failurecode"]),
    ("preauthtype", &["preauthenticationtype"]),
    ("certissuername", &["certificateissuername", "certificateissuer"]),
    ("certserialnumber", &["certificateserialnumber", "certificateinformationcertificateserialnumber"]),
    ("certthumbprint", &["certificatethumbprint"]),
    ("ipaddress", &["clientaddress", "sourceaddress", "sourceip", "srcip", "srcendpointip"]),
    ("ipport", &["clientport", "sourceport", "srcport"]),
    ("subjectusername", &["accountname", "subjectaccountname", "username", "actorusername"]),
    ("subjectdomainname", &["accountdomain", "subjectaccountdomain", "userdomain", "actoruserdomain"]),
    ("subjectusersid", &["securityid", "subjectsecurityid", "userid", "actoruseruid"]),
    ("sharename", &["share"]),
    ("sharelocalpath", &["sharepath"]),
    ("relativetargetname", &["sharerelativetargetname", "winfilename"]),
];

/// The sections of the rendered text, folded: parsers of it put them before the labels. Telegraf puts `Data_` there.
const SECTIONS: [&str; 8] = [
    "data",
    "accountinformation",
    "additionalinformation",
    "accessrequestinformation",
    "certificateinformation",
    "networkinformation",
    "serviceinformation",
    "shareinformation",
];

/// Fields whose text is a list of names and values, folded, with what stands between a name and its value, and between two
/// of them: pipelines take such texts apart.
const LISTS: [(&str, &str, &str); 5] = [
    ("attributes", ":", "\n"),
    ("requestattributes", ":", "\n"),
    ("subject", "=", ", "),
    ("subjectalternativename", "=", ", "),
    ("subjectalternativenamefromcsr", "=", ", "),
];

/// What `ConvertTo-Json` writes for a value that is nested too deep for it.
const NO_VALUE: &str = "System.Diagnostics.Eventing.Reader.EventProperty";

/// No event that is read has more values.
const MAX_POSITION: usize = 48;

/// How deep members of members are searched for fields.
const MAX_LEVELS: usize = 4;

/// Names, folded, with their values, and values without a name, in the order in which they were found. Of a name that
/// occurs more than once the first value counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    values: Vec<(String, String)>,
    /// The first so many values are the event's own data, apart from what else the record holds.
    own: usize,
    nameless: Vec<String>,
    is_ambiguous: bool,
    /// The last name of a text of pairs: of what a relay cuts off, its value is what is left.
    last_of_text: Option<String>,
}

impl Named {
    /// The value of a field, under its own name or another one; empty and `-` are absent. Where the event's own data has
    /// the field without a value, nothing else in the record is its value: an address or a name of the sender.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        let name = fold(name);
        let others = OTHER_NAMES.iter().find(|(own, _)| *own == name).map_or(&[][..], |(_, others)| others);
        let is_own = self.values[..self.own].iter().any(|(key, _)| *key == name);
        let values = if is_own { &self.values[..self.own] } else { &self.values[..] };
        std::iter::once(name.as_str())
            .chain(others.iter().copied())
            .find_map(|name| value_of(values, |key| key == name))
            .or_else(|| value_of(values, |key| is_in_section(key, &name)))
            .or_else(|| others.iter().find_map(|name| value_of(values, |key| is_in_section(key, name))))
    }

    /// Notes that the values so far are the event's own data, apart from what else the record holds.
    pub(crate) fn end_own_data(&mut self) {
        self.own = self.values.len();
    }

    /// Adds a value, unless there are [`MAX_NAMED_VALUES`] already. Of a path, what stands below the event's data is the
    /// name: `windows.EventData.RequestId`.
    pub(crate) fn push(&mut self, name: &str, value: impl Into<String>) {
        if self.values.len() < MAX_NAMED_VALUES {
            self.values.push((own_name(name), value.into()));
        }
    }

    /// Adds a value of a text that has all of them without quotes. Where a name occurs twice there, a value has written the
    /// second one: the attributes of a request are the client's own words.
    pub(crate) fn push_unquoted(&mut self, name: &str, value: impl Into<String>) {
        let (own, value) = (own_name(name), value.into());
        let known = value_of(&self.values, |key| key == own).is_some_and(|known| known != value.trim());
        self.is_ambiguous |= known;
        self.push(name, value);
    }

    /// Marks a text as one whose values without quotes may belong to another name.
    pub(crate) fn mark_ambiguous(&mut self) {
        self.is_ambiguous = true;
    }

    /// Notes the name of the last pair of a text that is nothing but names and values.
    pub(crate) fn end_text_with(&mut self, name: &str) {
        self.last_of_text = Some(own_name(name));
    }

    /// The last of a text of pairs among these fields, by its place in their list.
    pub(crate) fn last_of_text(&self, fields: &[&str]) -> Option<usize> {
        let last = self.last_of_text.as_deref()?;
        fields.iter().position(|field| is_name_of(last, field))
    }

    /// Whether a field stands here under any of its names, also without a value.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.values.iter().any(|(key, _)| is_name_of(key, field))
    }

    /// Whether two values of a text without quotes have one name.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.is_ambiguous
    }

    /// Adds all values of another list behind these.
    pub(crate) fn append(&mut self, other: Named) {
        self.values.extend(other.values);
        self.nameless.extend(other.nameless);
        self.is_ambiguous |= other.is_ambiguous;
        self.last_of_text = self.last_of_text.take().or(other.last_of_text);
    }

    /// Adds a value without a name, unless there are [`MAX_NAMED_VALUES`] already.
    pub(crate) fn push_nameless(&mut self, value: String) {
        if self.nameless.len() < MAX_NAMED_VALUES {
            self.nameless.push(value);
        }
    }

    /// The values that have a name, in their order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(_, value)| value.as_str())
    }

    /// The values without a name.
    pub(crate) fn nameless(&self) -> &[String] {
        &self.nameless
    }

    /// Adds the data of an event: an object, a list of names and values, a list of values, XML.
    pub(crate) fn data(&mut self, value: Value<'_>) {
        self.data_at(value, 0);
    }

    fn data_at(&mut self, value: Value<'_>, level: usize) {
        let value = untyped(value);
        if let Some(text) = value.string() {
            return self.text(&text);
        }
        if level > MAX_LEVELS || self.values.len() + self.nameless.len() >= MAX_NAMED_VALUES {
            return;
        }
        match members(value) {
            // The receiver of OpenTelemetry writes `[{"": "201"}, {"": "x"}]`.
            Some(members) if value.is_array() && members.iter().all(|(name, _)| name.is_empty()) => {
                self.nameless
                    .extend(members.iter().filter_map(|(_, value)| text(*value)).map(Cow::into_owned));
            }
            Some(members) => {
                // Not without a field beside it: `attributes` is also what holds all fields.
                let is_request = || members.iter().any(|(name, _)| fold(name) == "requestid");
                for (name, value) in &members {
                    match text_of_list(name, *value).filter(|_| is_request()) {
                        Some(text) => self.push(name, text),
                        None => self.member(name, *value, level),
                    }
                }
            }
            None => value.items().for_each(|item| self.item(item, level)),
        }
    }

    fn member(&mut self, name: &str, value: Value<'_>, level: usize) {
        let folded = fold(name);
        let is_container = ["data", "eventdata", "userdata", "simpledata", "text"].contains(&folded.as_str());
        if is_container && (untyped(value).is_object() || untyped(value).is_array()) {
            return self.data_at(value, level + 1);
        }
        match (text(value), position(&folded)) {
            (None, None) if value.source() == "null" => self.push(name, ""),
            (Some(text), Some(at)) if (1..=MAX_POSITION).contains(&at) => self.place(at, text.into_owned()),
            (Some(text), _) => self.push(name, text),
            (None, _) => self.data_at(value, level + 1),
        }
    }

    /// Adds a value whose name is its position. Shippers sort such names as texts, and leave empty values out.
    fn place(&mut self, at: usize, value: String) {
        if self.nameless.len() < at {
            self.nameless.resize(at, String::new());
        }
        if self.nameless[at - 1].is_empty() {
            self.nameless[at - 1] = value;
        }
    }

    /// Adds a value whose name was joined to that of what it stands in.
    pub(crate) fn member_of_record(&mut self, name: &str, value: Value<'_>) {
        self.member(name, value, 0);
    }

    fn item(&mut self, item: Value<'_>, level: usize) {
        match (pair(item), text(item)) {
            (Some((name, value)), _) => self.member(&name, value, level),
            (None, Some(text)) if text == NO_VALUE => {}
            (None, Some(text)) => self.nameless.push(text.into_owned()),
            (None, None) if item.source() == "null" => self.nameless.push(String::new()),
            (None, None) => self.data_at(item, level + 1),
        }
    }

    /// The values in a text: XML, names and values between broken bars, or ArcSight's `ad.name=value;ad.name=value`.
    fn text(&mut self, text: &str) {
        if !text.trim_ascii_start().starts_with('<') {
            let bars = text.split(" ¦ ").filter_map(|pair| pair.split_once(": "));
            let additional = text.strip_prefix("ad.").into_iter().flat_map(|text| text.split(";ad."));
            let additional: Vec<_> = additional.filter_map(|pair| pair.split_once('=')).collect();
            if let Some((last, _)) = additional.last() {
                self.end_text_with(last);
            }
            return bars.chain(additional).for_each(|(name, value)| self.push_unquoted(name, value));
        }
        for (name, value) in xml_reader::event_data(text).unwrap_or_default() {
            match name.as_ref() {
                "" => self.nameless.push(value.into_owned()),
                name => self.push(name, value),
            }
        }
    }

    /// Adds the members of a whole record, each under the path to it, and lists of names and values as what they list.
    ///
    /// Behind all these come the members of members under their own names alone: a field in a container that no row knows
    /// is still found.
    pub(crate) fn record(&mut self, record: &Members<'_>) {
        let mut inner = Vec::new();
        self.record_at("", record, 0, &mut inner);
        inner.into_iter().for_each(|(name, text)| self.push(&name, text));
    }

    fn record_at(
        &mut self,
        path: &str,
        record: &Members<'_>,
        level: usize,
        inner: &mut Vec<(String, String)>,
    ) {
        for (name, value) in record.iter() {
            let path = format!("{path}{name}");
            let text = text(value);
            // An object may be an element with a text, or the fields of a person with an id.
            let is_element = text.is_some() && value.members().nth(1).is_none();
            if let Some(text) = text {
                if level > 0 && inner.len() < MAX_NAMED_VALUES {
                    inner.push((name.to_owned(), text.clone().into_owned()));
                }
                self.push(&path, text);
            }
            if let Some(members) = Members::of(value).filter(|_| level < MAX_LEVELS && !is_element) {
                self.record_at(&path, &members, level + 1, inner);
            }
        }
    }
}

/// The text of a field that was taken apart into an object.
fn text_of_list(field: &str, value: Value<'_>) -> Option<String> {
    if value.scalar().is_some() || text(value).is_some() {
        return None;
    }
    let field = fold(field);
    let (_, equals, between) = LISTS.iter().find(|(name, ..)| *name == field)?;
    let pairs = members(value)?.into_iter().flat_map(|(name, value)| {
        let values: Vec<_> = if value.is_array() { value.items().collect() } else { vec![value] };
        let pair = |value: Value<'_>| Some(format!("{name}{equals}{}", text(value)?));
        values.into_iter().filter_map(pair).collect::<Vec<_>>()
    });
    Some(pairs.collect::<Vec<_>>().join(between)).filter(|text| !text.is_empty())
}

fn value_of(values: &[(String, String)], is_meant: impl Fn(&str) -> bool) -> Option<&str> {
    let found = values.iter().find(|(key, value)| is_meant(key) && !is_absent(value));
    found.map(|(_, value)| value.as_str())
}

/// A name, folded, without the path to the event's data.
fn own_name(name: &str) -> String {
    let name = fold(name);
    let own = name.rsplit_once("eventdata").map(|(_, own)| own).filter(|own| !own.is_empty());
    own.map_or_else(|| name.clone(), ToOwned::to_owned)
}

/// Whether a name, folded, is one of those that a field has.
fn is_name_of(key: &str, field: &str) -> bool {
    let name = fold(field);
    let others = OTHER_NAMES.iter().find(|(own, _)| *own == name).map_or(&[][..], |(_, others)| others);
    let is_meant = |name: &str| key == name || is_in_section(key, name);
    is_meant(&name) || others.iter().any(|other| is_meant(other))
}

/// Whether a name is that of a field behind a section of the rendered text.
fn is_in_section(key: &str, name: &str) -> bool {
    key.strip_suffix(name).is_some_and(|section| SECTIONS.contains(&section))
}

/// The position of a value that is named by it: `param1`, `string1`, `%1`.
fn position(folded: &str) -> Option<usize> {
    let digits = folded.trim_start_matches(|c: char| !c.is_ascii_digit());
    let stem = &folded[..folded.len() - digits.len()];
    ["param", "string", "insert", "eventdata", "data", ""].contains(&stem).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use crate::decode::fields::named::Named;
    use crate::decode::json::Document;

    fn read(json: &str) -> Named {
        let document = Document::parse(json).unwrap();
        let mut named = Named::default();
        named.data(document.root());
        named
    }

    #[test]
    fn data_is_read_in_every_form() {
        for json in [
            r#"{"RequestId": "201", "Requester": "CORP\\a"}"#,
            r#"{"requestId": 201, "requester": "CORP\\a"}"#,
            r#"{"Data": {"RequestId": "201", "Requester": "CORP\\a"}}"#,
            r##"{"Data": [{"@Name": "RequestId", "#text": "201"}, {"@Name": "Requester", "#text": "CORP\\a"}]}"##,
            r#"[{"Name": "RequestId", "content": "201"}, {"Name": "Requester", "content": "CORP\\a"}]"#,
            r#"{"data": [{"RequestId": "201"}, {"Requester": "CORP\\a"}]}"#,
            r#"{"Data": [{"$": {"Name": "RequestId"}, "_": "201"}, {"$": {"Name": "Requester"}, "_": "CORP\\a"}]}"#,
            r##"{"Data": [{"#attributes": {"Name": "RequestId"}, "#text": 201}, {"#attributes": {"Name": "Requester"}, "#text": "CORP\\a"}]}"##,
            r#"{"kvlistValue": {"values": [{"key": "RequestId", "value": {"stringValue": "201"}}, {"key": "Requester", "value": {"stringValue": "CORP\\a"}}]}}"#,
            r#""<EventData><Data Name=\"RequestId\">201</Data><Data Name=\"Requester\">CORP\\a</Data></EventData>""#,
            r#"{"Request_ID": ["201"], "Requester_s": "CORP\\a"}"#,
        ] {
            let named = read(json);
            assert_eq!(
                (named.find("RequestId"), named.find("Requester")),
                (Some("201"), Some("CORP\\a")),
                "{json}"
            );
        }
    }

    #[test]
    fn field_that_was_taken_apart_is_put_together() {
        let named = read(
            r#"{"Attributes": {"CertificateTemplate": "User", "SAN": ["upn=a", "dns=b"], "Requester": "CORP\\b"},
                "Requester": "CORP\\a", "RequestId": 201, "Subject": {"CN": "a", "OU": "x"}, "SubjectAlternativeName": {"DNS Name": "b"}}"#,
        );
        let attributes = "CertificateTemplate:User\nSAN:upn=a\nSAN:dns=b\nRequester:CORP\\b";
        assert_eq!(named.find("Attributes"), Some(attributes));
        assert_eq!((named.find("Subject"), named.find("Requester")), (Some("CN=a, OU=x"), Some("CORP\\a")));
        assert_eq!(named.find("SubjectAlternativeName"), Some("DNS Name=b"));
        let named = read(r#"{"attributes": {"RequestId": 201, "Attributes": "CertificateTemplate:User"}}"#);
        assert_eq!(named.find("Attributes"), Some("CertificateTemplate:User"));
    }

    #[test]
    fn name_of_a_value_is_a_name_beside_others() {
        let named =
            read(r#"{"data": [{"Node": "PolicyModules"}, {"Entry": "EditFlags"}, {"Value": "1114446"}]}"#);
        assert_eq!((named.find("Entry"), named.find("Value")), (Some("EditFlags"), Some("1114446")));
        assert!(named.nameless().is_empty());
    }

    #[test]
    fn values_named_by_their_position_leave_gaps() {
        let named =
            read(r#"{"param1": "201", "param10": "NTLM", "param2": "CORP\\a", "param4": "3", "x9": "y"}"#);
        assert_eq!(named.nameless(), ["201", "CORP\\a", "", "3", "", "", "", "", "", "NTLM"]);
        assert!(read(r#"{"data49": "x", "param0": "y", "4887": "z"}"#).nameless().is_empty());
    }

    #[test]
    fn values_without_names_keep_their_order() {
        for json in [
            r#"["201", "CORP\\a", ""]"#,
            r#"{"Data": ["201", "CORP\\a", null]}"#,
            r#"[{"Value": "201"}, {"Value": "CORP\\a"}, {"Value": ""}]"#,
            r##"{"Data": {"#text": [201, "CORP\\a", ""]}}"##,
            r#"{"param1": "201", "param2": "CORP\\a", "param3": ""}"#,
            r#"{"param3": "", "param2": "CORP\\a", "param1": "201"}"#,
            r#"{"data": [{"": "201"}, {"": "CORP\\a"}, {"": ""}], "binary": ""}"#,
            r#""<Param>201</Param><Param>CORP\\a</Param><Param></Param>""#,
            r#""<DataItem><EventData><Data>201</Data><Data>CORP\\a</Data><Data/></EventData></DataItem>""#,
        ] {
            assert_eq!(read(json).nameless(), ["201", "CORP\\a", ""], "{json}");
        }
    }
}
