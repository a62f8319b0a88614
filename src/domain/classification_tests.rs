//! Samples for the guard: what must be refused, what must be asked, what must pass.

use proptest::prelude::*;

use super::*;

const MARKED: &[&str] = &[
    "秘密★10年",
    "机密★5年",
    "绝密★30年",
    "绝密★长期",
    "秘密★",
    "机密★1年",
    "秘 密 ★ 5 年",
    "机　密★２０年",
    "秘密☆3年",
    "机密*5年",
    "机密 5年",
    "秘密 10年",
    "绝密30年",
    "秘密6个月",
    "秘密（5年）",
    "机密级★10年",
    "★秘密",
    "绝密★启用前",
    "秘密\u{200B}★5年",
    "機密★5年",
    "絕密",
    "机密",
    "绝密",
    "秘密",
    "【机密】",
    "（秘密）",
    "[绝密]",
    "机密级",
    "秘密件",
    "机密  特急",
    "特急 机密",
    "000012 机密",
    "加急·秘密",
    "密级：机密",
    "密级:秘密★5年",
    "密 级：绝密",
    "密级：【秘密】",
    "本件密级：机密，请妥善保管",
    "保密期限：10年",
    "保密期限：长期",
    "中共某省委办公厅密码电报",
    "密码电报",
    "根据密码电报〔2014〕3号",
    "某密电〔2014〕12号",
    "密码电报第5号",
    "各单位：\n秘密★5年\n通知如下",
    "关于某事的通知（秘密★3年）",
    "附件1（机密★2年）.",
    "特提 绝密★1年 000001",
    "此件秘密三年",
];

const MARKED_FILES: &[&str] = &[
    "机密-关于某事的通知.pdf",
    "关于某事的通知（秘密）.docx",
    "秘密_通知.pdf",
    "绝密.pdf",
    "机密文件.pdf",
    "绝密级资料.doc",
    "通知 机密.ofd",
    "秘密★5年 通知.pdf",
    "某省密码电报.pdf",
    "（机密）通知.pdf",
    "2014-秘密-3.pdf",
    "秘密件.pdf",
];

const ASKS: &[&str] = &[
    "份号：000001",
    "份号000123",
    "000001\n关于某事的通知",
    "密级：",
    "密级：　　紧急程度：特急",
    "应当通过密码电报传输涉密公文。",
];

