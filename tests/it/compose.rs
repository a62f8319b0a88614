//! From the empty draft to the issued notice, through the use-cases, on the engine of the run.

use std::collections::HashSet;
use std::time::Instant;

use qianshou::domain::account::Account;
use qianshou::domain::delivery::Tally;
use qianshou::domain::ids::{NoticeId, OrganizationId};
use qianshou::domain::notice::{IssueRefused as Rule, NoticeState, ReleaseRefused};
use qianshou::domain::time::{Span, Timestamp};
use qianshou::service::Service;
use qianshou::service::compose::{self, ComposeRefused, Content, Saved};
use qianshou::service::demo::fill;
use qianshou::service::issue::{IssueRefused, IssueRequest, Issued, issue};
use qianshou::service::pick::{self, Ticks};
use qianshou::service::preview::preview;
use qianshou::service::release_and_issue::{
    OralApproval, issue_on_oral_approval, release_and_issue,
};
use qianshou::service::send_back::send_back;
use qianshou::service::submit::submit;
use qianshou::service::upload::{self, Incoming, UploadRefused};
use qianshou::store::accounts::account_list;
use qianshou::store::deliveries::delivery_list_of_notice;
use qianshou::store::tallies::tally_find;

use crate::support::house::House;

/// A demonstration house: a province's directory, its accounts, and a 特提 draft.
struct World {
    house: House,
    notice: NoticeId,
    _folder: tempfile::TempDir,
}

impl World {
    fn open() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let house = House::open(folder.path())?;
        let notice = fill(&house.app.service).unwrap().notice;
        Some(Self { house, notice, _folder: folder })
    }

    fn service(&self) -> &Service {
        &self.house.app.service
    }

    fn account(&self, login: &str) -> Account {
        let all = self.service().store.read(account_list).unwrap();
        all.into_iter().find(|account| account.login == login).unwrap()
    }

    fn content(&self, id: NoticeId) -> (Content, i32) {
        let open = compose::load(self.service(), &self.account("jingban"), id).unwrap();
        let ticks = Ticks::of(&open.picks);
        (Content { draft: open.notice.draft, ticks }, open.notice.revision)
    }

    /// Saves a change of the draft as its author.
    fn change(&self, id: NoticeId, change: impl FnOnce(&mut Content)) -> Saved {
        let (mut content, revision) = self.content(id);
        change(&mut content);
        compose::save(self.service(), &self.account("jingban"), id, revision, content).unwrap()
    }

    fn request(&self, id: NoticeId, key: &str) -> IssueRequest {
        let seen = preview(self.service(), &self.account("jingban"), id).unwrap().digest;
        let gap_reason = Some("汛情紧急，先行发出".to_owned());
        IssueRequest {
            notice: id,
            seen,
            form_key: key.to_owned(),
            gap_reason,
            left_out: None,
            unchanged: false,
        }
    }

    fn submit(&self, id: NoticeId) -> IssueRequest {
        let request = self.request(id, "a key");
        submit(self.service(), &self.account("jingban"), id, request.seen).unwrap();
        request
    }

    fn release(&self, request: &IssueRequest) -> Result<Issued, IssueRefused> {
        release_and_issue(self.service(), &self.account("hefa"), request)
    }

    /// Rows of every table that an issue writes.
    fn rows(&self) -> Vec<i64> {
        ["deliveries", "rungs", "links", "messages", "notice_tallies", "notice_decisions"]
            .iter()
            .map(|table| self.house.count(table))
            .collect()
    }
}

