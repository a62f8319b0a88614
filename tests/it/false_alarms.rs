//! 确认误判: ordinary words that look like a marking come in when a releaser stands by, proves who
//! it is and says why; nobody else lets them in, a real marking never comes in, and every other
//! text of every form is looked through as well.

use qianshou::domain::account::Role;
use qianshou::domain::evidence::Actor;
use qianshou::domain::ids::DelegationId;
use qianshou::domain::notice::NoticeDraft;
use qianshou::service::accounts::{self, AccountRequest};
use qianshou::service::acts::ActRefused;
use qianshou::service::compose::{self, ComposeRefused, Content, save_confirmed};
use qianshou::service::confirm_marks::{Confirmer, Typed, prove};
use qianshou::service::pick::Ticks;
use qianshou::service::supersede::begin;
use qianshou::service::upload::{Incoming, attach_confirmed, begin as begin_upload};
use qianshou::web::ROUTES;
use qianshou::web::route::{Subject, Who};

use crate::support::door::{Door, Heard, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::form::Form;
use crate::support::house::count;
use crate::support::office::{Office, PASSWORD as OFFICE_PASSWORD, form, office};
use crate::support::stand::PUBLIC_URL;

const PROSE: &str = "关于印发《机密★级计算机使用管理办法》的通知";
const MARK: &str = "机密★1年 关于某事的通知";
const REASON: &str = "办法名称中的字样，公开发布过";

struct Desk {
    town: Town,
    door: Door,
    clerk: Visitor,
}

impl Desk {
    fn open() -> Option<Self> {
        let town = Town::new()?;
        let door = Door::open(&town.service, PUBLIC_URL);
        let clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
        Some(Self { town, door, clerk })
    }

    fn form(&mut self) -> Form {
        let edit = format!("/notices/{}/edit", self.town.draft);
        Form::holding(&self.clerk.get(&edit).body, "title").unwrap()
    }

    fn press(&mut self, form: &Form, act: &str, files: &[(&str, &str, &[u8])]) -> Heard {
        let (kind, body) = form.multipart(("do", act), files);
        self.clerk.send("POST", &form.action, (&kind, &body))
    }

    fn count(&self, from: &str) -> i64 {
        count(&self.town.url, from)
    }

    /// Whether that text stands anywhere in the draft.
    fn keeps(&self, text: &str) -> bool {
        let of = format!("notice_id = '{}' and header like '%{text}%'", self.town.draft);
        self.count(&format!("notice_versions where {of}")) > 0
    }
}

fn confirm(form: &mut Form, login: &str, password: &str, reason: &str) {
    for (name, text) in
        [("confirm_account", login), ("confirm_password", password), ("confirm_reason", reason)]
    {
        form.type_in(name, text);
    }
}

#[test]
fn a_releaser_at_the_form_lets_ordinary_words_in() {
    let Some(mut desk) = Desk::open() else { return };
    let mut form = desk.form();
    form.type_in("title", PROSE);
    let refused = desk.press(&form, "save", &[]);
    assert_eq!(refused.status, 422);
    assert!(!desk.keeps("计算机使用管理办法"), "nothing of it is kept");
    let mut again = Form::holding(&refused.body, "title").unwrap();
    assert_eq!(again.text("title"), PROSE, "the person has it still");
    let wrong = [
        ("jingban", PASSWORD, REASON, "不能由经办人本人确认"),
        ("hefa", "a guess of it", REASON, "账号或口令不对"),
        ("zf-hefa", PASSWORD, REASON, "不是本单位的核发人"),
        ("zhiban", PASSWORD, REASON, "不是本单位的核发人"),
        ("hefa", PASSWORD, "", "请写明"),
        ("hefa", PASSWORD, "机密★1年", "请写明"),
    ];
    for (login, password, reason, said) in wrong {
        confirm(&mut again, login, password, reason);
        let heard = desk.press(&again, "save", &[]);
        assert_eq!(heard.status, 422, "{login} {reason}");
        assert!(heard.body.contains(said), "{login}: {}", heard.words());
        assert!(!heard.body.contains(password), "a password comes back");
        assert!(!desk.keeps("计算机使用管理办法"), "{login}");
        again = Form::holding(&heard.body, "title").unwrap();
    }
    assert_eq!(desk.count("events where kind = 'mark_confirmed'"), 0);
    confirm(&mut again, "hefa", PASSWORD, REASON);
    let heard = desk.press(&again, "save", &[]);
    assert_eq!(heard.status, 303, "{}", heard.words());
    assert!(desk.keeps("计算机使用管理办法"));
    let hefa = accounts::list(&desk.town.service).unwrap();
    let hefa = hefa.into_iter().find(|one| one.login == "hefa").unwrap().id;
    let told = format!("events where kind = 'mark_confirmed' and actor = 'account:{hefa}'");
    assert_eq!(desk.count(&told), 1);
    assert_eq!(desk.count(&format!("confirmed_marks where reason = '{REASON}'")), 1);
    for change in ["update confirmed_marks set reason = 'x'", "delete from confirmed_marks"] {
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| desk.town.sql(change)));
        assert!(done.is_err(), "{change}");
    }

    // From then on these words, and no others, stand in this draft.
    let mut form = desk.form();
    form.type_in("body", "请遵照执行。");
    assert_eq!(desk.press(&form, "save", &[]).status, 303, "an edit elsewhere");
    let mut form = desk.form();
    form.type_in("title", &format!("{PROSE}（秘密★3年）"));
    assert_eq!(desk.press(&form, "save", &[]).status, 422, "another line");
    let mut fresh = Form::holding(&desk.clerk.get("/notices/new").body, "title").unwrap();
    fresh.type_in("title", PROSE);
    assert_eq!(desk.press(&fresh, "save", &[]).status, 422, "another notice");
}

