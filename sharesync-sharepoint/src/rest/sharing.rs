//! Sharing: links and people. Whether a farm honours these calls is a matter of its settings.

use http::Method;
use serde_json::{Value, json};
use sharesync_core::http::Repeat;
use sharesync_core::{Attempted as _, Error, ErrorKind, Result, Secret, SecretUrl, Timestamp};
use url::Url;

use crate::PROVIDER;
use crate::client::resource;
use crate::dialect::OData;
use crate::model::{LinkAccess, RoleAssignment, ShareObject, SharingKind, SharingResult, UserSharingResult};
use crate::odata::whole;

resource! {
    /// Sharing with people and by links.
    Sharing
}

impl Sharing {
    /// A link for whoever holds it (`SP.Web.CreateAnonymousLink`, `…WithExpiration`).
    ///
    /// # Errors
    /// [`ErrorKind::PermissionDenied`] where the farm has no such links.
    pub async fn create_anonymous_link(
        &self,
        object: &Url,
        access: LinkAccess,
        expires: Option<Timestamp>,
    ) -> Result<SecretUrl> {
        let mut body = json!({ "url": object.as_str(), "isEditLink": access.is_edit() });
        let name = match expires {
            None => "CreateAnonymousLink",
            Some(end) => {
                if let Some(fields) = body.as_object_mut() {
                    fields.insert("expirationString".into(), end.to_string().into());
                }
                "CreateAnonymousLinkWithExpiration"
            }
        };
        self.link(name, body).await
    }

    /// Ends the link for whoever holds it (`SP.Web.DeleteAnonymousLinkForObject`).
    ///
    /// # Errors
    /// See [`Pipeline::run`](sharesync_core::http::Pipeline::run).
    pub async fn delete_anonymous_link(&self, object: &Url, access: LinkAccess) -> Result<()> {
        self.end("DeleteAnonymousLinkForObject", object, Some(access)).await
    }

    /// Ends all links for whoever holds them (`SP.Web.DeleteAllAnonymousLinksForObject`).
    ///
    /// # Errors
    /// See [`Pipeline::run`](sharesync_core::http::Pipeline::run).
    pub async fn delete_all_anonymous_links(&self, object: &Url) -> Result<()> {
        self.end("DeleteAllAnonymousLinksForObject", object, None).await
    }

    /// A link for those who sign in (`SP.Web.CreateOrganizationSharingLink`).
    ///
    /// # Errors
    /// [`ErrorKind::PermissionDenied`] where the farm has no such links.
    pub async fn create_organization_link(&self, object: &Url, access: LinkAccess) -> Result<SecretUrl> {
        let body = json!({ "url": object.as_str(), "isEditLink": access.is_edit() });
        self.link("CreateOrganizationSharingLink", body).await
    }

    /// Ends the link for those who sign in (`SP.Web.DestroyOrganizationSharingLink`).
    ///
    /// # Errors
    /// See [`Pipeline::run`](sharesync_core::http::Pipeline::run).
    pub async fn destroy_organization_link(&self, object: &Url, access: LinkAccess) -> Result<()> {
        self.end("DestroyOrganizationSharingLink", object, Some(access)).await
    }

