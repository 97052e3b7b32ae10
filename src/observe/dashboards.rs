//! The dashboards and alert rules that belong to the metrics, as the chart has them too.

use clap::ValueEnum;

/// A dashboard for Grafana.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Dashboard {
    /// Does it run, is it in time, what is it short of?
    Operations,
    /// For the SOC: what fired, and is everything seen that should be?
    Detection,
}

impl Dashboard {
    /// All.
    pub const ALL: [Dashboard; 2] = [Dashboard::Operations, Dashboard::Detection];

    /// The name of its file.
    pub const fn file(self) -> &'static str {
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

    /// The dashboard, with links to the runbooks below this address.
    pub fn text(self, runbooks: Option<&str>) -> String {
        linked(self.json(), runbooks)
    }
}

/// The alert rules for Prometheus, with links to the runbooks below this address.
pub fn alerts(runbooks: Option<&str>) -> String {
    linked(include_str!("../../helm/adcs-watch/rules/adcs-watch.yaml"), runbooks)
}

/// Where the files say that the runbooks are: nowhere, until somebody serves them.
const RUNBOOKS: &str = "https://docs.corp.example/adcs-watch/runbooks/";

fn linked(text: &str, runbooks: Option<&str>) -> String {
    match runbooks {
        Some(address) => text.replace(RUNBOOKS, &format!("{}/", address.trim_end_matches('/'))),
        None => text.to_owned(),
    }
}
