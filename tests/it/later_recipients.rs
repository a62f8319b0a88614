//! 补发: who comes later gets all that the others got, on record; and 对该单位先行发出.

use std::collections::BTreeMap;

use qianshou::domain::account::Account;
use qianshou::domain::delivery::DeliveryState;
use qianshou::domain::ids::{NoticeId, OrganizationId};
use qianshou::domain::time::Span;
use qianshou::service::acts::ActRefused;
use qianshou::service::add_recipients::{Further, add_recipients};
use qianshou::service::end_notice::recall;
use qianshou::service::pick::Ticks;
use qianshou::service::scope::Scope;
use qianshou::service::story::{self, story_sentences};
use qianshou::store::deliveries::{Delivery, delivery_list_of_notice};
use qianshou::store::notices::notice_find;

use crate::support::door::{Door, Visitor};
use crate::support::fixture_link::PUBLIC_URL;
use crate::support::form::Form;
use crate::support::office::{Office, PASSWORD, form, office};
use crate::support::trustcheck::{Books, breaches};

/// An office whose notice went out by the use-case itself, to the first two of its directory.
fn started(others: usize) -> Option<(Office, NoticeId, Vec<OrganizationId>)> {
    let at = office(2 + others)?;
    let seats: Vec<_> = at.issued.seats.iter().take(2).collect();
    let newer = at.replace(at.issued.notice, &seats, "k0");
    let rest = at.issued.seats.iter().skip(2).map(|seat| seat.organization).collect();
    Some((at, newer, rest))
}

fn further(to: &[OrganizationId], gap_reason: &str) -> Further {
    let ticks = Ticks { primary: to.iter().copied().collect(), ..Ticks::default() };
    Further { ticks, gap_reason: gap_reason.to_owned() }
}

impl Office {
    fn add(&self, by: &Account, id: NoticeId, key: &str, to: &Further) -> Result<(), ActRefused> {
        add_recipients(&self.ground.service, by, id, &form(key, "漏送"), to)
    }

    fn deliveries(&self, id: NoticeId) -> BTreeMap<OrganizationId, Delivery> {
        let all = self.ground.service.store.read(|conn| delivery_list_of_notice(conn, id));
        all.unwrap().into_iter().map(|one| (one.organization_id, one)).collect()
    }
}

fn field(refused: &ActRefused) -> (&str, &str) {
    let ActRefused::Fields(all) = refused else { panic!("{refused:?}") };
    (all[0].0.as_str(), all[0].1.as_str())
}

#[test]
fn a_later_recipient_gets_all_that_the_others_got_from_the_instant_of_adding() {
    let Some((at, id, rest)) = started(2) else { return };
    let ground = &at.ground;
    let issued_at = ground.service.now();
    ground.clock.advance(Span::minutes(20));
    let to = further(&rest, "情况紧急");
    for _ in 0..2 {
        at.add(&at.releaser, id, "k1", &to).unwrap();
    }
    let now = ground.service.now();
    let all = at.deliveries(id);
    assert_eq!(all.len(), 4);
    for organization in &rest {
        let one = &all[organization];
        assert_eq!(one.facts.deadline.unwrap().since(now), Span::minutes(30));
        let origin = one.deadline_origin.as_deref().unwrap();
        assert!(origin.starts_with("自补发时起算，"), "{origin}");
        let first = ground.lines(&format!(
            "SELECT CAST(MIN(planned_at) AS TEXT) AS line FROM rungs WHERE delivery_id = '{}'",
            one.id
        ));
        assert_eq!(first, [now.as_micros().to_string()], "its ladder begins now");
        let told = format!("messages WHERE purpose = 'invitation' AND delivery_id = '{}'", one.id);
        assert_eq!(ground.count(&told), 1);
        assert_eq!(ground.count(&format!("links WHERE delivery_id = '{}'", one.id)), 1);
        assert_eq!(at.state(one.id), DeliveryState::Pending);
    }
    assert_eq!(ground.count("events WHERE kind = 'recipient_added'"), 2);
    let tally = ground.assert_tallies_hold(id);
    assert_eq!(tally.total, 4);
    let notice = ground.service.store.read(|conn| notice_find(conn, id)).unwrap().unwrap();
    assert_eq!(notice.deadline_at.unwrap().since(issued_at), Span::minutes(30), "the earliest");
    assert_eq!(breaches(&mut Books::open(&ground.url)), Vec::<String>::new());
    let read = story::read(&ground.service, Scope::of(&at.clerk), all[&rest[0]].id).unwrap();
    let told: Vec<String> = story_sentences(&read)
        .into_iter()
        .map(|sentence| format!("{} {}", sentence.text, sentence.quiet))
        .collect();
    let told = told.join("\n");
    assert!(told.contains("hefa补发给本单位。 漏送"), "{told}");
    assert!(told.contains("名单上没有本单位"), "{told}");
}

