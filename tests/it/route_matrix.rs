//! Every route × everybody × own, foreign, absent: what is answered follows from what the table
//! declares, and foreign and absent cannot be told apart by a byte.

use actix_web::http::Method;
use qianshou::domain::account::Role;
use qianshou::domain::account::Role::{Administrator, Auditor, Clerk, Duty, Releaser};
use qianshou::domain::ids::{
    AccountId, DelegationId, DeliveryId, FileId, NoticeId, OrganizationId,
};
use qianshou::service::{accounts, directory};
use qianshou::web::ROUTES;
use qianshou::web::route::{Route, Subject, Who};

use crate::support::door::{Door, Heard, Visitor};
use crate::support::fixture_staff::{NIGHT, PASSWORD, Town};
use crate::support::stand::PUBLIC_URL;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Anonymous,
    LinkHolder,
    /// The desk that calls were handed on to.
    Desk,
    /// Of the office whose things are "own".
    Ours(Role),
    /// Of the other office.
    Theirs(Role),
}

const CALLERS: &[(Caller, &str)] = &[
    (Caller::Anonymous, ""),
    (Caller::LinkHolder, ""),
    (Caller::Desk, ""),
    (Caller::Ours(Clerk), "jingban"),
    (Caller::Ours(Releaser), "hefa"),
    (Caller::Ours(Duty), "zhiban"),
    (Caller::Ours(Administrator), "guanli"),
    (Caller::Ours(Auditor), "shenji"),
    (Caller::Theirs(Clerk), "zf-jingban"),
    (Caller::Theirs(Releaser), "zf-hefa"),
    (Caller::Theirs(Duty), "zf-zhiban"),
];

/// Whose the thing is that an address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    Theirs,
    Nobodys,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Led to the sign-in page.
    SignIn,
    Forbidden,
    NotFound,
    /// The page of links that open nothing.
    LinkRefused,
    /// The handler answered.
    Admitted,
}

/// What the declaration demands.
fn expected(route: &Route, caller: Caller, whose: Whose) -> Verdict {
    let (role, own) = match (route.who, caller) {
        (Who::Anyone, _) => return Verdict::Admitted,
        (Who::LinkHolder | Who::LinkBearer, Caller::LinkHolder) if whose == Whose::Ours => {
            return Verdict::Admitted;
        }
        (Who::DelegationHolder, Caller::Desk) if whose == Whose::Ours => return Verdict::Admitted,
        (Who::LinkHolder | Who::LinkBearer | Who::DelegationHolder, _) => {
            return Verdict::LinkRefused;
        }
        (Who::Staff(_), Caller::Anonymous | Caller::LinkHolder | Caller::Desk) => {
            return Verdict::SignIn;
        }
        (Who::Staff(_), Caller::Ours(role)) => (role, Whose::Ours),
        (Who::Staff(_), Caller::Theirs(role)) => (role, Whose::Theirs),
    };
    let Who::Staff(allowed) = route.who else { unreachable!() };
    if !allowed.contains(&role) {
        return Verdict::Forbidden;
    }
    match route.subject {
        Subject::None | Subject::Public => Verdict::Admitted,
        Subject::Organization | Subject::Account if whose == Whose::Nobodys => Verdict::NotFound,
        Subject::Organization | Subject::Account => Verdict::Admitted,
        // 审计 reads what was issued by any office.
        Subject::Notice | Subject::Delivery if whose == Whose::Nobodys => Verdict::NotFound,
        Subject::Notice | Subject::Delivery if role == Auditor || whose == own => Verdict::Admitted,
        Subject::Notice | Subject::Delivery => Verdict::NotFound,
        Subject::Receiving | Subject::Delegation => panic!("{}: by link only", route.path),
    }
}

fn seen(heard: &Heard) -> Verdict {
    match heard.status {
        303 if heard.header("location") == "/sign-in" => Verdict::SignIn,
        403 => Verdict::Forbidden,
        404 if heard.body.contains("找不到这一页") => Verdict::NotFound,
        404 if heard.body.contains("链接") => Verdict::LinkRefused,
        // The health of an engine that does not run here.
        503 if heard.body.contains("no whole round") => Verdict::Admitted,
        500.. => panic!("{heard:?}"),
        _ => Verdict::Admitted,
    }
}

/// What belongs to no office.
#[derive(Clone, Copy)]
struct Shared {
    account: AccountId,
    organization: OrganizationId,
    /// Of each office.
    delegations: [DelegationId; 2],
}

impl Shared {
    fn of(town: &Town) -> Self {
        let all = accounts::list(&town.service).unwrap();
        let account = all.iter().find(|one| one.login == "zf-zhiban").unwrap().id;
        let organization = directory::list(&town.service).unwrap()[0].id;
        let offices = [(town.ours.notice, "zhiban"), (town.theirs.notice, "zf-zhiban")];
        let delegations = offices.map(|(notice, login)| town.delegate(notice, login));
        Self { account, organization, delegations }
    }
}

