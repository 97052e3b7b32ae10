//! Any event, of any activity: input for properties that every event has.

use adcs_watch::event::account::{Account, Sid};
use adcs_watch::event::host::Host;
use adcs_watch::event::san::San;
use adcs_watch::event::serial::Serial;
use adcs_watch::event::time::Time;
use adcs_watch::event::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(crate) fn any_event() -> impl Strategy<Value = Event> {
    let activity = (0..Activity::NAMES.len(), any_request(), any_values())
        .prop_map(|(which, request, values)| activity(which, request, values));
    (0_i64..4_000_000_000_000, any_host(), any_origin(), activity).prop_map(
        |(millis, computer, origin, activity)| Event {
            time: Time::from_millis(millis),
            computer,
            origin,
            activity,
        },
    )
}

/// Values from which an activity is made.
#[derive(Clone, Debug)]
struct Values {
    accounts: [Account; 2],
    sids: [Option<Sid>; 2],
    texts: [String; 3],
    some: [Option<String>; 4],
    numbers: [u32; 2],
    more: [Option<u32>; 3],
    serial: Serial,
    host: Option<Host>,
    setting: CaSetting,
    flags: TemplateFlags,
}

fn any_values() -> impl Strategy<Value = Values> {
    let text = || "\\PC{0,9}";
    (
        [any_account(), any_account()],
        [option::of(any_sid()), option::of(any_sid())],
        [text(), text(), text()],
        [option::of(text()), option::of(text()), option::of(text()), option::of(text())],
        any::<([u32; 2], [Option<u32>; 3])>(),
        (any_serial(), option::of(any_host())),
        any_setting(),
        any_flags(),
    )
        .prop_map(|(accounts, sids, texts, some, (numbers, more), (serial, host), setting, flags)| {
            Values { accounts, sids, texts, some, numbers, more, serial, host, setting, flags }
        })
}

fn any_setting() -> impl Strategy<Value = CaSetting> {
    ("\\PC{0,9}", "\\PC{0,9}", option::of(any::<u32>()), 0..11).prop_map(|(a, b, n, which)| match which {
        0 => CaSetting::SecuritySettings { settings: a },
        1 => CaSetting::CertificateImported { request_id: n, certificate: a },
        2 => CaSetting::AuditFilter { filter: a },
        3 => CaSetting::Restrictions { enabled: a, restrictions: b },
        4 => CaSetting::Setting { node: a.clone(), entry: b, value: a },
        5 => CaSetting::Property { name: a.clone(), index: b.clone(), kind: a, value: b },
        6 => CaSetting::PublishedCaCertificate { hash: a.clone(), valid_from: b, valid_to: a },
        7 => CaSetting::RowsDeleted { table: a, filter: b, rows: 3 },
        8 => CaSetting::BackupStarted { kind: a },
        9 => CaSetting::Started { key_usage_count: n.map(u64::from) },
        _ => CaSetting::Stopped { key_usage_count: n.map(u64::from) },
    })
}

fn any_flags() -> impl Strategy<Value = TemplateFlags> {
    let oids = || option::of(vec("[0-9.]{1,9}", 0..3));
    (any::<[Option<u32>; 4]>(), [oids(), oids(), oids(), oids()]).prop_map(|(numbers, lists)| {
        let [schema_version, name_flag, enrollment_flag, ra_signatures] = numbers;
        let [ekus, application_policies, certificate_policies, ra_application_policies] = lists;
        TemplateFlags {
            schema_version,
            name_flag,
            enrollment_flag,
            ra_signatures,
            ekus,
            application_policies,
            certificate_policies,
            ra_application_policies,
        }
    })
}

fn activity(which: usize, request: CertificateRequest, values: Values) -> Activity {
    let name = Activity::NAMES[which];
    of_a_ca(name, request, values.clone())
        .or_else(|| of_a_domain_controller(name, values.clone()))
        .or_else(|| of_a_directory(name, values.clone()))
        .or_else(|| of_files_or_an_import(name, values))
        .unwrap_or_else(|| panic!("{name} has no values here"))
}

