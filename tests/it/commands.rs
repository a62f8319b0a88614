//! The commands as an operator types them: what they say, what they leave, how they end.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use qianshou::adapters::mail::{FolderMailer, Mailbox, Mailer as _, OutgoingMail, SendLimits};
use qianshou::domain::time::Timestamp;

use crate::directory::{CONTACTS, DESKS, ORGANIZATIONS};
use crate::support::house::{House, count, settings};

fn qianshou(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qianshou"));
    command.args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    qianshou(args).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A command with the settings of `folder`.
fn qianshou_in(folder: &Path, url: &str, args: &[&str]) -> Command {
    let mut command = qianshou(args);
    for (key, value) in settings(folder, url) {
        command.env(format!("QIANSHOU_{}", key.to_uppercase().replace('.', "_")), value);
    }
    command
}

fn run_in(folder: &Path, url: &str, args: &[&str]) -> Output {
    qianshou_in(folder, url, args).output().unwrap()
}

/// A server that runs, and ends with the test however that ends.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What it says up to and with the line that begins so.
    fn says_up_to(&mut self, beginning: &str) -> Vec<String> {
        let mut said = Vec::new();
        for line in self.lines.by_ref().map_while(Result::ok) {
            let is_last = line.starts_with(beginning);
            said.push(line);
            if is_last {
                return said;
            }
        }
        panic!("{beginning:?} was not said: {said:#?}");
    }

    /// Sends the signal of that name; how it ended.
    fn stop(&mut self, signal: &str) -> ExitStatus {
        let number = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &number]).status().unwrap();
        assert!(sent.success());
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            if let Some(ended) = self.child.try_wait().unwrap() {
                return ended;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("it did not stop within 20 s of SIG{signal}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A page of the server, asked for under its public name.
fn page(address: &str, path: &str) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    ureq::get(format!("http://{address}{path}")).header("host", "127.0.0.1:8080").call()
}

fn write_sheets(folder: &Path, sheets: [&str; 3]) -> [String; 3] {
    let mut paths = ["organizations", "desks", "contacts"].map(str::to_owned);
    for (path, text) in paths.iter_mut().zip(sheets) {
        let file = folder.join(format!("{path}.csv"));
        std::fs::write(&file, text).unwrap();
        *path = file.display().to_string();
    }
    paths
}

fn import_args(paths: &[String; 3]) -> Vec<&str> {
    let [organizations, desks, contacts] = paths;
    vec![
        "directory",
        "import",
        "--organizations",
        organizations,
        "--desks",
        desks,
        "--contacts",
        contacts,
    ]
}

/// A database that the program accepts: the engines of tests give up what evidence needs, so
/// commands that open the house are tried on SQLite, which the program makes itself.
fn sqlite_in(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("command.db").display())
}

#[test]
fn a_new_installation_is_made_by_the_commands_of_the_help() {
    let folder = tempfile::tempdir().unwrap();
    let (path, url) = (folder.path(), sqlite_in(folder.path()));
    let keys = path.join("keys").display().to_string();
    let without_keys = run_in(path, &url, &["account", "first-secret"]);
    assert!(!without_keys.status.success());
    assert!(err(&without_keys).contains("qianshou keys create"), "{}", err(&without_keys));
    assert!(run(&["keys", "create", &keys]).status.success());
    let twice = run(&["keys", "create", &keys]);
    assert!(!twice.status.success() && err(&twice).contains("never overwritten"));

    let migrated = run_in(path, &url, &["migrate"]);
    assert!(out(&migrated).starts_with("applied "), "{}", err(&migrated));
    assert!(out(&run_in(path, &url, &["migrate"])).contains("up to date"));

    let paths = write_sheets(path, [ORGANIZATIONS, DESKS, CONTACTS]);
    let dry = run_in(path, &url, &[import_args(&paths), vec!["--dry-run"]].concat());
    assert!(dry.status.success() && out(&dry).contains("nothing was written"));
    assert_eq!(count(&url, "organizations"), 0);
    let done = run_in(path, &url, &import_args(&paths));
    assert!(done.status.success(), "{}", err(&done));
    assert!(out(&done).contains("organisations  3 new, 0 changed, 0 unchanged, 0 retired"));
    assert_eq!(count(&url, "organizations"), 3);

    let secret = out(&run_in(path, &url, &["account", "first-secret"]));
    assert!(secret.contains("http://127.0.0.1:8080/first-administrator"), "{secret}");
    assert_eq!(count(&url, "bootstrap_secrets"), 1);
    let create = |code: &str, role: &str| {
        let args = ["account", "create", "--login", "wang", "--name", "王某"];
        let more = ["--organization", code, "--role", role];
        run_in(path, &url, &[args.as_slice(), more.as_slice()].concat())
    };
    assert!(err(&create("nowhere", "clerk")).contains("no organisation has the code"));
    assert!(err(&create("city", "king")).contains("unknown role"));
    assert!(out(&create("city", "clerk")).contains("first password"));
    assert!(err(&create("city", "clerk")).contains("another account has this login"));
    assert!(out(&run_in(path, &url, &["account", "reset", "wang"])).contains("new password"));
    assert!(run_in(path, &url, &["account", "disable", "wang"]).status.success());
    assert_eq!(count(&url, "accounts where disabled_at is not null"), 1);
    let unknown = run_in(path, &url, &["account", "disable", "nobody"]);
    assert!(err(&unknown).contains("no account has the login"));
}

