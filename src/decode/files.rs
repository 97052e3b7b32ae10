//! 5145: access to objects of network shares.

use crate::decode::envelope::Fields;
use crate::decode::rejection::Rejection;
use crate::event::account::{Account, Sid};
use crate::event::host::remote_ip;
use crate::event::{Activity, ShareAccess};

/// Reads an access to a file of a share, event 5145.
pub(crate) fn share_accessed(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    let domain = fields.text("SubjectDomainName")?.unwrap_or_default();
    let mask = fields.required("AccessMask")?;
    Ok(Activity::ShareAccessed(ShareAccess {
        account: Account::new(&domain, &fields.required("SubjectUserName")?),
        sid: fields.text("SubjectUserSid")?.and_then(|text| Sid::parse(&text)),
        remote_ip: fields.text("IpAddress")?.and_then(|text| remote_ip(&text)),
        share: fields.required("ShareName")?.trim().to_owned(),
        local_path: fields.owned("ShareLocalPath")?.unwrap_or_default(),
        // Absent for the root of a share.
        target: fields.owned("RelativeTargetName")?.unwrap_or_default(),
        access_mask: hex_or_decimal(&mask)
            .ok_or_else(|| Rejection::bad_field("AccessMask", &mask, "a number of 32 bits"))?,
    }))
}

/// A number of 32 bits, in hex with `0x` or in decimal.
pub(crate) fn hex_or_decimal(text: &str) -> Option<u32> {
    let text = text.trim_ascii();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::envelope::Fields;
    use crate::decode::files::{hex_or_decimal, share_accessed};
    use crate::event::Activity;

    fn fields(list: &[(&'static str, &'static str)]) -> Fields<'static> {
        Fields::List(list.iter().map(|&(name, value)| (name.into(), value.into())).collect())
    }

    #[test]
    fn numbers() {
        assert_eq!(hex_or_decimal(" 0x12019F "), Some(0x12_019f));
        assert_eq!(hex_or_decimal("3"), Some(3));
        for text in ["", "0x", "x", "0x1ffffffff", "-1"] {
            assert_eq!(hex_or_decimal(text), None, "{text}");
        }
    }

    #[test]
    fn a_share_needs_who_where_and_what() {
        let all = [("SubjectUserName", "mallory"), ("ShareName", r"\\*\IPC$"), ("AccessMask", "0x3")];
        let Ok(Activity::ShareAccessed(share)) = share_accessed(&fields(&all)) else { panic!() };
        assert_eq!((share.target.as_str(), share.local_path.as_str(), share.access_mask), ("", "", 3));
        for (left_out, name) in ["SubjectUserName", "ShareName", "AccessMask"].into_iter().enumerate() {
            let some: Vec<_> =
                all.into_iter().enumerate().filter(|(i, _)| *i != left_out).map(|(_, f)| f).collect();
            let fault = share_accessed(&fields(&some)).unwrap_err().to_string();
            assert_eq!(fault, format!("missing_field: {name} is missing"));
        }
        let bad = share_accessed(&fields(&[all[0], all[1], ("AccessMask", "rw")])).unwrap_err().to_string();
        assert_eq!(bad, "bad_field: AccessMask is \"rw\", not a number of 32 bits");
    }
}
