//! What the form and the release page both show of a draft: its files, its picker, and the
//! column that says what will happen.

use crate::adapters::files::sniff::FileKind;
use crate::domain::delivery::Addressee;
use crate::domain::escalation::ways_zh;
use crate::domain::human_time::{clock_zh, length_zh};
use crate::domain::ladder::{PlannedRung, RungAct};
use crate::domain::notice::FileRole;
use crate::domain::reach::Gap;
use crate::domain::time::{Span, Timestamp};
use crate::domain::urgency::Urgency;
use crate::service::compose::OpenDraft;
use crate::service::issue::unlooked_zh;
use crate::service::outlook::{Outlook, Recipient};
use crate::service::pick::{PickTree, Ticks, TreeNotes};
use crate::service::preview::Preview;
use crate::store::drafts::NoticeFile;
use crate::web::handlers::compose_form::field_name;
use crate::web::handlers::marks;
use crate::web::pages::compose::{FileRow, GapRow, Step, Truth};
use crate::web::pages::parts::Link;
use crate::web::pages::picker::{PickBranch, PickGroup, PickRow, Picker};

/// The lines of the list of files.
pub(super) fn file_rows(open: &OpenDraft, now: Timestamp) -> Vec<FileRow> {
    let address = format!("/notices/{}", open.notice.id);
    let mut attachments = 0u32;
    let row = |file: &NoticeFile| {
        let role = match file.role {
            FileRole::Main => "正文".to_owned(),
            FileRole::Attachment => {
                attachments += 1;
                format!("附件{attachments}")
            }
        };
        FileRow {
            id: file.id.to_string(),
            name: file.name.clone(),
            size: size_zh(&file.media_type, file.size_bytes),
            digest: file.sha256.to_string().chars().take(8).collect(),
            role,
            href: format!("{address}/files/{}", file.id),
            unread: unread_zh(open, file, now),
            vouch: open.unread.get(&file.sha256).is_some_and(|one| one.vouched.is_none()),
        }
    };
    open.files.iter().map(row).collect()
}

/// What no program could read of a file, and who has looked instead.
fn unread_zh(open: &OpenDraft, file: &NoticeFile, now: Timestamp) -> String {
    let Some(unread) = open.unread.get(&file.sha256) else { return String::new() };
    let said = unread.legibility.word_zh();
    match &unread.vouched {
        Some((name, at)) => format!("{said}；{name} {} 已看过，确认不涉密", clock_zh(*at, now)),
        None => format!("{said}，请逐页看过有无密级标志"),
    }
}

fn size_zh(media_type: &str, bytes: i64) -> String {
    let kind = FileKind::of_media_type(media_type).map_or("文件", FileKind::word);
    format!("{kind} {}", marks::size_words(bytes))
}

/// The picker with its ticks.
pub(super) fn picker(tree: &PickTree, notes: &TreeNotes, ticks: &Ticks, search: &str) -> Picker {
    let row = |known: &crate::store::organizations::OrganizationBrief, head: i32| PickRow {
        id: known.id.to_string(),
        name: known.name.clone(),
        code: String::new(),
        aliases: notes
            .aliases
            .get(&known.id)
            .into_iter()
            .flatten()
            .map(String::as_str)
            .chain(std::iter::once(known.short_name.as_str()))
            .collect::<Vec<_>>()
            .join(" "),
        depth: u8::from(known.depth > head),
        primary: ticks.primary.contains(&known.id),
        copy: ticks.copy.contains(&known.id),
        unreachable: notes.unreachable.contains(&known.id),
        shown: notes.found.as_ref().is_none_or(|found| found.contains(&known.id)),
    };
    let groups = tree.groups.iter().map(|group| PickGroup {
        key: group.key.clone(),
        name: group.name.clone(),
        branches: group
            .branches
            .iter()
            .map(|branch| {
                let head = branch.rows.iter().map(|row| row.depth).min().unwrap_or(0);
                let rows: Vec<PickRow> = branch.rows.iter().map(|it| row(it, head)).collect();
                let open = notes.found.is_some() && rows.iter().any(|row| row.shown);
                PickBranch { key: branch.key.clone(), name: branch.name.clone(), open, rows }
            })
            .collect(),
    });
    Picker { search: search.to_owned(), groups: groups.collect() }
}

