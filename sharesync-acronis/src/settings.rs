//! The settings of the service. The user must be an administrator.

use http::Method;
use serde::Serialize;
use serde_json::Value;
use sharesync_core::Result;

use crate::client::{resource, wrapped};
use crate::model::{AuditLogSettings, PurgingPolicies, SecuritySettings, ServerSettings, WebPreviewSettings};

resource! {
    /// The settings of the service: [`Client::settings`](crate::Client::settings).
    Settings in tenant_id
}

/// Defines reading and updating of settings. The wrappers of the bodies, and how they write booleans, are those of the
/// document's examples.
macro_rules! settings {
    ($($type:ident at $path:literal {
        $read:ident = $get:literal [$get_title:literal],
        $update:ident = $put:literal [$put_title:literal] in $wrapper:literal as $written:ident,
    })*) => {
        impl Settings {
            $(
                #[doc = concat!("`GET /", $path, "` [", $get_title, "].")]
                ///
                /// # Errors
                /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied) for who is no administrator.
                pub async fn $read(&self) -> Result<$type> {
                    self.0.request($get, $path, &[]).json(Method::GET).await
                }

                #[doc = concat!("`PUT /", $path, "` [", $put_title, "]. What is not set is not sent.")]
                ///
                /// # Errors
                /// [`Rejected`](sharesync_core::ErrorKind::Rejected) for values that make no sense, and
                /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied) for who is no administrator.
                pub async fn $update(&self, settings: &$type) -> Result<()> {
                    self.0.request($put, $path, &[]).body(&wrapped($wrapper, &$written(settings))).done(Method::PUT).await
                }
            )*
        }
    };
}

settings! {
    PurgingPolicies at "settings/purging_policies" {
        purging_policies = "Settings.GetPurgingPolicies" ["Get purging policies settings"],
        update_purging_policies = "Settings.UpdatePurgingPolicies" ["Update purging policies settings"]
            in "purging_policies_settings" as plain,
    }
    ServerSettings at "settings/server" {
        server = "Settings.GetServer" ["Get server settings"],
        update_server = "Settings.UpdateServer" ["Update server settings"] in "server_settings" as plain,
    }
    AuditLogSettings at "settings/audit_log" {
        audit_log = "Settings.GetAuditLog" ["Get audit log settings"],
        update_audit_log = "Settings.UpdateAuditLog" ["Update audit log settings"] in "audit_log_settings" as with_texts,
    }
    SecuritySettings at "settings/security" {
        security = "Settings.GetSecurity" ["Get security settings"],
        update_security = "Settings.UpdateSecurity" ["Update security settings"] in "security_settings" as with_texts,
    }
    WebPreviewSettings at "settings/web_preview" {
        web_preview = "Settings.GetWebPreview" ["Get web preview settings"],
        update_web_preview = "Settings.UpdateWebPreview" ["Update web preview settings"] in "settings" as plain,
    }
}

fn plain<T>(settings: &T) -> &T {
    settings
}

/// With booleans as the texts `true` and `false`, as the document has them in some requests.
fn with_texts<T: Serialize>(settings: &T) -> Value {
    let mut value = serde_json::to_value(settings).unwrap_or_default();
    for field in value.as_object_mut().into_iter().flat_map(|fields| fields.values_mut()) {
        if let Value::Bool(set) = *field {
            *field = set.to_string().into();
        }
    }
    value
}
