//! What a mail that came back means: read from the fields of RFC 3464, never guessed from prose.
//!
//! Pure. An automatic reply is neither an answer nor a failure; a delay is a note; only a report
//! that says `Action: failed` shows that an address does not work.

use super::words::word_enum;

word_enum! {
    /// What came back.
    pub enum BounceKind {
        /// It will never arrive.
        Failed = "failed", "退信";
        /// It has not arrived yet; somebody still tries.
        Delayed = "delayed", "延迟";
        /// It arrived.
        Delivered = "delivered", "已达";
        /// A machine answered: out of office and the like.
        Automatic = "automatic", "自动答复";
        /// Neither a report nor an automatic reply, or of a mail that is not ours.
        Unknown = "unknown", "无法识别";
        /// A report of failure that proves no mail of ours.
        Forged = "forged", "来历不明的退信";
    }
}

/// What a report says of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientStatus {
    /// `failed`, `delayed`, `delivered`, `relayed`, `expanded`.
    pub action: String,
    /// Such as `5.1.1`.
    pub status: String,
    /// What the last server said: one line without addresses.
    pub diagnostic: String,
}

const DIAGNOSTIC_CHARS_MAX: usize = 200;

/// Reads the fields of a `message/delivery-status` part (RFC 3464 §2).
#[must_use]
pub fn recipient_statuses(part: &str) -> Vec<RecipientStatus> {
    let unfolded = part.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let groups = unfolded.split("\n\n").map(|group| {
        let field = |name: &str| {
            let found = group.lines().filter_map(|line| line.split_once(':'));
            let found = found.filter(|(known, _)| known.trim().eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim().to_owned()).next()
        };
        let action = field("action")?.to_ascii_lowercase();
        let action: String = action.chars().take_while(char::is_ascii_alphabetic).collect();
        let status = field("status").unwrap_or_default();
        let status: String =
            status.chars().take_while(|c| c.is_ascii_digit() || *c == '.').take(12).collect();
        let said = field("diagnostic-code").unwrap_or_default();
        let said = said.split_once(';').map_or(said.as_str(), |(_, said)| said);
        Some(RecipientStatus { action, status, diagnostic: one_line(said) })
    });
    groups.flatten().collect()
}

/// What the reports of one mail amount to: the worst of them.
#[must_use]
pub fn amounts_to(all: &[RecipientStatus]) -> Option<(BounceKind, &RecipientStatus)> {
    let of = |action: &str| all.iter().find(|one| one.action == action);
    let arrived = || ["delivered", "relayed", "expanded"].into_iter().find_map(of);
    of("failed")
        .map(|one| (BounceKind::Failed, one))
        .or_else(|| of("delayed").map(|one| (BounceKind::Delayed, one)))
        .or_else(|| arrived().map(|one| (BounceKind::Delivered, one)))
}

fn one_line(text: &str) -> String {
    let words = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| if word.contains('@') { "<address>" } else { word });
    let words: Vec<&str> = words.collect();
    words.join(" ").chars().take(DIAGNOSTIC_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_any_case_folded_and_with_comments() {
        let part = "Reporting-MTA: dns; mx.example\r\n\r\nFINAL-RECIPIENT: rfc822; a@x.example\r\n\
                    action: Failed (no such user)\r\nSTATUS: 5.1.1 (bad)\r\n\
                    Diagnostic-Code: smtp; 550 5.1.1\r\n <a@x.example>:\r\n\tunknown\r\n";
        let found = recipient_statuses(part);
        let wanted = RecipientStatus {
            action: "failed".into(),
            status: "5.1.1".into(),
            diagnostic: "550 5.1.1 <address> unknown".into(),
        };
        assert_eq!(found, [wanted]);
    }

    #[test]
    fn one_failure_among_several_is_a_failure_and_prose_is_nothing() {
        let part = "Action: delivered\nStatus: 2.0.0\n\nAction: failed\nStatus: 4.4.7\n\n\
                    Action: delayed\nStatus: 4.2.1\n";
        let all = recipient_statuses(part);
        assert_eq!(amounts_to(&all).unwrap().0, BounceKind::Failed);
        assert_eq!(amounts_to(&all[2..]).unwrap().0, BounceKind::Delayed);
        assert_eq!(amounts_to(&all[..1]).unwrap().0, BounceKind::Delivered);
        assert!(amounts_to(&recipient_statuses("the action failed: 550")).is_none());
    }
}
