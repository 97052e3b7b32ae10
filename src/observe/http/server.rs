//! The port: one request per connection, and limits on the number of connections, on their time, and on the head of a request.
//!
//! The oldest connection is closed for a new one when there are too many. So probes are answered whatever slow, silent or
//! numerous clients do.

use crate::config::process::{Http, HttpTls};
use crate::host::exit::{Exit, Failure};
use crate::observe::http::linger::Lingering;
use crate::observe::http::pages::Pages;
use crate::observe::http::tls;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use openssl::ssl::Ssl;
use std::collections::VecDeque;
use std::error::Error;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_openssl::SslStream;
use tokio_util::sync::CancellationToken;

/// The most connections at once.
pub const MAX_CONNECTIONS: usize = 64;
/// The limit of a connection, from its first byte to its last.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest head of a request in bytes: the size of hyper's buffer.
const MAX_HEAD_BYTES: usize = 8 * 1024;
/// The most headers of a request.
const MAX_HEADERS: usize = 64;
/// The wait after the system refused to accept a connection, for example because too many files are open.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// A port that is bound and not served yet.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    http: Http,
    /// The address, with the port that the system chose if none was configured.
    pub address: SocketAddr,
}

/// Binds the port and checks the certificate.
///
/// # Errors
/// When the address is not available, or the certificate cannot be used.
pub fn listen(http: &Http) -> Result<Listening, Failure> {
    http.tls.as_ref().map_or(Ok(()), tls::check)?;
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
    Ok(Listening { listener, http: http.clone(), address })
}

impl Listening {
    /// Serves until it is cancelled, and then closes all connections.
    pub async fn serve(self, pages: Pages, end: CancellationToken) {
        let Ok(listener) = tokio::net::TcpListener::from_std(self.listener) else {
            return tracing::error!("the HTTP port cannot be served");
        };
        let router = pages.router(self.http.basic_auth);
        let mut connections = Connections::default();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_) = connections.tasks.join_next() => continue,
                () = end.cancelled() => break,
            };
            match accepted {
                Ok((stream, _)) => connections.admit(stream, self.http.tls.clone(), router.clone()),
                Err(_) => sleep(ACCEPT_BACKOFF).await,
            }
        }
    }
}

/// Open connections, the oldest first. They are closed when this is dropped.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    open: VecDeque<AbortHandle>,
}

impl Connections {
    fn admit(&mut self, stream: TcpStream, tls: Option<HttpTls>, router: Router) {
        self.open.retain(|connection| !connection.is_finished());
        if self.open.len() >= MAX_CONNECTIONS
            && let Some(oldest) = self.open.pop_front()
        {
            oldest.abort();
        }
        self.open.push_back(self.tasks.spawn(async move {
            // An error is the client's: it sent no valid request, or is gone.
            let _ = timeout(CONNECTION_TIMEOUT, converse(Lingering::new(stream), tls, router)).await;
        }));
    }
}

async fn converse(
    stream: Lingering,
    tls: Option<HttpTls>,
    router: Router,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let Some(tls) = tls else { return exchange(stream, router).await };
    let acceptor = match tokio::task::spawn_blocking(move || tls::acceptor(&tls)).await? {
        Ok(acceptor) => acceptor,
        Err(error) => {
            tracing::warn!(%error, "http.tls: the certificate cannot be used");
            return Ok(());
        }
    };
    let mut secured = SslStream::new(Ssl::new(acceptor.context())?, stream)?;
    Pin::new(&mut secured).accept().await?;
    exchange(secured, router).await
}

/// Answers one request and closes the connection.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(CONNECTION_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .keep_alive(false)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    Ok(connection.await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::health::Health;
    use crate::observe::metrics::Metrics;
    use std::sync::Arc;

    #[tokio::test]
    async fn oldest_connection_is_closed_for_the_newest() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let router =
            Pages { health: Arc::<Health>::default(), metrics: Metrics::new().unwrap() }.router(None);
        let (mut connections, mut clients) = (Connections::default(), Vec::new());
        for _ in 0..=MAX_CONNECTIONS {
            clients.push(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
            let (stream, _) = listener.accept().await.unwrap();
            connections.admit(stream, None, router.clone());
        }
        assert_eq!(connections.open.len(), MAX_CONNECTIONS);
        clients[0].readable().await.unwrap();
        assert_eq!(clients[0].try_read(&mut [0; 1]).unwrap(), 0, "it is closed");
        let next = timeout(Duration::from_millis(50), clients[1].readable()).await;
        assert!(next.is_err(), "the next one is open");
    }
}
