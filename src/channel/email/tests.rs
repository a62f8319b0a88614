//! What mails say, and what they must not say.

use super::*;
use crate::domain::network::Network;

fn notice(network: Network) -> NoticeWords {
    NoticeWords {
        urgency_word: "特提".to_owned(),
        document_number: Some("湘办发电〔2026〕35号".to_owned()),
        title: "关于切实做好强降温天气应对工作的通知".to_owned(),
        dispatching_organ: "中共湖南省委办公厅".to_owned(),
        duty_phone: "0731-00000000".to_owned(),
        contact_person: Some("王某".to_owned()),
        network,
    }
}

fn words() -> InvitationWords {
    let civil = jiff::civil::date(2026, 11, 24).at(0, 20, 37, 0);
    InvitationWords {
        notice: notice(Network::GovernmentExtranet),
        organization_name: "中共长沙市望城区委办公室".to_owned(),
        deadline: Timestamp::from_shanghai(civil),
        deadline_origin: Some("特提，发出后30分钟内".to_owned()),
        link: "https://qs.example/l/abc?a=1&b=2".to_owned(),
        kind: InvitationKind::First,
        corrects: None,
        addressed_as: AddressedAs::Primary,
    }
}

fn correction() -> CorrectionWords {
    CorrectionWords { version: 1, reason: "强降温通知第35号附件有误".to_owned() }
}

fn rendered(words: &InvitationWords) -> Rendered {
    words.render().expect("renders")
}

#[test]
fn the_subject_says_level_number_title_and_until_when() {
    assert_eq!(
        rendered(&words()).subject,
        "【特提】湘办发电〔2026〕35号 关于切实做好强降温天气应对工作的通知 — \
         请于11月24日0时20分前签收"
    );
}

#[test]
fn the_plain_part_has_everything_and_one_link() {
    let mail = rendered(&words());
    assert_eq!(
        mail.text,
        "中共长沙市望城区委办公室：\n\n\
         中共湖南省委办公厅向贵单位发出一份特提公文，请于2026年11月24日（星期二）0时20分前签收。\n\n\
         来文单位：中共湖南省委办公厅\n\
         发文字号：湘办发电〔2026〕35号\n\
         标题：关于切实做好强降温天气应对工作的通知\n\
         时限依据：特提，发出后30分钟内\n\n\
         查看并签收：\nhttps://qs.example/l/abc?a=1&b=2\n\n\
         这个链接只供贵单位使用，请勿转发。不是发给贵单位的，请在打开的页面上选择“误投退回”。\n\
         打不开，或有疑问，请致电值班室：0731-00000000（联系人：王某）。\n\n\
         签收仅表示收到正文及附件，不代表已办理。本邮件由系统发出，请勿直接回复。"
    );
}

/// Every kind of mail on every network, to both kinds of addressee.
fn all() -> Vec<InvitationWords> {
    let mut all = Vec::new();
    for network in [Network::Internal, Network::GovernmentExtranet, Network::Internet] {
        for addressed_as in [AddressedAs::Primary, AddressedAs::Copy] {
            for kind in [
                InvitationKind::First,
                InvitationKind::Reminder { nth: 2, overdue: false },
                InvitationKind::Reminder { nth: 3, overdue: true },
                InvitationKind::Resend,
            ] {
                for corrects in [None, Some(correction())] {
                    all.push(InvitationWords {
                        notice: notice(network),
                        addressed_as,
                        kind,
                        corrects,
                        ..words()
                    });
                }
            }
        }
    }
    all
}

#[test]
fn every_mail_has_one_link_the_phone_and_loads_nothing() {
    for words in all() {
        let Rendered { subject, text, html } = rendered(&words);
        assert_eq!(text.matches("http").count(), 1, "{text}");
        let escaped = "https://qs.example/l/abc?a=1&#38;b=2";
        assert_eq!(html.matches("<a href=").count(), 1);
        assert!(html.contains(&format!("<a href=\"{escaped}\"")), "{html}");
        assert_eq!(html.matches("://").count(), 1, "nothing is loaded from outside");
        for banned in ["<img", "<script", "<style", "<link", "url(", "<table", "src="] {
            assert!(!html.contains(banned), "{banned}");
        }
        for part in [&text, &html] {
            assert!(part.contains("0731-00000000") && part.contains("中共长沙市望城区委办公室"));
            assert!(part.contains("签收仅表示收到正文及附件，不代表已办理"));
            let has_deadline = part.contains("2026年11月24日（星期二）0时20分");
            assert_eq!(has_deadline, words.addressed_as == AddressedAs::Primary, "{part}");
        }
        assert!(!subject.contains('\n') && subject.starts_with("【特提】"));
    }
}