#[test]
fn a_flash_notice_goes_out_whole_and_once() {
    let Some(world) = World::open() else { return };
    let (service, id) = (world.service(), world.notice);
    let picks: HashSet<OrganizationId> = {
        let open = compose::load(service, &world.account("jingban"), id).unwrap();
        open.picks.iter().map(|pick| pick.organization_id).collect()
    };
    let seen = preview(service, &world.account("hefa"), id).unwrap();
    let addresses = seen.outlook.address_count();
    assert!(addresses > picks.len(), "every way at once");

    let request = world.submit(id);
    let issued = world.release(&request).unwrap();
    assert_eq!(issued, Issued::Now { deliveries: picks.len(), messages: addresses });

    let deliveries = service.store.read(|conn| delivery_list_of_notice(conn, id)).unwrap();
    let sent: HashSet<_> = deliveries.iter().map(|one| one.organization_id).collect();
    assert_eq!(sent, picks, "deliveries are the picks");
    assert!(deliveries.iter().all(|one| !one.reason.is_empty()));
    let recount = deliveries.iter().fold(Tally::default(), |mut sum, one| {
        sum += Tally::one(&one.facts, Timestamp::default());
        sum
    });
    assert_eq!(service.store.read(|conn| tally_find(conn, id)).unwrap(), recount);
    let silent = deliveries.iter().filter(|one| one.facts.unreachable).count();
    assert_eq!(silent, seen.outlook.unreachable().count());
    let events = world.house.count("events where kind = 'unreachable'");
    assert_eq!(usize::try_from(events).unwrap(), silent);
    assert_eq!(
        world.house.count("messages where step = 0 and state = 'waiting' and lane = 0"),
        i64::try_from(addresses).unwrap()
    );
    assert_eq!(
        world.house.count(
            "messages m join links l on l.id = m.link_id \
        where l.delivery_id = m.delivery_id and l.address_id = m.address_id"
        ),
        i64::try_from(addresses).unwrap()
    );
    assert_eq!(
        world.house.count("rungs where closed_why = 'done_by_issue'"),
        i64::try_from(picks.len() - silent).unwrap()
    );
    assert_eq!(world.house.count("events where kind = 'notice_issued'"), 1);

    let before = world.rows();
    assert_eq!(world.release(&request).unwrap(), Issued::Before, "pressed twice");
    let other_press = IssueRequest { form_key: "another key".into(), ..request };
    assert!(matches!(
        world.release(&other_press),
        Err(IssueRefused::Draft(ComposeRefused::State(_)))
    ));
    assert_eq!(world.rows(), before);
}

#[test]
fn unreachable_recipients_are_flagged_and_told() {
    let Some(world) = World::open() else { return };
    let victim =
        compose::load(world.service(), &world.account("jingban"), world.notice).unwrap().picks[0]
            .organization_id;
    world.house.execute(&format!(
        "update contact_addresses set status = 'retired' where contact_id \
        in (select id from contacts where organization_id = '{victim}')"
    ));
    let mut request = world.submit(world.notice);
    request.gap_reason = None;
    assert!(matches!(world.release(&request), Err(IssueRefused::GapsUnexplained)));
    request.gap_reason = Some("先行发出".into());
    world.release(&request).unwrap();
    let sql = format!("deliveries where unreachable and organization_id = '{victim}'");
    assert_eq!(world.house.count(&sql), 1);
    let sql = format!(
        "messages m join deliveries d on d.id = m.delivery_id \
        where d.organization_id = '{victim}'"
    );
    assert_eq!(world.house.count(&sql), 0);
    assert!(world.house.count("events where kind = 'unreachable'") >= 1);
    let tally = world.service().store.read(|conn| tally_find(conn, world.notice)).unwrap();
    assert!(tally.unreachable >= 1);
}

#[test]
fn the_rules_of_a_flash_notice_hold() {
    let Some(world) = World::open() else { return };
    let (service, id) = (world.service(), world.notice);
    let author = world.account("jingban");
    let request = world.request(id, "k1");
    assert!(
        matches!(issue(service, &author, &request), Err(IssueRefused::Rule(Rule::NoRelease))),
        "no second person"
    );
    let request = world.submit(id);
    assert!(matches!(
        release_and_issue(service, &author, &request),
        Err(IssueRefused::Rule(Rule::Release(ReleaseRefused::SamePerson)))
    ));
    let foreign = world.account("zf-hefa");
    assert!(
        matches!(
            release_and_issue(service, &foreign, &request),
            Err(IssueRefused::Draft(ComposeRefused::Service(_)))
        ),
        "another office's is absent"
    );

    world.change(id, |content| content.draft.title.push('（')); // an edit voids the release
    assert!(matches!(world.release(&request), Err(IssueRefused::Changed)));
    let open = compose::load(service, &author, id).unwrap();
    assert_eq!(open.notice.state, NoticeState::Draft, "and takes the notice back");

    world.change(id, |content| content.draft.urgency_reason.clear());
    let request = world.request(id, "k2");
    let refused = submit(service, &author, id, request.seen).unwrap_err();
    assert_eq!(refused.messages_zh()[0].0, "urgency_reason");
    assert_eq!(world.house.count("deliveries"), 0);
}

