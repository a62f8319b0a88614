//! 等级规则 and 放假安排, for administrators: looked at before they are put in force.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::rule_words::{key_word, standing, words, years};
use crate::domain::ladder::UrgencyPolicy;
use crate::domain::rule_text::RuleKind;
use crate::domain::text_diff::{LineChange, line_diff};
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::service::rules::change::digest_of;
use crate::service::rules::{RuleRefused, Ruling, change, history};
use crate::service::{Service, ServiceError, watch_calendar};
use crate::store::rule_versions::RuleVersion;
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::forms::{Fields, Posted};
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::{Errors, Place};
use crate::web::pages::rules::{DiffBlock, DiffLine, RulesPage, VersionRow};
use crate::web::said::Said;
use crate::web::session::Staff;
use crate::web::shell::shell;

/// The urgency policy.
pub(in crate::web) async fn policy(
    service: web::Data<Service>,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    show(service, staff, RuleKind::Policy).await
}

/// The holiday table.
pub(in crate::web) async fn calendar(
    service: web::Data<Service>,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    show(service, staff, RuleKind::Calendar).await
}

async fn show(
    service: web::Data<Service>,
    staff: Staff,
    kind: RuleKind,
) -> Result<HttpResponse, WebError> {
    drawn(move || Drawn::page(&filled(&service, &staff, kind, None)?)).await
}

/// Looks at a new policy, or puts it in force.
pub(in crate::web) async fn change_policy(
    service: web::Data<Service>,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    take(service, staff, posted.0, RuleKind::Policy).await
}

/// Looks at a new holiday table, or puts it in force.
pub(in crate::web) async fn change_calendar(
    service: web::Data<Service>,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    take(service, staff, posted.0, RuleKind::Calendar).await
}

async fn take(
    service: web::Data<Service>,
    staff: Staff,
    typed: Fields,
    kind: RuleKind,
) -> Result<HttpResponse, WebError> {
    drawn(move || {
        let text = typed.text("text").replace("\r\n", "\n") + "\n";
        let ruling = Ruling {
            kind,
            text,
            seen: typed.text("seen").parse().unwrap_or(-1),
            reason: typed.text("reason").to_owned(),
            by: Some(staff.account.id),
        };
        let done = match typed.text("do") {
            "activate" => change(&service, &ruling).map(Some),
            _ => digest_of(kind, &ruling.text).map(|_| None),
        };
        let refused = match done {
            Ok(Some(_)) => {
                return Ok(Drawn::next(path(kind)).saying(Said::RulesActivated, 0));
            }
            Ok(None) => None,
            Err(RuleRefused::Service(error)) => return Err(error.into()),
            Err(refused) => Some(refused),
        };
        let status = match &refused {
            Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
            None => StatusCode::OK,
        };
        let errors = refused.map_or_else(Errors::none, |refused| errors(kind, &refused));
        let page = filled(&service, &staff, kind, Some((&ruling, errors)))?;
        Drawn::page_with(status, &page)
    })
    .await
}

const fn path(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Policy => "/policy",
        RuleKind::Calendar => "/calendar",
    }
}

fn errors(kind: RuleKind, refused: &RuleRefused) -> Errors {
    let mut errors = Errors::none();
    match refused {
        RuleRefused::Faulty(faults) => {
            for (key, what) in faults {
                let place = match kind {
                    RuleKind::Policy => key_zh(key),
                    RuleKind::Calendar => format!("第 {key} 行"),
                };
                errors.add("text", &format!("{place}：{what}"));
            }
        }
        RuleRefused::NoReason => errors.add("reason", "请写明为什么改"),
        RuleRefused::NothingNew => errors.add("text", "与现行的一样，没有改动"),
        RuleRefused::Overtaken => {
            errors.add("text", "另一位管理员刚改过，请刷新后在现行版上再改");
        }
        RuleRefused::Service(_) => errors.add("text", "没有保存，请稍后再试"),
    }
    errors
}

/// `level.flash.rung[2].at` → 特提，第 3 步，时间（level.flash.rung[2].at）.
fn key_zh(key: &str) -> String {
    let part = |part: &str| -> String {
        if let Some(level) = Urgency::ALL.iter().find(|level| level.as_str() == part) {
            return level.word_zh().to_owned();
        }
        let step = part.strip_prefix("rung[").and_then(|rest| rest.strip_suffix(']'));
        if let Some(step) = step.and_then(|step| step.parse::<usize>().ok()) {
            return format!("第 {} 步", step + 1);
        }
        let word = if part == "level" { "" } else { key_word(part) };
        word.to_owned()
    };
    let words: Vec<String> = key.split('.').map(part).filter(|word| !word.is_empty()).collect();
    format!("{}（{key}）", words.join("，"))
}

