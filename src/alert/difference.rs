//! What a revision of an alert adds to the one before.

use crate::alert::Alert;
use crate::event::host::Host;
use std::fmt::Display;

/// The most additions that a revision names.
const MAX_CHANGES: usize = 32;

/// What `after` has and `before` has not, each as `field: value`, in the order of the fields.
pub(crate) fn between(before: &Alert, after: &Alert) -> Vec<String> {
    let mut changes = Changes(Vec::new());
    changes.one("severity", &Some(before.severity), &Some(after.severity));
    let codes = |alert: &Alert| alert.reasons.iter().map(|reason| reason.code.clone()).collect::<Vec<_>>();
    changes.list("reasons", &codes(before), &codes(after));
    changes.one("requester_account", &before.requester_account, &after.requester_account);
    changes.one("used_by_account", &before.used_by_account, &after.used_by_account);
    changes.list("certificate_serials", &before.certificate_serials, &after.certificate_serials);
    changes.list("request_ids", &before.request_ids, &after.request_ids);
    changes.one("remote_host", &text(before.remote_host.as_ref()), &text(after.remote_host.as_ref()));
    changes.one("remote_ip", &before.remote_ip, &after.remote_ip);
    changes.one("total_certs", &before.total_certs, &after.total_certs);
    changes.one("mismatched_certs", &before.mismatched_certs, &after.mismatched_certs);
    changes.one("sensitive_san_certs", &before.sensitive_san_certs, &after.sensitive_san_certs);
    changes.list("san_values", &before.san_values, &after.san_values);
    changes.list("templates", &before.templates, &after.templates);
    changes.list("linked_alerts", &before.linked_alerts, &after.linked_alerts);
    changes.0.truncate(MAX_CHANGES);
    changes.0
}

fn text(host: Option<&Host>) -> Option<String> {
    host.map(ToString::to_string)
}

struct Changes(Vec<String>);

impl Changes {
    fn one<T: PartialEq + Display>(&mut self, field: &str, before: &Option<T>, after: &Option<T>) {
        if before != after {
            self.0.extend(after.as_ref().map(|value| format!("{field}: {value}")));
        }
    }

    fn list<T: PartialEq + Display>(&mut self, field: &str, before: &[T], after: &[T]) {
        let added = after.iter().filter(|value| !before.contains(value));
        self.0.extend(added.map(|value| format!("{field}: {value}")));
    }
}