#[test]
fn sent_back_it_is_a_draft_with_the_reason() {
    let Some(world) = World::open() else { return };
    world.submit(world.notice);
    let releaser = world.account("hefa");
    assert!(send_back(world.service(), &releaser, world.notice, "  ").is_err());
    send_back(world.service(), &releaser, world.notice, "落款少一个机关").unwrap();
    let open = compose::load(world.service(), &releaser, world.notice).unwrap();
    assert_eq!(open.notice.state, NoticeState::Draft);
    assert_eq!(open.decisions.last().unwrap().reason.as_deref(), Some("落款少一个机关"));
}

#[test]
fn an_oral_approval_stands_in_for_the_second_person() {
    let Some(world) = World::open() else { return };
    let duty = world.account("zhiban");
    let request = world.request(world.notice, "oral");
    let said = |how: &str| OralApproval {
        by: "张某某 副秘书长".into(),
        at: Some(world.service().now().plus(Span::minutes(-5))),
        how: how.into(),
    };
    let late = OralApproval { at: None, ..said("电话") };
    for bad in [said(""), late] {
        let refused = issue_on_oral_approval(world.service(), &duty, &request, bad);
        assert!(matches!(refused, Err(IssueRefused::OralIncomplete(_))));
    }
    let good = said("电话 0731-82210000");
    issue_on_oral_approval(world.service(), &duty, &request, good).unwrap();
    let decided = "notice_decisions where decision = 'oral_approval' and approver_name is not null";
    assert_eq!(world.house.count(decided), 1);
}

#[test]
fn a_draft_survives_is_saved_once_and_conflicts_are_told() {
    let Some(world) = World::open() else { return };
    let (service, author) = (world.service(), world.account("jingban"));
    let mut content = Content::default();
    content.draft.title = "关于防汛的通知".into();
    let first = compose::start(service, &author, "form", content.clone()).unwrap();
    let again = compose::start(service, &author, "form", content.clone()).unwrap();
    assert_eq!(first, again, "posted twice is one draft");

    content.draft.body = "一".into();
    let mine = compose::save(service, &author, first.id, first.revision, content.clone()).unwrap();
    let same = compose::save(service, &author, first.id, first.revision, content.clone()).unwrap();
    assert_eq!(mine, same, "what changes nothing is no conflict");
    content.draft.body = "二".into();
    let late = compose::save(service, &author, first.id, first.revision, content);
    assert!(matches!(late, Err(ComposeRefused::ChangedMeanwhile)));
    assert_eq!(world.content(first.id).0.draft.body, "一");

    let refused = submit(service, &author, first.id, world.request(first.id, "x").seen);
    let fields: Vec<&str> =
        refused.unwrap_err().messages_zh().iter().map(|(field, _)| *field).collect();
    for needed in [
        "dispatching_organ",
        "signatories",
        "form",
        "urgency",
        "channel_class",
        "document_number",
        "approver_name",
        "approved_on",
        "addressee_line",
        "issue_date",
        "duty_phone",
    ] {
        assert!(fields.contains(&needed), "{needed} is not among {fields:?}");
    }
    let foreign = world.account("zf-jingban");
    assert!(compose::load(service, &foreign, first.id).is_err());
}

#[test]
fn an_issue_that_fails_in_the_middle_leaves_nothing() {
    let Some(world) = World::open() else { return };
    let request = world.submit(world.notice);
    // Takes the key of the tally away from the issue: it fails after all deliveries are in.
    world.house.execute(&format!(
        "insert into notice_tallies values \
        ('{}', 0, 0, 0, 0, 0, 0, 0)",
        world.notice
    ));
    let before = world.rows();
    assert!(world.release(&request).is_err());
    assert_eq!(world.rows(), before);
    assert_eq!(world.house.count("events where kind in ('notice_issued', 'notice_released')"), 0);
    assert_eq!(world.house.count("notices where issued_at is not null"), 0);
    world.house.execute("delete from notice_tallies");
    world.release(&request).unwrap();
}

