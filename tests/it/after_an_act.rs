//! What pages say after an act: that it was done, once; and after the end of a notice, how many had
//! signed before it, how many had not, and that there is nothing left to do.

use qianshou::domain::account::Account;
use qianshou::service::accounts;
use qianshou::service::acts::ActForm;
use qianshou::service::end_notice::recall;
use qianshou::service::return_notice::{GiveBackRequest, Returned, return_notice};

use crate::support::door::{Door, Heard, Visitor};
use crate::support::fixture_link::Seat;
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::form::{Form, press};
use crate::support::office::office;
use crate::support::stand::PUBLIC_URL;

fn clerk(town: &Town) -> Account {
    let all = accounts::list(&town.service).unwrap();
    all.into_iter().find(|one| one.login == "jingban").unwrap()
}

fn form(key: &str) -> ActForm {
    ActForm { key: key.to_owned(), reason: "文件有误".to_owned() }
}

fn rows(heard: &Heard) -> usize {
    heard.body.matches("流转记录</a>").count()
}

#[test]
fn after_an_end_the_numbers_tell_who_had_signed_before_it() {
    let Some(town) = Town::new() else { return };
    let (notice, total) = (town.ours.notice, town.ours.sent.len());
    for one in &town.ours.sent[..2] {
        town.sign(*one, "陈立");
    }
    recall(&town.service, &clerk(&town), notice, &form("k1")).unwrap();
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let path = format!("/notices/{notice}");
    let board = visitor.get(&path);
    let had_not = total - 2;
    for words in [
        "撤回前已签收</span> <strong>2<".to_owned(),
        format!("撤回时未签收</span> <strong>{had_not}<"),
    ] {
        assert!(board.body.contains(&words), "{words}: {}", board.words());
    }
    assert!(!board.body.contains(">未签收<"), "{}", board.words());
    assert_eq!(rows(&board), total, "after an end everybody is shown");
    for (show, expected) in [("recalled", had_not), ("signed", 2), ("all", total)] {
        let heard = visitor.get(&format!("{path}?show={show}"));
        assert_eq!(rows(&heard), expected, "{show}");
    }
    let register = visitor.get(&format!("{path}/register")).body;
    let head = format!("应签收 {total}，撤回前已签收 2，撤回时未签收 {had_not}");
    assert!(register.contains(&head), "{register}");
    let list = visitor.get("/notices").body;
    let row = list.split("<tr>").find(|row| row.contains(&path)).unwrap();
    assert!(row.contains(&format!("<strong>{had_not}</strong>")), "{row}");
}

