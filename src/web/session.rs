//! Who is signed in: a random secret in a `__Host-` cookie, found in the database by its hash.

use actix_web::cookie::{Cookie, SameSite, time::Duration as CookieSpan};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use std::future::{Ready, ready};

use super::error::WebError;
use super::pages::parts::AlarmLine;
use super::said;
use crate::domain::account::{Account, Role};
use crate::domain::alarm::AlarmKind;
use crate::service::Service;
use crate::service::sessions::{self, SessionSecret};

/// Name of the cookie.
pub(super) const COOKIE: &str = "__Host-session";

/// The signed-in person, put into the request by the guard of the route.
#[derive(Debug, Clone)]
pub struct Staff {
    /// Whose account it is.
    pub account: Account,
    /// What forms of this session must bring along.
    pub form_token: String,
    /// What every page says at its head while an alarm is open that concerns this person.
    pub alarm: Option<AlarmLine>,
    /// What was just done, to be said once; mostly empty.
    pub said: String,
}

impl Staff {
    /// Whether this account holds a role.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.account.roles.contains(&role)
    }
}

impl FromRequest for Staff {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or(WebError::SignInNeeded))
    }
}

/// The secret the browser brought, if it brought one.
pub(super) fn secret_of(request: &HttpRequest) -> Option<SessionSecret> {
    SessionSecret::parse(request.cookie(COOKIE)?.value())
}

/// Finds the session of a request.
///
/// # Errors
/// [`WebError::SignInNeeded`] if there is none that is still good.
pub(super) async fn staff_of(request: &HttpRequest) -> Result<Staff, WebError> {
    let secret = secret_of(request).ok_or(WebError::SignInNeeded)?;
    let service = super::service_of(request)?;
    let said = said::sentence_of(request);
    let found = web::block(move || resume(&service, &secret, said)).await??;
    found.ok_or(WebError::SignInNeeded)
}

fn resume(
    service: &Service,
    secret: &SessionSecret,
    said: String,
) -> Result<Option<Staff>, WebError> {
    let account = sessions::resume(service, secret)?;
    let form_token = || sessions::form_token(service, secret);
    Ok(account.map(|account| {
        let alarm = alarm_for(service, &account);
        Staff { account, form_token: form_token(), alarm, said }
    }))
}

/// The first alarm that this person can do something about, and how many more there are.
fn alarm_for(service: &Service, account: &Account) -> Option<AlarmLine> {
    let all = service.watch.alarms();
    let mut concerning = all.iter().filter(|alarm| concerns(alarm.kind, account));
    let first = concerning.next()?;
    let href = match first.kind {
        AlarmKind::HolidaysMissing => "/calendar",
        _ => "",
    };
    Some(AlarmLine {
        what: first.kind.said_zh(&first.subject),
        remedy: first.kind.remedy_zh(),
        href,
        others: concerning.count(),
    })
}

/// Whether an alarm is shown to this person.
pub(super) fn concerns(kind: AlarmKind, account: &Account) -> bool {
    account.roles.iter().any(|role| kind.concerns(*role))
}

/// The cookie that keeps a session.
pub(super) fn cookie(secret: &SessionSecret) -> Cookie<'static> {
    base(secret.to_text()).finish()
}

/// The cookie that ends it in the browser.
pub(super) fn gone() -> Cookie<'static> {
    base(String::new()).max_age(CookieSpan::ZERO).finish()
}

fn base(value: String) -> actix_web::cookie::CookieBuilder<'static> {
    Cookie::build(COOKIE, value).path("/").secure(true).http_only(true).same_site(SameSite::Lax)
}