#[test]
fn every_kind_of_fault_is_told_with_its_row_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let Some(house) = House::open(folder.path()) else { return };
    let rows = |house: &House| {
        ["organizations", "desks", "contacts", "contact_addresses", "events"]
            .map(|table| house.count(table))
    };
    let before = rows(&house);
    let cases: &[(usize, &str, &str, &str)] = &[
        (0, "code,name", "code,title", "title   "),
        (0, "party_committee,prefecture", "party_comittee,prefecture", "unknown word"),
        (0, "city,中共长沙市委", "party,中共长沙市委", "stands already in row 2"),
        (0, "430100,party", "430100,nobody", "is no code in organizations.csv"),
        (0, "province,430000,,none,\n", "province,4300,,none,\n", "is no region code"),
        (0, "430000,,none,\"", "430000,city,none,\"", "leads back to itself"),
        (0, "08:30-12:00", "12:00-08:30", "working_hours"),
        (0, "湖南省委,省委", "湖南省委,省委;省委", "is given twice"),
        (1, "city;party", "city;nobody", "organization_codes"),
        (1, ",city\n", ",\n", "is empty; fill it in"),
        (1, "duty_desk,yes", "duty_desk,maybe", "use one of: yes, no"),
        (1, "0731-55500011", "55500011", "lacks its area code"),
        (2, "a@cs.hunan.example", "a@@cs", "email"),
        (2, "15400000001", "0731-55500012", "not a mobile number"),
        (2, "party,city-mail", "gov,city-mail", "does not receive for"),
        (2, "unverified", "confirmed", "unknown word"),
        (2, "王某,,,p@hunan.example,,,verified", "王某,,,p@hunan.example", "7 cells"),
    ];
    for (sheet, was, is, said) in cases {
        let mut sheets = [ORGANIZATIONS, DESKS, CONTACTS].map(str::to_owned);
        assert!(sheets[*sheet].contains(was), "{was}");
        sheets[*sheet] = sheets[*sheet].replacen(was, is, 1);
        let [organizations, desks, contacts] = &sheets;
        let paths = write_sheets(folder.path(), [organizations, desks, contacts]);
        let refused = run_in(folder.path(), &house.url, &import_args(&paths));
        let text = err(&refused);
        assert_eq!(refused.status.code(), Some(1), "{is}: {text}");
        assert!(text.starts_with("nothing was changed; "), "{is}: {text}");
        assert!(text.contains(said), "{is}: {text}");
        assert!(text.contains(&paths[*sheet]) && text.contains("row  column"), "{is}: {text}");
        assert_eq!(rows(&house), before, "{is}");
    }
    let paths = write_sheets(folder.path(), ["\u{feff}", DESKS, CONTACTS]);
    let refused = err(&run_in(folder.path(), &house.url, &import_args(&paths)));
    assert!(refused.contains("organizations.csv: the file is empty"), "{refused}");
    let absent = ["nowhere/o.csv", "nowhere/d.csv", "nowhere/c.csv"].map(str::to_owned);
    let refused = err(&run_in(folder.path(), &house.url, &import_args(&absent)));
    assert!(refused.contains("nowhere/o.csv cannot be read: No such file"), "{refused}");
}

#[test]
fn a_fault_of_configuration_is_told_and_the_exit_code_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let refused = qianshou(&["serve"]).env("QIANSHOU_NETWROK", "x").output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("QIANSHOU_NETWROK"), "{}", err(&refused));
    assert_eq!(run(&["serv"]).status.code(), Some(2));
    let help = run(&["--help"]);
    assert!(help.status.success() && out(&help).contains("qianshou demo"));

    // A file where a folder should be.
    let url = sqlite_in(folder.path());
    let keys = folder.path().join("keys").display().to_string();
    assert!(run(&["keys", "create", &keys]).status.success());
    std::fs::write(folder.path().join("data"), "in the way").unwrap();
    let refused = run_in(folder.path(), &url, &["serve"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("data_dir: the folder"), "{}", err(&refused));
}

#[test]
fn the_server_says_where_it_listens_and_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_in(folder.path());
    let keys = folder.path().join("keys").display().to_string();
    assert!(run(&["keys", "create", &keys]).status.success());
    for signal in ["TERM", "INT"] {
        let mut command = qianshou_in(folder.path(), &url, &["serve"]);
        let mut server = Running::start(command.stderr(Stdio::null()));
        let line = server.says_up_to("listening on ").pop().unwrap();
        let address = line.strip_prefix("listening on ").unwrap();
        assert_eq!(page(address, "/sign-in").unwrap().status(), 200);
        assert!(server.stop(signal).success(), "{signal}");
    }
}

