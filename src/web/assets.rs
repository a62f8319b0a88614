//! Styles and scripts of the pages: embedded in the binary, addressed by content, so that a
//! browser may keep them for ever and never mixes two versions.
//!
//! Never here: HTTP. The handler sets headers from what [`lookup`] tells.

use std::borrow::Cow;
use std::fmt::Write as _;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "src/web/assets/"]
struct Files;

/// Bytes of the content hash that stand in an address; two hex digits each.
const HASH_BYTES: usize = 8;

/// A file to serve.
#[derive(Debug)]
pub struct Asset {
    /// The content.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type, with charset where it is text.
    pub mime: &'static str,
    /// The address carried the hash of exactly these bytes: it may be cached for ever. Otherwise
    /// (a page drawn by another version of the server) it must not be cached at all.
    pub immutable: bool,
}

/// The address of an embedded file: `asset("app.css")` is `/assets/app.<hash>.css`.
///
/// A name that is not embedded gives a plain address, which [`lookup`] answers with nothing; the
/// test below reads every template, so a misspelt name does not get that far.
#[must_use]
pub fn asset(name: &str) -> String {
    match (Files::get(name), name.rsplit_once('.')) {
        (Some(file), Some((stem, extension))) => {
            let hash = short_hash(&file.metadata.sha256_hash());
            format!("/assets/{stem}.{hash}.{extension}")
        }
        _ => format!("/assets/{name}"),
    }
}

/// Finds what `/assets/{path}` names; `None` is 404.
#[must_use]
pub fn lookup(path: &str) -> Option<Asset> {
    let (rest, extension) = path.rsplit_once('.')?;
    let (stem, asked) = rest.rsplit_once('.')?;
    let file = Files::get(&format!("{stem}.{extension}"))?;
    let immutable = short_hash(&file.metadata.sha256_hash()) == asked;
    Some(Asset { bytes: file.data, mime: mime(extension), immutable })
}

fn short_hash(sha256: &[u8; 32]) -> String {
    sha256.iter().take(HASH_BYTES).fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn mime(extension: &str) -> &'static str {
    match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_back_to_its_bytes() {
        let url = asset("app.css");
        let found = lookup(url.strip_prefix("/assets/").unwrap()).unwrap();
        assert!(found.immutable);
        assert_eq!(found.mime, "text/css; charset=utf-8");
        assert!(found.bytes.starts_with(b"/* The whole look"));
    }

    #[test]
    fn another_versions_address_is_answered_but_not_kept() {
        assert!(!lookup("app.0000000000000000.css").unwrap().immutable);
        assert!(lookup("absent.0000000000000000.css").is_none());
        assert!(lookup("../assets.rs").is_none());
    }

    /// The strict content security policy refuses inline script and style, and a misspelt asset
    /// name is only found by a browser: both are looked for in every template.
    #[test]
    fn templates_name_only_what_is_embedded_and_nothing_inline() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/templates");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for name in text.split("asset(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(Files::get(name).is_some(), "{path:?} asks for absent {name}");
                seen += 1;
            }
            for inline in [" style=", "<style", " onclick=", " onsubmit=", "<script>"] {
                assert!(!text.contains(inline), "{path:?} holds {inline}");
            }
        }
        assert!(seen > 0, "no template asks for a style or script");
    }
}
