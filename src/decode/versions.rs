//! How many values the versions of an event have.

use crate::decode::manifest::of;

/// How many values the versions of an event have, as far as they have names here.
pub(crate) fn counts(id: u32) -> &'static [usize] {
    match id {
        4886 => &[3, 12],
        4887 => &[6, 12],
        4888 | 4889 => &[6, 9],
        4895 => &[3],
        53 | 4880 | 4881 => &[4],
        39 | 40 | 45 | 48 | 4868 | 4869 | 4876 | 4882 | 4885 => &[5],
        4874 | 4884 | 4890 => &[6],
        41 | 49 | 4891 | 4896 => &[7],
        4892 | 4898 | 4899 => &[8],
        4781 | 4873 => &[9],
        4900 => &[10],
        4771 | 5137 => &[11],
        4769 => &[11, 13, 21],
        5141 => &[12],
        5145 => &[13],
        4657 => &[14],
        4768 => &[14, 15, 24],
        5136 => &[15],
        4624 => &[20, 21, 27, 28],
        4738 => &[27],
        4741 => &[28],
        4742 => &[29],
        _ => &[],
    }
}

/// The names that values are given where some are left out: those of version 0, because later versions of tickets and
/// logons append values that look like anything.
pub(crate) fn with_gaps(id: u32) -> &'static [&'static str] {
    let first = match id {
        4624 | 4768 | 4769 => counts(id).first().copied(),
        _ => None,
    };
    first.and_then(|count| of(id).get(..count)).unwrap_or_else(|| of(id))
}

#[cfg(test)]
mod tests {
    use crate::decode::manifest::of;
    use crate::decode::versions::{counts, with_gaps};
    use crate::decode::wanted::{KDC_IDS, SECURITY_IDS};

    #[test]
    fn an_older_version_is_a_beginning_of_the_newer() {
        assert_eq!(of(4886)[..3], ["RequestId", "Requester", "Attributes"]);
        assert_eq!(of(4887)[5], "Subject");
        assert_eq!(of(4888).len(), 9);
        assert_eq!(of(4768)[12], "CertSerialNumber");
        assert_eq!(of(5145)[10], "AccessMask");
        assert_eq!((with_gaps(4624).last(), with_gaps(4769).len()), (Some(&"IpPort"), 11));
        assert_eq!((of(5137).len(), of(5141).last()), (11, Some(&"TreeDelete")));
    }

    #[test]
    fn every_wanted_event_has_names_but_three() {
        for id in SECURITY_IDS.into_iter().chain(KDC_IDS) {
            let has_none = [21, 5058, 5059].contains(&id);
            assert_eq!((of(id).is_empty(), counts(id).is_empty()), (has_none, has_none), "{id}");
            assert!(has_none || counts(id).last() == Some(&of(id).len()), "{id}");
        }
    }
}
