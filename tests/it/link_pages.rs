//! The recipient's pages through the door: what looking may change, what each button does, and
//! who is let in.

use std::collections::BTreeMap;

use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::{App, Error, test, web};
use futures_util::future::join_all;
use qianshou::domain::time::Span;
use qianshou::service::verify_receipt::verify_receipt;
use qianshou::web::bad_links::BadLinks;
use qianshou::web::{configure, headers, site::Site};

use crate::support::HEADS;
use crate::support::fixture_link::{Ground, Issued, MAIN_FILE, PUBLIC_URL, Seat};

macro_rules! door {
    ($ground:expr) => {
        test::init_service(
            App::new()
                .app_data(web::Data::new($ground.service.clone()))
                .app_data(web::Data::new(Site::new(PUBLIC_URL, false)))
                .app_data(web::Data::new(BadLinks::default()))
                .wrap(headers::on_every_answer(true))
                .configure(configure),
        )
        .await
    };
}

/// A browser: it keeps cookies, and reads forms.
#[derive(Default, Clone)]
struct Browser {
    cookies: BTreeMap<String, String>,
}

struct Seen {
    status: StatusCode,
    headers: header::HeaderMap,
    body: Vec<u8>,
}

impl Seen {
    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn has(&self, words: &str) -> bool {
        self.text().contains(words)
    }
}

type Fields<'f> = Vec<(&'f str, String)>;

impl Browser {
    /// `finish` is `TestRequest::to_request`: actix does not let us name what it makes.
    async fn send<R, B: MessageBody>(
        &mut self,
        door: &impl Service<R, Response = ServiceResponse<B>, Error = Error>,
        finish: fn(test::TestRequest) -> R,
        method: Method,
        path: &str,
        fields: Option<&Fields<'_>>,
    ) -> Seen {
        let mut request = test::TestRequest::default().method(method).uri(path);
        for (name, value) in &self.cookies {
            request = request.cookie(actix_web::cookie::Cookie::new(name, value));
        }
        if let Some(fields) = fields {
            request = request.set_form(fields).insert_header(("sec-fetch-site", "same-origin"));
        }
        let answer = match door.call(finish(request)).await {
            Ok(answer) => answer,
            Err(error) => panic!("{error}"),
        };
        for cookie in answer.response().cookies() {
            assert!(cookie.http_only() == Some(true) && cookie.secure() == Some(true));
            self.cookies.insert(cookie.name().to_owned(), cookie.value().to_owned());
        }
        let (status, headers) = (answer.status(), answer.headers().clone());
        assert!(headers.contains_key(header::CONTENT_SECURITY_POLICY), "{path}: no policy");
        let body = to_bytes(answer.into_body()).await.ok().unwrap().to_vec();
        Seen { status, headers, body }
    }
}

macro_rules! get {
    ($browser:expr, $door:expr, $path:expr) => {
        $browser.send(&$door, test::TestRequest::to_request, Method::GET, &$path, None).await
    };
}

macro_rules! post {
    ($browser:expr, $door:expr, $path:expr, $fields:expr) => {
        $browser
            .send(&$door, test::TestRequest::to_request, Method::POST, &$path, Some(&$fields))
            .await
    };
}

fn page(seat: &Seat) -> String {
    format!("/receive/{}", seat.delivery)
}

fn link(seat: &Seat) -> String {
    format!("/l/{}", seat.token)
}

fn after<'p>(page: &'p str, mark: &str, end: char) -> &'p str {
    let rest = page.split(mark).nth(1).unwrap_or_else(|| panic!("no {mark} in {page}"));
    rest.split(end).next().unwrap()
}

fn form_token(page: &str) -> String {
    after(page, "name=\"form_token\" value=\"", '"').to_owned()
}

fn person(name: &str) -> Fields<'static> {
    vec![
        ("name", name.to_owned()),
        ("post", "值班员".to_owned()),
        ("phone", "0731-88062345".to_owned()),
    ]
}

/// What the page's signing form posts when a person filled it in.
fn signing(page: &str, name: &str) -> Fields<'static> {
    let mut fields = person(name);
    fields.extend([
        ("form_token", form_token(page)),
        ("code_token", after(page, "name=\"code_token\" value=\"", '"').to_owned()),
        ("shown", after(page, "name=\"shown\" value=\"", '"').to_owned()),
        ("code", after(page, "id=\"code-digits\">", '<').to_owned()),
        ("mode", "self".to_owned()),
    ]);
    fields
}