#[test]
fn on_the_internet_neither_title_nor_number_leaves_the_house() {
    for words in all() {
        let Rendered { subject, text, html } = rendered(&words);
        for part in [subject, text, html] {
            let named = words.notice.named();
            assert_eq!(part.contains("强降温"), named, "{part}");
            assert_eq!(part.contains("35号"), named, "{part}");
        }
    }
}

#[test]
fn each_kind_says_what_it_is() {
    let subject = |kind, addressed_as| {
        let mut words = InvitationWords { kind, addressed_as, ..words() };
        words.notice.document_number = None;
        rendered(&words).subject
    };
    let title = "关于切实做好强降温天气应对工作的通知";
    let second = InvitationKind::Reminder { nth: 2, overdue: false };
    let late = InvitationKind::Reminder { nth: 3, overdue: true };
    for (kind, addressed_as, wanted) in [
        (second, AddressedAs::Primary, format!("第2次催签 {title} — 请于11月24日0时20分前签收")),
        (
            late,
            AddressedAs::Primary,
            format!("第3次催签 {title} — 已过签收时限11月24日0时20分，请即签收"),
        ),
        (
            InvitationKind::Resend,
            AddressedAs::Primary,
            format!("重发 {title} — 请于11月24日0时20分前签收"),
        ),
        (InvitationKind::First, AddressedAs::Copy, format!("抄送 {title} — 请签收")),
    ] {
        assert_eq!(subject(kind, addressed_as), format!("【特提】{wanted}"));
    }
    let text = rendered(&InvitationWords { kind: second, ..words() }).text;
    assert!(text.contains("尚未签收") && text.contains("这是第2次催签。"), "{text}");
}

#[test]
fn a_correction_says_what_it_replaces_and_why() {
    let words = InvitationWords { corrects: Some(correction()), ..words() };
    let Rendered { subject, text, .. } = rendered(&words);
    assert!(subject.starts_with("【特提】更正：湘办发电〔2026〕35号"), "{subject}");
    assert!(subject.contains("，请以新版为准 — 请于11月24日0时20分前签收"), "{subject}");
    assert!(text.contains("代替此前发出的第1版，请以新版为准；已签收第1版的，也请签收本件"));
    assert!(text.contains("更正理由：强降温通知第35号附件有误"), "{text}");
}

#[test]
fn what_people_typed_stays_text_and_a_strange_link_is_refused() {
    let mut evil = words();
    evil.notice.title = "<script>alert(1)</script>".to_owned();
    let html = rendered(&evil).html;
    assert!(!html.contains("<script>"));
    evil.link = "javascript:alert(1)".to_owned();
    assert!(matches!(evil.render(), Err(WordsError::Link)));
}

fn at(hour: i8, minute: i8) -> Timestamp {
    let civil = jiff::civil::date(2026, 11, 24).at(hour, minute, 0, 0);
    Timestamp::from_shanghai(civil).expect("an instant")
}

