//! A document library of SharePoint by configuration.

use sharesync_sharepoint::{Auth, Client, StoreOptions};

use super::*;

/// A document library of SharePoint Server.
///
/// Either `access_token`, or `username` and `password`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SharePointConfig {
    /// The address of the site, such as `https://sp-my.example.com/personal/alice`.
    pub site: String,
    /// The identifier of the library; by default the one that the site synchronizes.
    pub library: Option<String>,
    /// An access token.
    pub access_token: Option<SecretValue>,
    /// The domain of the user, where it is not part of the name.
    pub domain: Option<String>,
    /// The user's name.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<SecretValue>,
    /// How user name and password are used.
    #[serde(default)]
    pub sign_in: SharePointSignIn,
    /// The domain controllers (KDC) that give tickets of Kerberos, such as `dc1.corp.example.com`, with a port where it is
    /// not 88. With them, `windows` is Kerberos and no longer NTLM. The realm is the `domain`.
    pub kdcs: Option<Vec<String>>,
    /// What tickets of Kerberos are for: `HTTP/` and the host of the site by default.
    pub service_principal: Option<String>,
}

/// How user name and password are used with SharePoint. The Windows ways need the feature `ntlm` or `kerberos`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SharePointSignIn {
    /// As the service offers it to users of Windows.
    #[default]
    Windows,
    /// By NTLM.
    Ntlm,
    /// By Kerberos, with tickets of the `kdcs`.
    Kerberos,
    /// By the login form of the site.
    Forms,
    /// With every request: the service gets the password itself.
    Basic,
}

impl SharePointConfig {
    pub(super) async fn connect(&self) -> Result<Arc<dyn RemoteStore>> {
        let client = Client::builder(&self.site).auth(self.auth()?).connect().await?;
        let mut options = StoreOptions::new();
        if let Some(library) = &self.library {
            let library = library.parse().map_err(|_| wrong("the library is no identifier of SharePoint"))?;
            options = options.with_library(library);
        }
        Ok(Arc::new(client.store_with(options).await?))
    }

    fn auth(&self) -> Result<Auth> {
        if let Some(token) = &self.access_token {
            return Ok(Auth::bearer(token.read()?));
        }
        let (Some(user), Some(password)) = (&self.username, &self.password) else {
            return Err(wrong("a SharePoint store needs an access_token, or username and password"));
        };
        let (domain, password) = (self.domain.clone().unwrap_or_default(), password.read()?);
        let full_name = if domain.is_empty() { user.clone() } else { format!("{domain}\\{user}") };
        let kdcs = self.kdcs.clone().unwrap_or_default();
        let auth = match self.sign_in {
            SharePointSignIn::Windows if self.kdcs.is_some() => Auth::windows(domain, user, password).with_kdcs(kdcs),
            SharePointSignIn::Kerberos => Auth::kerberos(domain, user, password, kdcs),
            _ if self.kdcs.is_some() || self.service_principal.is_some() => {
                return Err(wrong("kdcs and service_principal are for a sign-in by Kerberos"));
            }
            SharePointSignIn::Windows => Auth::windows(domain, user, password),
            SharePointSignIn::Ntlm => Auth::ntlm(domain, user, password),
            SharePointSignIn::Forms => Auth::forms(full_name, password),
            SharePointSignIn::Basic => Auth::basic(full_name, password),
        };
        Ok(match &self.service_principal {
            Some(service) => auth.with_service_principal(service),
            None => auth,
        })
    }
}

fn wrong(why: &'static str) -> Error {
    Error::new(ErrorKind::Config, why).with_provider(sharesync_sharepoint::PROVIDER)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a configuration with these further entries means.
    fn auth(further: &serde_json::Value) -> Result<String> {
        let mut config = json!({
            "site": "https://farm.example.test/sites/team",
            "domain": "EXAMPLE.TEST",
            "username": "alice",
            "password": "hush",
        });
        config.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        let auth = serde_json::from_value::<SharePointConfig>(config).unwrap().auth()?;
        Ok(format!("{auth:?}"))
    }

    #[test]
    fn controllers_are_for_kerberos() {
        for (further, expected) in [
            (json!({}), "windows"),
            (json!({"kdcs": ["dc1"], "service_principal": "HTTP/farm"}), "windows"),
            (json!({"sign_in": "kerberos", "kdcs": ["dc1"], "service_principal": "HTTP/farm"}), "kerberos"),
            (json!({"sign_in": "ntlm"}), "ntlm"),
        ] {
            assert_eq!(auth(&further).unwrap(), format!("Auth({expected:?})"), "{further}");
        }
        for further in [
            json!({"sign_in": "ntlm", "kdcs": ["dc1"]}),
            json!({"sign_in": "basic", "kdcs": ["dc1"]}),
            json!({"service_principal": "HTTP/farm"}),
        ] {
            assert_eq!(auth(&further).unwrap_err().kind(), ErrorKind::Config, "{further}");
        }
    }
}
