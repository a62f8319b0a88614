//! Which words a message carries: from what was read to the template of its purpose.

use super::NoLetter;
use crate::adapters::secrets::delegations::DelegationVisit;
use crate::channel::NoticeWords;
use crate::channel::email::{
    AddressedAs, CallsEndedWords, CorrectionWords, Decided, DelegatedCallsWords, DeskLine, EndedBy,
    InvitationKind, InvitationWords, IssuerAlertWords, LeaderPromptWords, Rendered,
    ReturnDecisionWords, SuperiorRequestWords, UnsignedLine, VerificationWords, WithdrawalWords,
    WordsError,
};
use crate::channel::sms::{SmsAbout, SmsWords};
use crate::channel::webhook::{WebhookFacts, body_of};
use crate::domain::delivery::Addressee;
use crate::domain::ids::{AddressId, DelegationId, LinkId, OrganizationId};
use crate::domain::message::MessagePurpose;
use crate::domain::notice::{NoticeAct, NoticeDraft};
use crate::domain::organization::Desk;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::acts::LIST_AND_END;
use crate::store::StoreError;
use crate::store::corrections::{corrects_find, successor_find};
use crate::store::delegation_links::delegation_link_find;
use crate::store::delegations::{delegated_call_list, delegation_find};
use crate::store::desks::desk_list_of;
use crate::store::letters::{Letter, LetterDelivery, LetterNotice};
use crate::store::tidings::{
    Outstanding, delivery_list_outstanding, notice_end_find, return_answer_find,
};

impl From<WordsError> for NoLetter {
    fn from(error: WordsError) -> Self {
        Self::Unwritable(error.to_string())
    }
}

fn unwritable(what: &str) -> NoLetter {
    NoLetter::Unwritable(what.to_owned())
}

/// What is at hand for the words of one message.
pub(super) struct Told<'a> {
    pub(super) service: &'a Service,
    pub(super) letter: &'a Letter,
    pub(super) header: Option<&'a NoticeDraft>,
    /// The address it goes to.
    pub(super) address: AddressId,
    pub(super) now: Timestamp,
}

