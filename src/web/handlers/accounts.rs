//! Accounts, for administrators. A one-time password stands on the answer to the press that made
//! it, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::account::{Account, Role};
use crate::domain::evidence::Actor;
use crate::domain::ids::AccountId;
use crate::domain::time::Timestamp;
use crate::service::accounts::{self, AccountRefused, AccountRequest};
use crate::service::{Service, ServiceError, directory};
use crate::web::address::id;
use crate::web::error::WebError;
use crate::web::forms::{Fields, Posted};
use crate::web::pages::accounts::{AccountForm, AccountRow, AccountsPage, OnceSecret, RoleBox};
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::{Errors, Place, StateMark};
use crate::web::respond::{page_with, see_other_saying};
use crate::web::said::Said;
use crate::web::session::Staff;
use crate::web::shell::shell;

const HOME: &str = "/accounts";

/// What the page shows beside the accounts themselves.
#[derive(Default)]
struct Extra {
    once: Option<OnceSecret>,
    typed: Fields,
    errors: Errors,
}

/// The list with the form for a new account.
pub(in crate::web) async fn list(
    service: web::Data<Service>,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    draw(service, &staff, Extra::default()).await
}

async fn draw(
    service: web::Data<Service>,
    staff: &Staff,
    extra: Extra,
) -> Result<HttpResponse, WebError> {
    let (rows, seen, names, now) = web::block(move || {
        let names = directory::list(&service)?.into_iter().map(|one| one.name).collect();
        let (rows, seen) = (accounts::list(&service)?, accounts::last_seen(&service)?);
        Ok::<_, ServiceError>((rows, seen, names, service.now()))
    })
    .await??;
    let status = match extra.errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let typed = &extra.typed;
    let ticked: BTreeSet<Role> = roles_of(typed);
    let form = AccountForm {
        name: typed.text("name").to_owned(),
        login: typed.text("login").to_owned(),
        organisation: typed.text("organisation").to_owned(),
    };
    let view = AccountsPage {
        shell: shell(staff, Place::Accounts),
        rows: rows.iter().map(|one| row(one, &seen, staff, now)).collect(),
        once: extra.once,
        form,
        errors: extra.errors,
        roles: role_boxes(&ticked),
        organisations: names,
    };
    page_with(status, &view)
}

fn row(
    account: &Account,
    seen: &BTreeMap<AccountId, Timestamp>,
    staff: &Staff,
    now: Timestamp,
) -> AccountRow {
    let active = account.disabled_at.is_none();
    let seen = seen.get(&account.id);
    AccountRow {
        id: account.id.to_string(),
        name: account.display_name.clone(),
        login: account.login.clone(),
        organisation: account.organization_name.clone(),
        roles: account.roles.iter().map(|role| role.word_zh().to_owned()).collect(),
        boxes: role_boxes(&account.roles),
        state: match (active, seen) {
            (false, _) => StateMark::pending("已停用"),
            (true, None) => StateMark::pending("未启用"),
            (true, Some(_)) => StateMark::acknowledged("正常"),
        },
        active,
        last_seen: seen.map_or_else(Moment::none, |at| Moment::at(*at, now)),
        own: account.id == staff.account.id,
    }
}

fn role_boxes(ticked: &BTreeSet<Role>) -> Vec<RoleBox> {
    let hint = |role: Role| match role {
        Role::Clerk => "起草、送核发",
        Role::Releaser => "核发别人起草的公文",
        Role::Duty => "看签收情况、催签、打电话",
        Role::Administrator => "管通讯录和账号，看不到公文；须单独设置",
        Role::Auditor => "查看全部已发公文的流转，不能改动；须单独设置",
    };
    let each = |role: Role| RoleBox {
        value: role.as_str().to_owned(),
        label: role.word_zh().to_owned(),
        hint: hint(role).to_owned(),
        checked: ticked.contains(&role),
    };
    Role::ALL.into_iter().map(each).collect()
}

fn roles_of(fields: &Fields) -> BTreeSet<Role> {
    fields.all("role").filter_map(|word| word.parse().ok()).collect()
}

