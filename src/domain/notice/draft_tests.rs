//! Drafts: what may be issued, what each fault says, and that a release binds all of it.

use proptest::prelude::*;

use super::*;
use crate::domain::delivery::Addressee;
use crate::domain::ids::OrganizationId;
use crate::domain::notice::digest::{DraftFile, FileRole, draft_digest};

fn context() -> CheckContext {
    CheckContext { now: parse_moment("2026-11-23T14:32").unwrap(), has_main_file: false }
}

fn good() -> NoticeDraft {
    let organ = |name: &str, lead| DraftSignatory { name: name.to_owned(), lead };
    let text = str::to_owned;
    NoticeDraft {
        dispatching_organ: text("中共某省委办公厅"),
        signatories: vec![organ("中共某省委办公厅", true), organ("某省防汛指挥部", false)],
        form: text("telegram"),
        urgency: text("flash"),
        channel_class: text("plain_telegram"),
        document_number: text("某办发电[2026]３５ 号"),
        cipher_office_serial: text("某机发1220号"),
        approver_name: text("张三"),
        approved_on: text("2026年11月23日"),
        title: text(" 关于做好\n防汛工作的通知"),
        addressee_line: text("各市州、县市区委："),
        body: text("一、……\r\n二、……"),
        issue_date: text("2026-11-23"),
        duty_phone: text("０７３１-82217777"),
        report_back_to: text("某省防汛指挥部"),
        report_back_by: text("2026年11月30日"),
        sign_by: text("2026-11-24T00:20"),
        urgency_reason: text("强降雨将至"),
        ..NoticeDraft::default()
    }
}

#[test]
fn a_good_draft_becomes_a_header() {
    let header = good().check(&context()).unwrap();
    assert_eq!(header.document_number.to_string(), "某办发电〔2026〕35号");
    assert_eq!(header.title, "关于做好防汛工作的通知");
    assert_eq!(header.body.as_deref(), Some("一、……\n二、……"));
    assert_eq!(header.duty_phone, "0731-82217777");
    assert_eq!(header.urgency, Urgency::Flash);
    assert_eq!(header.approved_on, jiff::civil::date(2026, 11, 23));
    assert_eq!(header.sign_by, parse_moment("2026-11-24T00:20"));
    assert_eq!(header.report_back.unwrap().by, parse_moment("2026-12-01T00:00"));
    assert_eq!(header.copy_line, None);
}

#[test]
fn an_empty_draft_is_told_everything_at_once() {
    let faults = NoticeDraft::default().check(&context()).unwrap_err();
    let fields: Vec<Field> = faults.iter().map(|fault| fault.field).collect();
    use Field as F;
    assert_eq!(
        fields,
        [
            F::DispatchingOrgan,
            F::Signatories,
            F::Form,
            F::Urgency,
            F::ChannelClass,
            F::DocumentNumber,
            F::ApproverName,
            F::ApprovedOn,
            F::Title,
            F::AddresseeLine,
            F::Body,
            F::IssueDate,
            F::DutyPhone,
        ]
    );
    assert!(faults.iter().all(|fault| fault.message_zh.starts_with('请')), "{faults:#?}");
}

#[test]
fn each_fault_stands_beside_its_field() {
    type Spoil = fn(&mut NoticeDraft);
    let cases: [(Field, &str, Spoil); 19] = [
        (Field::Urgency, "纸质公文没有“特提”", |d| d.form = "paper".into()),
        (Field::ChannelClass, "应选“非涉密公文”", |d| d.form = "paper".into()),
        (Field::Urgency, "电报没有“平件”", |d| d.urgency = "ordinary".into()),
        (Field::UrgencyReason, "请填写紧急理由", |d| d.urgency_reason = " ".into()),
        (Field::Signatories, "请指明", |d| d.signatories[0].lead = false),
        (Field::Signatories, "只能有一个", |d| d.signatories[1].lead = true),
        (Field::Signatories, "重复", |d| d.signatories[1].name = "中共某省委办公厅".into()),
        (Field::DocumentNumber, "缺少括号内的年份", |d| d.document_number = "35号".into()),
        (Field::DocumentNumber, "序号“零”", |d| {
            d.document_number = "湘办发电〔2026〕零号".into()
        }),
        (Field::DocumentNumber, "机关代字“#”", |d| {
            d.document_number = "#〔2026〕35号".into()
        }),
        (Field::ApprovedOn, "“昨天”不是日期", |d| d.approved_on = "昨天".into()),
        (Field::ApprovedOn, "还没有到", |d| d.approved_on = "2026-11-24".into()),
        (Field::IssueDate, "早于签发日期", |d| d.issue_date = "2026-11-22".into()),
        (Field::Title, "最多200字", |d| d.title = "长".repeat(201)),
        (Field::Body, "控制字符", |d| d.body = "正\u{7}文".into()),
        (Field::DutyPhone, "不是电话号码", |d| d.duty_phone = "请打总机".into()),
        (Field::ReportBackTo, "向哪个单位", |d| d.report_back_to = String::new()),
        (Field::SignBy, "几时几分", |d| d.sign_by = "2026-11-24".into()),
        (Field::SignBy, "已经过去", |d| d.sign_by = "2026-11-23T14:32".into()),
    ];
    for (field, words, spoil) in cases {
        let mut draft = good();
        spoil(&mut draft);
        let faults = draft.check(&context()).unwrap_err();
        let told = faults.iter().find(|f| f.field == field && f.message_zh.contains(words));
        let told = told.unwrap_or_else(|| panic!("{field}: {words}: {faults:#?}")).told_zh();
        assert!(told.contains(words) && told.contains(field.label_zh()), "{field}: {told}");
    }
}

