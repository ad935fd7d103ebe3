//! Texts that become values: times of the contract and of FilesAnywhere, and paths. What is read is what is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sharesync_core::{RemotePath, Timestamp};
use sharesync_filesanywhere::DateTime;

fuzz_target!(|text: &str| {
    if let Ok(time) = text.parse::<Timestamp>() {
        assert_eq!(time.to_string().parse::<Timestamp>().ok(), Some(time));
    }
    if let Some(date) = DateTime::parse(text) {
        let _ = (date.timestamp(), date.timestamp_in_utc(), date.is_unset());
        assert_eq!(DateTime::parse(date.as_str()), Some(date));
    }
    if let Ok(path) = text.parse::<RemotePath>() {
        assert!(path.segments().all(|name| !name.is_empty() && name != "." && name != ".."));
        let again = path.segments().try_fold(RemotePath::root(), |folder, name| folder.join(name));
        assert_eq!(again.ok().as_ref(), Some(&path));
        assert_eq!(path.as_str().parse::<RemotePath>().ok(), Some(path));
    }
});
