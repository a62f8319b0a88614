//! 处理: one page for each act on a notice that is out. It says what the act does and to whom, and
//! asks why; nothing is done by a link alone.

use askama::Template;

use super::compose::ConfirmForm;
use super::compose::GapRow;
use super::parts::{Errors, Link, Shell, UrgencyMark};
use super::picker::Picker;

/// A sentence that an act asks of one organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// What was typed.
    pub text: String,
    /// What is wrong with it.
    pub error: String,
}

/// One organisation on an act page.
#[derive(Clone, Debug)]
pub struct ActRow {
    /// Name of its box; where it has a sentence, only one text for several is meant by it.
    pub pick: String,
    /// What the box posts.
    pub value: String,
    /// Name of its sentence.
    pub field: String,
    /// Full name.
    pub name: String,
    /// How it stands: `▲ 暂无法联系`, `○ 已送出`.
    pub state: String,
    /// Ticked.
    pub ticked: bool,
    /// Why it cannot be ticked; mostly empty.
    pub spared: String,
    /// What is to be said of it, where something is.
    pub sentence: Option<Sentence>,
}

/// The organisations of one branch of the directory.
#[derive(Clone, Debug)]
pub struct ActBranch {
    /// What its buttons post: `all:KEY`, `none:KEY`.
    pub key: String,
    /// `长沙市委及所辖`.
    pub name: String,
    /// They.
    pub rows: Vec<ActRow>,
}

impl ActBranch {
    /// How many are ticked.
    #[must_use]
    pub fn ticked(&self) -> usize {
        self.rows.iter().filter(|row| row.ticked).count()
    }
}

/// The reason that is asked for.
#[derive(Clone, Debug)]
pub struct ReasonField {
    /// What it is called.
    pub label: String,
    /// Who will read it.
    pub hint: String,
    /// What was typed.
    pub text: String,
}

/// A second thing to press on the same form.
#[derive(Clone, Debug)]
pub struct Press {
    /// The words on it.
    pub word: String,
    /// What it posts as `do`.
    pub value: String,
    /// What it does cannot be undone.
    pub danger: bool,
}

/// The page of one act.
#[derive(Clone, Debug, Template)]
#[template(path = "act.html")]
pub struct ActPage {
    /// Frame.
    pub shell: Shell,
    /// Where it leads back to.
    pub back: Link,
    /// Level.
    pub urgency: UrgencyMark,
    /// 发文字号.
    pub number: String,
    /// 标题.
    pub title: String,
    /// The act: `撤回`.
    pub heading: String,
    /// What it does, sentence by sentence.
    pub meaning: Vec<String>,
    /// What is to be read before it; mostly none.
    pub look: Option<Link>,
    /// Where the form goes.
    pub action: String,
    /// Key of the form.
    pub key: String,
    /// What heads the organisations.
    pub rows_label: String,
    /// The organisations it asks about.
    pub branches: Vec<ActBranch>,
    /// One text for several of them (`same`), as typed; none where they have no sentences.
    pub same: Option<String>,
    /// The reason; none where each organisation has its own.
    pub reason: Option<ReasonField>,
    /// The buttons, the first one primary.
    pub presses: Vec<Press>,
    /// Where a releaser may confirm that what was refused is no marking.
    pub confirm: Option<ConfirmForm>,
    /// Why there is nothing to do any more: then nothing is offered.
    pub over: EndBanner,
    /// Mistakes.
    pub errors: Errors,
}

/// The formal 核发 of what went out on an oral approval.
#[derive(Clone, Debug, Default)]
pub struct OwedRelease {
    /// `口头批准发出：……`; empty where none was ever owed.
    pub words: String,
    /// It is still to be given: shown as something to do.
    pub open: bool,
    /// Where it is given; empty for who may not, and once it was.
    pub href: String,
}

/// 补发: whom a notice that is out is to go to besides.
#[derive(Clone, Debug, Template)]
#[template(path = "add_recipients.html")]
pub struct AddPage {
    /// Frame.
    pub shell: Shell,
    /// Where it leads back to.
    pub back: Link,
    /// Level.
    pub urgency: UrgencyMark,
    /// 发文字号.
    pub number: String,
    /// 标题.
    pub title: String,
    /// Where the form goes.
    pub action: String,
    /// Key of the form.
    pub key: String,
    /// Whom to choose from: those that do not get it yet.
    pub picker: Picker,
    /// Why, as typed.
    pub reason: String,
    /// Why those with gaps are sent to all the same, as typed.
    pub gap_reason: String,
    /// Of those ticked, the ones with gaps.
    pub gaps: Vec<GapRow>,
    /// Whether those need a reason.
    pub needs_gap_reason: bool,
    /// Why there is nothing to do any more: then nothing is offered.
    pub over: EndBanner,
    /// Mistakes.
    pub errors: Errors,
}

/// What may be done with a notice, beside its heading; empty for who may not.
#[derive(Clone, Debug, Default)]
pub struct BoardActs {
    /// 催签 by a person, the one that is pressed most.
    pub remind: Option<Link>,
    /// What is done every day: 补发, 重发, 待拨电话.
    pub everyday: Vec<Link>,
    /// What ends it: 办结, 更正, 撤回, 撤销, 废止.
    pub ends: Vec<Link>,
}

/// How a notice that is out ended and which versions stand around it, on every page about it.
#[derive(Clone, Debug, Default)]
pub struct EndBanner {
    /// `本件已撤回。`; empty where it did not end.
    pub words: String,
    /// Why.
    pub reason: String,
    /// `王某 11-24 02:20`.
    pub by: String,
    /// The ways to the versions around it.
    pub ways: Vec<Link>,
    /// Nothing is over: it is said without red.
    pub calm: bool,
}