const PROSE: &[&str] = &[
    "保守国家秘密是公民的义务",
    "严守国家秘密和工作秘密",
    "维护商业秘密权益",
    "做好保密工作",
    "中华人民共和国保守国家秘密法",
    "开展保密宣传教育月活动",
    "不得泄露国家秘密、工作秘密",
    "国家秘密分为绝密、机密、秘密三级",
    "涉及国家秘密的公文按规定办理",
    "注意保护个人隐私和商业秘密",
    "机密级涉密人员的管理办法另行制定",
    "绝密级国家秘密载体由专人负责",
    "秘密级事项的范围",
    "破解成功的秘密",
    "大自然的秘密等着孩子们发现",
    "《秘密花园》读书活动",
    "机密文件管理制度培训",
    "涉密信息系统分级保护",
    "非涉密公文可以通过本系统发送",
    "本通知不涉密",
    "密级：公开",
    "密级：无",
    "密级：非密",
    "密级: 内部",
    "密级：不涉密",
    "确定密级和保密期限的办法",
    "密级鉴定",
    "定密工作",
    "严禁在互联网上传输国家秘密",
    "这个秘密10年后才公开",
    "埋藏心底的秘密30年前就有人知道",
    "保守秘密5年多的老党员",
    "保密期限届满的应当解密",
    "保密期限由定密责任人确定",
    "密切联系群众",
    "密电码",
    "机要密电室",
    "秘密投票",
    "采取无记名秘密投票方式选举",
    "秘密警察",
    "地下党秘密工作20年",
    "秘密会议旧址",
    "行业机密",
    "军事机密",
    "商业机密",
    "不泄露企业机密信息",
    "机密性、完整性和可用性",
    "数据机密性要求",
    "密码法宣传",
    "商用密码应用安全性评估",
    "密码管理局",
    "修改电脑密码",
    "份号是公文份数的顺序号",
    "涉密公文应当标注份号",
    "邮政编码：410011",
    "410011 长沙市",
    "编号123456",
    "电话：0731-82217777",
    "2014年3月19日",
    "湘办发电〔2014〕35号",
    "湘机发1220号",
    "特提·明电",
    "国发明电〔2008〕8号",
    "内部传真电报",
    "明码电报",
    "此件公开发布",
    "此件发至县团级",
    "不得翻印",
    "**秘密**",
    "各市州、县市区委：",
    "省委机要局",
    "省国家保密局",
    "工作秘密",
    "内部资料",
    "注意保存，妥善保管",
    "年度保密自查自评",
    "秘密交通站纪念馆",
    "揭秘密室",
    "机密封装工艺",
    "绝密封条件下运输",
    "严密级联",
    "紧密级别",
    "密级联动",
    "关于做好防汛期间保密工作的通知",
    "关于做好抗旱期间保密工作的通知",
    "关于做好森林防火期间保密工作的通知",
    "关于做好安全生产期间保密工作的通知",
    "关于做好教育实践活动期间保密工作的通知",
    "关于做好春节值班期间保密工作的通知",
    "关于做好疫情防控期间保密工作的通知",
    "关于做好乡村振兴期间保密工作的通知",
    "关于做好信访期间保密工作的通知",
    "关于做好档案期间保密工作的通知",
    "防汛工作人员应当保守国家秘密、商业秘密和工作秘密。",
    "抗旱工作人员应当保守国家秘密、商业秘密和工作秘密。",
    "森林防火工作人员应当保守国家秘密、商业秘密和工作秘密。",
    "安全生产工作人员应当保守国家秘密、商业秘密和工作秘密。",
    "教育实践活动工作人员应当保守国家秘密、商业秘密和工作秘密。",
    "春节值班工作人员应当保守国家秘密、商业秘密和工作秘密。",
    "疫情防控工作人员应当保守国家秘密、商业秘密和工作秘密。",
    "乡村振兴工作人员应当保守国家秘密、商业秘密和工作秘密。",
    "信访工作人员应当保守国家秘密、商业秘密和工作秘密。",
    "档案工作人员应当保守国家秘密、商业秘密和工作秘密。",
    "各级各部门要把防汛工作抓紧抓实，严防失泄密事件发生。",
    "各级各部门要把抗旱工作抓紧抓实，严防失泄密事件发生。",
    "各级各部门要把森林防火工作抓紧抓实，严防失泄密事件发生。",
    "各级各部门要把安全生产工作抓紧抓实，严防失泄密事件发生。",
    "各级各部门要把教育实践活动工作抓紧抓实，严防失泄密事件发生。",
    "各级各部门要把春节值班工作抓紧抓实，严防失泄密事件发生。",
];

const PLAIN_FILES: &[&str] = &[
    "关于做好保密工作的通知.pdf",
    "保守国家秘密法.docx",
    "商业秘密保护办法.pdf",
    "秘密花园.pdf",
    "国家秘密定密管理.ofd",
    "通知.pdf",
    "附件1.xlsx",
    "密码法.pdf",
    "410011.pdf",
    "军事机密展.jpg",
    "湘办发电〔2014〕35号.pdf",
    "机密性评估.docx",
];

fn failing(samples: &[&str], right: impl Fn(&str) -> bool) -> Vec<String> {
    samples.iter().filter(|sample| !right(sample)).map(|sample| (*sample).to_owned()).collect()
}

#[test]
fn markings_are_refused() {
    assert!(MARKED.len() >= 40);
    assert_eq!(failing(MARKED, |text| screen_text(text).refuses()), [""; 0]);
    assert_eq!(failing(MARKED_FILES, |name| screen_file_name(name).refuses()), [""; 0]);
}

#[test]
fn doubtful_ones_are_asked() {
    let asked = |text: &str| !screen_text(text).is_clear() && !screen_text(text).refuses();
    assert_eq!(failing(ASKS, asked), [""; 0]);
}

#[test]
fn ordinary_prose_passes() {
    assert!(PROSE.len() >= 100, "{} samples", PROSE.len());
    assert_eq!(failing(PROSE, |text| screen_text(text).is_clear()), [""; 0]);
    assert_eq!(failing(PLAIN_FILES, |name| screen_file_name(name).is_clear()), [""; 0]);
}

