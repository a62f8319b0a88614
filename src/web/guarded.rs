//! No posted text gets past this door with a marking of classified papers in it: reasons, answers
//! of recipients, notes of calls, names. All of them at once, so that no form can be forgotten.
//!
//! The form of a notice has a guard of its own, where a false alarm can be confirmed; here a person
//! writes it otherwise. What is looked for is not stored and not screened: searches are no posts.

use actix_web::{HttpMessage as _, HttpRequest, web};

use super::error::WebError;
use super::forms::Fields;
use super::session::Staff;
use super::visit::{Bearer, Visit, holder_of};
use crate::domain::evidence::Actor;
use crate::service::refuse_classified::{Writer, note_classified, screen_all};

/// Fields whose values are never kept as they are.
const SECRETS: &[&str] = &["password", "password_again", "current", "secret"];

/// Refuses fields that carry a marking, and puts on record that it happened.
///
/// # Errors
/// [`WebError::Classified`].
pub(super) async fn require_unmarked(
    request: &HttpRequest,
    fields: &Fields,
) -> Result<(), WebError> {
    let kept = fields.pairs().filter(|(name, _)| !SECRETS.contains(name));
    let found = screen_all(kept.map(|(_, text)| text));
    let Some(message) = found.message_elsewhere_zh() else { return Ok(()) };
    let message = format!("{}{message}", places(fields));
    let writer = writer_of(request).await?;
    let service = super::service_of(request)?;
    web::block(move || note_classified(&service, writer, &found, "form")).await??;
    Err(WebError::Classified(message))
}

/// `“备注”一栏：`: where on the form it stands; nothing of what was written.
fn places(fields: &Fields) -> String {
    let marked = fields.pairs().filter(|(name, text)| {
        !SECRETS.contains(name) && screen_all([*text].into_iter()).refuses()
    });
    let mut labels: Vec<&str> = marked.map(|(name, _)| label(name)).collect();
    labels.dedup();
    if labels.is_empty() { String::new() } else { format!("“{}”一栏：", labels.join("、")) }
}

fn label(name: &str) -> &'static str {
    match name.split('-').next().unwrap_or(name) {
        "reason" | "return_reason" | "gap_reason" => "理由",
        "note" => "备注",
        "detail" => "说明",
        "name" | "callee" | "officer" | "leader" | "oral_by" => "姓名",
        "post" => "职务",
        "phone" | "number" => "电话",
        "authority" => "受谁委托",
        "same" | "gap" => "未签收的情况",
        "oral_how" => "怎么说的",
        "text" => "全文",
        _ => "所填内容",
    }
}

async fn writer_of(request: &HttpRequest) -> Result<Writer, WebError> {
    let staff = request.extensions().get::<Staff>().map(|staff| staff.account.id);
    if let Some(account) = staff {
        let notice = request.match_info().get("notice").and_then(|id| id.parse().ok());
        return Ok(Writer { actor: Actor::Account(account), notice, delivery: None });
    }
    let visit = request.extensions().get::<Visit>().cloned();
    let is_borne = request.extensions().get::<Bearer>().is_some();
    let visit = if is_borne { Some(holder_of(request).await?) } else { visit };
    Ok(match visit {
        Some(visit) => Writer {
            actor: Actor::Link(visit.link),
            notice: Some(visit.notice),
            delivery: Some(visit.delivery),
        },
        None => Writer { actor: Actor::System("door"), notice: None, delivery: None },
    })
}
