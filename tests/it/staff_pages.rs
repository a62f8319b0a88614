//! What the staff sees: counts that are the rows, refusals that say little, headers on everything.

use qianshou::domain::delivery::Tally;
use qianshou::domain::evidence::{Actor, EventKind};
use qianshou::domain::time::Span;
use qianshou::service::verify_receipt::verify_receipt;
use qianshou::store::StoreError;
use qianshou::store::deliveries::{OnceFact, delivery_list_of_notice};
use qianshou::store::tallies::tally_find;

use crate::support::door::{Door, Heard, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::house::count;
use crate::support::stand::PUBLIC_URL;

const EVERYWHERE: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ("cache-control", "no-store"),
];

fn assert_headers(heard: &Heard, what: &str) {
    for (name, value) in EVERYWHERE {
        assert_eq!(heard.header(name), *value, "{what}: {name}");
    }
    let policy = heard.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{what}: {policy}");
    assert_eq!(heard.header("x-request-id").len(), 12, "{what}");
}

#[test]
fn every_answer_carries_the_headers() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut anybody = Visitor::new(&door);
    assert_headers(&anybody.get("/sign-in"), "200");
    assert_headers(&anybody.get("/notices"), "303 of the guard");
    assert_headers(&anybody.get("/absent"), "404");
    assert_headers(&anybody.post("/sign-out", &[]), "303 of an act");
    anybody.from_site = Some("cross-site");
    assert_headers(&anybody.post("/sign-in", &[]), "403");
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let refused = clerk.get("/accounts");
    assert_eq!(refused.status, 403);
    assert_headers(&refused, "403 of the guard");
    assert!(refused.body.contains(refused.header("x-request-id")), "the page has its number");
    assert!(refused.body.contains("href=\"/\""), "staff is led home");
    let big = format!("account={}", "x".repeat(1_100_000));
    let heard = Visitor::new(&door).ask("POST", "/sign-in", &big);
    assert_eq!(heard.status, 413);
    assert_headers(&heard, "413");
    assert!(!heard.body.contains("href=\"/\""), "a stranger has no home here");
}

#[test]
fn only_our_own_host_is_answered() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let close = "Connection: close";
    let status = |head: &str| door.raw(head, "").status;
    let ours = format!("GET /sign-in HTTP/1.1\r\nHost: qianshou.example\r\n{close}");
    assert_eq!(status(&ours), 200);
    for host in
        ["evil.example", "127.0.0.1", "qianshou.example.evil", "qianshou.example:81", "[::1]"]
    {
        let heard = door.raw(&format!("GET /sign-in HTTP/1.1\r\nHost: {host}\r\n{close}"), "");
        assert_eq!(heard.status, 421, "{host}");
        assert_headers(&heard, host);
        assert!(!heard.body.contains("evil"), "{host} is repeated");
    }
    let twice = "GET /sign-in HTTP/1.1\r\nHost: qianshou.example\r\nHost: evil.example";
    let absolute = "GET http://evil.example/sign-in HTTP/1.1\r\nHost: qianshou.example";
    let none = "GET /sign-in HTTP/1.0";
    for head in [twice, absolute, none] {
        let got = status(&format!("{head}\r\n{close}"));
        assert!(matches!(got, 400 | 421), "{head}: {got}");
    }
    // What a proxy is said to have heard is not believed.
    let forwarded =
        format!("{ours}\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example");
    let heard = door.raw(&forwarded, "");
    assert!(heard.status == 200 && !heard.body.contains("evil"));
}

#[test]
fn the_board_counts_its_rows_and_the_list_says_the_same() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let (notice, sent) = (town.ours.notice, &town.ours.sent);
    let total = sent.len();
    for one in &sent[..4] {
        town.sign(*one, "陈立");
    }
    town.happen(sent[4].0, OnceFact::Opened, EventKind::Opened, Actor::System("test"));
    town.happen(sent[5].0, OnceFact::Returned, EventKind::Returned, Actor::System("test"));
    town.lose(sent[6].0);
    town.clock.advance(Span::minutes(31));

    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let path = format!("/notices/{notice}");
    let rows = |heard: &Heard| heard.body.matches("流转记录</a>").count();
    for (show, expected) in
        [("", total - 5), ("all", total), ("signed", 4), ("returned", 1), ("unreachable", 1)]
    {
        let heard = clerk.get(&format!("{path}?show={show}"));
        assert_eq!(heard.status, 200);
        assert_eq!(rows(&heard), expected, "{show}");
        assert!(heard.body.contains(&format!("未签收</span> <strong class=\"red\">{}", total - 5)));
        assert_eq!(rows(&clerk.get(&format!("{path}?show={show}&part=rows"))), expected);
    }
    let list = clerk.get("/notices").body;
    assert!(list.contains(&format!("<strong class=\"red\">{}</strong>", total - 5)), "{list}");
    let now = town.service.now();
    let (kept, counted) = town
        .service
        .store
        .read(|conn| {
            let all = delivery_list_of_notice(conn, notice)?;
            let counted = Tally::of(all.iter().map(|one| &one.facts), now);
            Ok::<_, StoreError>((tally_find(conn, notice)?, counted))
        })
        .unwrap();
    assert_eq!(Tally { overdue: 0, ..counted }, kept);

    let register = clerk.get(&format!("{path}/register"));
    assert!(register.body.contains("签收登记表") && register.body.contains("陈立"));
    let story = clerk.get(&format!("/deliveries/{}", sent[0].0)).body;
    for words in ["王某发出", "陈立（机要室主任）签收", "回执号"] {
        assert!(story.contains(words), "{words}: {story}");
    }
    let file = format!("/deliveries/{}/receipt.jws", sent[0].0);
    assert!(story.contains(&format!("href=\"{file}\"")), "{story}");
    let looks = || count(&town.url, "events WHERE kind = 'auditor_looked'");
    let before = looks();
    for (login, looked) in [("jingban", 0), ("hefa", 0), ("zhiban", 0), ("shenji", 1)] {
        let heard = Visitor::new(&door).sign_in(login, PASSWORD).get(&file);
        assert_eq!((heard.status, heard.header("content-type")), (200, "application/jose"));
        let body = verify_receipt(&heard.body, town.service.keys.receipt_public_pem()).unwrap();
        assert_eq!((body.delivery, body.signer.name.as_str()), (sent[0].0, "陈立"), "{login}");
        assert_eq!(looks() - before, looked, "{login}");
    }
    let unsigned = sent.iter().map(|one| one.0).find(|id| {
        count(&town.url, &format!("deliveries WHERE id = '{id}' AND acknowledged_at IS NULL")) == 1
    });
    let none = clerk.get(&format!("/deliveries/{}/receipt.jws", unsigned.unwrap()));
    assert!(none.status == 409 && none.body.contains("还没有签收"), "{}", none.words());
    let (draft, waiting) = (town.draft, town.waiting);
    let led = |heard: Heard| heard.header("location").to_owned();
    assert_eq!(led(clerk.get(&format!("/notices/{draft}"))), format!("/notices/{draft}/edit"));
    let preview = format!("/notices/{waiting}/preview");
    assert_eq!(led(clerk.get(&format!("/notices/{waiting}"))), preview);
}