fn set(fields: &mut Fields<'static>, name: &'static str, value: &str) {
    fields.retain(|(known, _)| *known != name);
    fields.push((name, value.to_owned()));
}

fn ground() -> Option<(Ground, Issued)> {
    let ground = Ground::new()?;
    let issued = ground.issue(3, "unverified");
    Some((ground, issued))
}

#[actix_web::test]
async fn looking_changes_nothing_but_the_note_that_it_was_fetched() {
    let Some((ground, issued)) = ground() else { return };
    let door = door!(ground);
    let (seat, mut browser) = (&issued.seats[0], Browser::default());
    let fresh = ground.dump();
    let head =
        browser.send(&door, test::TestRequest::to_request, Method::HEAD, &link(seat), None).await;
    assert_eq!((head.status, ground.dump()), (StatusCode::SEE_OTHER, fresh.clone()));

    let arrived = get!(browser, door, link(seat));
    assert_eq!(arrived.status, StatusCode::SEE_OTHER);
    assert_eq!(arrived.header("location"), page(seat));
    assert_eq!(arrived.header("referrer-policy"), "no-referrer");
    let fetched = ground.dump();
    let new: Vec<&String> = fetched.difference(&fresh).collect();
    assert_eq!(new.len(), 2, "{new:?}");
    assert_eq!(ground.count("events"), 1);
    assert_eq!(ground.count("events WHERE kind = 'link_fetched'"), 1);
    assert_eq!(ground.count("deliveries WHERE fetched_at IS NOT NULL"), 1);
    assert_eq!(ground.assert_tallies_hold(issued.notice).pending, 3);

    let base = page(seat);
    for path in [
        link(seat),
        base.clone(),
        format!("{base}/return"),
        format!("{base}/ask-again"),
        format!("{base}/ask-again?sent"),
        format!("{base}/receipt"),
        format!("{base}/receipt.jws"),
        format!("{base}/open"),
        format!("{base}/acknowledge"),
        format!("{base}/files/{}/download", issued.files[0]),
    ] {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::GET] {
            let seen =
                browser.send(&door, test::TestRequest::to_request, method, &path, None).await;
            assert!(!seen.status.is_server_error(), "{path}: {}", seen.status);
            assert!(!seen.has(&seat.token), "{path} shows the token");
            assert_eq!(seen.header("cache-control"), "no-store");
        }
    }
    assert_eq!(ground.dump(), fetched);
}

#[actix_web::test]
async fn signing_leads_to_a_receipt_that_verifies_offline() {
    let Some((ground, issued)) = ground() else { return };
    let door = door!(ground);
    let (seat, mut browser) = (&issued.seats[0], Browser::default());
    get!(browser, door, link(seat));
    let shown = get!(browser, door, page(seat));
    assert!(shown.has("确认签收") && shown.has("请于") && shown.has("0731-82210000"));
    let fields = signing(&shown.text(), "王某");
    let acknowledge = format!("{}/acknowledge", page(seat));
    let signed = post!(browser, door, acknowledge, fields);
    assert_eq!(signed.status, StatusCode::SEE_OTHER, "{}", signed.text());
    assert_eq!(signed.header("location"), page(seat));
    let after_it = get!(browser, door, page(seat));
    assert!(after_it.has("已签收") && after_it.has("王某") && !after_it.has("登记查看"));
    assert!(after_it.has("本级别要求的验证更高"), "特提 through an unverified address is marked");

    let file = get!(browser, door, format!("{}/receipt.jws", page(seat)));
    assert!(file.header("content-disposition").starts_with("attachment"));
    let pem = ground.service.keys.receipt_public_pem();
    let body = verify_receipt(&file.text(), pem).unwrap();
    assert_eq!(body.signer.name, "王某");
    let sheet = get!(browser, door, format!("{}/receipt", page(seat)));
    assert!(sheet.has(body.number.as_str()) && sheet.has(&body.statement));

    let dump = ground.dump();
    let again = post!(browser, door, acknowledge, fields);
    assert_eq!(again.header("location"), page(seat));
    assert_eq!(ground.dump(), dump);
    let same = get!(browser, door, format!("{}/receipt.jws", page(seat)));
    assert_eq!(same.body, file.body);
}

