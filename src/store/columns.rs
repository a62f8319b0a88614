//! How domain values come out of columns. Going in, a value is written as its text or number.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::sql_types::{BigInt, Text};

use crate::domain::address::{AddressKind, AddressStatus};
use crate::domain::alarm::AlarmKind;
use crate::domain::call::CallOutcome;
use crate::domain::call_task::TaskKind;
use crate::domain::delegation::{DelegatedOutcome, DelegationEnd};
use crate::domain::delivery::{
    Addressee, AskAgainReason, ReceiptMode, ReturnDecision, ReturnReason,
};
use crate::domain::ids::{
    AccountId, AddressId, AlarmId, AttemptId, CallId, ContactId, DelegationId, DeliveryId, DeskId,
    EventId, FileId, LinkId, MessageId, NoticeId, OrganizationId, ReceiptId, ReturnId, RoundId,
    RungId, TaskId, VerificationId,
};
use crate::domain::ladder::{RungAct, Ways};
use crate::domain::message::{Channel, MessagePurpose, MessageState};
use crate::domain::notice::{FileRole, NoticeState, ReleaseOutcome};
use crate::domain::organization::{ContactRole, DeskKind, Level, OrganizationKind};
use crate::domain::receipt::Grade;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::domain::verification::RoundScope;
use crate::domain::working_time::WorkingHours;

/// Columns of text that hold exactly the texts a type parses.
macro_rules! text_columns {
    ($($name:ty),+ $(,)?) => {$(
        impl<DB: Backend> FromSql<Text, DB> for $name
        where
            String: FromSql<Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let text = String::from_sql(bytes)?;
                text.parse().map_err(|_| {
                    format!("{text:?} is not a {}", stringify!($name)).into()
                })
            }
        }

        impl<DB: Backend> Queryable<Text, DB> for $name
        where
            String: FromSql<Text, DB>,
        {
            type Row = Self;

            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }
    )+};
}

text_columns!(
    AccountId,
    AddressId,
    AddressKind,
    AddressStatus,
    Addressee,
    AlarmId,
    AlarmKind,
    AskAgainReason,
    AttemptId,
    CallId,
    CallOutcome,
    Channel,
    ContactId,
    ContactRole,
    DelegatedOutcome,
    DelegationEnd,
    DelegationId,
    DeliveryId,
    DeskId,
    DeskKind,
    EventId,
    FileId,
    FileRole,
    Grade,
    Level,
    LinkId,
    MessageId,
    MessagePurpose,
    MessageState,
    NoticeId,
    NoticeState,
    OrganizationId,
    OrganizationKind,
    ReceiptId,
    ReceiptMode,
    ReleaseOutcome,
    ReturnDecision,
    ReturnId,
    ReturnReason,
    RoundId,
    RoundScope,
    RungAct,
    RungId,
    TaskId,
    TaskKind,
    Urgency,
    Ways,
    VerificationId,
    WorkingHours,
);

impl<DB: Backend> FromSql<BigInt, DB> for Timestamp
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        i64::from_sql(bytes).map(Self::from_micros)
    }
}

impl<DB: Backend> Queryable<BigInt, DB> for Timestamp
where
    i64: FromSql<BigInt, DB>,
{
    type Row = Self;

    fn build(row: Self) -> deserialize::Result<Self> {
        Ok(row)
    }
}
