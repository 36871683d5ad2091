//! [`Error`], everything that keeps a handler from its answer.
//!
//! What a client learns is built from an [`ErrorCode`] or a message; what it does not learn keeps
//! its source and is logged once, where it becomes a response.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::shape::Issue;
use crate::store::StoreError;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A code of the reference with its message; the constants are in [`error_codes`](crate::error_codes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode {
    pub code: &'static str,
    pub message: &'static str,
}

/// What stands in a refusal: a code with its message, or a message alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub message: Cow<'static, str>,
    pub code: Option<Cow<'static, str>>,
}

impl From<ErrorCode> for Reason {
    fn from(error: ErrorCode) -> Self {
        Self { message: error.message.into(), code: Some(error.code.into()) }
    }
}

impl From<&'static str> for Reason {
    fn from(message: &'static str) -> Self {
        Self { message: message.into(), code: None }
    }
}

impl From<String> for Reason {
    fn from(message: String) -> Self {
        Self { message: message.into(), code: None }
    }
}

/// Why there is no answer, and what the client is told instead.
pub struct Error(Box<Kind>);

enum Kind {
    /// The request is refused; the client learns all of it.
    Refusal(Refusal),
    /// Something we need is away or overloaded; the client may come again.
    Unavailable { attempt: Cow<'static, str>, retry_after: Duration, source: Option<Source> },
    /// A mistake of ours or of the configuration; the client learns nothing.
    Internal { attempt: Cow<'static, str>, source: Option<Source> },
}

type Source = Box<dyn StdError + Send + Sync>;

/// A status and a reason for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub reason: Reason,
    /// Sent as `Retry-After` and `X-Retry-After`.
    pub retry_after: Option<Duration>,
    /// A hint for developers; answered outside production only.
    pub hint: Option<String>,
}

/// An error as the pipeline sees it.
pub enum Outcome<'a> {
    Refusal(&'a Refusal),
    Unavailable { retry_after: Duration },
    Internal,
}

macro_rules! refusals {
    ($($name:ident $status:ident;)*) => {$(
        #[doc = concat!("A refusal with the status `", stringify!($status), "`.")]
        pub fn $name(reason: impl Into<Reason>) -> Self {
            Self::refusal(StatusCode::$status, reason)
        }
    )*};
}

impl Error {
    refusals! {
        bad_request BAD_REQUEST;
        unauthorized UNAUTHORIZED;
        forbidden FORBIDDEN;
        not_found NOT_FOUND;
        method_not_allowed METHOD_NOT_ALLOWED;
        conflict CONFLICT;
        unsupported_media_type UNSUPPORTED_MEDIA_TYPE;
        unprocessable UNPROCESSABLE_ENTITY;
    }

    pub fn refusal(status: StatusCode, reason: impl Into<Reason>) -> Self {
        let refusal = Refusal { status, reason: reason.into(), retry_after: None, hint: None };
        Self(Box::new(Kind::Refusal(refusal)))
    }

    /// 400 with every issue, in the reference's form.
    pub fn validation(issues: &[Issue]) -> Self {
        let issues: Vec<_> =
            issues.iter().map(|issue| format!("[{}] {}", issue.path, issue.message)).collect();
        Self::bad_request(issues.join("; ")).with_code("VALIDATION_ERROR")
    }

    /// 429. The reference sends no code with it.
    pub fn too_many_requests(retry_after: Duration) -> Self {
        let mut error = Self::refusal(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests. Please try again later.",
        );
        if let Kind::Refusal(refusal) = &mut *error.0 {
            refusal.retry_after = Some(retry_after);
        }
        error
    }

    /// 503: `attempt` completes "failed to ..".
    pub fn unavailable(attempt: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        Self(Box::new(Kind::Unavailable { attempt: attempt.into(), retry_after, source: None }))
    }

    /// 500: `attempt` completes "failed to ..".
    pub fn internal(attempt: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Kind::Internal { attempt: attempt.into(), source: None }))
    }

    #[must_use]
    pub fn with_source(mut self, error: impl Into<Source>) -> Self {
        match &mut *self.0 {
            Kind::Unavailable { source, .. } | Kind::Internal { source, .. } => {
                *source = Some(error.into());
            }
            Kind::Refusal(_) => {}
        }
        self
    }

    /// Gives a refusal that was made from a message a code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        if let Kind::Refusal(refusal) = &mut *self.0 {
            refusal.reason.code = Some(code.into());
        }
        self
    }

    /// Adds what a developer should do; it is shown outside production only.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        if let Kind::Refusal(refusal) = &mut *self.0 {
            refusal.hint = Some(hint.into());
        }
        self
    }

    pub fn outcome(&self) -> Outcome<'_> {
        match &*self.0 {
            Kind::Refusal(refusal) => Outcome::Refusal(refusal),
            Kind::Unavailable { retry_after, .. } => {
                Outcome::Unavailable { retry_after: *retry_after }
            }
            Kind::Internal { .. } => Outcome::Internal,
        }
    }

    pub fn status(&self) -> StatusCode {
        match self.outcome() {
            Outcome::Refusal(refusal) => refusal.status,
            Outcome::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Outcome::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether it is this code.
    pub fn is(&self, code: ErrorCode) -> bool {
        match self.outcome() {
            Outcome::Refusal(refusal) => refusal.reason.code.as_deref() == Some(code.code),
            Outcome::Unavailable { .. } | Outcome::Internal => false,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => {
                Self::unavailable("use the database", Duration::from_secs(1)).with_source(error)
            }
            StoreError::Conflict { .. } => Self::conflict(crate::error_codes::VALUE_ALREADY_TAKEN),
            StoreError::Refused { .. } => Self::bad_request(crate::error_codes::VALUE_NOT_STORABLE),
            StoreError::Corrupt { .. } | StoreError::Failed { .. } => {
                Self::internal("use the database").with_source(error)
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Refusal(Refusal { status, reason, .. }) => {
                write!(f, "{status}: {}", reason.message)
            }
            Kind::Unavailable { attempt, .. } | Kind::Internal { attempt, .. } => {
                write!(f, "failed to {attempt}")
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut source = self.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &*self.0 {
            Kind::Refusal(_) => None,
            Kind::Unavailable { source, .. } | Kind::Internal { source, .. } => {
                source.as_deref().map(|source| source as _)
            }
        }
    }
}
