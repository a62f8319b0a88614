//! Rules that an administrator changes: in force at once here and soon on every other server, on
//! record with their reason, and never on what was issued before.

use std::sync::Arc;

use qianshou::domain::calendar::SHIPPED_HOLIDAYS;
use qianshou::domain::human_time::parse_moment;
use qianshou::domain::ladder::{Offset, SHIPPED_POLICY};
use qianshou::domain::rule_text::RuleKind;
use qianshou::domain::urgency::Urgency;
use qianshou::service::Service;
use qianshou::service::rules::{RuleRefused, Rules, Ruling, change, history};
use qianshou::service::watch_calendar::watch_calendar;
use qianshou::store::notices::notice_find;

use crate::support::door::{Door, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::house::count;
use crate::support::stand::PUBLIC_URL;

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

#[test]
fn a_missing_year_raises_an_alarm_from_november_until_its_table_is_there() {
    let Some(town) = Town::new() else { return };
    let service = &town.service;
    let open = || count(&town.url, "alarms WHERE kind = 'holidays_missing' AND cleared_at IS NULL");
    town.clock.set(parse_moment("2026-10-31T23:59").unwrap());
    assert!(watch_calendar(service).unwrap().is_empty());
    assert_eq!(open(), 0);
    town.clock.set(parse_moment("2026-11-01T00:00").unwrap());
    assert_eq!(watch_calendar(service).unwrap(), [2027]);
    assert_eq!(watch_calendar(service).unwrap(), [2027]);
    assert_eq!(open(), 1);
    let longer = format!("{}\n2027-01-01,元旦,true,2027\n", SHIPPED_HOLIDAYS.trim_end());
    change(service, &ruling(RuleKind::Calendar, &longer, 0)).unwrap();
    assert!(watch_calendar(service).unwrap().is_empty());
    assert_eq!(open(), 0);
}

#[test]
fn an_administrator_looks_before_a_policy_is_put_in_force() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut admin = Visitor::new(&door).sign_in("guanli", PASSWORD);
    let token = admin.form_token();
    let mut ask = |text: &str, act: &str| {
        let fields = [
            ("form_token", token.as_str()),
            ("seen", "0"),
            ("text", text),
            ("reason", "试行"),
            ("do", act),
        ];
        admin.post("/policy", &fields)
    };
    let faulty = ask(&SHIPPED_POLICY.replace("rungs = 9", "rungs = 8"), "activate");
    assert_eq!(faulty.status, 422);
    assert!(faulty.body.contains("特提，步数（level.flash.rungs）"), "{}", faulty.body);
    let seen = ask(&quicker(), "preview");
    assert_eq!(seen.status, 200);
    assert!(seen.body.contains("签收时限：25分钟") && seen.body.contains("启用这一版"));
    assert_eq!(sign_within(&town.service), Offset::Minutes(30), "a look changes nothing");
    assert_eq!(ask(&quicker(), "activate").status, 303);
    assert_eq!(sign_within(&town.service), Offset::Minutes(25));
    let page = admin.get("/policy");
    assert!(page.body.contains("现行第 1 版") && page.body.contains("试行"));
    assert_eq!(admin.get("/calendar").status, 200);
}
