//! What the server says of itself (ScaiDrive: Authentication, Administration, Health and monitoring). None of it needs a
//! sign-in.

use http::Method;
use sharesync_core::Result;

use crate::client::resource;
use crate::model::{AuthConfig, Health, ServerConfig};

resource! {
    /// What the server says of itself: [`Client::server`](crate::Client::server).
    Server
}

impl Server {
    /// Features and limits.
    ///
    /// `GET /config`.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn config(&self) -> Result<ServerConfig> {
        let request = self.0.request("Server.Config", "config", &[]);
        self.0.pipeline().json(request.into_call(Method::GET)?.without_auth()).await
    }

    /// How to sign in.
    ///
    /// `GET /auth/config`.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn auth_config(&self) -> Result<AuthConfig> {
        let request = self.0.request("Server.AuthConfig", "auth/config", &[]);
        self.0.pipeline().json(request.into_call(Method::GET)?.without_auth()).await
    }

    /// Whether it works.
    ///
    /// `GET /health`.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn health(&self) -> Result<Health> {
        let request = self.0.request("Server.Health", "health", &[]);
        self.0.pipeline().json(request.into_call(Method::GET)?.without_auth()).await
    }
}
