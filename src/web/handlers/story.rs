//! The story of one delivery.

use actix_web::{HttpRequest, HttpResponse, web};

use super::acts::{delivery_acts, end_banner};
use super::marks;
use super::receive::receipt::handed_out;
use crate::domain::delivery::DeliveryState;
use crate::domain::human_time::{date_zh, full_zh, weekday_zh};
use crate::domain::ids::DeliveryId;
use crate::service::audit_look::{Looked, audit_look};
use crate::service::receipt_file::receipt_for_staff;
use crate::service::scope::Scope;
use crate::service::story::{self, Sentence, Story, Tone, story_sentences};
use crate::service::{Service, ServiceError};
use crate::web::address::id;
use crate::web::error::WebError;
use crate::web::pages::parts::{Fact, Place, UrgencyMark};
use crate::web::pages::story::{StoryDay, StoryEntry, StoryPage, Weight};
use crate::web::respond::page;
use crate::web::session::Staff;
use crate::web::shell::shell;

/// The page.
pub(in crate::web) async fn show(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let delivery: DeliveryId = id(&request, "delivery")?;
    let scope = Scope::of(&staff.account);
    let account = staff.account.clone();
    let read = move || {
        let story = story::read(&service, scope, delivery)?;
        audit_look(&service, &account, Looked::Story, &story.notice, Some(delivery))?;
        Ok::<_, ServiceError>(story)
    };
    let story = web::block(read).await??;
    let draft = &story.notice.draft;
    page(&StoryPage {
        shell: shell(&staff, Place::Notices),
        organisation: story.delivery.organization_name.clone(),
        organisation_href: format!("/directory/{}", story.delivery.organization_id),
        board_href: format!("/notices/{}", story.notice.id),
        urgency: UrgencyMark::of(&draft.urgency),
        number: marks::numbered(&draft.document_number, story.notice.version),
        title: draft.title.clone(),
        state: marks::of_delivery(&story.delivery.facts, story.notice.state, story.read_at),
        facts: facts(&story),
        receipt_href: story
            .signature
            .is_some()
            .then(|| format!("/deliveries/{delivery}/receipt.jws")),
        days: days(story_sentences(&story)),
        acts: delivery_acts(&staff, &story),
        ended: end_banner(story.notice.state, &story.bounds),
        next: next(&story),
    })
}

/// The signed receipt of a delivery: what an auditor checks away from here.
pub(in crate::web) async fn receipt(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let delivery: DeliveryId = id(&request, "delivery")?;
    let (scope, account) = (Scope::of(&staff.account), staff.account.clone());
    let read = move || {
        let (notice, receipt) = receipt_for_staff(&service, scope, delivery)?;
        audit_look(&service, &account, Looked::Receipt, &notice, Some(delivery))?;
        Ok::<_, ServiceError>(receipt)
    };
    Ok(handed_out(web::block(read).await??))
}

fn facts(story: &Story) -> Vec<Fact> {
    let fact = |label: &str, value: String| Fact { label: label.to_owned(), value };
    let due = story.delivery.facts.deadline;
    let mut facts = vec![
        fact("收件类别", story.delivery.addressee.word_zh().to_owned()),
        fact("签收时限", due.map_or_else(|| "未设".to_owned(), full_zh)),
    ];
    if let Some(before) = story.deadline_before {
        facts.push(fact("原签收时限", format!("{}（放假安排更正前）", full_zh(before))));
    }
    let Some(signed) = &story.signature else {
        let state = story.notice.state;
        let words = match state.is_taken_back() {
            true => format!("{}时未签收", state.end_zh()),
            false => "尚未签收".to_owned(),
        };
        facts.push(fact("签收", words));
        return facts;
    };
    facts.extend([
        fact("签收人", signed.signer_name.clone()),
        fact("职务", signed.signer_post.clone()),
        fact("电话", signed.signer_phone.clone()),
        fact("签收时间", full_zh(signed.acknowledged_at)),
        fact("方式", signed.mode.word_zh().to_owned()),
    ]);
    facts.extend(signed.authority.clone().map(|authority| fact("受托依据", authority)));
    facts.push(fact("回执号", signed.number.clone()));
    facts
}

fn days(sentences: Vec<Sentence>) -> Vec<StoryDay> {
    let mut days: Vec<StoryDay> = Vec::new();
    for sentence in sentences {
        let date = sentence.at.in_shanghai().date();
        let date = format!("{} {}", date_zh(date), weekday_zh(date));
        let entry = entry(sentence);
        match days.last_mut().filter(|day| day.date == date) {
            Some(day) => day.entries.push(entry),
            None => days.push(StoryDay { date, entries: vec![entry] }),
        }
    }
    days
}

fn entry(sentence: Sentence) -> StoryEntry {
    StoryEntry {
        clock: sentence.at.in_shanghai().strftime("%H:%M:%S").to_string(),
        iso: sentence.at.to_string(),
        sentence: sentence.text,
        quiet: sentence.quiet,
        weight: match sentence.tone {
            Tone::Plain => Weight::Plain,
            Tone::Answer => Weight::Answer,
            Tone::Gap => Weight::Gap,
        },
    }
}

fn next(story: &Story) -> String {
    let state = DeliveryState::derive(&story.delivery.facts);
    match (&story.next, state) {
        (Some(owed), _) => marks::of_owed(owed, story.read_at),
        (None, DeliveryState::Acknowledged) => "没有。签收后不再催签。".to_owned(),
        (None, DeliveryState::Recalled) => "没有。本件已结束，不必再签收。".to_owned(),
        (None, DeliveryState::Returned) => "没有。退文等本单位处理。".to_owned(),
        (None, _) => "无。没有排定的下一步，需要时请打电话。".to_owned(),
    }
}
