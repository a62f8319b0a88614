//! `qianshou account …`: the first administrator, and what is mended from outside when nobody
//! can sign in. Passwords are made here and shown once; none is ever taken from the command line,
//! where other users of the machine could read it.

use std::collections::BTreeSet;

use super::{AccountCommand, Report};
use crate::app::App;
use crate::domain::account::Role;
use crate::service::accounts::make_first_secret;
use crate::service::operate_accounts::{NewByOperator, create, disable, reset};

/// Does one of the account commands.
pub(super) fn account(command: &AccountCommand) -> anyhow::Result<Report> {
    let text = match command {
        AccountCommand::FirstSecret { settings } => {
            let service = App::open(&settings.load()?)?.service;
            let secret = make_first_secret(&service)?;
            let url = &service.settings.public_url;
            format!(
                "one-time secret  {secret}\nuse it at        {url}/first-administrator\n\
                 It makes one administrator and is good for 24 hours.\n"
            )
        }
        AccountCommand::Create { login, name, organization, role, settings } => {
            let roles: BTreeSet<Role> =
                role.iter().map(|role| role.parse()).collect::<Result<_, _>>()?;
            let service = App::open(&settings.load()?)?.service;
            let new = NewByOperator { login, name, organization_code: organization, roles };
            let password = create(&service, &new)?;
            format!("made the account {login}\nfirst password  {password}\n")
        }
        AccountCommand::Reset { login, settings } => {
            let service = App::open(&settings.load()?)?.service;
            let password = reset(&service, login)?;
            format!("new password of {login}  {password}\n")
        }
        AccountCommand::Disable { login, settings } => {
            let service = App::open(&settings.load()?)?.service;
            disable(&service, login)?;
            format!("{login} can no longer sign in\n")
        }
    };
    Ok(Report::done(text))
}
