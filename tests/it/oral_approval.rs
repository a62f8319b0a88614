//! 先发后补: what goes out on an oral approval owes the formal 核发, is shown until it is given, and
//! raises an alarm when it is late or refused.

use qianshou::domain::ids::NoticeId;
use qianshou::domain::notice::ReleaseOutcome::{self, Refused, Released};
use qianshou::domain::time::Span;
use qianshou::service::accounts;
use qianshou::service::acts::ActRefused;
use qianshou::service::compose;
use qianshou::service::end_notice::recall;
use qianshou::service::issue::IssueRequest;
use qianshou::service::release_afterwards::{owing, release_afterwards, watch_releases};
use qianshou::service::release_and_issue::{OralApproval, issue_on_oral_approval};

use crate::support::HEADS;
use crate::support::door::{Door, Visitor};
use crate::support::fixture_link::PUBLIC_URL;
use crate::support::form::Form;
use crate::support::office::{Office, PASSWORD, form, office};
use crate::support::trustcheck::{Books, breaches};

/// A notice that went out on the leader's word.
fn gone_out() -> Option<(Office, NoticeId)> {
    let at = office(1)?;
    let seats: Vec<_> = at.issued.seats.iter().collect();
    let draft = at.draft(at.issued.notice, &seats, "k0");
    let service = &at.ground.service;
    let seen = compose::load(service, &at.duty, draft).unwrap().digest();
    let request = IssueRequest {
        notice: draft,
        seen,
        form_key: "k0-oral".into(),
        gap_reason: Some("情况紧急".into()),
        left_out: None,
        unchanged: false,
    };
    let oral = OralApproval {
        by: "刘某 副秘书长".into(),
        at: Some(service.now()),
        how: "电话 0731-82210000".into(),
    };
    issue_on_oral_approval(service, &at.duty, &request, oral).unwrap();
    Some((at, draft))
}

impl Office {
    fn answer(
        &self,
        id: NoticeId,
        key: &str,
        why: &str,
        how: ReleaseOutcome,
    ) -> Option<ActRefused> {
        let service = &self.ground.service;
        release_afterwards(service, &self.releaser, id, &form(key, why), how).err()
    }

    fn alarms(&self, kind: &str) -> usize {
        self.ground.count(&format!("alarms WHERE kind = '{kind}' AND cleared_at IS NULL"))
    }
}

#[test]
fn the_formal_release_is_owed_alarms_when_late_and_is_given_once() {
    let Some((at, id)) = gone_out() else { return };
    let service = &at.ground.service;
    let debt = owing(service, &at.releaser, id).unwrap().debt;
    assert_eq!(debt.due_at.since(service.now()), Span::hours(24), "as the shipped policy says");
    assert_eq!((debt.approver_name.as_str(), debt.answer), ("刘某 副秘书长", None));
    at.ground.clock.advance(Span::hours(24));
    assert_eq!(watch_releases(service).unwrap(), 0, "on the dot is in time");
    at.ground.clock.advance(Span::minutes(1));
    for _ in 0..2 {
        assert_eq!(watch_releases(service).unwrap(), 1);
    }
    assert_eq!(at.alarms("release_overdue"), 1);
    for _ in 0..2 {
        assert!(at.answer(id, "k1", "", Released).is_none());
    }
    assert_eq!(at.alarms("release_overdue"), 0);
    assert_eq!(at.ground.count("events WHERE kind = 'released_afterwards'"), 1);
    assert_eq!(at.ground.count("notice_decisions WHERE decision = 'released_after'"), 1);
    let again = at.answer(id, "k2", "晚了", Refused).unwrap();
    assert!(matches!(again, ActRefused::Changed(_)), "{again:?}");
    assert_eq!(watch_releases(service).unwrap(), 0);
    assert_eq!(breaches(&mut Books::open(&at.ground.url)), Vec::<String>::new());
}

