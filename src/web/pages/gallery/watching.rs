//! Pictures of the board and of the story of one delivery.

use super::{BODIES, DIVISIONS, LONG_TITLE, NUMBER, TITLE, at, committee, now, put, shell};
use crate::web::pages::acts::{BoardActs, EndBanner, OwedRelease};
use crate::web::pages::board::*;
use crate::web::pages::moment::{Moment, countdown};
use crate::web::pages::parts::{Choice, Fact, Link, Place, StateMark, UrgencyMark};
use crate::web::pages::story::*;

fn acts(words: &[&str]) -> Vec<Link> {
    let link = |word: &&str| Link { text: (*word).to_owned(), href: "#".into(), current: false };
    words.iter().map(link).collect()
}

fn row(index: usize, depth: u8, name: String) -> BoardRow {
    let (state, next, signer) = match index % 9 {
        0..=5 => (
            StateMark::acknowledged(if index % 9 == 5 { "电话确认" } else { "已签收" }),
            "",
            "王某 机要室 0731-8806 0001",
        ),
        6 => (StateMark::opened(), "02:32 提级催签：带班领导", ""),
        7 => (StateMark::handed_over(), "02:22 催签", ""),
        _ if index == 17 => (StateMark::returned(), "待拨电话", ""),
        _ if index.is_multiple_of(2) => (StateMark::late("暂无法联系"), "待拨电话", ""),
        _ => (StateMark::late("邮件被拒"), "02:15 改发短信", ""),
    };
    BoardRow {
        id: format!("dlv_{index}"),
        depth,
        name,
        code: String::new(),
        copy: index > 142,
        subtotal: String::new(),
        state: Some(state),
        at: Moment::in_table(at("2026-11-24T02:03:11"), now()),
        next: next.into(),
        gap: match index {
            17 => "对该单位先行发出（李某）：情况紧急；当时没有已验证的联系方式".into(),
            _ => String::new(),
        },
        signer: signer.into(),
        story_href: "#".into(),
    }
}

fn rows() -> Vec<BoardRow> {
    let mut rows = Vec::new();
    for (city, counties) in DIVISIONS {
        let mut head = row(rows.len(), 0, committee(city));
        let below = counties.split(' ').count();
        head.subtotal = format!("所辖 {below}，未签收 {}", below / 4);
        rows.push(head);
        for county in counties.split(' ') {
            rows.push(row(rows.len(), 1, committee(county)));
        }
    }
    let parent = BoardRow {
        id: "org_province".into(),
        state: None,
        subtotal: "所辖 10，未签收 3".into(),
        story_href: String::new(),
        next: String::new(),
        signer: String::new(),
        ..row(0, 0, "省直单位".into())
    };
    let first = rows.len();
    rows.push(parent);
    rows.extend(BODIES.iter().enumerate().map(|(i, name)| row(first + i, 1, (*name).into())));
    rows
}

fn board(rows: Vec<BoardRow>) -> BoardPage {
    let of = |class: &str| {
        rows.iter().filter(|row| row.state.as_ref().is_some_and(|s| s.class == class)).count()
    };
    let bar = BoardBar {
        words: "已签收 1".into(),
        acknowledged: of("acknowledged"),
        opened: of("opened"),
        waiting: of("handed-over"),
        late: of("late") + of("returned"),
    };
    let number = |label: &str, count, aside: &str, current| BoardNumber {
        label: label.into(),
        count,
        aside: aside.into(),
        href: "#".into(),
        current,
        late: false,
    };
    let link = |text: &str, current| Link { text: text.into(), href: "#".into(), current };
    let deadline = at("2026-11-24T02:32:00");
    let unsigned = bar.total() - bar.acknowledged;
    BoardPage {
        shell: shell(Place::Notices),
        urgency: UrgencyMark::of("flash"),
        number: NUMBER.into(),
        title: TITLE.into(),
        issued: Moment::at(at("2026-11-24T02:02:00"), now()),
        deadline: Moment::at(deadline, now()),
        deadline_origin: "特提的默认时限，30 分钟".into(),
        ended: EndBanner::default(),
        owed: OwedRelease {
            words: "口头批准发出：张某某（电话），须于2026年11月25日 02:02前补核发。".into(),
            open: true,
            href: "#".into(),
        },
        acts: BoardActs {
            remind: acts(&["催签 33 个单位"]).pop(),
            everyday: acts(&["待拨电话", "补发", "重发"]),
            ends: acts(&["办结", "更正", "撤回", "撤销", "废止"]),
        },
        here: "#".into(),
        filters: vec![
            link("未签收", false),
            link("全部", true),
            link("逾期", false),
            link("未查看", false),
        ],
        show: "all".into(),
        search: String::new(),
        orders: Choice::list(&[("tree", "树"), ("waiting", "等待时间"), ("next", "下一步")]),
        order: "tree".into(),
        notice_href: "#".into(),
        register_href: String::new(),
        live: BoardLive {
            countdown: countdown(deadline, now()),
            late: false,
            numbers: vec![
                number("未签收", unsigned, "其中暂无法联系 6", false),
                number("已签收", bar.acknowledged, "", false),
                number("退文", of("returned"), "", false),
                number("共", bar.total(), "", true),
            ],
            shown: bar.total(),
            bar,
            rows,
            nothing: "没有未签收的单位。".into(),
            read_at: "02:14:05".into(),
        },
    }
}