#[test]
fn what_is_said_names_the_kind_and_never_the_content() {
    let said = screen_text("机密★5年\n关于张三的通知").message_zh().unwrap();
    assert!(said.contains("密级标志") && said.contains("可能已经泄密") && !said.contains("张三"));
    assert!(screen_text("份号：000001").message_zh().unwrap().contains("请核对"));
    assert_eq!(screen_text("通知").message_zh(), None);
    assert!(screen_text("通知").and(screen_file_name("机密.pdf")).refuses());
}

#[test]
fn a_false_alarm_can_be_confirmed_and_a_real_marking_can_not() {
    let confirmable = |text: &str| screen_text(text).is_confirmable();
    let prose = [
        "关于印发《机密★级计算机使用管理办法》的通知",
        "一、标注为“秘密★3年”的旧件，一律按原渠道退回机要室。",
        "请各单位核对本单位2014年收到的密码电报〔2014〕3号是否已经清退",
        "培训内容包括：怎样填写公文版记中的密级：秘密，以及怎样变更。",
    ];
    assert_eq!(failing(&prose, confirmable), [""; 0]);
    let real = [
        "机密★1年",
        "秘密",
        "【机密】 特急",
        "000012 机密★",
        "机密★1年 关于某事的通知",
        "密级：机密  保密期限：5年",
        "中共某省委办公厅密码电报",
        "各单位：\n通知如下\n附件\n\n\u{c}绝密★长期 附件1\n值班表",
    ];
    assert_eq!(failing(&real, |text| screen_text(text).refuses() && !confirmable(text)), [""; 0]);
    let both = format!("{}\n机密★1年", prose[0]);
    assert!(!confirmable(&both), "one real marking is enough");
}

#[test]
fn what_is_confirmed_is_one_line_and_no_other() {
    let line = "关于印发《机密★级计算机使用管理办法》的通知";
    let confirmed: BTreeSet<Sha256Digest> = screen_text(line).findings().collect();
    assert_eq!(confirmed.len(), 1);
    let spaced = "关于印发 《机密★级计算机使用管理办法》的通知\n其他";
    assert!(screen_text(spaced).accepting(&confirmed).is_clear(), "the same line");
    assert!(screen_text(&format!("{line}。")).accepting(&confirmed).refuses(), "another line");
    let (one, other) = (Sha256Digest::of(b"1"), Sha256Digest::of(b"2"));
    let of_file: BTreeSet<Sha256Digest> = screen_text(line).of_file(one).findings().collect();
    assert!(screen_text(line).of_file(one).accepting(&of_file).is_clear());
    assert!(screen_text(line).of_file(other).accepting(&of_file).refuses(), "another file");
    let head: BTreeSet<Sha256Digest> = screen_text("机密★1年").findings().collect();
    assert!(screen_text("机密★1年").accepting(&head).refuses(), "whatever was confirmed");
}

proptest! {
    #[test]
    fn a_marking_is_found_wherever_its_line_stands(
        above in proptest::collection::vec(proptest::sample::select(PROSE), 0..6),
        marked in proptest::sample::select(MARKED),
        below in proptest::collection::vec(proptest::sample::select(PROSE), 0..6),
    ) {
        let clean = [above.clone(), below.clone()].concat().join("\n");
        prop_assert!(screen_text(&clean).is_clear());
        let text = [above, vec![marked], below].concat().join("\n");
        prop_assert!(screen_text(&text).refuses());
    }

    #[test]
    fn a_star_and_a_term_are_found_however_they_are_spaced(
        level in proptest::sample::select(&["绝密", "机密", "秘密"][..]),
        star in proptest::sample::select(&["★", "☆", "*"][..]),
        years in 1u8..60, blank in proptest::sample::select(&["", " ", "\u{3000}", "\t"][..]),
    ) {
        let letters: Vec<String> =
            format!("{level}{star}{years}年").chars().map(String::from).collect();
        prop_assert!(screen_text(&letters.join(blank)).refuses());
    }

    #[test]
    fn no_text_makes_it_stumble(raw in any::<String>()) {
        let _ = (screen_text(&raw), screen_file_name(&raw));
    }
}
