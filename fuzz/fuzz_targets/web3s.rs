//! The reader of SharePoint's sync service: any document is read or refused, and the same however it is cut into pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sharesync_sharepoint::fuzzing::read_items;

fuzz_target!(|document: &[u8]| {
    let whole = read_items(document, usize::MAX);
    // The seeds are documents as they are: the length of a piece comes out of the document.
    let step = document.iter().map(|byte| usize::from(*byte)).sum::<usize>() % 61 + 1;
    let cut = read_items(document, step);
    match (whole, cut) {
        // Of several things that are wrong in one place another one may be found first.
        (Err(whole), Err(cut)) => assert_eq!(whole.path, cut.path, "{whole} {cut}"),
        (whole, cut) => assert_eq!(whole, cut, "in pieces of {step}"),
    }
});