#[test]
fn a_file_may_carry_the_text() {
    let draft = NoticeDraft { body: String::new(), ..good() };
    assert!(draft.check(&context()).is_err());
    let with_file = CheckContext { has_main_file: true, ..context() };
    assert_eq!(draft.check(&with_file).unwrap().body, None);
}

fn files() -> Vec<DraftFile> {
    let file =
        |name: &str, role, byte| DraftFile { name: name.to_owned(), role, sha256: [byte; 32] };
    vec![file("通知.pdf", FileRole::Main, 1), file("附表.pdf", FileRole::Attachment, 2)]
}

fn recipients() -> Vec<(OrganizationId, Addressee)> {
    let id = |n| OrganizationId::new(Timestamp::from_micros(1), [n; 10]);
    vec![(id(1), Addressee::Primary), (id(2), Addressee::Copy)]
}

#[test]
fn every_field_changes_the_digest() {
    let before = draft_digest(&good(), &files(), &recipients());
    let serde_json::Value::Object(fields) = serde_json::to_value(good()).unwrap() else {
        panic!("a draft is an object")
    };
    assert_eq!(fields.len(), Field::ALL.len(), "a field without a Field, or the reverse");
    for name in fields.keys() {
        let mut changed = fields.clone();
        match &mut changed[name] {
            serde_json::Value::String(text) => text.push('改'),
            serde_json::Value::Bool(flag) => *flag = !*flag,
            serde_json::Value::Array(organs) => organs.reverse(),
            other => panic!("{name} is {other}"),
        }
        let changed: NoticeDraft = serde_json::from_value(changed.into()).unwrap();
        assert_ne!(draft_digest(&changed, &files(), &recipients()), before, "{name}");
    }
}

#[test]
fn files_and_recipients_are_bound_too() {
    let before = draft_digest(&good(), &files(), &recipients());
    type Spoil = fn(&mut Vec<DraftFile>, &mut Vec<(OrganizationId, Addressee)>);
    let edits: [Spoil; 7] = [
        |files, _| files[0].sha256[31] ^= 1,
        |files, _| files[1].name.push('2'),
        |files, _| files[1].role = FileRole::Main,
        |files, _| files.reverse(),
        |files, _| files.truncate(1),
        |_, to| to[1].1 = Addressee::Primary,
        |_, to| to.truncate(1),
    ];
    for (place, edit) in edits.iter().enumerate() {
        let (mut files, mut recipients) = (files(), recipients());
        edit(&mut files, &mut recipients);
        assert_ne!(draft_digest(&good(), &files, &recipients), before, "edit {place}");
    }
    let mut shuffled = recipients();
    shuffled.reverse();
    shuffled.extend(recipients());
    assert_eq!(draft_digest(&good(), &files(), &shuffled), before, "recipients are a set");
}

proptest! {
    #[test]
    fn two_drafts_share_a_digest_only_if_they_are_the_same(
        one in "[一二]{0,3}", two in "[一二]{0,3}", three in "[一二]{0,3}", four in "[一二]{0,3}",
    ) {
        let draft = |title: &str, line: &str| NoticeDraft {
            title: title.to_owned(), addressee_line: line.to_owned(), ..good()
        };
        let (left, right) = (draft(&one, &two), draft(&three, &four));
        let same = draft_digest(&left, &[], &[]) == draft_digest(&right, &[], &[]);
        prop_assert_eq!(same, left == right);
    }

    #[test]
    fn no_text_makes_the_check_stumble(raw in any::<String>()) {
        for field in Field::ALL.iter().map(|field| field.as_str()) {
            let serde_json::Value::Object(mut fields) = serde_json::to_value(good()).unwrap() else {
                unreachable!()
            };
            if fields[field].is_string() {
                fields.insert(field.to_owned(), raw.clone().into());
                let draft: NoticeDraft = serde_json::from_value(fields.into()).unwrap();
                let _ = draft.check(&context());
            }
        }
    }
}
