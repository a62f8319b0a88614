//! The list of calls that a desk makes for another office: before, after a mistake, and ended.

use super::Drawn;
use crate::domain::time::{Span, Timestamp};
use crate::web::pages::delegated::{DelegatedLine, DelegatedPage, DelegatedRow};
use crate::web::pages::link_parts::{Field, Mistake, Person, Phone};
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::UrgencyMark;
use askama::Template as _;

fn row(name: &str, standing: &str) -> DelegatedRow {
    let line = |whose: &str, shown: &str| DelegatedLine {
        whose: whose.to_owned(),
        shown: shown.to_owned(),
        dial: shown.replace('-', ""),
    };
    let open = standing.is_empty();
    let lines = [line("今晚值班 周某", "0731-55501234"), line("值班室夜间", "0731-55500002")];
    DelegatedRow {
        task: format!("tsk_{}", name.len()),
        name: name.to_owned(),
        standing: standing.to_owned(),
        open,
        lines: lines.into_iter().filter(|_| open).collect(),
        told: name.starts_with("望城"),
        not_reached: false,
        callee: String::new(),
    }
}

fn page(ended: &str, mistaken: bool) -> DelegatedPage {
    let now = Timestamp::from_micros(1_795_456_920_000_000);
    let field = |value: &str, error: &str| Field {
        value: value.to_owned(),
        error: (mistaken && !error.is_empty()).then(|| error.to_owned()),
    };
    let open = if ended.is_empty() { "" } else { "已答复，不用再拨" };
    DelegatedPage {
        name: "长沙市委".to_owned(),
        issuer: "中共湖南省委办公厅".to_owned(),
        issuer_phone: Some(Phone {
            shown: "0731-82210000".to_owned(),
            dial: "073182210000".to_owned(),
        }),
        urgency: UrgencyMark::of("flash"),
        number: "湘办发电〔2026〕35号".to_owned(),
        title: super::fixtures::TITLE.to_owned(),
        deadline: Moment::in_table(now.plus(Span::minutes(20)), now),
        report_by: Moment::in_table(now.plus(Span::minutes(15)), now),
        ended: ended.to_owned(),
        takes_reports: ended.is_empty(),
        offers_lost: true,
        said: !ended.is_empty(),
        rows: vec![row("望城区委", open), row("浏阳市委会", "已通知"), row("宁乡", "未联系上")],
        call_mistakes: mistaken
            .then(|| Mistake {
                id: "calls",
                text: "望城区委已通知的，请写明接电话的人的姓名".to_owned(),
            })
            .into_iter()
            .collect(),
        person: Person {
            name: field("李某", ""),
            post: field("", "没有填职务，请写明，如：值班员"),
            phone: field("0731-88660000", ""),
        },
        action: "/delegated/x".to_owned(),
        form_token: "token".to_owned(),
    }
}

pub(super) fn calls() -> Vec<Drawn> {
    let drawn = |ended, mistaken| page(ended, mistaken).render().unwrap();
    vec![
        ("delegated", drawn("", false)),
        ("delegated-mistake", drawn("", true)),
        ("delegated-ended", drawn("已全部报来，谢谢。其余由发文单位继续联系。", false)),
    ]
}
