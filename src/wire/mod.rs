//! EVENTS, STATE, ALERTS ⇄ BYTES: the only room that knows prost and the encodings.
