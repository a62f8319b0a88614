//! The receipt: as a signed file to keep, and as a sheet to print.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use super::{fill, load, page_path};
use crate::domain::human_time::{full_or_unknown_zh, length_zh};
use crate::domain::notice::FileRole;
use crate::domain::receipt::Mode;
use crate::service::Service;
use crate::service::receipt_file::{ReceiptToPrint, receipt_file, receipt_to_print};
use crate::service::receive::Receiving;
use crate::store::receipts::Receipt;
use crate::web::error::WebError;
use crate::web::pages::receipt_print::{ReceiptSheet, SheetFile, SheetTime, hash_groups};
use crate::web::respond::page;
use crate::web::visit::Visit;

/// Name under which the public key is handed out.
const KEY_FILE: &str = "receipt.pub.pem";

/// The signed file.
pub(in crate::web) async fn file(
    service: web::Data<Service>,
    visit: Visit,
) -> Result<HttpResponse, WebError> {
    let receipt = web::block(move || receipt_file(&service, &visit)).await??;
    Ok(handed_out(receipt))
}

/// A signed file, as something to keep.
pub(in crate::web::handlers) fn handed_out(receipt: Receipt) -> HttpResponse {
    let disposition = format!("attachment; filename=\"{}.jws\"", receipt.number);
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/jose"))
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .body(receipt.jws)
}

/// The sheet.
pub(in crate::web) async fn sheet(
    service: web::Data<Service>,
    visit: Visit,
) -> Result<HttpResponse, WebError> {
    let receiving = load(&service, &visit).await?;
    let printed = web::block(move || receipt_to_print(&service, &visit)).await??;
    page(&fill_sheet(&receiving, &printed))
}

fn fill_sheet(receiving: &Receiving, printed: &ReceiptToPrint) -> ReceiptSheet {
    let ReceiptToPrint { now, body, delivery, key_id } = printed;
    let header = &receiving.offer.header;
    let time =
        |label: &str, at| SheetTime { label: label.to_owned(), value: full_or_unknown_zh(at) };
    let roles = body.files.iter().map(|file| {
        let known = receiving.offer.files.iter().find(|known| known.sha256 == file.sha256);
        known.map_or(FileRole::Attachment, |known| known.role)
    });
    let files = fill::labels(roles).zip(&body.files).map(|(label, file)| SheetFile {
        label,
        name: file.name.clone(),
        size: fill::exact_size(file.size),
        sha256: hash_groups(&file.sha256.to_string()),
    });
    let late = body
        .deadline
        .filter(|_| body.late)
        .map(|deadline| format!("逾期 {}", length_zh(body.acknowledged_at.since(deadline))));
    ReceiptSheet {
        receipt_number: body.number.to_string(),
        organization: body.organization.name.clone(),
        organization_id: body.organization.id.to_string(),
        mode_sentence: match body.mode {
            Mode::OwnOrganization => "签收：",
            Mode::OnBehalf => "（代收）签收：",
            Mode::Phone => "（电话确认）签收：",
        }
        .to_owned(),
        statement: body.statement.clone(),
        title: body.title.clone().unwrap_or_else(|| header.title.clone()),
        document_number: body.document_number.clone(),
        level_line: fill::level_line(receiving),
        dispatching_organ: header.dispatching_organ.clone(),
        notice_id: body.notice.to_string(),
        version: format!("第{}版", body.version),
        signer_name: body.signer.name.clone(),
        signer_post: body.signer.post.clone(),
        signer_phone: body.signer.phone.clone(),
        mode_word: body.mode.word_zh().to_owned(),
        authority: body.authority.clone(),
        grade_word: body.grade.word_zh().to_owned(),
        signed_at: fill::exact_time(body.acknowledged_at),
        late,
        times: vec![
            time("送出", delivery.facts.handed_over_at),
            time("首次打开", delivery.facts.opened_at),
            time("首次下载", delivery.facts.downloaded_at),
        ],
        channel: channel_words(&body.channel),
        files: files.collect(),
        leaf_hash: hash_groups(&body.leaf.to_string()),
        key_name: format!("{key_id}（Ed25519）"),
        file_name: format!("{}.jws", body.number),
        key_file: KEY_FILE.to_owned(),
        printed: format!("{} 由签收页打印", fill::exact_time(*now)),
        back_href: page_path(delivery.id),
    }
}

fn channel_words(channel: &str) -> String {
    match channel {
        "email" => "邮件链接",
        "sms" => "短信链接",
        "phone" => "电话",
        other => other,
    }
    .to_owned()
}
