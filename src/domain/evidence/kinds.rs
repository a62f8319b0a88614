//! The kinds of events: a new one is one line here and its sentence in the story.

/// Families of events in ETSI EN 319 522-1 (electronic registered delivery).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// A: the service accepted or refused the sender's item.
    Submission,
    /// C: the recipient was asked to accept, accepted, refused, or let the time pass.
    Acceptance,
    /// D: the content was made available, or was not; notice of it was looked at.
    Consignment,
    /// E: the content crossed over to the recipient.
    Handover,
    /// None: an act inside the office that the standard does not list.
    Local,
}

macro_rules! event_kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal in $family:ident,)*) => {
        /// What an event says. A new kind is one line here; a name, once written, never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind { $($(#[$doc])* $variant,)* }

        impl EventKind {
            /// Every kind, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in canonical bytes and in the table.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The kind of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// Its family in ETSI EN 319 522.
            #[must_use]
            pub const fn family(self) -> Family {
                match self { $(Self::$variant => Family::$family,)* }
            }
        }
    };
}

event_kinds! {
    /// An account was made.
    AccountCreated = "account_created" in Local,
    /// Role, organisation, password or state of an account changed.
    AccountChanged = "account_changed" in Local,
    /// Somebody signed in.
    SignedIn = "signed_in" in Local,
    /// A sign-in was refused; says nothing of whether the account exists.
    SignInRefused = "sign_in_refused" in Local,
    /// Something is wrong with the server itself.
    AlarmRaised = "alarm_raised" in Local,
    /// What was wrong with the server is so no longer.
    AlarmCleared = "alarm_cleared" in Local,
    /// The server's time leapt ahead: a clock that was far ahead is believed.
    ClockLeapt = "clock_leapt" in Local,
    /// 审计 looked at a page of a notice; the look changes nothing, and is itself on record.
    AuditorLooked = "auditor_looked" in Local,
    /// A directory file was taken over.
    DirectoryImported = "directory_imported" in Local,
    /// 送核发: the author handed the draft to the releaser.
    NoticeSubmitted = "notice_submitted" in Local,
    /// The releaser sent the draft back.
    NoticeSentBack = "notice_sent_back" in Local,
    /// 删除草稿: a draft that had never left its author was thrown away.
    DraftDeleted = "draft_deleted" in Local,
    /// 核发: the second person released exactly this draft.
    NoticeReleased = "notice_released" in Local,
    /// Issued (A.1 SubmissionAcceptance).
    NoticeIssued = "notice_issued" in Submission,
    /// Refused because it looks classified (A.2 SubmissionRejection).
    ClassifiedRefused = "classified_refused" in Submission,
    /// 已逐页看过: a person looked through a file that no program could read to the end.
    FileVouched = "file_vouched" in Local,
    /// 确认误判: a releaser confirmed that what looked like a marking is ordinary words.
    MarkConfirmed = "mark_confirmed" in Local,
    /// 已送出: the next server took the message (C.1 NotificationForAcceptance).
    MessageHandedOver = "message_handed_over" in Acceptance,
    /// Not sent this time, will be tried again (C.2 NotificationForAcceptanceFailure).
    MessageNotSent = "message_not_sent" in Acceptance,
    /// The next server refused the message for good (C.2).
    MessageRejected = "message_rejected" in Acceptance,
    /// It may have been taken: the connection broke after the last byte.
    MessageUncertain = "message_uncertain" in Acceptance,
    /// No longer owed, because the answer came first.
    MessageCancelled = "message_cancelled" in Acceptance,
    /// Given up after the last try (C.2).
    MessageDead = "message_dead" in Acceptance,
    /// 催签: asked again for the signature (C.1).
    Reminded = "reminded" in Acceptance,
    /// 已取回: some program loaded the page (notification access tracking).
    LinkFetched = "link_fetched" in Consignment,
    /// 已查看: somebody acted on the page (content access tracking).
    Opened = "opened" in Consignment,
    /// 已下载: a file was taken (E.1 ContentHandover).
    Downloaded = "downloaded" in Handover,
    /// 签收 (C.3 ConsignmentAcceptance).
    Acknowledged = "acknowledged" in Acceptance,
    /// 签收 by link after 电话确认 or 代收: it stands beside what answered (C.3).
    SignedBeside = "signed_beside" in Acceptance,
    /// 登记查看: a second person looked after the signature.
    ViewingRegistered = "viewing_registered" in Consignment,
    /// 误签: who signed was corrected; the first fact stands beside it.
    ReceiptCorrected = "receipt_corrected" in Acceptance,
    /// 退文 (C.4 ConsignmentRejection).
    Returned = "returned" in Acceptance,
    /// 请求重发: a good copy was asked for.
    AskedAgain = "asked_again" in Acceptance,
    /// 重发: the same item went out once more (D.1 ContentConsignment).
    Resent = "resent" in Consignment,
    /// No verified way leads to the organisation (D.2 ContentConsignmentFailure).
    Unreachable = "unreachable" in Consignment,
    /// 逾期未签收: it was there and unsigned at the deadline (C.5 AcceptanceRejectionExpiry).
    Overdue = "overdue" in Acceptance,
    /// 未通知到: it had never arrived at the deadline (D.2).
    NotReached = "not_reached" in Consignment,
    /// The urgency policy or the holiday table was changed.
    RulesChanged = "rules_changed" in Local,
    /// A deadline was reckoned anew after the holiday table was corrected.
    DeadlineMoved = "deadline_moved" in Acceptance,
    /// A round in which addresses are checked was started.
    RoundStarted = "verification_round_started" in Local,
    /// An address was shown to work.
    AddressVerified = "address_verified" in Local,
    /// A mail came back from beyond the next server (C.2).
    Bounced = "bounced" in Acceptance,
    /// 提级催签: a rung of the ladder reached somebody else than the desk, or asks a person to.
    Escalated = "escalated" in Acceptance,
    /// A rung of the ladder found nobody it could reach; the next one came at once.
    RungGap = "rung_gap" in Consignment,
    /// A round of the repetition came and went while no server was at work; a later one stands in.
    RungSuperseded = "rung_superseded" in Acceptance,
    /// A message was refused for good, and the next way was taken at once.
    NextWayTaken = "next_way_taken" in Consignment,
    /// 撤回: taken back in transport; told to whoever was notified.
    NoticeRecalled = "notice_recalled" in Local,
    /// 撤销: void from the beginning.
    NoticeRevoked = "notice_revoked" in Local,
    /// 废止: void from now on.
    NoticeAbolished = "notice_abolished" in Local,
    /// 更正: another notice was issued in its place.
    NoticeSuperseded = "notice_superseded" in Local,
    /// 关闭: nobody is chased any more; what is unsigned stays unsigned.
    NoticeClosed = "notice_closed" in Local,
    /// Why one organisation's gap was left open when its notice was closed.
    GapExplained = "gap_explained" in Local,
    /// 终止催签: a named person ended the ladder of one delivery.
    ChaseStopped = "chase_stopped" in Local,
    /// The issuer took the 退文 back: the organisation is out of the round.
    ReturnAccepted = "return_accepted" in Local,
    /// The issuer did not take the 退文 back: the chase goes on.
    ReturnRefused = "return_refused" in Local,
    /// 补发: one more addressee of a notice that is out.
    RecipientAdded = "recipient_added" in Submission,
    /// 对该单位先行发出: issued although the directory has gaps for this organisation.
    IssuedWithGap = "issued_with_gap" in Local,
    /// 补办核发: the formal release of what went out on an oral approval.
    ReleasedAfterwards = "released_afterwards" in Local,
    /// A call to the organisation, and how it ended.
    CallMade = "call_made" in Acceptance,
    /// A 市州 was asked to make the calls to its counties.
    CallsDelegated = "calls_delegated" in Local,
    /// What a 市州 reported back of the calls it was asked to make.
    DelegationReported = "delegation_reported" in Local,
    /// Calls that a 市州 was asked to make came back.
    DelegationEnded = "delegation_ended" in Local,
    /// The links to the list of such calls were renewed or revoked.
    DelegationLinks = "delegation_links" in Local,
    /// Through its link an organisation told who answers tonight.
    DutyTonightTold = "duty_tonight_told" in Local,
    /// A person asked for the next responsible person to be involved: leader or superior.
    EscalatedByHand = "escalated_by_hand" in Local,
    /// A person decided that nobody else is involved.
    OfferDeclined = "offer_declined" in Local,
}