fn of_a_ca(name: &str, request: CertificateRequest, values: Values) -> Option<Activity> {
    let Values {
        accounts: [_, actor],
        sids: [_, actor_sid],
        texts: [first, second, third],
        some,
        numbers,
        ..
    } = values;
    let [some_first, some_second, some_third, some_fourth] = some;
    let odd = numbers[0] % 2 == 1;
    let denied = |request| DeniedRequest { request, disposition: -i64::from(numbers[0]) };
    Some(match name {
        "certificate_requested" => Activity::CertificateRequested(request),
        "certificate_issued" => {
            let serial = odd.then_some(values.serial);
            Activity::CertificateIssued(IssuedCertificate { request, serial, subject: first })
        }
        "certificate_denied" => {
            Activity::CertificateDenied(DeniedRequest { request, disposition: i64::from(numbers[0]) })
        }
        "certificate_pending" => Activity::CertificatePending(denied(request)),
        "request_refused" => Activity::RequestRefused(denied(request)),
        "pending_request_changed" => Activity::PendingRequestChanged(PendingRequestChange {
            request_id: numbers[0],
            actor,
            actor_sid,
            change: match numbers[1] % 4 {
                0 => RequestChange::Denied,
                1 => RequestChange::Resubmitted,
                2 => RequestChange::ExtensionSet { name: first },
                _ => RequestChange::AttributesSet { attributes: first },
            },
        }),
        "ca_changed" => {
            Activity::CaChanged(CaChange { actor: odd.then_some(actor), actor_sid, change: values.setting })
        }
        "template_seen" => Activity::TemplateSeen(TemplateSeen {
            internal_name: first,
            oid: some_first,
            schema_version: values.more[0],
            version: second,
            object_dn: third.clone(),
            content: third,
            security_descriptor: some_second,
            old_content: some_third,
            old_security_descriptor: some_fourth,
            old_flags: odd.then(|| values.flags.clone()),
            flags: values.flags,
            change: [TemplateChange::Loaded, TemplateChange::Updated, TemplateChange::SecurityUpdated]
                [numbers[1] as usize % 3],
        }),
        "key_used" => Activity::KeyUsed(KeyUse {
            actor,
            actor_sid,
            key_name: first,
            operation: second,
            provider: third.clone(),
            key_type: third,
        }),
        "certificate_exported" => Activity::CertificateExported(CertificateExport {
            actor,
            process: first,
            thumbprint: second,
            subject: third,
            template: some_first,
        }),
        _ => return None,
    })
}

fn of_a_domain_controller(name: &str, values: Values) -> Option<Activity> {
    let Values {
        accounts: [account, actor],
        sids: [sid, actor_sid],
        texts: [first, second, _],
        some,
        numbers,
        more,
        ..
    } = values;
    let [some_first, some_second, some_third, _] = some;
    let odd = numbers[0] % 2 == 1;
    Some(match name {
        "certificate_logon" => Activity::CertificateLogon(CertificateLogon {
            account,
            sid,
            serial: values.serial,
            issuer: first,
            status: numbers[0],
            remote_ip: some_first,
            ticket_options: more[0],
            ticket_encryption: more[1],
            preauth_type: more[2],
            advertised_encryption: some_second,
            thumbprint: some_third,
        }),
        "certificate_mapped" => Activity::CertificateMapped(CertificateMapping {
            account,
            account_sid: sid,
            certificate_sid: actor_sid,
            subject: first,
            issuer: second,
            serial: odd.then_some(values.serial),
            thumbprint: some_first,
            verdict: [
                MappingVerdict::NoStrongMapping,
                MappingVerdict::OlderThanAccount,
                MappingVerdict::SidDiffers,
                MappingVerdict::IssuerNotTrusted,
                MappingVerdict::Refused,
            ][numbers[1] as usize % 5],
        }),
        "network_logon" => Activity::NetworkLogon(NetworkLogon {
            account,
            sid,
            logon_type: numbers[0],
            logon_process: first,
            package: second,
            remote_ip: some_first,
            remote_port: more[0].map(|port| port as u16),
            workstation: values.host,
            subject: odd.then_some(actor),
        }),
        "service_ticket" => Activity::ServiceTicket(ServiceTicket {
            account,
            service: first,
            service_sid: sid,
            ticket_options: numbers[0],
            ticket_encryption: more[0],
            remote_ip: some_first,
            status: numbers[1],
        }),
        _ => return None,
    })
}

fn of_a_directory(name: &str, values: Values) -> Option<Activity> {
    let Values {
        accounts: [account, actor],
        sids: [sid, actor_sid],
        texts: [first, second, third],
        some,
        numbers,
        ..
    } = values;
    let [some_first, some_second, some_third, some_fourth] = some;
    let odd = numbers[0] % 2 == 1;
    Some(match name {
        "account_changed" => Activity::AccountChanged(AccountChange {
            account,
            sid,
            actor,
            actor_sid,
            kind: if odd { AccountChangeKind::Created } else { AccountChangeKind::Changed },
            sam_account_name: some_first,
            upn: some_second,
            dns_host_name: values.host,
            service_principal_names: some_third.map(|name| vec![name]),
            by_quota: odd,
        }),
        "account_renamed" => Activity::AccountRenamed(AccountRename {
            domain: first,
            old_name: second,
            new_name: third,
            sid,
            actor,
            actor_sid,
        }),
        "registry_changed" => Activity::RegistryChanged(RegistryChange {
            actor,
            actor_sid,
            key: first,
            value_name: second,
            old: some_first,
            new: some_second,
            process: some_third,
        }),
        "directory_changed" => Activity::DirectoryChanged(DirectoryChange {
            actor,
            actor_sid,
            operation_id: some_first,
            object_dn: first,
            object_guid: some_second,
            object_class: second,
            attribute: some_third,
            value: some_fourth,
            operation: [
                DirectoryOperation::ValueAdded,
                DirectoryOperation::ValueDeleted,
                DirectoryOperation::Created,
                DirectoryOperation::Deleted,
            ][numbers[1] as usize % 4],
        }),
        _ => return None,
    })
}

