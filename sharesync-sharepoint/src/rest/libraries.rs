//! Document libraries.

use http::Method;
use sharesync_core::{Error, Result};

use crate::PROVIDER;
use crate::client::resource;
use crate::model::{Folder, Guid, Library};
use crate::odata::Literal;

resource! {
    /// Document libraries, by the REST service.
    Libraries
}

impl Libraries {
    /// A library (`lists(guid'…')`).
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is none.
    pub async fn get(&self, library: Guid) -> Result<Library> {
        let select =
            "$select=Id,Title,ItemCount,CurrentChangeToken,ForceCheckout,ParserDisabled,ExcludeFromOfflineClient";
        let path = format!("_api/web/lists({})?{select}", Literal::Guid(library));
        let found: Library =
            self.0.request("List.Get", Method::GET, &path)?.subject(library).answer().await?.entity()?;
        found.id.map(|_| found).ok_or_else(|| nameless("List.Get", "Id"))
    }

    /// The folder that everything of a library is in (`lists(guid'…')/RootFolder`).
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such library.
    pub async fn root_folder(&self, library: Guid) -> Result<Folder> {
        let path = format!("_api/web/lists({})/RootFolder?{}", Literal::Guid(library), super::folders::SELECT);
        let found: Folder =
            self.0.request("List.RootFolder", Method::GET, &path)?.subject(library).answer().await?.entity()?;
        found.unique_id.map(|_| found).ok_or_else(|| nameless("List.RootFolder", "UniqueId"))
    }
}

/// The error of an answer that describes no library.
fn nameless(operation: &'static str, field: &'static str) -> Error {
    Error::missing_field("library", field).with_provider(PROVIDER).with_operation(operation)
}
