//! The port: a thread for each connection, one request for each, a bound on how many and on how long.
//!
//! Whoever is slow, or opens connections and says nothing, loses them to whoever comes after: the oldest is closed when there
//! are too many. So a probe is answered whatever else is connected.

use crate::config::process::Http;
use crate::host::clock::{Stopwatch, pass};
use crate::host::exit::{Exit, Failure};
use crate::host::shutdown::Shutdown;
use crate::observe::http::Pages;
use crate::observe::http::guard::Guard;
use crate::observe::http::request::{Request, Unread};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{self, SocketAddr, TcpListener, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How often is looked whether somebody comes, and whether to stop.
const LOOK: Duration = Duration::from_millis(20);
/// How long one connection may take, from its first byte to its last.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// The most connections at once.
pub const MAX_CONNECTIONS: usize = 64;
/// Of what comes behind the head, so much is read away: else who still sends would not see the answer.
const MAX_REST: u64 = 64 * 1024;

/// A server that listens.
pub struct Listening {
    listener: TcpListener,
    guard: Guard,
    open: Open,
    /// Where.
    pub address: SocketAddr,
}

/// Begins to listen.
///
/// # Errors
/// When the address cannot be had, or the certificate cannot be used.
pub fn listen(http: &Http) -> Result<Listening, Failure> {
    let guard = Guard::new(http)?;
    let at = http.listen;
    let bind = || -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    let failed = |error: io::Error| {
        Failure::new(Exit::Config, format!("cannot listen on {at} (http.listen)")).because(&error)
    };
    let (listener, address) = bind().map_err(failed)?;
    Ok(Listening { listener, guard, open: Open::default(), address })
}

impl Listening {
    /// Serves until the end is asked for.
    pub fn serve(&self, pages: &Pages, shutdown: &Shutdown) {
        thread::scope(|scope| {
            let mut number = 0;
            while !shutdown.is_requested() {
                let Ok((stream, _)) = self.listener.accept() else {
                    pass(LOOK);
                    continue;
                };
                number += 1;
                let Ok(()) = self.open.admit(number, &stream) else { continue };
                let work = move || {
                    // Who asked may be gone.
                    drop(self.converse(stream, pages));
                    self.open.forget(number);
                };
                // Without a thread for it the connection is closed.
                if thread::Builder::new().name("http".to_owned()).spawn_scoped(scope, work).is_err() {
                    self.open.forget(number);
                }
            }
            self.open.close_all();
        });
    }

    fn converse(&self, stream: TcpStream, pages: &Pages) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        let mut stream = Timed { stream, since: Stopwatch::start() };
        match self.guard.acceptor() {
            Ok(None) => self.exchange(&mut stream, pages)?,
            Ok(Some(acceptor)) => {
                let secured = acceptor.accept(stream);
                let mut secured = secured.map_err(|error| io::Error::other(error.to_string()))?;
                self.exchange(&mut secured, pages)?;
                // Who asked may have hung up first.
                drop(secured.shutdown());
                return secured.get_mut().leave();
            }
            Err(error) => tracing::warn!(%error, "http.tls: the certificate cannot be used"),
        }
        stream.leave()
    }

    fn exchange(&self, stream: &mut (impl Read + Write), pages: &Pages) -> io::Result<()> {
        let (page, wants_body) = match Request::read(stream) {
            Ok(request) => (pages.answer(&request, |r| self.guard.may_read(r)), request.wants_body),
            Err(Unread::Refused(page)) => (page, true),
            Err(Unread::Gone) => return Err(ErrorKind::UnexpectedEof.into()),
        };
        stream.write_all(&page.to_bytes(wants_body))?;
        stream.flush()
    }
}

/// Connections that are open, the oldest first.
#[derive(Default)]
struct Open(Mutex<VecDeque<(u64, TcpStream)>>);

impl Open {
    fn admit(&self, number: u64, stream: &TcpStream) -> io::Result<()> {
        let mut open = self.lock();
        if open.len() >= MAX_CONNECTIONS
            && let Some((_, oldest)) = open.pop_front()
        {
            close(&oldest);
        }
        open.push_back((number, stream.try_clone()?));
        Ok(())
    }

    fn forget(&self, number: u64) {
        self.lock().retain(|(known, _)| *known != number);
    }

    fn close_all(&self) {
        self.lock().iter().for_each(|(_, stream)| close(stream));
    }

    /// A thread that panicked leaves a list that is whole.
    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, TcpStream)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever waits for it is woken.
fn close(stream: &TcpStream) {
    // It may be closed already.
    drop(stream.shutdown(net::Shutdown::Both));
}

/// A connection whose time is bounded as a whole, however often a byte comes.
#[derive(Debug)]
struct Timed {
    stream: TcpStream,
    since: Stopwatch,
}

impl Timed {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = PATIENCE.checked_sub(self.since.elapsed()).filter(|left| !left.is_zero());
        left.map(Some).ok_or_else(|| ErrorKind::TimedOut.into())
    }

    /// Says that nothing more will come, and waits until who asked has heard it.
    fn leave(&mut self) -> io::Result<()> {
        self.stream.shutdown(net::Shutdown::Write)?;
        io::copy(&mut self.take(MAX_REST), &mut io::sink()).map(drop)
    }
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(into)
    }
}

impl Write for Timed {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_connection_makes_room_for_the_newest() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = Open::default();
        let mut clients = Vec::new();
        for number in 0..=u64::try_from(MAX_CONNECTIONS).unwrap() {
            clients.push(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
            let (stream, _) = listener.accept().unwrap();
            open.admit(number, &stream).unwrap();
            clients.push(stream);
        }
        let numbers: Vec<u64> = open.lock().iter().map(|(number, _)| *number).collect();
        assert_eq!((numbers.len(), numbers.first()), (MAX_CONNECTIONS, Some(&1)));
        assert_eq!(clients[0].read(&mut [0; 1]).unwrap(), 0, "it is closed");
        clients[2].set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        assert!(clients[2].read(&mut [0; 1]).is_err(), "the next one is not");
        open.forget(1);
        assert_eq!(open.lock().len(), MAX_CONNECTIONS - 1);
    }
}
