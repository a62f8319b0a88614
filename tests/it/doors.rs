//! The doors as browsers and sockets find them: headers on every page, forms from elsewhere at
//! every route, requests that two servers would read in two ways, senders that never end.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use qianshou::domain::account::Role;
use qianshou::domain::ids::DelegationId;
use qianshou::service::directory;
use qianshou::web::ROUTES;
use qianshou::web::headers::PAGE_POLICY;
use qianshou::web::route::{Route, Who};

use crate::support::door::{Door, Heard, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::house::count;
use crate::support::stand::PUBLIC_URL;

/// Everybody who can ask, each with the token of his forms.
struct People {
    staff: Vec<(Role, Visitor, String)>,
    link: Visitor,
    link_token: String,
    desk: Visitor,
    desk_token: String,
    delegation: DelegationId,
    stranger: Visitor,
}

impl People {
    fn of(town: &Town, door: &Door) -> Self {
        let logins = [
            (Role::Clerk, "jingban"),
            (Role::Releaser, "hefa"),
            (Role::Duty, "zhiban"),
            (Role::Administrator, "guanli"),
            (Role::Auditor, "shenji"),
        ];
        let staff = logins.map(|(role, login)| {
            let mut visitor = Visitor::new(door).sign_in(login, PASSWORD);
            let token = visitor.form_token();
            (role, visitor, token)
        });
        let (visiting, cookie) = town.visit(town.ours.sent[0]);
        let mut link = Visitor::new(door);
        link.cookies.push((format!("__Host-{}", visiting.delivery), cookie));
        let delegation = town.delegate(town.ours.notice, "zhiban");
        let (cookie, desk_token) = town.desk_of(delegation);
        let mut desk = Visitor::new(door);
        desk.cookies.push(cookie);
        let stranger = Visitor::new(door);
        Self {
            desk,
            desk_token,
            delegation,
            staff: staff.into(),
            link,
            link_token: visiting.form_token,
            stranger,
        }
    }

    /// Somebody who may use the route, and the token of his forms.
    fn who_may(&mut self, route: &Route) -> (&mut Visitor, String) {
        match route.who {
            Who::Anyone => (&mut self.stranger, String::new()),
            Who::LinkHolder | Who::LinkBearer => (&mut self.link, self.link_token.clone()),
            Who::DelegationHolder => (&mut self.desk, self.desk_token.clone()),
            Who::Staff(roles) => {
                let one = self.staff.iter_mut().find(|(role, ..)| roles.contains(role)).unwrap();
                (&mut one.1, one.2.clone())
            }
        }
    }
}

/// The address of a route on our own things.
fn address(town: &Town, path: &str, delegation: DelegationId) -> String {
    let organization = directory::list(&town.service).unwrap()[0].id;
    let parts = path.split('/').map(|part| match part {
        "{notice}" if path.ends_with("/edit") => town.draft.to_string(),
        "{notice}" => town.ours.notice.to_string(),
        "{delegation}" => delegation.to_string(),
        "{delivery}" => town.ours.sent[0].0.to_string(),
        "{organization}" => organization.to_string(),
        "{name}" => "app.css".to_owned(),
        part if part.starts_with('{') => "x".to_owned(),
        part => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

fn check_headers(what: &str, heard: &Heard) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut want = |name: &str, value: &str| {
        let all: Vec<&str> = heard
            .headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect();
        if all != [value] {
            wrong.push(format!("{what} ({}): {name} is {all:?}", heard.status));
        }
    };
    want("x-content-type-options", "nosniff");
    want("referrer-policy", "same-origin");
    want("x-frame-options", "DENY");
    want("cross-origin-opener-policy", "same-origin");
    want("cross-origin-resource-policy", "same-origin");
    want("strict-transport-security", "max-age=31536000; includeSubDomains");
    if !what.contains("/assets/") {
        want("cache-control", "no-store");
    }
    let policy = heard.header("content-security-policy");
    let file = policy == "default-src 'none'; sandbox";
    if policy != PAGE_POLICY && !file {
        wrong.push(format!("{what}: policy {policy}"));
    }
    for talkative in ["server", "x-powered-by", "access-control-allow-origin", "etag"] {
        if !heard.header(talkative).is_empty() && !what.contains("/assets/") {
            wrong.push(format!("{what}: says {talkative}"));
        }
    }
    for (_, cookie) in heard.headers.iter().filter(|(name, _)| name == "set-cookie") {
        let flags = ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"];
        let safe = flags.iter().all(|flag| cookie.contains(flag)) && !cookie.contains("Domain");
        if !safe || !cookie.starts_with("__Host-") {
            wrong.push(format!("{what}: cookie {cookie}"));
        }
    }
    for script in ["<script>", "onclick=", "onload=", "javascript:", " style=\""] {
        if heard.body.contains(script) {
            wrong.push(format!("{what}: has {script}, which the policy would stop"));
        }
    }
    wrong
}

#[test]
fn every_page_of_the_table_carries_the_headers() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    town.sign(town.ours.sent[0], "陈立");
    let mut people = People::of(&town, &door);
    let delegation = people.delegation;
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for route in ROUTES {
        let path = address(&town, route.path, delegation);
        for (whose, path) in [("ours", path.clone()), ("nobody's", format!("{path}x"))] {
            let (visitor, _) = people.who_may(route);
            let heard = match route.method.as_str() {
                "GET" => visitor.get(&path),
                _ => visitor.post(&path, &[]),
            };
            wrong.extend(check_headers(&format!("{} {path} {whose}", route.method), &heard));
            tried += 1;
        }
        let heard = people.stranger.get(&path);
        wrong.extend(check_headers(&format!("{path} as a stranger"), &heard));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(tried, ROUTES.len() * 2);
}

#[test]
fn no_route_takes_a_form_from_elsewhere() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut people = People::of(&town, &door);
    let delegation = people.delegation;
    let events = |town: &Town| count(&town.url, "events");
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for route in ROUTES.iter().filter(|route| route.method == "POST") {
        let path = address(&town, route.path, delegation);
        let (visitor, token) = people.who_may(route);
        let before = events(&town);
        let mut ask = |site: Option<&'static str>, extra: &str, token: &str| {
            visitor.from_site = site;
            visitor.extra = extra.to_owned();
            let fields = [("form_token", token), ("reason", "r"), ("key", "k"), ("role", "clerk")];
            let heard = visitor.post(&path, &fields);
            visitor.from_site = Some("same-origin");
            visitor.extra = String::new();
            tried += 1;
            heard.status
        };
        let mut want = |what: &str, status: u16, wanted: &[u16]| {
            if !wanted.contains(&status) {
                wrong.push(format!("{} {what}: {status}", route.path));
            }
        };
        for site in ["cross-site", "same-site", "", "anything"] {
            want(site, ask(Some(site), "", &token), &[403]);
        }
        for origin in [
            "https://evil.example",
            "http://qianshou.example",
            "https://qianshou.example.evil.example",
            "https://qianshou.example:444",
            "https://QIANSHOU.example/",
        ] {
            want(origin, ask(None, &format!("Origin: {origin}\r\n"), &token), &[403]);
        }
        let twice = "Origin: https://qianshou.example\r\nOrigin: https://evil.example\r\n";
        want("two origins", ask(None, twice, &token), &[403]);
        if route.who != Who::Anyone {
            // Nothing that says where it comes from: the token decides alone.
            for stale in ["", "x", &token[..token.len() - 1]] {
                want("a stale token", ask(None, "", stale), &[400]);
                want("a hidden origin", ask(None, "Origin: null\r\n", stale), &[400]);
            }
        } else {
            want("a hidden origin", ask(None, "Origin: null\r\n", ""), &[403]);
        }
        if events(&town) != before {
            wrong.push(format!("{}: something happened", route.path));
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

/// All that a socket answers until it is closed or silent for a while.
fn converse(door: &Door, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(door.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    // A server that refuses early may close before all is said.
    drop(stream.write_all(bytes));
    let mut heard = Vec::new();
    let mut piece = [0; 16_384];
    while let Ok(n) = stream.read(&mut piece) {
        if n == 0 {
            break;
        }
        heard.extend_from_slice(&piece[..n]);
    }
    String::from_utf8_lossy(&heard).into_owned()
}

/// What a second request hidden in a body would be answered with.
const HIDDEN: &str = "GET /health/live HTTP/1.1\r\nHost: qianshou.example\r\n\r\n";

#[test]
fn a_request_is_read_in_one_way_only() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let plain = converse(&door, format!("{HIDDEN}{HIDDEN}").as_bytes());
    assert_eq!(plain.matches("HTTP/1.1 200").count(), 2, "the control: two requests {plain}");
    let chunked = "Transfer-Encoding: chunked\r\n";
    let (size, longer) = (HIDDEN.len(), HIDDEN.len() + 5);
    // What the head says beside its first lines, and what stands before the hidden request.
    let cases = [
        ("both lengths", format!("Content-Length: 5\r\n{chunked}"), "0\r\n\r\n"),
        ("the other way", format!("{chunked}Content-Length: {longer}\r\n"), "0\r\n\r\n"),
        ("two lengths", format!("Content-Length: 0\r\nContent-Length: {size}\r\n"), ""),
        ("a list of lengths", format!("Content-Length: 0, {size}\r\n"), ""),
        ("a length with a sign", "Content-Length: +0\r\n".to_owned(), ""),
        ("a length in other digits", "Content-Length: 0x0\r\n".to_owned(), ""),
        ("a name with a space", "Content-Length : 0\r\n".to_owned(), ""),
        ("another coding", "Transfer-Encoding: xchunked\r\n".to_owned(), ""),
        ("two codings", format!("{chunked}Transfer-Encoding: identity\r\n"), "0\r\n\r\n"),
        ("chunked not last", "Transfer-Encoding: chunked, gzip\r\n".to_owned(), "0\r\n\r\n"),
        ("a chunk of odd size", chunked.to_owned(), "-1\r\n\r\n"),
        ("a folded line", "Transfer-Encoding:\r\n chunked\r\n".to_owned(), "0\r\n\r\n"),
        ("a NUL in a name", "Content-Len\0gth: 0\r\n".to_owned(), ""),
    ];
    let mut wrong = Vec::new();
    for (what, head, before) in cases {
        let post = "POST /sign-in HTTP/1.1\r\nHost: qianshou.example\r\n\
            Content-Type: application/x-www-form-urlencoded\r\n";
        let bytes = format!("{post}{head}\r\n{before}{HIDDEN}");
        let heard = converse(&door, bytes.as_bytes());
        // Answered as broken, or as one request; the hidden one is never answered as if a person
        // had sent it.
        let answers = heard.matches("HTTP/1.1 ").count() + heard.matches("HTTP/1.0 ").count();
        let hidden = heard.contains("HTTP/1.1 200");
        if answers > 1 || hidden {
            wrong.push(format!("{what}: {answers} answers\n{heard}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let live = converse(&door, HIDDEN.as_bytes());
    assert!(live.contains("HTTP/1.1 200"), "and it still serves");
}

#[test]
fn what_is_too_large_or_odd_is_turned_away() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut person = Visitor::new(&door);
    let large = "x".repeat(1_100_000);
    assert_eq!(person.post("/sign-in", &[("account", &large)]).status, 413, "a form");
    let head = |line: &str| format!("GET / HTTP/1.1\r\nHost: qianshou.example\r\n{line}\r\n\r\n");
    for (what, bytes) in [
        ("one header", head(&format!("X-A: {}", "a".repeat(300_000)))),
        ("many headers", head(&"X-A: a\r\n".repeat(20_000))),
        (
            "a long address",
            format!("GET /{} HTTP/1.1\r\nHost: qianshou.example\r\n\r\n", "a".repeat(300_000)),
        ),
    ] {
        let heard = converse(&door, bytes.as_bytes());
        assert!(!heard.contains("HTTP/1.1 2") && !heard.contains("HTTP/1.1 5"), "{what}: {heard}");
    }
    for method in ["TRACE", "OPTIONS", "PUT", "DELETE", "PATCH", "CONNECT", "FOO"] {
        let heard = person.ask(method, "/sign-in", "");
        assert!(matches!(heard.status, 400 | 404 | 405), "{method}: {}", heard.status);
        assert!(!heard.body.contains("Host:"), "{method} echoes");
    }
    for path in [
        "/assets/../Cargo.toml",
        "/assets/..%2f..%2fetc%2fpasswd",
        "/assets/%2e%2e/x",
        "//etc",
        "/%00",
    ] {
        let heard = person.get(path);
        assert!(heard.status >= 400, "{path}: {}", heard.status);
    }
    assert_eq!(person.get("/sign-in").status, 200, "and it still serves");
}

#[test]
fn a_body_that_never_ends_gives_its_place_back() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut stream = TcpStream::connect(door.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = "POST /sign-in HTTP/1.1\r\nHost: qianshou.example\r\nContent-Length: 5000\r\n\
        Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let drip = {
        let mut stream = stream.try_clone().unwrap();
        std::thread::spawn(move || {
            while stream.write_all(b"a").is_ok() {
                std::thread::sleep(Duration::from_millis(500));
            }
        })
    };
    let mut answer = [0; 512];
    let n = stream.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..n]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    drop(stream.shutdown(std::net::Shutdown::Both));
    drip.join().unwrap();
}

#[test]
fn a_session_that_a_stranger_brought_is_not_taken_over() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let planted = "A".repeat(43);
    let mut victim = Visitor::new(&door);
    victim.cookies.push(("__Host-session".to_owned(), planted.clone()));
    let mut victim = victim.sign_in("jingban", PASSWORD);
    let own = victim.cookies.iter().find(|(name, _)| name == "__Host-session").unwrap().1.clone();
    assert_ne!(own, planted);
    let mut thief = Visitor::new(&door);
    thief.cookies.push(("__Host-session".to_owned(), planted));
    assert_eq!(thief.get("/notices").header("location"), "/sign-in");
    assert_eq!(victim.get("/notices").status, 200);
    // Two cookies of that name: whichever counts, it is a whole one.
    victim.cookies.insert(0, ("__Host-session".to_owned(), "B".repeat(43)));
    let both = victim.get("/notices");
    assert!(both.status == 200 || both.header("location") == "/sign-in");
}

#[test]
fn nobody_is_led_off_the_site() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut people = People::of(&town, &door);
    let delegation = people.delegation;
    let away = ["https://evil.example", "//evil.example", "/\\evil.example", "/%09/evil.example"];
    let names = ["next", "return", "url", "came_from", "back", "redirect", "to", "search", "q"];
    for route in ROUTES {
        let path = address(&town, route.path, delegation);
        for away in away {
            let fields: Vec<(&str, &str)> = names.iter().map(|name| (*name, away)).collect();
            let query: Vec<String> = names.iter().map(|name| format!("{name}={away}")).collect();
            let (visitor, token) = people.who_may(route);
            let heard = match route.method.as_str() {
                "GET" => visitor.get(&format!("{path}?{}", query.join("&"))),
                // Leaving ends what the others still need.
                _ if route.path == "/sign-out" => continue,
                _ => {
                    let mut all = vec![("form_token", token.as_str())];
                    all.extend(fields);
                    visitor.post(&path, &all)
                }
            };
            let next = heard.header("location");
            let ours = next.is_empty()
                || (next.starts_with('/') && !next.starts_with("//") && !next.starts_with("/\\"));
            assert!(ours && !next.contains('\n'), "{} leads to {next}", route.path);
        }
    }
}

#[test]
fn behind_a_proxy_everybody_has_a_count_of_his_own() {
    use qianshou::domain::address_block::AddressBlock;
    let Some(town) = Town::new() else { return };
    let proxies: Vec<AddressBlock> = vec!["127.0.0.0/8".parse().unwrap()];
    let door = Door::open_behind(&town.service, PUBLIC_URL, proxies);
    let busy = |forwarded: &str| {
        let mut visitor = Visitor::new(&door);
        visitor.extra = forwarded.to_owned();
        let fields = [("code", "12345678"), ("digits", "0000")];
        visitor.post("/s", &fields).status == 429
    };
    let from = |address: &str| format!("X-Forwarded-For: {address}\r\n");
    for n in 0..30 {
        assert!(!busy(&from("203.0.113.7")), "{n}");
    }
    assert!(busy(&from("203.0.113.7")), "the thirty-first of one network waits");
    assert!(busy(&from("198.51.100.9, 203.0.113.8")), "whatever it says stood before it");
    assert!(busy("X-Forwarded-For: 198.51.100.9\r\nX-Forwarded-For: 203.0.113.7\r\n"));
    assert!(!busy(&from("198.51.100.1")), "another network does not");
    // A server that trusts nobody counts who is connected.
    let door = Door::open(&town.service, PUBLIC_URL);
    town.clock.advance(qianshou::domain::time::Span::minutes(1));
    let busy = |address: &str| {
        let mut visitor = Visitor::new(&door);
        visitor.extra = from(address);
        visitor.post("/s", &[("code", "12345678"), ("digits", "0000")]).status == 429
    };
    assert!((0..30).all(|n| !busy(&format!("203.0.113.{n}"))));
    assert!(busy("198.51.100.1"), "a header resets nothing");
}
