//! The dashboards and alert rules that belong to the metrics, as the chart has them too.

use clap::ValueEnum;

/// A dashboard for Grafana.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dashboard {
    /// For operators: health, lag and resources.
    Operations,
    /// For the SOC: alerts, and whether all sources are covered.
    Detection,
}

impl Dashboard {
    pub(crate) const ALL: [Dashboard; 2] = [Dashboard::Operations, Dashboard::Detection];

    /// The name of its file.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Dashboard::Operations => "operations.json",
            Dashboard::Detection => "detection.json",
        }
    }

    const fn json(self) -> &'static str {
        match self {
            Dashboard::Operations => include_str!("../../helm/adcs-watch/dashboards/operations.json"),
            Dashboard::Detection => include_str!("../../helm/adcs-watch/dashboards/detection.json"),
        }
    }

    /// The dashboard as JSON, with links to the runbooks below this address.
    pub(crate) fn text(self, runbooks: Option<&str>) -> String {
        linked(self.json(), runbooks)
    }
}

/// The alert rules for Prometheus, with links to the runbooks below this address.
pub(crate) fn alerts(runbooks: Option<&str>) -> String {
    linked(include_str!("../../helm/adcs-watch/rules/adcs-watch.yaml"), runbooks)
}

/// The placeholder for the address of the runbooks in the files.
const RUNBOOKS: &str = "https://docs.corp.example/adcs-watch/runbooks/";

fn linked(text: &str, runbooks: Option<&str>) -> String {
    match runbooks {
        Some(address) => text.replace(RUNBOOKS, &format!("{}/", address.trim_end_matches('/'))),
        None => text.to_owned(),
    }
}
