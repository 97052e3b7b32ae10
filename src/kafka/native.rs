//! Calls into librdkafka that rdkafka does not offer. The only file with `unsafe`; a test holds that.

use crate::kafka::timeouts::ADMIN_SECONDS;
use rdkafka::bindings as native;
use rdkafka::client::{Client, ClientContext, OAuthToken};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode as Code;
use std::ffi::{CStr, CString, NulError};
use std::ptr::NonNull;
use std::sync::Arc;

/// Sets the token of a client that never polls for the event that requests one: rdkafka's `AdminClient` does not (its issue 757).
///
/// # Errors
/// librdkafka rejects the token.
#[expect(unsafe_code, reason = "rdkafka has no such call")]
pub(crate) fn set_token<C: ClientContext>(client: &Client<C>, token: OAuthToken) -> Result<(), String> {
    let zero_byte = |error: NulError| format!("the token contains a zero byte: {error}");
    let value = CString::new(token.token).map_err(zero_byte)?;
    let principal = CString::new(token.principal_name).map_err(zero_byte)?;
    let mut text = [0; 256];
    // SAFETY: the client lives as long as its reference; both texts and the buffer outlive the call, which copies them; the
    // length is that of the buffer; there are no extensions.
    let code = unsafe {
        native::rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            value.as_ptr(),
            token.lifetime_ms,
            principal.as_ptr(),
            std::ptr::null_mut(),
            0,
            text.as_mut_ptr(),
            text.len(),
        )
    };
    let code = Code::from(code);
    if code == Code::NoError { Ok(()) } else { Err(format!("librdkafka rejects the token: {code}")) }
}

/// The id that a broker gave a topic when it was created. A topic that is re-created under the same name has another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TopicId {
    most_significant: i64,
    least_significant: i64,
}

impl TopicId {
    /// The id with these two halves of its 128 bits.
    #[cfg(test)]
    pub(crate) fn from_halves(most_significant: i64, least_significant: i64) -> TopicId {
        TopicId { most_significant, least_significant }
    }
}

/// A topic and its id; the id is absent if the broker reports an error for the topic.
pub(crate) type DescribedTopic = (String, Option<TopicId>);

/// A `DescribeTopics` request whose answer has not come yet. It keeps its client alive: the queue belongs to it.
pub(crate) struct DescribeTopics<C: ConsumerContext + 'static> {
    queue: NonNull<native::rd_kafka_queue_t>,
    _client: Arc<BaseConsumer<C>>,
}

impl<C: ConsumerContext + 'static> DescribeTopics<C> {
    /// Sends the request; does not wait. `None` if a name cannot be sent.
    #[expect(unsafe_code, reason = "rdkafka has no such call")]
    pub(crate) fn send(client: &Arc<BaseConsumer<C>>, topics: &[String]) -> Option<DescribeTopics<C>> {
        let names: Vec<CString> =
            topics.iter().map(|name| CString::new(name.as_str())).collect::<Result<_, _>>().ok()?;
        let mut pointers: Vec<*const std::ffi::c_char> = names.iter().map(|name| name.as_ptr()).collect();
        let timeout = i32::try_from(ADMIN_SECONDS.as_millis()).unwrap_or(i32::MAX);
        let handle = client.client().native_ptr();
        // SAFETY: the client lives as long as `_client`; librdkafka copies names and options before the call returns, and both
        // are destroyed here; the queue is destroyed in `drop`, before the client.
        unsafe {
            let queue = NonNull::new(native::rd_kafka_queue_new(handle))?;
            let collection =
                native::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
            let operation = native::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
            let options = native::rd_kafka_AdminOptions_new(handle, operation);
            native::rd_kafka_AdminOptions_set_request_timeout(options, timeout, std::ptr::null_mut(), 0);
            native::rd_kafka_DescribeTopics(handle, collection, options, queue.as_ptr());
            native::rd_kafka_AdminOptions_destroy(options);
            native::rd_kafka_TopicCollection_destroy(collection);
            Some(DescribeTopics { queue, _client: Arc::clone(client) })
        }
    }

    /// The answer, if it has come; does not wait. It is empty if the whole request failed.
    #[expect(unsafe_code, reason = "rdkafka has no such call")]
    pub(crate) fn answer(&self) -> Option<Vec<DescribedTopic>> {
        // SAFETY: the queue lives until `drop`; everything that is read belongs to the event, which is destroyed last; null
        // pointers are checked for, and the count is that of the array.
        unsafe {
            let event = NonNull::new(native::rd_kafka_queue_poll(self.queue.as_ptr(), 0))?;
            let result = native::rd_kafka_event_DescribeTopics_result(event.as_ptr());
            let mut topics = Vec::new();
            if !result.is_null() {
                let mut count = 0;
                let first = native::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
                for index in 0..count {
                    let topic = *first.add(index);
                    let name = CStr::from_ptr(native::rd_kafka_TopicDescription_name(topic));
                    let error = native::rd_kafka_TopicDescription_error(topic);
                    let failed =
                        !error.is_null() && Code::from(native::rd_kafka_error_code(error)) != Code::NoError;
                    let id = native::rd_kafka_TopicDescription_topic_id(topic);
                    let id = (!failed && !id.is_null()).then(|| TopicId {
                        most_significant: native::rd_kafka_Uuid_most_significant_bits(id),
                        least_significant: native::rd_kafka_Uuid_least_significant_bits(id),
                    });
                    topics.push((name.to_string_lossy().into_owned(), id));
                }
            }
            native::rd_kafka_event_destroy(event.as_ptr());
            Some(topics)
        }
    }
}

impl<C: ConsumerContext + 'static> Drop for DescribeTopics<C> {
    #[expect(unsafe_code, reason = "rdkafka has no such call")]
    fn drop(&mut self) {
        // SAFETY: the queue was created in `send` and is destroyed once, while the client lives.
        unsafe { native::rd_kafka_queue_destroy(self.queue.as_ptr()) }
    }
}