/// The column that says what will happen.
pub(super) fn truth(preview: &Preview) -> Truth {
    let outlook = &preview.outlook;
    let notice = &preview.open.notice;
    let main = outlook.recipients.iter().find(|one| one.addressee == Addressee::Primary);
    let (deadline, deadline_origin) = deadline_words(outlook, main, preview.now);
    let mut missing: Vec<Link> = preview
        .faults
        .iter()
        .map(|fault| link(&fault.told_zh(), &format!("#{}", field_name(fault.field.as_str()))))
        .collect();
    if outlook.recipients.is_empty() {
        missing.push(link("请选择主送或抄送单位", "#to"));
    }
    let address_count = outlook.address_count();
    let unlooked = preview.open.unlooked();
    if !unlooked.is_empty() {
        missing.push(link(&unlooked_zh(&unlooked), "#filelist"));
    }
    Truth {
        organisations: outlook.recipients.len(),
        addresses: address_count,
        unreachable: outlook
            .unreachable()
            .map(|one| link(&one.organization.name, &directory_href(one)))
            .collect(),
        gaps: gaps(outlook),
        ways: Some(ways_zh(outlook.ways())).filter(|words| !words.is_empty()).into_iter().collect(),
        deadline,
        deadline_origin,
        steps: main.map(|one| steps(&one.rungs, preview.now)).unwrap_or_default(),
        night_cost: night_cost(preview),
        missing,
        saved: format!("草稿已存 {}", clock_zh(notice.saved_at, preview.now)),
    }
}

fn link(text: &str, href: &str) -> Link {
    Link { text: text.to_owned(), href: href.to_owned(), current: false }
}

fn directory_href(recipient: &Recipient) -> String {
    format!("/directory/{}", recipient.organization.id)
}

/// Who is sent to only with a reason, and where each thing that is missing is mended.
pub(super) fn gaps(outlook: &Outlook) -> Vec<GapRow> {
    if !outlook.must_explain_gaps() {
        return Vec::new();
    }
    let with_gaps = outlook.recipients.iter().filter(|one| !one.gaps.is_empty());
    with_gaps
        .map(|one| {
            let missing = one.gaps.iter().map(|gap| {
                let place = match gap {
                    Gap::NoAddress | Gap::NoVerifiedWay => "contacts",
                    Gap::NoSecondWay => "desks",
                    Gap::SuperiorUnstated => "basic",
                };
                link(gap.word_zh(), &format!("{}#{place}", directory_href(one)))
            });
            GapRow { name: one.organization.name.clone(), missing: missing.collect() }
        })
        .collect()
}

fn deadline_words(outlook: &Outlook, main: Option<&Recipient>, now: Timestamp) -> (String, String) {
    let Some(deadline) = main.and_then(|one| one.deadline.as_ref()) else {
        return (String::new(), String::new());
    };
    let several = outlook
        .recipients
        .iter()
        .filter_map(|one| one.deadline.as_ref())
        .any(|other| other.at != deadline.at);
    let note = if several { "，各单位工作时间不同，以名单为准" } else { "" };
    let text = format!("若现在发出，{}前签收{note}", clock_zh(deadline.at, now));
    (text, deadline.explanation_zh.clone())
}

/// When a step falls on the instant of issue.
const AT_ISSUE: &str = "发出时";

/// Steps that fall on the same minutes for the same act are one line: `5、10 分钟 催签`.
fn steps(rungs: &[PlannedRung], now: Timestamp) -> Vec<Step> {
    let mut lines: Vec<(RungAct, Vec<String>)> = Vec::new();
    for rung in rungs {
        let wait = rung.due_at.since(now);
        let when = if wait <= Span::ZERO { AT_ISSUE.to_owned() } else { length_zh(wait) };
        match lines.last_mut() {
            // What happens at once is a line of its own.
            Some((act, times))
                if *act == rung.act && times.iter().all(|known| known != AT_ISSUE) =>
            {
                times.push(when);
            }
            _ => lines.push((rung.act, vec![when])),
        }
    }
    let first = lines.iter().position(|(act, _)| *act == RungAct::Remind);
    lines
        .into_iter()
        .enumerate()
        .map(|(place, (act, times))| Step {
            when: times.join("、"),
            what: match act {
                RungAct::Remind if Some(place) == first => "发出通知".to_owned(),
                act => act.word_zh().to_owned(),
            },
        })
        .collect()
}

/// What sending now costs people: who is woken, how many calls are likely, and how often this
/// office did it lately.
fn night_cost(preview: &Preview) -> String {
    let (outlook, now) = (&preview.outlook, preview.now);
    let at_once = outlook.recipients.iter().filter(|one| one.first_at <= now);
    let woken: usize = at_once.map(Recipient::people).sum();
    let mut cost = String::new();
    if outlook.at_night && woken > 0 {
        cost.push_str(&format!("现在是夜间：将通知约 {woken} 名值守人员。"));
    }
    let flash = outlook.ladder.as_ref().is_some_and(|ladder| ladder.level == Urgency::Flash);
    if flash {
        let calls = outlook.recipients.iter().filter(|one| one.is_called_at_once()).count();
        if calls > 0 {
            cost.push_str(&format!("{calls} 个单位联系方式不全，发出即要打电话；"));
        }
        cost.push_str("10 分钟未签收的都要打电话。");
        let (all, of_flash) = preview.issued_lately;
        if all > 0 {
            cost.push_str(&format!("本单位近 90 天发文 {all} 件，其中特提 {of_flash} 件。"));
        }
    }
    cost
}
