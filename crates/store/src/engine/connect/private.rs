//! The files of an embedded database are for one user of the machine, whatever the umask: the folder 0700, the database 0600.
//! SQLite gives `-wal` and `-shm` the mode of the database file, so that file is made before SQLite opens it.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Result, StoreError};

const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;
/// What others than the owner may do.
const OTHERS: u32 = 0o077;

/// Makes what is not there; answers a warning for each that was there before and is open to others.
pub(super) fn prepare(file: &Path) -> Result<Vec<String>> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        make_folder(folder).map_err(|error| {
            StoreError::Settings(format!(
                "the folder {} for the database file cannot be made ({error}): create it, or change data_dir or database.url",
                folder.display()
            ))
        })?;
    }
    // SQLite meets the same error, and returns it.
    let _ = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE)
        .open(file);
    let beside = |ending: &str| PathBuf::from(format!("{}{ending}", file.display()));
    let files = [file.to_owned(), beside("-wal"), beside("-shm")];
    let files = files.iter().filter_map(|file| open_to_others(file, "file", FILE));
    Ok(folder
        .and_then(|folder| open_to_others(folder, "folder", FOLDER))
        .into_iter()
        .chain(files)
        .collect())
}

fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(folder)
}

fn open_to_others(path: &Path, what: &str, wanted: u32) -> Option<String> {
    let mode = path.metadata().ok()?.permissions().mode() & 0o7777;
    let path = path.display();
    (mode & OTHERS != 0).then(|| {
        format!(
            "the database's {what} {path} is open to other users of this machine (mode {mode:04o}), and holds personal data: \
             chmod {wanted:04o} {path}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_private_and_what_was_open_is_named_with_its_mode_and_the_next_step() {
        let home = std::env::temp_dir().join(format!("usher-private-{}", std::process::id()));
        let (folder, file) = (home.join("a/b"), home.join("a/b/usher.db"));
        assert_eq!(prepare(&file).expect("made"), Vec::<String>::new());
        let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o7777;
        assert_eq!([mode(&home), mode(&folder), mode(&file)], [0o700, 0o700, 0o600]);

        let open = |path: &Path, mode| {
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("ours");
        };
        let wal = home.join("a/b/usher.db-wal");
        std::fs::write(&wal, "").expect("written");
        open(&folder, 0o750);
        open(&file, 0o644);
        open(&wal, 0o604);
        let warnings = prepare(&file).expect("there");
        std::fs::remove_dir_all(&home).expect("ours");
        let of = |what: &str, path: &Path, mode: &str, wanted: &str| {
            let path = path.display();
            format!(
                "the database's {what} {path} is open to other users of this machine (mode {mode}), and holds personal data: \
                 chmod {wanted} {path}"
            )
        };
        assert_eq!(
            warnings,
            [
                of("folder", &folder, "0750", "0700"),
                of("file", &file, "0644", "0600"),
                of("file", &wal, "0604", "0600"),
            ]
        );
    }
}
