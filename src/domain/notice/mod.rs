//! A notice (公文): what its header says, when it may be issued, and how its life goes on.
//!
//! `draft` keeps what was typed and checks it all at once; `digest` is what a release binds;
//! `release` says who may release; `state` is the life. Refuses nothing a clerk may keep in a
//! draft, and everything that must not be issued.

pub mod digest;
pub mod draft;
pub mod release;
pub mod state;

pub use digest::{DraftFile, FileRole, draft_digest, recipients_digest};
pub use draft::{
    CheckContext, DraftSignatory, Field, FieldFault, NoticeDraft, NoticeHeader, ReportBack,
};
pub use release::{
    IssueRefused, Release, ReleaseOutcome, ReleaseRefused, check_issue, check_release,
};
pub use state::{NoticeAct, NoticeState, WrongState};
