//! Whether addresses work: codes that come back, calls, rounds, and the look over the directory.

use qianshou::adapters::clock::Clock as _;
use qianshou::domain::address::AddressStatus;
use qianshou::domain::coverage::Lack;
use qianshou::domain::ids::{AddressId, VerificationId};
use qianshou::domain::time::Span;
use qianshou::domain::verification::{CODE_LIFETIME, RoundScope, TRIES_MAX};
use qianshou::service::accounts;
use qianshou::service::coverage::look_over;
use qianshou::service::verify_address::{Claim, VerifyRefused, confirm_code, look, start_round};
use qianshou::store::verifications::address_standings;

use crate::support::door::{Door, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::house::{count, execute, texts};
use crate::support::stand::PUBLIC_URL;

/// A round over everything, and one of its checks with the address it asks.
fn asked(town: &Town) -> (VerificationId, AddressId) {
    execute(&town.url, "UPDATE contact_addresses SET status = 'unverified'");
    let all = accounts::list(&town.service).unwrap();
    let by = all.iter().find(|one| one.login == "guanli").unwrap().id;
    let (_, count_of) = start_round(&town.service, by, RoundScope::All, None).unwrap();
    assert!(count_of > 100);
    let one = "SELECT id AS value FROM address_verifications ORDER BY id LIMIT 1";
    let id: VerificationId = texts(&town.url, one)[0].parse().unwrap();
    let whose = format!("SELECT address_id AS value FROM address_verifications WHERE id = '{id}'");
    (id, texts(&town.url, &whose)[0].parse().unwrap())
}

fn status(town: &Town, id: AddressId) -> AddressStatus {
    let all = town.service.store.read(|conn| address_standings(conn, None)).unwrap();
    all.iter().find(|one| one.id == id).unwrap().status
}

fn verified_events(town: &Town) -> i64 {
    count(&town.url, "events WHERE kind = 'address_verified'")
}

#[test]
fn a_mailed_code_and_a_form_show_an_address_to_work_and_looking_does_not() {
    let Some(town) = Town::new() else { return };
    let (id, address) = asked(&town);
    let owed = format!("messages WHERE purpose = 'verification' AND about = '{id}'");
    assert_eq!(count(&town.url, &owed), 1);
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door);
    let code = town.service.keys.verification_code(&id.to_string());
    let shown = visitor.get(&format!("/verify?check={id}&code={code}"));
    assert_eq!(shown.status, 200);
    assert_eq!(shown.field("check"), Some(id.to_string().as_str()));
    assert!(!shown.body.contains(&code));
    assert_eq!(status(&town, address), AddressStatus::Unverified, "a GET never verifies");

    let check = id.to_string();
    let answer = visitor.post("/verify", &[("check", &check), ("code", &code)]);
    assert!(answer.status == 200 && answer.body.contains("已核验"), "{}", answer.body);
    assert_eq!(status(&town, address), AddressStatus::Verified);
    assert_eq!(verified_events(&town), 1);
    let again = visitor.post("/verify", &[("check", &check), ("code", &code)]);
    assert_eq!(again.status, 200, "pressed twice it counts once");
    assert_eq!(verified_events(&town), 1);
    let view = look(&town.service, None).unwrap();
    let answered: usize = view.regions.iter().map(|one| one.answered).sum();
    let all: usize = view.regions.iter().map(|one| one.asked).sum();
    assert_eq!((answered, all), (1, view.asked.len()));
}

#[test]
fn whoever_guesses_learns_nothing_and_is_soon_refused() {
    let Some(town) = Town::new() else { return };
    let (id, address) = asked(&town);
    let code = town.service.keys.verification_code(&id.to_string());
    let mail = texts(
        &town.url,
        &format!("SELECT address AS value FROM contact_addresses WHERE id = '{address}'"),
    )
    .remove(0);
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let known = visitor.post("/verify", &[("address", &mail), ("code", wrong)]);
    let unknown = visitor.post("/verify", &[("address", "nobody@x.example"), ("code", wrong)]);
    assert_eq!(known.status, unknown.status);
    let without = |text: &str, typed: &str| text.replace(typed, "");
    assert_eq!(
        without(&known.words(), &mail),
        without(&unknown.words(), "nobody@x.example"),
        "known and unknown look alike"
    );
    for _ in 1..TRIES_MAX {
        assert!(!confirm_code(&town.service, &Claim::Check(id), wrong).unwrap());
    }
    assert!(!confirm_code(&town.service, &Claim::Check(id), &code).unwrap(), "tried too often");
    assert_eq!(status(&town, address), AddressStatus::Unverified);
    assert_eq!(verified_events(&town), 0);
}

