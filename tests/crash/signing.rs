//! Recipients: as soon as a mail arrives they follow its link and sign, again and again until
//! an answer says that they did. What they were told is what must be in the books.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::ground::{Ground, Post};
use crate::server;
use crate::support::http::{Browser, field};
use crate::support::mail::link_path;

/// Delivery → receipt number, as shown to whoever signed.
type Told = Arc<Mutex<BTreeMap<String, String>>>;

pub(crate) struct Signers {
    told: Told,
    threads: Vec<JoinHandle<()>>,
}

impl Signers {
    pub(crate) fn start(count: usize, ground: &Ground, stop: &Arc<AtomicBool>) -> Self {
        let told = Told::default();
        let threads = (0..count)
            .map(|_| {
                let (told, post) = (Arc::clone(&told), ground.post());
                let stop = Arc::clone(stop);
                std::thread::spawn(move || {
                    while !stop.load(Ordering::SeqCst) {
                        if !sign_next(&post, &told) {
                            std::thread::sleep(Duration::from_millis(20));
                        }
                    }
                })
            })
            .collect();
        Self { told, threads }
    }

    pub(crate) fn all_signed(&self, wanted: usize) -> bool {
        self.told.lock().unwrap().len() >= wanted
    }

    pub(crate) fn finish(self) -> BTreeMap<String, String> {
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.told.lock().unwrap().clone()
    }
}

/// Signs for one mail nobody has signed for yet; false if there is none or nobody listens.
fn sign_next(post: &Post, told: &Told) -> bool {
    if !server::listens(post.server) {
        return false;
    }
    let Some(mail) = post.next() else { return false };
    match sign(post, &mail.raw) {
        Ok((delivery, number)) => {
            told.lock().unwrap().insert(delivery, number);
            true
        }
        Err(_) => {
            post.give_back(mail);
            false
        }
    }
}

fn sign(post: &Post, raw: &str) -> io::Result<(String, String)> {
    let odd = |what: String| io::Error::other(what);
    let mut browser = Browser::new(post.server, &post.host);
    let link = link_path(raw).ok_or_else(|| odd("no link in the mail".into()))?;
    let arrival = browser.get(&link)?;
    let page_path = arrival.location.ok_or_else(|| odd(format!("status {}", arrival.status)))?;
    let delivery = page_path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut page = browser.get(&page_path)?;
    if let (Some(form), Some(code_token)) =
        (field(&page.body, "form_token"), field(&page.body, "code_token"))
    {
        let code = code_shown(&page.body);
        let fields = [
            ("form_token", form),
            ("code_token", code_token),
            ("code", code.as_str()),
            ("name", "王某"),
            ("post", "机要员"),
            ("phone", "0731-55500001"),
            ("mode", "self"),
        ];
        let answer = browser.post(&format!("{page_path}/acknowledge"), &fields)?;
        if !matches!(answer.status, 200 | 303) {
            return Err(odd(format!("status {}", answer.status)));
        }
        page = browser.get(&page_path)?;
    }
    let number = receipt_number(&page.body).ok_or_else(|| odd("no receipt number".into()))?;
    Ok((delivery, number))
}

fn code_shown(page: &str) -> String {
    let from = page.find("id=\"code-digits\">").map_or(0, |at| at + 17);
    page[from..]
        .split('<')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_digit)
        .collect()
}

/// A number such as `261118-850M2-GA185-D`, wherever the page prints it.
fn receipt_number(page: &str) -> Option<String> {
    page.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .find(|word| {
            let parts: Vec<usize> = word.split('-').map(str::len).collect();
            parts == [6, 5, 5, 1] && word.starts_with(|c: char| c.is_ascii_digit())
        })
        .map(str::to_owned)
}
