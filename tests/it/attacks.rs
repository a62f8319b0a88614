//! Somebody who means harm at the doors of the line: guessing, swapping, pressing twice, and
//! sending what no form of ours would send.

use std::thread;

use qianshou::domain::time::Span;
use qianshou::service::visit::Visiting;

use crate::support::door::{Door, Heard, Visitor};
use crate::support::fixture_link::{Ground, PUBLIC_URL};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::form::Form;
use crate::support::house::count;

#[test]
fn guessing_links_slows_nobody_who_has_a_good_one() {
    let Some(ground) = Ground::new() else { return };
    let issued = ground.issue(1, "verified");
    let door = Door::open(&ground.service, PUBLIC_URL);
    let good = &issued.seats[0].token;
    let other_end = if good.ends_with('A') { "B" } else { "A" };
    let near = format!("{}{other_end}", &good[..good.len() - 1]);
    let told: Vec<(u16, String)> = (0..21)
        .map(|n| if n % 2 == 0 { near.clone() } else { format!("guess{n}") })
        .map(|token| Visitor::new(&door).get(&format!("/l/{token}")))
        .map(|heard| (heard.status, heard.words()))
        .collect();
    assert!(told.iter().all(|one| *one == told[0]), "every refusal is the same");
    assert_eq!(told[0].0, 404);
    let heard = Visitor::new(&door).get(&format!("/l/{good}"));
    assert_eq!(heard.status, 303, "the same address with a good link");
}

#[test]
fn a_stolen_session_cannot_guess_the_password_for_long() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut thief = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let token = thief.form_token();
    let new = "xiangjiang-beiqu-1925";
    let mut change = |current: &str| {
        let fields = [
            ("form_token", token.as_str()),
            ("current", current),
            ("password", new),
            ("password_again", new),
        ];
        thief.post("/own-password", &fields)
    };
    for _ in 0..5 {
        assert!(change("a guess").body.contains("现在的口令不对"));
    }
    assert!(change(PASSWORD).body.contains("连续输错次数太多"), "even the right one rests");
    let sign_in = [("account", "jingban"), ("password", PASSWORD)];
    assert_eq!(Visitor::new(&door).post("/sign-in", &sign_in).status, 429, "they count together");
    assert_eq!(count(&town.url, "events where kind = 'sign_in_refused'"), 5);
    town.clock.advance(Span::minutes(2));
    assert_eq!(change(PASSWORD).status, 303);
}

/// Presses the same form from several browsers at the same moment.
fn press_at_once(door: &Door, visitor: &Visitor, form: &Form, times: usize) -> Vec<Heard> {
    let press = || {
        let fields: Vec<(&str, &str)> =
            form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut hand = Visitor::new(door);
        hand.cookies.clone_from(&visitor.cookies);
        hand.post(&form.action, &fields)
    };
    thread::scope(|scope| {
        let hands: Vec<_> = (0..times).map(|_| scope.spawn(press)).collect();
        hands.into_iter().map(|hand| hand.join().unwrap()).collect()
    })
}

#[test]
fn the_release_pressed_many_times_at_once_is_one_issue() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let edit = format!("/notices/{}/edit", town.draft);
    let mut form = Form::holding(&clerk.get(&edit).body, "title").unwrap();
    form.type_in("document_number", "湘办发电〔2026〕77号");
    let (kind, body) = form.multipart(("do", "check"), &[]);
    let checked = clerk.send("POST", &form.action, (&kind, &body));
    assert_eq!(checked.status, 303, "{}", checked.body);
    let mut releaser = Visitor::new(&door).sign_in("hefa", PASSWORD);
    let preview = format!("/notices/{}/preview", town.draft);
    let form = Form::holding(&clerk.get(&preview).body, "digest").unwrap();
    let heard = press_at_once(&door, &clerk, &form, 4);
    assert!(heard.iter().any(|one| one.status == 303), "{heard:?}");
    assert_eq!(count(&town.url, "events where kind = 'notice_submitted'"), 1);
    let mut form = Form::holding(&releaser.get(&preview).body, "digest").unwrap();
    if form.fields.iter().any(|(name, _)| name == "gap_reason") {
        form.type_in("gap_reason", "先行发出");
    }
    let heard = press_at_once(&door, &releaser, &form, 6);
    let board = format!("/notices/{}", town.draft);
    assert!(heard.iter().all(|one| one.header("location") == board), "{heard:?}");
    let of_notice = |from: &str| count(&town.url, &format!("{from} notice_id = '{}'", town.draft));
    assert_eq!(of_notice("events where kind = 'notice_issued' and"), 1);
    assert_eq!(of_notice("deliveries where"), of_notice("notice_picks where"));
}

