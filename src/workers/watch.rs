//! The duty of looking after the others: the self-check every minute, and between two passes a
//! glance at whether this server's duties still go round, which needs no database.

use std::time::Duration;

use super::runner::Turn;
use crate::adapters::clock::Stopwatch;
use crate::domain::words::UnknownWord;
use crate::service::Service;
use crate::service::release_afterwards::watch_releases;
use crate::service::self_check;
use crate::service::watch::Duty;

/// How often the glance is taken.
pub(super) const GLANCE: Duration = Duration::from_secs(5);
/// The first pass waits until the duties had time to go round once.
const FIRST_AFTER: Duration = Duration::from_secs(20);

/// Looks after the others.
pub(super) fn watcher(service: &Service) -> impl FnMut() -> Turn + Send + 'static {
    let service = service.clone();
    let began = Stopwatch::start();
    let mut last: Option<Stopwatch> = None;
    let mut cried = Vec::<String>::new();
    move || {
        let due = match last {
            None => began.elapsed() >= FIRST_AFTER,
            Some(last) => last.elapsed() >= self_check::EVERY,
        };
        let mut wrong: Vec<String> = silent(&service).map(str::to_owned).collect();
        if due {
            last = Some(Stopwatch::start());
            if let Err(error) = self_check::pass(&service) {
                tracing::error!(%error, "the self-check could not look");
                wrong.push("database".to_owned());
            }
            if let Err(error) = watch_releases(&service) {
                tracing::error!(%error, "late releases cannot be watched");
            }
        } else if let Err(error) = self_check::refresh(&service) {
            tracing::debug!(%error, "alarms are not refreshed");
            wrong.extend(cried.iter().filter(|one| *one == "database").cloned());
        }
        // Told once, and again only after it was well in between.
        let fresh: Vec<&String> = wrong.iter().filter(|one| !cried.contains(one)).collect();
        if !fresh.is_empty() {
            self_check::cry_without_database(&service, &in_words(&fresh));
        }
        cried = wrong;
        Turn::Rest
    }
}

fn silent(service: &Service) -> impl Iterator<Item = &'static str> {
    let silent = |duty: &&Duty| service.watch.is_silent(**duty);
    Duty::ALL.iter().filter(silent).map(|duty| duty.as_str())
}

fn in_words(wrong: &[&String]) -> String {
    let lines = wrong.iter().map(|one| {
        let duty: Result<Duty, UnknownWord> = one.parse();
        match duty {
            Ok(duty) => format!("本服务器的后台任务“{}”长时间没有完成一轮。", duty.word_zh()),
            Err(_) => "自检无法读写数据库。".to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
