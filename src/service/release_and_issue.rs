//! 核发并发出: the second person's word, or for a level that needs one the leader's word by
//! telephone, recorded by the duty officer (先发后补). Either issues in the same transaction.

use super::Service;
use super::issue::{Approval, IssueRefused, IssueRequest, Issued, issue_by};
use crate::domain::account::Account;
use crate::domain::time::Timestamp;

/// Releases a notice that waits for it, and issues it.
///
/// # Errors
/// [`IssueRefused`] says what to do.
pub fn release_and_issue(
    service: &Service,
    account: &Account,
    request: &IssueRequest,
) -> Result<Issued, IssueRefused> {
    issue_by(service, account, request, &Approval::Release)
}

/// An oral approval as it was typed.
#[derive(Debug, Clone, Default)]
pub struct OralApproval {
    /// Who approved.
    pub by: String,
    /// When; none if it could not be read.
    pub at: Option<Timestamp>,
    /// By which telephone or other way.
    pub how: String,
}

/// Issues on an oral approval; the formal 核发 is owed afterwards, and the decision says so.
///
/// # Errors
/// [`IssueRefused`] says what to do.
pub fn issue_on_oral_approval(
    service: &Service,
    account: &Account,
    request: &IssueRequest,
    oral: OralApproval,
) -> Result<Issued, IssueRefused> {
    let said = |text: String, field| match text.trim() {
        "" => Err(IssueRefused::OralIncomplete(field)),
        text => Ok(text.to_owned()),
    };
    let by = said(oral.by, "oral_by")?;
    let at = oral.at.filter(|at| *at <= service.now());
    let at = at.ok_or(IssueRefused::OralIncomplete("oral_at"))?;
    let how = said(oral.how, "oral_how")?;
    issue_by(service, account, request, &Approval::Oral { by, at, how })
}
