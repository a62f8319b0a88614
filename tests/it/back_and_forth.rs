//! The back button, a reload, a bookmark: whatever page of a form is asked for again, it says what
//! is the case now, by whom and when, and leads there.

use actix_web::http::Method;
use qianshou::domain::ids::NoticeId;
use qianshou::domain::time::Span;
use qianshou::service::accounts;
use qianshou::service::acts::ActForm;
use qianshou::service::end_notice::recall;
use qianshou::service::return_notice::{GiveBackRequest, return_notice};
use qianshou::web::ROUTES;
use qianshou::web::route::{Route, Subject, Who};

use crate::support::door::{Door, Heard, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::form::{Form, press};
use crate::support::house::execute;
use crate::support::office::office;
use crate::support::stand::PUBLIC_URL;

fn page_form(page: &Heard) -> Form {
    Form::holding(&page.body, "digest").unwrap_or_else(|| panic!("{}", page.words()))
}

/// A form that was drawn again: the same, with a key of its own.
fn anew(form: &Form) -> Form {
    let mut other = form.clone();
    other.type_in("key", "another-key");
    other
}

fn name_of(town: &Town, login: &str) -> String {
    let all = accounts::list(&town.service).unwrap();
    all.into_iter().find(|one| one.login == login).unwrap().display_name
}

/// The draft of the demonstration under a number of its own, sent for its release.
fn hand_over(town: &Town, door: &Door) -> (NoticeId, Form) {
    let mut clerk = Visitor::new(door).sign_in("jingban", PASSWORD);
    let path = format!("/notices/{}", town.draft);
    let mut form = Form::holding(&clerk.get(&format!("{path}/edit")).body, "title").unwrap();
    form.type_in("document_number", "湘办发电〔2026〕39号");
    let (kind, body) = form.multipart(("do", "save"), &[]);
    assert_eq!(clerk.send("POST", &form.action, (&kind, &body)).status, 303);
    let preview = clerk.get(&format!("{path}/preview"));
    let form = page_form(&preview);
    let sent = press(&mut clerk, &form, ("do", "submit"));
    assert_eq!(sent.status, 303, "{}", sent.words());
    (town.draft, form)
}

#[test]
fn after_the_release_every_page_of_the_draft_says_who_released_it_and_leads_to_the_board() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let (draft, handed_over) = hand_over(&town, &door);
    let path = format!("/notices/{draft}");
    let mut releaser = Visitor::new(&door).sign_in("hefa", PASSWORD);
    let mut form = page_form(&releaser.get(&format!("{path}/preview")));
    form.type_in("gap_reason", "情况紧急，电话另行通知");
    let done = press(&mut releaser, &form, ("do", "release"));
    assert_eq!((done.status, done.header("location")), (303, path.as_str()), "{}", done.words());

    let says = |heard: &Heard, status: u16| {
        assert_eq!(heard.status, status, "{}", heard.words());
        let words = format!("由{}核发并发出。", name_of(&town, "hefa"));
        assert!(heard.body.contains(&words), "{}", heard.words());
        assert!(heard.body.contains("本件已于2026年11月24日"), "{}", heard.words());
        assert!(heard.body.contains(&format!("href=\"{path}\"")), "{}", heard.words());
        assert!(heard.body.contains("<nav"), "it stands in the frame of the house");
    };
    says(&releaser.get(&format!("{path}/preview")), 200);
    says(&press(&mut releaser, &anew(&form), ("do", "release")), 409);
    let mut back = form.clone();
    back.action = format!("{path}/return");
    back.fields.push(("return_reason".into(), "附件不对".into()));
    says(&press(&mut releaser, &back, ("do", "return")), 409);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    for page in ["preview", "edit", "delete"] {
        says(&clerk.get(&format!("{path}/{page}")), 200);
    }
    let mut again = anew(&handed_over);
    again.fields.retain(|(name, _)| name != "form_token");
    again.fields.push(("form_token".into(), clerk.form_token()));
    says(&press(&mut clerk, &again, ("do", "submit")), 409);
    let typed = [("form_token", clerk.form_token()), ("title", "改".into())];
    again.fields = typed.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let (kind, body) = again.multipart(("do", "save"), &[]);
    says(&clerk.send("POST", &format!("{path}/edit"), (&kind, &body)), 409);

    // Ended meanwhile: that too, with its reason.
    let account = accounts::list(&town.service).unwrap();
    let account = account.into_iter().find(|one| one.login == "jingban").unwrap();
    let why = ActForm { key: "end".into(), reason: "附件有误".into() };
    recall(&town.service, &account, draft, &why).unwrap();
    let ended = releaser.get(&format!("{path}/preview"));
    says(&ended, 200);
    assert!(ended.body.contains("本件已撤回。") && ended.body.contains("附件有误"));
}

