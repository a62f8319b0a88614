//! What the pages of an office do for the clerk: one text for many, alarms only for who can mend
//! them, the files of what went out, drafts that are thrown away.

use qianshou::adapters::clock::Clock as _;
use qianshou::domain::alarm::AlarmKind;
use qianshou::domain::ids::{AlarmId, NoticeId};
use qianshou::service::send_back::send_back;
use qianshou::service::{accounts, escalate};
use qianshou::store::alarms::Alarm;
use qianshou::store::drafts::file_list;
use qianshou::store::notices::notice_find;

use crate::support::door::{Door, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::form::{Form, press};
use crate::support::house::{count, execute};
use crate::support::stand::PUBLIC_URL;

fn fields_of<'f>(form: &'f Form, begin: &'f str) -> Vec<&'f str> {
    let found = form.fields.iter().filter(move |(name, _)| name.starts_with(begin));
    found.map(|(_, value)| value.as_str()).collect()
}

#[test]
fn one_text_is_filled_into_a_whole_branch_without_script() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let path = format!("/notices/{}/close", town.ours.notice);
    let mut form = Form::holding(&visitor.get(&path).body, "same").unwrap();
    let all = form.buttons("do", "all:");
    assert!(all.len() > 10, "a button for each branch: {all:?}");
    let nothing = press(&mut visitor, &form, ("do", "fill"));
    assert_eq!(nothing.status, 422, "{}", nothing.words());
    assert!(nothing.body.contains("请先写明共同的情况"), "{}", nothing.words());

    form.type_in("same", "线路故障，已派人送达");
    let ticked = press(&mut visitor, &form, ("do", &all[0]));
    let form = Form::holding(&ticked.body, "same").unwrap();
    let meant = fields_of(&form, "pick").len();
    assert!(meant > 1, "the branch is ticked: {:?}", form.fields);
    assert_eq!(form.text("same"), "线路故障，已派人送达", "what was typed is kept");
    let filled = press(&mut visitor, &form, ("do", "fill"));
    let form = Form::holding(&filled.body, "same").unwrap();
    let texts = fields_of(&form, "gap-");
    let written = texts.iter().filter(|text| **text == "线路故障，已派人送达").count();
    assert_eq!((filled.status, written), (200, meant));
    assert_eq!(fields_of(&form, "pick").len(), 0, "the ticks have done their work");
    assert_eq!(count(&town.url, "gap_explanations"), 0, "nothing is closed by it");
    let closed = press(&mut visitor, &form, ("do", "close"));
    assert_eq!(closed.status, 422);
    let missing = closed.body.matches("class=\"field-error\"").count();
    assert_eq!(missing, texts.len() - written, "each of the others still wants its own");
}

#[test]
fn resend_and_remind_tick_a_branch_at_once() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let path = format!("/notices/{}", town.ours.notice);
    for (act, name) in [("resend", "to"), ("remind", "delivery")] {
        let form = Form::holding(&visitor.get(&format!("{path}/{act}")).body, "do").unwrap();
        let ticks = |form: &Form| form.fields.iter().filter(|(field, _)| field == name).count();
        let (before, branch) = (ticks(&form), form.buttons("do", "none:").remove(0));
        let cleared = press(&mut visitor, &form, ("do", &branch));
        let form = Form::holding(&cleared.body, "do").unwrap();
        let without = ticks(&form);
        let ticked = press(&mut visitor, &form, ("do", &branch.replace("none:", "all:")));
        let with = ticks(&Form::holding(&ticked.body, "do").unwrap());
        assert!(with > without, "{act}: {without} and then {with}");
        assert_eq!(before, if act == "remind" { with } else { 0 }, "{act}");
    }
    assert_eq!(count(&town.url, "messages WHERE purpose IN ('resend', 'reminder')"), 0);
}

