//! Draws every staff page with realistic and with awkward contents into `target/gallery`, to be
//! looked at in a browser without a server: `cargo test --lib gallery`.
//!
//! Also holds what can be checked of a drawn page without a browser.

mod people;
mod sending;
mod watching;

use askama::Template;

use super::parts::{AlarmLine, Place, Shell};
use crate::domain::time::Timestamp;
use crate::web::assets;

/// The instant at which every picture is taken: a tired hour.
fn now() -> Timestamp {
    at("2026-11-24T02:14:05")
}

fn at(text: &str) -> Timestamp {
    Timestamp::from_shanghai(text.parse().unwrap()).unwrap()
}

fn shell(place: Place) -> Shell {
    Shell {
        office: "中共湖南省委办公厅".into(),
        person: "王建国".into(),
        may_read: true,
        may_compose: true,
        may_see_duty: true,
        is_admin: place == Place::Accounts,
        is_auditor: false,
        at: place,
        alarm: (place == Place::Directory).then(|| {
            let kind = crate::domain::alarm::AlarmKind::StepOverdue;
            AlarmLine { what: kind.said_zh(""), remedy: kind.remedy_zh(), href: "", others: 2 }
        }),
        said: String::new(),
        form_token: "token".into(),
    }
}

const TITLE: &str = "关于切实做好强寒潮和低温雨雪冰冻天气防范应对工作的通知";
const LONG_TITLE: &str = "中共湖南省委办公厅、湖南省人民政府办公厅关于认真学习贯彻全省安全生产\
    电视电话会议精神切实做好岁末年初安全防范和应急值守各项工作的通知";
const NUMBER: &str = "湘办发电〔2026〕35号";

/// 市州 and their counties: enough for 136 committees with their real lengths of name.
const DIVISIONS: [(&str, &str); 14] = [
    ("长沙市", "芙蓉区 天心区 岳麓区 开福区 雨花区 望城区 长沙县 浏阳市 宁乡市"),
    ("株洲市", "荷塘区 芦淞区 石峰区 天元区 渌口区 攸县 茶陵县 炎陵县 醴陵市"),
    ("湘潭市", "雨湖区 岳塘区 湘潭县 湘乡市 韶山市"),
    (
        "衡阳市",
        "珠晖区 雁峰区 石鼓区 蒸湘区 南岳区 衡阳县 衡南县 衡山县 衡东县 祁东县 耒阳市 常宁市",
    ),
    (
        "邵阳市",
        "双清区 大祥区 北塔区 新邵县 邵阳县 隆回县 洞口县 绥宁县 新宁县 城步苗族自治县 武冈市 邵东市",
    ),
    ("岳阳市", "岳阳楼区 云溪区 君山区 岳阳县 华容县 湘阴县 平江县 汨罗市 临湘市"),
    ("常德市", "武陵区 鼎城区 安乡县 汉寿县 澧县 临澧县 桃源县 石门县 津市市"),
    ("张家界市", "永定区 武陵源区 慈利县 桑植县"),
    ("益阳市", "资阳区 赫山区 南县 桃江县 安化县 沅江市"),
    ("郴州市", "北湖区 苏仙区 桂阳县 宜章县 永兴县 嘉禾县 临武县 汝城县 桂东县 安仁县 资兴市"),
    (
        "永州市",
        "零陵区 冷水滩区 东安县 双牌县 道县 江永县 宁远县 蓝山县 新田县 江华瑶族自治县 祁阳市",
    ),
    (
        "怀化市",
        "鹤城区 中方县 沅陵县 辰溪县 溆浦县 会同县 麻阳苗族自治县 新晃侗族自治县 芷江侗族自治县 靖州苗族侗族自治县 通道侗族自治县 洪江市",
    ),
    ("娄底市", "娄星区 双峰县 新化县 冷水江市 涟源市"),
    ("湘西土家族苗族自治州", "吉首市 泸溪县 凤凰县 花垣县 保靖县 古丈县 永顺县 龙山县"),
];

/// 长沙市 → 长沙市委; the one 自治州 by its short name.
fn committee(place: &str) -> String {
    match place {
        "湘西土家族苗族自治州" => "湘西州委".to_owned(),
        other => format!("{other}委"),
    }
}

const BODIES: [&str; 10] = [
    "省纪委监委",
    "省委组织部",
    "省委宣传部",
    "省委统战部",
    "省委政法委",
    "省应急管理厅",
    "省交通运输厅",
    "省教育厅",
    "省气象局",
    "省总工会",
];

/// Writes a page with its styles and scripts beside it, and checks what every page owes.
fn put(name: &str, page: &impl Template) -> String {
    let html = page.render().unwrap();
    check(name, &html);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/target/gallery");
    std::fs::create_dir_all(format!("{folder}/assets")).unwrap();
    for file in [
        "app.css",
        "staff.css",
        "icon.svg",
        "picker.js",
        "compose.js",
        "board.js",
        "duty.js",
        "acts.js",
        "duty.css",
    ] {
        let url = assets::asset(file);
        let found = assets::lookup(url.strip_prefix("/assets/").unwrap()).unwrap();
        std::fs::write(format!("{folder}{url}"), found.bytes).unwrap();
    }
    let local = html.replace("\"/assets/", "\"assets/");
    std::fs::write(format!("{folder}/{name}.html"), local).unwrap();
    html
}

/// Every `for` and `aria-…` names an id of the page, no id stands twice, and at most one button is
/// primary.
fn check(name: &str, html: &str) {
    let values = |attribute: &str| -> Vec<String> {
        let start = format!(" {attribute}=\"");
        let rest = html.split(&start).skip(1);
        rest.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    };
    let ids = values("id");
    let unique: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "{name}: an id stands twice");
    for wanted in values("for").iter().chain(&values("aria-labelledby")).chain(&values("list")) {
        assert!(unique.contains(wanted), "{name}: nothing has the id {wanted}");
    }
    for described in values("aria-describedby") {
        for wanted in described.split_whitespace() {
            assert!(unique.contains(&wanted.to_owned()), "{name}: nothing has the id {wanted}");
        }
    }
    let primary = html.matches("btn-primary").count();
    assert!(primary <= 1, "{name}: {primary} primary buttons");
    for word in ["提交", "确定", "请稍候", "操作成功", "！"] {
        assert!(!html.contains(word), "{name}: says {word}");
    }
}