#[actix_web::test]
async fn many_browsers_at_once_get_one_receipt() {
    let Some((ground, issued)) = ground() else { return };
    let door = door!(ground);
    let seat = &issued.seats[0];
    let mut browsers = Vec::new();
    for n in 0..60 {
        let mut browser = Browser::default();
        get!(browser, door, link(seat));
        let shown = get!(browser, door, page(seat));
        browsers.push((browser, signing(&shown.text(), &format!("第{n}人"))));
    }
    let presses = browsers.into_iter().map(|(mut browser, fields)| {
        let (door, seat) = (&door, seat);
        async move {
            let path = format!("{}/acknowledge", page(seat));
            let done = browser
                .send(door, test::TestRequest::to_request, Method::POST, &path, Some(&fields))
                .await;
            assert_eq!(done.status, StatusCode::SEE_OTHER);
            let path = format!("{}/receipt.jws", page(seat));
            browser.send(door, test::TestRequest::to_request, Method::GET, &path, None).await.body
        }
    });
    let files = join_all(presses).await;
    assert!(files.iter().all(|file| *file == files[0]));
    assert_eq!(ground.count("receipts"), 1);
    assert_eq!(ground.count("events WHERE kind = 'acknowledged'"), 1);
    assert_eq!(ground.assert_tallies_hold(issued.notice).acknowledged, 1);
}

