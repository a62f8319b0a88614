// What journeys stand on: the demonstration server, Debian's Chromium, and an accessibility check.
// Nothing here knows a page; nothing leaves this machine.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const BINARY = process.env.QIANSHOU_TEST_BINARY ?? "target/debug/qianshou";
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;

/** A phone as a night desk has it. */
export const PHONE = { viewport: { width: 375, height: 667 }, isMobile: true, hasTouch: true };

/**
 * Starts `qianshou demo` in an empty folder and waits until it answers.
 * `lines` is what it printed so far, `urls` every address in it, `url` the first.
 */
export async function startDemo(args = ["--listen", "127.0.0.1:0"], binary = BINARY) {
  const folder = await mkdtemp(join(tmpdir(), "qianshou-demo-"));
  const server = spawn(resolve(binary), ["demo", ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines = [];
  const urls = [];
  const errors = [];
  let gone = false;
  server.on("error", (error) => { gone = true; errors.push(String(error)); });
  server.on("exit", () => { gone = true; });
  createInterface(server.stderr).on("line", (line) => errors.push(line));
  createInterface(server.stdout).on("line", (line) => {
    lines.push(line);
    urls.push(...(line.match(/https?:\/\/[^\s"'）】]+/g) ?? []));
  });
  const stop = async () => {
    if (!gone) {
      server.kill("SIGTERM");
      const hard = setTimeout(() => server.kill("SIGKILL"), STOP_WITHIN_MS);
      await once(server, "exit");
      clearTimeout(hard);
    }
    await rm(folder, { recursive: true, force: true });
  };
  const end = Date.now() + READY_WITHIN_MS;
  while (!gone && Date.now() < end) {
    if (urls.length > 0 && (await answers(urls[0]))) {
      return { url: urls[0], urls, lines, errors, folder, stop };
    }
    await new Promise((wake) => setTimeout(wake, 50));
  }
  await stop();
  throw new Error(`the demonstration did not start:\n${[...lines, ...errors].join("\n")}`);
}

async function answers(url) {
  try {
    return (await fetch(url, { redirect: "manual" })).status < 500;
  } catch {
    return false;
  }
}

/** Starts Chromium; close it with `close()`. */
export function launch() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-proxy-server",
    ],
  });
}

/**
 * A page in a context of its own: `options` as in Playwright, such as `PHONE` or
 * `{ javaScriptEnabled: false }`. `outside` lists requests to other machines, which are cut;
 * `complaints` lists errors of scripts and of the content policy.
 */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ locale: "zh-CN", timezoneId: "Asia/Shanghai", ...options });
  context.setDefaultTimeout(10_000);
  const outside = [];
  await context.route("**/*", (route) => {
    const { hostname } = new URL(route.request().url());
    if (["127.0.0.1", "localhost", "[::1]", ""].includes(hostname)) return route.continue();
    outside.push(route.request().url());
    return route.abort();
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
  return { page, context, outside, complaints };
}

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What a person with poor sight or without a mouse would stumble over, one line each. */
export async function barriers(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`);
}
