//! Push notifications.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use sharesync_core::Result;

use super::{Sync, WEB3S};

impl Sync {
    /// Subscribes to push notifications: `POST …/Subscription` (section 3.1).
    ///
    /// Neither body is documented: what is given is sent as it is, as XML of the service's dialect, and what is answered is
    /// given back as it is. Notifications go over a push service of Windows; a client elsewhere looks for changes in
    /// intervals, as Microsoft's own does where push does not work.
    ///
    /// # Errors
    /// See [`Pipeline::run`](sharesync_core::http::Pipeline::run).
    pub async fn subscribe(&self, body: impl Into<String>) -> Result<String> {
        let path = format!("_api/spfilesync/sync/{}/Subscription", self.library.simple());
        let request = self.client.request("Subscription", Method::POST, &path)?;
        let body = body.into().into_bytes();
        let limit = self.client.http_config().max_answer;
        let request = request
            .header(http::header::ACCEPT, HeaderValue::from_static(WEB3S))
            .header(CONTENT_TYPE, HeaderValue::from_static(WEB3S))
            .with(|call| call.body(body));
        let read = move |response: sharesync_core::http::Response| async move {
            let bytes = response.bytes(limit).await?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        request.run(read).await
    }
}