#[test]
fn what_was_sent_back_is_told_to_who_sent_it_back() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let (draft, _) = hand_over(&town, &door);
    town.clock.advance(Span::minutes(1));
    let path = format!("/notices/{draft}");
    let mut releaser = Visitor::new(&door).sign_in("hefa", PASSWORD);
    let page = releaser.get(&format!("{path}/preview"));
    let mut form = Form::holding(&page.body, "return_reason").unwrap();
    form.type_in("return_reason", "附件不对");
    let done = press(&mut releaser, &form, ("do", "return"));
    assert_eq!(done.status, 303, "{}", done.words());
    let again = press(&mut releaser, &form, ("do", "return"));
    let words = format!("由{}退回修改", name_of(&town, "hefa"));
    assert_eq!(again.status, 409);
    assert!(again.body.contains(&words) && again.body.contains("附件不对"), "{}", again.words());
    let preview = format!("href=\"{path}/preview\"");
    assert!(again.body.contains(&preview), "{}", again.words());
    let back = releaser.get(&format!("{path}/preview"));
    assert!(back.status == 200 && back.body.contains(&words), "{}", back.words());
}

#[test]
fn a_deleted_draft_is_not_simply_absent_to_its_own_office() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let path = format!("/notices/{}", town.draft);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let form = Form::holding(&clerk.get(&format!("{path}/delete")).body, "key").unwrap();
    assert_eq!(press(&mut clerk, &form, ("do", "delete")).status, 303);
    let words = format!("这份草稿已由{}于2026年11月24日", name_of(&town, "jingban"));
    for heard in [
        clerk.get(&format!("{path}/edit")),
        clerk.get(&format!("{path}/delete")),
        press(&mut clerk, &anew(&form), ("do", "delete")),
    ] {
        assert_eq!(heard.status, 410, "{}", heard.words());
        assert!(heard.body.contains(&words), "{}", heard.words());
    }
    let mut other = Visitor::new(&door).sign_in("zf-jingban", PASSWORD);
    let foreign = other.get(&format!("{path}/edit"));
    assert_eq!(foreign.status, 404);
    assert!(!foreign.body.contains("删除"), "{}", foreign.words());
}

#[test]
fn acts_on_one_delivery_say_who_did_them_before() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let (stopped, returned) = (town.ours.sent[0], town.ours.sent[1]);
    let request = GiveBackRequest {
        reason: "misdirected".into(),
        detail: "不归本单位".into(),
        name: "赵某".into(),
        post: "值班员".into(),
        phone: "0731-88060001".into(),
    };
    return_notice(&town.service, &town.visit(returned).0, &request).unwrap();
    let acts = [
        (format!("/deliveries/{}/stop-chasing", stopped.0), "stop", "催签已经终止"),
        (format!("/deliveries/{}/return", returned.0), "refuse", "已答复不同意"),
    ];
    for (page, act, words) in acts {
        let mut form = Form::holding(&clerk.get(&page).body, "reason").unwrap();
        form.type_in("reason", "已当面说明");
        assert_eq!(press(&mut clerk, &form, ("do", act)).status, 303);
        let again = press(&mut clerk, &anew(&form), ("do", act));
        assert_eq!(again.status, 409, "{}", again.words());
        for heard in [clerk.get(&page), again] {
            for words in [words, "已当面说明", &name_of(&town, "jingban"), "2026年11月24日"]
            {
                assert!(heard.body.contains(words), "{words}: {}", heard.words());
            }
            assert!(Form::holding(&heard.body, "reason").is_none(), "nothing is offered");
        }
    }
}

