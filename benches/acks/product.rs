//! The product's side: its real route over its real store. (Stands in with the limit until the route lands.)

use crate::support::side::Place;

pub(crate) fn serve(place: &Place) -> anyhow::Result<()> {
    crate::limit::serve(place)
}

pub(crate) fn recount(place: &Place, answered: usize) -> anyhow::Result<()> {
    crate::limit::recount(place, answered)
}
