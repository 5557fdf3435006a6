//! A child process that cannot outlive the test process, however that one ends.
//!
//! Each child runs under a small shell that holds the reading end of a pipe; this process holds the writing
//! end. When this process ends (return, panic, abort, `kill -9`), the pipe closes and the shell ends its
//! child. It knows nothing of the program it runs.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// `$1`: the signal that ends the child after the end of its starter; the rest: the command. Descriptor 3 is
/// the pipe (a shell gives its background jobs an empty standard input).
const KEEPER: &str = r#"
exec 3<&0 4>&1 1>&2
end=$1; shift
"$@" 3<&- 4>&- &
pid=$!
echo $pid >&4; exec 4>&-
( read -r gone <&3; kill -s "$end" $pid 2>/dev/null ) &
watcher=$!
wait $pid; code=$?
kill $watcher 2>/dev/null
exit $code
"#;

/// Waits for the pipe to close, then removes the folder `$1`; twice, as a server may still write its last
/// file.
const SWEEPER: &str = r#"read -r gone; sleep 1; rm -rf "$1"; sleep 2; rm -rf "$1""#;

/// The user to run a child as.
#[derive(Clone, Copy, Debug)]
pub struct RunAs {
    /// The numeric user id (`id -u`).
    pub uid: u32,
    /// The numeric group id (`id -g`).
    pub gid: u32,
}

/// A running child, ended with SIGKILL on drop.
#[derive(Debug)]
pub struct Process {
    keeper: Child,
    pid: u32,
    log: PathBuf,
}

/// The command and environment of a child; see [`Process::start`].
#[derive(Debug)]
pub struct Spec<'a> {
    /// The program, searched on the PATH if it has no slash.
    pub program: &'a Path,
    /// The program's arguments.
    pub args: &'a [String],
    /// The working directory.
    pub dir: &'a Path,
    /// The file that standard output and error are appended to.
    pub log: &'a Path,
    /// Environment variables to add.
    pub env: &'a [(String, String)],
    /// The user to run as, if it is another one.
    pub user: Option<RunAs>,
    /// The signal's name for a child that is left behind: `KILL`, or `QUIT` for a cleaner end.
    pub end: &'a str,
}

impl Process {
    /// Starts a child. Panics if the program cannot be started at all.
    pub fn start(spec: &Spec<'_>) -> Self {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(spec.log)
            .expect("log file");
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", KEEPER, "keeper", spec.end])
            .arg(spec.program)
            .args(spec.args);
        // A process group of its own: Ctrl-C reaches the test runner only, and the closed pipe ends the
        // child.
        command.current_dir(spec.dir).process_group(0);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("USHER_")) {
            command.env_remove(name);
        }
        command.envs(spec.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        if let Some(user) = spec.user {
            command.uid(user.uid).gid(user.gid);
        }
        let mut keeper = command
            .spawn()
            .unwrap_or_else(|e| panic!("start {}: {e}", spec.program.display()));
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().expect("piped"))
            .read_line(&mut line)
            .expect("keeper's answer");
        let pid = line
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("no pid for {}", spec.program.display()));
        Self {
            keeper,
            pid,
            log: spec.log.to_owned(),
        }
    }

    /// The child's own process id (not the shell's).
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The output of the child so far, from all its starts with this log file.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends a signal by name (`TERM`, `STOP`, `CONT`, …); no error if the child has ended.
    pub fn signal(&self, name: &str) {
        signal(self.pid, name);
    }

    /// `kill -9`, then waits until the child has ended.
    pub fn kill9(&mut self) {
        if self.exited().is_none() {
            self.signal("KILL");
            self.wait(Duration::from_secs(20));
        }
    }

    /// The exit status if the child has ended (128 + signal number after a signal, as a shell reports it).
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.keeper.try_wait().expect("wait for the keeper")
    }

    /// Waits for the end; panics with the log after `limit`.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let until = Instant::now() + limit;
        loop {
            if let Some(status) = self.exited() {
                return status;
            }
            assert!(
                Instant::now() < until,
                "pid {} still runs after {limit:?}:\n{}",
                self.pid,
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The child's present memory in KiB (`VmRSS`), or 0 if it has ended.
    pub fn resident_kib(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The child's highest memory since it began, in KiB.
    pub fn peak_kib(&self) -> u64 {
        self.memory("VmHWM:")
    }

    /// Resets the highest memory: [`Self::peak_kib`] counts from now (`man 5 proc`, `clear_refs`).
    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.pid), "5").expect("our own process");
    }

    fn memory(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .unwrap_or(0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.keeper.try_wait(), Ok(None)) {
            self.signal("KILL");
            let _ = self.keeper.wait();
        }
    }
}

/// Sends a signal by name to a process id, with the shell's own `kill`, so that no package is needed.
pub fn signal(pid: u32, name: &str) {
    let script = format!("kill -s {name} {pid} 2>/dev/null");
    let _ = Command::new("/bin/sh").args(["-c", &script]).status();
}

/// True if a status says that the process ended by SIGKILL.
pub fn was_killed(status: ExitStatus) -> bool {
    status.code() == Some(137) || status.signal() == Some(9)
}

/// A folder that is removed after the end of this process, however it ended.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    sweeper: Child,
}

impl Folder {
    /// Creates an empty folder below the system's temporary one.
    pub fn new(prefix: &str) -> Self {
        let path = tempfile::Builder::new()
            .prefix(prefix)
            .tempdir()
            .expect("temporary folder")
            .keep();
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SWEEPER, "sweeper"])
            .arg(&path)
            .process_group(0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self {
            path,
            sweeper: command.spawn().expect("start the sweeper"),
        }
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path inside it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
        let _ = self.sweeper.kill();
        let _ = self.sweeper.wait();
    }
}

/// A port of 127.0.0.1 without a listener at the moment.
pub fn free_port() -> u16 {
    let [port] = free_ports();
    port
}

/// As [`free_port`], several at once and all different.
pub fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let held = [(); COUNT].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback"));
    held.map(|listener| listener.local_addr().expect("address").port())
}
