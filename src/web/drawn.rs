//! An answer made on a blocking thread, where use-cases run: actix's own answers cannot leave the
//! thread they are made on.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::error::WebError;
use super::respond;
use super::said::{self, Said};

/// An answer that may cross threads.
#[derive(Debug)]
pub(super) struct Drawn {
    shape: Shape,
    headers: Vec<(&'static str, String)>,
}

#[derive(Debug)]
enum Shape {
    Page(StatusCode, String),
    Next(String),
}

impl Drawn {
    /// A page.
    ///
    /// # Errors
    /// [`WebError::Internal`] if the template fails.
    pub(super) fn page(template: &impl Template) -> Result<Self, WebError> {
        Self::page_with(StatusCode::OK, template)
    }

    /// A page with another status.
    ///
    /// # Errors
    /// [`WebError::Internal`] if the template fails.
    pub(super) fn page_with(
        status: StatusCode,
        template: &impl Template,
    ) -> Result<Self, WebError> {
        let body = template.render().map_err(|error| WebError::Internal(error.to_string()))?;
        Ok(Self { shape: Shape::Page(status, body), headers: Vec::new() })
    }

    /// Leads on after a form was posted.
    pub(super) fn next(path: &str) -> Self {
        Self { shape: Shape::Next(path.to_owned()), headers: Vec::new() }
    }

    /// The page it leads to says what was done.
    pub(super) fn saying(self, said: Said, count: usize) -> Self {
        self.header("set-cookie", said::cookie(said, count))
    }

    /// Adds a header, for our own scripts.
    pub(super) fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    fn answer(self) -> HttpResponse {
        let mut answer = match self.shape {
            Shape::Page(status, body) => respond::html(HttpResponse::build(status), body),
            Shape::Next(path) => respond::see_other(&path),
        };
        for (name, value) in self.headers {
            if let Ok(value) = value.parse() {
                let name = actix_web::http::header::HeaderName::from_static(name);
                answer.headers_mut().insert(name, value);
            }
        }
        answer
    }
}

/// Runs a use-case and draws its answer off the event loop.
///
/// # Errors
/// What `make` answers, or [`WebError::Busy`].
pub(super) async fn drawn(
    make: impl FnOnce() -> Result<Drawn, WebError> + Send + 'static,
) -> Result<HttpResponse, WebError> {
    Ok(web::block(make).await??.answer())
}