#[test]
fn an_alarm_names_its_year_once_and_only_to_whom_it_concerns() {
    let Some(town) = Town::new() else { return };
    let now = town.clock.now();
    let alarm = |kind, subject: &str, bits| Alarm {
        id: AlarmId::new(now, [bits; 10]),
        kind,
        subject: subject.to_owned(),
        detail: String::new(),
        raised_at: now,
        seen_at: now,
    };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut people = ["guanli", "jingban", "zhiban", "hefa", "shenji"]
        .map(|login| (login, Visitor::new(&door).sign_in(login, PASSWORD)));
    town.service.watch.keep_alarms(vec![alarm(AlarmKind::HolidaysMissing, "2027", 1)]);
    for (login, visitor) in &mut people {
        let page = visitor.get("/directory").body;
        let told = page.matches("还没有2027年的放假安排").count();
        assert_eq!(told, usize::from(*login == "guanli"), "{login}");
        assert_eq!(page.contains("<a href=\"/calendar\">去补上</a>"), *login == "guanli");
    }
    let calendar = people[0].1.get("/calendar").body;
    assert!(calendar.contains("<table class=\"table years\">"), "{calendar}");
    execute(
        &town.url,
        "INSERT INTO alarms (id, kind, subject, detail, raised_at, seen_at) VALUES \
         ('alm_0000000000000000000000000a', 'step_overdue', 'x', '', 1, 1), \
         ('alm_0000000000000000000000000b', 'holidays_missing', '2027', '', 1, 1)",
    );
    let both =
        vec![alarm(AlarmKind::HolidaysMissing, "2027", 1), alarm(AlarmKind::StepOverdue, "x", 2)];
    town.service.watch.keep_alarms(both);
    let duty = people[2].1.get("/duty").body;
    assert_eq!(duty.matches(AlarmKind::StepOverdue.word_zh()).count(), 1, "{duty}");
    assert!(!duty.contains("放假安排"), "{duty}");
}

#[test]
fn the_office_opens_the_files_of_what_it_sent_and_nobody_else_does() {
    let Some(town) = Town::new() else { return };
    let (draft, issued) = (town.draft, town.ours.notice);
    let file = town.service.store.read(|conn| file_list(conn, draft, 1)).unwrap().remove(0);
    // The notice that is out has the same file under a name of its own.
    let copy = "fil_0000000000000000000000000a";
    execute(
        &town.url,
        &format!(
            "INSERT INTO notice_files (id, notice_id, version, place, role, name, media_type, \
             size_bytes, sha256) SELECT '{copy}', '{issued}', version, place, role, name, \
             media_type, size_bytes, sha256 FROM notice_files WHERE id = '{}'",
            file.id
        ),
    );
    let door = Door::open(&town.service, PUBLIC_URL);
    let path = format!("/notices/{issued}/files/{copy}");
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let page = clerk.get(&format!("/notices/{issued}/preview/page"));
    assert!(page.body.contains(&format!("href=\"{path}\"")), "{}", page.words());
    assert!(page.body.contains("收件单位看到的就是这一页"), "{}", page.words());
    assert!(!page.body.contains("<form"), "there is nothing to press: {}", page.words());
    let opened = clerk.get(&path);
    assert_eq!((opened.status, opened.header("content-type")), (200, "application/pdf"));
    for (login, status) in [("zf-jingban", 404), ("guanli", 403), ("shenji", 403)] {
        let heard = Visitor::new(&door).sign_in(login, PASSWORD).get(&path);
        assert_eq!(heard.status, status, "{login}");
    }
    let gone = clerk.get(&format!("/notices/{issued}/files/{}", file.id));
    assert_eq!(gone.status, 409, "a file of another notice is none of this one");

    execute(&town.url, &format!("UPDATE notices SET state = 'recalled' WHERE id = '{issued}'"));
    let over = clerk.get(&format!("/notices/{issued}/preview/page"));
    assert!(
        over.body.contains("本件已撤回，收件单位现在看到的是说明此事的另一页"),
        "{}",
        over.words()
    );
    for untrue in ["看到的就是这一页", "直接去签收", "还剩"] {
        assert!(!over.body.contains(untrue), "{untrue}: {}", over.words());
    }
}

fn is_there(town: &Town, id: NoticeId) -> bool {
    town.service.store.read(|conn| notice_find(conn, id)).unwrap().is_some()
}