#[test]
fn a_code_ends_and_an_address_typed_by_hand_finds_its_check() {
    let Some(town) = Town::new() else { return };
    let (id, address) = asked(&town);
    let code = town.service.keys.verification_code(&id.to_string());
    let mail = texts(
        &town.url,
        &format!("SELECT address AS value FROM contact_addresses WHERE id = '{address}'"),
    )
    .remove(0);
    town.clock.advance(CODE_LIFETIME);
    assert!(!confirm_code(&town.service, &Claim::Address(mail.clone()), &code).unwrap());
    town.clock.advance(Span::hours(-1));
    assert!(confirm_code(&town.service, &Claim::Address(mail), &code).unwrap());
    assert_eq!(status(&town, address), AddressStatus::Verified);
    // A year later it is due again.
    let due = |town: &Town| look(&town.service, None).unwrap().due;
    let before = due(&town);
    town.clock.advance(Span::hours(365 * 24));
    assert_eq!(due(&town), before + 1);
}

#[test]
fn a_call_is_noted_with_who_answered() {
    let Some(town) = Town::new() else { return };
    let (_, address) = asked(&town);
    let all = town.service.store.read(|conn| address_standings(conn, None)).unwrap();
    let organization = all.iter().find(|one| one.id == address).unwrap().organization;
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut duty = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let token = duty.form_token();
    let path = format!("/directory/{organization}/confirm");
    let id = address.to_string();
    let nobody = [("form_token", token.as_str()), ("address", &id), ("callee", " ")];
    assert_eq!(duty.post(&path, &nobody).status, 409);
    assert_eq!(status(&town, address), AddressStatus::Unverified);
    let named = [("form_token", token.as_str()), ("address", &id), ("callee", "彭某")];
    assert_eq!(duty.post(&path, &named).status, 303);
    assert_eq!(status(&town, address), AddressStatus::Verified);
    assert_eq!(verified_events(&town), 1);
    assert_eq!(count(&town.url, "event_personal WHERE known LIKE '%彭某%'"), 1);
    // An address of somebody else is not confirmed through this organisation.
    let other = all.iter().find(|one| one.organization != organization).unwrap().id.to_string();
    let foreign = [("form_token", token.as_str()), ("address", &other), ("callee", "彭某")];
    assert_eq!(duty.post(&path, &foreign).status, 409);
    assert_eq!(verified_events(&town), 1);
}

#[test]
fn a_round_asks_its_scope_and_no_more() {
    let Some(town) = Town::new() else { return };
    execute(&town.url, "UPDATE contact_addresses SET status = 'verified', status_at = 1");
    let fresh = town.clock.now().as_micros();
    execute(&town.url, &format!("UPDATE contact_addresses SET status_at = {fresh}"));
    let all = accounts::list(&town.service).unwrap();
    let by = all.iter().find(|one| one.login == "guanli").unwrap().id;
    let nobody = start_round(&town.service, by, RoundScope::Due, None).unwrap_err();
    assert!(matches!(nobody, VerifyRefused::Nobody));
    let standings = town.service.store.read(|conn| address_standings(conn, None)).unwrap();
    let failing = standings.iter().find(|one| one.kind.as_str() == "email").unwrap().id;
    let fail = format!("UPDATE contact_addresses SET status = 'failing' WHERE id = '{failing}'");
    execute(&town.url, &fail);
    assert_eq!(start_round(&town.service, by, RoundScope::Due, None).unwrap().1, 1);
    let lost = start_round(&town.service, by, RoundScope::Branch, None).unwrap_err();
    assert!(matches!(lost, VerifyRefused::NoBranch));
    let top = standings.iter().find(|one| one.tree_path.len() > 4).unwrap();
    let below = standings
        .iter()
        .filter(|one| one.kind.as_str() == "email" && one.tree_path.starts_with(&top.tree_path))
        .count();
    let branch = Some(top.organization);
    assert_eq!(start_round(&town.service, by, RoundScope::Branch, branch).unwrap().1, below);
}

#[test]
fn the_look_over_the_directory_counts_and_filters() {
    let Some(town) = Town::new() else { return };
    let night = look_over(&town.service, Some(Lack::Night)).unwrap();
    assert_eq!(night.counts[&Lack::Night], night.rows.len());
    execute(&town.url, "UPDATE contact_addresses SET status = 'failing'");
    let lost = look_over(&town.service, Some(Lack::Now)).unwrap();
    assert_eq!((lost.counts[&Lack::Now], lost.rows.len()), (lost.total, lost.total));
    let door = Door::open(&town.service, PUBLIC_URL);
    for login in ["jingban", "zhiban", "guanli"] {
        let page = Visitor::new(&door).sign_in(login, PASSWORD).get("/coverage?lack=now&page=1");
        assert_eq!(page.status, 200);
        assert!(page.body.contains(&format!("此刻联系不上 {}", lost.total)), "{login}");
        assert!(page.body.contains("href=\"/directory/org_"), "{login}");
    }
}
