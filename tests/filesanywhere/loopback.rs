//! The real client, the emulator, and a list that nobody holds.

use sharesync::filesanywhere::model::ChangeEntry;
use sharesync::filesanywhere::{Client, SoapVersion};
use sharesync_emulator::Emulator;

use super::fixtures::VERSIONS;
use super::hostile::since;

const ENTRIES: u64 = 30_000;
/// Rows that arrive at once: those of 64 KiB.
const PAGE: usize = 1000;

async fn connect(emulator: &Emulator, version: SoapVersion) -> Client {
    let account = emulator.filesanywhere();
    let builder = Client::builder(account.api_key(), account.org_id()).server(account.endpoint()).soap(version);
    builder.password(account.username(), account.password()).connect().await.unwrap()
}

#[tokio::test]
async fn made_up_entries_arrive_all_and_in_order() {
    let emulator = Emulator::builder().change_list_entries(ENTRIES).start().await.unwrap();
    for version in VERSIONS {
        let mut list = connect(&emulator, version).await.sync().change_list(&since()).await.unwrap();
        let mut next = 0;
        while let Some(rows) = list.next().await.unwrap() {
            assert!(rows.len() < PAGE, "{} rows at once", rows.len());
            for row in rows {
                let ChangeEntry::File(file) = row else { panic!("{row:?}") };
                assert!(file.name.starts_with(&format!("file {next:09} of a list")), "{}", file.name);
                assert_eq!((file.size, file.checksum.unwrap().len()), ((next % 1_000_003) as i64, 32));
                next += 1;
            }
        }
        assert_eq!(next, ENTRIES);
        let summary = list.summary().await.unwrap();
        assert!(!summary.full_sync && !summary.header_changed);
    }
}
