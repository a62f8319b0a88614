//! The form of a notice and its preview, as pages: what is told names its field and leads there,
//! what nobody wrote in is not kept, dates are called what they are, and a correction that changes
//! nothing does not go out unseen.

use qianshou::domain::ids::OrganizationId;
use qianshou::domain::notice::NoticeDraft;
use qianshou::service::compose::{self, Content};
use qianshou::service::pick::Ticks;
use qianshou::service::preview::preview;
use qianshou::service::supersede::begin;
use qianshou::store::deliveries::delivery_list_of_notice;
use qianshou::store::events::event_list_of_delivery;

use crate::support::door::{Door, Heard, Visitor};
use crate::support::fixture_link::Seat;
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::form::{Form, press};
use crate::support::house::count;
use crate::support::office::{form, office};
use crate::support::stand::PUBLIC_URL;

fn form_on(page: &Heard) -> Form {
    Form::holding(&page.body, "title").unwrap_or_else(|| panic!("{}", page.words()))
}

fn send(visitor: &mut Visitor, form: &Form, act: &str) -> Heard {
    let (kind, body) = form.multipart(("do", act), &[]);
    visitor.send("POST", &form.action, (&kind, &body))
}

/// Where each entry of the box of mistakes leads, and what it says.
fn summary(page: &Heard) -> Vec<(String, String)> {
    let list =
        page.body.split("id=\"errors\">").nth(1).unwrap_or_else(|| panic!("{}", page.words()));
    let list = list.split("</ul>").next().unwrap();
    let entry = |part: &str| {
        let (href, rest) = part.split_once("\">").unwrap();
        (href.to_owned(), rest.split("</a>").next().unwrap().to_owned())
    };
    list.split("<a href=\"").skip(1).map(entry).collect()
}

/// What the label of a field is called, without what stands in brackets.
fn label<'p>(page: &'p Heard, field: &str) -> Option<&'p str> {
    let text = page.body.split(&format!("<label for=\"{field}\">")).nth(1)?;
    text.split(['<', '（']).next()
}

#[test]
fn every_mistake_names_its_field_and_leads_to_it() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let empty = form_on(&visitor.get("/notices/new"));
    let mut wrong = empty.clone();
    for (field, text) in [
        ("title", "关于试验的通知"),
        ("document_number", "湘办发电〔2026〕零号"),
        ("approved_on", "2026-11-30"),
        ("report_back_note", "报名单"),
        ("sign_by", "2026-11-01T09:00"),
        ("duty_phone", "请打总机"),
        ("form", "paper"),
        ("urgency", "flash"),
    ] {
        wrong.type_in(field, text);
    }
    let mut told = 0;
    for form in [&empty, &wrong] {
        let page = send(&mut visitor, form, "check");
        assert_eq!(page.status, 422, "{}", page.words());
        for (href, text) in summary(&page) {
            let field = href.strip_prefix('#').unwrap();
            assert!(page.body.contains(&format!("id=\"{field}\"")), "{href} leads nowhere");
            if let Some(label) = label(&page, field) {
                assert!(text.contains(label), "{field}, called {label}: {text}");
                told += 1;
            }
        }
    }
    assert!(told > 15, "{told}");
    let page = send(&mut visitor, &wrong, "check");
    let number = summary(&page).into_iter().find(|(href, _)| href == "#document_number").unwrap();
    assert!(number.1.starts_with("发文字号：序号“零”"), "{number:?}");
    assert!(page.body.contains("id=\"document_number-error\">序号“零”"), "beside it: {page:?}");
}

#[test]
fn on_the_preview_what_is_missing_leads_to_the_field_of_the_form() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let path = format!("/notices/{}", town.draft);
    let mut form = form_on(&visitor.get(&format!("{path}/edit")));
    form.type_in("document_number", "");
    assert_eq!(send(&mut visitor, &form, "save").status, 303);
    let preview = visitor.get(&format!("{path}/preview"));
    let way = format!("href=\"{path}/edit#document_number\"");
    assert!(preview.body.contains(&way), "{}", preview.words());
    let mut releaser = Visitor::new(&door).sign_in("hefa", PASSWORD);
    let preview = releaser.get(&format!("{path}/preview"));
    assert!(!preview.body.contains("#document_number"), "{}", preview.words());
    assert!(preview.body.contains("href=\"#sheet\""), "{}", preview.words());
}

