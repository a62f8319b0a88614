// The ground the journeys stand on, tried against two small pages of its own.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { barriers, launch, openPage, PHONE, startDemo } from "./run.mjs";

const GOOD = `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>签收</title>
<meta name="viewport" content="width=device-width"></head><body><main><h1>关于做好防汛工作的通知</h1>
<form method="post"><label>姓名 <input name="signer"></label><button>签收</button></form>
</main></body></html>`;
const BAD = `<!doctype html><title>x</title><img src="http://outside.example/pixel.png"><input>
<script>throw new Error("broken")</script>`;

let browser, server, url;

before(async () => {
  server = createServer(async (request, response) => {
    const posted = [];
    for await (const chunk of request) posted.push(chunk);
    response.setHeader("content-type", "text/html; charset=utf-8");
    if (request.method === "POST") {
      const signer = new URLSearchParams(Buffer.concat(posted).toString()).get("signer");
      response.end(`<!doctype html><title>已签收</title><p data-test="signed">已签收：${signer}</p>`);
    } else {
      response.end(request.url === "/bad" ? BAD : GOOD);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${server.address().port}/`;
  browser = await launch();
});

after(async () => {
  await browser?.close();
  server?.close();
});

for (const javaScriptEnabled of [true, false]) {
  test(`a form is signed on a phone, script ${javaScriptEnabled ? "on" : "off"}`, async () => {
    const { page, context, outside } = await openPage(browser, { ...PHONE, javaScriptEnabled });
    await page.goto(url);
    await page.getByLabel("姓名").fill("周颖");
    await page.getByRole("button", { name: "签收" }).click();
    assert.equal(await page.locator("[data-test=signed]").innerText(), "已签收：周颖");
    assert.deepEqual(outside, []);
    await context.close();
  });
}

test("barriers, requests to other machines and broken scripts are seen", async () => {
  const { page, context, outside, complaints } = await openPage(browser);
  await page.goto(url);
  assert.deepEqual(await barriers(page), []);
  await page.goto(`${url}bad`);
  assert.match((await barriers(page)).join("\n"), /image-alt/);
  assert.deepEqual(outside, ["http://outside.example/pixel.png"]);
  assert.match(complaints.join("\n"), /broken/);
  await context.close();
});

test("a demonstration is started, read, stopped and cleaned up", async () => {
  const folder = await mkdtemp(join(tmpdir(), "qianshou-fake-"));
  const program = async (name, body) => {
    const path = join(folder, name);
    await writeFile(path, `#!/usr/bin/env node\n${body}`, { mode: 0o755 });
    return path;
  };
  const good = await program("good.cjs", `
    const server = require("node:http").createServer((request, response) => response.end("ok"));
    server.listen(0, "127.0.0.1", () => console.log(
      \`open http://127.0.0.1:\${server.address().port}/ (\${process.argv[2]})\`));`);
  const demo = await startDemo([], good);
  assert.equal(await (await fetch(demo.url)).text(), "ok");
  assert.match(demo.lines[0], /\(demo\)$/);
  await demo.stop();
  await assert.rejects(fetch(demo.url));
  assert.equal(existsSync(demo.folder), false);
  const bad = await program("bad.cjs", "console.error('no room'); process.exit(1)");
  await assert.rejects(startDemo([], bad), /did not start:\nno room/);
  await rm(folder, { recursive: true });
});
