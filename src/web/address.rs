//! What stands in the address of a request: ids in its path, fields behind the question mark.

use std::str::FromStr;

use actix_web::HttpRequest;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::WebError;
use super::forms::Fields;

/// The id that stands in the path under `name`.
///
/// # Errors
/// [`WebError::NotFound`] for what is no such id: it names nothing.
pub(super) fn id<Id: FromStr>(request: &HttpRequest, name: &str) -> Result<Id, WebError> {
    let text = request.match_info().get(name).unwrap_or_default();
    text.parse().map_err(|_| WebError::NotFound)
}

/// The fields behind the question mark.
pub(super) fn query(request: &HttpRequest) -> Fields {
    Fields::parse(request.query_string().as_bytes())
}

/// A path with fields behind it; empty ones are left out.
pub(super) fn with_query(path: &str, fields: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    let mut mark = '?';
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        address.push(mark);
        address.push_str(name);
        address.push('=');
        address.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        mark = '&';
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back() {
        let address = with_query("/x", &[("q", "望城 &=?"), ("show", ""), ("order", "tree")]);
        let (path, query) = address.split_once('?').unwrap();
        let fields = Fields::parse(query.as_bytes());
        assert_eq!((path, fields.text("q"), fields.text("order")), ("/x", "望城 &=?", "tree"));
        assert!(!fields.has("show"));
    }
}