#[test]
fn a_call_that_does_not_hold_any_more_says_so_on_its_own_page() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let delivery = town.ours.sent[0].0;
    let path = format!("/deliveries/{delivery}/call");
    let mut duty = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let page = duty.get(&path);
    let mut form = Form::holding(&page.body, "number").unwrap();
    form.type_in("name", "周某");
    form.type_in("post", "值班员");
    let notice = town.ours.notice;
    execute(&town.url, &format!("UPDATE notices SET state = 'recalled' WHERE id = '{notice}'"));
    let late = press(&mut duty, &form, ("outcome", "confirmed"));
    assert_eq!(late.status, 409, "{}", late.words());
    assert!(late.body.contains("本件已撤回") && late.body.contains("没有办成"), "{}", late.words());
    assert!(late.body.contains("周某"), "what was typed is there: {}", late.words());
    let token = duty.form_token();
    let asked = [("form_token", token.as_str()), ("act", "leader_prompt"), ("decision", "accept")];
    let empty = duty.post(&format!("/deliveries/{delivery}/escalate"), &asked);
    assert_eq!(empty.status, 422);
    assert!(empty.body.contains("没有写理由") && empty.body.contains(&path), "{}", empty.words());
    let told = [
        "href=\"#reason-leader_prompt\"",
        "id=\"reason-leader_prompt\"",
        "<details class=\"fold\" open>",
    ];
    assert!(told.iter().all(|words| empty.body.contains(words)), "{}", empty.words());
    // A reason that is not taken stays where it was typed.
    let long = "对方无人接听".repeat(40);
    let asked = [&asked[..], &[("reason", long.as_str())]].concat();
    let refused = duty.post(&format!("/deliveries/{delivery}/escalate"), &asked);
    assert_eq!(refused.status, 409, "{}", refused.words());
    assert!(refused.body.contains(&format!("value=\"{long}\"")), "{}", refused.words());
    assert!(refused.body.contains("<details class=\"fold\" open>"), "{}", refused.words());
}

#[test]
fn a_failure_leads_to_what_it_was_about() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let path = format!("/notices/{}", town.ours.notice);
    let stale = clerk.post(&format!("{path}/recall"), &[("form_token", "stale"), ("key", "k")]);
    assert_eq!(stale.status, 400, "{}", stale.words());
    assert!(stale.body.contains(&format!("href=\"{path}\"")), "{}", stale.words());
    let foreign = format!("/notices/{}/recall", town.theirs.notice);
    let foreign = clerk.get(&foreign);
    assert_eq!(foreign.status, 404);
    assert!(!foreign.body.contains("看这份公文"), "{}", foreign.words());
}

fn posted() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.method == Method::POST && route.who != Who::Anyone)
}

#[test]
fn every_address_a_form_is_posted_to_can_be_asked_for_by_the_same_people() {
    let mut without = Vec::new();
    for route in posted() {
        let asked = ROUTES.iter().find(|one| one.method == Method::GET && one.path == route.path);
        let by_the_same = |one: &Route| match (one.who, route.who) {
            // Whether the link still opens the page is decided elsewhere for a signature.
            (Who::LinkHolder, Who::LinkBearer) => true,
            (Who::Staff(readers), Who::Staff(writers)) => {
                writers.iter().all(|role| readers.contains(role))
            }
            (asks, posts) => asks == posts,
        };
        if !asked.is_some_and(|one| by_the_same(one) && one.subject == route.subject) {
            without.push(route.path);
        }
    }
    assert!(without.is_empty(), "{without:?}");
    assert!(posted().count() > 30);
}

