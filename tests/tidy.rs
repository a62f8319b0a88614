//! The architecture document: which floor may import which, and which crate may be named where.
//! The tables are data; `tidy/rules.rs` compares the code with them, and with a few small rules
//! that keep rooms readable. `tidy/checks.rs` runs it all and shows every rule its own breach.

#[cfg(test)]
#[path = "tidy/checks.rs"]
mod checks;
#[cfg(test)]
#[path = "tidy/rules.rs"]
mod rules;
#[cfg(test)]
#[path = "tidy/scan.rs"]
mod scan;

/// Floor of `src/` → what it may import from this crate. `x::y` allows that room only,
/// `!x::y` takes a room away again. A floor may always import itself.
const FLOORS: &[(&str, &[&str])] = &[
    // the rules: pure
    ("domain", &[]),
    // SQL
    ("store", &["domain"]),
    // everything that is not us
    ("adapters", &["domain"]),
    // ways to reach a person, and their words
    ("channel", &["domain", "adapters"]),
    // use-cases: the only floor that commits
    ("service", &["domain", "store", "adapters", "channel"]),
    // door 1, browsers: asks the time and randomness once a request, streams files, reads lists
    (
        "web",
        &[
            "domain",
            "service",
            "adapters::clock",
            "adapters::files",
            "adapters::random",
            "store",
            "!store::Tx",
            "!store::engine",
            "!store::guards",
            "!store::migrate",
            "!store::schema",
        ],
    ),
    // door 2, time: asks the time once a tick
    ("workers", &["domain", "service", "adapters::clock"]),
    // door 3, operators: starts the house, so it may ask for it
    ("cli", &["domain", "service", "adapters::clock", "store::migrate", "config", "app"]),
    // settings, checked once; nothing else reads the environment
    ("config", &["domain", "adapters::telling::LogFormat", "channel::sms"]),
    // the one place that puts the real halves together; imported by `cli` alone
    ("app", &["domain", "store", "adapters", "channel", "service", "web", "workers", "config"]),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// Crate → where in `src/` it may be named. A dependency that is not listed here has no place yet.
const CRATES: &[(&str, &[&str])] = &[
    // plain values and computation: anywhere
    ("serde", ANYWHERE),
    ("serde_json", ANYWHERE),
    ("thiserror", ANYWHERE),
    ("jiff", ANYWHERE),
    ("sha2", ANYWHERE),
    ("unicode_normalization", ANYWHERE),
    ("base64", &["domain/", "adapters/", "service/", "web/", "cli/"]),
    ("percent_encoding", &["domain/", "adapters/", "web/"]),
    ("toml", &["config", "domain/", "service/"]),
    // telling: everywhere but in the rules, which do nothing worth a log line
    ("tracing", NOT_DOMAIN),
    ("tracing_subscriber", &["adapters/telling.rs"]),
    // the database
    ("diesel", &["store/"]),
    ("diesel_migrations", &["store/"]),
    ("libsqlite3_sys", &["store/"]),
    ("pq_sys", &["store/"]),
    // the web
    ("actix_web", &["web/", "cli/serve", "app"]),
    ("actix_multipart", &["web/"]),
    ("rust_embed", &["web/"]),
    ("askama", &["web/", "channel/"]),
    // what memory comes from, for the whole program
    // the async shell: `store` and `service` only hand out a commit that can be awaited
    ("tokio", &["web/", "cli/", "app", "store/", "service/"]),
    ("futures_util", &["web/", "store/", "service/"]),
    // mail and its transport security
    ("lettre", &["adapters/mail"]),
    ("rustls", &["adapters/"]),
    ("rustls_native_certs", &["adapters/"]),
    // secrets and signatures
    ("argon2", &["adapters/"]),
    ("ed25519_dalek", &["adapters/"]),
    ("jsonwebtoken", &["adapters/"]),
    ("signature", &["adapters/"]),
    ("hmac", &["adapters/", "domain/"]),
    ("subtle", &["adapters/", "domain/", "web/forms.rs"]),
    ("zeroize", &["adapters/", "config"]),
    ("getrandom", &["adapters/random.rs"]),
    // files and tables people bring
    ("mail_parser", &["adapters/returned_mail.rs"]),
    ("csv", &["adapters/", "service/", "cli/"]),
    ("encoding_rs", &["adapters/", "service/", "domain/"]),
    ("infer", &["adapters/"]),
    ("zip", &["adapters/"]),
    ("lopdf", &["adapters/files/text/"]),
    ("quick_xml", &["adapters/files/text/"]),
    ("rustix", &["adapters/files/text/child.rs", "adapters/mail/stream.rs"]),
    // the command line
    ("clap", &["cli/", "main.rs"]),
    ("anyhow", &["cli/", "main.rs", "app"]),
];

/// Every floor.
const ANYWHERE: &[&str] = &[""];
/// Every floor above the rules.
const NOT_DOMAIN: &[&str] =
    &["store/", "adapters/", "channel/", "service/", "web/", "workers/", "cli/", "app", "config"];

/// Words of code → where in `src/` they may stand, and why.
const WORDS: &[(&str, &[&str], &str)] = &[
    ("SqliteConnection", ENGINE_ROOM, "only the engine room names an engine"),
    ("PgConnection", ENGINE_ROOM, "only the engine room names an engine"),
    ("diesel::sqlite", ENGINE_ROOM, "only the engine room names an engine"),
    ("diesel::pg", ENGINE_ROOM, "only the engine room names an engine"),
    ("SystemTime::now", CLOCK, "time is an argument"),
    ("Timestamp::now", CLOCK, "time is an argument"),
    ("Zoned::now", CLOCK, "time is an argument"),
    ("Instant::now", STOPWATCH, "rules and use-cases measure nothing"),
    ("std::env", &["config.rs"], "the environment is read once"),
    ("env::var", &["config.rs"], "the environment is read once"),
    ("HttpServer::new", &["web/server.rs"], "one server, with all its limits"),
    (".wrap(", &["web/server.rs", "web/route.rs"], "what is put around a handler stands there"),
    (".service(", &[], "what can be asked stands in the table of routes"),
    ("app.route(", &["web/route.rs"], "what can be asked stands in the table of routes"),
    ("web::resource(", &[], "what can be asked stands in the table of routes"),
    ("web::scope(", &[], "what can be asked stands in the table of routes"),
    ("#[get(", &[], "what can be asked stands in the table of routes"),
    ("#[post(", &[], "what can be asked stands in the table of routes"),
    ("#[route(", &[], "what can be asked stands in the table of routes"),
    ("todo!", &[], "finish it or leave it out"),
    ("unimplemented!", &[], "finish it or leave it out"),
];

const ENGINE_ROOM: &[&str] = &["store/engine.rs", "store/engine/", "store/guards/"];
const CLOCK: &[&str] = &["adapters/clock.rs"];
/// Deadlines of sockets and timings in logs use the steady clock, never the time of day.
const STOPWATCH: &[&str] = &["adapters/", "store/", "web/", "workers/", "cli/"];

/// Longest file in `src/`, in lines; rooms are comfortable at 80 to 200.
const SRC_LINES_MAX: usize = 500;
/// Longest file in `tests/` and `benches/`, in lines.
const TEST_LINES_MAX: usize = 800;
/// Longest line of Rust, in characters.
const LINE_CHARS_MAX: usize = 100;

/// What no file of the project may contain: it would be true on one machine only.
const MACHINE_WORDS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("regi", "stry.npmjs"),
    concat!("\"reso", "lved\":"),
];
