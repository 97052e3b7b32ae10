//! The pages. No handler reads a body.

use crate::config::process::BasicAuth;
use crate::observe::health::Health;
use crate::observe::http::auth::may_read;
use crate::observe::metrics::Metrics;
use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

/// What the pages show.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The state of the workers.
    pub health: Arc<Health>,
    /// The metrics that `/metrics` exports.
    pub metrics: Metrics,
}

const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
const REALM: &str = "Basic realm=\"adcs-watch\", charset=\"UTF-8\"";

impl Pages {
    /// The routes; `/metrics` asks for a password if there is one.
    pub(crate) fn router(self, auth: Option<BasicAuth>) -> Router {
        let auth = auth.map(Arc::new);
        let metrics =
            move |State(pages): State<Pages>, headers: HeaderMap| metrics(pages, auth.clone(), headers);
        Router::new()
            .route(
                "/livez",
                get(|State(pages): State<Pages>| async move { verdict(&pages.health.stuck(), &[]) }),
            )
            .route(
                "/readyz",
                get(|State(pages): State<Pages>| async move {
                    verdict(&pages.health.complaints(), &pages.health.remarks())
                }),
            )
            .route("/metrics", get(metrics))
            .fallback(|| async { (StatusCode::NOT_FOUND, "/livez, /readyz, /metrics\n") })
            .method_not_allowed_fallback(|| async { (StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n") })
            .layer(map_response(|mut response: Response| async move {
                let headers = response.headers_mut();
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
                response
            }))
            .with_state(self)
    }
}

/// 200, or 503 with one line for each complaint. Remarks follow in both cases.
fn verdict(complaints: &[String], remarks: &[String]) -> (StatusCode, String) {
    let (status, first) = match complaints.is_empty() {
        true => (StatusCode::OK, "ok".to_owned()),
        false => (StatusCode::SERVICE_UNAVAILABLE, complaints.join("\n")),
    };
    let lines = std::iter::once(first).chain(remarks.iter().cloned());
    (status, lines.collect::<Vec<_>>().join("\n") + "\n")
}

async fn metrics(pages: Pages, auth: Option<Arc<BasicAuth>>, headers: HeaderMap) -> Response {
    // The password may be read from a file, and a page of many series takes milliseconds to write.
    let page = tokio::task::spawn_blocking(move || {
        may_read(auth.as_deref(), &headers).then(|| pages.metrics.text())
    });
    match page.await {
        Ok(Some(text)) => ([(CONTENT_TYPE, METRICS)], text).into_response(),
        Ok(None) => {
            let ask = [(WWW_AUTHENTICATE, REALM)];
            (StatusCode::UNAUTHORIZED, ask, "user name and password required (http.basic_auth)\n")
                .into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;
    use crate::observe::health::Condition;
    use crate::stage::Stage;
    use crate::stage::port::Millis;
    use crate::stage::router::task::Routed;
    use crate::stage::router::worker::RouterCounts;
    use axum::body::{Body, to_bytes};
    use axum::http::{Method, Request};
    use hyper_util::service::TowerToHyperService;
    use std::sync::mpsc;
    use std::time::Duration;

    async fn request(pages: &Pages, auth: Option<BasicAuth>, method: Method, path: &str) -> (u16, String) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let router = TowerToHyperService::new(pages.clone().router(auth));
        let response = hyper::service::Service::call(&router, request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn get(pages: &Pages, path: &str) -> (u16, String) {
        request(pages, None, Method::GET, path).await
    }

    #[tokio::test]
    async fn livez_reports_a_stuck_worker_until_it_continues() {
        let health = Arc::new(Health::new(Millis(20)));
        let pages = Pages { health: Arc::clone(&health), metrics: Metrics::new().unwrap() };
        let (release, blocked) = mpsc::channel::<()>();
        let worker = std::thread::spawn(move || {
            health.note(Stage::Detector, 3, Condition::Working);
            blocked.recv().unwrap();
            health.note(Stage::Detector, 3, Condition::Stopped);
        });
        let mut page = get(&pages, "/livez").await;
        for _ in 0..6000 {
            if page.0 == 503 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
            page = get(&pages, "/livez").await;
        }
        assert_eq!(page.0, 503);
        assert!(page.1.starts_with("detector 3 is stuck"), "{}", page.1);
        release.send(()).unwrap();
        worker.join().unwrap();
        assert_eq!(get(&pages, "/livez").await.0, 200);
    }

    #[tokio::test]
    async fn pages_show_health_and_metrics() {
        let pages = Pages { health: Arc::default(), metrics: Metrics::new().unwrap() };
        assert_eq!(get(&pages, "/livez").await.0, 200);
        assert_eq!(get(&pages, "/readyz").await, (503, "no worker has started\n".to_owned()));
        pages.health.note(Stage::Router, 0, Condition::Working);
        assert_eq!(get(&pages, "/readyz").await, (200, "ok\n".to_owned()));
        assert_eq!(get(&pages, "/").await.0, 404);
        let counts = RouterCounts { records: [(Routed::Sent, 3)].into(), ..RouterCounts::default() };
        pages.metrics.router(&RouterCounts::default(), &counts);
        let text = get(&pages, "/metrics?x=1").await.1;
        assert!(text.contains("adcs_watch_records_total{outcome=\"sent\",stage=\"router\"} 3"), "{text}");
    }

    #[test]
    fn remark_stands_below_the_verdict_and_does_not_change_it() {
        let remark = ["source siem: no wanted event".to_owned()];
        assert_eq!(verdict(&[], &remark), (StatusCode::OK, "ok\nsource siem: no wanted event\n".to_owned()));
        let (status, text) = verdict(&["router 0 stopped".to_owned()], &remark);
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(text, "router 0 stopped\nsource siem: no wanted event\n");
    }

    #[tokio::test]
    async fn only_metrics_require_the_password() {
        let pages = Pages { health: Arc::default(), metrics: Metrics::new().unwrap() };
        let auth = BasicAuth { username: "a".to_owned(), password: Secret::File("/nowhere/p".into()) };
        let status = async |method, path| request(&pages, Some(auth.clone()), method, path).await.0;
        let read = async |path| status(Method::GET, path).await;
        assert_eq!((read("/metrics").await, read("/livez").await, read("/readyz").await), (401, 200, 503));
        let write = async |path| status(Method::POST, path).await;
        assert_eq!((write("/livez").await, write("/metrics").await), (405, 405));
    }
}