#[test]
fn a_form_in_which_nobody_wrote_is_no_draft_and_whatever_was_written_is() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let before = count(&town.url, "notices");
    let untouched = form_on(&visitor.get("/notices/new"));
    let branch = untouched.buttons("do", "none:").remove(0);
    let mut sought = untouched.clone();
    sought.type_in("search", "望城");
    for (form, act, status) in [
        (&untouched, "save", 303),
        (&untouched, "check", 422),
        (&untouched, "upload", 303),
        (&untouched, "autosave", 200),
        (&untouched, branch.as_str(), 303),
        (&sought, "search", 303),
        (&sought, "save", 303),
        (&sought, "autosave", 200),
    ] {
        let heard = send(&mut visitor, form, act);
        assert_eq!(heard.status, status, "{act}: {}", heard.words());
        assert_eq!(heard.header("x-draft-address"), "", "{act}");
        assert_eq!(count(&town.url, "notices"), before, "{act} kept an empty draft");
        if act == "search" {
            let page = visitor.get(heard.header("location").split('#').next().unwrap());
            assert_eq!(form_on(&page).text("search"), "望城");
            assert!(page.body.contains("望城区"), "{}", page.words());
        }
    }
    let (kind, body) = untouched.multipart(("do", "upload"), &[("files", "a.exe", b"MZ")]);
    let refused = visitor.send("POST", &untouched.action, (&kind, &body));
    assert_eq!((refused.status, count(&town.url, "notices")), (422, before), "{refused:?}");
    assert!(refused.body.contains("“a.exe”"), "{}", refused.words());
    let said = send(&mut visitor, &untouched, "save");
    let page = visitor.get(said.header("location"));
    assert!(page.body.contains("没有存为草稿"), "{}", page.words());

    // Every control that can be written in keeps a draft by itself.
    let mut kept = before;
    let fixed = ["form_token", "key", "revision", "search"];
    for (name, held) in &untouched.fields {
        if fixed.contains(&name.as_str()) {
            continue;
        }
        let mut form = form_on(&visitor.get("/notices/new"));
        form.type_in(name, if held == "telegram" { "paper" } else { "x" });
        let heard = send(&mut visitor, &form, "autosave");
        kept += 1;
        assert_eq!(count(&town.url, "notices"), kept, "{name}: {}", heard.words());
        assert!(heard.header("x-draft-address").starts_with("/notices/ntc_"), "{name}");
    }
    assert!(kept - before > 15, "{}", kept - before);
    let mut ticked = form_on(&visitor.get("/notices/new"));
    ticked.fields.push(("overnight".into(), "1".into()));
    send(&mut visitor, &ticked, "autosave");
    let all = untouched.buttons("do", "all:").remove(0);
    let fresh = form_on(&visitor.get("/notices/new"));
    assert_eq!(send(&mut visitor, &fresh, &all).status, 303);
    let fresh = form_on(&visitor.get("/notices/new"));
    let (kind, body) = fresh.multipart(("do", "upload"), &[("files", "a.txt", b"text")]);
    assert_eq!(visitor.send("POST", &fresh.action, (&kind, &body)).status, 303);
    assert_eq!(count(&town.url, "notices"), kept + 3, "a tick, a recipient, a file");
    // Emptied again it stays the draft it was, and the form that began it goes on with it.
    let mut begun = fresh.clone();
    begun.type_in("title", "关于试验的通知");
    send(&mut visitor, &begun, "autosave");
    begun.type_in("title", "");
    let heard = send(&mut visitor, &begun, "autosave");
    assert!(heard.header("x-draft-address").starts_with("/notices/ntc_"), "{}", heard.words());
    assert_eq!(count(&town.url, "notices"), kept + 3);
}

#[test]
fn the_date_on_the_notice_is_called_the_same_wherever_it_stands() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let path = format!("/notices/{}", town.draft);
    let form = visitor.get(&format!("{path}/edit"));
    assert_eq!(label(&form, "issued_on"), Some("成文日期"));
    let typed = form_on(&form).text("issued_on").to_owned();
    let [year, month, day] = typed.split('-').collect::<Vec<_>>()[..] else { panic!("{typed}") };
    let number = |text: &str| text.parse::<u32>().unwrap();
    let date = format!("{year}年{}月{}日", number(month), number(day));
    let mut pages = vec![visitor.get(&format!("{path}/preview"))];
    pages.push(visitor.get(&format!("{path}/preview/page")));
    let (visiting, cookie) = town.visit(town.ours.sent[0]);
    let name = format!("__Host-{}", visiting.delivery);
    visitor.cookies.push((name, cookie));
    pages.push(visitor.get(&format!("/receive/{}", visiting.delivery)));
    for page in &pages {
        let value = page.body.split("<dt>成文日期</dt>").nth(1).unwrap_or_default();
        let value = value.split("</dd>").next().unwrap();
        assert!(value.contains(&date), "{date}: {}", page.words());
        assert!(!page.body.contains("印发日期"), "{}", page.words());
    }
}

