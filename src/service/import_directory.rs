//! Takes a directory over from three sheets: checked as a whole, written in one transaction, or
//! refused with every fault and nothing changed.
//!
//! Never here: reading files; whoever calls brings the bytes.

use std::collections::HashMap;

use super::{Service, ServiceError};
use crate::adapters::tables::{TableFault, read_csv};
use crate::domain::digest::Sha256Digest;
use crate::domain::directory_import::{
    DirectoryPlan, DirectorySheets, ImportEffects, ImportRefused, ImportReport, Sheet, plan,
};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{AddressId, ContactId, DeskId, EventId, OrganizationId};
use crate::domain::organization_tree::{TreeFault, TreeNode, TreePlace, tree_order};
use crate::domain::table::Table;
use crate::domain::time::Timestamp;
use crate::store::contacts::{NewContactIds, contact_import};
use crate::store::desks::desk_import;
use crate::store::events::event_append;
use crate::store::links::link_revoke_of_retired;
use crate::store::messages::message_hasten_to_retired;
use crate::store::organizations::{OrganizationBrief, organization_import, organization_list};
use crate::store::{StoreError, Tx, WriteError};

/// The three files as they were brought.
#[derive(Debug, Clone, Copy)]
pub struct DirectoryFiles<'a> {
    /// organizations.csv
    pub organizations: &'a [u8],
    /// desks.csv
    pub desks: &'a [u8],
    /// contacts.csv
    pub contacts: &'a [u8],
}

/// Why the directory is as it was before.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DirectoryRefused {
    /// A file is no table.
    #[error("{}: {why}", .sheet.file_name())]
    NoTable {
        /// Which file.
        sheet: Sheet,
        /// What is wrong, and what to do.
        why: String,
    },
    /// Rows have faults.
    #[error(transparent)]
    Rows(#[from] ImportRefused),
    /// Together with what the directory has already, the organisations form no tree.
    #[error("the sheets do not fit the directory that is there: {0}")]
    Tree(#[from] TreeFault),
    /// The use-case's own.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<StoreError> for DirectoryRefused {
    fn from(error: StoreError) -> Self {
        Self::Service(error.into())
    }
}

impl WriteError for DirectoryRefused {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Service(error) => error.store_error(),
            _ => None,
        }
    }
}

/// Three sheets that were found in order.
#[derive(Debug, Clone)]
pub struct CheckedDirectory {
    plan: DirectoryPlan,
    digests: [Sha256Digest; 3],
}

impl CheckedDirectory {
    /// What the sheets contain, in numbers.
    #[must_use]
    pub fn report(&self) -> ImportReport {
        ImportReport::of(&self.plan)
    }
}

/// Reads and checks the three sheets; writes nothing and needs no server.
///
/// # Errors
/// Every fault of every row, or the file that is no table.
pub fn check(files: DirectoryFiles<'_>) -> Result<CheckedDirectory, DirectoryRefused> {
    let organizations = table(Sheet::Organizations, files.organizations)?;
    let desks = table(Sheet::Desks, files.desks)?;
    let contacts = table(Sheet::Contacts, files.contacts)?;
    let plan = plan(DirectorySheets {
        organizations: &organizations,
        desks: &desks,
        contacts: &contacts,
    })?;
    let digests = [files.organizations, files.desks, files.contacts].map(Sha256Digest::of);
    Ok(CheckedDirectory { plan, digests })
}

fn table(sheet: Sheet, bytes: &[u8]) -> Result<Table, DirectoryRefused> {
    read_csv(bytes)
        .map_err(|why: TableFault| DirectoryRefused::NoTable { sheet, why: why.to_string() })
}

