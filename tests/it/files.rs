//! The files of the embedded database are accessible to one user of the machine, for any umask and any
//! command that creates them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::gateway::Gateway;
use support::process::{Process, Spec};
use support::programs;
use support::wait::until;

fn mode(path: &Path) -> u32 {
    path.metadata()
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        .permissions()
        .mode()
        & 0o7777
}

/// A folder and everything below it.
fn all(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(all(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

fn under_umask(umask: &str, gateway: &Gateway, args: &str) -> Output {
    let script = format!("umask {umask}; exec \"{}\" {args}", programs::usher().display());
    let output = Command::new("/bin/sh")
        .args(["-c", &script])
        .current_dir(gateway.folder().path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

async fn served_under_umask(umask: &str, gateway: &Gateway) -> Process {
    let script = format!("umask {umask}; exec \"{}\" serve", programs::usher().display());
    let server = Process::start(&Spec {
        program: Path::new("/bin/sh"),
        args: &["-c".to_owned(), script],
        dir: gateway.folder().path(),
        log: &gateway.folder().join("serve.log"),
        env: &[],
        user: None,
        end: "KILL",
    });
    let url = format!("{}/health/ready", gateway.url());
    until(
        "the gateway to be ready",
        std::time::Duration::from_mins(1),
        || async {
            let answer = support::http_client().get(&url).send().await.ok()?;
            answer.status().is_success().then_some(())
        },
    )
    .await;
    server
}

fn private(data: &Path) {
    let found = all(data);
    assert!(found.iter().any(|file| file.ends_with("usher.db")), "{found:?}");
    for path in found {
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(
            format!("{:o}", mode(&path)),
            format!("{wanted:o}"),
            "{}",
            path.display()
        );
    }
}

#[tokio::test]
async fn the_database_is_private_for_any_umask_and_any_command_that_creates_it() {
    for umask in ["000", "022"] {
        for command in ["migrate", "tenant create contoso", "tenant list"] {
            let gateway = Gateway::prepared(support::gateway::Settings::default());
            under_umask(umask, &gateway, command);
            private(&gateway.folder().join("usher-data"));
        }
        let gateway = Gateway::prepared(support::gateway::Settings::default());
        let mut server = served_under_umask(umask, &gateway).await;
        under_umask(umask, &gateway, "tenant create contoso");
        let data = gateway.folder().join("usher-data");
        private(&data);
        let names: Vec<_> = all(&data)
            .iter()
            .filter_map(|file| Some(file.file_name()?.to_str()?.to_owned()))
            .collect();
        for name in ["usher.db", "usher.db-wal", "usher.db-shm"] {
            assert!(names.contains(&name.to_owned()), "{names:?}");
        }
        assert!(!server.log().contains("open to other users"), "{}", server.log());
        server.kill9();
        private(&data);
    }
}

#[tokio::test]
async fn what_is_open_to_others_is_warned_of_at_the_start() {
    let mut gateway = Gateway::embedded().await;
    gateway.kill9();
    let data = gateway.folder().join("usher-data");
    let file = data.join("usher.db");
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    gateway.restart().await;
    let log = gateway.log();
    for (what, path, mode, next) in [
        ("folder", &data, "0755", "chmod 0700"),
        ("file", &file, "0644", "chmod 0600"),
    ] {
        let path = path.display();
        let warning =
            format!("the database's {what} {path} is open to other users of this machine (mode {mode})");
        assert!(log.contains(&warning), "{log}");
        assert!(log.contains(&format!("{next} {path}")), "{log}");
    }
    assert_eq!(mode(&file), 0o644, "what an operator chose is told, not changed");
}
