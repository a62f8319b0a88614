//! Between the fields of the compose form and a draft, both ways, losing nothing that was typed.

use crate::domain::account::Account;
use crate::domain::classification::screen_text;
use crate::domain::ids::OrganizationId;
use crate::domain::notice::draft::DraftSignatory;
use crate::domain::notice::{Field, NoticeDraft};
use crate::domain::urgency::{ChannelClass, Form, Urgency};
use crate::service::compose::Content;
use crate::service::pick::Ticks;
use crate::web::forms::Fields;
use crate::web::pages::compose::{ComposeChoices, NoticeForm};
use crate::web::pages::parts::{Choice, Errors};

/// The draft that the form's fields say.
pub(super) fn draft_of(fields: &Fields) -> NoticeDraft {
    let text = |name: &str| fields.text(name).to_owned();
    NoticeDraft {
        dispatching_organ: text("dispatching_organ"),
        signatories: signatories_of(fields.text("signatories"), fields.text("lead")),
        form: text("form"),
        urgency: text("urgency"),
        channel_class: text("channel_class"),
        document_number: text("document_number"),
        cipher_office_serial: text("cipher_office_serial"),
        approver_name: text("approver_name"),
        approved_on: text("approved_on"),
        title: text("title"),
        addressee_line: text("addressee_line"),
        copy_line: text("copy_line"),
        body: text("body"),
        issue_date: text("issued_on"),
        circulation_scope: text("circulation_scope"),
        contact_person: text("contact_person"),
        duty_phone: text("duty_phone"),
        report_back_to: text("report_back_to"),
        report_back_by: text("report_back_by"),
        report_back_note: text("report_back_note"),
        sign_by: text("sign_by"),
        overnight: fields.has("overnight"),
        urgency_reason: text("urgency_reason"),
    }
}

/// One organ a line; the lead is the one named, else the first. A lead that is no line is added,
/// so that it is not lost and the check speaks about it.
fn signatories_of(lines: &str, lead: &str) -> Vec<DraftSignatory> {
    let lead = lead.trim();
    let mut organs: Vec<DraftSignatory> = lines
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| DraftSignatory { name: line.to_owned(), lead: line == lead })
        .collect();
    if !organs.iter().any(|organ| organ.lead) {
        if lead.is_empty() {
            if let Some(first) = organs.first_mut() {
                first.lead = true;
            }
        } else {
            organs.push(DraftSignatory { name: lead.to_owned(), lead: true });
        }
    }
    organs
}

/// The recipients that the form's boxes say; each field may hold several ids.
pub(super) fn ticks_of(fields: &Fields) -> Ticks {
    let ids = |name: &'static str| {
        let words = fields.all(name).flat_map(str::split_whitespace);
        words.filter_map(|word| word.parse::<OrganizationId>().ok()).collect()
    };
    Ticks { primary: ids("to"), copy: ids("cc") }
}

/// The form that a draft fills.
pub(super) fn form_of(draft: &NoticeDraft) -> NoticeForm {
    let names: Vec<&str> = draft.signatories.iter().map(|one| one.name.as_str()).collect();
    let lead = draft.signatories.iter().position(|one| one.lead);
    let lead = lead.filter(|place| *place > 0).and_then(|place| names.get(place));
    NoticeForm {
        dispatching_organ: draft.dispatching_organ.clone(),
        signatories: names.join("\n"),
        // The first leads unless another is named.
        lead: lead.map(|name| (*name).to_owned()).unwrap_or_default(),
        form: draft.form.clone(),
        urgency: draft.urgency.clone(),
        channel_class: draft.channel_class.clone(),
        document_number: draft.document_number.clone(),
        cipher_office_serial: draft.cipher_office_serial.clone(),
        approver_name: draft.approver_name.clone(),
        approved_on: draft.approved_on.clone(),
        title: draft.title.clone(),
        addressee_line: draft.addressee_line.clone(),
        copy_line: draft.copy_line.clone(),
        body: draft.body.clone(),
        issued_on: draft.issue_date.clone(),
        circulation_scope: draft.circulation_scope.clone(),
        contact_person: draft.contact_person.clone(),
        duty_phone: draft.duty_phone.clone(),
        report_back_to: draft.report_back_to.clone(),
        report_back_by: draft.report_back_by.clone(),
        report_back_note: draft.report_back_note.clone(),
        overnight: draft.overnight,
        sign_by: draft.sign_by.clone(),
        urgency_reason: draft.urgency_reason.clone(),
    }
}

