//! 交接班表, 电话通知记录, and the list of what was signed at night.

use actix_web::{HttpRequest, HttpResponse, web};

use super::marks::numbered;
use crate::domain::human_time::{clock_zh, full_zh};
use crate::domain::ids::DeliveryId;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::scope::Scope;
use crate::service::shift::{self, Shift};
use crate::store::calls::CallLine;
use crate::web::address::id;
use crate::web::error::WebError;
use crate::web::pages::duty_print::{DutySheet, SheetTable};
use crate::web::respond::page;
use crate::web::session::Staff;

/// 交接班表.
pub(in crate::web) async fn handover(
    service: web::Data<Service>,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let account = staff.account.clone();
    let shift = web::block(move || shift::handover(&service, &account)).await??;
    let promises: Vec<&CallLine> = shift.promises().collect();
    let under = vec![
        staff.account.organization_name.clone(),
        format!("{} 至 {}", full_zh(shift.from), full_zh(shift.until)),
        format!(
            "未签收特提、特急 {} 件，通话 {} 次，未兑现的答应 {} 个，未办事项 {} 项",
            shift.unsigned.len(),
            shift.calls.len(),
            promises.len(),
            shift.open.len()
        ),
    ];
    let promised = SheetTable {
        caption: "答应签收、尚未签收".to_owned(),
        heads: vec!["单位", "公文", "答应人", "答应时间", "电话"],
        rows: promises.iter().map(|call| promise(call, shift.until)).collect(),
        nothing: "没有。",
    };
    let calls = SheetTable {
        caption: "通话".to_owned(),
        heads: CALL_HEADS.to_vec(),
        rows: shift.calls.iter().map(|call| call_row(call, shift.until)).collect(),
        nothing: "本班没有通话。",
    };
    page(&DutySheet {
        heading: "值班交接班表".to_owned(),
        under,
        tables: vec![unsigned(&shift), promised, open(&shift), calls],
        signs: vec!["交班人", "接班人", "带班领导"],
        printed: printed(&staff, shift.until),
        back_href: "/duty".to_owned(),
        back_word: "值班",
    })
}

/// What was signed at night.
pub(in crate::web) async fn night(
    service: web::Data<Service>,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let (account, reading) = (staff.account.clone(), service.clone());
    let night = web::block(move || shift::last_night(&reading, &account)).await??;
    let mut tables: Vec<SheetTable> = Vec::new();
    for one in &night.signed {
        let caption = format!("{}　{}　{}", one.urgency.word_zh(), one.document_number, one.title);
        let row = vec![
            one.organization_name.clone(),
            clock_zh(one.acknowledged_at, night.until),
            one.mode.word_zh().to_owned(),
            format!("{} {}", one.signer_name, one.signer_post),
            one.signer_phone.clone(),
            one.number.clone(),
        ];
        match tables.last_mut().filter(|table| table.caption == caption) {
            Some(table) => table.rows.push(row),
            None => tables.push(SheetTable { rows: vec![row], ..signed_table(caption) }),
        }
    }
    if tables.is_empty() {
        tables.push(signed_table("夜间签收".to_owned()));
    }
    page(&DutySheet {
        heading: "夜间签收补登清单".to_owned(),
        under: vec![
            staff.account.organization_name.clone(),
            format!(
                "{} 至 {}，共 {} 件次",
                full_zh(night.from),
                full_zh(night.until),
                night.signed.len()
            ),
        ],
        tables,
        signs: vec!["值班员", "机要室补登"],
        printed: printed(&staff, night.until),
        back_href: "/duty".to_owned(),
        back_word: "值班",
    })
}

fn signed_table(caption: String) -> SheetTable {
    SheetTable {
        caption,
        heads: vec!["单位", "签收时间", "方式", "签收人", "电话", "回执号"],
        rows: Vec::new(),
        nothing: "夜间没有签收。",
    }
}