/// I1: what the events say of the list of recipients is the list.
#[test]
fn the_list_of_recipients_is_what_the_events_say() {
    let Some((at, id, rest)) = started(1) else { return };
    at.add(&at.releaser, id, "k1", &further(&rest, "情况紧急")).unwrap();
    let mut books = Books::open(&at.ground.url);
    assert_eq!(breaches(&mut books), Vec::<String>::new());
    let added = at.deliveries(id)[&rest[0]].id;
    at.ground.sql(&format!("UPDATE deliveries SET addressee = 'copy' WHERE id <> '{added}';"));
    let found = breaches(&mut books);
    assert!(found.iter().any(|line| line.starts_with("I1 ")), "{found:?}");
}

#[test]
fn who_is_on_the_list_is_refused_by_name_and_an_end_ends_adding() {
    let Some((at, id, rest)) = started(1) else { return };
    let old = at.issued.seats[0].organization;
    let refused = at.add(&at.releaser, id, "k1", &further(&[old, rest[0]], "急")).unwrap_err();
    let name = &at.deliveries(id)[&old].organization_name;
    let (place, text) = field(&refused);
    assert!(place == "to" && text.contains(name) && text.contains("已在名单上"), "{text}");
    let refused = at.add(&at.releaser, id, "k2", &further(&[], "")).unwrap_err();
    assert_eq!(field(&refused).0, "to");
    assert_eq!(at.deliveries(id).len(), 2, "nothing of it remains");
    recall(&at.ground.service, &at.clerk, id, &form("k3", "有误")).unwrap();
    let refused = at.add(&at.releaser, id, "k4", &further(&rest, "急")).unwrap_err();
    assert!(matches!(refused, ActRefused::Changed(_)), "{refused:?}");
}

#[test]
fn gaps_need_a_reason_and_somebody_who_may_decide() {
    let Some((at, id, rest)) = started(1) else { return };
    let refused = at.add(&at.clerk, id, "k1", &further(&rest, "情况紧急")).unwrap_err();
    let (place, text) = field(&refused);
    assert!(place == "gap_reason" && text.contains("须由核发人或值班员办理"), "{text}");
    let refused = at.add(&at.duty, id, "k2", &further(&rest, " ")).unwrap_err();
    assert_eq!(field(&refused).0, "gap_reason");
    at.add(&at.duty, id, "k3", &further(&rest, "情况紧急")).unwrap();
    let added = at.deliveries(id)[&rest[0]].id;
    let kept = format!("gap_issues WHERE delivery_id = '{added}' AND reason = '情况紧急'");
    assert_eq!(at.ground.count(&kept), 1);
    let task = format!("rungs WHERE action = 'call_unreachable' AND delivery_id = '{added}'");
    assert_eq!(at.ground.count(&task), 1, "it is called at once");
}

#[test]
fn what_went_out_with_gaps_says_so_on_the_board_and_the_register() {
    let Some((at, id, _)) = started(0) else { return };
    assert_eq!(at.ground.count("gap_issues"), 2);
    assert_eq!(at.ground.count("events WHERE kind = 'issued_with_gap'"), 2);
    let door = Door::open(&at.ground.service, PUBLIC_URL);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    for page in [format!("/notices/{id}?show=all"), format!("/notices/{id}/register")] {
        let page = clerk.get(&page).body;
        let words = "对该单位先行发出（hefa）：情况紧急；当时没有第二种已验证方式";
        assert_eq!(page.matches(words).count(), 2, "{page}");
    }
    let one = at.deliveries(id).into_values().next().unwrap();
    let story = clerk.get(&format!("/deliveries/{}", one.id)).body;
    assert!(story.contains("hefa对该单位先行发出，当时没有第二种已验证方式"), "{story}");
}

#[test]
fn the_list_of_gaps_before_issue_names_each_and_leads_to_where_it_is_mended() {
    let Some(at) = office(4) else { return };
    let seats: Vec<_> = at.issued.seats.iter().collect();
    let [first, second, superior, whole] = seats[..] else { panic!() };
    at.ground.sql(&format!(
        "UPDATE contact_addresses SET status = 'unverified' WHERE id = '{}';\
         UPDATE organizations SET superior_rule = 'unstated' WHERE id = '{}';\
         INSERT INTO desks (id, code, name, kind, round_the_clock) VALUES \
         ('dsk_0000000000000000000000000a', 'd', '值班室', 'duty_desk', {});",
        first.address,
        superior.organization,
        if at.ground.url.starts_with("sqlite") { "1" } else { "TRUE" }
    ));
    for seat in [superior, whole] {
        at.ground.sql(&format!(
            "INSERT INTO desk_organizations (desk_id, organization_id) VALUES \
             ('dsk_0000000000000000000000000a', '{}');",
            seat.organization
        ));
    }
    let draft = at.draft(at.issued.notice, &seats, "k1");
    at.submit(draft).unwrap();
    let door = Door::open(&at.ground.service, PUBLIC_URL);
    let mut releaser = Visitor::new(&door).sign_in("hefa", PASSWORD);
    let page = releaser.get(&format!("/notices/{draft}/preview")).body;
    let leads = |organization: OrganizationId, place: &str, word: &str| {
        format!("href=\"/directory/{organization}#{place}\" target=\"_blank\">{word}</a>")
    };
    for wanted in [
        leads(first.organization, "contacts", "没有已验证的联系方式"),
        leads(first.organization, "desks", "没有第二种已验证方式，也没有24小时值班室"),
        leads(second.organization, "desks", "没有第二种已验证方式，也没有24小时值班室"),
        leads(superior.organization, "basic", "没有写明上级单位"),
    ] {
        assert!(page.contains(&wanted), "{wanted}\n{page}");
    }
    assert!(page.contains("3 个单位联系方式不全"), "{page}");
    assert!(!page.contains(&format!("/directory/{}#", whole.organization)));
}