#[test]
fn an_auditor_reads_what_was_issued_and_nothing_else() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut auditor = Visitor::new(&door).sign_in("shenji", PASSWORD);
    let list = auditor.get("/notices").body;
    assert!(list.contains("湘政办发电〔2026〕7号") && list.contains("湘办发电〔2026〕35号"));
    assert!(!list.contains("湘办发电〔2026〕36号"), "a notice that waits for 核发 is shown");
    for id in [town.draft, town.waiting] {
        assert_eq!(auditor.get(&format!("/notices/{id}")).status, 404);
        assert_eq!(auditor.get(&format!("/notices/{id}/register")).status, 404);
    }
    assert_eq!(auditor.get("/notices?shelf=drafts").status, 404);
    let mut administrator = Visitor::new(&door).sign_in("guanli", PASSWORD);
    assert_eq!(administrator.get("/notices").status, 403);
}

#[test]
fn an_auditors_look_is_on_record() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut auditor = Visitor::new(&door).sign_in("shenji", PASSWORD);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let (notice, delivery) = (town.ours.notice, town.ours.sent[0].0);
    let other = town.ours.sent[1].0;
    let board = format!("/notices/{notice}");
    let story = format!("/deliveries/{delivery}");
    let looks = || count(&town.url, "events where kind = 'auditor_looked'");
    let told = |reader: &mut Visitor, path: &str, words: &str| {
        reader.get(path).body.matches(words).count()
    };
    let paths = [board.clone(), format!("{board}/register"), story.clone()];
    for path in &paths {
        assert!(!clerk.get(path).body.contains("审计"), "a clerk's look is not: {path}");
    }
    for path in &paths {
        // Pages that keep themselves fresh, and their rows alone, are one look.
        for _ in 0..3 {
            assert!(auditor.get(path).body.contains("审计"), "the page says so: {path}");
        }
    }
    assert_eq!(auditor.get(&format!("{board}?part=rows")).status, 200);
    assert_eq!(looks(), 3);
    for page in ["看板", "签收登记表", "流转记录"] {
        assert_eq!(told(&mut clerk, &story, &format!("审计冯某查阅{page}。")), 1, "{page}");
    }
    let of_other = told(&mut clerk, &format!("/deliveries/{other}"), "审计冯某");
    assert_eq!(of_other, 2, "a look at one organisation's story is that organisation's");
    town.clock.advance(Span::minutes(16));
    let mut auditor = Visitor::new(&door).sign_in("shenji", PASSWORD);
    auditor.get(&format!("{board}?part=rows"));
    assert_eq!(looks(), 4, "the rows alone are a look too");
}

#[test]
fn an_administrator_makes_an_account_that_works() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut administrator = Visitor::new(&door).sign_in("guanli", PASSWORD);
    let token = administrator.form_token();
    let mut create = |login: &str, office: &str, role: &str| {
        let fields = [
            ("form_token", token.as_str()),
            ("name", "孙某"),
            ("login", login),
            ("organisation", office),
            ("role", role),
        ];
        administrator.post("/accounts", &fields)
    };
    let office = "中共湖南省委办公厅";
    for (login, office, role, says) in [
        ("jingban", office, "clerk", "已有人使用"),
        ("sun", "没有这个单位", "clerk", "没有这个单位"),
        ("sun", office, "", "至少选择一个角色"),
        ("s", office, "clerk", "登录名"),
    ] {
        let heard = create(login, office, role);
        assert!(heard.status == 422 && heard.body.contains(says), "{says}: {}", heard.status);
    }
    let made = create("sun", office, "clerk");
    assert_eq!(made.status, 200);
    let (_, after) = made.body.split_once("class=\"secret\">").expect("no password is shown");
    let password = after.split('<').next().unwrap();
    let mut new = Visitor::new(&door).sign_in("sun", password);
    assert_eq!(new.get("/notices").status, 200);
    assert!(!administrator.get("/accounts").body.contains(password), "shown a second time");
}
