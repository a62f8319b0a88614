//! 签收回执 on paper: everything the receipt binds, and how to check it without the server.
//! A 题录: it never imitates an official form or a seal.

use askama::Template;

/// The print sheet of one receipt, A4.
#[derive(Clone, Debug, Template)]
#[template(path = "receipt_print.html")]
pub struct ReceiptSheet {
    /// 回执号.
    pub receipt_number: String,
    /// The name of the organisation when it signed.
    pub organization: String,
    /// Its typed id.
    pub organization_id: String,
    /// What joins organisation and statement: `签收：`, `（代收）签收：`.
    pub mode_sentence: String,
    /// The statement shown to the signer, word for word.
    pub statement: String,
    /// 标题.
    pub title: String,
    /// 发文字号.
    pub document_number: String,
    /// 等级 as printed.
    pub level_line: String,
    /// 发电单位.
    pub dispatching_organ: String,
    /// The typed id of the notice.
    pub notice_id: String,
    /// `第1版`.
    pub version: String,
    /// As stated.
    pub signer_name: String,
    /// As stated.
    pub signer_post: String,
    /// As stated.
    pub signer_phone: String,
    /// 本单位签收, 代收 or 电话确认.
    pub mode_word: String,
    /// By whose authority, for 代收.
    pub authority: Option<String>,
    /// How far the signer was verified, in words.
    pub grade_word: String,
    /// Server time to the second with zone: `2026年11月23日 14:35:07（北京时间）`.
    pub signed_at: String,
    /// `逾期 12 分钟`.
    pub late: Option<String>,
    /// The other server times the receipt binds, in order.
    pub times: Vec<SheetTime>,
    /// By which way the link came: `邮件链接`.
    pub channel: String,
    /// Every file that was offered.
    pub files: Vec<SheetFile>,
    /// The leaf hash of the event, hexadecimal in groups; see [`hash_groups`].
    pub leaf_hash: Vec<String>,
    /// Name or fingerprint of the public key.
    pub key_name: String,
    /// Name of the receipt file.
    pub file_name: String,
    /// Name under which the public key is published.
    pub key_file: String,
    /// When and by whom this sheet was printed.
    pub printed: String,
    /// The page it belongs to.
    pub back_href: String,
}

/// A labelled server time.
#[derive(Clone, Debug)]
pub struct SheetTime {
    /// `首次打开`.
    pub label: String,
    /// The time, or 未记录.
    pub value: String,
}

/// A file as the receipt binds it.
#[derive(Clone, Debug)]
pub struct SheetFile {
    /// `正文`, `附件1`.
    pub label: String,
    /// The file name.
    pub name: String,
    /// Exact: `1,258,291 字节`.
    pub size: String,
    /// SHA-256, hexadecimal in groups; see [`hash_groups`].
    pub sha256: Vec<String>,
}

/// Hexadecimal digits between two gaps: short enough to compare by eye.
const GROUP_DIGITS: usize = 8;

/// Cuts a hexadecimal hash into groups that a person can compare.
#[must_use]
pub fn hash_groups(hex: &str) -> Vec<String> {
    let digits: Vec<char> = hex.chars().collect();
    digits.chunks(GROUP_DIGITS).map(|group| group.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hold_every_digit_in_order() {
        let hex = "00112233445566778899aabbccddeeff";
        assert_eq!(hash_groups(hex), ["00112233", "44556677", "8899aabb", "ccddeeff"]);
        assert_eq!(hash_groups("0011223"), ["0011223"]);
    }
}
