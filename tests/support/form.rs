//! A form as a browser without script has it: what its controls hold is what a press sends, and
//! a page that comes back is read anew. Never here: which fields there are.

use std::fmt::Write as _;

use super::door::{Heard, Visitor};

/// The controls of the first form of a page that holds a control of that name.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    /// Where it is posted.
    pub(crate) action: String,
    /// The controls a browser would send, in the order of the page.
    pub(crate) fields: Vec<(String, String)>,
    body: String,
}

impl Form {
    /// Reads the form that holds `control`.
    pub(crate) fn holding(page: &str, control: &str) -> Option<Self> {
        let mark = format!("name=\"{control}\"");
        let mut forms =
            page.split("<form ").skip(1).filter_map(|part| part.split("</form>").next());
        let body = forms.find(|form| form.contains(&mark))?;
        let action = attribute(body.split('>').next()?, "action")?;
        Some(Self { action, fields: controls(body), body: body.to_owned() })
    }

    /// What a control holds.
    pub(crate) fn text(&self, name: &str) -> &str {
        let held = self.fields.iter().find(|(known, _)| known == name);
        held.unwrap_or_else(|| panic!("the page has no control {name}")).1.as_str()
    }

    /// Types into a control that the page shows.
    pub(crate) fn type_in(&mut self, name: &str, text: &str) {
        let held = self.fields.iter_mut().find(|(known, _)| known == name);
        text.clone_into(&mut held.unwrap_or_else(|| panic!("no control {name}")).1);
    }

    /// Ticks the box `name` of the row that is labelled so.
    pub(crate) fn tick(&mut self, name: &str, label: &str) {
        let row = format!("<span>{label}</span>");
        let rows = self.body.split("<li").filter(|part| part.contains(&row));
        let boxes: Vec<String> = rows
            .flat_map(|row| row.split("<input ").skip(1))
            .filter_map(|rest| rest.split('>').next())
            .filter(|tag| attribute(tag, "name").as_deref() == Some(name))
            .filter_map(|tag| attribute(tag, "value"))
            .collect();
        let [value] = boxes.as_slice() else { panic!("{label}: {} boxes", boxes.len()) };
        self.fields.push((name.to_owned(), value.clone()));
    }

    /// The values of the buttons `name` that begin so.
    pub(crate) fn buttons(&self, name: &str, begin: &str) -> Vec<String> {
        let tags = self.body.split("<button ").skip(1).filter_map(|rest| rest.split('>').next());
        tags.filter(|tag| attribute(tag, "name").as_deref() == Some(name))
            .filter_map(|tag| attribute(tag, "value"))
            .filter(|value| value.starts_with(begin))
            .collect()
    }

    /// The body of a multipart post of it with one button pressed and these files chosen.
    pub(crate) fn multipart(
        &self,
        button: (&str, &str),
        files: &[(&str, &str, &[u8])],
    ) -> (String, Vec<u8>) {
        const LINE: &str = "----form-of-a-test-7f3a9c";
        let mut body = Vec::new();
        let pressed = (button.0.to_owned(), button.1.to_owned());
        for (name, value) in self.fields.iter().chain([&pressed]) {
            let value = value.replace('\n', "\r\n");
            let head = format!("--{LINE}\r\nContent-Disposition: form-data; name=\"{name}\"");
            body.extend_from_slice(format!("{head}\r\n\r\n{value}\r\n").as_bytes());
        }
        for (name, file_name, bytes) in files {
            let mut head = format!("--{LINE}\r\nContent-Disposition: form-data; name=\"{name}\"");
            let _ = write!(head, "; filename=\"{file_name}\"\r\n");
            head.push_str("Content-Type: application/octet-stream\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{LINE}--\r\n").as_bytes());
        (format!("multipart/form-data; boundary={LINE}"), body)
    }
}

fn controls(form: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for part in form.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let kind = attribute(tag, "type").unwrap_or_default();
        let Some(name) = attribute(tag, "name") else {
            // The chosen option of the list that was met last.
            if tag.starts_with("option") && tag.ends_with(" selected") {
                let value = attribute(tag, "value").unwrap_or_default();
                let chosen: Option<&mut (String, String)> = found.last_mut();
                if let Some((_, held)) = chosen {
                    *held = value;
                }
            }
            continue;
        };
        if tag.starts_with("input") && kind != "file" {
            let boxes = matches!(kind.as_str(), "checkbox" | "radio");
            if !boxes || tag.ends_with(" checked") {
                found.push((name, attribute(tag, "value").unwrap_or_default()));
            }
        } else if tag.starts_with("textarea") {
            found.push((name, unescape(text.strip_prefix('\n').unwrap_or(text))));
        } else if tag.starts_with("select") {
            found.push((name, String::new()));
        }
    }
    found
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let mark = format!(" {name}=\"");
    let tag = format!(" {tag}");
    let from = tag.find(&mark)? + mark.len();
    tag[from..].split('"').next().map(unescape)
}

fn unescape(text: &str) -> String {
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}

/// Posts a form as the page has it, with one button pressed.
pub(crate) fn press(visitor: &mut Visitor, form: &Form, button: (&str, &str)) -> Heard {
    let fields: Vec<(&str, &str)> = form
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain([button])
        .collect();
    visitor.post(&form.action, &fields)
}
