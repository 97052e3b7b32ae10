//! The network between the clients and the brokers: one TCP proxy for each broker, which can delay or stall what it carries.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// How long a stalled connection waits until it looks again.
const TICK: Duration = Duration::from_millis(20);

/// One proxy for each broker.
pub(super) struct Network {
    delay_millis: Arc<AtomicU64>,
    links: Vec<Link>,
}

struct Link {
    port: u16,
    cut: Arc<AtomicBool>,
}

impl Network {
    /// Proxies to these ports of 127.0.0.1.
    pub(super) fn to(targets: &[u16]) -> Network {
        let delay_millis = Arc::new(AtomicU64::new(0));
        let links = targets.iter().map(|target| Link::to(*target, &delay_millis)).collect();
        Network { delay_millis, links }
    }

    /// The port of the proxy of each broker.
    pub(super) fn ports(&self) -> Vec<u16> {
        self.links.iter().map(|link| link.port).collect()
    }

    /// Every packet takes this much longer, in each direction.
    pub(super) fn delay(&self, delay: Duration) {
        self.delay_millis.store(u64::try_from(delay.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// While it is cut, nothing passes between the clients and this broker, and no connection is closed.
    pub(super) fn cut(&self, broker: usize, cut: bool) {
        self.links[broker].cut.store(cut, Ordering::SeqCst);
    }

    pub(super) fn heal(&self) {
        self.delay(Duration::ZERO);
        (0..self.links.len()).for_each(|broker| self.cut(broker, false));
    }
}

impl Link {
    fn to(target: u16, delay_millis: &Arc<AtomicU64>) -> Link {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cut, delay) = (Arc::new(AtomicBool::new(false)), Arc::clone(delay_millis));
        let gate = Arc::clone(&cut);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A broker that is down refuses the connection; so does its proxy.
                let Ok(broker) = TcpStream::connect(("127.0.0.1", target)) else { continue };
                let directions =
                    [(client.try_clone().unwrap(), broker.try_clone().unwrap()), (broker, client)];
                for (from, to) in directions {
                    let (cut, delay) = (Arc::clone(&gate), Arc::clone(&delay));
                    thread::spawn(move || carry(from, to, &cut, &delay));
                }
            }
        });
        Link { port, cut }
    }
}

/// Carries bytes in one direction until either side closes.
fn carry(mut from: TcpStream, mut to: TcpStream, cut: &AtomicBool, delay_millis: &AtomicU64) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        thread::sleep(Duration::from_millis(delay_millis.load(Ordering::SeqCst)));
        while cut.load(Ordering::SeqCst) {
            thread::sleep(TICK);
        }
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
