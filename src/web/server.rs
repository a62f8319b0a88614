//! The HTTP server as every caller starts it: `serve`, the demo, tests and measurements get the
//! same limits, headers and guards. Never here: where to listen, and when to stop.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};

use super::bad_links::BadLinks;
use super::site::Site;
use super::{configure, headers, host, telling};
use crate::service::Service;
use crate::service::demo_mailbox::DemoMailbox;

/// How long a connection may rest between two requests.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// How long a browser may take to send the head of a request.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// How long a connection may take to close.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);
/// How long requests under way may still run after a stop was asked for, in seconds.
const STOP_WITHIN_S: u64 = 20;
/// Connections that may wait to be accepted: a whole province opens its mail in one minute.
const BACKLOG: u32 = 4_096;
/// Connections of one worker, at most; the rest wait in the backlog.
const CONNECTIONS_PER_WORKER_MAX: usize = 10_000;

/// Puts the whole site behind `listener`, with the mails of a demonstration where there are any.
///
/// Signals are the caller's: `server.handle().stop(true)` lets requests under way finish, for
/// 20 seconds at most. Nothing is served until the server is awaited.
///
/// # Errors
/// The listener cannot be used.
pub fn server(
    service: Service,
    site: Site,
    mailbox: Option<DemoMailbox>,
    listener: TcpListener,
) -> io::Result<Server> {
    let mailbox = mailbox.map(web::Data::new);
    let (service, site) = (web::Data::new(service), web::Data::new(site));
    let bad_links = web::Data::new(BadLinks::default());
    let server = HttpServer::new(move || {
        let app = App::new().app_data(service.clone()).app_data(site.clone());
        let mut app = app.app_data(bad_links.clone());
        if let Some(mailbox) = &mailbox {
            app = app.app_data(mailbox.clone());
        }
        // The last one wrapped is the outermost.
        app.configure(configure)
            .wrap(from_fn(host::require_ours))
            .wrap(headers::on_every_answer(site.is_secure()))
            .wrap(from_fn(telling::tell))
    })
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEAD_WITHIN)
    .client_disconnect_timeout(CLOSE_WITHIN)
    .shutdown_timeout(STOP_WITHIN_S)
    .max_connections(CONNECTIONS_PER_WORKER_MAX)
    .backlog(BACKLOG)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(server)
}
