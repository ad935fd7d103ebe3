//! The SOAP reader: any document is read or refused, and the same however it is cut into pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sharesync_filesanywhere::fuzzing::read_change_list;

fuzz_target!(|document: &[u8]| {
    let whole = read_change_list(document, usize::MAX);
    // The fixtures are documents to begin with, so that the length of a piece comes out of the document itself.
    let step = document.iter().map(|byte| usize::from(*byte)).sum::<usize>() % 61 + 1;
    assert_eq!(read_change_list(document, step), whole, "in pieces of {step}");
    if let Err(error) = whole {
        assert!(error.path.starts_with('/'), "{error}");
    }
});
