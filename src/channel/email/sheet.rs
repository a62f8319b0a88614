//! The plain form of mails that carry no link: to whom, a few sentences, facts, a list.

use askama::Template;

use super::{Rendered, WordsError};

/// A mail without a link, laid out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sheet {
    pub subject: String,
    /// The level's word, for its mark; none if it is not about a notice.
    pub urgency_word: Option<String>,
    pub to: String,
    pub opening: Vec<String>,
    /// One text that must catch the eye.
    pub code: Option<String>,
    pub facts: Vec<(&'static str, String)>,
    /// One line each, numbered.
    pub list: Vec<String>,
    pub closing: Vec<String>,
}

#[derive(Template)]
#[template(path = "email/sheet.txt")]
struct TextPart<'a>(&'a Sheet);

#[derive(Template)]
#[template(path = "email/sheet.html")]
struct HtmlPart<'a> {
    sheet: &'a Sheet,
    tag_style: &'static str,
}

impl Sheet {
    pub(super) fn render(self) -> Result<Rendered, WordsError> {
        let text = TextPart(&self).render()?;
        let tag_style = super::tag_style(self.urgency_word.as_deref().unwrap_or_default());
        let html = HtmlPart { sheet: &self, tag_style }.render()?;
        Ok(Rendered { subject: self.subject, text, html })
    }
}