#[test]
fn a_new_draft_can_begin_with_a_confirmation() {
    let Some(mut desk) = Desk::open() else { return };
    let mut form = Form::holding(&desk.clerk.get("/notices/new").body, "title").unwrap();
    form.type_in("title", PROSE);
    let refused = desk.press(&form, "save", &[]);
    let mut form = Form::holding(&refused.body, "title").unwrap();
    confirm(&mut form, "hefa", PASSWORD, REASON);
    let heard = desk.press(&form, "save", &[]);
    assert_eq!(heard.status, 303, "{}", heard.words());
    assert_eq!(desk.count("confirmed_marks"), 1);
    assert_eq!(desk.count(&format!("notices where title = '{PROSE}'")), 1);
}

#[test]
fn a_real_marking_is_not_talked_away() {
    let Some(mut desk) = Desk::open() else { return };
    let mut form = desk.form();
    form.type_in("title", MARK);
    let refused = desk.press(&form, "save", &[]);
    assert!(refused.body.contains("不能按误判确认"), "{}", refused.words());
    assert!(!refused.body.contains("confirm_password"), "nothing is offered");
    for (name, text) in
        [("confirm_account", "hefa"), ("confirm_password", PASSWORD), ("confirm_reason", REASON)]
    {
        form.fields.push((name.to_owned(), text.to_owned()));
    }
    assert_eq!(desk.press(&form, "save", &[]).status, 422, "by hand");
    assert_eq!(desk.count("confirmed_marks"), 0);
    assert!(!desk.keeps("1年 关于某事"));
}

