//! Lays default, file, environment and command over each other, and remembers where each value
//! came from. Knows nothing of what a setting means; refuses what is not in the default.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use toml::Value;

const DEFAULT: &str = include_str!("../../config/default.toml");
const PREFIX: &str = "QIANSHOU_";
/// Variables of the test suite, which programs under test inherit.
const TEST_PREFIX: &str = "QIANSHOU_TEST_";
/// Keys whose value is never shown.
const SECRET: &[&str] = &["smtp.password", "database.url", "sms.headers", "sms.body"];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Default,
    File(String),
    Environment(String),
    Command,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::File(path) => write!(f, "file {path}"),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Command => f.write_str("the command"),
        }
    }
}

/// All settings by dotted key, and what was wrong so far.
#[derive(Default)]
pub(super) struct Layers {
    values: BTreeMap<String, (Value, Source)>,
    faults: Vec<String>,
}

impl Layers {
    /// The compiled-in defaults.
    pub(super) fn of_defaults() -> Self {
        let mut layers = Self::default();
        match DEFAULT.parse::<toml::Table>() {
            Ok(table) => {
                for (key, value) in flat(table) {
                    layers.values.insert(key, (value, Source::Default));
                }
            }
            Err(error) => layers.faults.push(format!("the compiled-in default: {error}")),
        }
        layers
    }

    /// Lays the text of a file over what is there.
    pub(super) fn lay_file(&mut self, path: &str, text: &str) {
        match text.parse::<toml::Table>() {
            Ok(table) => {
                for (key, value) in flat(table) {
                    self.lay(&key, value, Source::File(path.to_owned()));
                }
            }
            Err(error) => self.faults.push(format!("file {path} is not TOML: {error}")),
        }
    }

    /// Lays the variables that begin with `QIANSHOU_` over what is there.
    pub(super) fn lay_environment(&mut self, variables: &[(String, String)]) {
        for (name, text) in variables {
            if !name.starts_with(PREFIX) || name.starts_with(TEST_PREFIX) {
                continue;
            }
            let source = Source::Environment(name.clone());
            match self.values.keys().find(|key| variable(key) == *name).cloned() {
                Some(key) => self.lay_text(&key, text, source),
                None => {
                    let known: Vec<String> = self.values.keys().map(|key| variable(key)).collect();
                    self.unknown(name, known.iter().map(String::as_str), &source);
                }
            }
        }
    }

    /// Lays one value given as text over what is there.
    pub(super) fn lay_text(&mut self, key: &str, text: &str, source: Source) {
        let number = matches!(self.values.get(key), Some((Value::Integer(_), _)));
        let value = match text.trim().parse() {
            Ok(number_read) if number => Value::Integer(number_read),
            _ => Value::String(text.to_owned()),
        };
        self.lay(key, value, source);
    }

    fn lay(&mut self, key: &str, value: Value, source: Source) {
        match self.values.get_mut(key) {
            None => {
                let known: Vec<String> = self.values.keys().cloned().collect();
                self.unknown(key, known.iter().map(String::as_str), &source);
            }
            Some(held) if held.0.same_type(&value) => *held = (value, source),
            Some(held) => {
                let wanted = held.0.type_str();
                // the right type stays, so that the fault is told once
                held.1 = source;
                let got = value.type_str();
                self.fault(key, &format!("must be {wanted}, not {got}"));
            }
        }
    }

    fn unknown<'a>(&mut self, name: &str, known: impl Iterator<Item = &'a str>, source: &Source) {
        let near = known.map(|key| (distance(name, key), key)).min();
        let hint = match near {
            Some((far, key)) if far <= 4 => format!("did you mean {key}?"),
            _ => "config/default.toml lists every key".to_owned(),
        };
        self.faults.push(format!("{name} (from {source}): there is no such setting; {hint}"));
    }

    /// Notes that the value of `key` is wrong, and `what` to do.
    pub(super) fn fault(&mut self, key: &str, what: &str) {
        let line = match self.values.get(key) {
            Some((_, source)) if SECRET.contains(&key) => format!("{key} (from {source}): {what}"),
            Some((value, source)) => format!("{key} = {value} (from {source}): {what}"),
            None => format!("{key}: {what}"),
        };
        self.faults.push(line);
    }

    /// What was wrong, in the order it was found.
    pub(super) fn into_faults(self) -> Vec<String> {
        self.faults
    }

    /// The text of a key.
    pub(super) fn text(&self, key: &str) -> String {
        self.values.get(key).and_then(|(value, _)| value.as_str()).unwrap_or_default().to_owned()
    }

    /// The text of a key, `None` when it is empty.
    pub(super) fn optional(&self, key: &str) -> Option<String> {
        Some(self.text(key)).filter(|text| !text.is_empty())
    }

    /// The text of a key that must not be empty.
    pub(super) fn required(&mut self, key: &str, what: &str) -> String {
        let text = self.text(key);
        if text.is_empty() {
            self.fault(key, what);
        }
        text
    }

    /// A whole number within `range`; the lower end when it is not.
    pub(super) fn number<N>(&mut self, key: &str, range: RangeInclusive<N>) -> N
    where
        N: TryFrom<i64> + PartialOrd + Copy + fmt::Display,
    {
        let held = self.values.get(key).and_then(|(value, _)| value.as_integer());
        match held.and_then(|number| N::try_from(number).ok()) {
            Some(number) if range.contains(&number) => number,
            _ => {
                let (low, high) = (range.start(), range.end());
                self.fault(key, &format!("must lie between {low} and {high}"));
                *range.start()
            }
        }
    }

    /// One of the named values; the first when it is none of them.
    pub(super) fn choice<T: Copy>(&mut self, key: &str, first: (&str, T), more: &[(&str, T)]) -> T {
        let text = self.text(key);
        let all = || std::iter::once(first).chain(more.iter().copied());
        if let Some((_, value)) = all().find(|(name, _)| *name == text) {
            return value;
        }
        let names: Vec<&str> = all().map(|(name, _)| name).collect();
        self.fault(key, &format!("must be one of: {}", names.join(", ")));
        first.1
    }
}

/// Name of the variable that sets `key`.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

fn flat(table: toml::Table) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                out.extend(flat(inner).into_iter().map(|(k, v)| (format!("{key}.{k}"), v)));
            }
            value => out.push((key, value)),
        }
    }
    out
}

/// How many letters must be put in, taken out or changed to get from `a` to `b` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, above) in b.chars().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(x != y)).min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_changes() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("smtp.host", "smtp.host"), 0);
    }
}
