//! What a text in a config must be: no entry that matches everything or nothing.

use crate::config::words::nearest;
use crate::detect::catalogue;
use crate::event::account::Sid;
use crate::event::time::Span;
use std::net::IpAddr;

/// A check of one text; an error is the message.
pub(crate) type Rule = fn(&str) -> Result<(), String>;

pub(crate) fn filled(text: &str) -> Result<(), String> {
    if text.trim().is_empty() { Err("is empty".to_owned()) } else { Ok(()) }
}

/// A name as it is sent to a broker or a client of HTTP.
pub(crate) fn plain(text: &str) -> Result<(), String> {
    filled(text)?;
    if text.contains(char::is_control) {
        return Err("contains a control character, which no name does".to_owned());
    }
    without_blanks(text)
}

/// The name of a variable of the environment.
pub(crate) fn environment(text: &str) -> Result<(), String> {
    filled(text)?;
    if let Some(name) = text.strip_prefix('$') {
        return Err(format!("`{text}` is not the name of a variable: write `{name}`"));
    }
    // A value may be a secret, so it is not repeated.
    if text.contains(['=', '$']) || text.contains(char::is_whitespace) || text.contains(char::is_control) {
        return Err("is not the name of a variable of the environment, such as KAFKA_PASSWORD".to_owned());
    }
    Ok(())
}

/// A text that is compared as a whole: filled, and without wildcards.
fn literal(text: &str, matches: &str) -> Result<(), String> {
    filled(text).map_err(|empty| format!("{empty}: {matches}"))?;
    if text.contains(['*', '?']) {
        return Err(format!("`{text}` has a wildcard, which is compared as it is written: {matches}"));
    }
    without_blanks(text)
}

/// A text of a list, which no blank precedes or follows.
fn without_blanks(text: &str) -> Result<(), String> {
    if text.trim() == text {
        return Ok(());
    }
    Err(format!("`{text}` begins or ends with a blank, which no name does"))
}