/// What an empty form may already know.
pub(super) fn fresh_draft(account: &Account) -> NoticeDraft {
    let office = account.organization_name.clone();
    NoticeDraft {
        signatories: vec![DraftSignatory { name: office.clone(), lead: true }],
        dispatching_organ: office,
        form: Form::Telegram.as_str().to_owned(),
        channel_class: ChannelClass::of(Form::Telegram).as_str().to_owned(),
        contact_person: account.display_name.clone(),
        duty_phone: account.phone.clone().unwrap_or_default(),
        ..NoticeDraft::default()
    }
}

/// Whether a form is as it was before anybody wrote in it.
pub(super) fn is_untouched(content: &Content, account: &Account) -> bool {
    let nobody = content.ticks.primary.is_empty() && content.ticks.copy.is_empty();
    nobody && content.draft.says_the_same(&fresh_draft(account))
}

/// The fields of the form in which something looks like a marking, with their labels.
pub(super) fn marked_fields(draft: &NoticeDraft) -> Vec<(&'static str, &'static str)> {
    let organs: Vec<&str> = draft.signatories.iter().map(|one| one.name.as_str()).collect();
    let organs = organs.join("\n");
    let fields = [
        ("title", "标题", draft.title.as_str()),
        ("urgency_reason", "紧急理由", &draft.urgency_reason),
        ("document_number", "发文字号", &draft.document_number),
        ("cipher_office_serial", "机要编号", &draft.cipher_office_serial),
        ("dispatching_organ", "发电单位", &draft.dispatching_organ),
        ("signatories", "落款机关", &organs),
        ("approver_name", "签发人", &draft.approver_name),
        ("addressee_line", "主送", &draft.addressee_line),
        ("copy_line", "抄送", &draft.copy_line),
        ("body", "正文文字", &draft.body),
        ("circulation_scope", "印发传达范围", &draft.circulation_scope),
        ("contact_person", "联系人", &draft.contact_person),
        ("report_back_to", "回告给", &draft.report_back_to),
        ("report_back_note", "回告要求", &draft.report_back_note),
    ];
    let marked = fields.into_iter().filter(|(_, _, text)| screen_text(text).refuses());
    marked.map(|(field, label, _)| (field, label)).collect()
}

/// The lists the form chooses from.
pub(super) fn choices() -> ComposeChoices {
    let choice = |value: &str, label: &str| Choice { value: value.into(), label: label.into() };
    let levels = Urgency::ALL.iter().map(|level| choice(level.as_str(), level.word_zh()));
    ComposeChoices {
        urgency: std::iter::once(choice("", "请选择")).chain(levels).collect(),
        form: Form::ALL.iter().map(|form| choice(form.as_str(), form.word_zh())).collect(),
        channel_class: ChannelClass::ALL
            .iter()
            .map(|class| choice(class.as_str(), class.word_zh()))
            .collect(),
    }
}

/// The name of a field on the page.
pub(super) fn field_name(stored: &str) -> &str {
    if stored == Field::IssueDate.as_str() { "issued_on" } else { stored }
}

/// Faults with their fields, as the page shows them.
pub(super) fn errors_of<'m>(messages: impl IntoIterator<Item = (&'m str, String)>) -> Errors {
    let mut errors = Errors::none();
    for (field, message) in messages {
        errors.add(field_name(field), &message);
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_comes_back_as_it_was() {
        let posted = "title=a&signatories=%E7%94%B2%0A%E4%B9%99&lead=%E4%B9%99&issued_on=2026-11-24\
                      &overnight=1&report_back_note=n&to=org_x&urgency=flash";
        let draft = draft_of(&Fields::parse(posted.as_bytes()));
        let form = form_of(&draft);
        assert_eq!((form.signatories.as_str(), form.lead.as_str()), ("甲\n乙", "乙"));
        assert_eq!((form.issued_on.as_str(), form.overnight), ("2026-11-24", true));
        assert_eq!(form.report_back_note, "n");
    }

    #[test]
    fn a_lead_that_is_no_line_is_kept() {
        let names = |lines, lead| {
            let organs = signatories_of(lines, lead);
            organs.into_iter().map(|one| (one.name, one.lead)).collect::<Vec<_>>()
        };
        assert_eq!(names("甲\n\n乙", ""), [("甲".to_owned(), true), ("乙".to_owned(), false)]);
        assert_eq!(names("甲", "丙"), [("甲".to_owned(), false), ("丙".to_owned(), true)]);
        assert!(names("", "").is_empty());
    }
}
