//! Listening: the web server and the workers, from the first request to an orderly end.
//!
//! A stop (SIGTERM, SIGINT) takes no new connections, lets running requests finish, then stops
//! the workers. What is not finished in time is cut; nothing answered is lost by that.

use std::io;
use std::net::{SocketAddr, TcpListener};

use tokio::signal::unix::{SignalKind, signal};

use super::App;
use crate::service::ServiceError;
use crate::web;
use crate::workers::Workers;

/// Why the server does not listen, or stopped listening.
#[derive(Debug, thiserror::Error)]
pub enum CannotServe {
    /// The address cannot be had.
    #[error("cannot listen on {address} ({error}): is another server running there?")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The server broke off.
    #[error("the web server stopped: {0}")]
    Broke(#[from] io::Error),
    /// The threads that send do not start.
    #[error("the senders do not start: {0}")]
    Workers(#[from] ServiceError),
}

/// An address that is ours, before anything is served on it; with port 0 the system chose one.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Takes the address.
    ///
    /// # Errors
    /// Somebody else has it.
    pub fn bind(address: SocketAddr) -> Result<Self, CannotServe> {
        let fault = |error| CannotServe::Listen { address, error };
        let socket = TcpListener::bind(address).map_err(fault)?;
        let address = socket.local_addr().map_err(fault)?;
        Ok(Self { socket, address })
    }

    /// The address with its real port.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl App {
    /// Serves until a stop is asked for; `ready` is called once connections are taken.
    ///
    /// # Errors
    /// The server broke off.
    pub fn serve(self, listener: Listener, ready: impl FnOnce()) -> Result<(), CannotServe> {
        actix_web::rt::System::new().block_on(self.serve_here(listener, ready))
    }

    async fn serve_here(self, listener: Listener, ready: impl FnOnce()) -> Result<(), CannotServe> {
        // First of all, so that a stop asked for while starting is an orderly one too.
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let senders = usize::try_from(self.senders).unwrap_or(1);
        let workers = Workers::start(&self.service, senders)?;
        let mailbox = self.demo_mailbox.clone();
        let server =
            web::server(self.service.clone(), self.site.clone(), mailbox, listener.socket)?;
        let handle = server.handle();
        actix_web::rt::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("stopping: running requests may finish");
            handle.stop(true).await;
        });
        tracing::info!(address = %listener.address, "listening");
        ready();
        server.await?;
        actix_web::rt::task::spawn_blocking(move || workers.stop()).await.ok();
        tracing::info!("stopped");
        Ok(())
    }
}