#[test]
fn a_clerk_who_is_also_a_releaser_does_not_confirm_himself() {
    let Some(mut desk) = Desk::open() else { return };
    let all = accounts::list(&desk.town.service).unwrap();
    let office = all.iter().find(|one| one.login == "jingban").unwrap().organization_id;
    let request = AccountRequest {
        organization_id: office,
        login: "liangjian".into(),
        display_name: "两兼".into(),
        phone: None,
        password: PASSWORD.into(),
        roles: [Role::Clerk, Role::Releaser].into(),
    };
    accounts::create(&desk.town.service, Actor::Operator, &request).unwrap();
    desk.clerk = Visitor::new(&desk.door).sign_in("liangjian", PASSWORD);
    let mut form = desk.form();
    form.type_in("title", PROSE);
    let refused = desk.press(&form, "save", &[]);
    let mut form = Form::holding(&refused.body, "title").unwrap();
    confirm(&mut form, "liangjian", PASSWORD, REASON);
    let heard = desk.press(&form, "save", &[]);
    assert!(heard.status == 422 && heard.body.contains("不能由经办人本人确认"));
}

#[test]
fn guessing_a_releasers_password_at_the_form_rests_like_a_sign_in() {
    let Some(mut desk) = Desk::open() else { return };
    let mut form = desk.form();
    form.type_in("title", PROSE);
    let refused = desk.press(&form, "save", &[]);
    let mut form = Form::holding(&refused.body, "title").unwrap();
    for n in 0..5 {
        confirm(&mut form, "hefa", &format!("guess {n}"), REASON);
        assert!(desk.press(&form, "save", &[]).body.contains("账号或口令不对"), "{n}");
    }
    confirm(&mut form, "hefa", PASSWORD, REASON);
    assert!(desk.press(&form, "save", &[]).body.contains("连续输错"), "even the right one");
}

#[test]
fn a_file_is_confirmed_for_what_it_is() {
    let Some(mut desk) = Desk::open() else { return };
    let text = format!("一、标注为“秘密★3年”的旧件，按原渠道退回。\n{}", "请各单位核对。");
    let form = desk.form();
    let refused = desk.press(&form, "upload", &[("files", "说明.txt", text.as_bytes())]);
    assert_eq!(refused.status, 422);
    let mut form = Form::holding(&refused.body, "confirm_password").unwrap();
    confirm(&mut form, "hefa", PASSWORD, REASON);
    let heard = desk.press(&form, "upload", &[("files", "说明.txt", text.as_bytes())]);
    assert_eq!(heard.status, 303, "{}", heard.words());
    let of = format!("notice_files where notice_id = '{}' and name", desk.town.draft);
    assert_eq!(desk.count(&format!("{of} = '说明.txt'")), 1);
    assert_eq!(desk.count("events where kind = 'mark_confirmed'"), 1);
    // Another file with the very same line is another file.
    let form = desk.form();
    let other = format!("{text}以上。");
    let heard = desk.press(&form, "upload", &[("files", "说明2.txt", other.as_bytes())]);
    assert_eq!(heard.status, 422);
    // By script the answer is the list alone, with the fields in it.
    let mut alone = desk.form();
    alone.fields.retain(|(name, _)| ["form_token", "key", "revision"].contains(&name.as_str()));
    let heard = desk.press(&alone, "upload", &[("files", "说明2.txt", other.as_bytes())]);
    assert!(heard.status == 422 && heard.body.contains("name=\"confirm_password\""));
}

