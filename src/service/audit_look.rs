//! 审计 looks at a page of a notice. The auditor changes nothing, and nobody needs to trust him
//! either: that he looked is on record, once for a page that he keeps open or comes back to.
//!
//! Never here: what he may look at.

use super::{Service, ServiceError};
use crate::domain::account::{Account, Role};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{DeliveryId, EventId};
use crate::domain::time::Span;
use crate::domain::words::stored_words;
use crate::store::events::{event_append, event_facts_of_actor};
use crate::store::notices::Notice;

/// A page of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// 看板
    Board,
    /// 签收登记表
    Register,
    /// 流转记录
    Story,
    /// 回执
    Receipt,
}

stored_words!(Looked, {
    Board => "board", Register => "register", Story => "story", Receipt => "receipt",
});

impl Looked {
    /// Its name on pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Board => "看板",
            Self::Register => "签收登记表",
            Self::Story => "流转记录",
            Self::Receipt => "回执",
        }
    }
}

/// How long a look at a page that keeps itself fresh counts as one.
const ONE_LOOK: Span = Span::minutes(15);

/// Puts a look on record if it is an auditor's. Whoever draws the page asks for this first: what
/// could not be recorded is not shown.
///
/// # Errors
/// The store's own.
pub fn audit_look(
    service: &Service,
    account: &Account,
    page: Looked,
    notice: &Notice,
    delivery: Option<DeliveryId>,
) -> Result<(), ServiceError> {
    if !account.holds_any(&[Role::Auditor]) {
        return Ok(());
    }
    let (now, id) = (service.now(), notice.id);
    let actor = Actor::Account(account.id);
    let version = u32::try_from(notice.version).unwrap_or(1);
    let event =
        Event::new(EventId::new(now, service.entropy()?), EventKind::AuditorLooked, now, actor)
            .notice(id, version)
            .fact("page", page.as_str());
    let event = delivery.into_iter().fold(event, Event::delivery);
    let since = now.plus(Span::micros(-ONE_LOOK.as_micros()));
    service.store.write("audit_look", move |tx| {
        let kind = (EventKind::AuditorLooked, actor);
        let looks = event_facts_of_actor(tx, kind, id, delivery, since)?;
        if !looks.iter().any(|facts| is_of(facts, page)) {
            event_append(tx, std::slice::from_ref(&event))?;
        }
        Ok::<_, ServiceError>(())
    })
}

fn is_of(facts: &serde_json::Map<String, serde_json::Value>, page: Looked) -> bool {
    facts.get("page").and_then(serde_json::Value::as_str) == Some(page.as_str())
}