/// Makes the directory say what the sheets say. Organisations that the sheets do not name stay;
/// of those they name, contacts and addresses they no longer have are retired.
///
/// # Errors
/// [`DirectoryRefused`]; nothing was changed then.
pub fn take_over(
    service: &Service,
    actor: Actor,
    checked: CheckedDirectory,
) -> Result<ImportEffects, DirectoryRefused> {
    let now = service.now();
    let ids = SpareIds::draw(service, &checked.plan, now)?;
    let event_id = EventId::new(now, service.entropy()?);
    service.store.write("import_directory", move |tx| {
        let CheckedDirectory { plan, digests } = &checked;
        let effects = apply(tx, plan, &ids, now)?;
        // A retired address opens no page any more; what is still owed to it is due at once, so
        // that a sender cancels it and sees what that means for the delivery.
        link_revoke_of_retired(tx, now)?;
        message_hasten_to_retired(tx, now)?;
        let [organizations, desks, contacts] = *digests;
        let event = Event::new(event_id, EventKind::DirectoryImported, now, actor)
            .digest("organizations", organizations)
            .digest("desks", desks)
            .digest("contacts", contacts)
            .fact("organizations", count(plan.organizations.len()))
            .fact("desks", count(plan.desks.len()))
            .fact("contacts", count(plan.contacts.len()))
            .fact("addresses_retired", count(effects.addresses.retired));
        event_append(tx, std::slice::from_ref(&event))?;
        Ok::<_, DirectoryRefused>(effects)
    })
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// An id for each entry of the plan, used where the entry turns out to be new.
struct SpareIds {
    organizations: Vec<OrganizationId>,
    desks: Vec<DeskId>,
    contacts: Vec<NewContactIds>,
}

impl SpareIds {
    fn draw(service: &Service, plan: &DirectoryPlan, now: Timestamp) -> Result<Self, ServiceError> {
        let mut ids = Self { organizations: vec![], desks: vec![], contacts: vec![] };
        for _ in &plan.organizations {
            ids.organizations.push(OrganizationId::new(now, service.entropy()?));
        }
        for _ in &plan.desks {
            ids.desks.push(DeskId::new(now, service.entropy()?));
        }
        for planned in &plan.contacts {
            let contact = ContactId::new(now, service.entropy()?);
            let mut addresses = Vec::with_capacity(planned.addresses.len());
            for _ in &planned.addresses {
                addresses.push(AddressId::new(now, service.entropy()?));
            }
            ids.contacts.push(NewContactIds { contact, addresses });
        }
        Ok(ids)
    }
}

fn apply(
    tx: &mut Tx,
    plan: &DirectoryPlan,
    ids: &SpareIds,
    now: Timestamp,
) -> Result<ImportEffects, DirectoryRefused> {
    let places = places(&organization_list(tx)?, plan)?;
    let (codes, organizations) =
        organization_import(tx, &plan.organizations, &ids.organizations, &places, now)?;
    let named: Vec<OrganizationId> =
        plan.organizations.iter().filter_map(|one| codes.get(&one.code).copied()).collect();
    let (desk_codes, desks) = desk_import(tx, &plan.desks, &ids.desks, &codes, &named)?;
    let (contacts, addresses) =
        contact_import(tx, &plan.contacts, &ids.contacts, &codes, &desk_codes, &named, now)?;
    Ok(ImportEffects { organizations, desks, contacts, addresses })
}

/// The place of every organisation there will be: those of the plan, and those it leaves alone.
fn places(
    known: &[OrganizationBrief],
    plan: &DirectoryPlan,
) -> Result<HashMap<String, TreePlace>, TreeFault> {
    let planned: HashMap<&str, ()> =
        plan.organizations.iter().map(|one| (one.code.as_str(), ())).collect();
    let codes: HashMap<OrganizationId, &str> =
        known.iter().map(|one| (one.id, one.code.as_str())).collect();
    let left_alone = known.iter().filter(|one| !planned.contains_key(one.code.as_str()));
    let mut nodes: Vec<TreeNode<'_>> = left_alone
        .map(|one| TreeNode {
            code: &one.code,
            parent: one.parent.and_then(|id| codes.get(&id).copied()),
            region_code: &one.region_code,
            kind: one.kind,
        })
        .collect();
    nodes.extend(plan.organizations.iter().map(|one| TreeNode {
        code: &one.code,
        parent: one.parent.as_deref(),
        region_code: &one.region_code,
        kind: one.kind,
    }));
    let places = tree_order(&nodes)?;
    Ok(nodes.iter().map(|node| node.code.to_owned()).zip(places).collect())
}
