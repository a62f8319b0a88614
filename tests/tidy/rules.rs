//! The rules: each takes files and answers with one line per fault.

use super::scan::{File, code_only, imports, word_starts};
use super::{CRATES, FLOORS, LINE_CHARS_MAX, MACHINE_WORDS, SRC_LINES_MAX, TEST_LINES_MAX, WORDS};

/// Every `crate::…` path in `src/` stands in the table of floors. Returns paths checked, faults.
pub(crate) fn floors(files: &[File]) -> (usize, Vec<String>) {
    let mut checked = 0;
    let mut faults = Vec::new();
    for file in rust_in_src(files) {
        let floor = file.floor().unwrap_or_default();
        let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == floor) else {
            faults.push(format!("{}: floor `{floor}` is not in the table", file.path));
            continue;
        };
        let code = code_only(&file.text);
        let mut found = imports(&code, "crate");
        found.extend(imports(&code, "qianshou"));
        for import in found {
            checked += 1;
            let path = import.path.as_str();
            if !is_under(path, floor) && !permits(allowed, path) {
                let at = format!("{}:{}", file.path, import.line);
                faults.push(format!("{at}: `{floor}` may not import `{path}`"));
            }
        }
        let depth = module_depth(file);
        let climb = "super::".repeat(depth);
        for (start, _) in code.match_indices(&climb) {
            if word_starts(&code, start) && depth > 1 {
                let line = code[..start].matches('\n').count() + 1;
                faults.push(format!("{}:{line}: climbs to the root; write `crate::`", file.path));
            }
        }
    }
    (checked, faults)
}

fn is_under(path: &str, room: &str) -> bool {
    path.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn permits(allowed: &[&str], path: &str) -> bool {
    let taken = allowed.iter().filter_map(|a| a.strip_prefix('!')).any(|a| is_under(path, a));
    !taken && allowed.iter().any(|a| is_under(path, a))
}

/// How many `super::` lead from the file's own module to the crate root.
fn module_depth(file: &File) -> usize {
    let Some(path) = file.in_src() else { return usize::MAX };
    let segments = path.split('/').count();
    if path.ends_with("/mod.rs") { segments - 1 } else { segments }
}

/// Crates are named only where the table says; every dependency has a line in it.
pub(crate) fn crates(files: &[File], manifest: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for name in dependencies(manifest) {
        if !CRATES.iter().any(|(known, _)| *known == name) {
            faults.push(format!("Cargo.toml: `{name}` has no line in the table of crates"));
        }
    }
    for file in rust_in_src(files) {
        let code = code_only(&file.text);
        for (name, places) in CRATES {
            if allowed_here(file, places) {
                continue;
            }
            for (start, _) in code.match_indices(&format!("{name}::")) {
                if word_starts(&code, start) {
                    let line = code[..start].matches('\n').count() + 1;
                    let at = format!("{}:{line}", file.path);
                    faults.push(format!("{at}: `{name}` may be named only in {places:?}"));
                }
            }
        }
    }
    faults
}

fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
        } else if let (true, Some((name, _))) = (inside, line.split_once('='))
            && !name.starts_with('#')
        {
            names.push(name.trim().replace('-', "_"));
        }
    }
    names
}

/// Words that have one place, such as the names of engines and questions to the clock.
pub(crate) fn words(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in rust_in_src(files) {
        let code = code_only(&file.text);
        for (word, places, why) in WORDS {
            if allowed_here(file, places) {
                continue;
            }
            for (line, text) in code.lines().enumerate() {
                if text.contains(word) {
                    faults.push(format!("{}:{}: `{word}`: {why}", file.path, line + 1));
                }
            }
        }
    }
    faults
}

fn allowed_here(file: &File, places: &[&str]) -> bool {
    let path = file.in_src().unwrap_or_default();
    // a folder ends in `/`, a file in `.rs`; a bare name is the file or the folder of that name
    places.iter().any(|place| {
        path.strip_prefix(place).is_some_and(|rest| {
            place.is_empty() || place.ends_with('/') || rest.is_empty() || !is_word(rest)
        })
    })
}

fn is_word(rest: &str) -> bool {
    rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Only `Store::write` makes a `Tx`, and only `service` asks for one.
pub(crate) fn commits(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in rust_in_src(files) {
        if matches!(file.floor(), Some("store" | "service" | "app" | "lib")) {
            continue;
        }
        for (line, text) in code_only(&file.text).lines().enumerate() {
            if text.contains("mut Tx") {
                let at = format!("{}:{}", file.path, line + 1);
                faults.push(format!("{at}: only `service` opens write transactions"));
            }
        }
    }
    faults
}

/// Files and lines stay short, rooms say what they are for, tests are not switched off.
pub(crate) fn shape(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let path = &file.path;
        let most = if file.in_src().is_some() { SRC_LINES_MAX } else { TEST_LINES_MAX };
        let count = file.text.lines().count();
        if count > most {
            faults.push(format!("{path}: {count} lines, at most {most}: make two rooms of it"));
        }
        if !file.text.starts_with("//! ") {
            faults.push(format!("{path}: starts without a `//!` header: what is it for?"));
        }
        for (line, text) in file.text.lines().enumerate() {
            if text.chars().count() > LINE_CHARS_MAX {
                faults.push(format!("{path}:{}: longer than {LINE_CHARS_MAX}", line + 1));
            }
        }
        if code_only(&file.text).contains("#[ignore") {
            faults.push(format!("{path}: a test is switched off: run it or remove it"));
        }
    }
    faults
}

/// Every template is named by a struct or another template, every asset by something.
pub(crate) fn templates(files: &[File]) -> Vec<String> {
    let named: Vec<&str> = files.iter().flat_map(|file| quoted_paths(file)).collect();
    let mut faults = Vec::new();
    for file in files {
        let Some(path) = file.in_src() else { continue };
        let asset = path.starts_with("web/assets/");
        let template = !asset && (path.ends_with(".html") || path.ends_with(".txt"));
        let used = || {
            named.iter().any(|name| {
                let name = name.trim_start_matches("./").trim_start_matches("../");
                path.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
            })
        };
        if (template || asset) && !used() {
            faults.push(format!("{}: nothing names it: use it or remove it", file.path));
        }
    }
    faults
}

/// Texts in quotes that look like a path to a file.
fn quoted_paths(file: &File) -> Vec<&str> {
    if file.in_src().is_none() {
        return Vec::new();
    }
    file.text
        .split(['"', '\'', '(', ')', ' ', '\n'])
        .filter(|text| text.contains('.') && text.len() < 120 && !text.starts_with('.'))
        .map(|text| text.trim_start_matches("/assets/").trim_start_matches("assets/"))
        .collect()
}

/// Nothing in the project is true on one machine only.
pub(crate) fn machine(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        for (line, text) in file.text.lines().enumerate() {
            for word in MACHINE_WORDS.iter().filter(|word| text.contains(**word)) {
                faults.push(format!("{}:{}: contains `{word}`", file.path, line + 1));
            }
        }
    }
    faults
}

fn rust_in_src(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.is_rust() && file.in_src().is_some())
}
