//! The page where the code of a short message is typed in. Whatever is wrong, the answer is one.

use askama::Template;

/// Coming by a short message. Field names: `code`, `digits`, hidden `form_token`.
#[derive(Clone, Debug, Template)]
#[template(path = "short_code.html")]
pub struct ShortCodePage {
    /// The code as typed; the digits never come back.
    pub code: String,
    /// Why the last try opened nothing.
    pub refused: Option<ShortCodeRefusal>,
}

/// Why nothing was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortCodeRefusal {
    /// Unknown, wrong, over, or tried too often: one answer.
    Wrong,
    /// Too many wrong pairs at this moment.
    Busy,
}

impl ShortCodeRefusal {
    const fn sentence(self) -> &'static str {
        match self {
            Self::Wrong => {
                "短码或手机号后四位不对，或者短码已经失效。请对照最近一条短信核对；\
                 仍打不开，请拨短信中的值班电话。"
            }
            Self::Busy => "这一刻试的人太多，请过一分钟再试，或拨短信中的值班电话。",
        }
    }
}
