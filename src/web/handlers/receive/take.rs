//! 打开 and 下载. The bytes go out in pieces, after the note that they were asked for is durable.

use std::io::Read as _;

use actix_web::body::SizedStream;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream::{self, Stream};

use super::{fill, page_path};
use crate::adapters::files::Opened;
use crate::domain::file_name::FileName;
use crate::domain::ids::FileId;
use crate::service::Service;
use crate::service::download::{Taking, take_file};
use crate::service::open::open_text;
use crate::web::address;
use crate::web::error::WebError;
use crate::web::forms::Posted;
use crate::web::respond::see_other;
use crate::web::visit::Visit;

/// What a handed-out file may do in a browser: nothing. A PDF viewer is a plug-in to some
/// browsers, which a sandbox would switch off; it gets a policy that lets in nothing else.
const FILE_POLICY: &str = "default-src 'none'; sandbox";
const VIEWER_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'none'";

/// Bytes handed to the network at a time.
const PIECE_BYTES: usize = 64 * 1_024;

/// Opens the text of the page.
pub(in crate::web) async fn text(
    service: web::Data<Service>,
    visit: Visit,
    _posted: Posted,
) -> Result<HttpResponse, WebError> {
    open_text(&service, &visit)?.ready().await?;
    Ok(see_other(&format!("{}#body", page_path(visit.delivery))))
}

/// Opens a file in the browser.
pub(in crate::web) async fn look(
    service: web::Data<Service>,
    visit: Visit,
    request: HttpRequest,
    _posted: Posted,
) -> Result<HttpResponse, WebError> {
    hand_out(service, visit, address::id(&request, "file")?, Taking::Look).await
}

/// Saves a file.
pub(in crate::web) async fn keep(
    service: web::Data<Service>,
    visit: Visit,
    request: HttpRequest,
    _posted: Posted,
) -> Result<HttpResponse, WebError> {
    hand_out(service, visit, address::id(&request, "file")?, Taking::Keep).await
}

async fn hand_out(
    service: web::Data<Service>,
    visit: Visit,
    file: FileId,
    taking: Taking,
) -> Result<HttpResponse, WebError> {
    let taken = web::block(move || take_file(&service, &visit, file, taking)).await??;
    taken.noted.ready().await?;
    let inline = taking == Taking::Look && fill::may_be_looked_at(&taken.file);
    let policy = if inline { VIEWER_POLICY } else { FILE_POLICY };
    let name = FileName::clean(&taken.file.name);
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, taken.file.media_type.as_str()))
        .insert_header((header::CONTENT_DISPOSITION, name.content_disposition(inline)))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .body(SizedStream::new(taken.content.size, pieces(taken.content))))
}

/// The bytes of a file, read off the threads that serve the network.
fn pieces(content: Opened) -> impl Stream<Item = Result<web::Bytes, std::io::Error>> {
    stream::unfold(Some(content.reader), |reader| async {
        let mut reader = reader?;
        let read = web::block(move || {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            let limit = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
            reader.by_ref().take(limit).read_to_end(&mut piece).map(|_| (piece, reader))
        });
        match read.await {
            Ok(Ok((piece, _))) if piece.is_empty() => None,
            Ok(Ok((piece, reader))) => Some((Ok(web::Bytes::from(piece)), Some(reader))),
            Ok(Err(error)) => Some((Err(error), None)),
            Err(error) => Some((Err(std::io::Error::other(error)), None)),
        }
    })
}
