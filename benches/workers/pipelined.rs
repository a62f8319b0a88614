//! The limit of sending: builds one mail for each recipient and hands it over, one round trip a
//! mail: the next envelope travels behind the last dot. Stores nothing.
//!
//! Never here: anything of the product; it would then be measured against itself.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use lettre::Message;
use lettre::message::MultiPart;

const TEXT: &str = "某省人民政府办公厅发来特提公文一件，请贵单位签收。\n\
    标题：关于切实做好强降温天气应对工作的通知\n文号：某政办发电〔2026〕1号\n\
    请于2026年11月24日0时20分前签收。点开下面的链接即可签收：\n";
const HTML: &str = "<!doctype html><html lang=\"zh\"><body style=\"font-size:16px\"><p>\
    某省人民政府办公厅发来特提公文一件，请贵单位签收。</p><p>标题：关于切实做好强降温天气应对\
    工作的通知</p><p>文号：某政办发电〔2026〕1号</p><p>请于2026年11月24日0时20分前签收。</p>";

/// Sends to all these recipients over so many connections; how long that took.
pub(crate) fn send(port: u16, connections: usize, to: Range<usize>) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let threads: Vec<_> = (0..connections)
        .map(|place| {
            let numbers = to.clone().skip(place).step_by(connections);
            thread::spawn(move || one(port, numbers))
        })
        .collect();
    for thread in threads {
        thread.join().ok().context("a sender panicked")??;
    }
    Ok(began.elapsed())
}

fn one(port: u16, numbers: impl Iterator<Item = usize>) -> anyhow::Result<()> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    socket.set_nodelay(true)?;
    let mut replies = BufReader::new(socket.try_clone()?);
    expect(&mut replies, "220")?;
    socket.write_all(b"EHLO limit\r\n")?;
    expect(&mut replies, "250")?;
    let mut body: Vec<u8> = Vec::new();
    for number in numbers {
        let to = format!("o{number}@post.example");
        let built = build(&to)?;
        let mut group = std::mem::take(&mut body);
        let first = group.is_empty();
        group.extend_from_slice(
            format!("MAIL FROM:<qianshou@office.example>\r\nRCPT TO:<{to}>\r\nDATA\r\n").as_bytes(),
        );
        socket.write_all(&group)?;
        let wanted: &[&str] =
            if first { &["250", "250", "354"] } else { &["250", "250", "250", "354"] };
        for code in wanted {
            expect(&mut replies, code)?;
        }
        body = built;
        body.extend_from_slice(b"\r\n.\r\n");
    }
    if !body.is_empty() {
        socket.write_all(&body)?;
        expect(&mut replies, "250")?;
    }
    Ok(socket.write_all(b"QUIT\r\n")?)
}

fn build(to: &str) -> anyhow::Result<Vec<u8>> {
    let link = format!("https://qianshou.example/l/{to:_>60}");
    let message = Message::builder()
        .from("qianshou@office.example".parse()?)
        .to(to.parse()?)
        .subject("【特提】某政办发电〔2026〕1号 关于切实做好强降温天气应对工作的通知")
        .multipart(MultiPart::alternative_plain_html(
            format!("{TEXT}{link}\n"),
            format!("{HTML}<p><a href=\"{link}\">签收</a></p></body></html>"),
        ))?;
    Ok(message.formatted())
}

/// Reads one reply, all its lines.
fn expect(replies: &mut BufReader<TcpStream>, code: &str) -> anyhow::Result<()> {
    loop {
        let mut line = String::new();
        replies.read_line(&mut line)?;
        ensure!(line.starts_with(code), "{line:?} instead of {code}");
        if !line.starts_with(&format!("{code}-")) {
            return Ok(());
        }
    }
}
