//! 发文: the form, its buttons, its autosave. Whatever button is pressed, what was typed is kept
//! first; only then is the button's own act done.

use actix_multipart::Multipart;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::acts::{draft_banner, or_how_it_stands};
use super::compose_form::{
    choices, draft_of, errors_of, form_of, fresh_draft, marked_fields, ticks_of,
};
use super::compose_nothing::{is_nothing, nothing_kept};
use super::draft_view::{file_rows, picker, truth};
use crate::domain::classification::Screening;
use crate::domain::delivery::Addressee;
use crate::domain::human_time::clock_zh;
use crate::domain::ids::{FileId, NoticeId, OrganizationId};
use crate::domain::notice::{FieldFault, NoticeDraft, NoticeState};
use crate::service::compose::{self, ComposeRefused, Content, OpenDraft, Saved};
use crate::service::confirm_marks::Confirmer;
use crate::service::delete_draft::may_be_deleted;
use crate::service::issue::unlooked_zh;
use crate::service::pick::{self, PickTree, Ticks, TreeNotes};
use crate::service::preview::preview;
use crate::service::upload::UploadRefused;
use crate::service::{Service, ServiceError, confirm_marks, upload, vouch};
use crate::store::drafts::DecisionKind;
use crate::web::address;
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::forms::Fields;
use crate::web::multipart::{self, Brought};
use crate::web::pages::compose::{ComposePage, ConfirmForm, FilesPart, Truth, TruthPart};
use crate::web::pages::parts::{Errors, Place};
use crate::web::session::Staff;
use crate::web::shell::shell;

/// An empty form; nothing is stored before its first save.
pub(in crate::web) async fn fresh(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let search = address::query(&request).text("search").to_owned();
    drawn(move || {
        let typed = Typed {
            content: Content { draft: fresh_draft(&staff.account), ticks: Ticks::default() },
            key: service.form_key()?,
            search,
            confirm: None,
        };
        Drawn::page(&draw(&service, &staff, None, &typed, Errors::none())?)
    })
    .await
}

/// The form of a draft.
pub(in crate::web) async fn edit(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let id: NoticeId = address::id(&request, "notice")?;
    let search = address::query(&request).text("search").to_owned();
    drawn(move || {
        let made = draw_draft(&service, &staff, id, search);
        or_how_it_stands(&service, &staff, id, false, made)
    })
    .await
}

fn draw_draft(
    service: &Service,
    staff: &Staff,
    id: NoticeId,
    search: String,
) -> Result<Drawn, WebError> {
    let open = compose::load(service, &staff.account, id).map_err(refused)?;
    let content = Content { draft: open.notice.draft.clone(), ticks: Ticks::of(&open.picks) };
    let typed = Typed { content, key: service.form_key()?, search, confirm: None };
    Drawn::page(&draw(service, staff, Some(&open), &typed, Errors::none())?)
}

/// A press on a new form.
pub(in crate::web) async fn create(
    service: web::Data<Service>,
    staff: Staff,
    form: Multipart,
) -> Result<HttpResponse, WebError> {
    let brought = multipart::read(form, &service, &staff.form_token).await?;
    drawn(move || press(&service, &staff, None, brought)).await
}

/// A press on the form of a draft.
pub(in crate::web) async fn change(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    form: Multipart,
) -> Result<HttpResponse, WebError> {
    let id: NoticeId = address::id(&request, "notice")?;
    // Before a byte of a file is taken: foreign and absent look the same.
    let (own, account) = (service.clone(), staff.account.clone());
    let known = web::block(move || compose::load(&own, &account, id)).await?.map_err(refused);
    let brought = match known {
        Ok(_) => Ok(multipart::read(form, &service, &staff.form_token).await?),
        Err(error) => Err(error),
    };
    drawn(move || {
        let made = brought.and_then(|brought| press(&service, &staff, Some(id), brought));
        or_how_it_stands(&service, &staff, id, true, made)
    })
    .await
}

/// What the form says, and how it says it.
pub(super) struct Typed {
    pub(super) content: Content,
    pub(super) key: String,
    pub(super) search: String,
    /// Where a releaser may confirm that what was refused is no marking.
    pub(super) confirm: Option<ConfirmForm>,
}

impl Typed {
    fn offer_confirmation(&mut self, found: &Screening) {
        if found.is_confirmable() && self.confirm.is_none() {
            self.confirm = Some(ConfirmForm::default());
        }
    }
}

