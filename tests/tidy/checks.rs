//! The tests: the project obeys every rule, and every rule sees its breach.

use std::fs;
use std::path::Path;

use super::scan::File;
use super::{SRC_LINES_MAX, rules};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Folders whose text is read. What is built or installed is not looked at.
const FOLDERS: &[&str] = &["src", "tests", "benches", "config", "migrations", "docs", ".ci"];

fn project() -> Vec<File> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        collect(&Path::new(ROOT).join(folder), true, &mut files);
    }
    collect(Path::new(ROOT), false, &mut files);
    files
}

fn collect(folder: &Path, deep: bool, out: &mut Vec<File>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if deep && name != "node_modules" {
                collect(&path, deep, out);
            }
        } else if name != ".git" {
            // pictures and other bytes hold no words; their names still count
            let text = fs::read_to_string(&path).unwrap_or_default();
            let path = path.strip_prefix(ROOT).unwrap().to_str().unwrap().to_owned();
            out.push(File { path, text });
        }
    }
}

#[test]
fn the_project_obeys_every_rule() {
    let files = project();
    let manifest = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();
    let (imports, mut faults) = rules::floors(&files);
    faults.extend(rules::crates(&files, &manifest));
    faults.extend(rules::words(&files));
    faults.extend(rules::commits(&files));
    faults.extend(rules::shape(&files));
    faults.extend(rules::templates(&files));
    faults.extend(rules::machine(&files));
    println!("tidy: {} files, {imports} imports checked, {} faults", files.len(), faults.len());
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "read no source");
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// One breach per rule, as a file of its own; `None` where the code is right.
#[test]
fn every_rule_bites() {
    let floors = |files: &[File]| rules::floors(files).1;
    let crates = |files: &[File]| rules::crates(files, "[dependencies]\ndiesel = \"2\"\n");
    let long_file = format!("//! x\n{}", "\n".repeat(SRC_LINES_MAX));
    let long_line = format!("//! {}", "长".repeat(100));
    let home = format!("see {}x", concat!("/ho", "me/"));
    let cases: &[(Rule<'_>, &str, &str, Option<&str>)] = &[
        (&floors, "src/domain/a.rs", "use crate::store::Tx;", Some("`store::Tx`")),
        (&floors, "src/domain/a.rs", "use crate::{domain::b, web};", Some("`web`")),
        (&floors, "src/domain/a.rs", "fn f() { crate::app::go() }", Some("`app::go`")),
        (&floors, "src/domain/a.rs", "// crate::app\nlet s = \"crate::app\";", None),
        (&floors, "src/domain/a.rs", "use super::super::store;", Some("climbs")),
        (&floors, "src/web/a.rs", "use crate::store::{notices, Tx};", Some("`store::Tx`")),
        (&floors, "src/web/a.rs", "use crate::adapters::mail;", Some("`adapters::mail`")),
        (&floors, "src/web/a.rs", "use crate::adapters::files::Files;", None),
        (&floors, "src/workers/a.rs", "use crate::store::x;", Some("`store::x`")),
        (&floors, "src/cellar/a.rs", "", Some("not in the table")),
        (&crates, "src/service/a.rs", "use diesel::prelude::*;", Some("`diesel`")),
        (&crates, "src/store/a.rs", "use diesel::prelude::*;", None),
        (&crates, "src/service/a.rs", "use lettre::Message;", Some("`lettre`")),
        (&crates, "src/service/a.rs", "crate::cli::csv::x()", None),
        (&rules::words, "src/store/a.rs", "fn f(c: PgConnection)", Some("engine room")),
        (&rules::words, "src/service/a.rs", "SystemTime::now()", Some("argument")),
        (&rules::words, "src/service/a.rs", "std::env::var(\"X\")", Some("environment")),
        (&rules::words, "src/web/a.rs", "todo!()", Some("finish")),
        (&rules::commits, "src/web/a.rs", "fn f(tx: &mut Tx)", Some("write transactions")),
        (&rules::shape, "src/web/a.rs", &long_file, Some("two rooms")),
        (&rules::shape, "src/web/a.rs", &long_line, Some("longer")),
        (&rules::shape, "src/web/a.rs", "use std::fs;", Some("header")),
        (&rules::shape, "tests/a.rs", "//! x\n#[ignore]\nfn f()", Some("switched off")),
        (&rules::templates, "src/web/templates/a.html", "<p>", Some("nothing names it")),
        (&rules::templates, "src/web/assets/a.css", "p {}", Some("nothing names it")),
        (&rules::machine, "docs/a.md", &home, Some("contains")),
    ];
    for (rule, path, text, expected) in cases {
        let file = File { path: (*path).to_owned(), text: (*text).to_owned() };
        let faults = rule(&[file]).join("\n");
        match expected {
            Some(words) => assert!(faults.contains(words), "{path} {text:?}: said {faults:?}"),
            None => assert_eq!(faults, "", "{path} {text:?}"),
        }
    }
}

type Rule<'a> = &'a dyn Fn(&[File]) -> Vec<String>;

#[test]
fn a_dependency_without_a_place_is_a_fault() {
    let faults = rules::crates(&[], "[dependencies]\n# why\nleft-pad = \"1\"\n[features]\nx = []");
    assert_eq!(faults, ["Cargo.toml: `left_pad` has no line in the table of crates"]);
}

#[test]
fn a_named_template_is_no_fault() {
    let file = |path: &str, text: &str| File { path: path.into(), text: text.into() };
    let files = [
        file("src/web/templates/a.html", "{% extends \"base.html\" %}"),
        file("src/web/templates/base.html", "<link href=\"/assets/a.css\">"),
        file("src/web/assets/a.css", ""),
        file("src/web/pages/a.rs", "#[template(path = \"web/templates/a.html\")]"),
    ];
    assert_eq!(rules::templates(&files), [""; 0]);
    assert_eq!(rules::templates(&files[..3]).len(), 1);
}
