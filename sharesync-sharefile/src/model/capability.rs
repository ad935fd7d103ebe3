//! What a provider of the API can do.

use serde_json::Value;

use super::wire::entity;

entity! {
    /// Something that the provider can do, such as `ThreadedUploadRaw` or `RecycleBin`.
    Capability {
        /// What it is.
        name: String = "Name",
        /// Its version.
        version: String = "Version",
        /// Where it holds, if not everywhere.
        scoped_hosts_and_providers: Vec<Value> = "ScopedHostsAndProviders",
        /// The types of data that it is for.
        supported_data_types: Vec<Value> = "SupportedDataTypes",
    }
}
