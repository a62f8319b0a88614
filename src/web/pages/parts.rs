//! Small things that every staff page shows: the frame around it, marks, errors beside fields.
//!
//! Never here: anything only one page needs.

/// Where in the site a page stands; the navigation marks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// 公文 and everything below it.
    Notices,
    /// 发文.
    Compose,
    /// 通讯录.
    Directory,
    /// 账号.
    Accounts,
    /// 等级规则.
    Policy,
    /// 放假安排.
    Calendar,
    /// 值班.
    Duty,
    /// The reader's own account.
    Own,
}

/// What the self-check found, at the head of every page.
#[derive(Clone, Debug)]
pub struct AlarmLine {
    /// What is so.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
    /// Where it is done; mostly empty.
    pub href: &'static str,
    /// How many other alarms are open.
    pub others: usize,
}

/// The frame of a staff page: who is looking, from which office, and what they may reach.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Name of the person's office, as in the directory.
    pub office: String,
    /// The person's name.
    pub person: String,
    /// Whether 公文 is offered (not to 管理员, who sees neither text nor files).
    pub may_read: bool,
    /// Whether 发文 is offered (role 经办).
    pub may_compose: bool,
    /// Whether 值班 is offered (roles 值班 and 经办).
    pub may_see_duty: bool,
    /// Whether 账号 is offered (role 管理员).
    pub is_admin: bool,
    /// Whether looks are put on record (role 审计).
    pub is_auditor: bool,
    /// Which entry of the navigation is marked.
    pub at: Place,
    /// What the self-check found that concerns the reader.
    pub alarm: Option<AlarmLine>,
    /// What was just done, in one sentence; mostly empty.
    pub said: String,
    /// The session's token against forged forms; every form carries it as `form_token`.
    pub form_token: String,
}

impl Shell {
    /// Whether the page stands at the place the template names.
    #[must_use]
    pub fn is_at(&self, place: &str) -> bool {
        let here = match self.at {
            Place::Notices => "notices",
            Place::Compose => "compose",
            Place::Directory => "directory",
            Place::Accounts => "accounts",
            Place::Policy => "policy",
            Place::Calendar => "calendar",
            Place::Duty => "duty",
            Place::Own => "own",
        };
        here == place
    }
}

/// An urgency level as a mark: colour by `code`, always with its word.
#[derive(Clone, Debug)]
pub struct UrgencyMark {
    /// `flash`, `immediate`, `priority`, `routine` or `ordinary`.
    pub code: String,
    /// 特提, 特急, 加急, 平急 or 平件.
    pub word: String,
}

impl UrgencyMark {
    /// The mark of a level by its code; an unknown code is shown as itself, without colour.
    #[must_use]
    pub fn of(code: &str) -> Self {
        let word = match code {
            "flash" => "特提",
            "immediate" => "特急",
            "priority" => "加急",
            "routine" => "平急",
            "ordinary" => "平件",
            other => other,
        };
        Self { code: code.to_owned(), word: word.to_owned() }
    }
}

/// A state as sign + word + colour: take any one away and it still reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateMark {
    /// Ending of the style class, e.g. `acknowledged`.
    pub class: &'static str,
    /// ● ◐ ○ ▲ ↩
    pub sign: &'static str,
    /// The word people know it by.
    pub word: String,
}

impl StateMark {
    /// 已签收, or a weaker grade of it such as 电话确认.
    #[must_use]
    pub fn acknowledged(word: &str) -> Self {
        Self::new("acknowledged", "●", word)
    }

    /// 已查看.
    #[must_use]
    pub fn opened() -> Self {
        Self::new("opened", "◐", "已查看")
    }

    /// 已送出.
    #[must_use]
    pub fn handed_over() -> Self {
        Self::new("handed-over", "○", "已送出")
    }

    /// 待送出, 草稿 and whatever else has not happened yet.
    #[must_use]
    pub fn pending(word: &str) -> Self {
        Self::new("pending", "○", word)
    }

    /// What is late or lost: 逾期未签收, 未通知到, 邮件被拒, 暂无法联系.
    #[must_use]
    pub fn late(word: &str) -> Self {
        Self::new("late", "▲", word)
    }

    /// 退文.
    #[must_use]
    pub fn returned() -> Self {
        Self::new("returned", "↩", "退文")
    }

    fn new(class: &'static str, sign: &'static str, word: &str) -> Self {
        Self { class, sign, word: word.to_owned() }
    }
}

