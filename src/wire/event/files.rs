//! Access to files and pipes.

use crate::event::host::Host;
use crate::event::{RemoteFileWrite, ShareAccess};
use crate::wire::event::common::{account_from, account_to, host_to, sid_from, sid_to, some_account};
use crate::wire::record;

pub(crate) fn share_to(access: &ShareAccess) -> record::ShareAccess {
    record::ShareAccess {
        account: Some(account_to(&access.account)),
        sid: sid_to(access.sid.as_ref()),
        remote_ip: access.remote_ip.clone(),
        share: access.share.clone(),
        local_path: access.local_path.clone(),
        target: access.target.clone(),
        access_mask: access.access_mask,
    }
}

pub(crate) fn share_from(r: record::ShareAccess) -> Result<ShareAccess, String> {
    Ok(ShareAccess {
        account: account_from(r.account),
        sid: sid_from(r.sid)?,
        remote_ip: r.remote_ip,
        share: r.share,
        local_path: r.local_path,
        target: r.target,
        access_mask: r.access_mask,
    })
}

pub(crate) fn write_to(write: &RemoteFileWrite) -> record::RemoteFileWrite {
    record::RemoteFileWrite {
        path: write.path.clone(),
        remote_host: host_to(write.remote_host.as_ref()),
        remote_ip: write.remote_ip.clone(),
        account: write.account.as_ref().map(account_to),
        interface: write.interface.clone(),
        process: write.process.clone(),
    }
}

pub(crate) fn write_from(r: record::RemoteFileWrite) -> RemoteFileWrite {
    RemoteFileWrite {
        path: r.path,
        remote_host: r.remote_host.map(Host::from),
        remote_ip: r.remote_ip,
        account: some_account(r.account),
        interface: r.interface,
        process: r.process,
    }
}
