//! Posted forms: fields by name, with the form token checked before a handler sees them.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::rt::time::timeout;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

use super::error::WebError;
use super::guarded;
use super::handlers::delegated::DelegationHolder;
use super::session::Staff;
use super::visit::{Bearer, Visit};

/// Name of the hidden field that carries the form token.
pub const TOKEN_FIELD: &str = "form_token";

/// Bytes of a posted form, at most (a picker of 3,000 organisations is about 150 KB).
pub const FORM_BYTES_MAX: usize = 1_048_576;

/// How long the whole of a form may take to come in; who writes slower holds a place of others.
const FORM_WITHIN: Duration = Duration::from_secs(20);

/// The fields of a posted form, in the order of the page. Names may repeat.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `name=value&…` as browsers write it.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        // What browsers send is ASCII, which is seen much faster so.
        let text = std::str::from_utf8(body)
            .map_or_else(|_| String::from_utf8_lossy(body), std::borrow::Cow::Borrowed);
        let decode = |part: &str| {
            if !part.bytes().any(|byte| byte == b'+' || byte == b'%') {
                return part.to_owned();
            }
            let spaced = part.replace('+', " ");
            percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        let pairs = text.split('&').filter(|part| !part.is_empty()).map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        });
        Self::of(pairs.collect())
    }

    /// Fields gathered one by one, as from a multipart form. No keyboard types a NUL, and
    /// PostgreSQL keeps none: it is left out.
    #[must_use]
    pub fn of(mut pairs: Vec<(String, String)>) -> Self {
        for (_, value) in &mut pairs {
            value.retain(|c| c != '\0');
        }
        Self(pairs)
    }

    /// The first field of that name, trimmed; empty if there is none.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// The first field of that name, if it has anything in it.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Whether a button or box of that name was pressed or ticked.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// All values of that name.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All fields.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A form posted by signed-in staff or a link holder, its token checked.
#[derive(Debug, Clone)]
pub struct Posted(pub Fields);

impl FromRequest for Posted {
    type Error = WebError;
    type Future = LocalBoxFuture<'static, Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let token = token_wanted(request);
        let body = read(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let fields = body.await?;
            check_token(token.as_deref(), fields.text(TOKEN_FIELD))?;
            guarded::require_unmarked(&request, &fields).await?;
            Ok(Self(fields))
        })
    }
}

/// A form posted by nobody known yet (sign-in): no session, so no token to check.
#[derive(Debug, Clone)]
pub struct PostedByAnyone(pub Fields);

impl FromRequest for PostedByAnyone {
    type Error = WebError;
    type Future = LocalBoxFuture<'static, Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let fields = body.await?;
            guarded::require_unmarked(&request, &fields).await?;
            Ok(Self(fields))
        })
    }
}

fn read(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<Fields, WebError>> + use<> {
    let is_form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let body = web::Bytes::from_request(request, payload);
    async move {
        if !is_form {
            return Err(WebError::Bad("not a form".into()));
        }
        let body = timeout(FORM_WITHIN, body).await.map_err(|_| WebError::TooSlow)?;
        let body = body.map_err(|_| WebError::TooLarge)?;
        Ok(Fields::parse(&body))
    }
}

/// The token a form of this request must bring.
pub(super) fn token_wanted(request: &HttpRequest) -> Option<String> {
    let known = request.extensions();
    let staff = known.get::<Staff>().map(|staff| staff.form_token.clone());
    let by_link = || known.get::<Visit>().map(|visit| visit.form_token.clone());
    let by_cookie = || known.get::<Bearer>().map(|bearer| bearer.form_token.clone());
    let desk = || known.get::<DelegationHolder>().map(|holder| holder.form_token.clone());
    staff.or_else(by_link).or_else(by_cookie).or_else(desk)
}

/// Compares without telling by time where two tokens differ.
///
/// # Errors
/// [`WebError::StaleForm`] if they differ or none was wanted.
pub(super) fn check_token(wanted: Option<&str>, brought: &str) -> Result<(), WebError> {
    use subtle::ConstantTimeEq;
    let same = wanted.is_some_and(|wanted| wanted.as_bytes().ct_eq(brought.as_bytes()).into());
    if same { Ok(()) } else { Err(WebError::StaleForm) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_out_as_typed() {
        let fields = Fields::parse(b"title=%E5%85%B3%E4%BA%8E+a%2Bb&pick=1&pick=2&empty=");
        assert_eq!(fields.text("title"), "关于 a+b");
        let fields_of_one_kind = Fields::parse(b"escaped=%E5%85%B3&spaced=a+b&\xff=%FF");
        let texts: Vec<_> = fields_of_one_kind.pairs().collect();
        assert_eq!(texts, [("escaped", "关"), ("spaced", "a b"), ("\u{fffd}", "\u{fffd}")]);
        assert_eq!(fields.all("pick").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(fields.filled("empty"), None);
        assert!(fields.has("empty") && !fields.has("absent"));
    }

    #[test]
    fn a_token_is_needed_and_must_fit() {
        assert!(check_token(Some("abc"), "abc").is_ok());
        assert!(check_token(Some("abc"), "abd").is_err());
        assert!(check_token(None, "").is_err());
    }
}
