//! The two listeners: the public one (SCIM, feeds, health in one word) and the admin one (metrics, health with reasons).
//! Workers, time-outs, routes. The binary opens the sockets, starts the server and stops it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpServer, middleware, web};
use socket2::{Domain, Protocol, Socket, Type};

use crate::connections::{Connections, refuse_uncounted};
use crate::extract::connection::Created;
use crate::extract::origin::ArrivedAt;
use crate::limits::{ADMIN_CONNECTIONS, BACKLOG, CONNECTIONS_PER_WORKER, HEAD_TIME, KEEP_ALIVE, SEND_BUFFER};
use crate::state::State;
use crate::{feeds, health, observe, scim};

/// How to serve.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Threads that serve requests of the public listener.
    pub workers: usize,
    /// How many seconds requests in flight get at a graceful stop.
    pub drain_seconds: u64,
    /// Open connections of the public listener altogether; further ones wait in the backlog.
    pub connections: usize,
    /// Those of one address; further ones are refused.
    pub connections_per_address: usize,
}

/// Opens a socket to serve on. A client that takes nothing of its answers for `write_timeout` is cut off: the system ends
/// the connection, whether it is gone or only does not read (`TCP_USER_TIMEOUT`, which accepted connections inherit).
///
/// # Errors
/// When the address cannot be listened on.
pub fn listen(address: SocketAddr, write_timeout: Duration) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(write_timeout))?;
    #[cfg(not(target_os = "linux"))]
    let _ = write_timeout;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The sockets to serve on: connections queue up there since they were opened.
#[derive(Debug)]
pub struct Listeners {
    /// For customers and apps.
    pub public: TcpListener,
    /// For the machines that watch the gateway; workers of its own, so that they see it when the others are all busy.
    pub admin: TcpListener,
}

/// A running server.
pub struct Server {
    public: actix_web::dev::Server,
    admin: actix_web::dev::Server,
}

/// Stops a [`Server`] from elsewhere.
#[derive(Clone)]
pub struct Stop {
    public: actix_web::dev::ServerHandle,
    admin: actix_web::dev::ServerHandle,
}

impl Server {
    /// Starts the workers.
    ///
    /// # Errors
    /// When a socket cannot be used.
    pub fn start(state: State, settings: &Settings, listeners: Listeners) -> io::Result<(Self, Arc<State>)> {
        let state = Arc::new(state);
        let shared = web::Data::from(Arc::clone(&state));
        let connections = Connections::new(settings.connections_per_address);
        let workers = settings.workers.max(1);
        let public = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .wrap(middleware::from_fn(refuse_uncounted))
                .wrap(middleware::from_fn(observe::observe))
                .configure(routes)
        })
        .workers(workers)
        .worker_max_blocking_threads(1)
        .on_connect(move |connection, data| {
            connections.admit(connection, data);
            data.insert(Created::default());
            let socket = connection.downcast_ref::<TcpStream>();
            if let Some(address) = socket.and_then(|socket| socket.local_addr().ok()) {
                data.insert(ArrivedAt(address));
            }
        })
        .max_connections((settings.connections / workers).clamp(1, CONNECTIONS_PER_WORKER))
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIME)
        .shutdown_timeout(settings.drain_seconds)
        .disable_signals()
        .listen(listeners.public)?
        .run();
        let shared = web::Data::from(Arc::clone(&state));
        let admin = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .wrap(middleware::from_fn(observe::observe))
                .configure(health::admin)
        })
        .workers(1)
        .worker_max_blocking_threads(1)
        .max_connections(ADMIN_CONNECTIONS)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIME)
        .shutdown_timeout(settings.drain_seconds)
        .disable_signals()
        .listen(listeners.admin)?
        .run();
        Ok((Self { public, admin }, state))
    }

    /// What stops it.
    pub fn stopper(&self) -> Stop {
        Stop {
            public: self.public.handle(),
            admin: self.admin.handle(),
        }
    }

    /// Serves until stopped.
    ///
    /// # Errors
    /// When a worker could not be kept alive.
    pub async fn run(self) -> io::Result<()> {
        tokio::try_join!(self.public, self.admin).map(|_| ())
    }
}

impl Stop {
    /// Takes no new connections, finishes the requests in flight, ends. The admin listener ends last, so that the end can
    /// be watched.
    pub async fn gracefully(&self) {
        self.public.stop(true).await;
        self.admin.stop(true).await;
    }
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(health::public)
        .configure(feeds::configure)
        .default_service(web::to(scim::serve));
}
