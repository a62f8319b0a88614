//! Whoever got hold of a link, or tries to: what one link can fill, which files it opens, how
//! they are handed out, and that trying codes keeps nobody else out.

use qianshou::domain::time::Span;

use crate::support::door::{Door, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::form::Form;
use crate::support::house::count;
use crate::support::stand::PUBLIC_URL;

/// A browser that came by the link of our first delivery, and its form token.
fn holder(town: &Town, door: &Door, of: usize) -> (Visitor, String, String) {
    let (visiting, cookie) = town.visit(town.ours.sent[of]);
    let mut visitor = Visitor::new(door);
    visitor.cookies.push((format!("__Host-{}", visiting.delivery), cookie));
    (visitor, visiting.form_token, format!("/receive/{}", visiting.delivery))
}

#[test]
fn a_link_that_leaked_fills_no_table() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    town.sign(town.ours.sent[0], "陈立");
    let (mut visitor, token, page) = holder(&town, &door, 0);
    let mut press = |what: &str, n: usize| {
        let name = format!("某{n}");
        let fields = [
            ("form_token", token.as_str()),
            ("name", &name),
            ("officer", &name),
            ("post", "科员"),
            ("phone", "0731-55500001"),
            ("reason", "unreadable"),
            ("detail", &name),
        ];
        visitor.post(&format!("{page}/{what}"), &fields).status
    };
    for (what, table, most) in
        [("viewing", "viewings", 100), ("ask-again", "returns", 10), ("duty", "duty_tonight", 50)]
    {
        let before = count(&town.url, table);
        let told: Vec<u16> = (0..most + 3).map(|n| press(what, n)).collect();
        let (good, refused) = told.split_at(most);
        assert!(good.iter().all(|status| matches!(status, 200 | 303)), "{what}: {good:?}");
        assert!(refused.iter().all(|status| *status == 409), "{what}: {refused:?}");
        let after = count(&town.url, table);
        assert_eq!(after - before, i64::try_from(most).unwrap(), "{what}");
    }
}

#[test]
fn a_link_opens_the_files_of_its_notice_and_hands_them_out_harmless() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let edit = format!("/notices/{}/edit", town.draft);
    let form = Form::holding(&clerk.get(&edit).body, "title").unwrap();
    // What a browser would run if it guessed: it is text, and is saved.
    let html = "<html><script>alert(document.cookie)</script><svg onload=alert(1)></html>";
    let (kind, body) = form.multipart(("do", "upload"), &[("files", "页面.txt", html.as_bytes())]);
    assert_eq!(clerk.send("POST", &edit, (&kind, &body)).status, 303);
    for refused in ["页面.html", "图.svg", "页面.xhtml", "脚本.js", "a.txt.html", "页面"] {
        let (kind, body) = form.multipart(("do", "upload"), &[("files", refused, html.as_bytes())]);
        assert_eq!(clerk.send("POST", &edit, (&kind, &body)).status, 422, "{refused}");
    }
    let one = "select id as value from notice_files where name = '页面.txt'";
    let of_draft = town.texts(one).remove(0);
    let staff = clerk.get(&format!("/notices/{}/files/{of_draft}", town.draft));
    assert_eq!(staff.header("content-type"), "text/plain");
    assert!(staff.header("content-disposition").starts_with("attachment;"));
    assert_eq!(staff.header("content-security-policy"), "sandbox; default-src 'none'");
    assert_eq!(staff.header("x-content-type-options"), "nosniff");

    // The same file as part of what came to us.
    town.sql(&format!(
        "insert into notice_files (id, notice_id, version, place, role, name, media_type, \
         size_bytes, sha256) select 'fil_00000000000000000000000001', '{}', 1, 90, 'attachment', \
         name, media_type, size_bytes, sha256 from notice_files where id = '{of_draft}'",
        town.ours.notice
    ));
    let (mut visitor, token, page) = holder(&town, &door, 0);
    let fields = [("form_token", token.as_str())];
    for act in ["open", "download"] {
        let foreign = visitor.post(&format!("{page}/files/{of_draft}/{act}"), &fields);
        assert_eq!(foreign.status, 404, "a file of a notice that did not come to us");
    }
    for act in ["open", "download"] {
        let path = format!("{page}/files/fil_00000000000000000000000001/{act}");
        let heard = visitor.post(&path, &fields);
        assert_eq!(heard.status, 200, "{act}: {}", heard.words());
        assert_eq!(heard.header("content-type"), "text/plain", "{act}");
        assert!(heard.header("content-disposition").starts_with("attachment;"), "{act}");
        assert_eq!(heard.header("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(heard.header("x-content-type-options"), "nosniff");
        assert_eq!(heard.body, html, "byte for byte");
        let link = visitor.get(&path);
        let led = (link.status, link.header("location"), link.body.as_str());
        assert_eq!(led, (303, page.as_str(), ""), "a link to it opens nothing but the page");
    }
}

#[test]
fn trying_codes_in_a_row_waits_and_begins_anew_with_the_minute() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut stranger = Visitor::new(&door);
    let mut attempt = |n: u32| {
        let code = format!("{n:08}");
        stranger.post("/s", &[("code", &code), ("digits", "0000")]).status
    };
    assert!((0..30).all(|n| attempt(n) == 422));
    assert!((0..5).all(|n| attempt(n) == 429));
    town.clock.advance(Span::minutes(1));
    assert_eq!(attempt(0), 422);
}

#[test]
fn a_cookie_of_one_visit_is_none_of_another_and_cannot_be_lengthened() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let (visiting, cookie) = town.visit(town.ours.sent[0]);
    let (other, _) = town.visit(town.ours.sent[1]);
    let ask = |delivery: &str, cookie: &str| {
        let mut visitor = Visitor::new(&door);
        visitor.cookies.push((format!("__Host-{delivery}"), cookie.to_owned()));
        visitor.get(&format!("/receive/{delivery}")).status
    };
    let (own, foreign) = (visiting.delivery.to_string(), other.delivery.to_string());
    assert_eq!(ask(&own, &cookie), 200);
    assert_eq!(ask(&foreign, &cookie), 404, "under another name");
    for n in 0..cookie.len() {
        let mut bytes = cookie.clone().into_bytes();
        bytes[n] = if bytes[n] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(bytes).unwrap();
        assert_eq!(ask(&own, &forged), 404, "changed at {n}");
    }
    for odd in ["", "x", "....", &cookie[..cookie.len() - 1], &format!("{cookie}A")] {
        assert_eq!(ask(&own, odd), 404, "{odd}");
    }
    town.clock.advance(Span::hours(13));
    assert_eq!(ask(&own, &cookie), 404, "it has ended");
}
