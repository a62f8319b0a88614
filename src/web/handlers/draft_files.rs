//! Files of a notice, for those who write, judge and send it. Sent with the type that was proved,
//! never with the one a browser once claimed.

use std::io::Read as _;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;

use crate::adapters::files::Opened;
use crate::adapters::files::sniff::FileKind;
use crate::domain::file_name::FileName;
use crate::domain::ids::{FileId, NoticeId};
use crate::service::Service;
use crate::service::compose;
use crate::web::address;
use crate::web::error::WebError;
use crate::web::session::Staff;

/// Bytes read from the store at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// One file.
pub(in crate::web) async fn show(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let notice: NoticeId = address::id(&request, "notice")?;
    let wanted: FileId = address::id(&request, "file")?;
    let (file, opened) = web::block(move || {
        let open = compose::load_whatever_state(&service, &staff.account, notice)?;
        let file = open.files.into_iter().find(|file| file.id == wanted);
        let gone = || WebError::Conflict("这份文件不在本件里，可能已被移除".to_owned());
        let file = file.ok_or_else(gone)?;
        let opened = service.files.open(&file.sha256);
        opened.map(|opened| (file, opened)).map_err(|fault| WebError::Internal(fault.to_string()))
    })
    .await??;
    let kind = FileKind::of_media_type(&file.media_type);
    let inline = kind.is_some_and(FileKind::may_show_inline);
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, file.media_type))
        .insert_header((
            header::CONTENT_DISPOSITION,
            FileName::clean(&file.name).content_disposition(inline),
        ))
        .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"))
        .body(actix_web::body::SizedStream::new(opened.size, chunks(opened))))
}

fn chunks(
    opened: Opened,
) -> impl futures_util::Stream<Item = Result<web::Bytes, WebError>> + 'static {
    stream::try_unfold(opened.reader, |mut reader| async move {
        web::block(move || {
            let mut bytes = vec![0u8; CHUNK_BYTES];
            let n = reader.read(&mut bytes).map_err(|why| WebError::Internal(why.to_string()))?;
            bytes.truncate(n);
            Ok((n > 0).then(|| (web::Bytes::from(bytes), reader)))
        })
        .await?
    })
}