#[test]
fn each_of_them_leads_to_a_page() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let delivery = town.ours.sent[0].0;
    let all = accounts::list(&town.service).unwrap();
    let account = all.iter().find(|one| one.login == "zhiban").unwrap();
    let mut asked = 0;
    for login in ["jingban", "hefa", "zhiban", "guanli"] {
        let mut visitor = Visitor::new(&door).sign_in(login, PASSWORD);
        let roles = &all.iter().find(|one| one.login == login).unwrap().roles;
        for route in posted() {
            let Who::Staff(allowed) = route.who else { continue };
            if !roles.iter().any(|role| allowed.contains(role)) {
                continue;
            }
            for notice in [town.ours.notice, town.waiting] {
                let path = route
                    .path
                    .replace("{notice}", &notice.to_string())
                    .replace("{delivery}", &delivery.to_string())
                    .replace("{organization}", &account.organization_id.to_string())
                    .replace("{account}", &account.id.to_string());
                let about_drafts = matches!(route.subject, Subject::Notice)
                    && notice == town.waiting
                    && ["/preview", "/edit", "/delete", "/submit", "/issue", "/release", "/oral"]
                        .iter()
                        .all(|end| !route.path.ends_with(end));
                if about_drafts {
                    continue;
                }
                let mut heard = visitor.get(&path);
                for _ in 0..3 {
                    if heard.status == 303 {
                        let next = heard.header("location").to_owned();
                        heard = visitor.get(&next);
                    }
                }
                assert_eq!(heard.status, 200, "{login} {path}: {}", heard.words());
                asked += 1;
            }
        }
    }
    assert!(asked > 40, "{asked}");
}

#[test]
fn however_it_went_out_the_pages_of_the_draft_say_by_whose_word() {
    struct Case {
        login: &'static str,
        level: &'static str,
        /// Names the form.
        control: &'static str,
        typed: &'static [(&'static str, &'static str)],
        words: &'static str,
    }
    const ORAL: &[(&str, &str)] =
        &[("oral_by", "刘某"), ("oral_at", "2026-11-24T01:50"), ("oral_how", "电话")];
    let cases = [
        Case {
            login: "zhiban",
            level: "flash",
            control: "oral_how",
            typed: ORAL,
            words: "凭刘某的口头批准发出",
        },
        Case {
            login: "jingban", level: "routine", control: "digest", typed: &[], words: "发出。"
        },
    ];
    for Case { login, level, control, typed, words } in cases {
        let Some(town) = Town::new() else { return };
        let door = Door::open(&town.service, PUBLIC_URL);
        let path = format!("/notices/{}", town.draft);
        let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
        let mut form = Form::holding(&clerk.get(&format!("{path}/edit")).body, "title").unwrap();
        form.type_in("document_number", "湘办发电〔2026〕39号");
        form.type_in("urgency", level);
        let (kind, body) = form.multipart(("do", "save"), &[]);
        assert_eq!(clerk.send("POST", &form.action, (&kind, &body)).status, 303);
        let mut visitor = Visitor::new(&door).sign_in(login, PASSWORD);
        let page = visitor.get(&format!("{path}/preview"));
        let mut form = Form::holding(&page.body, control).unwrap_or_else(|| panic!("{page:?}"));
        for (field, text) in typed {
            form.type_in(field, text);
        }
        if form.fields.iter().any(|(name, _)| name == "gap_reason") {
            form.type_in("gap_reason", "情况紧急");
        }
        let done = press(&mut visitor, &form, ("do", "issue"));
        assert_eq!(done.status, 303, "{login}: {}", done.words());
        let back = visitor.get(&format!("{path}/preview"));
        let words = format!("由{}{words}", name_of(&town, login));
        assert!(back.body.contains(&words), "{login}: {}", back.words());
    }
}

