//! Fills a fresh installation with the demonstration: the directory of a province, accounts with
//! known passwords, and a notice that is ready to be released.
//!
//! The notice is written for one day; here its dates move to today. Never here: where it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;

use super::accounts::{self, AccountRefused, AccountRequest};
use super::import_directory::{self, DirectoryFiles, DirectoryRefused};
use super::{Service, ServiceError};
use crate::adapters::files::FilesFault;
use crate::adapters::files::sniff::sniff;
use crate::domain::account::Role;
use crate::domain::delivery::Addressee;
use crate::domain::evidence::Actor;
use crate::domain::file_name::FileName;
use crate::domain::human_time::parse_date;
use crate::domain::ids::{AccountId, FileId, NoticeId, OrganizationId};
use crate::domain::notice::{DraftSignatory, FileRole, NoticeDraft};
use crate::store::drafts::{NoticeFile, Pick, file_insert, pick_replace};
use crate::store::notices::{NewNotice, notice_insert};
use crate::store::organizations::{OrganizationBrief, organization_list};

/// The password of every demo account; the demo listens on this machine alone.
pub const DEMO_PASSWORD: &str = "yuelu-fengye-2026";

const ORGANIZATIONS: &[u8] = include_bytes!("../../config/demo/organizations.csv");
const DESKS: &[u8] = include_bytes!("../../config/demo/desks.csv");
const CONTACTS: &[u8] = include_bytes!("../../config/demo/contacts.csv");
const NOTICE: &str = include_str!("../../config/demo/notice/notice.toml");
const FILES: &[(&str, &[u8])] = &[
    ("正文.pdf", include_bytes!("../../config/demo/notice/正文.pdf")),
    (
        "附件 强降雨防范应对工作值班安排表.pdf",
        include_bytes!("../../config/demo/notice/附件 强降雨防范应对工作值班安排表.pdf"),
    ),
];

const PARTY_OFFICE: &str = "430000-party-office";
const GOVERNMENT_OFFICE: &str = "430000-gov-office";
/// Login, name, role, office. The first of them is the author of the sample notice.
const ACCOUNTS: &[(&str, &str, Role, &str)] = &[
    ("jingban", "王某", Role::Clerk, PARTY_OFFICE),
    ("hefa", "李某", Role::Releaser, PARTY_OFFICE),
    ("zhiban", "赵某", Role::Duty, PARTY_OFFICE),
    ("zf-jingban", "周某", Role::Clerk, GOVERNMENT_OFFICE),
    ("zf-hefa", "吴某", Role::Releaser, GOVERNMENT_OFFICE),
    ("guanli", "郑某", Role::Administrator, PARTY_OFFICE),
    ("shenji", "冯某", Role::Auditor, PARTY_OFFICE),
];

/// The demonstration could not be set up; its data is compiled in, so this is a fault of ours.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DemoFault {
    /// The sheets.
    #[error(transparent)]
    Directory(#[from] DirectoryRefused),
    /// The accounts.
    #[error(transparent)]
    Account(#[from] AccountRefused),
    /// The notice.
    #[error("the sample notice: {0}")]
    Notice(String),
    /// The use-case's own.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<FilesFault> for DemoFault {
    fn from(fault: FilesFault) -> Self {
        Self::Notice(fault.to_string())
    }
}

/// An account of the demonstration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoAccount {
    /// What it may do.
    pub role: Role,
    /// The name of its office.
    pub office: String,
    /// What is typed to sign in.
    pub login: &'static str,
}

/// What there is to show.
#[derive(Debug, Clone)]
pub struct Demo {
    /// Who can sign in.
    pub accounts: Vec<DemoAccount>,
    /// The sample notice.
    pub notice: NoticeId,
    /// Its title.
    pub title: String,
    /// How many it goes to as 主送 and as 抄送.
    pub recipients: (usize, usize),
    /// Organisations in the directory.
    pub organizations: usize,
}

