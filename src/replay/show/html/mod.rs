//! A report as one HTML file, to be handed on: it loads nothing, runs no script and is smaller than 2 MB.

pub(crate) mod card;
pub(crate) mod evaluated;
pub(crate) mod timeline;
pub(crate) mod who;
pub(crate) mod page;

use crate::alert::Alert;
use crate::host::exit::{Exit, Failure};
use crate::replay::pipe::Pipe;
use crate::replay::show::format::{Show, unwritable};
use crate::replay::show::totals::Totals;
use crate::replay::summary::Summary;
use std::cmp::Reverse;
use std::io::Write;

/// The most alerts that are held: far more than a report has room for.
const MAX_HELD: usize = 4000;

/// Collects the alerts and writes the report at the end.
pub(crate) struct Html<'a> {
    out: Pipe<'a>,
    /// Standard error for the totals, and its width; none where another output has them.
    totals: Option<(&'a mut dyn Write, usize)>,
    alerts: Vec<Alert>,
    number: usize,
}

impl<'a> Html<'a> {
    /// A report that is written to `out`.
    pub(crate) fn new(out: Pipe<'a>, totals: Option<(&'a mut dyn Write, usize)>) -> Html<'a> {
        Html { out, totals, alerts: Vec::new(), number: 0 }
    }
}

impl Show for Html<'_> {
    fn revision(&mut self, _: &[u8]) -> Result<(), Failure> {
        Ok(())
    }

    fn latest(&mut self, alert: &Alert) -> Result<(), Failure> {
        self.number += 1;
        self.alerts.push(alert.clone());
        if self.alerts.len() > MAX_HELD {
            gravest_first(&mut self.alerts);
            self.alerts.truncate(MAX_HELD / 2);
        }
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), Failure> {
        gravest_first(&mut self.alerts);
        let page = page::html(&self.alerts, self.number, summary)
            .map_err(|error| Failure::new(Exit::Output, "cannot write the report").because(&error))?;
        self.out.write_all(page.as_bytes()).and_then(|()| self.out.flush()).map_err(unwritable)?;
        if let Some((err, width)) = &mut self.totals {
            // A closed standard error is no reason to fail.
            let _ = Totals { out: err, width: *width }.short(summary);
        }
        Ok(())
    }
}

fn gravest_first(alerts: &mut [Alert]) {
    alerts.sort_by_key(|alert| (Reverse(alert.severity), alert.first_seen));
}