/// The address with its parameters filled in.
fn address(town: &Town, shared: Shared, route: &Route, whose: Whose) -> String {
    let issued = if whose == Whose::Theirs { &town.theirs } else { &town.ours };
    let nobodys = [7; 10];
    let Shared { account, organization, .. } = shared;
    let parts = route.path.split('/').map(|part| {
        let absent = whose == Whose::Nobodys;
        match part {
            "{notice}" if absent => NoticeId::new(NIGHT, nobodys).to_string(),
            "{notice}" => issued.notice.to_string(),
            "{delivery}" if absent => DeliveryId::new(NIGHT, nobodys).to_string(),
            "{delivery}" => issued.sent[0].0.to_string(),
            "{delegation}" if absent => DelegationId::new(NIGHT, nobodys).to_string(),
            "{delegation}" if whose == Whose::Theirs => shared.delegations[1].to_string(),
            "{delegation}" => shared.delegations[0].to_string(),
            "{organization}" if absent => OrganizationId::new(NIGHT, nobodys).to_string(),
            "{organization}" => organization.to_string(),
            "{account}" if absent => AccountId::new(NIGHT, nobodys).to_string(),
            "{account}" => account.to_string(),
            "{file}" => FileId::new(NIGHT, nobodys).to_string(),
            "{name}" | "{token}" | "{mail}" => "x".to_owned(),
            part if part.starts_with('{') => panic!("{}: what is {part}?", route.path),
            part => part.to_owned(),
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Asks as a person would who may; an act that would succeed is tried with a stale form, so that
/// nothing changes while everybody takes his turn.
fn ask(visitor: &mut Visitor, route: &Route, path: &str, token: &str) -> Heard {
    if route.method == Method::GET {
        visitor.get(path)
    } else {
        // Complete enough that whose thing it is gets asked, not only whether the form is whole.
        let digest = "0".repeat(64);
        let fields = [
            ("form_token", token),
            ("digest", digest.as_str()),
            ("key", "matrix"),
            ("revision", "1"),
            ("title", "关于试验的通知"),
            ("return_reason", "请补充附件"),
            ("approver_name", "刘某"),
            ("approver_phone", "0731-82210000"),
            ("role", "clerk"),
        ];
        visitor.post(path, &fields)
    }
}

#[test]
fn everybody_gets_what_the_table_says() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    town.sign(town.ours.sent[0], "陈立");
    let (visiting, cookie) = town.visit(town.ours.sent[0]);
    let shared = Shared::of(&town);
    let (mut tried, mut wrong) = (0, Vec::new());
    for (caller, login) in CALLERS {
        let mut visitor = Visitor::new(&door);
        let mut token = String::new();
        if *caller == Caller::LinkHolder {
            let name = format!("__Host-{}", visiting.delivery);
            visitor.cookies.push((name, cookie.clone()));
        } else if *caller == Caller::Desk {
            let [ours, _] = shared.delegations;
            visitor.cookies.push(town.desk_of(ours).0);
        } else if *caller != Caller::Anonymous {
            visitor = visitor.sign_in(login, PASSWORD);
            token = visitor.form_token();
        }
        for route in ROUTES {
            let mut refusals = Vec::new();
            for whose in [Whose::Ours, Whose::Theirs, Whose::Nobodys] {
                let wanted = expected(route, *caller, whose);
                let token = if wanted == Verdict::NotFound { token.as_str() } else { "stale" };
                let path = address(&town, shared, route, whose);
                let heard = ask(&mut visitor, route, &path, token);
                tried += 1;
                let got = seen(&heard);
                // What is open to anyone may still not be there.
                let absent = matches!(got, Verdict::NotFound | Verdict::LinkRefused);
                if got != wanted && !(route.who == Who::Anyone && absent) {
                    let (method, path) = (&route.method, route.path);
                    wrong.push(format!(
                        "{method} {path} as {caller:?} on {whose:?}: {got:?} ({}), not {wanted:?}",
                        heard.status
                    ));
                }
                if matches!(wanted, Verdict::NotFound | Verdict::LinkRefused) {
                    refusals.push((heard.status, heard.words(), names_of(&heard)));
                }
            }
            refusals.dedup();
            if refusals.len() > 1 {
                wrong.push(format!("{} as {caller:?}: foreign is not absent", route.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(tried, ROUTES.len() * CALLERS.len() * 3);
}

fn names_of(heard: &Heard) -> Vec<String> {
    let mut names: Vec<String> = heard.headers.iter().map(|(name, _)| name.clone()).collect();
    names.sort();
    names
}

#[test]
fn an_id_in_the_path_names_the_subject_that_is_declared() {
    for route in ROUTES {
        let named = ["{notice}", "{delivery}", "{delegation}", "{organization}", "{account}"];
        let named: Vec<&str> = route.path.split('/').filter(|part| named.contains(part)).collect();
        let declared = match route.subject {
            Subject::None | Subject::Public => vec![],
            Subject::Notice => vec!["{notice}"],
            Subject::Delivery | Subject::Receiving => vec!["{delivery}"],
            Subject::Delegation => vec!["{delegation}"],
            Subject::Organization => vec!["{organization}"],
            Subject::Account => vec!["{account}"],
        };
        assert_eq!(named, declared, "{}", route.path);
        let reads = route.method == Method::GET || route.method == Method::POST;
        assert!(reads, "{}: a browser's form knows GET and POST", route.path);
    }
}

#[test]
fn what_an_office_reads_does_not_depend_on_the_other() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut ours = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let pages = ["/notices", "/notices?shelf=open", "/notices?shelf=settled"];
    let before: Vec<String> = pages.map(|page| ours.get(page).words()).to_vec();
    town.sign(town.theirs.sent[0], "周某");
    let after: Vec<String> = pages.map(|page| ours.get(page).words()).to_vec();
    assert_eq!(before, after);
    assert!(!before[0].contains("湘政办发电"), "a foreign number is shown");
}
