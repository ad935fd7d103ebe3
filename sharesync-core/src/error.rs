//! The one error type of the contract, and what an application can learn from it.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::Operation;

/// The result of an operation of the contract.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in terms that are the same for every provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The item, share or upload does not exist, or the account may not know of it.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// The item is not in the state that the caller required.
    PreconditionFailed,
    /// The request contradicts the state of the item, for example moving a folder into itself.
    Conflict,
    /// The account lacks the permission.
    PermissionDenied,
    /// The credentials were refused, or there are none.
    Unauthenticated,
    /// The service, or this provider of it, cannot do that.
    Unsupported,
    /// An argument makes no sense; nothing was sent.
    InvalidInput,
    /// The service does not accept this name; nothing was sent.
    InvalidName,
    /// The service asks for fewer requests.
    RateLimited,
    /// The account's storage is full.
    QuotaExceeded,
    /// The item is locked or checked out by somebody else.
    Locked,
    /// The service is down or overloaded.
    Unavailable,
    /// The service refused the request as malformed.
    Rejected,
    /// The connection could not be made, or broke.
    Network,
    /// The service did not answer in time.
    Timeout,
    /// A body made no progress for the idle limit.
    Stalled,
    /// The answer is not what the protocol says it is.
    Protocol,
    /// The answer is larger than the limit for its kind.
    TooLarge,
    /// The content differs from its digest or its length.
    Integrity,
    /// The local content is shorter, longer or other than declared.
    SourceChanged,
    /// The upload session is gone; start a new one.
    UploadExpired,
    /// The cursor is unusable here; start from the beginning.
    CursorInvalid,
    /// The request would leave the safe ground: plain http, or credentials to another origin.
    Insecure,
    /// The application cancelled the operation.
    Cancelled,
    /// A local file or directory could not be read or written.
    Io,
    /// The configuration is incomplete or wrong.
    Config,
}

impl ErrorKind {
    fn describe(self) -> &'static str {
        match self {
            Self::NotFound => "not found",
            Self::AlreadyExists => "the name is taken",
            Self::PreconditionFailed => "the item has changed",
            Self::Conflict => "conflict",
            Self::PermissionDenied => "permission denied",
            Self::Unauthenticated => "not authenticated",
            Self::Unsupported => "not supported",
            Self::InvalidInput => "invalid argument",
            Self::InvalidName => "invalid name",
            Self::RateLimited => "rate limited",
            Self::QuotaExceeded => "quota exceeded",
            Self::Locked => "locked",
            Self::Unavailable => "service unavailable",
            Self::Rejected => "request refused",
            Self::Network => "network failure",
            Self::Timeout => "timed out",
            Self::Stalled => "stalled",
            Self::Protocol => "unexpected answer",
            Self::TooLarge => "answer too large",
            Self::Integrity => "content does not match",
            Self::SourceChanged => "local content changed",
            Self::UploadExpired => "upload expired",
            Self::CursorInvalid => "cursor invalid",
            Self::Insecure => "refused as insecure",
            Self::Cancelled => "cancelled",
            Self::Io => "input/output error",
            Self::Config => "bad configuration",
        }
    }

    /// Whether a failure may pass by itself, so that the same may succeed later.
    pub(crate) fn may_pass(self) -> bool {
        matches!(self, Self::Network | Self::Timeout | Self::Stalled | Self::Unavailable | Self::RateLimited)
    }

    /// What to do about it, as a sentence for a person; `None` where nothing general can be said.
    pub fn remedy(self) -> Option<&'static str> {
        Some(match self {
            Self::AlreadyExists => "choose another name, or ask for a new version with OnConflict::NewVersion",
            Self::PreconditionFailed => "read the item again and decide on its present revision",
            Self::PermissionDenied => "ask the owner of the item for access",
            Self::Unauthenticated => "sign in again with valid credentials",
            Self::Unsupported => "ask the store's capabilities before calling",
            Self::InvalidName => "choose a name that Capabilities::names accepts",
            Self::RateLimited => "wait for the time given, or lower the concurrency",
            Self::QuotaExceeded => "free space or raise the quota",
            Self::Locked => "wait until the lock is released",
            Self::Unavailable | Self::Network | Self::Timeout | Self::Stalled => "try again later",
            Self::Integrity => "transfer the content again",
            Self::SourceChanged => "upload again when nothing writes to the local content",
            Self::UploadExpired => "start the upload anew",
            Self::CursorInvalid => "start again with Since::Beginning",
            Self::Insecure => "use https, or a loopback address",
            _ => return None,
        })
    }
}

