//! Rules that an administrator changes: in force at once here and soon on every other server, on
//! record with their reason, and never on what was issued before.

use std::sync::Arc;

use qianshou::domain::ladder::{Offset, SHIPPED_POLICY};
use qianshou::domain::rule_text::RuleKind;
use qianshou::domain::urgency::Urgency;
use qianshou::service::Service;
use qianshou::service::rules::{RuleRefused, Rules, Ruling, change, history};
use qianshou::store::notices::notice_find;

use crate::support::fixture_staff::Town;

fn ruling(kind: RuleKind, text: &str, seen: i32) -> Ruling {
    Ruling { kind, text: text.to_owned(), seen, reason: "试行".to_owned(), by: None }
}

fn quicker() -> String {
    SHIPPED_POLICY.replace("sign_within = \"30 min\"", "sign_within = \"25 min\"")
}

fn sign_within(service: &Service) -> Offset {
    service.rules.policy().level(Urgency::Flash).unwrap().sign_within
}

#[test]
fn a_changed_policy_is_followed_everywhere_and_leaves_issued_notices_alone() {
    let Some(town) = Town::new() else { return };
    let here = &town.service;
    let elsewhere = Service { rules: Arc::new(Rules::shipped().unwrap()), ..here.clone() };
    let issued = |service: &Service| {
        let notice = service.store.read(|conn| notice_find(conn, town.ours.notice)).unwrap();
        let ladder = notice.unwrap().ladder.unwrap();
        (ladder.policy_digest, ladder.policy.sign_within)
    };
    let before = issued(here);

    assert_eq!(change(here, &ruling(RuleKind::Policy, &quicker(), 0)).unwrap(), 1);
    assert_eq!(sign_within(here), Offset::Minutes(25));
    assert_eq!(sign_within(&elsewhere), Offset::Minutes(30), "not looked yet");
    assert!(elsewhere.rules.refresh(&elsewhere.store).unwrap());
    assert_eq!(sign_within(&elsewhere), Offset::Minutes(25));
    assert!(!elsewhere.rules.refresh(&elsewhere.store).unwrap(), "nothing newer");
    assert_eq!(issued(here), before, "what was issued keeps its copy");

    let known = history(here, RuleKind::Policy).unwrap();
    let versions: Vec<(i32, &str)> =
        known.iter().map(|one| (one.version, one.reason.as_str())).collect();
    assert_eq!(versions, [(1, "试行"), (0, "")]);
    assert_eq!(known[1].digest.to_string(), before.0);
}

#[test]
fn what_cannot_stand_changes_nothing() {
    let Some(town) = Town::new() else { return };
    let service = &town.service;
    let faulty = SHIPPED_POLICY.replace("rungs = 9", "rungs = 8");
    match change(service, &ruling(RuleKind::Policy, &faulty, 0)).unwrap_err() {
        RuleRefused::Faulty(faults) => assert_eq!(faults[0].0, "level.flash.rungs"),
        other => panic!("{other}"),
    }
    let comment = format!("# a remark\n{SHIPPED_POLICY}");
    let same = change(service, &ruling(RuleKind::Policy, &comment, 0)).unwrap_err();
    assert!(matches!(same, RuleRefused::NothingNew));
    let mut silent = ruling(RuleKind::Policy, &quicker(), 0);
    silent.reason = " ".into();
    assert!(matches!(change(service, &silent).unwrap_err(), RuleRefused::NoReason));
    change(service, &ruling(RuleKind::Policy, &quicker(), 0)).unwrap();
    let late = SHIPPED_POLICY.replace("sign_within = \"30 min\"", "sign_within = \"28 min\"");
    let late = change(service, &ruling(RuleKind::Policy, &late, 0)).unwrap_err();
    assert!(matches!(late, RuleRefused::Overtaken));
    assert_eq!(sign_within(service), Offset::Minutes(25));
    assert_eq!(history(service, RuleKind::Policy).unwrap().len(), 2);
}
