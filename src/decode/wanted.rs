//! Which Windows events are wanted.

/// A Windows event that detections want.
#[derive(Clone, Copy)]
pub(crate) enum Wanted {
    Requested,
    Issued,
    Denied,
    Ticket,
    Share,
}

impl Wanted {
    pub(crate) fn of(id: u32) -> Option<Wanted> {
        match id {
            4886 => Some(Wanted::Requested),
            4887 => Some(Wanted::Issued),
            4888 => Some(Wanted::Denied),
            4768 => Some(Wanted::Ticket),
            5145 => Some(Wanted::Share),
            _ => None,
        }
    }
}

/// Whether events of this id can be wanted: a format need not read the data of others.
pub(crate) fn is_wanted(id: u32) -> bool {
    Wanted::of(id).is_some()
}
