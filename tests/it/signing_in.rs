//! The door of the staff: who gets in, for how long, and what forms must bring.

use qianshou::domain::account::Role;
use qianshou::domain::evidence::Actor;
use qianshou::domain::time::Span;
use qianshou::service::accounts;

use crate::support::crossing::crossing;
use crate::support::door::{Door, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::house::count;
use crate::support::stand::PUBLIC_URL;

fn account(town: &Town, login: &str) -> qianshou::domain::account::Account {
    accounts::list(&town.service).unwrap().into_iter().find(|one| one.login == login).unwrap()
}

fn is_in(visitor: &mut Visitor) -> bool {
    match visitor.get("/directory").status {
        200 => true,
        303 => false,
        other => panic!("{other}"),
    }
}

#[test]
fn unknown_and_wrong_are_told_alike_and_both_come_to_rest() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let attempt = |login: &str, password: &str| {
        let fields = [("account", login), ("password", password)];
        let heard = Visitor::new(&door).post("/sign-in", &fields);
        (heard.status, heard.words().replace(login, ""))
    };
    for n in 0..5 {
        let (wrong, unknown) = (attempt("jingban", "not this"), attempt("nobody", "not this"));
        assert_eq!(wrong, unknown, "try {n}");
        assert_eq!(wrong.0, 401);
    }
    // Now even the right password waits, and an unknown login looks the same.
    let (known, unknown) = (attempt("jingban", PASSWORD), attempt("nobody", PASSWORD));
    assert_eq!(known, unknown);
    assert_eq!(known.0, 429);
    town.clock.advance(Span::minutes(2));
    assert_eq!(attempt("jingban", PASSWORD).0, 303);
    let disabled = account(&town, "hefa").id;
    accounts::set_disabled(&town.service, account(&town, "guanli").id, disabled, true).unwrap();
    assert_eq!(attempt("hefa", PASSWORD), attempt("nobody2", PASSWORD));
}

/// Whoever keeps several tries under way has no more of them.
#[test]
fn tries_at_the_same_moment_all_count() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let attempt = || {
        let fields = [("account", "jingban"), ("password", "not this")];
        Visitor::new(&door).post("/sign-in", &fields).status
    };
    let one = "INSERT INTO sign_in_tries (login_hash, failed, last_failed_at) \
               VALUES (sha256('jingban'), 1, 1)";
    let Some(first) = crossing(&town.url, one, attempt) else { return };
    assert_eq!(first, 401);
    let more = "UPDATE sign_in_tries SET failed = failed + 1";
    assert_eq!(crossing(&town.url, more, attempt), Some(401));
    assert_eq!(count(&town.url, "sign_in_tries WHERE failed = 4"), 1);
}

#[test]
fn a_session_ends_with_what_it_stood_on() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let administrator = account(&town, "guanli").id;
    let clerk = account(&town, "jingban").id;
    let enter = || Visitor::new(&door).sign_in("jingban", PASSWORD);

    let (mut one, mut other) = (enter(), enter());
    let token = one.form_token();
    let stolen = one.cookies.clone();
    let heard = one.post("/sign-out", &[("form_token", token.as_str())]);
    assert_eq!((heard.status, heard.header("location")), (303, "/sign-in"));
    one.cookies = stolen;
    assert!(!is_in(&mut one), "a session that was left still opens the door");
    assert!(is_in(&mut other), "leaving one session ended another");

    accounts::set_disabled(&town.service, administrator, clerk, true).unwrap();
    assert!(!is_in(&mut other), "disabled");
    accounts::set_disabled(&town.service, administrator, clerk, false).unwrap();
    assert!(!is_in(&mut other), "an old session came back");

    let mut third = enter();
    let roles = [Role::Clerk, Role::Duty].into();
    accounts::set_roles(&town.service, administrator, clerk, roles).unwrap();
    assert!(!is_in(&mut third), "other roles");

    let mut fourth = enter();
    let actor = Actor::Account(administrator);
    accounts::set_password(&town.service, actor, clerk, "another-long-word").unwrap();
    assert!(!is_in(&mut fourth), "another password");
}

#[test]
fn ones_own_password_is_changed_with_the_present_one() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut person = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let token = person.form_token();
    let mut change = |current: &str, new: &str, again: &str| {
        let fields = [
            ("form_token", token.as_str()),
            ("current", current),
            ("password", new),
            ("password_again", again),
        ];
        let heard = person.post("/own-password", &fields);
        (heard.status, heard.header("location").to_owned())
    };
    let refused = (422, String::new());
    let new = "xiangjiang-beiqu-1925";
    assert_eq!(change("not this", new, new), refused);
    assert_eq!(change(PASSWORD, new, "other"), refused);
    assert_eq!(change(PASSWORD, "short", "short"), refused);
    assert_eq!(change(PASSWORD, new, new), (303, "/sign-in".to_owned()));
    assert!(!is_in(&mut person));
    assert!(is_in(&mut Visitor::new(&door).sign_in("jingban", new)));
}

#[test]
fn sessions_end_by_themselves() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let settings = &town.service.settings;
    for (login, idle, longest) in [
        ("jingban", settings.session_idle, settings.session_longest),
        ("guanli", settings.admin_session_idle, settings.admin_session_longest),
    ] {
        let mut left = Visitor::new(&door).sign_in(login, PASSWORD);
        town.clock.advance(idle);
        town.clock.advance(Span::seconds(1));
        assert!(!is_in(&mut left), "{login}: idle for too long");

        let mut busy = Visitor::new(&door).sign_in(login, PASSWORD);
        let begun = town.service.now();
        while town.service.now().since(begun) <= longest {
            assert!(is_in(&mut busy), "{login}: ended too early");
            // The note of a session's use is written behind the answer: wait for the writer.
            town.service.store.write("wait", |_| Ok::<_, qianshou::store::StoreError>(())).unwrap();
            town.clock.advance(Span::minutes(5));
        }
        assert!(!is_in(&mut busy), "{login}: longer than any session");
    }
}

#[test]
fn a_form_from_elsewhere_changes_nothing() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut person = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let token = person.form_token();
    let other = Visitor::new(&door).sign_in("jingban", PASSWORD).form_token();
    let right = [("form_token", token.as_str())];
    for stale in [&[][..], &[("form_token", "")], &[("form_token", other.as_str())]] {
        assert_eq!(person.post("/sign-out", stale).status, 400, "{stale:?}");
    }
    for site in ["cross-site", "same-site"] {
        person.from_site = Some(site);
        assert_eq!(person.post("/sign-out", &right).status, 403, "{site}");
    }
    person.from_site = None;
    person.extra = "Origin: https://evil.example\r\n".into();
    assert_eq!(person.post("/sign-out", &right).status, 403, "origin");
    person.extra = String::new();
    assert!(is_in(&mut person), "a refused form ended the session");
    person.extra = format!("Origin: {PUBLIC_URL}\r\n");
    assert_eq!(person.post("/sign-out", &right).status, 303);
}

#[test]
fn the_cookie_stays_with_us() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let fields = [("account", "jingban"), ("password", PASSWORD)];
    let heard = Visitor::new(&door).post("/sign-in", &fields);
    let cookie = heard.header("set-cookie");
    assert!(cookie.starts_with("__Host-session="), "{cookie}");
    for flag in ["Path=/", "HttpOnly", "Secure", "SameSite=Lax"] {
        assert!(cookie.contains(flag), "{cookie} lacks {flag}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(heard.body, "");
}
