//! Since when no broker can be reached, or none lets us in.

use crate::host::clock::Stopwatch;
use crate::kafka::refusals::Cause;
use crate::stage::port::Fault;
use std::time::Duration;

/// How often an unreachable broker is looked for.
const PROBE: Duration = Duration::from_secs(1);
/// Who is refused for so long begins anew: with the password, the certificate or the token that there is then.
const REFUSED: Duration = Duration::from_secs(10);
/// Who reaches no broker for so long begins anew with new clients: it has lost its partitions by then, and a client that a hanging
/// broker had kept waiting was seen not to find back although others had.
const SILENCE: Duration = Duration::from_secs(30);

/// No broker can be reached, or none lets us in.
pub(crate) struct Away {
    why: Cause,
    began: Stopwatch,
    probed: Stopwatch,
}

impl Away {
    /// Says it, once: however often it is heard until it is over.
    fn new(why: Cause) -> Away {
        tracing::warn!(why = why.as_str(), "a broker cannot be reached");
        Away { why, began: Stopwatch::start(), probed: Stopwatch::start() }
    }

    /// Notes that a question has no answer; a cause that is known says more.
    pub(crate) fn begin(away: &mut Option<Away>, why: impl FnOnce() -> Cause) {
        away.get_or_insert_with(|| Away::new(why()));
    }

    /// Notes why.
    pub(crate) fn hear(away: &mut Option<Away>, why: Cause) {
        match away {
            Some(away) => away.why = why,
            None => *away = Some(Away::new(why)),
        }
    }

    /// Why.
    pub(crate) fn why(&self) -> &str {
        self.why.as_str()
    }

    /// Whether it is over: something was received, or a question that is asked now and then has an answer.
    ///
    /// # Errors
    /// When we are refused, or reach nobody, for long.
    pub(crate) fn is_over(&mut self, received: bool, answers: impl FnOnce() -> bool) -> Result<bool, Fault> {
        let probe = self.probed.elapsed() >= PROBE;
        if received || (probe && answers()) {
            return Ok(true);
        }
        if matches!(self.why, Cause::Refused(_)) && self.began.elapsed() >= REFUSED {
            return Err(Fault::Broken(format!("no broker lets us in: {}", self.why())));
        }
        if self.began.elapsed() >= SILENCE {
            return Err(Fault::Broken(format!("no broker could be reached for {SILENCE:?}: {}", self.why())));
        }
        if probe {
            self.probed = Stopwatch::start();
        }
        Ok(false)
    }
}