impl Told<'_> {
    /// The words of a mail.
    pub(super) fn mail(&self) -> Result<Rendered, NoLetter> {
        Ok(match self.letter.purpose {
            MessagePurpose::Invitation | MessagePurpose::Reminder | MessagePurpose::Resend => {
                self.invitation()?.render()?
            }
            MessagePurpose::LeaderPrompt => self.leader_prompt()?.render()?,
            MessagePurpose::IssuerAlert => self.issuer_alert()?.render()?,
            MessagePurpose::SuperiorRequest => self.superior_request()?.render()?,
            MessagePurpose::DelegatedCalls => self.delegated_calls()?.render()?,
            MessagePurpose::Withdrawal => match self.calls_ended()? {
                Some(words) => words.render()?,
                None => self.withdrawal()?.render()?,
            },
            MessagePurpose::ReturnDecision => self.return_decision()?.render()?,
            MessagePurpose::Verification => self.verification()?.render()?,
        })
    }

    /// What a system of the recipient's is told: the facts, and the words of the mail.
    pub(super) fn webhook_body(&self, id: String) -> Result<String, NoLetter> {
        let delivery = self.letter.delivery.as_ref();
        let link = match self.letter.purpose.carries_link() {
            true => Some(self.invitation()?.link),
            false => None,
        };
        let facts = WebhookFacts {
            id,
            purpose: self.letter.purpose.as_str(),
            urgency: self.letter.notice.as_ref().map(|notice| notice.urgency.word_zh()),
            organization: delivery.map_or_else(
                || self.letter.contact_organization.clone(),
                |delivery| delivery.organization_name.clone(),
            ),
            deadline: delivery.and_then(|delivery| delivery.deadline_at),
            link,
        };
        body_of(&facts, &self.mail()?).map_err(|error| NoLetter::Unwritable(error.to_string()))
    }

    /// A short message: never a title, a number or a web address.
    pub(super) fn sms(&self, attempt: u32) -> Result<SmsWords, NoLetter> {
        let organization = || Ok::<_, NoLetter>(self.delivery()?.organization_name.clone());
        let about = match self.letter.purpose {
            MessagePurpose::Invitation | MessagePurpose::Reminder | MessagePurpose::Resend => {
                let (link, generation) = self.link()?;
                SmsAbout::Sign {
                    nth: u32::try_from(self.letter.reminders).unwrap_or(0),
                    code: self.service.keys.short_code(link, generation),
                    deadline: self.delivery()?.deadline_at,
                }
            }
            MessagePurpose::LeaderPrompt => SmsAbout::Leader { organization: organization()? },
            MessagePurpose::IssuerAlert => {
                SmsAbout::Unsigned { count: self.issuer_alert()?.unsigned.len() }
            }
            MessagePurpose::SuperiorRequest => SmsAbout::Superior { organization: organization()? },
            MessagePurpose::DelegatedCalls => {
                SmsAbout::Delegated { count: self.delegated_calls()?.organizations.len() }
            }
            MessagePurpose::Withdrawal => SmsAbout::Ended {
                act: match self.calls_ended()? {
                    Some(words) => words.act,
                    None => self.withdrawal()?.ended_by.word_zh(),
                },
            },
            MessagePurpose::ReturnDecision => {
                SmsAbout::Decided { decision: self.return_decision()?.decided.word_zh() }
            }
            MessagePurpose::Verification => SmsAbout::Verify { code: self.verification()?.code },
        };
        let notice = match self.letter.purpose {
            MessagePurpose::Verification => None,
            _ => Some(self.notice()?.1),
        };
        let of = |text: fn(&NoticeWords) -> &String| notice.as_ref().map(text).cloned();
        Ok(SmsWords {
            urgency_word: of(|notice| &notice.urgency_word).unwrap_or_default(),
            organ: of(|notice| &notice.dispatching_organ).unwrap_or_default(),
            phone: of(|notice| &notice.duty_phone).unwrap_or_default(),
            about,
            attempt,
        })
    }

    pub(super) fn link(&self) -> Result<(LinkId, u32), NoLetter> {
        let (link, generation) = self.letter.link.ok_or_else(|| unwritable("it has no link"))?;
        let generation =
            u32::try_from(generation).map_err(|_| unwritable("its link has no generation"))?;
        Ok((link, generation))
    }

    fn delivery(&self) -> Result<&LetterDelivery, NoLetter> {
        self.letter.delivery.as_ref().ok_or_else(|| unwritable("it has no delivery"))
    }

    fn notice(&self) -> Result<(&LetterNotice, NoticeWords), NoLetter> {
        let (Some(notice), Some(header)) = (&self.letter.notice, self.header) else {
            return Err(unwritable("it has no notice"));
        };
        let network = self.service.settings.network;
        let level = notice.urgency.word_zh();
        Ok((notice, NoticeWords::of(level, &notice.document_number, header, network)))
    }

    fn invitation(&self) -> Result<InvitationWords, NoLetter> {
        let letter = self.letter;
        let delivery = self.delivery()?;
        let (link, generation) = self.link()?;
        let token = self.service.keys.link_token(link, generation);
        let overdue = delivery.deadline_at.is_some_and(|deadline| self.now > deadline);
        let kind = match letter.purpose {
            MessagePurpose::Reminder => {
                let nth = u32::try_from(letter.reminders).unwrap_or(u32::MAX).max(1);
                InvitationKind::Reminder { nth, overdue }
            }
            MessagePurpose::Resend => InvitationKind::Resend,
            _ => InvitationKind::First,
        };
        let (notice, words) = self.notice()?;
        let corrects = match notice.version {
            1 => None,
            _ => self.service.store.read(|conn| corrects_find(conn, notice.id))?,
        };
        Ok(InvitationWords {
            notice: words,
            corrects: corrects
                .map(|older| CorrectionWords { version: older.version, reason: older.reason }),
            organization_name: delivery.organization_name.clone(),
            deadline: delivery.deadline_at,
            deadline_origin: delivery.deadline_origin.clone(),
            link: format!("{}/l/{token}", self.service.settings.public_url),
            kind,
            addressed_as: match delivery.addressee {
                Addressee::Primary => AddressedAs::Primary,
                Addressee::Copy => AddressedAs::Copy,
            },
        })
    }

    fn leader_prompt(&self) -> Result<LeaderPromptWords, NoLetter> {
        let delivery = self.delivery()?;
        Ok(LeaderPromptWords {
            notice: self.notice()?.1,
            organization_name: delivery.organization_name.clone(),
            leader: self.letter.contact_name.clone(),
            deadline: delivery.deadline_at,
            now: self.now,
        })
    }

    fn issuer_alert(&self) -> Result<IssuerAlertWords, NoLetter> {
        let (notice, words) = self.notice()?;
        let store = &self.service.store;
        let unsigned = store.read(|conn| delivery_list_outstanding(conn, notice.id))?;
        if unsigned.is_empty() {
            return Err(NoLetter::Moot("nobody_is_outstanding"));
        }
        let ids: Vec<OrganizationId> = unsigned.iter().map(|one| one.organization_id).collect();
        let mut desks = store.read(|conn| desk_list_of(conn, &ids))?;
        let deadline = unsigned.iter().filter_map(|one| one.deadline_at).min();
        let line = |one: Outstanding| UnsignedLine {
            phone: desks.remove(&one.organization_id).and_then(|desks| phone_now(&desks)),
            standing: standing_zh(&one),
            next_call_at: one.next_call_at,
            organization_name: one.organization_name,
        };
        Ok(IssuerAlertWords {
            notice: words,
            leader: self.addressed(),
            unsigned: unsigned.into_iter().map(line).collect(),
            deadline,
            now: self.now,
        })
    }

    fn superior_request(&self) -> Result<SuperiorRequestWords, NoLetter> {
        let delivery = self.delivery()?;
        let ids = [delivery.organization_id];
        let desks = self.service.store.read(|conn| desk_list_of(conn, &ids))?;
        let desks = desks.into_values().flatten();
        Ok(SuperiorRequestWords {
            notice: self.notice()?.1,
            to: self.addressed(),
            organization_name: delivery.organization_name.clone(),
            desks: desks.map(|desk| DeskLine { phones: phones(&desk), name: desk.name }).collect(),
            deadline: delivery.deadline_at,
            now: self.now,
        })
    }

    fn delegated_calls(&self) -> Result<DelegatedCallsWords, NoLetter> {
        let about = self.letter.about.as_deref().unwrap_or_default();
        let id: DelegationId = about.parse().map_err(|_| unwritable("it is about no calls"))?;
        let (found, calls) = self.service.store.read(|conn| {
            let calls = delegated_call_list(conn, &[id])?.remove(&id).unwrap_or_default();
            Ok::<_, StoreError>((delegation_find(conn, id)?, calls))
        })?;
        let found = found.ok_or_else(|| unwritable("the calls it is about are not on record"))?;
        let owed: Vec<String> = calls
            .into_iter()
            .filter(|call| call.is_owed())
            .map(|call| call.organization_name)
            .collect();
        if found.ended_at.is_some() || owed.is_empty() {
            return Err(NoLetter::Moot("nothing_to_call"));
        }
        let page = self.list_of_calls(id)?.ok_or(NoLetter::Moot("link_revoked"))?;
        Ok(DelegatedCallsWords {
            notice: self.notice()?.1,
            to: self.addressed(),
            organizations: owed,
            report_by: found.due_at,
            page,
        })
    }

    /// The page of a list of calls, as it is opened from this address; none if it opens no more.
    fn list_of_calls(&self, delegation: DelegationId) -> Result<Option<String>, NoLetter> {
        let (service, address) = (self.service, self.address);
        let link = service.store.read(|conn| delegation_link_find(conn, delegation, address))?;
        let Some(link) = link.filter(|link| link.revoked_at.is_none()) else { return Ok(None) };
        let generation = u32::try_from(link.generation).unwrap_or(0);
        let link = DelegationVisit { delegation, address, generation };
        let token = service.keys.delegation_token(&link);
        Ok(Some(format!("{}/d/{token}", service.settings.public_url)))
    }

    /// The word of an end to a desk that was asked to make calls; none to everybody else.
    fn calls_ended(&self) -> Result<Option<CallsEndedWords>, NoLetter> {
        let about = self.letter.about.as_deref().unwrap_or_default();
        let Some((calls, event)) = about.split_once(LIST_AND_END) else { return Ok(None) };
        let id: DelegationId = calls.parse().map_err(|_| unwritable("it is about no calls"))?;
        let end = self.service.store.read(|conn| notice_end_find(conn, event))?;
        let end = end.ok_or_else(|| unwritable("the end it tells of is not on record"))?;
        let act: NoticeAct = end.act.parse().map_err(|_| unwritable("it ended by no act"))?;
        Ok(Some(CallsEndedWords {
            notice: self.notice()?.1,
            to: self.addressed(),
            act: act.word_zh(),
            is_void: act != NoticeAct::Close,
            reason: end.reason,
            ended_at: end.ended_at,
            page: self.list_of_calls(id)?,
        }))
    }

    fn withdrawal(&self) -> Result<WithdrawalWords, NoLetter> {
        let event = self.letter.about.as_deref().unwrap_or_default();
        let end = self.service.store.read(|conn| notice_end_find(conn, event))?;
        let end = end.ok_or_else(|| unwritable("the end it tells of is not on record"))?;
        let ended_by = match end.act.as_str() {
            "recall" => EndedBy::Recall,
            "revoke" => EndedBy::Revoke,
            "abolish" => EndedBy::Abolish,
            "supersede" if self.is_led_on()? => EndedBy::Supersede,
            "supersede" => EndedBy::SupersedeElsewhere,
            other => return Err(NoLetter::Unwritable(format!("{other} is told to nobody"))),
        };
        let had = self.notice()?.0.version;
        Ok(WithdrawalWords {
            after: (had < end.version).then_some((had, end.version)),
            notice: self.notice()?.1,
            // Who was told of the notice as a whole is no recipient of it.
            organization_name: match &self.letter.delivery {
                Some(delivery) => delivery.organization_name.clone(),
                None => self.letter.contact_organization.clone(),
            },
            ended_by,
            reason: end.reason,
            ended_at: end.ended_at,
        })
    }

    /// Whether the version in force goes to the organisation too.
    fn is_led_on(&self) -> Result<bool, NoLetter> {
        let (notice, _) = self.notice()?;
        // The issuer's own people see both versions.
        let Some(delivery) = &self.letter.delivery else { return Ok(true) };
        let (notice, organization) = (notice.id, delivery.organization_id);
        let next = self.service.store.read(|conn| successor_find(conn, notice, organization))?;
        Ok(next.is_some_and(|next| next.delivery.is_some()))
    }

    fn return_decision(&self) -> Result<ReturnDecisionWords, NoLetter> {
        let delivery = self.delivery()?;
        let answer = self.service.store.read(|conn| return_answer_find(conn, delivery.id))?;
        let answer = answer.ok_or_else(|| unwritable("the decision it tells of is not there"))?;
        let decided = match answer.decision.as_str() {
            "accepted" => Decided::Accepted,
            "refused" => Decided::Refused,
            _ => Decided::Answered,
        };
        Ok(ReturnDecisionWords {
            notice: self.notice()?.1,
            organization_name: delivery.organization_name.clone(),
            decided,
            reason: answer.why,
            deadline: delivery.deadline_at,
        })
    }

    fn verification(&self) -> Result<VerificationWords, NoLetter> {
        let about = self.letter.about.as_deref().unwrap_or_default();
        if about.is_empty() {
            return Err(unwritable("it belongs to no asking"));
        }
        Ok(VerificationWords {
            organization_name: self.letter.contact_organization.clone(),
            contact_name: self.letter.contact_name.clone(),
            code: self.service.keys.verification_code(about),
            page: format!("{}/verify?check={about}", self.service.settings.public_url),
        })
    }

    /// The contact with its organisation: `长沙市人民政府办公厅 值班室`.
    fn addressed(&self) -> String {
        format!("{} {}", self.letter.contact_organization, self.letter.contact_name)
    }
}

const fn standing_zh(one: &Outstanding) -> &'static str {
    if one.returned {
        "已退文，等待答复"
    } else if one.unreachable {
        "暂无法联系"
    } else if one.opened {
        "已查看，未签收"
    } else if one.handed_over {
        "已送出，未查看"
    } else {
        "尚未送出"
    }
}

fn phones(desk: &Desk) -> Vec<String> {
    let night = desk.night_phone.as_ref().map(|phone| format!("夜间{phone}"));
    desk.phone.as_ref().map(ToString::to_string).into_iter().chain(night).collect()
}

/// The desk that is manned day and night before the others, its numbers in one text.
fn phone_now(desks: &[Desk]) -> Option<String> {
    let round = desks.iter().filter(|desk| desk.round_the_clock);
    let mut all = round.chain(desks).map(phones).filter(|phones| !phones.is_empty());
    all.next().map(|phones| phones.join("、"))
}
