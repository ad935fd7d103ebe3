//! The README's table of providers and capabilities is generated. `SHARESYNC_UPDATE=1 cargo test --test readme` writes it
//! anew; without that, the test fails when it is stale.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

#[path = "support/providers.rs"]
mod providers;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use sharesync::{Capabilities, Operation, StoreConfig, Support};

const BEGIN: &str = "<!-- providers:begin -->\n";
const END: &str = "<!-- providers:end -->";

#[tokio::test]
async fn the_table_of_providers_is_current() {
    let emulator = sharesync_emulator::Emulator::start().await.unwrap();
    let (mut columns, state) = (Vec::new(), tempfile::tempdir().unwrap());
    for config in providers::emulated(&emulator, state.path()) {
        let store = config.connect().await.unwrap();
        columns.push((config.provider(), store.capabilities().clone()));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (present, after) = rest.split_once(END).unwrap();
    let table = table(&columns);
    if std::env::var_os("SHARESYNC_UPDATE").is_some() {
        std::fs::write(&file, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(present, table, "run `SHARESYNC_UPDATE=1 cargo test --test readme`");
    }
}

#[test]
fn the_configurations_are_understood() {
    #[derive(serde::Deserialize)]
    struct Stores {
        stores: BTreeMap<String, StoreConfig>,
    }
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, example) = readme.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let parsed: Stores = toml::from_str(example).unwrap();
    let mut shown: Vec<_> = parsed.stores.values().map(StoreConfig::provider).collect();
    shown.sort_unstable();
    assert_eq!(shown, ["acronis", "cursor", "filesanywhere", "sharefile", "sharepoint"], "one store of each provider");
    let shown = format!("{:?}", parsed.stores);
    assert!(!shown.contains("[redacted]"), "the examples keep their secrets in the environment: {shown}");
}

fn table(columns: &[(&str, Capabilities)]) -> String {
    let mut table = String::new();
    let mut row = |name: &str, cell: &dyn Fn(&str, &Capabilities) -> String| {
        let cells: Vec<_> = columns.iter().map(|(provider, capabilities)| cell(provider, capabilities)).collect();
        writeln!(table, "| {name} | {} |", cells.join(" | ")).unwrap();
    };
    row("", &|provider, _| format!("`{provider}`"));
    row("---", &|_, _| "---".into());
    for operation in Operation::ALL {
        row(&operation.name().replace('_', " "), &|_, capabilities| capabilities.support(operation).to_string());
    }
    row("parts of one file at once", &|_, capabilities| match capabilities.upload.max_parallel_parts {
        1 => "one".into(),
        parts => format!("up to {parts}"),
    });
    row("digests", &|_, capabilities| {
        let names: Vec<_> = capabilities.digests.iter().map(|algorithm| algorithm.name()).collect();
        if names.is_empty() { "none".into() } else { names.join(", ") }
    });
    row("names differ by case", &|_, capabilities| yes(capabilities.names.case_sensitive));
    row("names differ by the composition of letters", &|_, capabilities| {
        capabilities.names.composition_sensitive.map_or("unknown".into(), yes)
    });
    row("identifier survives a move", &|_, capabilities| yes(capabilities.ids_survive_move));
    row("identifier survives a new version", &|_, capabilities| yes(capabilities.ids_survive_new_version));
    row("modification times are kept", &|_, capabilities| yes(capabilities.keeps_modified));
    row("listings tell modification times", &|_, capabilities| yes(capabilities.lists_modified));
    row("links can be ended", &|_, capabilities| match capabilities.support(Operation::Share) {
        Support::Unsupported => "none".into(),
        _ => yes(capabilities.ends_links && capabilities.support(Operation::Unshare) != Support::Unsupported),
    });
    row("of several that take a name, one wins", &|_, capabilities| yes(capabilities.exclusive_names));
    row("of several that require a revision, one wins", &|_, capabilities| yes(capabilities.exclusive_uploads));
    row("a required revision guards a deletion", &|_, capabilities| yes(capabilities.exclusive_deletes));
    table
}

fn yes(yes: bool) -> String {
    if yes { "yes".into() } else { "no".into() }
}