#[test]
fn a_number_is_issued_once() {
    let Some(world) = World::open() else { return };
    let (service, author) = (world.service(), world.account("jingban"));
    let (content, _) = world.content(world.notice);
    let twin = compose::start(service, &author, "twin", content).unwrap();
    world.release(&world.submit(world.notice)).unwrap();
    let mut request = world.submit(twin.id);
    request.form_key = "twin's key".into();
    let refused = world.release(&request).unwrap_err();
    assert!(matches!(refused, IssueRefused::NumberTaken(_)));
    assert_eq!(refused.messages_zh()[0].0, "document_number");
    assert_eq!(world.house.count("notices where issued_at is not null"), 1);
}

#[test]
fn classified_matter_never_enters() {
    let Some(world) = World::open() else { return };
    let (service, author, id) = (world.service(), world.account("jingban"), world.notice);
    let (mut content, revision) = world.content(id);
    content.draft.title = "机密★1年 关于某事的通知".into();
    let refused = compose::save(service, &author, id, revision, content);
    assert!(matches!(refused, Err(ComposeRefused::Classified(_))));
    assert!(!world.content(id).0.draft.title.contains("机密"));

    let draft = Saved { id, revision };
    let bring = |name: &str, bytes: &[u8]| {
        let mut upload = upload::begin(service).unwrap();
        upload.write(bytes).unwrap();
        upload::attach(service, &author, draft, Incoming { name: name.into(), upload })
    };
    let named = bring("机密 值班表.txt", "值班表".as_bytes());
    assert!(matches!(named, Err(UploadRefused::Classified(_))));
    let inside = bring("值班表.txt", "机密★1年\n值班表".as_bytes());
    assert!(matches!(inside, Err(UploadRefused::Classified(_))));
    assert!(matches!(bring("程序.exe", b"MZ"), Err(UploadRefused::File(_))));
    let told = "events where kind = 'classified_refused'";
    assert_eq!(world.house.count(told), 3);
    assert_eq!(world.house.count("notice_files where name like '%值班表.txt'"), 0);
    let kept = qianshou::domain::digest::Sha256Digest::of("机密★1年\n值班表".as_bytes());
    assert!(!service.files.contains(&kept).unwrap());

    let saved = bring("值班表.txt", "值班表".as_bytes()).unwrap();
    assert_eq!(saved.revision, revision + 1);
    assert_eq!(world.house.count("notice_files where name = '值班表.txt'"), 1);
}

#[test]
fn three_thousand_recipients_go_out_in_one_transaction() {
    let Some(world) = World::open() else { return };
    let like = "select id from organizations where code = '430100-party'";
    let columns = "kind, level, region_code, parent_id, superior_rule, superior_id, \
        working_hours, tree_depth, changed_at, retired_at";
    for n in 0..2_700 {
        // ids are Crockford base 32 of 128 bits: digits alone are good
        world.house.execute(&format!(
            "insert into organizations (id, code, name, short_name, tree_path, {columns}) select \
             'org_{n:026}', 'x{n}', '第{n}单位', '第{n}单位', 'z{n:08}', {columns} \
             from organizations where id = ({like})"
        ));
    }
    let service = world.service();
    let all = pick::tree(service).unwrap().rows().map(|row| row.id).collect();
    world.change(world.notice, |content| content.ticks.primary = all);
    let request = world.submit(world.notice);
    let begun = Instant::now();
    let issued = world.release(&request).unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    let rows: i64 = world.rows().iter().sum();
    let per_second = f64::from(u32::try_from(rows).unwrap()) / seconds;
    println!("{issued:?}: {rows} rows in {seconds:.2} s, {per_second:.0} rows/s");
    assert!(matches!(issued, Issued::Now { deliveries: 3_000.., .. }));
}