fn filled(
    service: &Service,
    staff: &Staff,
    kind: RuleKind,
    typed: Option<(&Ruling, Errors)>,
) -> Result<RulesPage, ServiceError> {
    let now = service.now();
    let all = history(service, kind)?;
    let in_force = all.first().ok_or(ServiceError::NotFound)?;
    let (calendar, this_year) = (service.rules.calendar(), now.in_shanghai().date().year());
    let missing = watch_calendar::wanted(now).into_iter().find(|year| !calendar.knows_year(*year));
    let (text, reason, errors, preview) = match typed {
        None => (in_force.text.clone(), String::new(), Errors::none(), Vec::new()),
        Some((ruling, errors)) => {
            let changes = preview(kind, &in_force.text, &ruling.text);
            (ruling.text.clone(), ruling.reason.clone(), errors, changes)
        }
    };
    Ok(RulesPage {
        shell: shell(
            staff,
            match kind {
                RuleKind::Policy => Place::Policy,
                RuleKind::Calendar => Place::Calendar,
            },
        ),
        title: kind.word_zh(),
        about: match kind {
            RuleKind::Policy => "各等级多长时间内签收、没有签收时找谁。只管以后发出的公文。",
            RuleKind::Calendar => "哪些日子放假、哪些周末上班，按国务院办公厅每年的通知录入。",
        },
        action: path(kind),
        seen: in_force.version,
        standing: match kind {
            RuleKind::Policy => standing(&service.rules.policy()),
            RuleKind::Calendar => Vec::new(),
        },
        words: match kind {
            RuleKind::Policy => words(),
            RuleKind::Calendar => Vec::new(),
        },
        years: match kind {
            RuleKind::Policy => Vec::new(),
            RuleKind::Calendar => years(&calendar, this_year),
        },
        missing_year: missing.filter(|_| kind == RuleKind::Calendar),
        text,
        reason,
        errors,
        preview,
        versions: versions(&all, now),
    })
}

/// What would change; nothing for a text with faults.
fn preview(kind: RuleKind, old: &str, new: &str) -> Vec<DiffBlock> {
    let lines = changed_lines(old, new);
    match kind {
        RuleKind::Calendar if digest_of(kind, new).is_ok() && !lines.is_empty() => {
            vec![DiffBlock { heading: String::new(), lines }]
        }
        RuleKind::Calendar => Vec::new(),
        RuleKind::Policy => {
            let read = |text| UrgencyPolicy::from_toml_str(text).ok();
            let Some((old, new)) = read(old).zip(read(new)) else { return Vec::new() };
            let changes = old.changes_zh(&new).into_iter().map(|change| DiffBlock {
                heading: change.level_zh,
                lines: change.lines.into_iter().map(diff_line).collect(),
            });
            changes.collect()
        }
    }
}

fn diff_line((change, text): (Option<bool>, String)) -> DiffLine {
    let sign = match change {
        Some(true) => "+",
        Some(false) => "−",
        None => " ",
    };
    DiffLine { sign, text }
}

fn changed_lines(old: &str, new: &str) -> Vec<DiffLine> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let changes = line_diff(&old, &new).into_iter().filter_map(|change| match change {
        LineChange::Same(_) => None,
        LineChange::Gone(line) => Some(diff_line((Some(false), line.to_owned()))),
        LineChange::New(line) => Some(diff_line((Some(true), line.to_owned()))),
    });
    changes.collect()
}

fn versions(all: &[RuleVersion], now: Timestamp) -> Vec<VersionRow> {
    let before = all.iter().skip(1).map(Some).chain(std::iter::once(None));
    let row = |(one, before): (&RuleVersion, Option<&RuleVersion>)| VersionRow {
        version: one.version,
        at: match one.version {
            0 => Moment::none(),
            _ => Moment::at(one.activated_at, now),
        },
        by: match (&one.account_name, one.version) {
            (_, 0) => "随程序提供".to_owned(),
            (Some(name), _) => name.clone(),
            (None, _) => "命令行".to_owned(),
        },
        reason: one.reason.clone(),
        diff: before.map_or_else(Vec::new, |before| changed_lines(&before.text, &one.text)),
    };
    all.iter().zip(before).map(row).collect()
}
