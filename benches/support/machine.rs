//! Who else uses the machine while something is measured. Reads `/proc` only.

use std::collections::HashMap;
use std::fs;

/// Flag of kernel threads in `/proc/PID/stat`; what they do, they do for the measured too.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// Time used so far, in ticks: by all, by this process and its descendants, by the kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    whole: u64,
    busy: u64,
    ours: u64,
    kernel: u64,
}

struct Process {
    parent: u32,
    flags: u64,
    ticks: u64,
    ticks_of_gone_children: u64,
}

impl Used {
    pub(crate) fn now() -> Self {
        let (whole, busy) = of_the_machine();
        let processes = processes();
        let own = std::process::id();
        let mut used = Self { whole, busy, ours: 0, kernel: 0 };
        for (id, process) in &processes {
            if process.flags & KERNEL_THREAD != 0 {
                used.kernel += process.ticks;
            } else if descends(*id, own, &processes) {
                used.ours += process.ticks + process.ticks_of_gone_children;
            }
        }
        used
    }

    /// Percent of the whole machine that others used since `before`.
    pub(crate) fn by_others_since(&self, before: &Self) -> f64 {
        let busy = self.busy.saturating_sub(before.busy);
        let known =
            self.ours.saturating_sub(before.ours) + self.kernel.saturating_sub(before.kernel);
        let whole = self.whole.saturating_sub(before.whole).max(1);
        100.0 * ratio(busy.saturating_sub(known), whole)
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    let float = |n: u64| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    float(part) / float(whole)
}

/// Ticks since boot, and those of them in which somebody's program ran (or another guest had
/// the processor). Interrupts are left out: they serve whoever is measured.
fn of_the_machine() -> (u64, u64) {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u64> =
        first.split_whitespace().skip(1).take(8).filter_map(|n| n.parse().ok()).collect();
    let [user, nice, system, _idle, _waiting, _irq, _softirq, stolen] = ticks[..] else {
        return (0, 0);
    };
    (ticks.iter().sum(), user + nice + system + stolen)
}

fn processes() -> HashMap<u32, Process> {
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
    folders
        .filter_map(|folder| {
            let id: u32 = folder.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(folder.path().join("stat")).ok()?;
            // the name stands in parentheses and may itself contain some
            let (_, rest) = stat.rsplit_once(") ")?;
            let fields: Vec<&str> = rest.split_whitespace().collect();
            let number = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok());
            let process = Process {
                parent: u32::try_from(number(1)?).ok()?,
                flags: number(6)?,
                ticks: number(11)? + number(12)?,
                ticks_of_gone_children: number(13)? + number(14)?,
            };
            Some((id, process))
        })
        .collect()
}

fn descends(id: u32, from: u32, processes: &HashMap<u32, Process>) -> bool {
    let mut at = id;
    while at > 1 {
        if at == from {
            return true;
        }
        at = processes.get(&at).map_or(0, |process| process.parent);
    }
    false
}