/// 电话通知记录 of one delivery.
pub(in crate::web) async fn calls(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let delivery: DeliveryId = id(&request, "delivery")?;
    let scope = Scope::of(&staff.account);
    let record = web::block(move || shift::call_record(&service, scope, delivery)).await??;
    let (notice, version) = (&record.notice.draft, record.notice.version);
    page(&DutySheet {
        heading: "电话通知记录".to_owned(),
        under: vec![
            record.delivery.organization_name.clone(),
            format!("{}　{}", numbered(&notice.document_number, version), notice.title),
            match record.delivery.facts.acknowledged_at {
                Some(at) => format!("签收时间 {}", full_zh(at)),
                None => "尚未签收".to_owned(),
            },
        ],
        tables: vec![SheetTable {
            caption: "通话".to_owned(),
            heads: CALL_HEADS.to_vec(),
            rows: record.calls.iter().map(|call| call_row(call, record.read_at)).collect(),
            nothing: "没有通话记录。",
        }],
        signs: vec!["记录人"],
        printed: printed(&staff, record.read_at),
        back_href: format!("/deliveries/{delivery}"),
        back_word: "流转记录",
    })
}

const CALL_HEADS: &[&str] =
    &["时间", "单位", "公文", "拨打人", "号码", "接电话的人", "结果", "备注"];

fn call_row(call: &CallLine, now: Timestamp) -> Vec<String> {
    let until = call.promised_until.map(|at| format!("，{} 前", clock_zh(at, now)));
    let mut notes: Vec<&str> = Vec::new();
    if call.number_differs {
        notes.push("号码与通讯录不同");
    }
    if call.read_back {
        notes.push("已复述校验码");
    }
    notes.extend(call.note.as_deref());
    vec![
        clock_zh(call.called_at, now),
        call.organization_name.clone(),
        call.document_number.clone(),
        call.caller_name.clone(),
        call.number.clone().unwrap_or_else(|| "未记录".to_owned()),
        [call.callee_name.as_deref(), call.callee_post.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
        format!("{}{}", call.outcome.word_zh(), until.unwrap_or_default()),
        notes.join("；"),
    ]
}

fn promise(call: &CallLine, now: Timestamp) -> Vec<String> {
    vec![
        call.organization_name.clone(),
        call.document_number.clone(),
        call.callee_name.clone().unwrap_or_default(),
        call.promised_until.map(|at| clock_zh(at, now)).unwrap_or_default(),
        call.number.clone().unwrap_or_default(),
    ]
}

fn unsigned(shift: &Shift) -> SheetTable {
    let row =
        |(notice, names): &(crate::store::duty::UrgentNotice, Vec<(DeliveryId, String, bool)>)| {
            let names: Vec<String> = names
                .iter()
                .map(
                    |(_, name, lost)| {
                        if *lost { format!("{name}（暂无法联系）") } else { name.clone() }
                    },
                )
                .collect();
            vec![
                notice.urgency.word_zh().to_owned(),
                format!("{}　{}", numbered(&notice.document_number, notice.version), notice.title),
                notice.deadline_at.map(|at| clock_zh(at, shift.until)).unwrap_or_default(),
                format!("{} 个：{}", names.len(), names.join("、")),
            ]
        };
    SheetTable {
        caption: "未签收的特提、特急".to_owned(),
        heads: vec!["等级", "公文", "时限", "未签收单位"],
        rows: shift.unsigned.iter().map(row).collect(),
        nothing: "没有未签收的特提、特急。",
    }
}

fn open(shift: &Shift) -> SheetTable {
    let row = |task: &crate::store::call_list::OpenTask| {
        vec![
            task.urgency.word_zh().to_owned(),
            task.organization_name.clone(),
            numbered(&task.document_number, task.version),
            task.kind.word_zh().to_owned(),
            clock_zh(task.due_at, shift.until),
        ]
    };
    SheetTable {
        caption: "未办事项".to_owned(),
        heads: vec!["等级", "单位", "公文", "事项", "应办时间"],
        rows: shift.open.iter().map(row).collect(),
        nothing: "没有。",
    }
}

fn printed(staff: &Staff, at: Timestamp) -> String {
    format!("数据截至 {}，{} 打印", full_zh(at), staff.account.display_name)
}