#[test]
fn the_demo_is_ready_on_a_free_port_and_touches_nobodys_folder() {
    let folder = tempfile::tempdir().unwrap();
    let errors = folder.path().join("stderr");
    let mut command = qianshou(&["demo", "--listen", "127.0.0.1:0"]);
    command
        .current_dir(folder.path())
        // What an operator has set elsewhere is not the demo's.
        .env("QIANSHOU_DATABASE_URL", "postgres://nobody@nowhere.example/x")
        .stderr(std::fs::File::create(&errors).unwrap());
    let mut demo = Running::start(&mut command);
    let mut lines = demo.says_up_to("ready: ");
    let ready = lines.pop().unwrap();
    let address = ready.strip_prefix("ready: ").unwrap().split(' ').next().unwrap();
    assert!(!address.ends_with(":0"), "{ready}");
    let text = lines.join("\n");
    assert!(text.contains(&format!("sign in  {address}/sign-in")), "{text}");
    assert!(text.contains("146 addressees and 1 for information"), "{text}");
    assert_eq!(ureq::get(format!("{address}/sign-in")).call().unwrap().status(), 200);
    let data = lines.iter().find_map(|line| line.trim().strip_prefix("data ")).unwrap();
    let data = data.trim().split(" (").next().unwrap();
    the_mailbox_shows_a_mail(address, &folder.path().join(data).join("mail"));
    assert!(demo.stop("TERM").success());
    // From November on, the missing holiday table of next year is a true alarm.
    let said = std::fs::read_to_string(&errors).unwrap();
    let said: Vec<&str> = said.lines().filter(|line| !line.contains("no holiday table")).collect();
    assert_eq!(said, Vec::<&str>::new());

    let used = run(&["demo", "--folder", &folder.path().display().to_string()]);
    assert!(err(&used).contains("is not empty"), "{}", err(&used));
    let open = run(&["demo", "--listen", "0.0.0.0:0"]);
    assert!(err(&open).contains("for this machine alone"), "{}", err(&open));
}

fn the_mailbox_shows_a_mail(address: &str, folder: &Path) {
    let body = |path: &str| {
        let mut answer = ureq::get(format!("{address}{path}")).call().unwrap();
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        (answer.body_mut().read_to_string().unwrap(), policy)
    };
    assert!(body("/demo/mailbox").0.contains("还没有邮件"));
    let mail = OutgoingMail {
        return_path: None,
        from: Mailbox { name: "签收".into(), address: "qs@issuer.example".into() },
        to: Mailbox { name: "中共长沙市委".into(), address: "zbs@cs.hunan.example".into() },
        subject: "【特提】请签收".into(),
        text: "请打开 http://127.0.0.1/l/abc 签收".into(),
        html: "<p style=\"color:red\">请签收</p>".into(),
        message_id: "<msg@issuer.example>".into(),
        date: Timestamp::from_micros(1_795_000_000_000_000),
    };
    let mailer = FolderMailer::new(folder.to_owned()).unwrap();
    let sent = mailer.session().send(&mail, SendLimits::flash());
    assert_eq!(sent.outcome.kind(), "accepted");
    let (list, _) = body("/demo/mailbox?q=ZBS");
    assert!(list.contains("【特提】请签收") && list.contains("共 1 封"), "{list}");
    assert!(body("/demo/mailbox?q=%E6%A0%AA%E6%B4%B2").0.contains("没有含"), "nothing of 株洲");
    let at = list.find("/demo/mailbox/").unwrap();
    let href = list[at..].split('"').next().unwrap();
    let (page, policy) = body(href);
    assert!(page.contains("<a href=\"http://127.0.0.1/l/abc\">"), "{page}");
    assert!(page.contains("msg@issuer.example"), "{page}");
    assert!(policy.contains("frame-src 'self'") && policy.contains("default-src 'none'"));
    let (html, policy) = body(&format!("{href}/html"));
    assert_eq!(html, mail.html);
    assert!(policy.starts_with("sandbox; default-src 'none'"), "{policy}");
    let absent = format!("{address}/demo/mailbox/{}", "0".repeat(32));
    assert!(matches!(ureq::get(absent).call(), Err(ureq::Error::StatusCode(404))));
}

#[test]
fn there_is_no_mailbox_where_mails_are_sent() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_in(folder.path());
    let keys = folder.path().join("keys").display().to_string();
    assert!(run(&["keys", "create", &keys]).status.success());
    let mut command = qianshou_in(folder.path(), &url, &["serve"]);
    command.env("QIANSHOU_MAIL_TRANSPORT", "smtp").env("QIANSHOU_SMTP_HOST", "relay.example");
    let mut server = Running::start(command.stderr(Stdio::null()));
    let line = server.says_up_to("listening on ").pop().unwrap();
    let mailbox = page(line.strip_prefix("listening on ").unwrap(), "/demo/mailbox");
    assert!(matches!(mailbox, Err(ureq::Error::StatusCode(404))), "{mailbox:?}");
    assert!(server.stop("TERM").success());
}
