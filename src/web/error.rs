//! The one place where what went wrong becomes an answer to a browser.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use crate::domain::notice::WrongState;
use crate::service::ServiceError;
use crate::store::StoreError;

/// Why a request is not answered with what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Nobody is signed in; pages lead to the sign-in page.
    #[error("not signed in")]
    SignInNeeded,
    /// Signed in, but without the role.
    #[error("forbidden")]
    Forbidden,
    /// Absent, or another office's: the two look the same.
    #[error("not found")]
    NotFound,
    /// A link or a visit that opens nothing, whatever the cause.
    #[error("link refused")]
    LinkRefused,
    /// Another site started this.
    #[error("cross-site request")]
    CrossSite,
    /// The form's token is missing or stale.
    #[error("stale form")]
    StaleForm,
    /// The request names a host that is not ours.
    #[error("misdirected request")]
    Misdirected,
    /// The request makes no sense.
    #[error("bad request: {0}")]
    Bad(String),
    /// More bytes than allowed.
    #[error("too large")]
    TooLarge,
    /// The act does not fit where the notice stands; most pages say more about it.
    #[error(transparent)]
    State(#[from] WrongState),
    /// It was here, and is gone by an act of the caller's own office; the text says whose.
    #[error("gone: {0}")]
    Gone(String),
    /// Something changed in between; the text says what.
    #[error("conflict: {0}")]
    Conflict(String),
    /// The body of the request came in too slowly.
    #[error("too slow")]
    TooSlow,
    /// A text looks classified; the text says what to do.
    #[error("refused by the guard against classified matter")]
    Classified(String),
    /// Too much at once.
    #[error("busy")]
    Busy,
    /// Our fault.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Busy(_) | StoreError::Overloaded | StoreError::Stopping => Self::Busy,
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<ServiceError> for WebError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Store(error) => error.into(),
            ServiceError::NotFound => Self::NotFound,
            ServiceError::Conflict(text) => Self::Conflict(text),
            ServiceError::Busy => Self::Busy,
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<actix_web::error::BlockingError> for WebError {
    fn from(_: actix_web::error::BlockingError) -> Self {
        Self::Busy
    }
}

impl WebError {
    fn status(&self) -> StatusCode {
        match self {
            Self::SignInNeeded => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NotFound | Self::LinkRefused => StatusCode::NOT_FOUND,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::StaleForm | Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Gone(_) => StatusCode::GONE,
            Self::State(_) | Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Classified(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl ResponseError for WebError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        if matches!(self, Self::SignInNeeded) {
            return super::respond::see_other("/sign-in");
        }
        if matches!(self, Self::LinkRefused) {
            return super::respond::link_refused(self.status());
        }
        if let Self::Internal(text) = self {
            tracing::error!(error = %text, "a request failed");
        }
        super::respond::failure(self, self.status())
    }
}
