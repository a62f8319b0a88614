//! `qianshou demo`: a fresh installation on this machine alone, filled and served, with all one
//! needs to know on one screen. Takes nothing from the environment and never touches a folder
//! that holds something.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context as _, bail};

use super::table::columns;
use super::{Report, say};
use crate::adapters::clock::{Clock as _, SystemClock};
use crate::app::{App, Listener, create_keys, start_logging};
use crate::config::Config;
use crate::service::demo::{DEMO_PASSWORD, Demo, fill};

const USUAL_PORT: u16 = 8080;

/// Fills a fresh folder, says how to look around, and serves until a stop is asked for.
pub(super) fn demo(folder: Option<&Path>, listen: Option<SocketAddr>) -> anyhow::Result<Report> {
    let listener = take_address(listen)?;
    let folder = match folder {
        Some(folder) => claim(folder)?,
        None => claim_new()?,
    };
    let address = listener.address();
    let url = format!("http://{address}");
    let config = configure(&folder, address)?;
    start_logging(&config.log)?;
    create_keys(&config.keys_dir)?;
    let app = App::open(&config)?;
    let demo = fill(&app.service)?;
    let screen = describe(&demo, &url, &folder);
    app.serve(listener, || say(&screen))?;
    say("\nstopped\n");
    Ok(Report::done(String::new()))
}

fn take_address(wanted: Option<SocketAddr>) -> anyhow::Result<Listener> {
    let Some(address) = wanted else {
        let here = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        return Ok(Listener::bind(here(USUAL_PORT)).or_else(|_| Listener::bind(here(0)))?);
    };
    if !address.ip().is_loopback() {
        bail!("the demo is for this machine alone: listen on 127.0.0.1, not on {}", address.ip());
    }
    Ok(Listener::bind(address)?)
}

/// An absent or empty folder.
fn claim(folder: &Path) -> anyhow::Result<PathBuf> {
    let shown = folder.display();
    match fs::read_dir(folder) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                bail!("{shown} is not empty; name a folder that is absent or empty");
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir_all(folder)
            .with_context(|| format!("the folder {shown} cannot be made"))?,
        Err(error) => bail!("{shown} cannot be used: {error}"),
    }
    Ok(folder.to_owned())
}

/// A folder of today's date and time below `data`.
fn claim_new() -> anyhow::Result<PathBuf> {
    let parent = Path::new("data");
    fs::create_dir_all(parent)
        .context("the folder data cannot be made here; name another with --folder")?;
    let name = SystemClock.now().in_shanghai().strftime("demo-%Y%m%d-%H%M%S").to_string();
    for n in 1..=9 {
        let folder = match n {
            1 => parent.join(&name),
            _ => parent.join(format!("{name}-{n}")),
        };
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).context("name another folder with --folder"),
        }
    }
    bail!("data is full of demos of this very second; name a folder with --folder")
}

fn configure(folder: &Path, address: SocketAddr) -> anyhow::Result<Config> {
    let at = |name: &str| folder.join(name).display().to_string();
    let data = folder.display().to_string();
    let (keys, mail) = (at("keys"), at("mail"));
    let database = format!("sqlite://{}", at("qianshou.db"));
    let (listen, url) = (address.to_string(), format!("http://{address}"));
    let set = [
        ("database.url", database.as_str()),
        ("data_dir", data.as_str()),
        ("keys_dir", keys.as_str()),
        ("listen", listen.as_str()),
        ("public_url", url.as_str()),
        ("network", "government_extranet"),
        ("mail.transport", "folder"),
        ("mail.folder", mail.as_str()),
        ("mail.from_address", "qianshou@hunan.example"),
        ("mail.from_name", "签收（演示）"),
        ("log.filter", "warn"),
    ];
    Ok(Config::assemble(None, &[], &set)?)
}

fn describe(demo: &Demo, url: &str, folder: &Path) -> String {
    let places = columns(
        &[
            ["sign in".to_owned(), format!("{url}/sign-in")],
            ["mailbox".to_owned(), format!("{url}/demo/mailbox")],
            ["data".to_owned(), format!("{} (delete it when you are done)", folder.display())],
        ],
        2,
    );
    let mut accounts = vec![["role", "login", "password", "office"].map(str::to_owned)];
    accounts.extend(demo.accounts.iter().map(|account| {
        [
            account.role.word_zh().to_owned(),
            account.login.to_owned(),
            DEMO_PASSWORD.to_owned(),
            account.office.clone(),
        ]
    }));
    let accounts = columns(&accounts, 2);
    let (primary, copies) = demo.recipients;
    let Demo { title, organizations, .. } = demo;
    let key = folder.join("keys/receipt.pub.pem");
    let key = key.display();
    format!(
        "签收 demonstration: {organizations} organisations, nothing leaves this machine\n\n\
         {places}\n{accounts}\n  \
         A 特提 notice is drafted, to {primary} addressees and {copies} for information:\n  \
         {title}\n\n  \
         1. Sign in as jingban, open the draft, look at its preview (预览，送核发), hand it over\n     \
         for release (送核发).\n  \
         2. Sign in as hefa in another browser or private window, \
         open it, give the reason it\n     \
         asks for, release and issue it (核发并发出).\n  \
         3. Open the mailbox, follow a link and sign for the notice (签收).\n  \
         4. Watch the board of the notice; print its register (打印签收登记表).\n  \
         5. Sign in as zhiban: the duty page (值班) lists who has to be telephoned.\n     \
         As shenji: the story of any delivery (流转记录).\n  \
         6. Download a receipt (回执) where it was signed or from its story, and check it:\n     \
         qianshou receipt verify FILE --key {key}\n\n\
         ready: {url} (Ctrl-C stops)\n"
    )
}