    /// What kind of link an address is (`SP.Web.GetSharingLinkKind`).
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] when the service does not say.
    pub async fn link_kind(&self, link: &SecretUrl) -> Result<SharingKind> {
        let body = json!({ "fileUrl": link.expose().as_str() });
        let kind =
            whole(&self.call("GetSharingLinkKind", "_api/SP.Web.GetSharingLinkKind", &body, Repeat::Safe).await?);
        kind.map(SharingKind::from).ok_or_else(|| protocol("GetSharingLinkKind", "the service names no kind of link"))
    }

    /// Shares an object with people (`SP.Web.ShareObject`).
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`] when the service says that it was not done.
    pub async fn share_object(&self, request: &ShareObject) -> Result<SharingResult> {
        let body =
            serde_json::to_value(request).map_err(|_| protocol("ShareObject", "the request cannot be written"))?;
        let value = self.call("ShareObject", "_api/SP.Web.ShareObject", &body, Repeat::Never).await?;
        done("ShareObject", crate::odata::decode(value).after_write()?)
    }

    /// Takes the access to an object away from everybody (`SP.Web.UnshareObject`).
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`] when the service says that it was not done.
    pub async fn unshare_object(&self, object: &Url) -> Result<SharingResult> {
        let body = json!({ "url": object.as_str() });
        let value = self.call("UnshareObject", "_api/SP.Web.UnshareObject", &body, Repeat::Idempotent).await?;
        done("UnshareObject", crate::odata::decode(value).after_write()?)
    }

    /// Gives roles to people, or takes them away (`UpdateDocumentSharingInfo` of the document sharing manager). People that
    /// are not named keep what they have.
    ///
    /// # Errors
    /// See [`Pipeline::run`](sharesync_core::http::Pipeline::run); each person has a status of their own.
    pub async fn update_document_sharing_info(
        &self,
        object: &Url,
        roles: &[RoleAssignment],
        mail: Option<&str>,
    ) -> Result<Vec<UserSharingResult>> {
        let typed = self.0.dialect().odata == OData::Verbose;
        let roles: Vec<Value> =
            roles.iter().map(|role| json!({ "UserId": role.user_id, "Role": role.role.number() })).collect();
        let roles = if typed {
            let entries = roles.into_iter().map(|mut role| {
                if let Some(fields) = role.as_object_mut() {
                    fields.insert("__metadata".into(), json!({ "type": "SP.Sharing.UserRoleAssignment" }));
                }
                role
            });
            let kind = json!({ "type": "Collection(SP.Sharing.UserRoleAssignment)" });
            json!({ "__metadata": kind, "results": entries.collect::<Vec<_>>() })
        } else {
            Value::Array(roles)
        };
        let body = json!({
            "resourceAddress": object.as_str(),
            "userRoleAssignments": roles,
            "validateExistingPermissions": false,
            "additiveMode": false,
            "sendServerManagedNotification": mail.is_some(),
            "customMessage": mail.unwrap_or_default(),
            "includeAnonymousLinksInNotification": false,
            "propagateAcl": true,
        });
        let path = "_api/SP.Sharing.DocumentSharingManager.UpdateDocumentSharingInfo";
        let value = self.call("UpdateDocumentSharingInfo", path, &body, Repeat::Idempotent).await?;
        crate::odata::decode(value).after_write()
    }

    async fn link(&self, name: &'static str, body: Value) -> Result<SecretUrl> {
        let value = self.call(name, &format!("_api/SP.Web.{name}"), &body, Repeat::Idempotent).await?;
        // The answer is a secret from the moment on that it is one.
        let link = value.as_str().map(Secret::new);
        let url = link.and_then(|link| self.0.site_url().join(link.expose()).ok());
        url.filter(Url::has_host)
            .map(SecretUrl::new)
            .ok_or_else(|| protocol(name, "the service gives no link").with_maybe_applied(true))
    }

    async fn end(&self, name: &'static str, object: &Url, access: Option<LinkAccess>) -> Result<()> {
        let mut body = json!({ "url": object.as_str() });
        if let (Some(access), Some(fields)) = (access, body.as_object_mut()) {
            fields.insert("isEditLink".into(), access.is_edit().into());
            fields.insert("removeAssociatedSharingLinkGroup".into(), true.into());
        }
        let path = format!("_api/SP.Web.{name}");
        self.0.request(name, Method::POST, &path)?.repeat(Repeat::Idempotent).json(&self.0, &body).ended().await
    }

    async fn call(&self, name: &'static str, path: &str, body: &Value, repeat: Repeat) -> Result<Value> {
        let request = self.0.request(name, Method::POST, path)?.repeat(repeat).json(&self.0, body);
        Ok(request.answer().await?.of(name))
    }
}

fn protocol(operation: &'static str, message: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, message).with_provider(PROVIDER).with_operation(operation)
}

/// An answer that says in its body that nothing was done is an error.
fn done(operation: &'static str, result: SharingResult) -> Result<SharingResult> {
    match (&result.error_message, result.status_code) {
        (Some(message), _) if !message.is_empty() => {
            let message = message.chars().filter(|c| !c.is_control()).take(300).collect::<String>();
            Err(Error::new(ErrorKind::Rejected, message).with_provider(PROVIDER).with_operation(operation))
        }
        (_, Some(code)) if code != 0 => {
            let message = format!("the service answers with the status {code}");
            Err(Error::new(ErrorKind::Rejected, message).with_provider(PROVIDER).with_operation(operation))
        }
        _ => Ok(result),
    }
}
