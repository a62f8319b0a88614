//! 演示信箱: the mails of a demo, readable without a mail program. Exists in demo mode only and
//! says so on every page.
//!
//! The HTML part is drawn in a sandboxed frame from an address of its own, because a mail needs
//! inline styles that the policy of our pages refuses. That address must answer with
//! `Content-Security-Policy: sandbox; default-src 'none'; style-src 'unsafe-inline';
//! frame-ancestors 'self'`, and the page around it with `frame-src 'self'`.

use askama::Template;

use super::moment::Moment;

/// The list of mails, newest first. Query field: `q`.
#[derive(Clone, Debug, Template)]
#[template(path = "demo_mailbox.html")]
pub struct DemoMailboxPage {
    /// `共 211 封，显示最近 50 封`.
    pub count_words: String,
    /// Where the search goes (GET).
    pub action: String,
    /// As typed.
    pub query: String,
    /// The mails of this page.
    pub mails: Vec<MailLine>,
    /// The next page of older mails.
    pub older_href: Option<String>,
}

/// A mail in the list.
#[derive(Clone, Debug)]
pub struct MailLine {
    /// Display name of the recipient.
    pub to_name: String,
    /// Address of the recipient.
    pub to_address: String,
    /// The subject.
    pub subject: String,
    /// When it was handed over.
    pub at: Moment,
    /// How many times the same Message-ID arrived.
    pub copies: usize,
    /// The mail's page.
    pub href: String,
}

/// One mail.
#[derive(Clone, Debug, Template)]
#[template(path = "demo_mail.html")]
pub struct DemoMailPage {
    /// The subject.
    pub subject: String,
    /// The sender as in the header.
    pub from: String,
    /// Display name of the recipient.
    pub to_name: String,
    /// Address of the recipient.
    pub to_address: String,
    /// When it was handed over.
    pub at: Moment,
    /// The Message-ID header.
    pub message_id: String,
    /// The text part; see [`pieces`].
    pub text: Vec<Piece>,
    /// Where the HTML part is served from, sandboxed.
    pub html_href: Option<String>,
    /// The list.
    pub back_href: String,
}

/// A stretch of a mail's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Plain words.
    Words(String),
    /// A web address to press.
    Link(String),
}

/// Finds the web addresses in a text. An address is visible ASCII after `http://` or `https://`.
#[must_use]
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((words, link, after)) = next_link(rest) {
        if !words.is_empty() {
            found.push(Piece::Words(words.to_owned()));
        }
        found.push(Piece::Link(link.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Piece::Words(rest.to_owned()));
    }
    found
}

fn next_link(text: &str) -> Option<(&str, &str, &str)> {
    let start = ["http://", "https://"].iter().filter_map(|scheme| text.find(scheme)).min()?;
    let (words, from_link) = text.split_at_checked(start)?;
    let length = from_link.find(|c: char| !c.is_ascii_graphic()).unwrap_or(from_link.len());
    let (link, after) = from_link.split_at_checked(length)?;
    Some((words, link, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_end_where_han_text_or_space_begins() {
        let words = |s: &str| Piece::Words(s.to_owned());
        let link = |s: &str| Piece::Link(s.to_owned());
        assert_eq!(
            pieces("请打开 https://a.example/l/x_1\n或http://b.example/，谢谢"),
            [
                words("请打开 "),
                link("https://a.example/l/x_1"),
                words("\n或"),
                link("http://b.example/"),
                words("，谢谢")
            ]
        );
        assert_eq!(pieces("没有链接"), [words("没有链接")]);
        assert_eq!(pieces(""), []);
    }
}
