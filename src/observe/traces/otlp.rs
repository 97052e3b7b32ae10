//! Spans in OTLP's JSON encoding: ids in hex, times and counts as strings.
//!
//! Written here and not by a library: the OpenTelemetry crates add 32 to 40 packages for the one message that this program
//! sends. The format is fixed by the protocol and held by a golden test below.

use crate::observe::traces::span::{Context, Kind, Span, Value};
use serde_json::{Value as Json, json};

/// The body of an export request.
pub(crate) fn body(service: &str, spans: &[Span]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let resource = [text("service.name", service), text("service.version", version)];
    let all: Vec<Json> = spans.iter().map(span).collect();
    let scope = json!({"scope": {"name": "adcs-watch", "version": version}, "spans": all});
    json!({"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": [scope]}]}).to_string()
}

fn span(span: &Span) -> Json {
    let kind = match span.kind {
        Kind::Internal => 1,
        Kind::Producer => 4,
    };
    let attributes: Vec<Json> = span.attributes.iter().map(|(key, value)| attribute(key, value)).collect();
    let links: Vec<Json> = span.links.iter().map(context).collect();
    let mut json = context(&span.context);
    if let Some(parent) = span.parent {
        json["parentSpanId"] = json!(format!("{parent:016x}"));
    }
    json["name"] = json!(span.name);
    json["kind"] = json!(kind);
    json["startTimeUnixNano"] = json!(span.began.to_string());
    json["endTimeUnixNano"] = json!(span.ended.to_string());
    json["attributes"] = json!(attributes);
    if !links.is_empty() {
        json["links"] = json!(links);
    }
    if let Some(error) = span.error {
        json["status"] = json!({"code": 2, "message": error});
    }
    json
}

fn context(context: &Context) -> Json {
    json!({"traceId": format!("{:032x}", context.trace), "spanId": format!("{:016x}", context.span)})
}

fn attribute(key: &str, value: &Value) -> Json {
    match value {
        Value::Text(value) => text(key, value),
        Value::Count(count) => json!({"key": key, "value": {"intValue": count.to_string()}}),
    }
}

fn text(key: &str, value: &str) -> Json {
    json!({"key": key, "value": {"stringValue": value}})
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str = concat!(
        r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a-service"}},"#,
        r#"{"key":"service.version","value":{"stringValue":"VERSION"}}]},"#,
        r#""scopeSpans":[{"scope":{"name":"adcs-watch","version":"VERSION"},"spans":["#,
        r#"{"traceId":"0000000000000000000000000000000a","spanId":"000000000000000b","name":"send t","kind":4,"#,
        r#""startTimeUnixNano":"1772442000000000000","endTimeUnixNano":"1772442000000000001","#,
        r#""attributes":[{"key":"k","value":{"stringValue":"v"}}],"status":{"code":2,"message":"aborted"}},"#,
        r#"{"traceId":"0000000000000000000000000000000a","spanId":"000000000000000c","parentSpanId":"000000000000000b","#,
        r#""name":"alert d","kind":1,"startTimeUnixNano":"1772442000000000000","endTimeUnixNano":"1772442000000000001","#,
        r#""attributes":[{"key":"n","value":{"intValue":"7"}}],"#,
        r#""links":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"}]}]}]}]}"#,
    );

    #[test]
    fn spans_are_encoded_as_the_protocol_requires() {
        let first = Span {
            context: Context { trace: 10, span: 11 },
            parent: None,
            name: "send t".to_owned(),
            kind: Kind::Producer,
            began: 1_772_442_000_000_000_000,
            ended: 1_772_442_000_000_000_001,
            attributes: vec![("k", Value::Text("v".to_owned()))],
            links: Vec::new(),
            error: Some("aborted"),
        };
        let second = Span {
            context: Context { span: 12, ..first.context },
            parent: Some(11),
            name: "alert d".to_owned(),
            kind: Kind::Internal,
            attributes: vec![("n", Value::Count(7))],
            links: Context::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                .into_iter()
                .collect(),
            error: None,
            ..first.clone()
        };
        let body = body("a-service", &[first, second]);
        assert_eq!(body, GOLDEN.replace("VERSION", env!("CARGO_PKG_VERSION")));
    }
}