/// A name and a value, as on a form: 题录 lines, facts about an organisation.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What it is called.
    pub label: String,
    /// What it is; line breaks are kept.
    pub value: String,
}

/// A name that leads somewhere.
#[derive(Clone, Debug)]
pub struct Link {
    /// What is shown.
    pub text: String,
    /// Where it leads.
    pub href: String,
    /// Whether this is what is being looked at now.
    pub current: bool,
}

/// A title in pieces between which a narrow line may break: between organs, before what it is
/// about, before what kind of paper it is; so that names stay whole on a phone.
#[must_use]
pub fn phrases(title: &str) -> Vec<&str> {
    const KINDS: [&str; 12] = [
        "的紧急通知",
        "的补充通知",
        "的通知",
        "的通报",
        "的意见",
        "的决定",
        "的函",
        "的批复",
        "的报告",
        "的请示",
        "的公告",
        "的通告",
    ];
    let after = title
        .char_indices()
        .filter(|(_, c)| c.is_whitespace() || "、，。；：》）”".contains(*c))
        .map(|(at, c)| at + c.len_utf8());
    let about = title.match_indices("关于").map(|(at, _)| at);
    let of = "的".len();
    let kinds = KINDS.iter().flat_map(|kind| title.match_indices(kind)).map(|(at, _)| at + of);
    let mut cuts: Vec<usize> = after.chain(about).chain(kinds).chain([0, title.len()]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let ends = cuts.iter().skip(1);
    cuts.iter().zip(ends).filter_map(|(from, to)| title.get(*from..*to)).collect()
}

/// One entry of a select or a group of radio buttons.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What is posted.
    pub value: String,
    /// What is read.
    pub label: String,
}

impl Choice {
    /// Choices from `(value, label)` pairs, in their order.
    #[must_use]
    pub fn list(pairs: &[(&str, &str)]) -> Vec<Self> {
        pairs
            .iter()
            .map(|(value, label)| Self { value: (*value).to_owned(), label: (*label).to_owned() })
            .collect()
    }
}

/// What is wrong with one field, in words that say what was typed and what to do.
#[derive(Clone, Debug)]
pub struct FieldError {
    /// The field's `name`, which is also its `id`.
    pub field: String,
    /// The sentence beside the field.
    pub message: String,
    /// The sentence in the summary, which names the field.
    pub told: String,
    /// Where the summary leads; to the field itself, unless it stands on another page.
    pub href: String,
}

/// Every fault of a posted form, in the order of the page. Empty: nothing to say.
#[derive(Clone, Debug, Default)]
pub struct Errors(pub Vec<FieldError>);

impl Errors {
    /// No faults.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Notes a fault.
    pub fn add(&mut self, field: &str, message: &str) {
        self.add_named(field, message, message.to_owned());
    }

    /// The same, told in other words where it does not stand beside its field.
    pub fn add_named(&mut self, field: &str, message: &str, told: String) {
        let (field, message) = (field.to_owned(), message.to_owned());
        let href = format!("#{field}");
        self.0.push(FieldError { field, message, told, href });
    }

    /// The sentence beside a field; empty where there is none.
    #[must_use]
    pub fn of(&self, field: &str) -> &str {
        self.0.iter().find(|error| error.field == field).map_or("", |error| &error.message)
    }

    /// Whether something is wrong with one of these fields.
    #[must_use]
    pub fn is_among(&self, fields: &[&str]) -> bool {
        self.0.iter().any(|error| fields.contains(&error.field.as_str()))
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What stands over all of them: what is mended in the form is counted, what is not says that
    /// nothing was done.
    #[must_use]
    pub fn heading(&self) -> String {
        match self.0.iter().filter(|error| error.field != "do").count() {
            0 => "没有办成".to_owned(),
            count => format!("有 {count} 处需要改"),
        }
    }

    /// Every fault, in order.
    #[must_use]
    pub fn all(&self) -> &[FieldError] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::phrases;

    #[test]
    fn a_title_breaks_between_its_phrases_and_loses_nothing() {
        let title = "中共湖南省委办公厅 湖南省人民政府办公厅关于做好强降雨防范应对工作的紧急通知";
        let parts = phrases(title);
        assert_eq!(
            parts,
            [
                "中共湖南省委办公厅 ",
                "湖南省人民政府办公厅",
                "关于做好强降雨防范应对工作的",
                "紧急通知"
            ]
        );
        for title in ["", "通知", "关于关于的通知", "a b", "《条例》的通知"] {
            assert_eq!(phrases(title).concat(), title);
        }
    }
}
