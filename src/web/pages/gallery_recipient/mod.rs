//! Draws every page of this side with realistic content into `target/gallery-recipient/`, for
//! people to look at and photograph, and holds what must be true of all of them.

mod calls;
mod fixtures;
mod small;

use std::path::PathBuf;

/// A drawn page: a file name without ending, and its HTML as it leaves the server.
type Drawn = (&'static str, String);

fn gallery() -> Vec<Drawn> {
    let mut pages = fixtures::notice_pages();
    pages.extend(fixtures::after_signing());
    pages.extend(small::sheets());
    pages.extend(small::doors());
    pages.extend(calls::calls());
    pages
}

fn source(path: &str) -> String {
    std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Puts the styles into the page, so that the file can be opened from disk.
fn with_styles_inside(html: &str) -> String {
    let mut page = html.to_owned();
    for name in ["recipient.css", "sheet.css", "sheet-landscape.css"] {
        let link =
            format!("<link rel=\"stylesheet\" href=\"{}\">", crate::web::assets::asset(name));
        let style = format!("<style>{}</style>", source(&format!("src/web/assets/{name}")));
        page = page.replace(&link, &style);
    }
    page
}

#[test]
fn every_page_is_drawn_into_the_gallery() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/gallery-recipient");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, html) in gallery() {
        let page = with_styles_inside(&html);
        assert!(!page.contains("/assets/"), "{name} asks for a style the gallery does not know");
        std::fs::write(folder.join(format!("{name}.html")), page).unwrap();
    }
    std::fs::write(folder.join("mail-part.html"), small::MAIL_HTML).unwrap();
}

#[test]
fn pages_need_no_script_and_nothing_from_elsewhere() {
    for (name, html) in gallery() {
        for refused in ["<script", "<style", " style=", " onclick=", "src=\"http", "javascript:"] {
            assert!(!html.contains(refused), "{name} holds {refused}");
        }
    }
}

/// product: the pages stay under 100 KB without the files.
#[test]
fn a_recipients_page_with_its_style_is_small() {
    const PAGE_BYTES_MAX: usize = 100_000;
    for (name, html) in fixtures::notice_pages() {
        let bytes = with_styles_inside(&html).len();
        assert!(bytes < PAGE_BYTES_MAX, "{name} weighs {bytes} bytes");
    }
}

#[test]
fn every_field_has_a_label_and_every_reference_a_target() {
    for (name, html) in gallery() {
        for tag in html.split('<').filter(|tag| tag.starts_with("input") || tag.starts_with("text"))
        {
            if tag.contains("type=\"hidden\"") {
                continue;
            }
            let id = attribute(tag, "id").unwrap_or_else(|| panic!("{name}: {tag} has no id"));
            assert!(html.contains(&format!("for=\"{id}\"")), "{name}: no label for {id}");
            for target in attribute(tag, "aria-describedby").unwrap_or_default().split(' ') {
                let known = target.is_empty() || html.contains(&format!("id=\"{target}\""));
                assert!(known, "{name}: {id} is described by absent {target}");
            }
        }
        for jump in html.split("href=\"#").skip(1) {
            let id = jump.split('"').next().unwrap();
            assert!(html.contains(&format!("id=\"{id}\"")), "{name}: jumps to absent {id}");
        }
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()
}

#[test]
fn every_post_carries_the_form_token_and_one_act_is_primary() {
    for (name, html) in gallery() {
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            let safe = form.contains("method=\"get\"") || form.contains("name=\"form_token\"");
            assert!(safe, "{name}: a form without token");
        }
        let filled = html.matches("btn-primary").count() + html.matches("btn-danger").count();
        assert!(filled <= 1, "{name} has {filled} primary buttons");
    }
}

/// The sheet writes colours out; this keeps them the agreed ones.
#[test]
fn styles_use_only_the_agreed_colours() {
    const KNOWN: [&str; 11] = [
        "1a1a1a", "595959", "d9d9d9", "ffffff", "f6f5f2", "b80f0a", "9a4a00", "7a5c00", "1b6e3c",
        "1d5fa8", "767676",
    ];
    for file in ["recipient.css", "sheet.css", "sheet-landscape.css"] {
        let css = source(&format!("src/web/assets/{file}"));
        for word in css.split('#').skip(1) {
            let hex: String = word.chars().take_while(char::is_ascii_hexdigit).collect();
            let colour = hex.len() == 6 && !word.starts_with("mode");
            assert!(!colour || KNOWN.contains(&hex.as_str()), "{file} uses #{hex}");
        }
    }
}

#[test]
fn what_people_typed_is_escaped() {
    let html = fixtures::hostile_page();
    assert!(!html.contains("<img"), "typed markup came out as markup");
    assert!(html.contains("&#60;img"), "typed text was lost");
}
