//! Signing in and out, and making the first administrator.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::account::Role;
use crate::service::accounts::{self, AccountRefused, AccountRequest};
use crate::service::sessions::{self, SignedIn};
use crate::service::{Service, ServiceError};
use crate::web::error::WebError;
use crate::web::forms::{Fields, Posted, PostedByAnyone};
use crate::web::pages::link_parts::Field;
use crate::web::pages::login::{FirstAdministratorPage, LoginPage, LoginRefusal};
use crate::web::respond::{page, page_with, see_other};
use crate::web::session;

const HOME: &str = "/";
const INSTALLATION: &str = "签收";

/// The sign-in page.
pub(in crate::web) async fn form() -> Result<HttpResponse, WebError> {
    page(&login_page("", None))
}

fn login_page(account: &str, refused: Option<LoginRefusal>) -> LoginPage {
    LoginPage {
        installation: INSTALLATION.to_owned(),
        action: "/sign-in".to_owned(),
        form_token: String::new(),
        account: account.to_owned(),
        refused,
        came_from: None,
    }
}

/// Signs in.
pub(in crate::web) async fn enter(
    service: web::Data<Service>,
    posted: PostedByAnyone,
) -> Result<HttpResponse, WebError> {
    let fields = posted.0;
    let login = fields.text("account").to_owned();
    // A password is taken as typed: spaces at its ends may be part of it.
    let password = fields.all("password").next().unwrap_or_default().to_owned();
    let typed = login.clone();
    let tried = web::block(move || {
        let now = service.now();
        sessions::sign_in(&service, &typed, &password).map(|signed_in| (signed_in, now))
    })
    .await?;
    match tried {
        Ok((SignedIn::Yes(secret), _)) => {
            let mut answer = see_other(HOME);
            answer
                .add_cookie(&session::cookie(&secret))
                .map_err(|error| WebError::Internal(error.to_string()))?;
            Ok(answer)
        }
        Ok((SignedIn::No, _)) => refuse(&login, LoginRefusal::Wrong, StatusCode::UNAUTHORIZED),
        Ok((SignedIn::Resting(until), now)) => {
            let minutes = u32::try_from(until.since(now).as_minutes()).unwrap_or(0);
            let refusal = LoginRefusal::TooMany { minutes: minutes.saturating_add(1) };
            refuse(&login, refusal, StatusCode::TOO_MANY_REQUESTS)
        }
        Err(ServiceError::Busy) => {
            refuse(&login, LoginRefusal::Busy, StatusCode::SERVICE_UNAVAILABLE)
        }
        Err(other) => Err(other.into()),
    }
}

fn refuse(
    login: &str,
    refusal: LoginRefusal,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    page_with(status, &login_page(login, Some(refusal)))
}

/// Signs out.
pub(in crate::web) async fn leave(
    service: web::Data<Service>,
    request: HttpRequest,
    _posted: Posted,
) -> Result<HttpResponse, WebError> {
    if let Some(secret) = session::secret_of(&request) {
        web::block(move || sessions::sign_out(&service, &secret)).await??;
    }
    let mut answer = see_other("/sign-in");
    answer.add_cookie(&session::gone()).map_err(|error| WebError::Internal(error.to_string()))?;
    Ok(answer)
}

/// The page that makes the first administrator.
pub(in crate::web) async fn first_form() -> Result<HttpResponse, WebError> {
    page(&first_page(&Fields::default(), None))
}

fn first_page(fields: &Fields, refused: Option<(&'static str, String)>) -> FirstAdministratorPage {
    let error = |name: &str| {
        refused.as_ref().filter(|(field, _)| *field == name).map(|(_, text)| text.clone())
    };
    let field =
        |name: &str, error: Option<String>| Field { value: fields.text(name).to_owned(), error };
    FirstAdministratorPage {
        installation: INSTALLATION.to_owned(),
        action: "/first-administrator".to_owned(),
        form_token: String::new(),
        secret_expires: String::new(),
        password_rule: "至少 12 个字符，可用一句好记的话。".to_owned(),
        account: field("account", error("login")),
        name: field("name", error("display_name")),
        secret_error: error("secret").or_else(|| error("account")),
        password_error: error("password"),
        again_error: error("again"),
    }
}

/// Makes the first administrator with the one-time secret from the command line.
pub(in crate::web) async fn first(
    service: web::Data<Service>,
    posted: PostedByAnyone,
) -> Result<HttpResponse, WebError> {
    let fields = posted.0;
    let password = fields.all("password").next().unwrap_or_default().to_owned();
    let again = fields.all("password_again").next().unwrap_or_default();
    if password != again {
        let refused = ("again", "两次输入的口令不一样，请重新输入。".to_owned());
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &first_page(&fields, Some(refused)));
    }
    let typed = fields.clone();
    let made = web::block(move || -> Result<_, AccountRefused> {
        let request = AccountRequest {
            organization_id: accounts::home_of_administrators(&service)?,
            login: typed.text("account").to_owned(),
            display_name: typed.text("name").to_owned(),
            phone: None,
            password,
            roles: BTreeSet::from([Role::Administrator]),
        };
        accounts::create_first(&service, typed.text("secret"), &request)
    })
    .await?;
    match made {
        Ok(_) => Ok(see_other("/sign-in")),
        Err(AccountRefused::Service(error)) => Err(error.into()),
        Err(refused) => page_with(
            StatusCode::UNPROCESSABLE_ENTITY,
            &first_page(&fields, Some(refused.message_zh())),
        ),
    }
}
