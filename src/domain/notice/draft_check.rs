//! Field by field, collecting faults; each reader gives `None` when it has told one.

use super::*;

pub(super) struct Check<'a> {
    pub(super) draft: &'a NoticeDraft,
    pub(super) faults: Vec<FieldFault>,
}

impl Check<'_> {
    /// Reads every field before giving up, so that all faults are told.
    pub(super) fn header(&mut self, context: &CheckContext) -> Option<NoticeHeader> {
        let dispatching_organ = self.needed(Field::DispatchingOrgan, NAME_CHARS_MAX);
        let signatories = self.signatories();
        let form = self.choice::<Form>(Field::Form);
        let urgency = self.choice::<Urgency>(Field::Urgency);
        let channel_class = self.choice::<ChannelClass>(Field::ChannelClass);
        self.combination(form, urgency, channel_class);
        let document_number = self.document_number();
        let cipher_office_serial = self.optional(Field::CipherOfficeSerial, NAME_CHARS_MAX);
        let approver_name = self.needed(Field::ApproverName, NAME_CHARS_MAX);
        let approved_on = self.date(Field::ApprovedOn);
        let title = self.needed(Field::Title, TITLE_CHARS_MAX);
        let addressee_line = self.needed(Field::AddresseeLine, ADDRESSEE_LINE_CHARS_MAX);
        let copy_line = self.optional(Field::CopyLine, ADDRESSEE_LINE_CHARS_MAX);
        let body = self.body(context);
        let issue_date = self.date(Field::IssueDate);
        self.order_of_dates(approved_on, issue_date, context);
        let circulation_scope = self.optional(Field::CirculationScope, REMARK_CHARS_MAX);
        let contact_person = self.optional(Field::ContactPerson, NAME_CHARS_MAX);
        let duty_phone = self.phone();
        let report_back = self.report_back(context);
        let sign_by = self.sign_by(context);
        let urgency_reason = self.urgency_reason(urgency);
        Some(NoticeHeader {
            dispatching_organ: dispatching_organ?,
            signatories: signatories?,
            form: form?,
            urgency: urgency?,
            channel_class: channel_class?,
            document_number: document_number?,
            cipher_office_serial,
            approver_name: approver_name?,
            approved_on: approved_on?,
            title: title?,
            addressee_line: addressee_line?,
            copy_line,
            body,
            issue_date: issue_date?,
            circulation_scope,
            contact_person,
            duty_phone: duty_phone?,
            report_back,
            sign_by,
            overnight: self.draft.overnight,
            urgency_reason,
        })
    }

    fn fault(&mut self, field: Field, message_zh: impl Into<String>) {
        self.faults.push(FieldFault { field, message_zh: message_zh.into() });
    }

    fn cleaned(&mut self, field: Field, cleaned: Result<String, TextFault>) -> Option<String> {
        match cleaned {
            Ok(text) if text.is_empty() => None,
            Ok(text) => Some(text),
            Err(fault) => {
                self.fault(field, format!("{}{}", field.label_zh(), fault.message_zh()));
                None
            }
        }
    }

    fn optional(&mut self, field: Field, max: usize) -> Option<String> {
        self.cleaned(field, clean_line(self.draft.text(field), max))
    }

    fn needed(&mut self, field: Field, max: usize) -> Option<String> {
        let told = self.faults.len();
        let text = self.optional(field, max);
        if text.is_none() && self.faults.len() == told {
            self.fault(field, format!("请填写{}", field.label_zh()));
        }
        text
    }

    fn choice<T: std::str::FromStr>(&mut self, field: Field) -> Option<T> {
        let choice = self.draft.text(field).trim().parse().ok();
        if choice.is_none() {
            self.fault(field, format!("请选择{}", field.label_zh()));
        }
        choice
    }

    fn combination(
        &mut self,
        form: Option<Form>,
        urgency: Option<Urgency>,
        class: Option<ChannelClass>,
    ) {
        let Some(form) = form else { return };
        if let Some(level) = urgency.filter(|level| !form.may_carry(*level)) {
            let words: Vec<&str> = form.levels().iter().map(|level| level.word_zh()).collect();
            let (form, level, words) = (form.word_zh(), level.word_zh(), words.join("、"));
            self.fault(Field::Urgency, format!("{form}没有“{level}”，请改选：{words}"));
        }
        if class.is_some_and(|class| class != ChannelClass::of(form)) {
            let wanted = ChannelClass::of(form).word_zh();
            self.fault(Field::ChannelClass, format!("{}应选“{wanted}”", form.word_zh()));
        }
    }

    fn signatories(&mut self) -> Option<Vec<DraftSignatory>> {
        let field = Field::Signatories;
        let told = self.faults.len();
        let draft = self.draft;
        let mut organs: Vec<DraftSignatory> = Vec::new();
        for typed in &draft.signatories {
            if let Some(name) = self.cleaned(field, clean_line(&typed.name, NAME_CHARS_MAX)) {
                if organs.iter().any(|organ| organ.name == name) {
                    self.fault(field, format!("落款机关“{name}”重复，请删去一个"));
                }
                organs.push(DraftSignatory { name, lead: typed.lead });
            }
        }
        match organs.iter().filter(|organ| organ.lead).count() {
            _ if self.faults.len() > told => return None,
            _ if organs.is_empty() => self.fault(field, "请填写落款机关"),
            _ if organs.len() > SIGNATORIES_MAX => {
                self.fault(field, format!("落款机关最多{SIGNATORIES_MAX}个，请减少"));
            }
            1 => return Some(organs),
            0 => self.fault(field, "请指明哪一个落款机关是主办机关（发文字号用它的）"),
            _ => self.fault(field, "主办机关只能有一个，请只选一个"),
        }
        None
    }

    fn document_number(&mut self) -> Option<DocumentNumber> {
        let parsed = DocumentNumber::parse(&self.draft.document_number);
        parsed.map_err(|bad| self.fault(Field::DocumentNumber, bad.message_zh())).ok()
    }

    fn date(&mut self, field: Field) -> Option<Date> {
        let typed = self.draft.text(field).trim();
        let date = parse_date(typed);
        let label = field.label_zh();
        if typed.is_empty() {
            self.fault(field, format!("请填写{label}"));
        } else if date.is_none() {
            self.fault(field, format!("{label}“{typed}”不是日期，请写成：2026年11月23日"));
        }
        date
    }

    fn order_of_dates(&mut self, approved: Option<Date>, issued: Option<Date>, now: &CheckContext) {
        let today = now.now.in_shanghai().date();
        if let Some(approved) = approved.filter(|approved| *approved > today) {
            let day = date_zh(approved);
            self.fault(Field::ApprovedOn, format!("签发日期{day}还没有到，请核对"));
        }
        if let Some((approved, issued)) = approved.zip(issued).filter(|(a, i)| i < a) {
            let (approved, issued) = (date_zh(approved), date_zh(issued));
            let text = format!("成文日期{issued}早于签发日期{approved}，请核对");
            self.fault(Field::IssueDate, text);
        }
    }

    fn body(&mut self, context: &CheckContext) -> Option<String> {
        let told = self.faults.len();
        let body = self.cleaned(Field::Body, clean_block(&self.draft.body, BODY_CHARS_MAX));
        if body.is_none() && !context.has_main_file && self.faults.len() == told {
            self.fault(Field::Body, "请填写正文，或上传正文文件");
        }
        body
    }

    fn phone(&mut self) -> Option<String> {
        let phone = self.needed(Field::DutyPhone, PHONE_CHARS_MAX)?;
        let phone = with_ascii_digits(&phone);
        let known = |c: char| c.is_ascii_digit() || " -－—+()（）转、，,；;/".contains(c);
        if phone.chars().filter(char::is_ascii_digit).count() >= 3 && phone.chars().all(known) {
            return Some(phone);
        }
        self.fault(Field::DutyPhone, format!("“{phone}”不是电话号码，请写成：0731-82217777"));
        None
    }

    fn report_back(&mut self, context: &CheckContext) -> Option<ReportBack> {
        let to = self.optional(Field::ReportBackTo, NAME_CHARS_MAX);
        let note = self.optional(Field::ReportBackNote, REMARK_CHARS_MAX);
        let typed = self.draft.report_back_by.trim();
        let by = parse_moment(typed).or_else(|| parse_date(typed).and_then(end_of_day));
        if !typed.is_empty() && by.is_none() {
            self.fault(
                Field::ReportBackBy,
                format!(
                    "回告时限“{typed}”不是日期，请写成：2026年11月30日，或2026年11月30日17时30分"
                ),
            );
        }
        if by.is_some_and(|by| by <= context.now) {
            self.fault(Field::ReportBackBy, "回告时限已经过去，请改为以后的时间");
        }
        if to.is_none() && (note.is_some() || !typed.is_empty()) {
            self.fault(Field::ReportBackTo, "写了回告要求，请填写向哪个单位回告");
        }
        Some(ReportBack { to: to?, by, note })
    }

    fn sign_by(&mut self, context: &CheckContext) -> Option<Timestamp> {
        let typed = self.draft.sign_by.trim();
        let by = parse_moment(typed);
        if !typed.is_empty() && by.is_none() {
            self.fault(
                Field::SignBy,
                format!("签收时限“{typed}”没有写明几时几分，请写成：2026年11月24日0时20分"),
            );
        }
        if by.is_some_and(|by| by <= context.now) {
            self.fault(Field::SignBy, "签收时限已经过去，请改为以后的时间，或留空按等级计算");
        }
        by
    }

    fn urgency_reason(&mut self, urgency: Option<Urgency>) -> Option<String> {
        if urgency == Some(Urgency::Flash) {
            self.needed(Field::UrgencyReason, REMARK_CHARS_MAX)
        } else {
            self.optional(Field::UrgencyReason, REMARK_CHARS_MAX)
        }
    }
}