#[test]
fn a_correction_that_changes_nothing_says_so_and_wants_to_be_confirmed() {
    let Some(at) = office(2) else { return };
    let seats: Vec<&Seat> = at.issued.seats.iter().collect();
    let second = at.replace(at.issued.notice, &seats, "k1");
    let service = &at.ground.service;
    let draft = begin(service, &at.clerk, second, &form("k2", "附件有误")).unwrap();
    let door = Door::open(service, crate::support::fixture_link::PUBLIC_URL);
    let path = format!("/notices/{draft}");
    const SAME: &str = "与第2版没有任何不同</h2>";
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let page = clerk.get(&format!("{path}/preview"));
    assert!(page.body.contains(SAME), "{}", page.words());
    // Saved through the form without a word changed it is still the same.
    let held = form_on(&clerk.get(&format!("{path}/edit")));
    assert_eq!(send(&mut clerk, &held, "save").status, 303);
    assert!(clerk.get(&format!("{path}/preview")).body.contains(SAME));
    let mut changed = held.clone();
    changed.type_in("body", "请按新的附件办理。");
    assert_eq!(send(&mut clerk, &changed, "save").status, 303);
    assert!(!clerk.get(&format!("{path}/preview")).body.contains("没有任何不同"));
    let mut back = form_on(&clerk.get(&format!("{path}/edit")));
    back.type_in("body", held.text("body"));
    assert_eq!(send(&mut clerk, &back, "save").status, 303);
    at.submit(draft).unwrap();

    let mut releaser = Visitor::new(&door).sign_in("hefa", PASSWORD);
    let page = releaser.get(&format!("{path}/preview"));
    assert!(page.body.contains(SAME) && page.body.contains("确认与第2版没有任何不同"));
    let mut asked = Form::holding(&page.body, "gap_reason").unwrap();
    asked.type_in("gap_reason", "情况紧急");
    assert!(asked.fields.iter().all(|(name, _)| name != "unchanged"), "nothing is ticked");
    let refused = press(&mut releaser, &asked, ("do", "release"));
    assert_eq!(refused.status, 409, "{}", refused.words());
    assert!(refused.body.contains("确要照样发出的，请勾选确认"), "{}", refused.words());
    assert_eq!(at.of_notice(crate::support::HEADS, draft), 0, "nothing went out");
    asked.fields.push(("unchanged".into(), "1".into()));
    let done = press(&mut releaser, &asked, ("do", "release"));
    assert_eq!(done.status, 303, "{}", done.words());
    let told = service.store.read(|conn| {
        let one = delivery_list_of_notice(conn, draft)?.first().map(|one| one.id).unwrap();
        event_list_of_delivery(conn, draft, one)
    });
    let issued = told.unwrap();
    let issued = issued.iter().find(|event| event.kind == "notice_issued").unwrap();
    assert_eq!(issued.facts.get("changes_nothing"), Some(&serde_json::Value::Bool(true)));
}

/// Each of these alone makes a correction one: nobody is asked to attest that nothing changed.
#[test]
fn a_correction_of_one_thing_changes_something() {
    let Some(at) = office(2) else { return };
    let (service, ground) = (&at.ground.service, &at.ground);
    let seats: Vec<&Seat> = at.issued.seats.iter().collect();
    let second = at.replace(at.issued.notice, &seats, "k1");
    let draft = begin(service, &at.clerk, second, &form("k2", "有误")).unwrap();
    let all: Vec<_> = seats.iter().map(|seat| seat.organization).collect();
    let header = || compose::load(service, &at.clerk, draft).unwrap().notice.draft;
    let save = |draft_now: NoticeDraft, primary: &[OrganizationId], copies: &[OrganizationId]| {
        let ticks = Ticks {
            primary: primary.iter().copied().collect(),
            copy: copies.iter().copied().collect(),
        };
        let revision = compose::load(service, &at.clerk, draft).unwrap().notice.revision;
        let content = Content { draft: draft_now, ticks };
        compose::save(service, &at.clerk, draft, revision, content).unwrap();
    };
    let is_unchanged = || preview(service, &at.clerk, draft).unwrap().unchanged;
    let same = header();
    assert!(is_unchanged());
    save(same.clone(), &all[..1], &[]);
    assert!(!is_unchanged(), "one less");
    save(same.clone(), &all[..1], &all[1..]);
    assert!(!is_unchanged(), "one for information");
    save(NoticeDraft { sign_by: "2031-01-01T08:00".into(), ..same.clone() }, &all, &[]);
    assert!(!is_unchanged(), "another deadline");
    save(same, &all, &[]);
    assert!(is_unchanged());
    ground.sql(&format!("UPDATE notice_files SET name = '新.pdf' WHERE notice_id = '{draft}'"));
    assert!(!is_unchanged(), "another file");
}

/// The notice's own address leads each to what he may do there.
#[test]
fn the_address_of_a_draft_leads_each_to_his_page() {
    let Some(at) = office(1) else { return };
    let draft = at.draft(at.issued.notice, &[&at.issued.seats[0]], "k1");
    let door = Door::open(&at.ground.service, crate::support::fixture_link::PUBLIC_URL);
    for (login, page) in [("jingban", "edit"), ("hefa", "preview"), ("zhiban", "preview")] {
        let mut staff = Visitor::new(&door).sign_in(login, PASSWORD);
        let led = staff.get(&format!("/notices/{draft}"));
        let to = format!("/notices/{draft}/{page}");
        assert_eq!((led.status, led.header("location")), (303, to.as_str()), "{login}");
        assert_eq!(staff.get(&to).status, 200, "{login}");
    }
}