#[test]
fn ids_of_others_in_a_body_or_a_path_open_nothing() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let mut stranger = Visitor::new(&door).sign_in("zf-jingban", PASSWORD);
    let edit = format!("/notices/{}/edit", town.draft);
    let page = clerk.get(&edit).body;
    let mut form = Form::holding(&page, "title").unwrap();
    let file = form.buttons("do", "unfile:").first().cloned();
    // What no control of the form sends.
    for (name, value) in [
        ("state", "issued"),
        ("issuer_id", "org_00000000000000000000000000"),
        ("author_id", "act_00000000000000000000000000"),
        ("issued_at", "1"),
        ("version", "9"),
        ("id", "ntc_00000000000000000000000000"),
        ("document_number_code", "x"),
    ] {
        form.fields.push((name.to_owned(), value.to_owned()));
    }
    let before = count(&town.url, &whole(&town));
    let (kind, body) = form.multipart(("do", "save"), &[]);
    assert_eq!(clerk.send("POST", &form.action, (&kind, &body)).status, 303);
    assert_eq!((before, count(&town.url, &whole(&town))), (1, 1), "it is what it was");
    let mut form = Form::holding(&clerk.get(&edit).body, "title").unwrap();
    form.type_in("title", "关于\0防汛");
    let (kind, body) = form.multipart(("do", "save"), &[]);
    assert_eq!(clerk.send("POST", &form.action, (&kind, &body)).status, 303, "a NUL in a text");

    // Our file, our draft, from another office: absent, whatever the form says.
    let token = stranger.form_token();
    let fresh = Form::holding(&stranger.get("/notices/new").body, "title").unwrap();
    let act = file.unwrap_or_else(|| "save".to_owned());
    let (kind, body) = fresh.multipart(("do", &act), &[]);
    assert_eq!(stranger.send("POST", &edit, (&kind, &body)).status, 404);
    let made = stranger.send("POST", "/notices", (&kind, &body));
    assert_eq!(made.status, 303, "a foreign file id in one's own draft names nothing");
    let files = format!("notice_files where notice_id = '{}'", town.draft);
    assert!(count(&town.url, &files) >= 1, "the file is still there");
    let fields = [("form_token", token.as_str()), ("key", "k"), ("digest", &"0".repeat(64))];
    let submit = format!("/notices/{}/submit", town.draft);
    assert_eq!(stranger.post(&submit, &fields).status, 404);
}

/// The draft as its office began it.
fn whole(town: &Town) -> String {
    format!(
        "notices n join accounts a on a.id = n.author_id where n.id = '{}' and n.state = 'draft' \
         and a.login = 'jingban' and n.issued_at is null and n.version = 1",
        town.draft
    )
}

#[test]
fn a_search_is_text_and_nothing_else() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let board = format!("/notices/{}", town.ours.notice);
    for text in ["%25", "_", "%27%20or%201%3D1%20--", "%22%3B%20drop%20table%20events", "%5C"] {
        for path in ["/directory?q=", &format!("{board}?show=all&q="), "/notices?q="] {
            let heard = clerk.get(&format!("{path}{text}"));
            assert_eq!(heard.status, 200, "{path}{text}");
            let found = heard.body.matches("中共长沙市岳麓区委").count();
            assert_eq!(found, 0, "{path}{text} finds what does not contain it");
        }
    }
    assert_eq!(clerk.get("/directory?q=%00").status, 200, "PostgreSQL takes no NUL");
    let script = clerk.get("/directory?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E").body;
    assert!(!script.contains("<script>alert"), "what was looked for comes back as text");
}

/// A visit by a link in a browser.
fn arrive(door: &Door, token: &str) -> (Visitor, String) {
    let mut visitor = Visitor::new(door);
    let path = visitor.get(&format!("/l/{token}")).header("location").to_owned();
    (visitor, path)
}

#[test]
fn a_form_of_one_organisation_signs_for_no_other() {
    let Some(ground) = Ground::new() else { return };
    let issued = ground.issue(2, "verified");
    let door = Door::open(&ground.service, PUBLIC_URL);
    let (mut one, ours) = arrive(&door, &issued.seats[0].token);
    let (mut other, theirs) = arrive(&door, &issued.seats[1].token);
    let filled = |page: &str| {
        let mut form = Form::holding(page, "code_token").unwrap();
        let digits = page.split("id=\"code-digits\">").nth(1).unwrap().split('<').next().unwrap();
        let code: String = digits.chars().filter(char::is_ascii_digit).collect();
        for (name, text) in
            [("name", "王某"), ("post", "机要员"), ("phone", "0731-55500001"), ("code", &code)]
        {
            form.type_in(name, text);
        }
        form
    };
    fn fields(form: &Form) -> Vec<(&str, &str)> {
        form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
    let mine = filled(&one.get(&ours).body);
    let foreign = filled(&other.get(&theirs).body);
    // The other's cookie is not in this browser; its form is.
    assert_eq!(one.post(&foreign.action, &fields(&foreign)).status, 404);
    let swapped = one.post(&mine.action, &fields(&foreign));
    assert!(matches!(swapped.status, 400 | 422), "{}", swapped.status);
    let mut mixed = mine.clone();
    mixed.type_in("code_token", foreign.text("code_token"));
    mixed.type_in("code", foreign.text("code"));
    assert_eq!(one.post(&mixed.action, &fields(&mixed)).status, 422, "the code is of that page");
    assert_eq!(count(&ground.url, "receipts"), 0);
    // Pressed by many at once: one receipt, one event, and all are told the same number.
    let heard = press_at_once(&door, &one, &mine, 6);
    assert!(heard.iter().all(|one| matches!(one.status, 200 | 303)), "{heard:?}");
    assert_eq!(count(&ground.url, "receipts"), 1);
    assert_eq!(count(&ground.url, "events where kind = 'acknowledged'"), 1);
    let visit: Visiting = ground.visit(&issued.seats[0]);
    assert_eq!(visit.delivery, issued.seats[0].delivery);
}