#[test]
fn what_a_newer_version_replaced_says_so_in_every_row() {
    let Some(at) = office(2) else { return };
    let seats: Vec<&Seat> = at.issued.seats.iter().collect();
    at.sign(&at.ground.visit(seats[0]));
    at.replace(at.issued.notice, &seats, "k1");
    let door = Door::open(&at.ground.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let board = visitor.get(&format!("/notices/{}", at.issued.notice));
    assert!(board.body.contains("更正前已签收</span> <strong>1<"), "{}", board.words());
    assert!(board.body.contains("更正时未签收</span> <strong>1<"), "{}", board.words());
    assert_eq!(board.body.matches("</span>已由新版代替</span>").count(), 1, "{}", board.words());
    assert!(!board.body.contains("已撤回"), "{}", board.words());
}

#[test]
fn an_act_that_does_not_fit_any_more_says_why_and_offers_nothing() {
    let Some(town) = Town::new() else { return };
    let notice = town.ours.notice;
    let (path, delivery) = (format!("/notices/{notice}"), town.ours.sent[0].0);
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let pages: Vec<String> =
        ["recall", "revoke", "abolish", "close", "resend", "add-recipients", "remind", "supersede"]
            .iter()
            .map(|act| format!("{path}/{act}"))
            .chain([format!("/deliveries/{delivery}/stop-chasing")])
            .collect();
    let offers = |page: &Heard| page.body.matches("<form ").count() > 1;
    for page in &pages {
        let before = visitor.get(page);
        assert!(offers(&before), "{page}: {}", before.words());
    }
    let mut stale = Form::holding(&visitor.get(&pages[3]).body, "do").unwrap();
    recall(&town.service, &clerk(&town), notice, &form("k1")).unwrap();
    for page in &pages {
        let after = visitor.get(page);
        assert_eq!(after.status, 200, "{page}");
        assert!(!offers(&after), "{page}: {}", after.words());
        for words in ["本件已撤回。", "文件有误", "11月24日"] {
            assert!(after.body.contains(words), "{page} does not say {words}");
        }
    }
    stale.fields.retain(|(name, _)| !name.starts_with("gap-"));
    let refused = press(&mut visitor, &stale, ("do", "close"));
    assert_eq!(refused.status, 409, "{}", refused.words());
    assert!(refused.body.contains("这次没有办成") && !offers(&refused), "{}", refused.words());
    let board = visitor.get(&path);
    for act in ["recall", "close", "resend", "remind"] {
        assert!(!board.body.contains(&format!("href=\"{path}/{act}\"")), "{act} is offered");
    }
}

#[test]
fn what_was_done_is_said_once_and_no_address_can_say_it() {
    let Some(town) = Town::new() else { return };
    let path = format!("/notices/{}", town.ours.notice);
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door).sign_in("jingban", PASSWORD);
    const SAID: &str = "本件已撤回：催签已停";
    for address in ["?said=recalled", "?said=recalled.0"] {
        assert!(!visitor.get(&format!("{path}{address}")).body.contains(SAID));
    }
    let mut asked = Form::holding(&visitor.get(&format!("{path}/recall")).body, "reason").unwrap();
    let refused = press(&mut visitor, &asked, ("do", "recall"));
    assert_eq!(refused.status, 422);
    assert!(!visitor.get(&path).body.contains(SAID), "nothing was done");
    asked.type_in("reason", "文件有误");
    let done = press(&mut visitor, &asked, ("do", "recall"));
    assert_eq!((done.status, done.header("location")), (303, path.as_str()));
    let rows = visitor.get(&format!("{path}?part=rows"));
    assert!(!rows.body.contains(SAID), "a page that was open before only asks for its rows");
    assert_eq!(visitor.get(&path).body.matches(SAID).count(), 1, "it is said");
    assert!(!visitor.get(&path).body.contains(SAID), "and not again");
}

#[test]
fn the_acts_stand_beside_the_heading_and_only_for_who_may() {
    let Some(town) = Town::new() else { return };
    let path = format!("/notices/{}", town.ours.notice);
    let door = Door::open(&town.service, PUBLIC_URL);
    let acts = |login: &str| -> Vec<String> {
        let mut visitor = Visitor::new(&door).sign_in(login, PASSWORD);
        let body = visitor.get(&path).body;
        let place = body.find("class=\"board-acts").unwrap_or(usize::MAX);
        let rows = body.find("id=\"live-head\"").unwrap();
        assert!(place == usize::MAX || place < rows, "{login}: below the numbers");
        ["remind", "add-recipients", "resend", "close", "supersede", "recall", "revoke", "abolish"]
            .iter()
            .filter(|act| body.contains(&format!("href=\"{path}/{act}\"")))
            .map(|act| (*act).to_owned())
            .collect()
    };
    assert_eq!(acts("jingban").len(), 8);
    let without = |acts: Vec<String>, other: &str| !acts.iter().any(|act| act == other);
    assert!(without(acts("zhiban"), "supersede") && without(acts("hefa"), "remind"));
    assert_eq!(acts("shenji"), Vec::<String>::new());
}

#[test]
fn who_sent_it_back_has_looked_at_it() {
    let Some(town) = Town::new() else { return };
    let total = town.ours.sent.len();
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let path = format!("/notices/{}?show=unopened", town.ours.notice);
    let before = visitor.get(&path);
    assert_eq!(rows(&before), total);
    let request = GiveBackRequest {
        reason: "misdirected".into(),
        detail: "不归本单位".into(),
        name: "赵某".into(),
        post: "值班员".into(),
        phone: "0731-88060001".into(),
    };
    let (visiting, _) = town.visit(town.ours.sent[0]);
    assert_eq!(return_notice(&town.service, &visiting, &request).unwrap(), Returned::Yes);
    let after = visitor.get(&path);
    assert_eq!(rows(&after), total - 1);
    let filter = format!("未查看 {}", total - 1);
    assert!(after.body.contains(&filter), "{}", after.words());
}