/// The releaser who stands by, if one has typed; or the fields again with what was wrong.
pub(super) fn confirmer(
    service: &Service,
    staff: &Staff,
    fields: &Fields,
) -> Result<Result<Option<Confirmer>, ConfirmForm>, WebError> {
    let Some(login) = fields.filled("confirm_account") else { return Ok(Ok(None)) };
    let reason = fields.text("confirm_reason").to_owned();
    // A password is taken as typed: spaces at its ends may be part of it.
    let password = fields.all("confirm_password").next().unwrap_or_default().to_owned();
    let typed = confirm_marks::Typed { login: login.to_owned(), password, reason };
    Ok(match confirm_marks::prove(service, &staff.account, &typed)? {
        Ok(confirmer) => Ok(Some(confirmer)),
        Err(why) => {
            let error = why.message_zh().to_owned();
            Err(ConfirmForm { account: typed.login, reason: typed.reason, error })
        }
    })
}

/// The form again: somebody tried to confirm and may not.
fn not_confirmed(
    service: &Service,
    staff: &Staff,
    id: Option<NoticeId>,
    typed: &Typed,
    part: bool,
) -> Result<Drawn, WebError> {
    let open = match id {
        Some(id) => Some(compose::load(service, &staff.account, id).map_err(refused)?),
        None => None,
    };
    let error = typed.confirm.as_ref().map(|form| form.error.clone()).unwrap_or_default();
    let errors = errors_of([("do", error)]);
    if part {
        let files = open.map(|open| file_rows(&open, service.now())).unwrap_or_default();
        let confirm = typed.confirm.clone();
        return Drawn::page_with(UNPROCESSABLE, &FilesPart { files, errors, confirm });
    }
    Drawn::page_with(UNPROCESSABLE, &draw(service, staff, open.as_ref(), typed, errors)?)
}

/// What a refused draft means to a browser that cannot be shown the form.
pub(super) fn refused(refused: ComposeRefused) -> WebError {
    match refused {
        ComposeRefused::Service(error) => error.into(),
        ComposeRefused::State(wrong) => wrong.into(),
        other => WebError::Conflict(other.message_zh()),
    }
}

fn edit_path(id: NoticeId) -> String {
    format!("/notices/{id}/edit")
}

fn press(
    service: &Service,
    staff: &Staff,
    id: Option<NoticeId>,
    brought: Brought,
) -> Result<Drawn, WebError> {
    let Brought { fields, files } = brought;
    let act = fields.text("do").to_owned();
    // An upload by script brings the files alone.
    let files_only = !fields.has("title");
    let tree = pick::tree(service)?;
    let search = fields.text("search").to_owned();
    let mut content = match (files_only, id) {
        (false, _) => Content { draft: draft_of(&fields), ticks: ticks_of(&fields) },
        (true, None) => Content { draft: fresh_draft(&staff.account), ticks: Ticks::default() },
        (true, Some(id)) => {
            let open = compose::load(service, &staff.account, id).map_err(refused)?;
            Content { draft: open.notice.draft, ticks: Ticks::of(&open.picks) }
        }
    };
    tick(service, &tree, &act, &search, &mut content.ticks)?;
    let mut typed = Typed { content, key: fields.text("key").to_owned(), search, confirm: None };
    let confirmer = match confirmer(service, staff, &fields)? {
        Ok(confirmer) => confirmer,
        Err(form) => {
            typed.confirm = Some(form);
            return not_confirmed(service, staff, id, &typed, files_only || act == "autosave");
        }
    };
    let confirmer = confirmer.as_ref();
    // A file that cannot be taken begins no draft.
    let known = |(name, staged): (String, Result<_, _>)| {
        (name, if id.is_none() { staged.and_then(upload::of_a_known_kind) } else { staged })
    };
    let files: Vec<_> = files.into_iter().map(known).collect();
    if id.is_none() && is_nothing(service, staff, &typed, &files)? {
        return nothing_kept(service, staff, &typed, (&act, files_only), files);
    }
    let saved = match id {
        Some(id) if files_only => Ok(Saved { id, revision: revision_of(fields.text("revision")) }),
        Some(id) => {
            let revision = revision_of(fields.text("revision"));
            let content = typed.content.clone();
            compose::save_confirmed(service, &staff.account, (id, revision), content, confirmer)
        }
        None if typed.key.is_empty() => return Err(WebError::Bad("no form key".into())),
        None => {
            let content = typed.content.clone();
            compose::start_confirmed(service, &staff.account, &typed.key, content, confirmer)
        }
    };
    let mut saved = match saved {
        Ok(saved) => saved,
        Err(error) => return not_saved(service, staff, id, typed, &act, error),
    };
    let mut errors = Errors::none();
    for (name, staged) in files {
        let attached = staged.and_then(|incoming| {
            upload::attach_confirmed(service, &staff.account, saved, incoming, confirmer)
        });
        if let Err(UploadRefused::Classified(found)) = &attached {
            typed.offer_confirmation(found);
        }
        match attached {
            Ok(after) => saved = after,
            Err(refused) => errors.add("files", &format!("“{name}”{}", refused.message_zh())),
        }
    }
    if let Some(file) = act.strip_prefix("vouch:").and_then(|id| id.parse::<FileId>().ok()) {
        vouch::vouch(service, &staff.account, saved.id, file).map_err(refused)?;
    }
    if let Some(file) = act.strip_prefix("unfile:").and_then(|id| id.parse::<FileId>().ok()) {
        match upload::remove(service, &staff.account, saved, file) {
            Ok(after) => saved = after,
            Err(refused) => errors.add("files", &refused.message_zh()),
        }
    }
    answer(service, staff, saved, &typed, &act, files_only, errors)
}