/// A length of time that is not zero. Whether it is one shows when it is read.
pub(crate) fn some_time(text: &str) -> Result<(), String> {
    match Span::try_from(text.to_owned()) {
        Ok(span) if span == Span::default() => {
            Err(format!("`{text}` is no time at all: write a length such as 10m"))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

pub(crate) fn detection(text: &str) -> Result<(), String> {
    let ids: Vec<&str> = catalogue::all().iter().map(|about| about.id).collect();
    if ids.contains(&text) {
        return Ok(());
    }
    let meant = nearest(text, &ids).map(|id| format!("; did you mean `{id}`?"));
    let known = || format!("; known here: {}", ids.join(", "));
    Err(format!("`{text}` is no detection{}", meant.unwrap_or_else(known)))
}

pub(crate) fn term(text: &str) -> Result<(), String> {
    literal(text, "a term matches wherever it is a whole word of a name")
}

pub(crate) fn template(text: &str) -> Result<(), String> {
    literal(text, "an entry is the whole name of one template")
}

/// A template of an agent: `*` alone is any.
pub(crate) fn template_or_any(text: &str) -> Result<(), String> {
    if text == "*" { Ok(()) } else { template(text) }
}

/// A name with `*` for any text, where the list is left out for any name.
pub(crate) fn pattern(text: &str) -> Result<(), String> {
    filled(text)?;
    without_blanks(text)?;
    if text.chars().all(|c| c == '*') {
        return Err(format!("`{text}` is any name: leave it out, and say what else the alerts are about"));
    }
    Ok(())
}

/// A name with `*` for any text.
pub(crate) fn subject(text: &str) -> Result<(), String> {
    filled(text)?;
    without_blanks(text)
}

/// Characters that Active Directory allows in no account name.
const NOT_IN_ACCOUNTS: [char; 11] = ['/', '[', ']', ':', ';', '|', '=', ',', '+', '<', '>'];

pub(crate) fn account(text: &str) -> Result<(), String> {
    literal(text, r"an entry is one account, `DOMAIN\name` or `name`")?;
    let name = text.rsplit('\\').next().unwrap_or(text);
    let name = if text.contains('\\') { name } else { name.split('@').next().unwrap_or(name) };
    if name.trim().is_empty() {
        return Err(format!(r"`{text}` has no account name behind the domain"));
    }
    let is_service = text.to_lowercase().starts_with("host/");
    if !is_service && text.contains(NOT_IN_ACCOUNTS) {
        let meant = text.replacen('/', "\\", 1);
        let hint = if meant.contains(NOT_IN_ACCOUNTS) || meant == text { "" } else { &meant };
        let hint = if hint.is_empty() { String::new() } else { format!("; write `{hint}`") };
        return Err(format!(r"`{text}` is not one account, `DOMAIN\name` or `name`{hint}"));
    }
    Ok(())
}

/// An account of a list of the policy: these are compared by name.
pub(crate) fn named_account(text: &str) -> Result<(), String> {
    account(text)?;
    if Sid::parse(text).is_some() {
        return Err(format!(r"`{text}` is a SID: an entry is compared by name, `DOMAIN\name` or `name`"));
    }
    Ok(())
}

pub(crate) fn host(text: &str) -> Result<(), String> {
    literal(text, "an entry is the name of one host")?;
    if network(text).is_some() {
        return Err(format!("`{text}` is a network: an entry is the name of one host"));
    }
    let is_address = text.parse::<IpAddr>().is_ok();
    if !is_address && text.contains(['/', '\\', ' ', '@', ',', ';', ':', '$']) {
        return Err(format!("`{text}` is not the name of a host, such as dc01.corp.example"));
    }
    Ok(())
}

pub(crate) fn source_host(text: &str) -> Result<(), String> {
    match network(text) {
        Some(Ok(0)) => Err(format!("`{text}` matches every address")),
        Some(Ok(_)) => Ok(()),
        Some(Err(message)) => Err(message),
        None => literal(text, "an entry is a host, an address, or a network such as 10.20.0.0/16")
            .and_then(|()| host(text)),
    }
}

/// An address or a network. Whether it is one shows when it is read.
pub(crate) fn address(text: &str) -> Result<(), String> {
    filled(text)
        .map_err(|empty| format!("{empty}: an entry is an address, or a network such as 10.20.0.0/16"))?;
    match network(text) {
        Some(Ok(0)) => Err(format!("`{text}` matches every address: leave it out")),
        Some(Err(message)) => Err(message),
        Some(Ok(_)) | None => Ok(()),
    }
}

/// The length of the prefix of `ADDRESS/LENGTH`; `None` if the text has no address before a slash.
fn network(text: &str) -> Option<Result<u8, String>> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.trim().parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length = length.trim().parse::<u8>().ok().filter(|length| *length <= most);
    Some(length.ok_or_else(|| format!("`{text}` is not a network: the prefix has 0 to {most} bits")))
}

pub(crate) fn suffix(text: &str) -> Result<(), String> {
    filled(text).map_err(|empty| format!("{empty}: every name ends with it"))?;
    if text.contains('*') {
        let plain = text.trim_start_matches('*');
        return Err(match plain.contains('*') || plain.is_empty() {
            true => format!("`{text}` has a wildcard, which is compared as it is written"),
            false => format!("`{text}` has a wildcard, which is compared as it is written: write `{plain}`"),
        });
    }
    if !text.contains(|c: char| c.is_alphanumeric()) {
        return Err(format!("`{text}` has no letter or digit: every name of its kind ends with it"));
    }
    if text.contains(['/', '\\', ',', ';', ':']) {
        return Err(format!("`{text}` is not the end of a name, such as .corp.example"));
    }
    literal(text, "an entry is the end of a name")
}

/// The NetBIOS name of a domain, as events write it.
pub(crate) fn netbios(text: &str) -> Result<(), String> {
    literal(text, "a domain is its NetBIOS name, such as CORP")?;
    if text.contains('.') {
        return Err(format!(
            "`{text}` is no NetBIOS name: write `CORP: [{text}]`, with the name before `\\` in your events"
        ));
    }
    if text.contains(['/', '\\', ' ', '@', ',', ';', ':']) {
        return Err(format!("`{text}` is not the NetBIOS name of a domain, such as CORP"));
    }
    Ok(())
}

/// The common name of a CA.
pub(crate) fn issuer(text: &str) -> Result<(), String> {
    literal(text, "an entry is the whole common name of one CA")?;
    match text.get(..3).filter(|start| start.eq_ignore_ascii_case("cn=")) {
        Some(_) => {
            let name = text[3..].split(',').next().unwrap_or_default();
            Err(format!("`{text}` is a distinguished name: write the common name, `{name}`"))
        }
        None => Ok(()),
    }
}

pub(crate) fn broker(text: &str) -> Result<(), String> {
    filled(text)?;
    if let Some((scheme, address)) = text.split_once("://") {
        let secure = scheme.to_uppercase().contains("SSL");
        let hint = if secure { "; encryption is the section kafka.tls" } else { "" };
        return Err(format!("`{text}` has a scheme: write `{address}`{hint}"));
    }
    if text.contains(',') {
        return Err(format!(
            "`{text}` names several brokers: an entry is one, `[{}]`",
            text.replace(',', ", ")
        ));
    }
    if text.matches(':').count() > 1 && !text.starts_with('[') {
        return Err(format!("`{text}`: an IPv6 address stands in brackets, as in `[2001:db8::1]:9092`"));
    }
    let (host, port) = text.rsplit_once(':').filter(|_| !text.ends_with(']')).unwrap_or((text, "9092"));
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    if host.is_empty() || !is_port || text.contains([' ', '/', '*']) {
        return Err(format!("`{text}` is not `host:port`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_of_a_broker_with_colons_needs_brackets() {
        for good in ["k1:9092", "k1", "10.0.0.1:9092", "[2001:db8::1]:9092", "[::1]"] {
            assert_eq!(broker(good), Ok(()), "{good}");
        }
        let why = broker("2001:db8::1:9092").unwrap_err();
        assert!(why.contains("in brackets"), "{why}");
        for bad in ["::1", "k1:9092:9093", "[::1]:x", ":9092", "k1:0"] {
            assert!(broker(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn networks_need_an_address_and_a_prefix() {
        assert_eq!(network("10.0.0.0/8"), Some(Ok(8)));
        assert_eq!(network("fd00::/64"), Some(Ok(64)));
        assert!(network("10.0.0.0/33").is_some_and(|network| network.is_err()));
        assert_eq!((network("dc01"), network("host/dc01")), (None, None));
    }

    #[test]
    fn variable_of_the_environment_is_a_name_and_no_value() {
        for good in ["KAFKA_PASSWORD", "kafka.password", "P1", "_"] {
            assert_eq!(environment(good), Ok(()), "{good}");
        }
        assert!(environment("$KAFKA").unwrap_err().ends_with("write `KAFKA`"));
        for bad in ["", " ", "A=hunter2", "hunter2 x", "A\n", "a$b"] {
            assert!(environment(bad).is_err_and(|why| !why.contains("hunter2")), "{bad:?}");
        }
        assert!(plain("a b").is_ok() && plain("").is_err() && plain("a ").is_err() && plain("a\tb").is_err());
    }

    #[test]
    fn names_that_events_write_are_accepted() {
        let accounts = [
            r"CORP\svc-backup",
            r"CORP\\svc",
            "alice@corp.example",
            "host/web01.corp.example",
            "CORP\\O'Neil (T0)",
        ];
        assert!(accounts.into_iter().all(|text| account(text).is_ok()));
        let hosts = ["dc01", "dc01.corp.example.", "10.1.2.3", "fd00::1", "srv_clm"];
        assert!(hosts.into_iter().all(|text| host(text).is_ok()));
        assert!(["Corp Issuing CA 3", "CORP-CA01", "Ca, Inc."].into_iter().all(|text| issuer(text).is_ok()));
        assert!(["CORP", "123"].into_iter().all(|text| netbios(text).is_ok()));
        assert!(
            [".dmz.corp.example", "corp.example", "@corp.example"]
                .into_iter()
                .all(|text| suffix(text).is_ok())
        );
    }

    #[test]
    fn names_that_no_event_has_are_refused() {
        assert_eq!(
            account("CORP/admin").unwrap_err(),
            r"`CORP/admin` is not one account, `DOMAIN\name` or `name`; write `CORP\admin`"
        );
        assert!(account("a,b").unwrap_err().ends_with(r"`DOMAIN\name` or `name`"));
        assert!(named_account("S-1-5-21-1-2-3-500").unwrap_err().contains("is a SID"));
        assert!(host("Name,DNSHostName").is_err() && host("DC01$").is_err());
        assert!(netbios("corp.example").unwrap_err().contains("write `CORP: [corp.example]`"));
        assert!(issuer("CN=CORP-CA01,DC=corp").unwrap_err().ends_with("write the common name, `CORP-CA01`"));
        assert!(suffix("10.0.0.0/8").is_err() && pattern("*").is_err() && address("0.0.0.0/0").is_err());
    }
}
