//! WHAT WE REMEMBER: the bounded parts that detections build their state from.