#[test]
fn the_page_works_without_script_and_keeps_what_was_typed() {
    let Some((at, id, rest)) = started(2) else { return };
    let door = Door::open(&at.ground.service, PUBLIC_URL);
    let mut releaser = Visitor::new(&door).sign_in("hefa", PASSWORD);
    let path = format!("/notices/{id}/add-recipients");
    let board = releaser.get(&format!("/notices/{id}")).body;
    assert!(board.contains(&format!("href=\"{path}\"")), "{board}");
    let page = releaser.get(&path).body;
    let listed = |page: &str, id: OrganizationId| page.contains(&format!("value=\"{id}\""));
    assert!(rest.iter().all(|id| listed(&page, *id)));
    assert!(!listed(&page, at.issued.seats[0].organization), "who has it is not offered");
    let post = |visitor: &mut Visitor, form: &Form, press: &str, ticked: &[OrganizationId]| {
        let mut fields = form.fields.clone();
        fields.retain(|(name, _)| name != "to");
        fields.push(("do".into(), press.into()));
        fields.extend(ticked.iter().map(|id| ("to".to_owned(), id.to_string())));
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        visitor.post(&path, &fields)
    };
    let mut typed = Form::holding(&page, "reason").unwrap();
    typed.type_in("reason", "漏送了这两家");
    let searched = post(&mut releaser, &typed, "search", &rest);
    assert_eq!(searched.status, 200);
    let again = Form::holding(&searched.body, "gap_reason").expect("gaps ask for a reason");
    assert_eq!(again.text("reason"), "漏送了这两家");
    let ticked = again.fields.iter().filter(|(name, _)| name == "to").count();
    assert_eq!(ticked, 2);
    let refused = post(&mut releaser, &again, "add", &rest);
    assert_eq!(refused.status, 422, "{}", refused.body);
    let mut again = Form::holding(&refused.body, "gap_reason").unwrap();
    assert_eq!(again.text("reason"), "漏送了这两家");
    again.type_in("gap_reason", "情况紧急");
    let done = post(&mut releaser, &again, "add", &rest);
    assert_eq!((done.status, done.header("location")), (303, format!("/notices/{id}").as_str()));
    assert_eq!(at.deliveries(id).len(), 4);
    let twice = post(&mut releaser, &again, "add", &rest);
    assert_eq!(twice.status, 303, "posted twice it is one: {}", twice.body);
    assert_eq!(at.deliveries(id).len(), 4);
}

/// Where the level wants a second person for the issue, it wants one for the adding, whatever
/// roles the author holds; and where it does not, it does not.
#[test]
fn adding_wants_a_second_person_where_issuing_does() {
    let Some((at, id, rest)) = started(2) else { return };
    // No gaps, so that nothing else stands in the way.
    let desk = "dsk_0000000000000000000000000b";
    at.ground.sql(&format!(
        "INSERT INTO desks (id, code, name, kind, round_the_clock) VALUES \
         ('{desk}', 'e', '值班室', 'duty_desk', {});",
        if at.ground.url.starts_with("sqlite") { "1" } else { "TRUE" }
    ));
    for organization in &rest {
        at.ground.sql(&format!(
            "INSERT INTO desk_organizations (desk_id, organization_id) VALUES \
             ('{desk}', '{organization}');"
        ));
    }
    let refused = |by: &Account, key: &str| {
        let refused = at.add(by, id, key, &further(&rest[..1], "")).unwrap_err();
        let (place, text) = field(&refused);
        assert!(place == "to" && text.contains("起草人以外的核发人或值班员"), "{place} {text}");
        assert_eq!(at.deliveries(id).len(), 2);
    };
    refused(&at.clerk, "k1");
    let author = |by: &Account| {
        at.ground.sql(&format!("UPDATE notices SET author_id = '{}' WHERE id = '{id}';", by.id));
    };
    // Who may release other people's may not widen his own.
    for by in [&at.releaser, &at.duty] {
        author(by);
        refused(by, "k2");
    }
    author(&at.clerk);
    at.add(&at.duty, id, "k3", &further(&rest[..1], "")).unwrap();
    assert_eq!(at.deliveries(id).len(), 3);
    at.ground.sql(&format!(
        "UPDATE notice_versions SET ladder = REPLACE(ladder, '\"needs_second_person\":true', \
         '\"needs_second_person\":false') WHERE notice_id = '{id}';"
    ));
    at.add(&at.clerk, id, "k4", &further(&rest[1..], "")).unwrap();
    assert_eq!(at.deliveries(id).len(), 4);
}
