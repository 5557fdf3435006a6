//! Processor time of processes, in microseconds, from `/proc/PID/stat` (man 5 proc).

use std::path::Path;

/// Microseconds of a tick of the kernel's counters: `USER_HZ` is 100 on every platform the gateway is built
/// for.
const TICK: f64 = 10_000.0;

/// The time of one process with all its threads.
pub fn of(pid: u32) -> f64 {
    let stat = read(Path::new(&format!("/proc/{pid}"))).expect("a running process");
    stat.own * TICK
}

/// The time of a process, its children, and its children that ended. For PostgreSQL: of the first process.
pub fn of_family(pid: u32) -> f64 {
    let parent = read(Path::new(&format!("/proc/{pid}"))).expect("a running process");
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let children = processes.filter_map(|entry| read(&entry.path()));
    let running: f64 = children
        .filter(|child| child.parent == pid)
        .map(|child| child.own)
        .sum();
    (parent.own + parent.ended + running) * TICK
}

/// The counters of a process, in ticks.
struct Stat {
    parent: u32,
    own: f64,
    /// The time of children that ended and were waited for.
    ended: f64,
}

fn read(folder: &Path) -> Option<Stat> {
    let text = std::fs::read_to_string(folder.join("stat")).ok()?;
    // The name in parentheses can contain any character; after it come the state (field 3) and numbers.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: ticks(14)? + ticks(15)?,
        ended: ticks(16)? + ticks(17)?,
    })
}
