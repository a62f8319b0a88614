// The whole way of one notice in the demonstration, as people walk it: typed in, handed over,
// released, mailed, opened and signed on a phone, seen on the board, proved by its receipt. Walked
// once with script and once without.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { barriers, launch, openPage, PHONE, startDemo } from "./run.mjs";

const BINARY = resolve(process.env.QIANSHOU_TEST_BINARY ?? "target/debug/qianshou");
const FOLDER = "demo";
const MAIL_WITHIN_MS = 30_000;
const BOARD_WITHIN_MS = 6_000; // five seconds, and one to draw
const ORGANISATION = "中共长沙市岳麓区委";
/** Chromium reports the answer to a form that was left empty as an error. */
const EMPTY_SIGNATURE = /status of 422/;
const verify = promisify(execFile);

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

for (const javaScriptEnabled of [true, false]) {
  test(`a notice is issued, signed and proved, script ${javaScriptEnabled ? "on" : "off"}`, async (t) => {
    const demo = await startDemo(["--listen", "127.0.0.1:0", "--folder", FOLDER], BINARY);
    t.after(() => demo.stop());
    const site = new URL(demo.url).origin;
    const contexts = [];
    t.after(() => Promise.all(contexts.map((context) => context.close())));
    const visit = async (options) => {
      const opened = await openPage(browser, { javaScriptEnabled, ...options });
      contexts.push(opened.context);
      t.after(() => {
        assert.deepEqual(opened.outside, []);
        const refusals = opened.complaints.filter((one) => !EMPTY_SIGNATURE.test(one));
        assert.deepEqual(refusals, []);
      });
      return opened.page;
    };

    const clerk = await visit();
    await signIn(clerk, demo, site, "jingban");
    await typeIn(clerk, javaScriptEnabled);
    await handOver(clerk);
    const releaser = await visit();
    await signIn(releaser, demo, site, "hefa");
    const board = await release(releaser);

    const mailbox = await visit(PHONE);
    const link = await linkInMail(mailbox, site);
    const everyone = `${board}?show=all`;
    await scan(link, await visit(), releaser, everyone);

    await releaser.goto(everyone);
    const row = rowOf(releaser);
    assert.doesNotMatch(await row.locator(".c-state").innerText(), /已签收/);
    const phone = await visit(PHONE);
    const receipt = await sign(phone, link, demo);

    // The board is not reloaded by hand.
    await row.locator(".c-state").filter({ hasText: "已签收" }).waitFor({ timeout: BOARD_WITHIN_MS });
    assert.match(await row.locator(".c-signer").innerText(), /周颖/);
    await countsEqualRows(releaser);
    await noBarriers(releaser);

    // What was said at the door stays behind it: no link, no name, no number in the log.
    const log = [...demo.lines, ...demo.errors].join("\n");
    const token = new URL(link).pathname.split("/").pop();
    for (const secret of [token, token.slice(-20), "周颖", "88999500", receipt.number]) {
      assert.ok(!log.includes(secret), `the log tells ${secret}`);
    }

    const key = join(demo.folder, FOLDER, "keys", "receipt.pub.pem");
    const { stdout } = await verify(BINARY, ["receipt", "verify", receipt.path, "--key", key]);
    assert.match(stdout, /^VALID/);
    assert.ok(stdout.includes(receipt.number), stdout);
  });
}

async function signIn(page, demo, site, login) {
  const account = demo.lines.find((line) => line.split(/\s+/).includes(login));
  assert.ok(account, demo.lines.join("\n"));
  const words = account.trim().split(/\s+/);
  await page.goto(`${site}/sign-in`);
  await noBarriers(page);
  await page.getByLabel("账号").fill(login);
  await page.getByLabel("口令").fill(words[words.indexOf(login) + 1]);
  await page.getByRole("button", { name: "登录" }).click();
  await page.getByRole("heading", { name: "公文", exact: true }).waitFor();
}

/** A notice of one's own, field by field as its paper has them. */
async function typeIn(page, script) {
  await page.goto(new URL("/notices/new", page.url()).href);
  await page.getByRole("heading", { name: "发文" }).waitFor();
  await noBarriers(page);
  const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
  for (const [label, text] of [
    ["标题", "中共湖南省委办公厅关于认真学习贯彻全省乡村振兴现场推进会精神的通知"],
    ["紧急理由（特提必填）", "会议精神须于今晚传达到县"],
    ["发文字号", `湘办发电〔${today.slice(0, 4)}〕36号`],
    ["机要编号", "湘机发1221号"],
    ["签发人", "张某"],
    ["签发日期", today],
    ["成文日期", today],
    ["主送（照公文抄写）", "各市州、县市区委："],
    ["正文文字", "经省委同意，现就学习贯彻会议精神通知如下：\n\n一、迅速传达学习。"],
    ["印发传达范围", "此件发至县团级"],
    ["值班电话", "0731-55500002"],
  ]) {
    await page.getByLabel(label, { exact: true }).fill(text);
  }
  await page.getByLabel("等级").selectOption({ label: "特提" });
  await page.getByRole("button", { name: "各市州、县市区党委 全选主送", exact: true }).click();
  await page.locator("#pick-sum").getByText(/主送 136 个单位/).waitFor();
  await page.getByLabel("选择文件").setInputFiles(resolve("config/demo/notice/正文.pdf"));
  if (!script) await page.getByRole("button", { name: "上传", exact: true }).click();
  await page.locator("#filelist").getByText("正文.pdf").waitFor();
  assert.match(await page.getByLabel("标题").inputValue(), /乡村振兴/);
}

