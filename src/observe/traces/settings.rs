//! The settings of traces: the environment variables that OpenTelemetry defines.

use axum::http::{HeaderName, HeaderValue, Uri};
use percent_encoding::percent_decode_str;

/// The collector, and what is sent with each request. Headers may be secret, so this has no `Debug`.
pub(crate) struct Settings {
    pub(crate) collector: Uri,
    pub(crate) service: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const SERVICE: &str = "OTEL_SERVICE_NAME";

impl Settings {
    /// Reads the environment of this process; `None` when it names no collector.
    ///
    /// # Errors
    /// What is wrong with a variable, without its value.
    #[expect(clippy::disallowed_methods, reason = "the variables are OpenTelemetry's own")]
    pub(crate) fn from_environment() -> Result<Option<Settings>, String> {
        Settings::read(|name| std::env::var(name).ok())
    }

    /// Reads any environment. A variable that is empty counts as not set.
    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Settings>, String> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let (name, url) = match (set(TRACES_ENDPOINT), set(ENDPOINT)) {
            (Some(whole), _) => (TRACES_ENDPOINT, whole),
            (None, Some(base)) => (ENDPOINT, format!("{}/v1/traces", base.trim().trim_end_matches('/'))),
            (None, None) => return Ok(None),
        };
        let collector = collector(url.trim()).map_err(|why| format!("{name}: {why}"))?;
        let headers = set(HEADERS).map_or_else(|| Ok(Vec::new()), |text| headers(&text))?;
        let service = set(SERVICE).unwrap_or_else(|| "adcs-watch".to_owned());
        Ok(Some(Settings { collector, service, headers }))
    }
}

fn collector(url: &str) -> Result<Uri, &'static str> {
    let uri: Uri = url.parse().map_err(|_| "not a URL")?;
    match (uri.scheme_str(), uri.authority()) {
        (Some("http"), Some(place)) if !place.as_str().contains('@') => Ok(uri),
        (Some("http"), Some(_)) => Err("a URL with a user name or password is not allowed; use headers"),
        (Some("https"), Some(_)) => {
            Err("only http:// is supported; name a nearby collector that forwards over https")
        }
        _ => Err("not a URL that begins with http://"),
    }
}

/// `name=value,name=value`; values are percent-encoded.
fn headers(text: &str) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let wrong = || format!("{HEADERS}: not name=value,name=value with values that are valid in a header");
    let entries = text.split(',').filter(|entry| !entry.trim().is_empty());
    let read = entries.map(|entry| {
        let (name, value) = entry.split_once('=').ok_or_else(wrong)?;
        let name = HeaderName::try_from(name.trim()).map_err(|_| wrong())?;
        let value = percent_decode_str(value.trim()).decode_utf8().map_err(|_| wrong())?;
        let value = HeaderValue::try_from(value.as_ref()).map_err(|_| wrong())?;
        Ok((name, value))
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Settings>, String> {
        let found = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Settings::read(|name| found(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn only_an_endpoint_switches_traces_on() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[(SERVICE, "a"), (HEADERS, "a=b"), (ENDPOINT, "")]).unwrap().is_none());
        let url = |variables: &[(&str, &str)]| read(variables).unwrap().unwrap().collector.to_string();
        assert_eq!(url(&[(ENDPOINT, "http://c:4318")]), "http://c:4318/v1/traces");
        assert_eq!(url(&[(ENDPOINT, "http://c:4318/otlp/")]), "http://c:4318/otlp/v1/traces");
        assert_eq!(url(&[(ENDPOINT, "http://c:4318"), (TRACES_ENDPOINT, "http://d/x")]), "http://d/x");
    }

    #[test]
    fn service_name_and_headers_come_from_the_environment() {
        let plain = read(&[(ENDPOINT, "http://c")]).unwrap().unwrap();
        assert_eq!((plain.service.as_str(), plain.headers.len()), ("adcs-watch", 0));
        let more =
            [(ENDPOINT, "http://c"), (SERVICE, "ours"), (HEADERS, "Authorization=Basic%20YTpi, x-a = b=c")];
        let more = read(&more).unwrap().unwrap();
        let headers: Vec<_> =
            more.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(
            (more.service.as_str(), headers),
            ("ours", vec![("authorization", "Basic YTpi"), ("x-a", "b=c")])
        );
    }

    #[test]
    fn mistakes_are_reported_without_the_value() {
        for (name, wrong) in [
            (ENDPOINT, "https://c:4318/hidden"),
            (ENDPOINT, "http://a:hidden@c:4318"),
            (ENDPOINT, "hidden:4317"),
            (TRACES_ENDPOINT, "hidden"),
            (TRACES_ENDPOINT, "http://"),
            (HEADERS, "hidden"),
            (HEADERS, "a=hidden%0d%0a"),
            (HEADERS, "a b=hidden"),
        ] {
            let message = match read(&[(name, wrong), (ENDPOINT, "http://c")]) {
                Ok(_) => panic!("{name}={wrong} is accepted"),
                Err(message) => message,
            };
            assert!(message.starts_with(name) && !message.contains("hidden"), "{message}");
        }
    }
}
