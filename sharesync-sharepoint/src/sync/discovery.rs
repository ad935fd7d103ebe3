//! Where the user's site and its library are (Initialization: the first requests of section 3.1).

use http::Method;
use sharesync_core::{Error, ErrorKind, Result};

use crate::PROVIDER;
use crate::client::resource;
use crate::model::{ContextInfo, Guid, PersonProperties};

resource! {
    /// Where the user's site and its library are, and who the user is.
    Discovery
}

impl Discovery {
    /// Signs in at the address where a user begins: `GET /` (section 3.1). What is answered is a page for people and is
    /// not read; redirects are not followed.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] when the sign-in is refused.
    pub async fn authenticate(&self) -> Result<()> {
        let mut url = self.0.site_url().clone();
        url.set_path("/");
        let request = self.0.request_to("Authenticate", Method::GET, url);
        let answer = request.with(sharesync_core::http::Call::keep_redirect).send().await?;
        drop(answer);
        Ok(())
    }

    /// The user: `GET /_api/sp.userprofiles.peoplemanager/getmyproperties` (section 3.1). Where it is asked on the front
    /// door of a farm, the answer says where the user's personal site is.
    ///
    /// # Errors
    /// See [`Pipeline::run`](sharesync_core::http::Pipeline::run).
    pub async fn my_properties(&self) -> Result<PersonProperties> {
        let mut url = self.0.site_url().clone();
        url.set_path("/_api/sp.userprofiles.peoplemanager/getmyproperties");
        let request = self.0.request_to("GetMyProperties", Method::GET, url);
        let answer = request.answer().await?;
        // The form `verbose` wraps the answer of a function in the name of the function.
        crate::odata::decode(answer.of("GetMyProperties"))
    }

    /// The library that the site synchronizes: `GET _api/web/DefaultDocumentLibrary/ID` (section 3.1).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when the site has none.
    pub async fn default_library(&self) -> Result<Guid> {
        self.id("DefaultDocumentLibrary.ID", "_api/web/DefaultDocumentLibrary/ID").await
    }

    /// The site collection: `GET _api/Site/Id` (section 3.1).
    ///
    /// # Errors
    /// See [`Pipeline::run`](sharesync_core::http::Pipeline::run).
    pub async fn site_id(&self) -> Result<Guid> {
        self.id("Site.Id", "_api/Site/Id").await
    }

    async fn id(&self, operation: &'static str, path: &str) -> Result<Guid> {
        let answer = self.0.request(operation, Method::GET, path)?.answer().await?;
        let id = answer.of("Id").as_str().and_then(|text| text.parse().ok());
        id.ok_or_else(|| {
            Error::new(ErrorKind::Protocol, "the service answers with no identifier")
                .with_provider(PROVIDER)
                .with_operation(operation)
        })
    }

    /// The context of the site, with a form digest: `POST _api/contextinfo` (REST service).
    ///
    /// # Errors
    /// See [`Pipeline::run`](sharesync_core::http::Pipeline::run).
    pub async fn context_info(&self) -> Result<ContextInfo> {
        let request = self.0.request("ContextInfo", Method::POST, "_api/contextinfo")?;
        let answer = request.repeat(sharesync_core::http::Repeat::Safe).answer().await?;
        crate::odata::decode(answer.of("GetContextWebInformation"))
    }
}
