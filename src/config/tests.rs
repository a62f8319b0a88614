//! The configuration as operators get it right and wrong.

use super::*;

const RIGHT: &str = "
    public_url = 'https://notice.example'
    [mail]
    from_address = 'notice@office.example'
    [smtp]
    host = 'relay.office.example'
";

fn assemble(file: &str, variables: &[(&str, &str)]) -> Result<Config, BadConfig> {
    let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    let variables: Vec<_> = variables.iter().map(own).collect();
    Config::assemble(Some(("site.toml", file)), &variables, &[])
}

fn faults(file: &str, variables: &[(&str, &str)]) -> Vec<String> {
    assemble(file, variables).err().map(|BadConfig(faults)| faults).unwrap_or_default()
}

#[test]
fn three_settings_are_enough_and_the_rest_has_its_default() {
    let config = assemble(RIGHT, &[]).unwrap();
    assert_eq!(config.upload_limit_bytes, 100 * 1024 * 1024);
    assert_eq!(config.staff_session.idle, Span::minutes(30));
    assert_eq!(config.staff_session.absolute, Span::hours(8));
    assert_eq!(config.admin_session.idle, Span::minutes(10));
    assert_eq!(config.admin_session.absolute, Span::hours(4));
    assert_eq!(config.workers.lease, Span::seconds(15));
    assert_eq!(config.network, Network::Internet);
    let Transport::Smtp(smtp) = config.mail.transport else { panic!("should send") };
    assert_eq!((smtp.tls, smtp.port, smtp.login), (Tls::Implicit, 465, None));
    assert_eq!(smtp.hello_name, "notice.example");
}

#[test]
fn environment_beats_file_and_command_beats_environment() {
    let variables = [("QIANSHOU_WORKERS_SENDERS".to_owned(), "9".to_owned())];
    let file = format!("{RIGHT}\n[workers]\nsenders = 7\nlease_s = 20");
    let file = Some(("site.toml", file.as_str()));
    let config = Config::assemble(file, &variables, &[("listen", "127.0.0.1:0")]).unwrap();
    assert_eq!(config.workers.senders, 9);
    assert_eq!(config.workers.lease, Span::seconds(20));
    assert_eq!(config.listen.port(), 0);
}

#[test]
fn all_faults_are_told_at_once_with_key_source_and_remedy() {
    let file = "
        netwrok = 'internal'
        public_url = 'http://notice.example'
        [database]
        url = 'mysql://root:geheim@db/x'
        [workers]
        senders = 'many'
        lease_s = 1
        [log]
        format = 'xml'
    ";
    let said = faults(file, &[("QIANSHOU_DATABASE_UR", "x"), ("QIANSHOU_LISTEN", "here")]);
    let expected = [
        "netwrok (from file site.toml): there is no such setting; did you mean network?",
        "workers.senders = 4 (from file site.toml): must be integer, not string",
        "QIANSHOU_DATABASE_UR (from environment variable QIANSHOU_DATABASE_UR): there is no such \
         setting; did you mean QIANSHOU_DATABASE_URL?",
        "database.url (from file site.toml): must be sqlite://PATH or \
         postgres://USER:PASSWORD@HOST:PORT/NAME",
        "public_url = \"http://notice.example\" (from file site.toml): must be https: plain http \
         is only for a host that is this machine",
        "listen = \"here\" (from environment variable QIANSHOU_LISTEN): must be ADDRESS:PORT, such \
         as 127.0.0.1:8080 or [::]:8080",
        "smtp.host = \"\" (from the default): is empty: name the mail relay",
        "workers.lease_s = 1 (from file site.toml): must lie between 5 and 300",
        "mail.from_address = \"\" (from the default): must be an address: mails come from it",
        "log.format = \"xml\" (from file site.toml): must be one of: text, json",
    ];
    for line in expected {
        assert!(said.iter().any(|fault| fault == line), "missing: {line}\nsaid: {said:#?}");
    }
    assert!(!said.join("\n").contains("geheim"));
}

#[test]
fn unsafe_mail_is_refused() {
    let plain = [("QIANSHOU_SMTP_TLS", "plain_loopback")];
    assert!(faults(RIGHT, &plain).join("").contains("needs a smtp.host on this machine"));
    assert!(assemble(RIGHT, &[plain[0], ("QIANSHOU_SMTP_HOST", "127.0.0.1")]).is_ok());
    let folder = ("QIANSHOU_MAIL_TRANSPORT", "folder");
    assert!(faults(RIGHT, &[folder]).join("").contains("sends nothing"));
    assert!(assemble(RIGHT, &[folder, ("QIANSHOU_PUBLIC_URL", "http://localhost:1")]).is_ok());
    assert_eq!(faults(RIGHT, &[("QIANSHOU_MAIL_FROM_ADDRESS", "office")]).len(), 1);
}

#[test]
fn passwords_come_from_one_place_and_never_print() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, "geheim\n").unwrap();
    let name = ("QIANSHOU_SMTP_USERNAME", "office");
    let file = ("QIANSHOU_SMTP_PASSWORD_FILE", path.to_str().unwrap());
    let config = assemble(RIGHT, &[name, file]).unwrap();
    assert!(!format!("{config:?}").contains("geheim"));
    let Transport::Smtp(smtp) = config.mail.transport else { panic!("should send") };
    assert_eq!(smtp.login.unwrap().1.reveal(), "geheim");
    let both = faults(RIGHT, &[name, file, ("QIANSHOU_SMTP_PASSWORD", "geheim")]).join("");
    assert!(both.contains("keep one of them") && !both.contains("geheim"), "{both}");
    assert!(faults(RIGHT, &[name]).join("").contains("has no password"));
}

#[test]
fn a_file_that_is_not_toml_says_where() {
    assert!(faults("listen =", &[]).join("").contains("file site.toml is not TOML"));
}

#[test]
fn the_examples_for_operators_are_accepted() {
    // the files behind `…_FILE` are the site's; the login that needs one gets its password here
    let files = |(name, _): &(String, String)| !name.ends_with("_FILE");
    let example = settings_of(include_str!("../../config/example.env"), "=");
    let example: Vec<_> = example.into_iter().filter(files).collect();
    assert!(example.len() > 8, "{example:?}");
    Config::assemble(None, &example, &[("smtp.password", "x")]).unwrap();

    let compose = settings_of(include_str!("../../docker-compose.yml"), ": ");
    assert!(compose.len() > 8, "{compose:?}");
    Config::assemble(None, &compose, &[]).unwrap();
}

/// Lines `QIANSHOU_…`, also those that are commented out.
fn settings_of(text: &str, between: &str) -> Vec<(String, String)> {
    text.lines()
        .map(|line| line.trim_start_matches(['#', ' ']))
        .filter(|line| line.starts_with("QIANSHOU_"))
        .filter_map(|line| line.split_once(between))
        .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        .collect()
}
