//! Disks that fail: a small file system that can be filled, and reads and writes that fail on demand.
//!
//! Knows nothing of the files on them. No file system stays mounted, however the test process ends.

use crate::process::{Folder, RunAs};
use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Waits for the pipe to close, then unmounts `$1`.
const UNMOUNTER: &str = r#"read -r gone; umount -l "$1" 2>/dev/null"#;
const BALLAST: &str = "ballast";

/// A tmpfs of a few MiB.
#[derive(Debug)]
pub struct SmallDisk {
    // Order matters: it is unmounted before its folder is removed.
    mount: Mount,
    _folder: Folder,
}

#[derive(Debug)]
struct Mount {
    path: PathBuf,
    unmounter: Child,
}

impl SmallDisk {
    /// Mounts one; returns `None` and prints the reason if this process may not mount, which takes root.
    pub fn mount(mebibytes: u32) -> Option<Self> {
        let folder = Folder::new("usher-disk-");
        let_others_in(&folder);
        let path = folder.join("disk");
        std::fs::create_dir(&path).expect("a mount point");
        let mut unmounter = Command::new("/bin/sh");
        unmounter
            .args(["-c", UNMOUNTER, "unmounter"])
            .arg(&path)
            .process_group(0)
            .stdin(Stdio::piped());
        let unmounter = unmounter.spawn().expect("start the unmounter");
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={mebibytes}m,mode=0777"),
                "tmpfs",
            ])
            .arg(&path)
            .output();
        let mount = Mount { path, unmounter };
        match mounted {
            Ok(output) if output.status.success() => Some(Self {
                mount,
                _folder: folder,
            }),
            refused => {
                let why = refused.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
                // Not `eprintln!`, which the test runner hides.
                let _ = writeln!(
                    std::io::stderr(),
                    "SKIPPED: a test needs to mount a tmpfs, run it as root ({why:?})"
                );
                None
            }
        }
    }

    /// The folder it is mounted on.
    pub fn path(&self) -> &Path {
        &self.mount.path
    }

    /// A folder on it that belongs to this user.
    pub fn folder(&self, name: &str, user: Option<RunAs>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir(&path).expect("a folder on the small disk");
        if let Some(user) = user {
            std::os::unix::fs::chown(&path, Some(user.uid), Some(user.gid)).expect("chown");
        }
        path
    }

    /// Fills it, but for this many KiB; more than there are leave it as it is.
    pub fn fill(&self, but_kibibytes: u64) {
        let mut file = File::create(self.path().join(BALLAST)).expect("ballast");
        let block = [1_u8; 4096];
        let mut written: u64 = 0;
        while let Ok(count) = file.write(&block) {
            written += count as u64;
        }
        file.set_len(written.saturating_sub(but_kibibytes * 1024))
            .expect("make the ballast shorter");
    }

    /// Deletes what [`Self::fill`] wrote.
    pub fn free(&self) {
        // An error means that it was never filled.
        let _ = std::fs::remove_file(self.path().join(BALLAST));
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("-l")
            .arg(&self.path)
            .stderr(Stdio::null())
            .status();
        let _ = self.unmounter.kill();
        let _ = self.unmounter.wait();
    }
}

/// A library for `LD_PRELOAD`. While a switch is on, it makes writes to some files fail with `EIO`.
#[derive(Debug)]
pub struct BrokenDisk {
    folder: Folder,
    files: String,
}

impl BrokenDisk {
    /// Compiles it. `files`: a part of the paths of the affected files.
    pub fn build(files: &str) -> Self {
        let folder = Folder::new("usher-eio-");
        let_others_in(&folder);
        let source = folder.join("eio.c");
        std::fs::write(&source, include_str!("eio.c")).expect("write eio.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(folder.join("eio.so"))
            .arg(&source)
            .arg("-ldl")
            .output()
            .expect("run cc");
        assert!(
            built.status.success(),
            "cc: {}",
            String::from_utf8_lossy(&built.stderr)
        );
        Self {
            folder,
            files: files.to_owned(),
        }
    }

    /// The variables that a program needs in its environment.
    pub fn env(&self) -> Vec<(String, String)> {
        let path = |name: &str| self.folder.join(name).display().to_string();
        vec![
            ("LD_PRELOAD".to_owned(), path("eio.so")),
            ("EIO_FILES".to_owned(), self.files.clone()),
            ("EIO_SWITCH".to_owned(), path("switch")),
        ]
    }

    /// Switches the failures on: one of `one_in` calls of these kinds fails; `w` is writes, `s` is syncs.
    pub fn break_it(&self, kinds: &str, one_in: u32) {
        let (new, switch) = (self.folder.join("new"), self.folder.join("switch"));
        std::fs::write(&new, format!("{kinds} {one_in}")).expect("write the switch");
        std::fs::rename(new, switch).expect("turn the switch on");
    }

    /// Switches the failures off.
    pub fn mend(&self) {
        // An error means that it was never switched on.
        let _ = std::fs::remove_file(self.folder.join("switch"));
    }
}

/// Makes a folder accessible to servers that run as another user.
fn let_others_in(folder: &Folder) {
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), permissions).expect("permissions");
}
