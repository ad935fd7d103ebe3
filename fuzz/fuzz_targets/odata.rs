//! Answers and errors of SharePoint's REST service, in JSON and in Atom: any body is read or refused, and an answer that was
//! read is one again when it is written as JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sharesync_sharepoint::fuzzing::{read_answer, read_error};

fuzz_target!(|body: &[u8]| {
    for status in [400, 404, 412, 500, 503] {
        read_error(status, body);
    }
    if let Ok(value) = read_answer(body) {
        // JSON that is nested deeper than 128 times is refused; Atom may be.
        let is_shallow = value.matches(['{', '[']).count() < 100;
        assert!(!is_shallow || read_answer(value.as_bytes()).is_ok(), "{value}");
    }
});