#[test]
fn a_refusal_is_recorded_and_alarms_and_takes_nothing_back() {
    let Some((at, id)) = gone_out() else { return };
    let service = &at.ground.service;
    let unwritten = at.answer(id, "k1", " ", Refused).unwrap();
    assert!(matches!(&unwritten, ActRefused::Fields(all) if all[0].0 == "reason"), "{unwritten:?}");
    assert!(at.answer(id, "k2", "未见批示", Refused).is_none());
    assert_eq!(at.alarms("release_refused"), 1);
    assert_eq!(at.ground.count(&format!("notices WHERE id = '{id}' AND state = 'issued'")), 1);
    assert_eq!(at.of_notice(HEADS, id), 1, "the chase goes on");
    assert_eq!(watch_releases(service).unwrap(), 0);
    assert_eq!(at.alarms("release_refused"), 1, "until it is settled");
    recall(service, &at.clerk, id, &form("k3", "未获批准")).unwrap();
    watch_releases(service).unwrap();
    assert_eq!(at.alarms("release_refused"), 0, "or the notice has ended");
    assert!(at.answer(id, "k4", "", Released).is_none(), "and it may still be given");
}

#[test]
fn nobody_releases_what_he_composed_himself() {
    let Some((at, id)) = gone_out() else { return };
    at.ground.sql(&format!(
        "INSERT INTO account_roles (account_id, role) VALUES ('{}', 'releaser');",
        at.clerk.id
    ));
    let all = accounts::list(&at.ground.service).unwrap();
    let both = all.into_iter().find(|one| one.id == at.clerk.id).unwrap();
    let service = &at.ground.service;
    let refused = release_afterwards(service, &both, id, &form("k1", ""), Released).unwrap_err();
    assert!(refused.messages_zh()[0].1.contains("不能是经办人本人"), "{refused:?}");
    assert_eq!(at.ground.count("release_debts WHERE outcome IS NULL"), 1);
}

#[test]
fn what_is_owed_is_shown_until_it_is_given() {
    let Some((at, id)) = gone_out() else { return };
    let door = Door::open(&at.ground.service, PUBLIC_URL);
    let mut duty = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let mut releaser = Visitor::new(&door).sign_in("hefa", PASSWORD);
    let path = format!("/notices/{id}/release-after");
    for page in ["/duty".to_owned(), format!("/notices/{id}"), format!("/notices/{id}/register")] {
        let page = duty.get(&page).body;
        assert!(page.contains("口头批准发出") && page.contains("前补核发"), "{page}");
        assert!(!page.contains(&format!("href=\"{path}\"")), "the duty officer may not");
    }
    let board = releaser.get(&format!("/notices/{id}")).body;
    assert!(board.contains(&format!("href=\"{path}\"")), "{board}");
    let mut asked = Form::holding(&releaser.get(&path).body, "reason").unwrap();
    asked.type_in("reason", "长".repeat(501).as_str());
    let send = |visitor: &mut Visitor, form: &Form, press: &str| {
        let mut fields: Vec<(&str, &str)> =
            form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.push(("do", press));
        visitor.post(&form.action, &fields)
    };
    let refused = send(&mut releaser, &asked, "refuse");
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains(&"长".repeat(501)), "what was typed is kept");
    asked.type_in("reason", "");
    let given = send(&mut releaser, &asked, "release");
    assert_eq!(given.status, 303, "{}", given.body);
    assert!(!duty.get("/duty").body.contains("前补核发"));
    let register = duty.get(&format!("/notices/{id}/register")).body;
    assert!(register.contains("hefa已于") && register.contains("补核发。"), "{register}");
}

#[test]
fn what_is_owed_of_a_later_version_says_which() {
    let Some((at, id)) = gone_out() else { return };
    at.ground.sql(&format!("UPDATE notices SET version = 2 WHERE id = '{id}'"));
    let door = Door::open(&at.ground.service, PUBLIC_URL);
    let page = Visitor::new(&door).sign_in("zhiban", PASSWORD).get("/duty").body;
    let row = page.split("<li id=\"release-").nth(1).and_then(|rest| rest.split("</li>").next());
    assert!(row.is_some_and(|row| row.contains("号 第2版")), "{row:?}");
}
