//! The pages. No handler reads a body.

use crate::config::process::BasicAuth;
use crate::observe::health::Health;
use crate::observe::http::auth::may_read;
use crate::observe::metrics::Metrics;
use crate::observe::status;
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
    /// The metrics that `/metrics` exports, and `/status` in part.
    pub metrics: Metrics,
}

const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
const STATUS: &str = "application/json";
const REALM: &str = "Basic realm=\"adcs-watch\", charset=\"UTF-8\"";

impl Pages {
    /// The routes; `/metrics` and `/status` ask for a password if there is one.
    pub(crate) fn router(self, auth: Option<BasicAuth>) -> Router {
        let auth = auth.map(Arc::new);
        let page = |content_type: &'static str, render: fn(&Pages) -> String| {
            let auth = auth.clone();
            move |State(pages): State<Pages>, headers: HeaderMap| {
                guarded(pages, auth.clone(), headers, content_type, render)
            }
        };
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
            .route("/metrics", get(page(METRICS, |pages| pages.metrics.text())))
            .route("/status", get(page(STATUS, Pages::status)))
            .fallback(|| async { (StatusCode::NOT_FOUND, "/livez, /readyz, /metrics, /status\n") })
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

impl Pages {
    fn status(&self) -> String {
        format!("{:#}\n", status::of(&self.health, &self.metrics))
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

/// A page for which a password may be required.
async fn guarded(
    pages: Pages,
    auth: Option<Arc<BasicAuth>>,
    headers: HeaderMap,
    content_type: &'static str,
    render: fn(&Pages) -> String,
) -> Response {
    // The password may be read from a file, and a page of many series takes milliseconds to write.
    let page =
        tokio::task::spawn_blocking(move || may_read(auth.as_deref(), &headers).then(|| render(&pages)));
    match page.await {
        Ok(Some(text)) => ([(CONTENT_TYPE, content_type)], text).into_response(),
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
    async fn status_is_json_whether_or_not_the_process_is_ready() {
        let pages = Pages { health: Arc::default(), metrics: Metrics::new().unwrap() };
        let (code, text) = get(&pages, "/status").await;
        let status: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((code, &status["is_ready"]), (200, &false.into()), "{text}");
        pages.health.note(Stage::Router, 0, Condition::Working);
        let status: serde_json::Value = serde_json::from_str(&get(&pages, "/status").await.1).unwrap();
        assert_eq!((&status["is_ready"], &status["workers"][0]["state"]), (&true.into(), &"works".into()));
    }

    #[tokio::test]
    async fn metrics_and_status_require_the_password_and_probes_do_not() {
        let pages = Pages { health: Arc::default(), metrics: Metrics::new().unwrap() };
        let auth = BasicAuth { username: "a".to_owned(), password: Secret::File("/nowhere/p".into()) };
        let status = async |method, path| request(&pages, Some(auth.clone()), method, path).await.0;
        let read = async |path| status(Method::GET, path).await;
        assert_eq!((read("/metrics").await, read("/status").await), (401, 401));
        assert_eq!((read("/livez").await, read("/readyz").await), (200, 503));
        let write = async |path| status(Method::POST, path).await;
        assert_eq!((write("/livez").await, write("/metrics").await), (405, 405));
    }
}