#[test]
fn a_draft_is_thrown_away_once_and_what_others_judged_is_kept() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let path = format!("/notices/{}", town.draft);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let edit = clerk.get(&format!("{path}/edit")).body;
    assert!(edit.contains(&format!("href=\"{path}/delete\"")), "{edit}");
    let asked = clerk.get(&format!("{path}/delete"));
    let form = Form::holding(&asked.body, "key").unwrap();
    assert!(is_there(&town, town.draft), "the page alone deletes nothing");
    let mut other = Visitor::new(&door).sign_in("zf-jingban", PASSWORD);
    let token = other.form_token();
    let fields = [("form_token", token.as_str()), ("key", "k"), ("do", "delete")];
    assert_eq!(other.post(&format!("{path}/delete"), &fields).status, 404);
    for _ in 0..2 {
        let done = press(&mut clerk, &form, ("do", "delete"));
        assert_eq!((done.status, done.header("location")), (303, "/notices"), "{}", done.words());
    }
    assert!(clerk.get("/notices").body.contains("草稿已删除。"));
    assert!(!is_there(&town, town.draft));
    assert_eq!(count(&town.url, "events WHERE kind = 'draft_deleted'"), 1);
    let left = format!("notice_files WHERE notice_id = '{}'", town.draft);
    assert_eq!(count(&town.url, &left), 0, "its files have lost their name");

    // What waits for 核发 has left its author, and so has what came back from it.
    let waiting = format!("/notices/{}/delete", town.waiting);
    let mut refused = |what: &str| {
        let token = clerk.form_token();
        let fields = [("form_token", token.as_str()), ("key", what), ("do", "delete")];
        let heard = clerk.post(&waiting, &fields);
        assert_eq!(heard.status, 409, "{what}: {}", heard.words());
        assert!(is_there(&town, town.waiting), "{what}");
    };
    refused("waiting");
    let all = accounts::list(&town.service).unwrap();
    let releaser = all.iter().find(|one| one.login == "hefa").unwrap();
    send_back(&town.service, releaser, town.waiting, "落款机关少了一个").unwrap();
    refused("sent back");
}

#[test]
fn the_preview_counts_the_calls_that_are_then_owed() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let path = format!("/notices/{}", town.draft);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let preview = clerk.get(&format!("{path}/preview"));
    let words = "个单位联系方式不全，发出即要打电话";
    let before = preview.body.split(words).next().unwrap();
    let said: usize =
        before.trim().rsplit(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
    assert!(said > 0, "{}", preview.words());
    execute(&town.url, "UPDATE notices SET number_serial = 99 WHERE number_serial = 35");
    let submit = Form::holding(&preview.body, "digest").unwrap();
    assert_eq!(press(&mut clerk, &submit, ("do", "submit")).status, 303);
    let mut releaser = Visitor::new(&door).sign_in("hefa", PASSWORD);
    let page = releaser.get(&format!("{path}/preview"));
    let mut release = Form::holding(&page.body, "gap_reason").unwrap();
    release.type_in("gap_reason", "情况紧急");
    let issued = press(&mut releaser, &release, ("do", "release"));
    assert_eq!(issued.status, 303, "{}", issued.words());
    while escalate::tick(&town.service).unwrap().more {}
    let owed = format!("call_tasks WHERE kind = 'call' AND notice_id = '{}'", town.draft);
    assert_eq!(count(&town.url, &owed), i64::try_from(said).unwrap());
}

#[test]
fn what_looks_classified_is_refused_with_the_name_of_its_field() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let edit = clerk.get(&format!("/notices/{}/edit", town.draft)).body;
    let mut form = Form::holding(&edit, "title").unwrap();
    form.type_in("title", "关于《机密★级文件保管办法》的通知");
    let (kind, body) = form.multipart(("do", "save"), &[]);
    let refused = clerk.send("POST", &form.action, (&kind, &body));
    assert_eq!(refused.status, 422);
    let places: Vec<&str> = ["标题", "正文文字", "紧急理由"]
        .into_iter()
        .filter(|label| refused.body.contains(&format!("“{label}”里有疑似密级标志的字样")))
        .collect();
    assert_eq!(places, ["标题"], "{}", refused.words());
    let path = format!("/notices/{}/recall", town.ours.notice);
    let mut form = Form::holding(&clerk.get(&path).body, "reason").unwrap();
    form.type_in("reason", "附件是机密★10年");
    let refused = press(&mut clerk, &form, ("do", "recall"));
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("“理由”一栏"), "{}", refused.words());
    assert!(!refused.body.contains("10年"), "nothing of it is shown again: {}", refused.words());
}

#[test]
fn a_stranger_who_is_lost_is_led_to_the_door_and_who_came_by_a_link_is_not() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut anybody = Visitor::new(&door);
    let to_the_door = "href=\"/sign-in\"";
    assert!(anybody.get("/absent").body.contains(to_the_door));
    // The pages of a link that opens nothing, and of an address below one that is none at all.
    let below = ["/receive/x/y", "/l/x/y", "/d/x/y", "/delegated/x/y"];
    for path in below.into_iter().chain(["/receive/x", "/l/x", "/d/x", "/delegated/x"]) {
        let heard = anybody.get(path);
        assert!(heard.status == 404 && !heard.body.contains(to_the_door), "{path}");
    }
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let lost = clerk.get("/absent").body;
    assert!(lost.contains("href=\"/\"") && !lost.contains(to_the_door), "{lost}");
}
