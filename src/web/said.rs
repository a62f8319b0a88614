//! What was just done, in one sentence on the page an act leads to: post, redirect, and be told.
//!
//! It travels in a cookie of our own that ends with the page that shows it: needs no script, and
//! no address can make a page say it. It carries a word of ours and a number, never a text.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time::Duration as CookieSpan};

use crate::domain::words::word_enum;

const COOKIE: &str = "__Host-said";

/// How long it waits for its page.
const LASTS: CookieSpan = CookieSpan::minutes(2);

word_enum! {
    /// What was done. `#` in the sentence stands for how many.
    pub enum Said {
        /// 撤回.
        Recalled = "recalled", "本件已撤回：催签已停，此前通知过的单位和人员会收到撤回通知。";
        /// 撤销.
        Revoked = "revoked", "本件已撤销：催签已停，此前通知过的单位和人员会收到撤销通知。";
        /// 废止.
        Abolished = "abolished", "本件已废止：催签已停，此前通知过的单位和人员会收到废止通知。";
        /// 办结.
        Closed = "closed", "本件已办结，不再催签；未签收的单位仍可签收。";
        /// 更正.
        CorrectionBegun = "correction-begun", "已照抄本件起草新版。改好后照常送核发；新版发出之前，原件照常有效。";
        /// 补发.
        Added = "added", "已补发 # 个单位，签收时限和催签从现在起算。";
        /// 重发.
        Resent = "resent", "已向 # 个单位重发，链接和时限不变。";
        /// 催签.
        Reminded = "reminded", "已催签 # 个单位。";
        /// 催签 that found nobody.
        RemindedNobody = "reminded-nobody", "没有催签：所选单位刚催过、已签收，或没有联系方式。";
        /// 终止催签.
        Stopped = "stopped", "已终止对该单位的催签；该单位仍计未签收，仍可签收。";
        /// 退文.
        ReturnAccepted = "return-accepted", "已同意退文，该单位退出本件，不再催签。";
        /// 退文.
        ReturnRefused = "return-refused", "已答复不同意退文，催签照常进行。";
        /// 补核发.
        ReleasedAfter = "released-after", "已补核发。";
        /// 补核发.
        RefusedAfter = "refused-after", "已记录拒绝补核发并告警；本件没有收回，收回请另行撤回或撤销。";
        /// 送核发.
        Submitted = "submitted", "已送核发，等待本单位核发人处理。";
        /// 发出.
        Issued = "issued", "已发出，发往 # 个单位。";
        /// 发出, pressed twice.
        IssuedBefore = "issued-before", "本件此前已经发出，没有重复发出。";
        /// 退回修改.
        SentBack = "sent-back", "已退回修改，经办人会看到理由。";
        /// A press on a form in which nothing was written.
        NothingToKeep = "nothing-to-keep", "还没有填写内容，没有存为草稿。";
        /// 删除草稿.
        DraftDeleted = "draft-deleted", "草稿已删除。";
        /// A call.
        CallConfirmed = "call-confirmed", "已记录：电话确认，回执已出，催签已停。";
        /// A call.
        CallRecorded = "call-recorded", "通话已记录。";
        /// 代拨.
        Delegated = "delegated", "已请市州值班室代拨，名单和填报页面已发去。";
        /// 代拨.
        LinkRenewed = "link-renewed", "已换新链接并重新发去，原链接作废。";
        /// 代拨.
        TakenBack = "taken-back", "代拨的电话已收回，请自行拨打。";
        /// 提级催签 by hand.
        Decided = "decided", "已记录您的决定。";
        /// Rules.
        RulesActivated = "rules-activated", "新的一版已启用；已发出的公文仍按发出时的规则。";
        /// 核验.
        RoundStarted = "round-started", "已发起核验，核验邮件正在发出。";
        /// A contact confirmed by telephone.
        ContactConfirmed = "contact-confirmed", "已记录电话核实。";
        /// Accounts.
        AccountChanged = "account-changed", "账号已改好。";
    }
}

/// The header that has the next page say it.
pub(super) fn cookie(said: Said, count: usize) -> String {
    base(format!("{said}.{count}")).max_age(LASTS).finish().to_string()
}

/// The header that ends it.
pub(super) fn gone() -> String {
    base(String::new()).max_age(CookieSpan::ZERO).finish().to_string()
}

fn base(value: String) -> actix_web::cookie::CookieBuilder<'static> {
    Cookie::build(COOKIE, value).path("/").secure(true).http_only(true).same_site(SameSite::Lax)
}

/// Whether the browser brought one.
pub(super) fn is_brought(request: &HttpRequest) -> bool {
    request.cookie(COOKIE).is_some()
}

/// The sentence for the page that is asked for; empty where nothing was done.
pub(super) fn sentence_of(request: &HttpRequest) -> String {
    let Some(brought) = request.cookie(COOKIE) else { return String::new() };
    sentence(brought.value())
}

fn sentence(value: &str) -> String {
    let (word, count) = value.split_once('.').unwrap_or((value, "0"));
    let (Ok(said), Ok(count)) = (word.parse::<Said>(), count.parse::<usize>()) else {
        return String::new();
    };
    said.word_zh().replace('#', &count.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_comes_back_as_its_sentence_and_nothing_else_does() {
        let header = cookie(Said::Reminded, 33);
        let value = header.split(';').next().unwrap().split_once('=').unwrap().1;
        assert_eq!(sentence(value), "已催签 33 个单位。");
        assert!(header.contains("HttpOnly") && header.contains("SameSite=Lax"));
        for other in ["", "recalled.<b>", "bomb.1", "已撤回", "reminded.-1"] {
            assert_eq!(sentence(other), "", "{other}");
        }
        for said in Said::ALL {
            assert!(said.word_zh().ends_with('。'), "{said}");
        }
    }
}
