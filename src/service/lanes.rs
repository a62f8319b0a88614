//! The ways into the writer for acts of recipients, which come in bursts: a 特提 to three
//! thousand organisations is opened and signed within minutes.

use super::acknowledge::AcknowledgeAct;
use super::note::NoteAct;
use crate::store::{Lane, Store};

/// One lane per kind of act. Cheap to clone; clones lead into the same lanes.
#[derive(Clone)]
pub struct Lanes {
    /// Signatures.
    pub acknowledge: Lane<AcknowledgeAct>,
    /// Notes that a page was fetched or opened, or a file taken.
    pub note: Lane<NoteAct>,
}

impl Lanes {
    /// Opens the lanes of a store.
    #[must_use]
    pub fn open(store: &Store) -> Self {
        Self { acknowledge: store.lane(AcknowledgeAct), note: store.lane(NoteAct) }
    }
}
