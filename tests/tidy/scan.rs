//! Reads Rust source just well enough: blanks comments and texts, finds paths into the crate.

/// One file of the project, by its path from the root with `/`.
#[derive(Clone)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// Path below `src/`, if it lies there.
    pub(crate) fn in_src(&self) -> Option<&str> {
        self.path.strip_prefix("src/")
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The floor of a file below `src/`: its first folder, or its own name.
    pub(crate) fn floor(&self) -> Option<&str> {
        let first = self.in_src()?.split('/').next()?;
        Some(first.strip_suffix(".rs").unwrap_or(first))
    }
}

/// The source with comments, texts and character literals turned into spaces; lines stay lines.
pub(crate) fn code_only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => line_end(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => block_end(&chars, at),
            '"' => text_end(&chars, at + 1),
            'r' if !in_word(&chars, at) => raw_end(&chars, at + 1).unwrap_or(at),
            'b' if !in_word(&chars, at) && chars.get(at + 1) == Some(&'r') => {
                raw_end(&chars, at + 2).unwrap_or(at)
            }
            '\'' => char_end(&chars, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

fn in_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

fn line_end(chars: &[char], from: usize) -> usize {
    (from..chars.len()).find(|i| chars[*i] == '\n').unwrap_or(chars.len())
}

fn block_end(chars: &[char], from: usize) -> usize {
    let mut depth = 0;
    let mut at = from;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn text_end(chars: &[char], from: usize) -> usize {
    let mut at = from;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// End of `#*"…"#*` that starts at `from` (after the `r`), or `None` if it is no raw text.
fn raw_end(chars: &[char], from: usize) -> Option<usize> {
    let hashes = chars.iter().skip(from).take_while(|c| **c == '#').count();
    let open = from + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes = |i: usize| {
        chars[i] == '"' && chars.iter().skip(i + 1).take_while(|c| **c == '#').count() >= hashes
    };
    let close = (open + 1..chars.len()).find(|i| closes(*i))?;
    Some(close + 1 + hashes)
}

/// End of a character literal, or `None` if the quote begins a lifetime.
fn char_end(chars: &[char], at: usize) -> Option<usize> {
    if chars.get(at + 1) == Some(&'\\') {
        let close = (at + 3..chars.len().min(at + 14)).find(|i| chars[*i] == '\'')?;
        return Some(close + 1);
    }
    (chars.get(at + 2) == Some(&'\'')).then_some(at + 3)
}

/// One path into the crate: where it stands, and its segments after `crate::`.
pub(crate) struct Import {
    pub(crate) line: usize,
    pub(crate) path: String,
}

/// Every path that starts with `crate::` (also `qianshou::` in `main.rs`), groups unfolded.
pub(crate) fn imports(code: &str, root: &str) -> Vec<Import> {
    let mut found = Vec::new();
    let needle = format!("{root}::");
    for (start, _) in code.match_indices(&needle) {
        if !word_starts(code, start) {
            continue;
        }
        let line = code[..start].matches('\n').count() + 1;
        let mut paths = Vec::new();
        tree(&mut Reader(&code[start + needle.len()..]), "", &mut paths);
        found.extend(paths.into_iter().map(|path| Import { line, path }));
    }
    found
}

/// Whether a path begins at `start`, rather than going on from an earlier segment.
pub(crate) fn word_starts(code: &str, start: usize) -> bool {
    let before = code[..start].chars().next_back();
    !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
}

struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn eat(&mut self, text: &str) -> bool {
        self.0 = self.0.trim_start();
        self.0.strip_prefix(text).map(|rest| self.0 = rest).is_some()
    }

    fn ident(&mut self) -> String {
        self.0 = self.0.trim_start();
        let word: String =
            self.0.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        self.0 = &self.0[word.len()..];
        word
    }
}

/// Unfolds one use tree: `a::{b, c::d}` becomes `a::b` and `a::c::d`.
fn tree(from: &mut Reader<'_>, prefix: &str, out: &mut Vec<String>) {
    if from.eat("{") {
        while !from.eat("}") && !from.0.is_empty() {
            tree(from, prefix, out);
            if from.eat("as ") {
                from.ident();
            }
            if !from.eat(",") && !from.0.starts_with('}') {
                let skip = from.0.chars().next().map_or(0, char::len_utf8);
                from.0 = &from.0[skip..];
            }
        }
        return;
    }
    let word = if from.eat("*") { "*".to_owned() } else { from.ident() };
    let path = if prefix.is_empty() { word } else { format!("{prefix}::{word}") };
    if from.eat("::") && !from.0.starts_with('<') {
        tree(from, &path, out);
    } else {
        out.push(path);
    }
}
