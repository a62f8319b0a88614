//! What a route declares: who may use it, what it is about, and which handler answers.
//!
//! The declaration is checked before the handler runs, by one guard for all; a handler never
//! decides who may call it. Never here: the routes themselves (`web/mod.rs`).

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderValue, SET_COOKIE};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpMessage, ResponseError, guard, web};

use super::error::WebError;
use super::handlers::delegated;
use super::{origin, said, session, visit};
use crate::domain::account::Role;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody.
    Anyone,
    /// Whoever came by the link of the delivery named in the path.
    LinkHolder,
    /// Whoever brings the cookie of such a visit. Whether its link still opens the delivery is
    /// decided where it is written, so that it need not be read before.
    LinkBearer,
    /// Whoever came by the link of the delegation named in the path.
    DelegationHolder,
    /// Signed-in staff that holds one of these roles.
    Staff(&'static [Role]),
}

/// What the ids in a route's path name; decides what the route matrix tries as "foreign".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// No id in the path.
    None,
    /// A notice of the caller's office.
    Notice,
    /// A delivery of a notice of the caller's office.
    Delivery,
    /// A delivery as its recipient sees it.
    Receiving,
    /// Calls handed on, as the desk that makes them sees them.
    Delegation,
    /// A directory entry.
    Organization,
    /// An account.
    Account,
    /// Something that is no secret, such as a style sheet.
    Public,
}

/// The path of the route that took a request: looking it up again would try them all.
#[derive(Clone, Copy)]
pub(super) struct Pattern(pub(super) &'static str);

/// One line of the route table.
pub struct Route {
    /// `GET` (which answers `HEAD` too) or `POST`.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
    /// What its ids name.
    pub subject: Subject,
    /// Hangs the handler on the route.
    pub mount: fn(actix_web::Route) -> actix_web::Route,
}

impl Route {
    /// Adds this route, behind its guard, to the application.
    pub(super) fn register(&self, app: &mut web::ServiceConfig) {
        let route = if self.method == Method::GET {
            web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
        } else {
            web::method(self.method.clone())
        };
        let (who, pattern) = (self.who, self.path);
        let guard = from_fn(move |request: ServiceRequest, next| {
            request.extensions_mut().insert(Pattern(pattern));
            admit(who, request, next)
        });
        let guarded = (self.mount)(route).wrap(guard);
        app.route(self.path, guarded);
    }
}

/// Lets a request through if the declaration allows it; else answers in its place, so that the
/// refusal passes through all that is put around every answer.
async fn admit<B: MessageBody + 'static>(
    who: Who,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let told = matches!(who, Who::Staff(_)) && said::is_brought(request.request());
    // The rows that a page fetches by script are not the page that says it.
    let told = told && !request.query_string().contains("part=");
    match check(who, &request).await {
        Ok(()) => {
            let mut answer = next.call(request).await?;
            let said_it = told && answer.status().is_success();
            if said_it && let Ok(value) = HeaderValue::from_str(&said::gone()) {
                answer.headers_mut().append(SET_COOKIE, value);
            }
            Ok(answer.map_into_left_body())
        }
        Err(error) => Ok(request.into_response(error.error_response()).map_into_right_body()),
    }
}

async fn check(who: Who, request: &ServiceRequest) -> Result<(), WebError> {
    if !request.method().is_safe() {
        origin::require_same(request.request(), who != Who::Anyone)?;
    }
    match who {
        Who::Anyone => {}
        Who::LinkHolder => {
            let visit = visit::holder_of(request.request()).await?;
            request.extensions_mut().insert(visit);
        }
        Who::LinkBearer => {
            let bearer = visit::bearer_of(request.request())?;
            request.extensions_mut().insert(bearer);
        }
        Who::DelegationHolder => {
            let holder = delegated::holder_of(request.request()).await?;
            request.extensions_mut().insert(holder);
        }
        Who::Staff(roles) => {
            let staff = session::staff_of(request.request()).await?;
            if !staff.account.holds_any(roles) {
                return Err(WebError::Forbidden);
            }
            request.extensions_mut().insert(staff);
        }
    }
    Ok(())
}