fn of_files_or_an_import(name: &str, values: Values) -> Option<Activity> {
    let Values {
        accounts: [account, _],
        sids: [sid, _],
        texts: [first, second, third],
        some,
        numbers,
        serial,
        ..
    } = values;
    let [some_first, some_second, some_third, _] = some;
    let odd = numbers[0] % 2 == 1;
    Some(match name {
        "share_accessed" => Activity::ShareAccessed(ShareAccess {
            account,
            sid,
            remote_ip: some_first,
            share: first,
            local_path: second,
            target: third,
            access_mask: numbers[0],
        }),
        "remote_file_write" => Activity::RemoteFileWrite(RemoteFileWrite {
            path: first,
            remote_host: values.host,
            remote_ip: some_first,
            account: odd.then_some(account),
            interface: some_second,
            process: some_third,
        }),
        "account_known" => Activity::AccountKnown(AccountKnown {
            account,
            sid,
            upn: some_first,
            mail: some_second,
            dns_host_name: values.host,
            service_principal_names: some_third.into_iter().collect(),
            protected: odd,
        }),
        "template_known" => {
            Activity::TemplateKnown(TemplateKnown { name: first, oid: some_first, flags: values.flags })
        }
        "certificate_known" => Activity::CertificateKnown(CertificateKnown {
            serial,
            requester: account,
            ca: values.host.unwrap_or_default(),
            issued: Time::from_millis(i64::from(numbers[0])),
            template: some_first,
        }),
        "host_known" => Activity::HostKnown(HostKnown {
            host: values.host.unwrap_or_default(),
            addresses: some_third.into_iter().collect(),
        }),
        _ => return None,
    })
}

fn any_origin() -> impl Strategy<Value = Origin> {
    let place = ("[a-z./]{0,9}", option::of(0_i32..99), any::<u64>(), option::of(0_i64..4_000_000_000_000));
    let record = (option::of(any::<u32>()), option::of(any::<u64>()), option::of("[0-9a-f-]{0,9}"));
    (place, "[A-Za-z/-]{0,9}", record).prop_map(
        |((source, partition, offset, appended), channel, (event_id, record_id, trace))| {
            let append_time = appended.map(Time::from_millis);
            Origin { source, partition, offset, append_time, channel, event_id, record_id, trace }
        },
    )
}

fn any_request() -> impl Strategy<Value = CertificateRequest> {
    (
        any::<u32>(),
        any_account(),
        option::of("[A-Za-z]{1,9}"),
        vec(any_san(), 0..4),
        (0_u32..3, vec(any_san(), 0..3), 0_usize..3, vec("\\PC{0,9}", 0..3)),
        option::of(any_host()),
        (option::of(any_host()), option::of(any_host()), option::of("[ -~]{0,9}"), vec("[0-9.]{1,9}", 0..3)),
    )
        .prop_map(|(request_id, requester, template, names, more, client, more_attributes)| {
            let (names_cut, names_beyond, from_attributes, common_names) = more;
            let mut attribute_names: Vec<San> = Vec::new();
            for name in names.iter().take(from_attributes) {
                if !attribute_names.iter().any(|known| known.is_same(name)) {
                    attribute_names.push(name.clone());
                }
            }
            CertificateRequest {
                request_id,
                requester,
                template,
                names,
                names_cut,
                names_beyond,
                attribute_names,
                common_names,
                client,
                cdc: more_attributes.0,
                rmd: more_attributes.1,
                user_agent: more_attributes.2.clone(),
                proxy_uri: more_attributes.2.clone(),
                application_policies: more_attributes.3,
                client_info: more_attributes.2,
                ..CertificateRequest::default()
            }
        })
}

fn any_san() -> impl Strategy<Value = San> {
    prop_oneof![
        "\\PC{0,12}".prop_map(San::Upn),
        "[a-z.]{0,12}".prop_map(San::Dns),
        "[a-z@.]{0,12}".prop_map(San::Email),
        any_sid().prop_map(San::Sid),
        "[0-9a-f]{0,12}".prop_map(San::Guid),
        "[ -~]{0,12}".prop_map(San::Url),
        "[0-9.]{0,12}".prop_map(San::Ip),
        "\\PC{0,12}".prop_map(San::Other),
    ]
}

fn any_account() -> impl Strategy<Value = Account> {
    ("[A-Za-z0-9.-]{0,8}", "[A-Za-z0-9._-]{1,8}\\$?").prop_map(|(domain, name)| Account::new(&domain, &name))
}

fn any_host() -> impl Strategy<Value = Host> {
    "[a-z0-9]{1,6}(\\.[a-z]{1,5}){0,2}".prop_map(|name| Host::new(&name))
}

fn any_serial() -> impl Strategy<Value = Serial> {
    "[1-9a-f][0-9a-f]{0,37}".prop_map(|text| Serial::parse(&text).unwrap())
}

fn any_sid() -> impl Strategy<Value = Sid> {
    "S-1-5-21-[0-9]{1,9}-[0-9]{1,4}".prop_map(|text| Sid::parse(&text).unwrap())
}
