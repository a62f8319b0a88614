//! What every staff page says of a notice that ended: which act, why, who, and the way on.

use crate::domain::human_time::full_zh;
use crate::domain::ids::NoticeId;
use crate::domain::notice::NoticeState;
use crate::service::board::Bounds;
use crate::web::pages::acts::EndBanner;
use crate::web::pages::parts::Link;

/// The banner; empty for a notice that is simply out.
pub(in crate::web::handlers) fn end_banner(state: NoticeState, bounds: &Bounds) -> EndBanner {
    let way = |text: String, id: NoticeId| {
        Some(Link { text, href: format!("/notices/{id}"), current: false })
    };
    let older = bounds.corrects.as_ref();
    if state == NoticeState::Issued {
        let Some(older) = older else { return EndBanner::default() };
        return EndBanner {
            words: format!("本件更正第{}版。", older.version),
            reason: older.reason.clone(),
            by: String::new(),
            way: way(format!("看第{}版", older.version), older.notice),
        };
    }
    let end = bounds.end.as_ref();
    EndBanner {
        words: format!("本件{}。", state.word_zh()),
        reason: end.map(|end| end.reason.clone()).unwrap_or_default(),
        by: end
            .map(|end| format!("{} {}", end.account_name, full_zh(end.ended_at)))
            .unwrap_or_default(),
        way: bounds.successor.as_ref().and_then(|(id, number, version)| {
            way(format!("看现行版本：{number} 第{version}版"), *id)
        }),
    }
}