/// Every mail without a link, on a network.
fn sheets(network: Network) -> Vec<Rendered> {
    let organization_name = || "中共长沙市望城区委办公室".to_owned();
    let line = |name: &str, standing, phone: Option<&str>, next_call_at| UnsignedLine {
        organization_name: name.to_owned(),
        standing,
        phone: phone.map(str::to_owned),
        next_call_at,
    };
    let deadline = Some(at(0, 20));
    let mut all = vec![
        LeaderPromptWords {
            notice: notice(network),
            organization_name: organization_name(),
            leader: "带班领导张某".to_owned(),
            deadline,
            now: at(0, 5),
        }
        .render(),
        IssuerAlertWords {
            notice: notice(network),
            leader: "中共湖南省委办公厅 带班领导周某".to_owned(),
            unsigned: vec![
                line("望城区委", "已送出，未查看", Some("0731-55500001"), Some(at(0, 5))),
                line("浏阳市委", "暂无法联系", None, Some(at(0, 40))),
            ],
            deadline,
            now: at(0, 21),
        }
        .render(),
        SuperiorRequestWords {
            notice: notice(network),
            to: "长沙市委办公室 值班室".to_owned(),
            organization_name: organization_name(),
            desks: vec![DeskLine {
                name: "区委值班室".to_owned(), phones: vec!["0731-5".into()]
            }],
            deadline,
            now: at(0, 45),
        }
        .render(),
    ];
    for ended_by in [
        EndedBy::Recall,
        EndedBy::Revoke,
        EndedBy::Abolish,
        EndedBy::Supersede,
        EndedBy::SupersedeElsewhere,
    ] {
        let words = WithdrawalWords {
            notice: notice(network),
            organization_name: organization_name(),
            ended_by,
            reason: "强降温通知第35号数字有误".to_owned(),
            after: None,
            ended_at: at(1, 0),
        };
        all.push(words.render());
    }
    for decided in [Decided::Accepted, Decided::Refused, Decided::Answered] {
        let words = ReturnDecisionWords {
            notice: notice(network),
            organization_name: organization_name(),
            decided,
            reason: Some("强降温属贵单位职责".to_owned()),
            deadline,
        };
        all.push(words.render());
    }
    all.into_iter().map(|rendered| rendered.expect("renders")).collect()
}

#[test]
fn mails_without_a_link_have_none_and_name_the_notice_only_where_they_may() {
    for network in [Network::GovernmentExtranet, Network::Internet] {
        for (place, mail) in sheets(network).into_iter().enumerate() {
            for part in [&mail.subject, &mail.text, &mail.html] {
                assert!(!part.contains("://"), "{part}");
                if place == 0 || network == Network::Internet {
                    assert!(!part.contains("强降温") && !part.contains("35号"), "{part}");
                }
            }
            assert!(mail.subject.starts_with("【特提】") && !mail.text.contains("\n\n\n"));
            assert!(!mail.html.contains("<img") && !mail.html.contains("<script"));
        }
    }
}

#[test]
fn a_list_says_who_stands_where_and_who_is_to_be_called_now() {
    let list = sheets(Network::GovernmentExtranet).remove(1);
    let called = "湘办发电〔2026〕35号 关于切实做好强降温天气应对工作的通知";
    assert_eq!(list.subject, format!("【特提】仍有2家未签收 — {called}"));
    assert_eq!(
        list.text,
        format!(
            "中共湖南省委办公厅 带班领导周某：\n\n\
             截至2026年11月24日（星期二）0时21分，下列2家单位没有签收{called}，\
             签收时限为2026年11月24日（星期二）0时20分，已经超过。\n\n\
             1. 望城区委：已送出，未查看；电话 0731-55500001；现在应打电话\n\
             2. 浏阳市委：暂无法联系；没有登记电话；下一次电话 11月24日0时40分\n\n\
             发出后又签收的，以系统中的签收登记表为准。\n\
             本邮件由系统发出，请勿直接回复。"
        )
    );
}

#[test]
fn a_desk_that_calls_gets_the_list_one_link_and_the_title_where_the_network_allows_it() {
    for network in [Network::GovernmentExtranet, Network::Internet] {
        let mail = DelegatedCallsWords {
            notice: notice(network),
            to: "长沙市委办公室 值班室".to_owned(),
            organizations: vec!["中共长沙市望城区委办公室".to_owned()],
            report_by: at(0, 55),
            page: "https://qs.example/d/abc".to_owned(),
        };
        let mail = mail.render().unwrap();
        let named = network.may_name_the_notice();
        for part in [&mail.text, &mail.html] {
            assert_eq!(part.contains("强降温") && part.contains("35号"), named, "{part}");
            assert_eq!(part.contains("强降温") || part.contains("35号"), named, "{part}");
        }
        assert!(!mail.subject.contains("强降温") && !mail.subject.contains("35号"));
        assert_eq!(mail.text.matches("https://qs.example/d/abc").count(), 1);
        assert_eq!(mail.text.matches("://").count(), 1);
        assert!(mail.text.contains("1. 中共长沙市望城区委办公室"), "{}", mail.text);
        assert!(mail.subject.contains("0时55分"), "{}", mail.subject);
    }
}
