//! From a delivery as read to the words of its 题录.

use crate::domain::delivery::{Addressee, ReceiptMode};
use crate::domain::file_name::FileName;
use crate::domain::human_time::{date_zh, length_zh, parse_date, weekday_zh};
use crate::domain::notice::{FileRole, NoticeDraft, NoticeState};
use crate::domain::time::Timestamp;
use crate::domain::urgency::PrintedGrade;
use crate::service::receive::Receiving;
use crate::store::drafts::NoticeFile;
use crate::web::pages::give_back::BriefNotice;
use crate::web::pages::link_parts::{Field, Person, Phone};
use crate::web::pages::parts::UrgencyMark;
use crate::web::pages::slip::{BodyText, Deadline, FileLine, Replaces, Slip};

use super::page_path;
use crate::web::handlers::marks;

/// The 题录 of a delivery.
pub(super) fn slip(receiving: &Receiving, form_token: &str) -> Slip {
    let (offer, delivery) = (&receiving.offer, &receiving.delivery);
    let header = &offer.header;
    let path = page_path(delivery.id);
    let withdrawn = receiving.withdrawn();
    let hands_out = !matches!(withdrawn, Some(NoticeState::Recalled | NoticeState::Revoked));
    let may_return = withdrawn.is_none()
        && delivery.facts.acknowledged_at.is_none()
        && delivery.facts.returned_at.is_none()
        && receiving.returned_open().is_none();
    let line = match delivery.addressee {
        Addressee::Primary => &header.addressee_line,
        Addressee::Copy => &header.copy_line,
    };
    Slip {
        organization: delivery.organization_name.clone(),
        level: UrgencyMark::of(offer.urgency.as_str()),
        deadline: deadline(receiving),
        dispatching_organ: header.dispatching_organ.clone(),
        signatories: signatories(header),
        document_number: header.document_number.clone(),
        level_line: level_line(receiving),
        title: header.title.clone(),
        addressee_line: line.clone(),
        approver_name: header.approver_name.clone(),
        approved_on: date_words(&header.approved_on),
        issued_on: date_words(&header.issue_date),
        cipher_office_serial: filled(&header.cipher_office_serial),
        version: (offer.version > 1).then(|| format!("第{}版", offer.version)),
        replaces: receiving.corrects.as_ref().map(|older| Replaces {
            version: offer.version,
            older: older.version,
            reason: older.reason.clone(),
            answered: receiving.receipt.as_ref().map(|receipt| match receipt.mode {
                ReceiptMode::OwnOrganization => "贵单位已签收本版。",
                ReceiptMode::OnBehalf => "本版已有人代收。",
                ReceiptMode::Phone => "本版已电话确认。",
            }),
        }),
        scope: filled(&header.circulation_scope),
        report_back: report_back(header),
        contact_person: header.contact_person.clone(),
        duty_phone: duty_phone(header),
        body: body(receiving, &path, hands_out),
        files: files(&offer.files, &path, hands_out),
        files_note: (!hands_out && !offer.files.is_empty())
            .then(|| "本件已收回，文件不再提供。".to_owned()),
        return_href: may_return.then(|| format!("{path}/return")),
        form_token: form_token.to_owned(),
    }
}

/// The notice in three lines.
pub(super) fn brief(receiving: &Receiving) -> BriefNotice {
    let header = &receiving.offer.header;
    let due = receiving.delivery.facts.deadline.map(|deadline| {
        let civil = deadline.in_shanghai();
        let date = date_zh(civil.date());
        format!("请于 {date} {} 前签收", civil.strftime("%H:%M"))
    });
    BriefNotice {
        organization: receiving.delivery.organization_name.clone(),
        level: UrgencyMark::of(receiving.offer.urgency.as_str()),
        document_number: header.document_number.clone(),
        title: header.title.clone(),
        due,
        duty_phone: duty_phone(header),
        back_href: page_path(receiving.delivery.id),
    }
}

/// 等级 as printed.
pub(super) fn level_line(receiving: &Receiving) -> String {
    let offer = &receiving.offer;
    match offer.header.channel_class.parse() {
        Ok(class) => PrintedGrade(offer.urgency, class).to_string(),
        Err(_) => offer.urgency.word_zh().to_owned(),
    }
}

/// A person's three fields as typed, each with what is wrong with it.
pub(super) fn person(
    typed: [&str; 3],
    faults: crate::domain::stated_person::PersonFaults,
) -> Person {
    let [name, post, phone] = typed;
    Person {
        name: field(name, faults.name),
        post: field(post, faults.post),
        phone: field(phone, faults.phone),
    }
}

/// A field as typed, with what is wrong with it.
pub(super) fn field(value: &str, error: Option<String>) -> Field {
    Field { value: value.to_owned(), error }
}

