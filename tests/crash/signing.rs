//! Recipients: as soon as a mail arrives they follow its link and sign, again and again until
//! an answer says that they did. What they were told is what must be in the books.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::ground::{Ground, Post};
use crate::server;
use crate::support::recipient::sign;

/// Delivery → receipt number, as shown to whoever signed.
type Told = Arc<Mutex<BTreeMap<String, String>>>;

pub(crate) struct Signers {
    told: Told,
    threads: Vec<JoinHandle<()>>,
}

impl Signers {
    pub(crate) fn start(count: usize, ground: &Ground, stop: &Arc<AtomicBool>) -> Self {
        let told = Told::default();
        let threads = (0..count)
            .map(|_| {
                let (told, post) = (Arc::clone(&told), ground.post());
                let stop = Arc::clone(stop);
                std::thread::spawn(move || {
                    while !stop.load(Ordering::SeqCst) {
                        if !sign_next(&post, &told) {
                            std::thread::sleep(Duration::from_millis(20));
                        }
                    }
                })
            })
            .collect();
        Self { told, threads }
    }

    pub(crate) fn all_signed(&self, wanted: usize) -> bool {
        self.told.lock().unwrap().len() >= wanted
    }

    pub(crate) fn finish(self) -> BTreeMap<String, String> {
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.told.lock().unwrap().clone()
    }
}

/// Signs for one mail nobody has signed for yet; false if there is none or nobody listens.
fn sign_next(post: &Post, told: &Told) -> bool {
    if !server::listens(post.server) {
        return false;
    }
    let Some(mail) = post.next() else { return false };
    match sign(post.server, &post.host, &mail.raw) {
        Ok((delivery, number)) => {
            told.lock().unwrap().insert(delivery, number);
            true
        }
        Err(_) => {
            post.give_back(mail);
            false
        }
    }
}