#[actix_web::test]
async fn mistakes_keep_what_was_typed_and_show_a_fresh_code() {
    let Some((ground, issued)) = ground() else { return };
    let door = door!(ground);
    let (seat, mut browser) = (&issued.seats[0], Browser::default());
    get!(browser, door, link(seat));
    let shown = get!(browser, door, page(seat)).text();
    let before = ground.dump();
    let mut fields = signing(&shown, "王某");
    set(&mut fields, "phone", "88062");
    set(&mut fields, "mode", "on_behalf");
    let acknowledge = format!("{}/acknowledge", page(seat));
    let back = post!(browser, door, acknowledge, fields);
    assert_eq!(back.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(back.has("value=\"王某\"") && back.has("value=\"88062\"") && back.has("受谁委托"));
    let token = |page: &str| after(page, "name=\"code_token\" value=\"", '"').to_owned();
    assert_ne!(token(&shown), token(&back.text()));
    assert_eq!(ground.dump(), before);
    let led = get!(browser, door, acknowledge);
    assert_eq!((led.status, led.header("location")), (StatusCode::SEE_OTHER, &*page(seat)));
    // The page that came back can be sent as it is, once it is filled in.
    let fixed = signing(&back.text(), "王某");
    assert_eq!(post!(browser, door, acknowledge, fixed).status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn nobody_gets_in_by_another_link_cookie_or_form() {
    let Some((ground, issued)) = ground() else { return };
    let door = door!(ground);
    let [one, other, third] = &issued.seats[..] else { panic!() };
    let mut browser = Browser::default();
    get!(browser, door, link(one));
    let shown = get!(browser, door, page(one)).text();
    let fields = signing(&shown, "王某");
    let before = ground.dump();

    // Without its cookie, a delivery is as absent as one that never was.
    let absent = one.delivery.to_string().replace("dlv_0", "dlv_1");
    let foreign = get!(browser, door, page(other));
    let unknown = get!(browser, door, format!("/receive/{absent}"));
    assert_eq!((foreign.status, foreign.text()), (unknown.status, unknown.text()));
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    let stolen = Browser {
        cookies: browser
            .cookies
            .values()
            .map(|value| (format!("__Host-{}", other.delivery), value.clone()))
            .collect(),
    };
    let refused = get!(stolen.clone(), door, page(other));
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let path = format!("{}/acknowledge", page(other));
    assert_eq!(post!(browser, door, path, fields).status, StatusCode::NOT_FOUND);
    assert_eq!(ground.dump(), before);

    // Two links in one browser do not mix: the form of one does not sign the other.
    get!(browser, door, link(other));
    let before = ground.dump();
    assert_eq!(post!(browser, door, path, fields).status, StatusCode::BAD_REQUEST);
    let mut mixed = fields.clone();
    set(&mut mixed, "form_token", &form_token(&get!(browser, door, page(other)).text()));
    assert_eq!(post!(browser, door, path, mixed).status, StatusCode::UNPROCESSABLE_ENTITY);

    // Another site, or no form token.
    let mut bare = fields.clone();
    set(&mut bare, "form_token", "");
    let own = format!("{}/acknowledge", page(one));
    assert_eq!(post!(browser, door, own, bare).status, StatusCode::BAD_REQUEST);
    let mut request = test::TestRequest::post().uri(&own).set_form(&fields);
    for (name, value) in &browser.cookies {
        request = request.cookie(actix_web::cookie::Cookie::new(name, value));
    }
    let request = request.insert_header(("sec-fetch-site", "cross-site")).to_request();
    let refused = test::call_service(&door, request).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(ground.dump(), before);

    // Every token that opens nothing gets the same answer.
    let token = &third.token;
    let mut turned = token.clone();
    turned.replace_range(40..41, if &token[40..41] == "A" { "B" } else { "A" });
    let mut answers = Vec::new();
    ground.sql(&format!("UPDATE links SET revoked_at = 1 WHERE id = '{}'", third.link));
    for token in [token.as_str(), &turned, "x", &token[1..], &format!("{token}AAAA")] {
        let refused = get!(Browser::default(), door, format!("/l/{token}"));
        answers.push((refused.status, refused.text()));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(answers[0].0, StatusCode::NOT_FOUND);

    // A link that is revoked ends its visits at once.
    assert_eq!(get!(browser, door, page(one)).status, StatusCode::OK);
    ground.sql(&format!(
        "UPDATE contact_addresses SET status = 'retired' WHERE id = '{}'",
        one.address
    ));
    assert_eq!(get!(browser, door, page(one)).status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn opening_and_downloading_are_noted_once() {
    let Some((ground, issued)) = ground() else { return };
    let door = door!(ground);
    let (seat, mut browser) = (&issued.seats[0], Browser::default());
    get!(browser, door, link(seat));
    let shown = get!(browser, door, page(seat)).text();
    assert!(!shown.contains("严禁空岗") && !shown.contains("立即核对"));
    let token: Fields<'_> = vec![("form_token", form_token(&shown))];
    for _ in 0..3 {
        let opened = post!(browser, door, format!("{}/open", page(seat)), token);
        assert_eq!(opened.status, StatusCode::SEE_OTHER);
        ground.clock.advance(Span::seconds(1));
    }
    assert!(get!(browser, door, page(seat)).has("立即核对"));
    assert_eq!(ground.count("events WHERE kind = 'opened'"), 1);
    assert_eq!(ground.assert_tallies_hold(issued.notice).opened, 1);
    let same = "deliveries d JOIN events e ON e.delivery_id = d.id WHERE e.kind = 'opened' \
        AND e.happened_at = d.opened_at AND d.downloaded_at IS NULL";
    assert_eq!(ground.count(same), 1);

    let file = |verb: &str, n: usize| format!("{}/files/{}/{verb}", page(seat), issued.files[n]);
    let looked = post!(browser, door, file("open", 0), token);
    assert_eq!((looked.status, looked.body.as_slice()), (StatusCode::OK, MAIN_FILE));
    assert!(looked.header("content-disposition").starts_with("inline"));
    assert_eq!(ground.count("deliveries WHERE downloaded_at IS NOT NULL"), 0);
    for n in [0, 1, 0] {
        let kept = post!(browser, door, file("download", n), token);
        assert_eq!(kept.status, StatusCode::OK);
        assert!(kept.header("content-disposition").starts_with("attachment"));
        assert_eq!(kept.header("x-content-type-options"), "nosniff");
        assert!(kept.header("content-security-policy").contains("sandbox"));
    }
    assert_eq!(ground.count("events WHERE kind = 'downloaded'"), 1);
    // A kind of file that a browser should not run is never shown inside it.
    let csv = post!(browser, door, file("open", 1), token);
    assert!(csv.header("content-disposition").starts_with("attachment"));

    // Another seat's first act is a download: it is an opening too.
    let other = &issued.seats[1];
    get!(browser, door, link(other));
    let shown = get!(browser, door, page(other)).text();
    let token: Fields<'_> = vec![("form_token", form_token(&shown))];
    let path = format!("{}/files/{}/download", page(other), issued.files[0]);
    assert_eq!(post!(browser, door, path, token).status, StatusCode::OK);
    assert_eq!(ground.count("deliveries WHERE opened_at = downloaded_at"), 1);
    let foreign = ground.issue(1, "unverified").files[0];
    let path = format!("{}/files/{foreign}/download", page(other));
    assert_eq!(post!(browser, door, path, token).status, StatusCode::NOT_FOUND);
    assert_eq!(ground.count("events"), 2 + 2 + 2, "fetched, opened and downloaded, twice");
    ground.assert_tallies_hold(issued.notice);
}

#[actix_web::test]
async fn a_notice_can_be_given_back_and_signed_all_the_same() {
    let Some((ground, issued)) = ground() else { return };
    let door = door!(ground);
    let (seat, mut browser) = (&issued.seats[0], Browser::default());
    get!(browser, door, link(seat));
    let path = format!("{}/return", page(seat));
    let form = get!(browser, door, path).text();
    let mut fields = person("李某");
    set(&mut fields, "form_token", &form_token(&form));
    let mistaken = post!(browser, door, path, fields);
    assert_eq!(mistaken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(mistaken.has("没有选原因") && mistaken.has("value=\"李某\""));
    set(&mut fields, "reason", "other");
    assert!(post!(browser, door, path, fields).has("请写明原因"));
    set(&mut fields, "reason", "misdirected");
    set(&mut fields, "detail", "应由区政府办收");
    for _ in 0..2 {
        let done = post!(browser, door, path, fields);
        assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, &*path));
    }
    assert!(get!(browser, door, path).has("等待发文单位同意"));
    assert_eq!(ground.count("events WHERE kind = 'returned'"), 1);
    assert_eq!(ground.count("returns WHERE reason = 'misdirected'"), 1);
    assert_eq!(ground.assert_tallies_hold(issued.notice).returned, 0, "not yet taken back");
    assert_eq!(ground.count(HEADS), 3, "the ladder goes on");

    let shown = get!(browser, door, page(seat));
    assert!(shown.has("现在仍可签收"));
    let acknowledge = format!("{}/acknowledge", page(seat));
    let signed = post!(browser, door, acknowledge, signing(&shown.text(), "王某"));
    assert_eq!(signed.status, StatusCode::SEE_OTHER);
    let tally = ground.assert_tallies_hold(issued.notice);
    assert_eq!((tally.returned, tally.acknowledged), (0, 1));
    assert_eq!(post!(browser, door, path, fields).header("location"), page(seat));
    assert_eq!(ground.count("returns"), 1);
}

#[actix_web::test]
async fn asking_for_a_good_copy_changes_no_state() {
    let Some((ground, issued)) = ground() else { return };
    let door = door!(ground);
    let (seat, mut browser) = (&issued.seats[0], Browser::default());
    get!(browser, door, link(seat));
    let path = format!("{}/ask-again", page(seat));
    let mut fields = person("李某");
    set(&mut fields, "form_token", &form_token(&get!(browser, door, path).text()));
    set(&mut fields, "reason", "attachment_missing");
    for _ in 0..2 {
        let asked = post!(browser, door, path, fields);
        assert_eq!(asked.status, StatusCode::SEE_OTHER);
        assert!(get!(browser, door, asked.header("location")).has("已请求重发"));
    }
    assert_eq!(ground.count("events WHERE kind = 'asked_again'"), 1);
    assert_eq!(ground.count("returns WHERE kind = 'ask_again'"), 1);
    assert_eq!(ground.assert_tallies_hold(issued.notice).pending, 3);
    assert!(get!(browser, door, page(seat)).has("请求重发，发文单位正在处理"));
    ground.clock.advance(Span::hours(1));
    post!(browser, door, path, fields);
    assert_eq!(ground.count("events WHERE kind = 'asked_again'"), 2);
}

#[actix_web::test]
async fn the_second_visitor_is_told_who_signed_and_may_register() {
    let Some((ground, issued)) = ground() else { return };
    let door = door!(ground);
    let seat = &issued.seats[0];
    let (mut first, mut second) = (Browser::default(), Browser::default());
    get!(first, door, link(seat));
    get!(second, door, link(seat));
    let seen_by_second = get!(second, door, page(seat)).text();
    let fields = signing(&get!(first, door, page(seat)).text(), "王某");
    let acknowledge = format!("{}/acknowledge", page(seat));
    let viewing = format!("{}/viewing", page(seat));
    let mut register = person("赵某");
    set(&mut register, "form_token", &form_token(&seen_by_second));
    post!(second, door, viewing, register);
    assert_eq!(ground.count("viewings"), 0, "nothing to register before the signature");
    post!(first, door, acknowledge, fields);

    let late = post!(second, door, acknowledge, signing(&seen_by_second, "赵某"));
    assert_eq!(late.header("location"), page(seat));
    let told = get!(second, door, page(seat));
    assert!(told.has("本件已由王某") && told.has("登记查看"));
    set(&mut register, "name", "");
    let mistaken = post!(second, door, viewing, register);
    assert_eq!(mistaken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(mistaken.has("没有填姓名"));
    set(&mut register, "name", "赵某");
    for _ in 0..2 {
        post!(second, door, viewing, register);
    }
    assert!(get!(second, door, page(seat)).has("已登记查看：赵某"));
    assert!(!get!(first, door, page(seat)).has("登记查看"));
    assert_eq!(ground.count("viewings"), 1);
    assert_eq!(ground.count("events WHERE kind = 'viewing_registered'"), 1);
    assert_eq!(ground.count("receipts WHERE signer_name = '王某'"), 1);
}

#[actix_web::test]
async fn a_new_version_or_a_recall_comes_between_page_and_signature() {
    let Some((ground, issued)) = ground() else { return };
    let door = door!(ground);
    let (seat, mut browser) = (&issued.seats[0], Browser::default());
    get!(browser, door, link(seat));
    let shown = get!(browser, door, page(seat)).text();
    let acknowledge = format!("{}/acknowledge", page(seat));
    ground.sql(&format!(
        "INSERT INTO notice_versions (notice_id, version, header, issued_at) \
         SELECT notice_id, 2, header, issued_at FROM notice_versions;\
         UPDATE notices SET version = 2 WHERE id = '{}';",
        issued.notice
    ));
    let before = ground.dump();
    let refused = post!(browser, door, acknowledge, signing(&shown, "王某"));
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.has("版本已更新") && refused.has("第2版") && refused.has("没有记录"));
    assert_eq!(ground.dump(), before);
    let newer = get!(browser, door, page(seat));
    assert!(newer.has("第2版") && newer.has("确认签收"));

    for (state, words) in [
        ("recalled", "本件已撤回"),
        ("revoked", "本件已撤销"),
        ("abolished", "本件已废止"),
        ("superseded", "本件已更正"),
    ] {
        ground.sql(&format!("UPDATE notices SET state = '{state}'"));
        let before = ground.dump();
        let refused = post!(browser, door, acknowledge, signing(&newer.text(), "王某"));
        assert_eq!(refused.status, StatusCode::CONFLICT, "{state}");
        assert!(refused.has(words));
        let banner = get!(browser, door, page(seat));
        assert!(banner.has(words) && !banner.has("确认签收"), "{state}");
        assert_eq!(ground.dump(), before, "{state}");
    }
    assert_eq!(ground.count("receipts"), 0);
    // Once it is in force again, the page that was shown last still signs.
    ground.sql("UPDATE notices SET state = 'closed'");
    let signed = post!(browser, door, acknowledge, signing(&newer.text(), "王某"));
    assert_eq!(signed.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn a_late_signature_is_welcome_and_says_so() {
    let Some((ground, issued)) = ground() else { return };
    let door = door!(ground);
    let (seat, mut browser) = (&issued.seats[0], Browser::default());
    ground.clock.advance(Span::hours(2));
    get!(browser, door, link(seat));
    let shown = get!(browser, door, page(seat));
    assert!(shown.has("已过时限") && shown.has("仍可签收"));
    let path = format!("{}/acknowledge", page(seat));
    post!(browser, door, path, signing(&shown.text(), "王某"));
    assert!(get!(browser, door, page(seat)).has("逾期 1 小时 35 分"));
    assert!(get!(browser, door, format!("{}/receipt", page(seat))).has("逾期 1 小时 35 分"));
}
