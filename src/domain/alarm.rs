//! Alarms: what is wrong with the server itself, in words of what is so and what to do.
//!
//! An alarm concerns the server or its surroundings, never one organisation's answer: that is a
//! call task or an event of the delivery. One is open per kind and subject until it is cleared.
//! Never here: when one is raised, and who is told.

use super::account::Role;
use super::ids::AlarmId;
use super::words::word_enum;

word_enum! {
    /// What is wrong. The Chinese word is what is so; [`AlarmKind::remedy_zh`] is what to do.
    pub enum AlarmKind {
        /// An open delivery has no step that will ever become due.
        StepMissing = "step_missing", "有未签收单位没有下一步催签";
        /// A due step was not taken in time.
        StepOverdue = "step_overdue", "有到时的催签没有执行";
        /// A step was taken, and neither a message nor a call came of it.
        StepWithoutEffect = "step_without_effect", "有催签执行了却没有产生消息或电话任务";
        /// A sender holds a message beyond its lease, and nobody took it over.
        LeaseOverdue = "lease_overdue", "有消息被占用过久，无人接手";
        /// A message waits although it is long due.
        MessageOverdue = "message_overdue", "有消息早已到时仍未发送";
        /// A message was given up.
        MessageDead = "message_dead", "有消息多次发送失败，已停止再试";
        /// The next server refused an address for good.
        AddressFailing = "address_failing", "有联系方式被对方服务器拒收";
        /// A way out does not work at all: login or certificate refused.
        ChannelStopped = "channel_stopped", "有一种发送方式已中断";
        /// A duty of the server has not finished a round for a while.
        DutySilent = "duty_silent", "后台任务长时间没有完成一轮";
        /// The clock of a server differs from the time the servers agree on.
        ClockDiffers = "clock_differs", "服务器时钟不准";
        /// The holiday table does not reach far enough.
        HolidaysMissing = "holidays_missing", "放假安排缺少年份";
        /// The times of a delivery could not be reckoned anew by a corrected holiday table.
        DeadlineStuck = "deadline_stuck", "有单位的时限没能按更正后的放假安排重算";
        /// The formal 核发 of what went out on an oral approval is late.
        ReleaseOverdue = "release_overdue", "有口头批准发出的公文逾期未补核发";
        /// The formal 核发 of what went out on an oral approval was refused.
        ReleaseRefused = "release_refused", "有口头批准发出的公文被核发人拒绝补核发";
        /// The heartbeat could not be sent outwards.
        HeartbeatFailed = "heartbeat_failed", "自检通过的信号发不出去";
        /// The last-resort way could not be used.
        LastResortFailed = "last_resort_failed", "紧急告警没有送出";
    }
}

impl AlarmKind {
    /// What a person is to do.
    #[must_use]
    pub const fn remedy_zh(self) -> &'static str {
        match self {
            Self::StepMissing => "请立即打电话通知该单位，并请运行维护人员查看日志。",
            Self::StepOverdue => "请按待拨电话人工催签，并请运行维护人员查看后台任务是否在运行。",
            Self::StepWithoutEffect => "请立即打电话通知该单位，并核对其联系方式。",
            Self::LeaseOverdue | Self::MessageOverdue => {
                "请运行维护人员查看发送任务和网络；急件请先打电话。"
            }
            Self::MessageDead => "请打电话通知该单位，并更正其联系方式。",
            Self::AddressFailing => "请核对并更正该联系方式。",
            Self::ChannelStopped => {
                "请运行维护人员检查该方式的账号、口令和证书；在恢复之前请打电话。"
            }
            Self::DutySilent => "请运行维护人员查看并重新启动服务；在恢复之前请打电话催签。",
            Self::ClockDiffers => "请运行维护人员校准服务器时间。",
            Self::HolidaysMissing => "请在“放假安排”里补上，否则该年的签收时限按周一至周五计算。",
            Self::DeadlineStuck => {
                "请按新的放假安排人工掌握该单位的时限，并请运行维护人员查看日志。"
            }
            Self::ReleaseOverdue => "请核发人打开该公文，补核发或写明理由拒绝。",
            Self::ReleaseRefused => "请本单位负责人核实口头批准，必要时撤回或撤销该公文。",
            Self::HeartbeatFailed => "请运行维护人员检查自检信号的接收地址或文件。",
            Self::LastResortFailed => "请运行维护人员检查紧急告警的邮箱、命令或地址。",
        }
    }

    /// What is so, with what it concerns where a person has to know that.
    #[must_use]
    pub fn said_zh(self, subject: &str) -> String {
        match self {
            Self::HolidaysMissing => format!("还没有{subject}年的放假安排"),
            other => other.word_zh().to_owned(),
        }
    }

    /// Whether people of this role can do something about it. What only an administrator mends is
    /// no alarm to those who answer for notices.
    #[must_use]
    pub const fn concerns(self, role: Role) -> bool {
        match self {
            Self::HolidaysMissing => matches!(role, Role::Administrator),
            Self::ReleaseOverdue | Self::ReleaseRefused => {
                matches!(role, Role::Clerk | Role::Releaser | Role::Duty)
            }
            Self::StepMissing
            | Self::DeadlineStuck
            | Self::StepOverdue
            | Self::StepWithoutEffect
            | Self::MessageDead
            | Self::AddressFailing
            | Self::ChannelStopped
            | Self::DutySilent => {
                matches!(role, Role::Clerk | Role::Duty | Role::Administrator)
            }
            Self::LeaseOverdue
            | Self::MessageOverdue
            | Self::ClockDiffers
            | Self::HeartbeatFailed
            | Self::LastResortFailed => matches!(role, Role::Duty | Role::Administrator),
        }
    }

    /// Raised by the self-check itself, which clears it when a look finds nothing any more.
    #[must_use]
    pub const fn is_of_self_check(self) -> bool {
        matches!(
            self,
            Self::StepMissing
                | Self::StepOverdue
                | Self::StepWithoutEffect
                | Self::LeaseOverdue
                | Self::MessageOverdue
                | Self::DutySilent
        )
    }
}

/// An alarm to raise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAlarm {
    /// Its id, if it is not open yet.
    pub id: AlarmId,
    /// What is wrong.
    pub kind: AlarmKind,
    /// What it concerns, such as a delivery's id or a duty's name; one is open per kind and
    /// subject. Shown to staff, so neither an address nor a title.
    pub subject: String,
    /// Figures, reply codes, counts; shown to staff, so neither an address nor a title.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alarm_says_what_is_so_and_what_to_do() {
        for kind in AlarmKind::ALL {
            assert!(!kind.word_zh().ends_with('。'), "{kind}: what is so is no whole sentence");
            assert!(kind.remedy_zh().starts_with("请"), "{kind}: what to do begins with 请");
            assert!(kind.remedy_zh().ends_with('。'), "{kind}: what to do is a sentence");
            assert!(Role::ALL.into_iter().any(|role| kind.concerns(role)), "{kind}: nobody's");
        }
    }

    #[test]
    fn a_missing_year_is_named_and_is_the_administrators_alone() {
        let missing = AlarmKind::HolidaysMissing;
        assert_eq!(missing.said_zh("2027"), "还没有2027年的放假安排");
        let told: Vec<Role> =
            Role::ALL.into_iter().filter(|role| missing.concerns(*role)).collect();
        assert_eq!(told, [Role::Administrator]);
    }
}
