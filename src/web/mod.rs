//! Door 1: browsers. Parses, checks, calls one use-case, draws; never decides and never commits.
//!
//! The route table below is the whole of it on one screen: what can be asked, by whom, about
//! what. A route that is not in it does not exist, and `tests/it` walks it for every role.

use actix_web::http::Method;
use actix_web::{HttpRequest, web};

use crate::domain::account::Role;
use crate::domain::account::Role::{Administrator, Auditor, Clerk, Duty, Releaser};
use crate::service::Service;

mod address;
pub mod assets;
pub mod bad_links;
mod client;
mod drawn;
pub mod error;
pub mod forms;
mod guarded;
mod handlers;
pub mod headers;
mod host;
mod multipart;
mod origin;
pub mod pages;
mod respond;
pub mod route;
pub mod said;
mod server;
pub mod session;
mod shell;
pub mod site;
mod telling;
pub mod visit;

use error::WebError;
use handlers::receive::{self, give_back, receipt, sign, take, tell_duty, viewing};
use handlers::{
    accounts, acts, asset, back, board, call, compose, coverage, delegated, demo_mailbox,
    directory, draft_files, duty, duty_print, health, home, link, notices, own_password, register,
    remind, review, rounds, rules, short_code, sign_in, story, verify,
};
use route::{Route, Subject, Who};
pub use server::server;

const OFFICE: &[Role] = &[Clerk, Releaser, Duty];
/// Who reads notices: an office its own, 审计 those of all offices; 管理员 never.
const READERS: &[Role] = &[Clerk, Releaser, Duty, Auditor];
const WRITERS: &[Role] = &[Clerk];
const RELEASERS: &[Role] = &[Releaser];
const DUTY: &[Role] = &[Duty];
/// Who sees what the duty desk has before it; only 值班 takes and records calls.
const DUTY_ROOM: &[Role] = &[Clerk, Duty];
/// Who chases signatures by hand.
const CHASERS: &[Role] = &[Clerk, Duty];
const ADMINISTRATORS: &[Role] = &[Administrator];
/// Who mends the directory or calls at night.
const REACHERS: &[Role] = &[Administrator, Duty];
const COVERERS: &[Role] = &[Administrator, Duty, Clerk];
const ALL_STAFF: &[Role] = &[Clerk, Releaser, Duty, Administrator, Auditor];

macro_rules! routes {
    ($($method:ident $path:literal $who:expr, $subject:ident => $handler:path;)+) => {
        /// Every route there is.
        pub const ROUTES: &[Route] = &[$(Route {
            method: Method::$method,
            path: $path,
            who: $who,
            subject: Subject::$subject,
            mount: |route| route.to($handler),
        }),+];
    };
}