/// Why an operation failed.
///
/// `Display` says what was attempted, on what, why it failed and what to do; neither it nor `Debug` shows a secret.
/// The provider's own typed error, if there is one, is reached with [`provider_error`](Self::provider_error).
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    provider: Option<&'static str>,
    operation: Option<&'static str>,
    subject: Option<String>,
    status: Option<u16>,
    code: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    maybe_applied: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind. The message is a clause without a full stop and holds no secret.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            provider: None,
            operation: None,
            subject: None,
            status: None,
            code: None,
            request_id: None,
            retry_after: None,
            attempts: 0,
            maybe_applied: false,
            source: None,
        }))
    }

    /// The error of an operation that a provider cannot do.
    pub fn unsupported(provider: &'static str, operation: Operation, why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unsupported, why).with_provider(provider).with_operation(operation.name())
    }

    /// The error of an answer without a field that nothing can do without; `what` is what the service describes.
    pub fn missing_field(what: &str, field: &str) -> Self {
        Self::new(ErrorKind::Protocol, format!("the service describes a {what} without `{field}`"))
    }

    /// A failure to read or write a local file.
    pub fn io(what: impl fmt::Display, path: &std::path::Path, error: std::io::Error) -> Self {
        Self::new(ErrorKind::Io, format!("cannot {what} {}: {error}", path.display())).with_source(error)
    }

    /// Changes what went wrong, where an operation knows better what the service's answer means.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Names the provider.
    #[must_use]
    pub fn with_provider(mut self, provider: &'static str) -> Self {
        self.0.provider = Some(provider);
        self
    }

    /// Names the operation.
    #[must_use]
    pub fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation = Some(operation);
        self
    }

    /// Names the item or thing that the operation was about.
    #[must_use]
    pub fn with_subject(mut self, subject: impl fmt::Display) -> Self {
        self.0.subject = Some(subject.to_string());
        self
    }

    /// Adds the HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Adds the service's own error code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// Adds the service's identifier of the request, for its support.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// Says how long the service asked to wait.
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// Says how often it was tried.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Says that the service may have carried out the write although no success was seen.
    #[must_use]
    pub fn with_maybe_applied(mut self, maybe: bool) -> Self {
        self.0.maybe_applied = maybe;
        self
    }

    /// Adds the cause: a provider's typed error, or an underlying one. Its own text must hold no secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Names the operation where nothing more exact is known.
    #[must_use]
    pub(crate) fn or_operation(mut self, operation: &'static str) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// Names the subject where nothing more exact is known.
    #[must_use]
    pub(crate) fn or_subject(mut self, subject: impl fmt::Display) -> Self {
        self.0.subject.get_or_insert_with(|| subject.to_string());
        self
    }

    /// Names operation and subject where nothing more exact is known.
    #[must_use]
    pub(crate) fn or_about(self, operation: &'static str, subject: impl fmt::Display) -> Self {
        self.or_operation(operation).or_subject(subject)
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The provider, such as `sharefile`.
    pub fn provider(&self) -> Option<&'static str> {
        self.0.provider
    }

    /// The operation that was attempted, such as `Items.Get` or `download`.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// What the operation was about.
    pub fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// The HTTP status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The service's own error code.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The service's identifier of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the service asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How often it was tried; 0 when nothing was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the service may have carried out the write although no success was seen.
    pub fn maybe_applied(&self) -> bool {
        self.0.maybe_applied
    }

    /// The first error of type `E` among the causes: how a provider's typed error is reached.
    pub fn provider_error<E: StdError + 'static>(&self) -> Option<&E> {
        let mut cause = self.source();
        while let Some(error) = cause {
            if let Some(found) = error.downcast_ref::<E>() {
                return Some(found);
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(provider) = inner.provider {
            write!(f, "{provider}: ")?;
        }
        if let Some(operation) = inner.operation {
            write!(f, "{operation} ")?;
        }
        if let Some(subject) = &inner.subject {
            write!(f, "of {subject:?} ")?;
        }
        if inner.operation.is_some() || inner.subject.is_some() {
            f.write_str("failed: ")?;
        }
        write!(f, "{}: {}", inner.kind.describe(), inner.message)?;
        let mut details = Vec::new();
        details.extend(inner.status.map(|status| format!("HTTP {status}")));
        details.extend(inner.code.as_ref().map(|code| format!("code {code}")));
        details.extend(inner.request_id.as_ref().map(|id| format!("request {id}")));
        details.extend((inner.attempts > 1).then(|| format!("{} attempts", inner.attempts)));
        details.extend(inner.retry_after.map(|delay| format!("retry after {} s", delay.as_secs_f32().ceil())));
        if !details.is_empty() {
            write!(f, " ({})", details.join(", "))?;
        }
        if inner.maybe_applied {
            f.write_str("; the service may have carried it out all the same: look before you repeat it")?;
        }
        inner.kind.remedy().map_or(Ok(()), |remedy| write!(f, "; {remedy}"))
    }
}

/// Completes the errors of a store where they leave it.
pub trait Attempted: Sized {
    /// Names the provider, and what was attempted where the error does not say so by itself.
    #[must_use]
    fn attempted(self, provider: &'static str, operation: &'static str) -> Self;

    /// Names the item or thing that it was attempted on, where the error does not say so by itself.
    #[must_use]
    fn about(self, subject: impl fmt::Display) -> Self;

    /// Says that a write came before: whatever failed here, what was asked for may have been done.
    #[must_use]
    fn after_write(self) -> Self;
}

impl<T> Attempted for Result<T> {
    fn attempted(self, provider: &'static str, operation: &'static str) -> Self {
        self.map_err(|error| error.with_provider(provider).or_operation(operation))
    }

    fn about(self, subject: impl fmt::Display) -> Self {
        self.map_err(|error| error.or_subject(subject))
    }

    fn after_write(self) -> Self {
        self.map_err(|error| error.with_maybe_applied(true))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("message", &inner.message)
            .field("provider", &inner.provider)
            .field("operation", &inner.operation)
            .field("subject", &inner.subject)
            .field("status", &inner.status)
            .field("code", &inner.code)
            .field("request_id", &inner.request_id)
            .field("retry_after", &inner.retry_after)
            .field("attempts", &inner.attempts)
            .field("maybe_applied", &inner.maybe_applied)
            .field("source", &inner.source.as_ref().map(ToString::to_string))
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        use std::io::ErrorKind as Io;
        let kind = match error.kind() {
            ErrorKind::NotFound => Io::NotFound,
            ErrorKind::AlreadyExists => Io::AlreadyExists,
            ErrorKind::PermissionDenied | ErrorKind::Unauthenticated => Io::PermissionDenied,
            ErrorKind::Timeout | ErrorKind::Stalled => Io::TimedOut,
            ErrorKind::Unsupported => Io::Unsupported,
            ErrorKind::InvalidInput | ErrorKind::InvalidName => Io::InvalidInput,
            ErrorKind::Integrity | ErrorKind::Protocol => Io::InvalidData,
            _ => Io::Other,
        };
        Self::new(kind, error)
    }
}

const _: () = assert!(size_of::<Error>() == size_of::<usize>(), "an Error is one word wide");

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("typed: {0}")]
    struct Typed(u32);

    #[test]
    fn display_says_what_on_what_why_and_what_to_do() {
        let error = Error::new(ErrorKind::NotFound, "the item could not be found")
            .with_provider("acme")
            .with_operation("Items.Get")
            .with_subject("fi1")
            .with_status(404)
            .with_code("NotFound")
            .with_attempts(3);
        assert_eq!(
            error.to_string(),
            "acme: Items.Get of \"fi1\" failed: not found: the item could not be found (HTTP 404, code NotFound, 3 attempts)"
        );
        let locked = Error::new(ErrorKind::Locked, "checked out by A");
        assert_eq!(locked.to_string(), "locked: checked out by A; wait until the lock is released");
    }

    #[test]
    fn the_typed_error_is_found_behind_others() {
        let inner = Error::new(ErrorKind::Conflict, "inner").with_source(Typed(7));
        let outer = Error::new(ErrorKind::Conflict, "outer").with_source(inner);
        assert_eq!(outer.provider_error::<Typed>().unwrap().0, 7);
        assert!(outer.provider_error::<std::fmt::Error>().is_none());
    }
}
