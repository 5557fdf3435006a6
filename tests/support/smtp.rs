//! A mail server (`tests/fixtures/smtp_server.py`) that keeps every mail it gets.

use crate::process::{Folder, Process, Spec, free_port};
use crate::programs;
use crate::wait::until;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpStream;

/// A mail server, or the place where one will be; ended on drop.
#[derive(Debug)]
pub struct SmtpServer {
    server: Option<Process>,
    folder: Folder,
    port: u16,
}

impl SmtpServer {
    /// A running server.
    pub async fn start() -> Self {
        let mut server = Self::stopped();
        server.go().await;
        server
    }

    /// An address that nobody answers at yet.
    pub fn stopped() -> Self {
        Self {
            server: None,
            folder: Folder::new("usher-smtp-"),
            port: free_port(),
        }
    }

    /// Starts it and waits until it answers.
    pub async fn go(&mut self) {
        let words = [
            programs::repository()
                .join("tests/fixtures/smtp_server.py")
                .display()
                .to_string(),
            "--port".to_owned(),
            self.port.to_string(),
            "--folder".to_owned(),
            self.folder.path().display().to_string(),
        ];
        self.server = Some(Process::start(&Spec {
            program: Path::new("python3"),
            args: &words,
            dir: self.folder.path(),
            log: &self.folder.join("smtp.log"),
            env: &[],
            user: None,
            end: "KILL",
        }));
        let port = self.port;
        until(
            "the mail server to answer",
            Duration::from_mins(1),
            || async move { TcpStream::connect(("127.0.0.1", port)).await.ok() },
        )
        .await;
    }

    /// `smtp://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The mails so far, as they were sent, in their order.
    pub fn mails(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("its folder");
        let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        files.retain(|path| path.extension().is_some_and(|end| end == "eml"));
        files.sort();
        files
            .iter()
            .map(|path| std::fs::read_to_string(path).expect("a mail"))
            .collect()
    }
}