/// Fills an empty installation.
///
/// # Errors
/// It is not empty, or the demonstration's data contradicts itself.
pub fn fill(service: &Service) -> Result<Demo, DemoFault> {
    let sheets = DirectoryFiles { organizations: ORGANIZATIONS, desks: DESKS, contacts: CONTACTS };
    import_directory::take_over(service, Actor::Operator, import_directory::check(sheets)?)?;
    let directory = service.store.read(organization_list).map_err(ServiceError::from)?;
    let by_code: BTreeMap<&str, &OrganizationBrief> =
        directory.iter().map(|one| (one.code.as_str(), one)).collect();
    let find = |code: &str| {
        by_code
            .get(code)
            .copied()
            .ok_or_else(|| DemoFault::Notice(format!("no organisation {code}")))
    };
    let mut accounts = Vec::new();
    let mut author = None;
    for (login, name, role, code) in ACCOUNTS.iter().copied() {
        let office = find(code)?;
        let id = make_account(service, login, name, role, office.id)?;
        author.get_or_insert((id, office.id));
        accounts.push(DemoAccount { role, office: office.name.clone(), login });
    }
    let author = author.ok_or_else(|| DemoFault::Notice("no author".into()))?;
    let sample: Sample =
        toml::from_str(NOTICE).map_err(|error| DemoFault::Notice(error.to_string()))?;
    let draft = sample.draft(service.now().in_shanghai().date(), &find)?;
    let picks = sample.picks(&directory, &find)?;
    let title = draft.title.clone();
    let notice = keep(service, author, draft, &picks, &sample.files)?;
    let primary = picks.iter().filter(|pick| pick.addressee == Addressee::Primary).count();
    let recipients = (primary, picks.len().saturating_sub(primary));
    Ok(Demo { accounts, notice, title, recipients, organizations: directory.len() })
}

fn make_account(
    service: &Service,
    login: &str,
    name: &str,
    role: Role,
    organization_id: OrganizationId,
) -> Result<AccountId, AccountRefused> {
    let request = AccountRequest {
        organization_id,
        login: login.to_owned(),
        display_name: name.to_owned(),
        phone: None,
        password: DEMO_PASSWORD.to_owned(),
        roles: BTreeSet::from([role]),
    };
    accounts::create(service, Actor::Operator, &request)
}

/// The sample notice as its file has it; fields that are only copied stay in `rest`.
#[derive(Deserialize)]
struct Sample {
    dispatching_organ: String,
    approved_on: String,
    issue_date: String,
    report_back_by: String,
    document_number: String,
    urgency_reason: String,
    body: String,
    signatories: Vec<SampleSignatory>,
    recipients: Vec<SampleRecipients>,
    files: Vec<SampleFile>,
    #[serde(flatten)]
    rest: toml::Table,
}

#[derive(Deserialize)]
struct SampleSignatory {
    organization: String,
    lead: bool,
}

/// Named by code, or by a rule over kind, level and region.
#[derive(Deserialize)]
struct SampleRecipients {
    addressee: String,
    phrase: String,
    #[serde(default)]
    codes: Vec<String>,
    rule: Option<SampleRule>,
}

#[derive(Deserialize)]
struct SampleRule {
    kinds: Vec<String>,
    levels: Vec<String>,
    region: String,
}

#[derive(Deserialize)]
struct SampleFile {
    role: String,
    path: String,
}