/// The address of a route on our own things.
fn address(town: &Town, path: &str, delegation: DelegationId) -> String {
    let parts = path.split('/').map(|part| match part {
        "{notice}" => town.ours.notice.to_string(),
        "{delegation}" => delegation.to_string(),
        "{delivery}" => town.ours.sent[0].0.to_string(),
        "{account}" | "{organization}" | "{file}" => "x".to_owned(),
        part => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn no_other_form_takes_a_marking_either() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let (visiting, cookie) = town.visit(town.ours.sent[0]);
    let mut link = Visitor::new(&door);
    link.cookies.push((format!("__Host-{}", visiting.delivery), cookie));
    let delegation = town.delegate(town.ours.notice, "zhiban");
    let (cookie, desk_token) = town.desk_of(delegation);
    let mut desk = Visitor::new(&door);
    desk.cookies.push(cookie);
    let mut staff: Vec<(Role, Visitor, String)> = Vec::new();
    for (role, login) in [
        (Role::Clerk, "jingban"),
        (Role::Releaser, "hefa"),
        (Role::Duty, "zhiban"),
        (Role::Administrator, "guanli"),
    ] {
        let mut visitor = Visitor::new(&door).sign_in(login, PASSWORD);
        let token = visitor.form_token();
        staff.push((role, visitor, token));
    }
    let mut tried = 0;
    for route in ROUTES.iter().filter(|route| route.method == "POST") {
        // The form of a notice is multipart, and has its own guard and its own test.
        let composes = route.path == "/notices" || route.path == "/notices/{notice}/edit";
        // Signing out ends what the others still need; it has no texts.
        if composes || route.path == "/sign-out" {
            continue;
        }
        let before = count(&town.url, "events where kind = 'classified_refused'");
        let path = address(&town, route.path, delegation);
        let mut stranger = Visitor::new(&door);
        let (visitor, token) = match route.who {
            Who::Anyone => (&mut stranger, String::new()),
            Who::LinkHolder | Who::LinkBearer => (&mut link, visiting.form_token.clone()),
            Who::DelegationHolder => (&mut desk, desk_token.clone()),
            Who::Staff(roles) => {
                let known = staff.iter_mut().find(|(role, ..)| roles.contains(role)).unwrap();
                (&mut known.1, known.2.clone())
            }
        };
        let fields = [("form_token", token.as_str()), ("reason", "机密★1年"), ("note", "机密★1年")];
        let heard = visitor.post(&path, &fields);
        let said = heard.status == 422 && heard.body.contains("涉密内容不得进入本系统");
        assert!(said, "{} {}: {}", route.path, heard.status, heard.words());
        assert!(!heard.body.contains("★"), "{}: it comes back", route.path);
        let after = count(&town.url, "events where kind = 'classified_refused'");
        assert_eq!(after, before + 1, "{}", route.path);
        if route.subject == Subject::Receiving {
            let of = format!("delivery_id = '{}'", visiting.delivery);
            let told = format!("events where kind = 'classified_refused' and {of}");
            assert!(count(&town.url, &told) > 0, "{}", route.path);
        }
        tried += 1;
    }
    assert!(tried > 30, "{tried}");
}

fn clerk_and(at: &Office) -> Confirmer {
    let typed =
        Typed { login: "hefa".into(), password: OFFICE_PASSWORD.into(), reason: REASON.into() };
    prove(&at.ground.service, &at.clerk, &typed).unwrap().unwrap()
}

/// What was confirmed in a notice stays so in its correction, word for word and byte for byte.
#[test]
fn a_correction_carries_what_was_confirmed_and_nothing_else() {
    let Some(at) = office(1) else { return };
    let (service, seats) = (&at.ground.service, [&at.issued.seats[0]]);
    let draft = at.draft(at.issued.notice, &seats, "k1");
    let open = compose::load(service, &at.clerk, draft).unwrap();
    let mut header = open.notice.draft;
    header.title = PROSE.into();
    let ticks = Ticks { primary: [seats[0].organization].into(), ..Ticks::default() };
    let content = |draft: &NoticeDraft| Content { draft: draft.clone(), ticks: ticks.clone() };
    let hefa = clerk_and(&at);
    let at_revision = (draft, open.notice.revision);
    let saved =
        save_confirmed(service, &at.clerk, at_revision, content(&header), Some(&hefa)).unwrap();
    let mut upload = begin_upload(service).unwrap();
    upload.write(PROSE.as_bytes()).unwrap();
    let file = Incoming { name: "说明.txt".into(), upload };
    attach_confirmed(service, &at.clerk, saved, file, Some(&hefa)).unwrap();
    at.submit(draft).unwrap();
    at.release(draft, "k2").unwrap();
    let confirmed = at.ground.count("events WHERE kind = 'mark_confirmed'");

    let third = begin(service, &at.clerk, draft, &form("k3", "附件日期有误")).unwrap();
    let open = compose::load(service, &at.clerk, third).unwrap();
    assert_eq!(open.files.len(), 3);
    header.body = "请遵照执行。".into();
    let saved = compose::save(service, &at.clerk, third, open.notice.revision, content(&header));
    let saved = saved.unwrap();
    let mut upload = begin_upload(service).unwrap();
    upload.write(PROSE.as_bytes()).unwrap();
    let again = Incoming { name: "说明（又一份）.txt".into(), upload };
    let saved = attach_confirmed(service, &at.clerk, saved, again, None).unwrap();
    assert_eq!(at.ground.count("events WHERE kind = 'mark_confirmed'"), confirmed, "no new one");
    for other in ["关于印发《秘密★级计算机使用管理办法》的通知", "机密★1年"]
    {
        header.title = other.into();
        let refused = compose::save(service, &at.clerk, third, saved.revision, content(&header));
        assert!(matches!(refused, Err(ComposeRefused::Classified(_))), "{other}: {refused:?}");
    }
}

/// What is out was let in by the rules of its day; a draft that begins with it is looked at by
/// those of today.
#[test]
fn text_and_files_that_a_correction_begins_with_are_looked_at_again() {
    let Some(at) = office(1) else { return };
    let (service, old) = (&at.ground.service, at.issued.notice);
    let header = |text: &str| {
        at.ground.sql(&format!(
            "UPDATE notice_versions SET header = REPLACE(header, '\"title\":\"', \
             '\"title\":\"{text}') WHERE notice_id = '{old}';"
        ));
    };
    let door = Door::open(service, PUBLIC_URL);
    let mut clerk = Visitor::new(&door).sign_in("jingban", OFFICE_PASSWORD);
    let path = format!("/notices/{old}/supersede");
    header("印发《机密★级计算机使用管理办法》，");
    let mut asked = Form::holding(&clerk.get(&path).body, "reason").unwrap();
    asked.type_in("reason", "附件日期有误");
    let send = |clerk: &mut Visitor, form: &Form| {
        let fields: Vec<(&str, &str)> =
            form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        clerk.post(&form.action, &fields)
    };
    let refused = send(&mut clerk, &asked);
    assert_eq!(refused.status, 422, "{}", refused.words());
    assert_eq!(at.ground.count("events WHERE kind = 'classified_refused'"), 1);
    assert_eq!(at.ground.count("notices WHERE corrects_id IS NOT NULL"), 0, "nothing is begun");
    let mut again = Form::holding(&refused.body, "confirm_reason").unwrap();
    confirm(&mut again, "hefa", "a guess of it", REASON);
    let wrong = send(&mut clerk, &again);
    assert!(wrong.status == 422 && wrong.words().contains("账号或口令不对"), "{}", wrong.words());
    let mut again = Form::holding(&wrong.body, "confirm_reason").unwrap();
    confirm(&mut again, "hefa", OFFICE_PASSWORD, REASON);
    let begun = send(&mut clerk, &again);
    assert_eq!(begun.status, 303, "{}", begun.words());
    let draft = "notice_id IN (SELECT id FROM notices WHERE corrects_id IS NOT NULL)";
    assert_eq!(at.ground.count(&format!("confirmed_marks WHERE {draft}")), 1);

    let Some(at) = office(1) else { return };
    let (service, old) = (&at.ground.service, at.issued.notice);
    let file = at.ground.lines(&format!(
        "SELECT name AS line FROM notice_files WHERE notice_id = '{old}' ORDER BY id"
    ));
    at.ground.sql(&format!(
        "UPDATE notice_files SET name = '机密★1年.pdf' WHERE notice_id = '{old}' AND name = '{}';",
        file[0]
    ));
    let refused = begin(service, &at.clerk, old, &form("k1", "附件日期有误")).unwrap_err();
    assert!(matches!(refused, ActRefused::Classified(_)), "{refused:?}");
    assert_eq!(at.ground.count("events WHERE kind = 'classified_refused'"), 1);
}