routes! {
    GET  "/"                 Who::Staff(ALL_STAFF), None => home::lead;
    GET  "/assets/{name}"    Who::Anyone, Public => asset::show;

    GET  "/health/live"      Who::Anyone, None => health::live;
    GET  "/health/ready"     Who::Anyone, None => health::ready;
    GET  "/health/engine"    Who::Anyone, None => health::engine;

    GET  "/sign-in"          Who::Anyone, None => sign_in::form;
    POST "/sign-in"          Who::Anyone, None => sign_in::enter;
    GET  "/sign-out"         Who::Staff(ALL_STAFF), None => home::lead;
    POST "/sign-out"         Who::Staff(ALL_STAFF), None => sign_in::leave;
    GET  "/first-administrator" Who::Anyone, None => sign_in::first_form;
    POST "/first-administrator" Who::Anyone, None => sign_in::first;
    GET  "/own-password"     Who::Staff(ALL_STAFF), None => own_password::form;
    POST "/own-password"     Who::Staff(ALL_STAFF), None => own_password::change;

    GET  "/notices/new"      Who::Staff(WRITERS), None => compose::fresh;
    POST "/notices"          Who::Staff(WRITERS), None => compose::create;
    GET  "/notices/{notice}/edit"    Who::Staff(WRITERS), Notice => compose::edit;
    POST "/notices/{notice}/edit"    Who::Staff(WRITERS), Notice => compose::change;
    GET  "/notices/{notice}/delete"  Who::Staff(WRITERS), Notice => acts::delete::ask;
    POST "/notices/{notice}/delete"  Who::Staff(WRITERS), Notice => acts::delete::throw_away;
    GET  "/notices/{notice}/files/{file}" Who::Staff(OFFICE), Notice => draft_files::show;
    GET  "/notices/{notice}/preview" Who::Staff(OFFICE), Notice => review::show;
    GET  "/notices/{notice}/preview/page" Who::Staff(OFFICE), Notice => review::recipient_page;
    POST "/notices/{notice}/submit"  Who::Staff(WRITERS), Notice => review::submit;
    POST "/notices/{notice}/issue"   Who::Staff(WRITERS), Notice => review::issue_own;
    POST "/notices/{notice}/release" Who::Staff(RELEASERS), Notice => review::release;
    POST "/notices/{notice}/return"  Who::Staff(RELEASERS), Notice => review::give_back;
    POST "/notices/{notice}/oral"    Who::Staff(DUTY), Notice => review::oral;
    // where a form was posted to, there is a way back to its page
    GET  "/notices/{notice}/submit"  Who::Staff(WRITERS), Notice => back::notice;
    GET  "/notices/{notice}/issue"   Who::Staff(WRITERS), Notice => back::notice;
    GET  "/notices/{notice}/release" Who::Staff(RELEASERS), Notice => back::notice;
    GET  "/notices/{notice}/return"  Who::Staff(RELEASERS), Notice => back::notice;
    GET  "/notices/{notice}/oral"    Who::Staff(DUTY), Notice => back::notice;
    GET  "/notices"          Who::Staff(READERS), None => notices::list;
    GET  "/notices/{notice}" Who::Staff(READERS), Notice => board::show;
    GET  "/notices/{notice}/register" Who::Staff(READERS), Notice => register::print;
    GET  "/notices/{notice}/recall"  Who::Staff(OFFICE), Notice => acts::ends::recall_form;
    POST "/notices/{notice}/recall"  Who::Staff(OFFICE), Notice => acts::ends::recall_now;
    GET  "/notices/{notice}/revoke"  Who::Staff(OFFICE), Notice => acts::ends::revoke_form;
    POST "/notices/{notice}/revoke"  Who::Staff(OFFICE), Notice => acts::ends::revoke_now;
    GET  "/notices/{notice}/abolish" Who::Staff(OFFICE), Notice => acts::ends::abolish_form;
    POST "/notices/{notice}/abolish" Who::Staff(OFFICE), Notice => acts::ends::abolish_now;
    GET  "/notices/{notice}/supersede" Who::Staff(WRITERS), Notice => acts::supersede::ask;
    POST "/notices/{notice}/supersede" Who::Staff(WRITERS), Notice => acts::supersede::start;
    GET  "/notices/{notice}/add-recipients" Who::Staff(OFFICE), Notice => acts::add::ask;
    POST "/notices/{notice}/add-recipients" Who::Staff(OFFICE), Notice => acts::add::press;
    GET  "/notices/{notice}/release-after" Who::Staff(RELEASERS), Notice
        => acts::release_after::ask;
    POST "/notices/{notice}/release-after" Who::Staff(RELEASERS), Notice
        => acts::release_after::answer;
    GET  "/notices/{notice}/close"   Who::Staff(OFFICE), Notice => acts::many::close_form;
    POST "/notices/{notice}/close"   Who::Staff(OFFICE), Notice => acts::many::close_now;
    GET  "/notices/{notice}/resend"  Who::Staff(OFFICE), Notice => acts::many::resend_form;
    POST "/notices/{notice}/resend"  Who::Staff(OFFICE), Notice => acts::many::resend_now;
    GET  "/deliveries/{delivery}/stop-chasing" Who::Staff(OFFICE), Delivery
        => acts::single::stop_form;
    POST "/deliveries/{delivery}/stop-chasing" Who::Staff(OFFICE), Delivery
        => acts::single::stop_now;
    GET  "/deliveries/{delivery}/return" Who::Staff(OFFICE), Delivery => acts::single::return_form;
    POST "/deliveries/{delivery}/return" Who::Staff(OFFICE), Delivery => acts::single::return_now;
    GET  "/deliveries/{delivery}" Who::Staff(READERS), Delivery => story::show;
    GET  "/deliveries/{delivery}/receipt.jws" Who::Staff(READERS), Delivery => story::receipt;

    GET  "/duty"             Who::Staff(DUTY_ROOM), None => duty::show;
    GET  "/duty/handover"    Who::Staff(DUTY_ROOM), None => duty_print::handover;
    GET  "/duty/night"       Who::Staff(DUTY_ROOM), None => duty_print::night;
    POST "/notices/{notice}/delegate" Who::Staff(DUTY), Notice => duty::hand_on;
    POST "/notices/{notice}/take-back" Who::Staff(DUTY), Notice => duty::take_back;
    POST "/notices/{notice}/renew-calls" Who::Staff(DUTY), Notice => duty::renew_calls;
    GET  "/notices/{notice}/delegate" Who::Staff(DUTY), Notice => back::duty_of_notice;
    GET  "/notices/{notice}/take-back" Who::Staff(DUTY), Notice => back::duty_of_notice;
    GET  "/notices/{notice}/renew-calls" Who::Staff(DUTY), Notice => back::duty_of_notice;
    GET  "/deliveries/{delivery}/calls" Who::Staff(READERS), Delivery => duty_print::calls;
    POST "/deliveries/{delivery}/escalate" Who::Staff(DUTY), Delivery => call::escalate;
    GET  "/deliveries/{delivery}/escalate" Who::Staff(DUTY), Delivery => back::call;
    GET  "/notices/{notice}/remind" Who::Staff(CHASERS), Notice => remind::list;
    POST "/notices/{notice}/remind" Who::Staff(CHASERS), Notice => remind::send;
    POST "/deliveries/{delivery}/claim" Who::Staff(DUTY), Delivery => duty::claim;
    GET  "/deliveries/{delivery}/claim" Who::Staff(DUTY), Delivery => back::duty;
    GET  "/deliveries/{delivery}/call" Who::Staff(DUTY), Delivery => call::form;
    POST "/deliveries/{delivery}/call" Who::Staff(DUTY), Delivery => call::record;

    GET  "/directory"        Who::Staff(ALL_STAFF), None => directory::list;
    GET  "/directory/{organization}" Who::Staff(ALL_STAFF), Organization => directory::organization;

    POST "/directory/{organization}/confirm" Who::Staff(REACHERS), Organization => rounds::called;
    GET  "/directory/{organization}/confirm" Who::Staff(REACHERS), Organization
        => back::organization;
    GET  "/coverage"         Who::Staff(COVERERS), None => coverage::show;
    GET  "/rounds"           Who::Staff(REACHERS), None => rounds::list;
    POST "/rounds"           Who::Staff(ADMINISTRATORS), None => rounds::start;
    GET  "/policy"           Who::Staff(ADMINISTRATORS), None => rules::policy;
    POST "/policy"           Who::Staff(ADMINISTRATORS), None => rules::change_policy;
    GET  "/calendar"         Who::Staff(ADMINISTRATORS), None => rules::calendar;
    POST "/calendar"         Who::Staff(ADMINISTRATORS), None => rules::change_calendar;
    GET  "/verify"           Who::Anyone, None => verify::form;
    POST "/verify"           Who::Anyone, None => verify::take;

    GET  "/accounts"         Who::Staff(ADMINISTRATORS), None => accounts::list;
    POST "/accounts"         Who::Staff(ADMINISTRATORS), None => accounts::create;
    GET  "/accounts/{account}/disable" Who::Staff(ADMINISTRATORS), Account => back::accounts;
    GET  "/accounts/{account}/enable"  Who::Staff(ADMINISTRATORS), Account => back::accounts;
    GET  "/accounts/{account}/reset"   Who::Staff(ADMINISTRATORS), Account => back::accounts;
    GET  "/accounts/{account}/roles"   Who::Staff(ADMINISTRATORS), Account => back::accounts;
    POST "/accounts/{account}/disable" Who::Staff(ADMINISTRATORS), Account => accounts::disable;
    POST "/accounts/{account}/enable"  Who::Staff(ADMINISTRATORS), Account => accounts::enable;
    POST "/accounts/{account}/reset"   Who::Staff(ADMINISTRATORS), Account => accounts::reset;
    POST "/accounts/{account}/roles"   Who::Staff(ADMINISTRATORS), Account => accounts::set_roles;

    GET  "/l/{token}"        Who::Anyone, None => link::arrive;
    // first of its kind: paths are tried in this order, and signatures come in bursts
    POST "/receive/{delivery}/acknowledge" Who::LinkBearer, Receiving => sign::sign;
    GET  "/s"                Who::Anyone, None => short_code::form;
    POST "/s"                Who::Anyone, None => short_code::enter;
    GET  "/receive/{delivery}" Who::LinkHolder, Receiving => receive::show;
    GET  "/receive/{delivery}/acknowledge" Who::LinkHolder, Receiving => receive::back;
    GET  "/receive/{delivery}/viewing" Who::LinkHolder, Receiving => receive::back;
    GET  "/receive/{delivery}/current" Who::LinkHolder, Receiving => receive::current;
    GET  "/receive/{delivery}/open" Who::LinkHolder, Receiving => receive::back;
    GET  "/receive/{delivery}/files/{file}/open" Who::LinkHolder, Receiving => receive::back;
    GET  "/receive/{delivery}/files/{file}/download" Who::LinkHolder, Receiving => receive::back;
    POST "/receive/{delivery}/open" Who::LinkHolder, Receiving => take::text;
    POST "/receive/{delivery}/files/{file}/open" Who::LinkHolder, Receiving => take::look;
    POST "/receive/{delivery}/files/{file}/download" Who::LinkHolder, Receiving => take::keep;
    POST "/receive/{delivery}/viewing" Who::LinkHolder, Receiving => viewing::register;
    GET  "/receive/{delivery}/return" Who::LinkHolder, Receiving => give_back::return_form;
    POST "/receive/{delivery}/return" Who::LinkHolder, Receiving => give_back::send_back;
    GET  "/receive/{delivery}/ask-again" Who::LinkHolder, Receiving => give_back::ask_form;
    POST "/receive/{delivery}/ask-again" Who::LinkHolder, Receiving => give_back::ask;
    GET  "/receive/{delivery}/duty" Who::LinkHolder, Receiving => tell_duty::form;
    POST "/receive/{delivery}/duty" Who::LinkHolder, Receiving => tell_duty::tell;
    GET  "/receive/{delivery}/receipt" Who::LinkHolder, Receiving => receipt::sheet;
    GET  "/receive/{delivery}/receipt.jws" Who::LinkHolder, Receiving => receipt::file;
    GET  "/d/{token}"        Who::Anyone, None => delegated::arrive;
    GET  "/delegated/{delegation}" Who::DelegationHolder, Delegation => delegated::show;
    POST "/delegated/{delegation}" Who::DelegationHolder, Delegation => delegated::report;
    // the mails of a demonstration; elsewhere not found
    GET  "/demo/mailbox"             Who::Anyone, None => demo_mailbox::list;
    GET  "/demo/mailbox/{mail}"      Who::Anyone, Public => demo_mailbox::read;
    GET  "/demo/mailbox/{mail}/html" Who::Anyone, Public => demo_mailbox::html;
}

/// Hangs the whole route table on an application; whatever is not in it is not found.
pub fn configure(app: &mut web::ServiceConfig) {
    // Paths are tried one after the other. What recipients do comes in bursts, so theirs are
    // tried first; no other path begins like them, so which one fits does not change.
    let (recipients, others): (Vec<_>, Vec<_>) =
        ROUTES.iter().partition(|route| route.subject == Subject::Receiving);
    for route in recipients.into_iter().chain(others) {
        route.register(app);
    }
    app.app_data(web::PayloadConfig::new(forms::FORM_BYTES_MAX));
    app.default_service(web::to(not_found));
}

async fn not_found() -> Result<&'static str, WebError> {
    Err(WebError::NotFound)
}

/// The use-cases, as the application holds them.
fn service_of(request: &HttpRequest) -> Result<web::Data<Service>, WebError> {
    request
        .app_data::<web::Data<Service>>()
        .cloned()
        .ok_or_else(|| WebError::Internal("no service in the application".into()))
}