impl Sample {
    fn draft<'d>(
        &self,
        today: Date,
        find: &impl Fn(&str) -> Result<&'d OrganizationBrief, DemoFault>,
    ) -> Result<NoticeDraft, DemoFault> {
        let calendar = Shift::between(&self.issue_date, today)?;
        let text = |key: &str| {
            let value = self.rest.get(key).and_then(toml::Value::as_str);
            value.map(str::to_owned).ok_or_else(|| DemoFault::Notice(format!("no {key}")))
        };
        let mut signatories = Vec::new();
        for one in &self.signatories {
            let name = find(&one.organization)?.name.clone();
            signatories.push(DraftSignatory { name, lead: one.lead });
        }
        Ok(NoticeDraft {
            dispatching_organ: find(&self.dispatching_organ)?.name.clone(),
            signatories,
            form: text("form")?,
            urgency: text("urgency")?,
            channel_class: text("channel_class")?,
            document_number: calendar.year(&self.document_number),
            cipher_office_serial: text("cipher_office_serial")?,
            approver_name: text("approver_name")?,
            approved_on: calendar.date(&self.approved_on)?,
            title: text("title")?,
            addressee_line: text("addressee_line")?,
            copy_line: text("copy_line")?,
            body: calendar.sentences(&self.body)?,
            issue_date: calendar.date(&self.issue_date)?,
            circulation_scope: text("circulation_scope")?,
            contact_person: text("contact_person")?,
            duty_phone: text("duty_phone")?,
            report_back_to: text("report_back_to")?,
            report_back_by: calendar.moment(&self.report_back_by)?,
            urgency_reason: calendar.sentences(&self.urgency_reason)?,
            ..NoticeDraft::default()
        })
    }

    fn picks<'d>(
        &self,
        directory: &[OrganizationBrief],
        find: &impl Fn(&str) -> Result<&'d OrganizationBrief, DemoFault>,
    ) -> Result<Vec<Pick>, DemoFault> {
        let mut picks: BTreeMap<OrganizationId, Pick> = BTreeMap::new();
        for group in &self.recipients {
            let addressee: Addressee = group
                .addressee
                .parse()
                .map_err(|_| DemoFault::Notice(format!("addressee {}", group.addressee)))?;
            let mut ids = Vec::new();
            for code in &group.codes {
                ids.push(find(code)?.id);
            }
            if let Some(rule) = &group.rule {
                ids.extend(directory.iter().filter(|one| rule.means(one)).map(|one| one.id));
            }
            for organization_id in ids {
                let reason = group.phrase.clone();
                let pick = Pick { organization_id, addressee, reason };
                picks.entry(organization_id).or_insert(pick);
            }
        }
        Ok(picks.into_values().collect())
    }
}

impl SampleRule {
    fn means(&self, one: &OrganizationBrief) -> bool {
        self.kinds.iter().any(|kind| kind == one.kind.as_str())
            && self.levels.iter().any(|level| level == one.level.as_str())
            && one.region_code.starts_with(&self.region)
    }
}

/// Moves what was written for one day to another.
struct Shift {
    written: Date,
    days: i32,
}

impl Shift {
    fn between(written: &str, today: Date) -> Result<Self, DemoFault> {
        let written = parse_date(written).ok_or_else(|| not_a_date(written))?;
        let days = today.since(written).map_err(|_| not_a_date("today"))?.get_days();
        Ok(Self { written, days })
    }

    fn day(&self, written: Date) -> Result<Date, DemoFault> {
        written.checked_add(self.days.days()).map_err(|_| not_a_date("a day"))
    }

    fn date(&self, written: &str) -> Result<String, DemoFault> {
        let date = parse_date(written).ok_or_else(|| not_a_date(written))?;
        Ok(self.day(date)?.to_string())
    }

    /// `2026-11-25T18:00`: the day moves, the hour stays.
    fn moment(&self, written: &str) -> Result<String, DemoFault> {
        let (date, time) = written.split_once('T').ok_or_else(|| not_a_date(written))?;
        Ok(format!("{}T{time}", self.date(date)?))
    }

    /// The year in a document number.
    fn year(&self, number: &str) -> String {
        let year = self.day(self.written).map_or(self.written.year(), |date| date.year());
        number.replace(&format!("〔{}〕", self.written.year()), &format!("〔{year}〕"))
    }

    /// Sentences that name one of the three days after the day of writing. Every mention is
    /// marked before any is written anew, so that none is moved twice.
    fn sentences(&self, text: &str) -> Result<String, DemoFault> {
        let day_after = |n: i32| {
            let written = self.written.checked_add(n.days()).map_err(|_| not_a_date("a day"))?;
            Ok::<_, DemoFault>((written, self.day(written)?))
        };
        let ((first_was, first), (last_was, last)) = (day_after(1)?, day_after(3)?);
        let range_was = format!("{}至{}", month_and_day(first_was), day(last_was));
        let until = if first.month() == last.month() { day(last) } else { month_and_day(last) };
        let mut marks = vec![("{range}".to_owned(), format!("{}至{until}", month_and_day(first)))];
        let mut text = text.replace(&range_was, "{range}");
        for n in 1..=3 {
            let (was, is) = day_after(n)?;
            text = text.replace(&month_and_day(was), &format!("{{{n}}}"));
            text = text.replace(&format!("于{}", day(was)), &format!("于{{day {n}}}"));
            marks.push((format!("{{{n}}}"), month_and_day(is)));
            marks.push((format!("{{day {n}}}"), day(is)));
        }
        Ok(marks.iter().fold(text, |text, (mark, is)| text.replace(mark, is)))
    }
}

