//! The two listeners: the public one (SCIM, feeds, OAuth, health in one word) and the admin one (the admin API, metrics, health with
//! reasons).
//! Workers, time-outs, routes. The binary opens the sockets, starts the server and stops it.

use std::fmt::Debug;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, Request, Response};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Extensions};
use actix_web::rt::net::TcpStream;
use actix_web::{App, middleware, web};
use socket2::{Domain, Protocol, Socket, Type};

use crate::backpressure::{Connection, one_at_a_time};
use crate::connections::{Connections, refuse_uncounted};
use crate::extract::connection::AnsweredCreations;
use crate::extract::origin::ArrivedAt;
use crate::limits::{
    ADMIN_CONNECTIONS, BACKLOG, CONNECTIONS_PER_WORKER, DISCONNECT_TIME, HEAD_TIME, KEEP_ALIVE, SEND_BUFFER,
};
use crate::state::State;
use crate::{admin, feeds, health, oauth, observe, provisioning_token, scim};

/// How to serve.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Threads that serve requests of the public listener.
    pub workers: usize,
    /// How many seconds requests in flight get at a graceful stop.
    pub drain_seconds: u64,
    /// Open connections of the public listener altogether; further ones wait in the backlog.
    pub connections: usize,
    /// Open connections of one address; further ones are refused.
    pub connections_per_address: usize,
}

/// Opens a socket to serve on. The system closes the connection of a client that takes nothing of its answers for
/// `write_timeout`, whether the client is gone or only does not read (`TCP_USER_TIMEOUT`, which accepted connections inherit).
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

/// The sockets to serve on; connections queue there from the time they were opened.
#[derive(Debug)]
pub struct Listeners {
    /// For customers and apps.
    pub public: TcpListener,
    /// For operators, load balancers and monitoring; it has a worker of its own, so that it answers when the others are busy.
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
        let is_admin_public = state.admin.is_public;
        let connections = Connections::new(settings.connections_per_address);
        let workers = settings.workers.max(1);
        let public = serve(
            "public",
            listeners.public,
            settings,
            (
                workers,
                (settings.connections / workers).clamp(1, CONNECTIONS_PER_WORKER),
            ),
            move |stream, data| {
                connections.admit(stream, data);
                data.insert(AnsweredCreations::default());
                if let Ok(address) = stream.local_addr() {
                    data.insert(ArrivedAt(address));
                }
            },
            move || {
                App::new()
                    .app_data(shared.clone())
                    .wrap(middleware::from_fn(refuse_uncounted))
                    .wrap(middleware::from_fn(observe::observe))
                    .wrap(middleware::from_fn(one_at_a_time))
                    .configure(|config| routes(config, is_admin_public))
            },
        )?;
        let shared = web::Data::from(Arc::clone(&state));
        let admin = serve(
            "admin",
            listeners.admin,
            settings,
            (1, ADMIN_CONNECTIONS),
            |_, _| (),
            move || {
                App::new()
                    .app_data(shared.clone())
                    .wrap(middleware::from_fn(observe::observe))
                    .wrap(middleware::from_fn(one_at_a_time))
                    .configure(health::admin)
                    .configure(admin::configure)
            },
        )?;
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

/// Serves HTTP/1.1 on a listener as actix's `HttpServer` does, but over [`Connection`], which `HttpServer` cannot be given:
/// by so many workers, with so many open connections of each; further ones wait in the backlog.
fn serve<I, S, B>(
    name: &str,
    listener: TcpListener,
    settings: &Settings,
    (workers, connections): (usize, usize),
    on_connect: impl Fn(&TcpStream, &mut Extensions) + Clone + Send + 'static,
    app: impl Fn() -> I + Clone + Send + 'static,
) -> io::Result<actix_web::dev::Server>
where
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    B: MessageBody + 'static,
{
    let builder = actix_web::dev::Server::build()
        .workers(workers)
        .worker_max_blocking_threads(1)
        .max_concurrent_connections(connections)
        .shutdown_timeout(settings.drain_seconds)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let listening = builder.listen(name, listener, move || {
        let (stopping, on_connect) = (stopping.clone(), on_connect.clone());
        let app = app()
            .into_factory()
            .map_err(|error| error.into().error_response());
        let http = HttpService::build()
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEAD_TIME)
            .client_disconnect_timeout(DISCONNECT_TIME)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(move |connection: &Connection, data| {
                data.insert(connection.reads());
                on_connect(connection.stream(), data);
            })
            .h1(map_config(app, |()| AppConfig::default()));
        fn_service(async |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            Ok((Connection::new(stream), peer))
        })
        .and_then(http)
    })?;
    Ok(listening.run())
}

fn routes(config: &mut web::ServiceConfig, is_admin_public: bool) {
    if is_admin_public {
        config.configure(admin::configure);
    }
    config
        .configure(health::public)
        .configure(feeds::configure)
        .configure(oauth::configure)
        .configure(provisioning_token::configure)
        .default_service(web::to(scim::serve));
}