#[test]
fn a_formal_release_that_was_given_is_told_where_it_was_asked_for() {
    let Some(at) = office(1) else { return };
    let seats: Vec<_> = at.issued.seats.iter().collect();
    let draft = at.draft(at.issued.notice, &seats, "k0");
    let service = &at.ground.service;
    let door = Door::open(service, crate::support::fixture_link::PUBLIC_URL);
    let mut duty = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let page = duty.get(&format!("/notices/{draft}/preview"));
    let mut form = Form::holding(&page.body, "oral_how").unwrap();
    let now = service.now().in_shanghai().strftime("%Y-%m-%dT%H:%M").to_string();
    for (field, text) in [("oral_by", "刘某"), ("oral_at", now.as_str()), ("oral_how", "电话")]
    {
        form.type_in(field, text);
    }
    if form.fields.iter().any(|(name, _)| name == "gap_reason") {
        form.type_in("gap_reason", "情况紧急");
    }
    assert_eq!(press(&mut duty, &form, ("do", "oral")).status, 303);
    let mut releaser = Visitor::new(&door).sign_in("hefa", PASSWORD);
    let path = format!("/notices/{draft}/release-after");
    let mut form = Form::holding(&releaser.get(&path).body, "reason").unwrap();
    form.type_in("reason", "内容与批准的不同");
    assert_eq!(press(&mut releaser, &form, ("do", "refuse")).status, 303);
    let refused = releaser.get(&path);
    assert!(refused.body.contains("hefa已于"), "{}", refused.words());
    assert!(refused.body.contains("拒绝补核发，理由：内容与批准的不同"), "{}", refused.words());
    let form = Form::holding(&refused.body, "reason").unwrap();
    assert_eq!(press(&mut releaser, &form, ("do", "release")).status, 303);
    let given = releaser.get(&path);
    assert!(given.body.contains("补核发。</strong>"), "{}", given.words());
    assert!(Form::holding(&given.body, "reason").is_none(), "nothing is offered");
    let again = press(&mut releaser, &anew(&form), ("do", "release"));
    assert_eq!(again.status, 409);
    assert!(again.body.contains("补核发。</strong>"), "{}", again.words());
}

#[test]
fn acts_that_may_be_done_again_say_when_they_were_done_last() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let (one, other) = (town.ours.sent[0].0, town.ours.sent[1].0);
    let page = format!("/notices/{}/resend?to={one}", town.ours.notice);
    let before = clerk.get(&page);
    assert!(!before.body.contains("已重发"), "{}", before.words());
    let mut form = Form::holding(&before.body, "reason").unwrap();
    form.type_in("reason", "对方说没有收到");
    assert_eq!(press(&mut clerk, &form, ("do", "resend")).status, 303);
    let after = clerk.get(&page);
    let row = |delivery: &str| {
        let row =
            after.body.split("<li").find(|row| row.contains(&format!("value=\"{delivery}\"")));
        row.unwrap_or_else(|| panic!("{}", after.words())).to_owned()
    };
    assert!(row(&one.to_string()).contains("02:02 已重发"), "{}", row(&one.to_string()));
    assert!(!row(&other.to_string()).contains("已重发"), "{}", row(&other.to_string()));

    let mut duty = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let path = format!("/deliveries/{one}/call");
    let mut form = Form::holding(&duty.get(&path).body, "number").unwrap();
    form.type_in("name", "周某");
    assert_eq!(press(&mut duty, &form, ("outcome", "busy")).status, 303);
    let last = duty.get(&path);
    let note = last.body.split("上次通话：").nth(1).unwrap_or_else(|| panic!("{}", last.words()));
    let note = note.split("</p>").next().unwrap();
    let words = ["占线", &name_of(&town, "zhiban"), "02:02"];
    assert!(words.iter().all(|words| note.contains(words)), "{note}");
    assert!(!duty.get(&format!("/deliveries/{other}/call")).body.contains("上次通话："));
}