fn filled(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A date as documents write it; what is no date, as typed.
pub(in crate::web::handlers) fn date_words(typed: &str) -> String {
    parse_date(typed).map_or_else(|| typed.to_owned(), date_zh)
}

fn deadline(receiving: &Receiving) -> Deadline {
    let now = receiving.now;
    let Some(due) = receiving.delivery.facts.deadline else { return Deadline::Absent };
    let (civil, today) = (due.in_shanghai(), now.in_shanghai().date());
    let (time, day) = (civil.strftime("%H:%M").to_string(), civil.date());
    let clock = if day == today { time } else { civil.strftime("%m-%d %H:%M").to_string() };
    let near = match () {
        () if day == today => "今天，",
        () if today.tomorrow().is_ok_and(|tomorrow| tomorrow == day) => "明天，",
        () if today.yesterday().is_ok_and(|yesterday| yesterday == day) => "昨天，",
        () => "",
    };
    let mut date = format!("{}（{near}{}）", date_zh(day), weekday_zh(day));
    if let Some(origin) = &receiving.delivery.deadline_origin {
        date = format!("{date}，{origin}");
    }
    if now <= due {
        let as_of = now.in_shanghai().strftime("%H:%M").to_string();
        Deadline::Ahead { clock, date, left: length_zh(due.since(now)), as_of }
    } else {
        Deadline::Passed { clock, date, over: length_zh(now.since(due)) }
    }
}

/// The organs of a joint notice, lead first.
fn signatories(header: &NoticeDraft) -> Option<String> {
    let (leads, others): (Vec<_>, Vec<_>) = header.signatories.iter().partition(|one| one.lead);
    let names: Vec<&str> = leads.iter().chain(&others).map(|one| one.name.as_str()).collect();
    (names.len() > 1).then(|| names.join("、"))
}

fn report_back(header: &NoticeDraft) -> Option<String> {
    let to = filled(&header.report_back_to)?;
    let by = filled(&header.report_back_by).map(|by| format!("{}前", by.replace('T', " ")));
    let by = by.unwrap_or_default();
    let note = filled(&header.report_back_note).map(|note| format!("，{note}"));
    Some(format!("{by}报{to}{}", note.unwrap_or_default()))
}

/// The duty phone as printed; dialled is the first number of it.
pub(super) fn duty_phone(header: &NoticeDraft) -> Phone {
    let shown = header.duty_phone.clone();
    let first = shown.split(['、', '，', ',', '；', ';', '/', '转']).next().unwrap_or_default();
    let dial = first.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    Phone { shown, dial }
}

fn body(receiving: &Receiving, path: &str, hands_out: bool) -> BodyText {
    let text = receiving.offer.header.body.trim_end();
    if text.trim().is_empty() || !hands_out {
        return BodyText::Absent;
    }
    let facts = &receiving.delivery.facts;
    if facts.opened_at.is_none() && facts.acknowledged_at.is_none() {
        return BodyText::Folded { open_action: format!("{path}/open") };
    }
    body_shown(&receiving.offer.header)
}

/// The text, open.
pub(super) fn body_shown(header: &NoticeDraft) -> BodyText {
    let lines = header.body.lines().filter(|line| !line.trim().is_empty());
    let paragraphs: Vec<String> = lines.map(str::to_owned).collect();
    if paragraphs.is_empty() { BodyText::Absent } else { BodyText::Shown { paragraphs } }
}

fn files(files: &[NoticeFile], path: &str, hands_out: bool) -> Vec<FileLine> {
    let line = |(label, file): (String, &NoticeFile)| {
        let action = |verb: &str| format!("{path}/files/{}/{verb}", file.id);
        FileLine {
            label,
            attachment: file.role == FileRole::Attachment,
            name: file.name.clone(),
            facts: file_facts(file),
            taken: None,
            look_href: None,
            open_action: (hands_out && may_be_looked_at(file)).then(|| action("open")),
            download_action: hands_out.then(|| action("download")),
        }
    };
    labels(files.iter().map(|file| file.role)).zip(files).map(line).collect()
}

/// `正文`, `附件1`, `附件2`, in the order of the notice.
pub(super) fn labels(roles: impl Iterator<Item = FileRole>) -> impl Iterator<Item = String> {
    let mut attachments = 0usize;
    roles.map(move |role| match role {
        FileRole::Main => "正文".to_owned(),
        FileRole::Attachment => {
            attachments += 1;
            format!("附件{attachments}")
        }
    })
}

/// Whether a browser may show a file itself: only types whose structure was proved on upload
/// and that run nothing.
pub(super) fn may_be_looked_at(file: &NoticeFile) -> bool {
    matches!(file.media_type.as_str(), "application/pdf" | "image/png" | "image/jpeg")
}

fn file_facts(file: &NoticeFile) -> String {
    let kind = FileName::clean(&file.name).extension().to_uppercase();
    let size = marks::size_words(file.size_bytes);
    if kind.is_empty() { size } else { format!("{kind}，{size}") }
}

/// `1,258,291 字节`.
pub(super) fn exact_size(bytes: u64) -> String {
    let digits = bytes.to_string();
    let mut words = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    format!("{words} 字节")
}

/// `2026年11月23日 14:35:07（北京时间）`.
pub(super) fn exact_time(at: Timestamp) -> String {
    let civil = at.in_shanghai();
    format!("{} {}（北京时间）", date_zh(civil.date()), civil.strftime("%H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_by_people() {
        assert_eq!(exact_size(1_258_291), "1,258,291 字节");
        assert_eq!(exact_size(999), "999 字节");
    }

    #[test]
    fn the_first_of_several_numbers_is_dialled() {
        let header =
            NoticeDraft { duty_phone: "0731-82217777、82218888".into(), ..Default::default() };
        assert_eq!(duty_phone(&header).dial, "073182217777");
    }

    #[test]
    fn attachments_are_counted_in_their_order() {
        let roles = [FileRole::Main, FileRole::Attachment, FileRole::Attachment];
        let labels: Vec<String> = labels(roles.into_iter()).collect();
        assert_eq!(labels, ["正文", "附件1", "附件2"]);
    }
}
