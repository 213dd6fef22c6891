// Lighthouse on the emergency page, as a phone on a slow line: full marks for what follows from the page alone. The mark
// for speed is simulated from one visit and moves by some points with what else this machine does; it is held above 90.
import assert from "node:assert/strict";
import { test } from "node:test";
import lighthouse from "lighthouse";
import { chromium } from "playwright-core";
import { session } from "./browser.mjs";
import { freePort, portal } from "./portal.mjs";

test("Lighthouse finds nothing wrong with the emergency page, and it is quick on a slow phone", async (t) => {
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
  t.diagnostic(`performance ${marks.performance}`);
  assert.deepEqual({ ...marks, performance: 100 }, { performance: 100, accessibility: 100, "best-practices": 100 }, told);
  assert.ok(marks.performance >= 90, told);
  const moved = lhr.audits["layout-shifts"]?.details?.items?.map((one) => `${one.node?.selector}: ${one.score}`);
  // A letter's width, when its font comes: nobody sees less than a thousandth of the screen move.
  assert.ok(lhr.audits["cumulative-layout-shift"].numericValue < 0.001, `nothing moves: ${moved}`);
});
