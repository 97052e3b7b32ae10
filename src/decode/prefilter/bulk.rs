//! The two events that a domain controller writes most: 4624 and 4769. Most of them are thrown away although their ids are
//! wanted.

use crate::event::host::Host;
use crate::event::kerberos::ENC_TKT_IN_SKEY;
use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;

/// The id of a logon.
pub(crate) const LOGON: u32 = 4624;
/// The id of a ticket for a service.
pub(crate) const SERVICE_TICKET: u32 = 4769;

/// Decides on records with one of these ids.
#[derive(Clone, Debug)]
pub(crate) struct Bulk {
    /// The process of logons that always matter.
    schannel: Finder<'static>,
    /// Where other logons over the network matter.
    network_logons: NetworkLogons,
    /// The middle of `TicketOptions` in the spellings of all products.
    options: Finder<'static>,
}

/// At which computers logons over the network matter that are none of Schannel.
#[derive(Clone, Debug)]
enum NetworkLogons {
    Everywhere,
    Nowhere,
    /// At computers of these names, in any case.
    At(Box<AhoCorasick>),
}

impl Bulk {
    /// Builds the search. None: logons matter at every computer.
    pub(crate) fn new(network_logons_at: Option<&[Host]>) -> Bulk {
        Bulk {
            schannel: Finder::new("Schannel"),
            network_logons: NetworkLogons::new(network_logons_at),
            options: Finder::new("icket"),
        }
    }

    /// Whether a record with the id of a logon may hold one that matters.
    pub(crate) fn may_be_network_logon(&self, record: &[u8]) -> bool {
        self.network_logons.may_hold(record) || self.schannel.find(record).is_some()
    }

    /// Whether a record may be of one of the computers at which logons over the network matter: the CAs. True where none is
    /// known.
    pub(crate) fn may_be_of_a_ca(&self, record: &[u8]) -> bool {
        matches!(self.network_logons, NetworkLogons::Nowhere) || self.network_logons.may_hold(record)
    }

    /// Whether a record with the id of a service ticket may hold one with the option ENC-TKT-IN-SKEY: it has the option, or
    /// the options cannot be read here.
    pub(crate) fn may_have_option(&self, record: &[u8]) -> bool {
        let mut options =
            self.options.find_iter(record).filter_map(|at| option_behind(&record[at..])).peekable();
        options.peek().is_none()
            || options.any(|options| options.is_none_or(|bits| bits & ENC_TKT_IN_SKEY != 0))
    }
}

impl NetworkLogons {
    fn new(at: Option<&[Host]>) -> NetworkLogons {
        let Some(hosts) = at else { return NetworkLogons::Everywhere };
        if hosts.is_empty() {
            return NetworkLogons::Nowhere;
        }
        let labels = hosts.iter().map(Host::label);
        // More names than the search can hold: all logons matter then.
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(labels)
            .map_or(NetworkLogons::Everywhere, |search| NetworkLogons::At(Box::new(search)))
    }

    fn may_hold(&self, record: &[u8]) -> bool {
        match self {
            NetworkLogons::Everywhere => true,
            NetworkLogons::Nowhere => false,
            NetworkLogons::At(search) => search.is_match(record),
        }
    }
}

/// The options in what begins with `icket`; none where this is not `TicketOptions` in some spelling, and no number where
/// no number in hex stands right behind it.
fn option_behind(text: &[u8]) -> Option<Option<u32>> {
    let rest = &text[b"icket".len()..];
    let rest = match rest {
        [b' ' | b'_' | b'.' | b'-', rest @ ..] => rest,
        rest => rest,
    };
    let rest = rest.strip_prefix(b"Options").or_else(|| rest.strip_prefix(b"options"))?;
    // `TicketOptionsDescription` is not it.
    (!rest.first().is_some_and(u8::is_ascii_alphabetic)).then(|| number_behind(rest))
}

/// How far behind the name its value may begin.
const MAX_GAP: usize = 48;

fn number_behind(text: &[u8]) -> Option<u32> {
    let gap = memchr::memmem::find(&text[..text.len().min(MAX_GAP)], b"0x")?;
    let in_gap =
        |at: usize| text[at].is_ascii_alphanumeric() && at.checked_sub(1).map(|at| text[at]) != Some(b'\\');
    if (0..gap).any(in_gap) {
        return None;
    }
    let digits = &text[gap + 2..];
    let length = digits.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let ends = match digits.get(length..) {
        Some([b'<', b'/', ..] | [b'"' | b' ' | b'\t' | b'\r' | b'\n' | b',' | b'\\' | b'|', ..] | []) => true,
        Some(_) | None => false,
    };
    let text = std::str::from_utf8(&digits[..length]).ok().filter(|_| ends)?;
    u32::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use crate::decode::prefilter::bulk::Bulk;
    use crate::event::host::Host;

    #[test]
    fn a_ticket_matters_with_the_option_or_without_a_readable_one() {
        let may = |text: &str| Bulk::new(None).may_have_option(text.as_bytes());
        for spelling in [
            "\"TicketOptions\":\"",
            "Name=\"TicketOptions\">",
            "Ticket Options:\\t\\t",
            "ticket_options=",
            "Ticket_Options:\t\t",
        ] {
            assert!(!may(&format!("{spelling}0x40810000\"")), "{spelling}");
            assert!(may(&format!("{spelling}0x40810008\"")), "{spelling}");
            assert!(may(&format!("{spelling}0x40810010\" {spelling}0x40810018\"")), "{spelling}");
            assert!(may(&format!("{spelling}1082195984\"")), "{spelling}");
        }
        assert!(may("[\"alice\", \"0x40810000\"]"), "without a name");
        assert!(
            may("\"TicketOptions\":\"-\",\"TicketEncryptionType\":\"0x12\""),
            "the number of another field"
        );
        assert!(may("Name=\"TicketOptions\">0x4081<?x?>0018</Data>"), "a number in two pieces");
        assert!(!may("\"TicketOptionsDescription\":[\"Forwardable\"],\"TicketOptions\":\"0x40810000\""));
    }

    #[test]
    fn logons_matter_at_the_computers_that_are_listed() {
        let ca = [Host::new("ca01.corp.example")];
        for (at, record, expect) in [
            (None, "x", true),
            (Some(&[][..]), "x", false),
            (Some(&[][..]), "Schannel", true),
            (Some(&ca), "\"Computer\":\"CA01.corp.example\"", true),
            (Some(&ca), "\"Computer\":\"dc01.corp.example\"", false),
        ] {
            assert_eq!(Bulk::new(at).may_be_network_logon(record.as_bytes()), expect, "{record}");
        }
    }
}