async function handOver(page) {
  await noBarriers(page);
  await inSight(page, "预览，送核发");
  await page.getByRole("button", { name: "预览，送核发" }).click();
  await inSight(page, "送核发");
  await page.getByRole("button", { name: "送核发", exact: true }).click();
  await page.locator(".board-number").getByText(/王某.*送核发/).waitFor();
}

/** The address of the board. */
async function release(page) {
  await page.reload();
  await page.locator("table.notices a").first().click();
  await noBarriers(page);
  await inSight(page, "核发并发出");
  const reason = page.getByLabel("联系方式不全的单位先行发出，理由");
  if (await reason.count()) await reason.first().fill("已由值班室电话告知");
  await page.getByRole("button", { name: "核发并发出" }).click();
  await page.locator("#live-head").waitFor();
  const board = page.url().split("?")[0];
  // One step back there is nothing more to release: the page says so, and leads on.
  await page.goBack();
  await page.getByText(/本件已于.*由李某核发并发出/).waitFor();
  await noBarriers(page);
  await page.getByRole("link", { name: "看签收情况" }).first().click();
  await page.locator("#live-head").waitFor();
  assert.equal(page.url().split("?")[0], board);
  return board;
}

/** The act of a page is whole and in sight before anybody scrolls. */
async function inSight(page, name) {
  const button = page.getByRole("button", { name, exact: true }).first();
  const hidden = await button.evaluate((one) => {
    scrollTo(0, 0);
    const { left, right, top, bottom } = one.getBoundingClientRect();
    const seen = (x, y) => one.contains(document.elementFromPoint(x, y));
    const [west, east, north, south] = [left + 4, right - 4, top + 4, bottom - 4];
    const corners = [[west, north], [east, north], [west, south], [east, south]];
    return corners.filter(([x, y]) => !seen(x, y));
  });
  assert.deepEqual(hidden, [], `${name} is cut off`);
}

/** The link in the mail of one organisation. */
async function linkInMail(page, site) {
  const end = Date.now() + MAIL_WITHIN_MS;
  for (;;) {
    await page.goto(`${site}/demo/mailbox?q=${encodeURIComponent(ORGANISATION)}`);
    if (await page.locator("ul.mails a").count()) break;
    assert.ok(Date.now() < end, "no mail came");
    await page.waitForTimeout(300);
  }
  await page.locator("ul.mails a").first().click();
  const frame = await page.locator("iframe.mail-html").boundingBox();
  const mail = page.frameLocator("iframe.mail-html");
  for (const text of ["查看并签收", /请勿直接回复/]) {
    const part = await mail.getByText(text).last().boundingBox();
    assert.ok(part.y + part.height < frame.y + frame.height, `the frame cuts ${text}`);
    assert.ok(part.x + part.width < frame.x + frame.width, `the frame cuts ${text}`);
  }
  return page.locator(".mail-text a").first().getAttribute("href");
}

/** A scanner of mails asks for everything it sees and presses nothing: nothing may have happened. */
async function scan(link, scanner, page, board) {
  const state = async () => {
    await page.goto(board);
    return rowOf(page).locator(".c-state").innerText();
  };
  const before = await state();
  const asks = scanner.context().request;
  for (const method of ["HEAD", "GET", "HEAD", "GET"]) {
    const answer = await asks.fetch(link, { method });
    assert.equal(answer.status(), 200);
    for (const [, href] of (await answer.text()).matchAll(/(?:href|action)="([^"#]+)"/g)) {
      if (/^(tel|mailto):/.test(href)) continue;
      await asks.fetch(new URL(href.replaceAll("&amp;", "&"), answer.url()).href, { method });
    }
  }
  await scanner.goto(link);
  assert.equal(await state(), before);
}

/** The line of the organisation that signs. */
function rowOf(page) {
  const rows = page.locator("#live-rows tr");
  return rows.filter({ has: page.getByRole("rowheader", { name: ORGANISATION }) });
}

/** Opens the notice's text, signs, and keeps the receipt. */
async function sign(page, link, demo) {
  await page.goto(link);
  await noBarriers(page);
  await page.getByRole("button", { name: /^打开\s*通知文字/ }).click();
  await page.locator("#body .notice-text").waitFor();
  await page.getByRole("button", { name: "确认签收" }).click();
  await page.getByRole("alert").getByText("尚未签收").waitFor();
  await page.getByLabel("姓名").fill("周颖");
  await page.getByLabel("职务").fill("值班员");
  await page.getByLabel("电话", { exact: true }).fill("0731-88999500");
  const code = (await page.locator("#code-digits").innerText()).replace(/\D/g, "");
  await page.getByLabel("校验码").fill(code);
  await page.getByRole("button", { name: "确认签收" }).click();
  await page.locator("#done-word").waitFor();
  await noBarriers(page);
  const number = await page.locator(".done .hash").innerText();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "下载回执" }).click(),
  ]);
  assert.match(download.suggestedFilename(), /\.jws$/);
  const path = join(demo.folder, "receipt.jws");
  await download.saveAs(path);
  return { number, path };
}

/** What the numbers above the table say is what the table shows. */
async function countsEqualRows(page) {
  const number = async (label) => {
    const link = page.locator(".numbers a").filter({ hasText: label });
    return Number(await link.first().locator("strong").innerText());
  };
  const states = await page.locator("#live-rows .c-state .state").allInnerTexts();
  const signed = states.filter((state) => state.includes("已签收")).length;
  assert.equal(signed, 1);
  assert.equal(await number("已签收"), signed);
  assert.equal(await number("共"), states.length);
}

/** Axe needs script; its rules are asked where the page has it. */
async function noBarriers(page) {
  if (await page.evaluate(() => matchMedia("(scripting: enabled)").matches)) {
    assert.deepEqual(await barriers(page), [], page.url());
  }
}
