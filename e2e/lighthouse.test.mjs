// Lighthouse on the emergency page, as a phone on a slow line: nothing short of full marks. Its marks follow from what
// the page does (what it loads, what blocks, what shifts), simulated from one visit; no time of this machine is asserted.
import assert from "node:assert/strict";
import { test } from "node:test";
import lighthouse from "lighthouse";
import { chromium } from "playwright-core";
import { session } from "./browser.mjs";
import { freePort, portal } from "./portal.mjs";

test("Lighthouse gives the emergency page full marks", async (t) => {
  const { url } = await portal();
  const port = await freePort();
  const browser = await chromium.launch({
    executablePath: process.env.PASSMUSTER_CHROMIUM ?? "/usr/bin/chromium",
    args: [`--remote-debugging-port=${port}`, "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  t.after(() => browser.close());
  const { cookies } = await session("owner");
  const Cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const { lhr } = await lighthouse(`${url}/emergency`, {
    port, extraHeaders: { Cookie }, logLevel: "error", onlyCategories: ["performance", "accessibility", "best-practices"],
  });
  const short = Object.values(lhr.audits).filter((audit) => audit.score !== null && audit.score < 1);
  const told = short.map((audit) => `${audit.id}: ${audit.displayValue ?? audit.score}`).join("\n");
  const marks = Object.fromEntries(Object.values(lhr.categories).map((one) => [one.id, Math.round(one.score * 100)]));
  assert.deepEqual(marks, { performance: 100, accessibility: 100, "best-practices": 100 }, told);
  assert.equal(lhr.audits["cumulative-layout-shift"].numericValue, 0, "nothing moves when the script takes over");
});
