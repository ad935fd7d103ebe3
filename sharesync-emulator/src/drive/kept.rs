//! What faces keep beside the tree: values under keys of their own, in the journal of a directory drive.

use serde_json::Value;

use super::Drive;
use super::draft::Draft;
use super::ids::UserId;

impl Drive {
    /// Keeps a value under a key, in place of what was there.
    pub(crate) fn keep(&self, key: String, value: Value) {
        let _ = self.commit(UserId(0), |draft: &mut Draft<'_>| {
            draft.record.kept.push((key, value));
            Ok(())
        });
    }

    /// Forgets what is kept under a key.
    pub(crate) fn forget(&self, key: String) {
        self.keep(key, Value::Null);
    }

    /// What is kept under keys that begin with a text, in the order of the keys.
    pub(crate) fn kept(&self, prefix: &str) -> Vec<(String, Value)> {
        let tree = self.tree();
        let from = tree.kept().range(prefix.to_owned()..);
        from.take_while(|(key, _)| key.starts_with(prefix)).map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}