#[test]
fn gallery_board() {
    let page = board(rows());
    assert_eq!(page.live.shown, 146, "the rows are the deliveries, the mere parent is not one");
    let html = put("board", &page);
    let part = askama::Template::render(&page.live).unwrap();
    let (_, drawn) = part.split_once("<tbody").unwrap();
    assert!(html.contains(drawn.trim()), "the part and the page are drawn from one template");

    let mut late = board(rows());
    late.title = LONG_TITLE.into();
    (late.live.countdown, late.live.late) = ("已超 3 小时 10 分".into(), true);
    late.live.numbers.iter_mut().take(1).for_each(|number| number.late = true);
    late.live
        .rows
        .retain(|row| row.state.as_ref().is_none_or(|state| state.class != "acknowledged"));
    late.live.shown = 33;
    put("board-late", &late);

    let mut empty = board(Vec::new());
    empty.live.nothing = "没有未签收的单位，146 个单位都已签收。".into();
    empty.live.countdown = "已全部签收".into();
    put("board-empty", &empty);
}

#[test]
fn a_board_of_three_thousand_stays_light() {
    let mut many = Vec::new();
    while many.len() < 3_000 {
        many.push(row(many.len(), 1, format!("第{}单位党组", many.len())));
    }
    let html = put("board-3000", &board(many));
    assert!(html.len() < 1_700_000, "{} bytes before compression", html.len());
}

fn entry(clock: &str, sentence: &str, quiet: &str, weight: Weight) -> StoryEntry {
    StoryEntry {
        clock: clock.into(),
        iso: if clock == "未记录" { String::new() } else { format!("2026-11-24T{clock}+08:00") },
        sentence: sentence.into(),
        quiet: quiet.into(),
        weight,
    }
}

#[test]
fn gallery_story() {
    let fact = |label: &str, value: &str| Fact { label: label.into(), value: value.into() };
    let page = StoryPage {
        shell: shell(Place::Notices),
        organisation: "中共长沙市望城区委员会".into(),
        organisation_href: "#".into(),
        ended: EndBanner::default(),
        acts: acts(&["重发", "终止催签"]),
        board_href: "#".into(),
        urgency: UrgencyMark::of("flash"),
        number: NUMBER.into(),
        title: TITLE.into(),
        state: StateMark::acknowledged("已签收，逾期"),
        facts: vec![
            fact("签收人", "陈立"),
            fact("职务", "机要室主任"),
            fact("电话", "0731-8806 0001"),
            fact("签收时间", "2026年11月24日 02:41:12"),
            fact("方式", "本单位经链接签收"),
            fact("回执号", "QS-20261124-0017"),
        ],
        receipt_href: Some("#".into()),
        days: vec![
            StoryDay {
                date: "2026年11月23日 周一".into(),
                entries: vec![entry("23:58:40", "李敏起草，送核发。", "", Weight::Plain)],
            },
            StoryDay {
                date: "2026年11月24日 周二".into(),
                entries: vec![
                    entry(
                        "02:02:00",
                        "王建国核发并发出。",
                        "选自“各市州、县市区党委”",
                        Weight::Plain,
                    ),
                    entry(
                        "02:02:01",
                        "邮件交给对方邮件服务器（机要室）。",
                        "mx.wangcheng.example 回复 250 2.0.0 Ok: queued as 4F2A1C0B7E",
                        Weight::Plain,
                    ),
                    entry(
                        "02:02:03",
                        "发给值班室的邮件被拒，不再重发。",
                        "mx.wangcheng.example 回复 552 5.2.2 Mailbox full",
                        Weight::Gap,
                    ),
                    entry(
                        "02:02:31",
                        "链接被访问过，分不清是程序还是人，不计查看。",
                        "",
                        Weight::Plain,
                    ),
                    entry("未记录", "对方何时看到通知，没有记录。", "", Weight::Gap),
                    entry("02:32:00", "到时限仍未签收，记为逾期。", "", Weight::Gap),
                    entry("02:40:20", "在页面上打开正文。", "", Weight::Plain),
                    entry(
                        "02:41:12",
                        "陈立（机要室主任）签收，晚 9 分 12 秒。",
                        "回执 QS-20261124-0017",
                        Weight::Answer,
                    ),
                ],
            },
        ],
        next: "没有。签收后不再催签。".into(),
    };
    put("story", &page);
}