fn month_and_day(date: Date) -> String {
    format!("{}月{}", date.month(), day(date))
}

fn day(date: Date) -> String {
    format!("{}日", date.day())
}

fn not_a_date(text: &str) -> DemoFault {
    DemoFault::Notice(format!("{text} cannot be moved to today"))
}

fn keep(
    service: &Service,
    (author_id, issuer_id): (AccountId, OrganizationId),
    draft: NoticeDraft,
    picks: &[Pick],
    files: &[SampleFile],
) -> Result<NoticeId, DemoFault> {
    let now = service.now();
    let id = NoticeId::new(now, service.entropy()?);
    let new = NewNotice { id, issuer_id, author_id, draft, created_at: now };
    let files: Vec<NoticeFile> =
        files.iter().map(|file| keep_file(service, file)).collect::<Result<_, _>>()?;
    let picks = picks.to_vec();
    service.store.write("fill_demo", move |tx| {
        notice_insert(tx, &new)?;
        pick_replace(tx, id, &picks)?;
        for file in &files {
            file_insert(tx, id, 1, file)?;
        }
        Ok::<_, ServiceError>(())
    })?;
    Ok(id)
}

fn keep_file(service: &Service, file: &SampleFile) -> Result<NoticeFile, DemoFault> {
    let (_, bytes) = FILES
        .iter()
        .find(|(name, _)| *name == file.path)
        .ok_or_else(|| DemoFault::Notice(format!("no file {}", file.path)))?;
    let name = FileName::clean(&file.path);
    let kind = sniff(&name, &mut io::Cursor::new(*bytes))
        .map_err(|refusal| DemoFault::Notice(refusal.to_string()))?;
    let mut upload = service.files.begin(service.settings.upload_bytes_max)?;
    upload.write(bytes)?;
    let stored = upload.finish()?;
    Ok(NoticeFile {
        id: FileId::new(service.now(), service.entropy()?),
        role: if file.role == "body" { FileRole::Main } else { FileRole::Attachment },
        name: name.as_str().to_owned(),
        media_type: kind.media_type().to_owned(),
        size_bytes: i64::try_from(stored.size).unwrap_or(i64::MAX),
        sha256: stored.digest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_names_the_days_after_today() {
        let sample: Sample = toml::from_str(NOTICE).unwrap();
        let at = |today: &str| {
            let shift = Shift::between(&sample.issue_date, today.parse().unwrap()).unwrap();
            let text = shift.sentences(&format!("{}{}", sample.urgency_reason, sample.body));
            (text.unwrap(), shift)
        };
        let (same, _) = at("2026-11-23");
        assert_eq!(same, format!("{}{}", sample.urgency_reason, sample.body));
        let (text, _) = at("2026-11-24");
        assert!(text.contains("将于25日凌晨") && text.contains("11月25日至27日"), "{text}");
        assert!(text.contains("请于11月26日18时前"), "{text}");
        let (text, shift) = at("2026-12-30");
        for said in ["将于31日凌晨", "12月31日至1月2日", "请于1月1日18时前"] {
            assert!(text.contains(said), "{said} in {text}");
        }
        for stale in ["11月", "24日", "25日", "26日", "{", "}"] {
            assert!(!text.contains(stale), "{stale} in {text}");
        }
        assert_eq!(shift.moment(&sample.report_back_by).unwrap(), "2027-01-01T18:00");
        assert_eq!(shift.year(&sample.document_number), "湘办发电〔2026〕35号");
        let (_, next_year) = at("2027-01-02");
        assert_eq!(next_year.year(&sample.document_number), "湘办发电〔2027〕35号");
    }
}