fn revision_of(text: &str) -> i32 {
    text.parse().unwrap_or(0)
}

/// Does what the buttons of the picker say to the ticks.
fn tick(
    service: &Service,
    tree: &PickTree,
    act: &str,
    search: &str,
    ticks: &mut Ticks,
) -> Result<(), ServiceError> {
    let (verb, key) = act.split_once(':').unwrap_or((act, ""));
    let addressee = match verb {
        "all" => Some(Addressee::Primary),
        "copy" => Some(Addressee::Copy),
        "none" => None,
        "drop" => {
            if let Ok(organization) = key.parse::<OrganizationId>() {
                ticks.drop_one(organization);
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    // With a search on, 全选 means what can be seen; 清空 always means all of it.
    let found = match addressee {
        Some(_) => pick::notes(service, tree, search)?.found,
        None => None,
    };
    let meant = tree.of_key(key);
    let meant = meant.filter(|id| found.as_ref().is_none_or(|found| found.contains(id)));
    ticks.tick_all(meant, addressee);
    Ok(())
}

fn answer(
    service: &Service,
    staff: &Staff,
    saved: Saved,
    typed: &Typed,
    act: &str,
    files_only: bool,
    mut errors: Errors,
) -> Result<Drawn, WebError> {
    if files_only {
        let open = compose::load(service, &staff.account, saved.id).map_err(refused)?;
        let status = if errors.is_empty() { StatusCode::OK } else { UNPROCESSABLE };
        let (files, confirm) = (file_rows(&open, service.now()), typed.confirm.clone());
        return Ok(marked(Drawn::page_with(status, &FilesPart { files, errors, confirm })?, saved));
    }
    if act == "autosave" {
        let truth = truth_of(service, staff, saved.id)?;
        return Ok(marked(Drawn::page(&TruthPart { truth })?, saved));
    }
    let seen = match act {
        "check" => Some(preview(service, &staff.account, saved.id).map_err(refused)?),
        _ => None,
    };
    if let Some(seen) = &seen {
        add_faults(&mut errors, &seen.faults, seen.open.picks.is_empty());
        let unlooked = seen.open.unlooked();
        if !unlooked.is_empty() {
            errors.add("files", &unlooked_zh(&unlooked));
        }
    }
    if !errors.is_empty() {
        let open = compose::load(service, &staff.account, saved.id).map_err(refused)?;
        return Drawn::page_with(UNPROCESSABLE, &draw(service, staff, Some(&open), typed, errors)?);
    }
    if seen.is_some() {
        return Ok(Drawn::next(&format!("/notices/{}/preview", saved.id)));
    }
    let place = if act == "save" { "" } else { place_of(act) };
    let path = address::with_query(&edit_path(saved.id), &[("search", &typed.search)]);
    Ok(Drawn::next(&format!("{path}{place}")))
}

/// What stands in the way of 送核发 on the form itself.
pub(super) fn add_faults(errors: &mut Errors, faults: &[FieldFault], goes_to_nobody: bool) {
    for fault in faults {
        let field = super::compose_form::field_name(fault.field.as_str());
        errors.add_named(field, &fault.message_zh, fault.told_zh());
    }
    if goes_to_nobody {
        errors.add("to", "还没有选择单位，请先选择主送或抄送单位");
    }
}

pub(super) const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// Where on the page a button leads back to.
fn place_of(act: &str) -> &'static str {
    match act.split_once(':').map_or(act, |(verb, _)| verb) {
        "upload" | "unfile" | "vouch" => "#drop",
        "search" | "all" | "copy" | "none" | "drop" => "#recipients",
        _ => "",
    }
}

/// Tells the script which draft and revision the page now shows.
fn marked(answer: Drawn, saved: Saved) -> Drawn {
    answer.header("x-draft-revision", saved.revision).header("x-draft-address", edit_path(saved.id))
}

/// The form again, with everything typed and why it was not saved.
fn not_saved(
    service: &Service,
    staff: &Staff,
    id: Option<NoticeId>,
    mut typed: Typed,
    act: &str,
    error: ComposeRefused,
) -> Result<Drawn, WebError> {
    if let ComposeRefused::Classified(found) = &error {
        typed.offer_confirmation(found);
    }
    let status = match &error {
        ComposeRefused::Service(_) | ComposeRefused::State(_) => return Err(refused(error)),
        ComposeRefused::Classified(_) => UNPROCESSABLE,
        ComposeRefused::ChangedMeanwhile => StatusCode::CONFLICT,
    };
    let mut errors = errors_of([("do", error.message_zh())]);
    if matches!(error, ComposeRefused::Classified(_)) {
        for (field, label) in marked_fields(&typed.content.draft) {
            errors.add(field, &format!("“{label}”里有疑似密级标志的字样，请核对"));
        }
    }
    let open = match id {
        Some(id) => Some(compose::load(service, &staff.account, id).map_err(refused)?),
        None => None,
    };
    if act == "autosave" {
        return Drawn::page_with(status, &FilesPart { files: Vec::new(), errors, confirm: None });
    }
    Drawn::page_with(status, &draw(service, staff, open.as_ref(), &typed, errors)?)
}

fn truth_of(service: &Service, staff: &Staff, id: NoticeId) -> Result<Truth, WebError> {
    Ok(truth(&preview(service, &staff.account, id).map_err(refused)?))
}

pub(super) fn draw(
    service: &Service,
    staff: &Staff,
    open: Option<&OpenDraft>,
    typed: &Typed,
    errors: Errors,
) -> Result<ComposePage, WebError> {
    let tree = pick::tree(service)?;
    let notes: TreeNotes = pick::notes(service, &tree, &typed.search)?;
    let draft: &NoticeDraft = &typed.content.draft;
    let (action, files, truth) = match open {
        Some(open) => {
            let id = open.notice.id;
            let files = file_rows(open, service.now());
            (edit_path(id), files, truth_of(service, staff, id)?)
        }
        None => ("/notices".to_owned(), Vec::new(), Truth::default()),
    };
    let limit = service.settings.upload_bytes_max >> 20;
    Ok(ComposePage {
        shell: shell(staff, Place::Compose),
        action,
        key: typed.key.clone(),
        revision: open.map_or(0, |open| open.notice.revision),
        waits: open.is_some_and(|open| open.notice.state == NoticeState::AwaitingRelease),
        delete_href: open
            .filter(|open| may_be_deleted(open))
            .map(|open| format!("/notices/{}/delete", open.notice.id))
            .unwrap_or_default(),
        form: form_of(draft),
        errors,
        confirm: typed.confirm.clone(),
        files,
        files_hint: format!("PDF、OFD、Word、Excel、WPS、TXT、图片，每个不超过 {limit} MB。"),
        picker: picker(&tree, &notes, &typed.content.ticks, &typed.search),
        truth,
        choices: choices(),
        ended: draft_banner(open.and_then(|open| open.corrects.as_ref())),
        sent_back: open.map(|open| sent_back(service, open)).unwrap_or_default(),
    })
}

/// Why the draft came back, if that is the last that was decided about it.
fn sent_back(service: &Service, open: &OpenDraft) -> String {
    let last = open.decisions.last();
    let last = last.filter(|decision| decision.kind == DecisionKind::SentBack.as_str());
    let told = last.and_then(|decision| Some((decision, decision.reason.as_ref()?)));
    told.map_or_else(String::new, |(decision, reason)| {
        let when = clock_zh(decision.decided_at, service.now());
        format!("{} {when}：{reason}", decision.account_name)
    })
}