/// Makes an account.
pub(in crate::web) async fn create(
    service: web::Data<Service>,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let (typed, actor) = (posted.0, Actor::Account(staff.account.id));
    let (fields, worker) = (typed.clone(), service.clone());
    let made = web::block(move || -> Result<_, AccountRefused> {
        let password = accounts::one_time_password(&worker)?;
        let request = AccountRequest {
            organization_id: accounts::organization_named(&worker, fields.text("organisation"))?,
            login: fields.text("login").to_owned(),
            display_name: fields.text("name").to_owned(),
            phone: None,
            password: password.clone(),
            roles: roles_of(&fields),
        };
        let id = accounts::create(&worker, actor, &request)?;
        Ok((accounts::find(&worker, id)?, password))
    })
    .await?;
    told(service, &staff, made, typed).await
}

/// Gives an account a one-time password.
pub(in crate::web) async fn reset(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
    _posted: Posted,
) -> Result<HttpResponse, WebError> {
    let account: AccountId = id(&request, "account")?;
    let (actor, worker) = (Actor::Account(staff.account.id), service.clone());
    let made = web::block(move || -> Result<_, AccountRefused> {
        let password = accounts::one_time_password(&worker)?;
        accounts::set_password(&worker, actor, account, &password)?;
        Ok((accounts::find(&worker, account)?, password))
    })
    .await?;
    told(service, &staff, made, Fields::default()).await
}

async fn told(
    service: web::Data<Service>,
    staff: &Staff,
    made: Result<(Account, String), AccountRefused>,
    typed: Fields,
) -> Result<HttpResponse, WebError> {
    let extra = match made {
        Ok((account, secret)) => {
            let (name, login) = (account.display_name, account.login);
            Extra { once: Some(OnceSecret { name, login, secret }), ..Extra::default() }
        }
        Err(refused) => Extra { errors: errors(refused)?, typed, once: None },
    };
    draw(service, staff, extra).await
}

/// Shuts an account.
pub(in crate::web) async fn disable(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
    _posted: Posted,
) -> Result<HttpResponse, WebError> {
    set_disabled(service, &request, &staff, true).await
}

/// Opens an account again.
pub(in crate::web) async fn enable(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
    _posted: Posted,
) -> Result<HttpResponse, WebError> {
    set_disabled(service, &request, &staff, false).await
}

async fn set_disabled(
    service: web::Data<Service>,
    request: &HttpRequest,
    staff: &Staff,
    disabled: bool,
) -> Result<HttpResponse, WebError> {
    let (account, own) = (id(request, "account")?, staff.account.id);
    let worker = service.clone();
    let done = web::block(move || accounts::set_disabled(&worker, own, account, disabled)).await?;
    settled(service, staff, done).await
}

/// Gives an account other roles.
pub(in crate::web) async fn set_roles(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let (account, own) = (id(&request, "account")?, staff.account.id);
    let worker = service.clone();
    let roles = roles_of(&posted.0);
    let done = web::block(move || accounts::set_roles(&worker, own, account, roles)).await?;
    settled(service, &staff, done).await
}

async fn settled(
    service: web::Data<Service>,
    staff: &Staff,
    done: Result<(), AccountRefused>,
) -> Result<HttpResponse, WebError> {
    match done {
        Ok(()) => Ok(see_other_saying(HOME, Said::AccountChanged, 0)),
        Err(refused) => {
            draw(service, staff, Extra { errors: errors(refused)?, ..Extra::default() }).await
        }
    }
}

/// What to mend, beside its field; what is no fault of the form is no answer to it.
fn errors(refused: AccountRefused) -> Result<Errors, WebError> {
    if let AccountRefused::Service(error) = refused {
        return Err(error.into());
    }
    let (field, message) = refused.message_zh();
    let field = match field {
        "display_name" => "name",
        "roles" => "role",
        other => other,
    };
    let mut errors = Errors::none();
    errors.add(field, &message);
    Ok(errors)
}
