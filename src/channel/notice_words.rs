//! What every message about a notice may say of it. On the open internet neither the title nor
//! the number leaves the house, nor anything a person typed that may repeat them.

use crate::domain::network::Network;
use crate::domain::notice::NoticeDraft;

/// A notice, as messages speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeWords {
    /// 特提, 特急, 加急, 平急 or 平件.
    pub urgency_word: String,
    /// 发文字号, if the notice has one.
    pub document_number: Option<String>,
    /// Title.
    pub title: String,
    /// 发电单位.
    pub dispatching_organ: String,
    /// The issuer's duty phone.
    pub duty_phone: String,
    /// Whom to ask for at that phone.
    pub contact_person: Option<String>,
    /// Where the installation stands.
    pub network: Network,
}

impl NoticeWords {
    /// From the level's word, a number and a header.
    #[must_use]
    pub fn of(level: &str, number: &str, header: &NoticeDraft, network: Network) -> Self {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Self {
            urgency_word: level.to_owned(),
            document_number: given(number),
            title: header.title.trim().to_owned(),
            dispatching_organ: header.dispatching_organ.trim().to_owned(),
            duty_phone: header.duty_phone.trim().to_owned(),
            contact_person: given(&header.contact_person),
            network,
        }
    }

    /// Whether title, number and what people typed may be told.
    #[must_use]
    pub const fn named(&self) -> bool {
        self.network.may_name_the_notice()
    }

    /// `湘办发电〔2026〕35号 关于……的通知`, or what may be said instead.
    #[must_use]
    pub fn called(&self) -> String {
        if !self.named() {
            return format!("{}的一份公文", self.dispatching_organ);
        }
        match &self.document_number {
            Some(number) => format!("{number} {}", self.title),
            None => self.title.clone(),
        }
    }

    /// `特提公文`.
    #[must_use]
    pub fn what(&self) -> String {
        format!("{}公文", self.urgency_word)
    }

    /// Who sent it and what it is called, line by line.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![("来文单位", self.dispatching_organ.clone())];
        if self.named() {
            facts.extend(self.document_number.iter().map(|number| ("发文字号", number.clone())));
            facts.push(("标题", self.title.clone()));
        }
        facts
    }

    /// The sentence that ends in the duty phone.
    #[must_use]
    pub fn ask_at(&self, lead: &str) -> String {
        let person = self.contact_person.as_ref();
        let person = person.map_or_else(String::new, |name| format!("（联系人：{name}）"));
        format!("{lead}{}{person}。", self.duty_phone)
    }
}
