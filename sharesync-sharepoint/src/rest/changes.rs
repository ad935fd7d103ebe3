//! The log of changes.

use http::Method;
use serde_json::{Map, Value, json};
use sharesync_core::http::Repeat;
use sharesync_core::{Error, ErrorKind, Result};

use crate::PROVIDER;
use crate::client::resource;
use crate::dialect::OData;
use crate::model::{ChangeEntry, ChangeQuery, ChangeToken, Guid};
use crate::odata::Literal;

resource! {
    /// The log of changes of the REST service.
    Changes
}

impl Changes {
    /// Where the changes of a library are now (`CurrentChangeToken`).
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] when the service does not say.
    pub async fn current_token(&self, library: Guid) -> Result<ChangeToken> {
        let token = self.0.libraries().get(library).await?.current_change_token;
        token.filter(|token| !token.string_value.is_empty()).ok_or_else(|| {
            let message = "the service does not say where the changes of the library are";
            Error::new(ErrorKind::Protocol, message).with_provider(PROVIDER).with_operation("CurrentChangeToken")
        })
    }

    /// Changes of files and folders of a library (`lists(guid'…')/GetChanges`). The next page begins after the last entry.
    ///
    /// # Errors
    /// [`ErrorKind::CursorInvalid`] when the log does not reach back to the token (recalled).
    pub async fn get(&self, library: Guid, query: &ChangeQuery) -> Result<Vec<ChangeEntry>> {
        let path = format!("_api/web/lists({})/GetChanges", Literal::Guid(library));
        let body = json!({ "query": self.query(query) });
        let request = self.0.request("List.GetChanges", Method::POST, &path)?.subject(library).repeat(Repeat::Safe);
        let (entries, _) = request.json(&self.0, &body).list(Some(query.fetch_limit.into())).await?;
        Ok(entries)
    }

    fn query(&self, query: &ChangeQuery) -> Value {
        let kinds = [
            "Add",
            "Update",
            "SystemUpdate",
            "DeleteObject",
            "Rename",
            "Move",
            "Restore",
            "Item",
            "File",
            "Folder",
            "RecursiveAll",
        ];
        let mut fields: Map<String, Value> = kinds.iter().map(|kind| ((*kind).to_owned(), true.into())).collect();
        fields.insert("FetchLimit".into(), query.fetch_limit.into());
        if self.0.dialect().odata == OData::Verbose {
            fields.insert("__metadata".into(), json!({ "type": "SP.ChangeQuery" }));
        }
        for (name, token) in [("ChangeTokenStart", &query.start), ("ChangeTokenEnd", &query.end)] {
            if let Some(token) = token {
                fields.insert(name.into(), json!({ "StringValue": token.string_value }));
            }
        }
        Value::Object(fields)
    }
}
