//! The mailbox of a demonstration. Where mails are really sent there is none, and these
//! addresses answer as if they did not exist.

use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, X_FRAME_OPTIONS};
use actix_web::{HttpRequest, HttpResponse, web};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::domain::time::Timestamp;
use crate::service::demo_mailbox::{DemoMailbox, StoredMail};
use crate::service::{Service, ServiceError};
use crate::web::error::WebError;
use crate::web::headers::PAGE_POLICY;
use crate::web::pages::demo_mailbox::{DemoMailPage, DemoMailboxPage, MailLine, pieces};
use crate::web::pages::moment::Moment;
use crate::web::respond::page;

const LIST: &str = "/demo/mailbox";
const MAILS_PER_PAGE: usize = 50;
/// A mail brings its own styles; it may do nothing else, and stands in our frame alone.
const MAIL_POLICY: &str =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";

/// What is looked for, and how far down.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Wanted {
    q: String,
    page: usize,
}

fn mailbox_of(request: &HttpRequest) -> Result<DemoMailbox, WebError> {
    let mailbox = request.app_data::<web::Data<DemoMailbox>>().ok_or(WebError::NotFound)?;
    Ok(mailbox.get_ref().clone())
}

/// The mails, newest first.
pub(in crate::web) async fn list(
    request: HttpRequest,
    service: web::Data<Service>,
    wanted: web::Query<Wanted>,
) -> Result<HttpResponse, WebError> {
    let mailbox = mailbox_of(&request)?;
    let Wanted { q, page: number } = wanted.into_inner();
    let query = q.trim().to_owned();
    let now = service.now();
    let mails = web::block(move || mailbox.list()).await??;
    let needle = query.to_lowercase();
    let found: Vec<&StoredMail> =
        mails.iter().filter(|mail| needle.is_empty() || mentions(mail, &needle)).collect();
    let from = number.saturating_mul(MAILS_PER_PAGE);
    let shown: Vec<MailLine> =
        found.iter().skip(from).take(MAILS_PER_PAGE).map(|mail| line(mail, now)).collect();
    let last = from.saturating_add(shown.len());
    let older_href = (last < found.len()).then(|| {
        let query = utf8_percent_encode(&query, NON_ALPHANUMERIC);
        format!("{LIST}?q={query}&page={}", number.saturating_add(1))
    });
    let count_words = match (found.len(), shown.len()) {
        (all, here) if all == here => format!("共 {all} 封"),
        (all, 0) => format!("共 {all} 封"),
        (all, _) => format!("共 {all} 封，显示第 {} 至 {last} 封", from.saturating_add(1)),
    };
    page(&DemoMailboxPage { count_words, action: LIST.to_owned(), query, mails: shown, older_href })
}

/// The organisation is named in the text only: the addressee is one of its people.
fn mentions(mail: &StoredMail, needle: &str) -> bool {
    [&mail.to_name, &mail.to, &mail.subject, &mail.text]
        .iter()
        .any(|text| text.to_lowercase().contains(needle))
}

fn line(mail: &StoredMail, now: Timestamp) -> MailLine {
    MailLine {
        to_name: mail.to_name.clone(),
        to_address: mail.to.clone(),
        subject: mail.subject.clone(),
        at: Moment::at(Timestamp::from_micros(mail.date_micros), now),
        // The folder keeps a repeated mail once, in place of itself.
        copies: 1,
        href: format!("{LIST}/{}", mail.name),
    }
}

/// One mail.
pub(in crate::web) async fn read(
    request: HttpRequest,
    service: web::Data<Service>,
    name: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    let mailbox = mailbox_of(&request)?;
    let now = service.now();
    let (mail, raw) =
        web::block(move || Ok::<_, ServiceError>((mailbox.read(&name)?, mailbox.raw(&name)?)))
            .await??;
    let html_href = (!mail.html.is_empty()).then(|| format!("{LIST}/{}/html", mail.name));
    let mut answer = page(&DemoMailPage {
        text: pieces(&mail.text),
        subject: mail.subject,
        from: mail.from,
        to_name: mail.to_name,
        to_address: mail.to,
        at: Moment::at(Timestamp::from_micros(mail.date_micros), now),
        message_id: message_id(&raw),
        html_href,
        back_href: LIST.to_owned(),
    })?;
    let policy = format!("{PAGE_POLICY}; frame-src 'self'");
    let policy =
        HeaderValue::from_str(&policy).map_err(|why| WebError::Internal(why.to_string()))?;
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    Ok(answer)
}

/// The Message-ID header of a mail as it would have travelled.
fn message_id(raw: &[u8]) -> String {
    let raw = String::from_utf8_lossy(raw);
    let headers = raw.lines().take_while(|line| !line.is_empty());
    let named = headers.filter_map(|line| line.split_once(':'));
    let id = named.filter(|(name, _)| name.eq_ignore_ascii_case("message-id"));
    id.map(|(_, value)| value.trim().to_owned()).next().unwrap_or_default()
}

/// The HTML part of one mail, for the frame on its page.
pub(in crate::web) async fn html(
    request: HttpRequest,
    name: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    let mailbox = mailbox_of(&request)?;
    let mail = web::block(move || mailbox.read(&name)).await??;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, MAIL_POLICY))
        .insert_header((X_FRAME_OPTIONS, "SAMEORIGIN"))
        .body(mail.html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_id_is_the_header_and_not_the_text() {
        let raw = b"Subject: a\r\nmessage-id: <x@y.example>\r\n\r\nMessage-ID: <no>\r\n";
        assert_eq!(message_id(raw), "<x@y.example>");
        assert_eq!(message_id(b"Subject: a\r\n\r\nMessage-ID: <no>"), "");
    }
}
