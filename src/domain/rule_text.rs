//! Rules that an administrator may change: which there are. Each is kept as the text that was
//! typed, one version after the other; what is shipped is version 0.

use super::words::word_enum;

word_enum! {
    /// Which rules.
    pub enum RuleKind {
        /// What each level of urgency demands.
        Policy = "policy", "等级规则";
        /// Which days are worked.
        Calendar = "calendar", "放假安排";
    }
}
