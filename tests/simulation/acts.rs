//! What people do in a played seed: they sign, take the notice back, end one chase, retire an
//! address, and change the policy in mid-flight.

use qianshou::adapters::clock::Clock as _;
use qianshou::domain::ladder::SHIPPED_POLICY;
use qianshou::domain::rule_text::RuleKind;
use qianshou::domain::time::Span;
use qianshou::service::acknowledge::{
    Acknowledged, Preparation, SignRequest, acknowledge, fresh_code, prepare,
};
use qianshou::service::acts::ActForm;
use qianshou::service::end_notice::recall;
use qianshou::service::rules::{Ruling, change, history};
use qianshou::service::stop_chasing::stop_chasing;
use qianshou::service::{Service, accounts, visit};

use crate::play::{Play, held};
use crate::support::stand::resume_now;
use crate::world::World;

impl Play {
    pub(crate) fn retire(&self) {
        if self.roll(10) > 0 {
            return;
        }
        let seat = usize::try_from(self.roll(3)).unwrap();
        let Some((id, text)) = self.world.seats[seat].addresses.last().cloned() else { return };
        held(&self.books)
            .run(&format!("UPDATE contact_addresses SET status = 'retired' WHERE id = '{id}'"));
        held(&self.history).retired.push(text);
        self.note("address retired");
    }

    pub(crate) fn sign_who_wants(&self) {
        let now = self.truth.now();
        let due = held(&self.history).signing.iter().position(|at| at.is_some_and(|at| at <= now));
        let Some(seat) = due else { return };
        let place = usize::try_from(self.roll(3)).unwrap();
        match sign(&self.world, &self.at(place).service, seat) {
            Ok(Some(number)) => {
                self.note("signed");
                let again = self.roll(3) == 0;
                let mut history = held(&self.history);
                let before = history.told.entry(seat).or_insert_with(|| number.clone());
                if *before != number {
                    let what = format!("I4 told {before} and then {number}");
                    history.violations.push(what);
                }
                // Some press twice, or a second person signs later.
                history.signing[seat] = again.then(|| now.plus(Span::seconds(30)));
            }
            Ok(None) => held(&self.history).signing[seat] = None,
            Err(error) => self.note(&format!("signing broke off={error}")),
        }
    }

    /// Whatever a signer was told stands in the books.
    pub(crate) fn compare_receipts(&self) {
        let told = held(&self.history).told.clone();
        for (seat, number) in told {
            let delivery = self.world.seats[seat].delivery;
            let kept = self.lines(&format!(
                "SELECT r.number AS line FROM deliveries d JOIN receipts r ON \
                 r.id = d.receipt_id WHERE d.id = '{delivery}'"
            ));
            if kept != [number.clone()] {
                self.wrong(format!("I5 a signer was told {number}, the books say {kept:?}"));
            }
        }
    }

    /// 撤回, at the instant that the seed chose; whoever is not told so presses again.
    pub(crate) fn recall_if_wanted(&self) {
        let now = self.truth.now();
        if held(&self.history).recall.is_none_or(|at| at > now) {
            return;
        }
        let form = ActForm { key: "recall".into(), reason: "内容有误，重新研究".into() };
        let service = &self.at(self.pick(3)).service;
        let done = accounts::list(service).map_err(|error| error.to_string()).and_then(|all| {
            let clerk = all.first().ok_or("no clerk")?;
            recall(service, clerk, self.world.notice, &form).map_err(|e| e.to_string())
        });
        match done {
            Ok(()) => {
                held(&self.history).recall = None;
                self.note("recalled");
            }
            Err(error) => self.note(&format!("recalling broke off={error}")),
        }
    }

    /// 终止催签 of one delivery, at the instant that the seed chose.
    pub(crate) fn stop_if_wanted(&self) {
        let now = self.truth.now();
        let wanted = held(&self.history).stop;
        let Some((seat, _)) = wanted.filter(|(_, at)| *at <= now) else { return };
        let form = ActForm { key: "stop".into(), reason: "已当面送达".into() };
        let delivery = self.world.seats[seat].delivery;
        let service = &self.at(self.pick(3)).service;
        let done = accounts::list(service).map_err(|error| error.to_string()).and_then(|all| {
            let clerk = all.first().ok_or("no clerk")?;
            stop_chasing(service, clerk, delivery, &form).map_err(|e| e.to_string())
        });
        let over = match done {
            Ok(()) => {
                self.note("chase stopped");
                true
            }
            Err(error) => {
                self.note(&format!("stopping broke off={error}"));
                // Signed or taken back meanwhile: there is nothing left to stop.
                !error.contains("lost") && !error.contains("commit")
            }
        };
        if over {
            held(&self.history).stop = None;
        }
    }

    /// An administrator changes what every level repeats and when it reminds; the other servers
    /// follow when they look.
    pub(crate) fn edit_policy(&self) {
        let nth = 31 + self.roll(900);
        let text = SHIPPED_POLICY
            .replace("every = \"30 min\"", &format!("every = \"{nth} min\""))
            .replace("every = \"2 h\"", &format!("every = \"{} min\"", nth + 100))
            .replace("every = \"24 h\"", &format!("every = \"{} h\"", nth % 97 + 25))
            .replace("every = \"168 h\"", &format!("every = \"{} h\"", nth % 97 + 170))
            .replace("{ at = \"5 min\"", "{ at = \"4 min\"");
        let service = &self.at(self.pick(3)).service;
        let seen = history(service, RuleKind::Policy).map(|all| all[0].version);
        let Ok(seen) = seen else { return };
        let reason = "演练".to_owned();
        let ruling = Ruling { kind: RuleKind::Policy, text, seen, reason, by: None };
        match change(service, &ruling) {
            Ok(_) => self.note("policy changed"),
            Err(error) => self.note(&format!("policy stays={error}")),
        }
    }

    /// A server looks whether another has newer rules.
    pub(crate) fn follow_rules(&self, place: usize) {
        let service = &self.at(place).service;
        if let Ok(true) = service.rules.refresh(&service.store) {
            self.note("rules followed");
        }
    }
}

/// The number of the receipt, if there is one.
pub(crate) fn sign(
    world: &World,
    service: &Service,
    seat: usize,
) -> Result<Option<String>, String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let seat = &world.seats[seat];
    let Some(token) = &seat.token else { return Ok(None) };
    let arrival = visit::begin(service, token).map_err(|e| told(&e))?;
    let visiting = resume_now(service, seat.delivery, &arrival.cookie).ok_or("no visit")?;
    let code = fresh_code(service, visiting.delivery, visiting.version, service.now());
    let code = code.map_err(|e| told(&e))?;
    let request = SignRequest {
        name: "张某".into(),
        post: "机要室主任".into(),
        phone: "0731-88062345".into(),
        on_behalf: false,
        authority: String::new(),
        code: code.digits,
        code_token: code.token,
    };
    let became = match prepare(service, &visiting, &request).map_err(|e| told(&e))? {
        Preparation::Ready(signature) => acknowledge(service, *signature).wait(),
        Preparation::Settled(settled) => Ok(settled),
        Preparation::Mistaken(faults) => return Err(format!("mistaken {faults:?}")),
    };
    match became.map_err(|e| told(&e))? {
        Acknowledged::Signed(receipt) | Acknowledged::AlreadySigned(receipt) => {
            Ok(Some(receipt.number.to_string()))
        }
        other => Err(format!("{other:?}")),
    }
}
