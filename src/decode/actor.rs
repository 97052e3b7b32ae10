//! The account that did what an event reports: the fields `Subject…` of Windows, and texts of bounded length.

use crate::decode::envelope::Fields;
use crate::decode::rejection::Rejection;
use crate::event::account::{Account, Sid};
use crate::event::fold::cut;

/// The longest text that is kept of a field that is shown but not parsed further, in bytes.
pub(crate) const MAX_TEXT_BYTES: usize = 8 * 1024;

/// SubjectUserName and SubjectDomainName, which the event must have.
pub(crate) fn actor(fields: &Fields<'_>) -> Result<Account, Rejection> {
    let domain = fields.text("SubjectDomainName")?.unwrap_or_default();
    Ok(Account::new(&domain, &fields.required("SubjectUserName")?))
}

/// SubjectUserSid, the SID of that account.
pub(crate) fn actor_sid(fields: &Fields<'_>) -> Result<Option<Sid>, Rejection> {
    sid(fields, "SubjectUserSid")
}

/// A SID; none where it is absent, or is that of nobody.
pub(crate) fn sid(fields: &Fields<'_>, name: &str) -> Result<Option<Sid>, Rejection> {
    Ok(fields.text(name)?.and_then(|text| Sid::parse(&text)))
}

/// TargetUserName and TargetDomainName: the account that an event is about.
pub(crate) fn target(fields: &Fields<'_>) -> Result<Account, Rejection> {
    let domain = fields.text("TargetDomainName")?.unwrap_or_default();
    Ok(Account::of_logon(&domain, &fields.required("TargetUserName")?))
}

/// A text that the event may lack, up to [`MAX_TEXT_BYTES`].
pub(crate) fn text(fields: &Fields<'_>, name: &str) -> Result<Option<String>, Rejection> {
    Ok(fields.text(name)?.map(|text| cut(text.trim(), MAX_TEXT_BYTES).to_owned()))
}

/// A text that the event must have, up to [`MAX_TEXT_BYTES`].
pub(crate) fn required_text(fields: &Fields<'_>, name: &str) -> Result<String, Rejection> {
    text(fields, name)?.ok_or_else(|| Rejection::missing(name))
}
