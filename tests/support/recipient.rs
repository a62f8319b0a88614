//! A recipient: follows the link of a mail, reads the code off the page, signs.

use std::io;
use std::net::SocketAddr;

use super::http::{Browser, field};
use super::mail::link_path;

/// Follows the link of a mail and signs; the delivery and the receipt number that was shown.
pub(crate) fn sign(server: SocketAddr, host: &str, raw: &str) -> io::Result<(String, String)> {
    let odd = |what: String| io::Error::other(what);
    let mut browser = Browser::new(server, host);
    let link = link_path(raw).ok_or_else(|| odd("no link in the mail".into()))?;
    let arrival = browser.get(&link)?;
    let page_path = arrival.location.ok_or_else(|| odd(format!("status {}", arrival.status)))?;
    let delivery = page_path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut page = browser.get(&page_path)?;
    if let (Some(form), Some(code_token)) =
        (field(&page.body, "form_token"), field(&page.body, "code_token"))
    {
        let code = code_shown(&page.body);
        let shown = field(&page.body, "shown").ok_or_else(|| odd("no hidden field".into()))?;
        let fields = [
            ("shown", shown),
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
