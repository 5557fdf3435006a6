//! A bare actix-web route: the rate of this machine without any work. The bench runs itself as a child for
//! it, so that it is a separate process as the gateway is.

use actix_web::{App, HttpResponse, HttpServer, web};
use std::net::{Ipv4Addr, SocketAddr};
use support::process::{Folder, Process, Spec, free_port};

/// The hidden command of the child: `bare-route PORT WORKERS`.
pub const COMMAND: &str = "bare-route";

/// The length of its answer in bytes: about that of a list response with one person.
const BODY: usize = 600;

#[derive(Debug)]
pub struct Bare {
    // Order matters: the server ends before its folder is removed.
    _server: Process,
    _folder: Folder,
    pub address: SocketAddr,
}

/// Starts the child and waits until it accepts connections.
pub async fn start(workers: usize) -> Bare {
    let folder = Folder::new("usher-bare-");
    let port = free_port();
    let server = Process::start(&Spec {
        program: &std::env::current_exe().expect("own path"),
        args: &[COMMAND.to_owned(), port.to_string(), workers.to_string()],
        dir: folder.path(),
        log: &folder.join("bare.log"),
        env: &[],
        user: None,
        end: "KILL",
    });
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    support::wait::until(
        "the bare route",
        std::time::Duration::from_secs(20),
        || async move { tokio::net::TcpStream::connect(address).await.ok() },
    )
    .await;
    Bare {
        _server: server,
        _folder: folder,
        address,
    }
}

/// Runs in the child.
pub fn serve(port: &str, workers: &str) {
    let port: u16 = port.parse().expect("a port");
    let workers: usize = workers.parse().expect("a number of workers");
    let body = format!("{{\"bare\":\"{}\"}}", "x".repeat(BODY - 11));
    let system = actix_web::rt::System::new();
    let answer = move || {
        let body = body.clone();
        async move {
            HttpResponse::Ok()
                .content_type("application/scim+json")
                .body(body)
        }
    };
    let served = system.block_on(async move {
        HttpServer::new(move || App::new().default_service(web::to(answer.clone())))
            .workers(workers)
            .bind((Ipv4Addr::LOCALHOST, port))?
            .run()
            .await
    });
    served.expect("serve the bare route");
}
