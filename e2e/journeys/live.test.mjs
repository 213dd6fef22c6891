// A drill is followed while it runs: by hand, from the overview to the record, with a note, a reload in the middle, the
// portal's own clock, and no word from the runner; a second one is stopped. Once more without script.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import AxeBuilderModule from "@axe-core/playwright";
import { context, pageAs, session } from "../browser.mjs";
import { output, portal, root } from "../portal.mjs";

const AxeBuilder = AxeBuilderModule.default ?? AxeBuilderModule;
mkdirSync(output, { recursive: true });

/** Starts the runner on a plan; `{ child, ended }`, where `ended` is its exit code. */
async function runner(t, plan) {
  const { url, token } = await portal();
  const work = await mkdtemp(join(tmpdir(), "passmuster-live-"));
  t.after(() => rm(work, { recursive: true, force: true }));
  await writeFile(join(work, "plan.toml"), plan);
  await writeFile(join(work, "token"), token);
  const binary = process.env.PASSMUSTER_BIN ?? join(root, "target/debug/passmuster");
  const child = spawn(
    binary,
    ["drill", "--plan", join(work, "plan.toml"), "--portal", url, "--token-file", join(work, "token")],
    { cwd: work, stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  child.stderr.on("data", (chunk) => (log += chunk));
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
  t.after(() => child.kill("SIGKILL"));
  return { child, ended, log: () => log };
}

function byHand(environment) {
  return `scenario = "cluster"\nrunbook_version = "1.0"\nrto_minutes = 240\nsource = "by hand"\n` +
    `recovery_point = "snap-2026-w47"\ntaken_at = "2026-11-16T12:00:00Z"\ntarget = "${environment}"\nby = "Operator one"\n`;
}

/** Follows the link on the overview, once the drill that was just started is there. */
async function followed(page) {
  for (let i = 0; i < 40; i++) {
    await page.goto("/");
    const link = page.getByRole("link", { name: "Follow it" });
    if (await link.count()) {
      await link.click();
      await page.waitForURL(/\/live$/);
      return new URL(page.url()).pathname;
    }
    await page.waitForTimeout(250);
  }
  assert.fail("no drill began");
}

test("a drill by hand is followed, pressed, noted, reloaded and ends as a record", { timeout: 240_000 }, async (t) => {
  const run = await runner(t, byHand("staging-cluster-7"));
  const page = await pageAs("operator");
  t.after(() => page.context().close());
  const said = [];
  page.on("console", (message) => message.type() === "error" && said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  const live = await followed(page);
  assert.match(await page.locator('.rail a[href="/drills"]').innerText(), /live/);
  assert.equal(await page.locator("h1").innerText(), "Restoration drill by hand, running");

  await press(page, "Start: provision");
  await page.locator("#live-elapsed-label", { hasText: "Elapsed since" }).waitFor();
  await press(page, "Done: provision");
  await press(page, "Start: restore");
  await page.getByLabel("Note", { exact: true }).fill("Peering was already in place this time.");
  await page.getByRole("button", { name: "Write it into the log" }).click();
  await page.waitForURL(/#log$/);
  await page.locator("#live-log", { hasText: "Operator one: “Peering was already in place this time.”" }).waitFor();

  // The clock goes on by itself, and by the portal's clock.
  const before = await page.locator("#live-elapsed").innerText();
  await page.waitForTimeout(2200);
  assert.ok(seconds(await page.locator("#live-elapsed").innerText()) >= seconds(before) + 2);
  assert.match(await page.locator("#live-heard").innerText(), /live, heard \d+ s ago/);

  // Opened by somebody else, on a phone in the dark, it shows the same; so it does after a reload.
  const sizes = [[1440, 1000], [390, 844]];
  for (const [colorScheme, [width, height]] of ["light", "dark"].flatMap((scheme) => sizes.map((size) => [scheme, size]))) {
    const seen = await context({ storageState: await session("owner"), colorScheme, viewport: { width, height } });
    const other = await seen.newPage();
    await other.goto(live);
    await other.reload();
    await other.locator("#live-log", { hasText: "Peering was already" }).waitFor();
    await other.evaluate(() => document.fonts.ready);
    await other.screenshot({ path: join(output, `live-${width}-${colorScheme}.png`), fullPage: true });
    const scroll = await other.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(scroll <= width, `the page is ${scroll} wide`);
    const { violations } = await new AxeBuilder({ page: other }).analyze();
    assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes[0]?.html.slice(0, 160)}`), []);
    await seen.close();
  }

  // What another person presses appears here without a reload, and nothing jumps.
  const top = (await page.locator("#live-steps").boundingBox()).y;
  const owner = await pageAs("owner");
  t.after(() => owner.context().close());
  await owner.goto(live);
  await press(owner, "Done: restore");
  await page.getByRole("button", { name: "Start: repoint" }).waitFor();
  assert.equal((await page.locator("#live-steps").boundingBox()).y, top, "no layout shift");
  await owner.getByRole("button", { name: "Start: repoint" }).focus();
  for (const step of ["repoint", "verify", "tear"]) {
    await press(page, `Start: ${step}`);
    await press(page, `Done: ${step}`, step === "tear");
  }

  await owner.locator("#live-ended").waitFor({ state: "visible" });
  assert.equal(await run.ended, 0, run.log());
  await owner.getByRole("link", { name: "Open its record" }).click();
  await owner.waitForURL(/\/drills\/D-[^/]+$/);
  const words = (await owner.locator("main").innerText()).replaceAll(/\s+/g, " ");
  assert.match(words, /Peering was already in place this time/);
  assert.match(words, /begun by Operator one, ended by The founder/);
  assert.match(words, /no program looked/);
  await owner.screenshot({ path: join(output, "drill-by-hand-1440-light.png"), fullPage: true });
  await page.goto(live);
  assert.ok(!page.url().endsWith("/live"), "reopened, the address leads to the record");
  assert.deepEqual(said, []);
});

test("a runner that says nothing is said to, and a drill is stopped with a reason", { timeout: 240_000 }, async (t) => {
  const run = await runner(t, byHand("staging-cluster-8"));
  const page = await pageAs("operator");
  t.after(() => page.context().close());
  const live = await followed(page);
  await press(page, "Start: provision");
  run.child.kill("SIGSTOP");
  await page.locator("#live-heard", { hasText: "no word for" }).waitFor({ timeout: 20_000 });
  const before = seconds(await page.locator("#live-elapsed").innerText());
  await page.waitForTimeout(1500);
  assert.ok(seconds(await page.locator("#live-elapsed").innerText()) > before, "the clock goes on");
  run.child.kill("SIGCONT");
  await page.locator("#live-heard", { hasText: "live, heard" }).waitFor();
  await page.getByRole("link", { name: "Stop the drill" }).click();
  await page.getByLabel("Why the drill is stopped").fill("The wrong snapshot was named.");
  await page.getByRole("button", { name: "Stop and tear down" }).click();
  await page.waitForURL((url) => url.pathname === live || url.pathname === live.replace("/live", ""));
  assert.equal(await run.ended, 1, run.log());
  await page.goto(live.replace("/live", ""));
  const words = (await page.locator("main").innerText()).replaceAll(/\s+/g, " ");
  assert.match(words, /Abandoned: Operator one stopped it: The wrong snapshot was named/);
});

test("a drill on the demo's own data is followed without script", { timeout: 240_000 }, async (t) => {
  const { mongodbUri } = await portal();
  const plan = `scenario = "collection"\nrunbook_version = "1.0"\nsource = "${mongodbUri}"\ntarget = "${mongodbUri}"\n` +
    `same_cluster = true\ntenant = "pilot-tansy"\nby = "drill-runner"\n`;
  const page = await pageAs("operator", { javaScriptEnabled: false });
  t.after(() => page.context().close());
  const run = await runner(t, plan);
  // It is quick here, so it is held while one looks.
  let live;
  for (let i = 0; i < 400 && !live; i++) {
    live = (await (await page.request.get("/drills")).text()).match(/\/drills\/D-[^"/]+\/live/)?.[0];
  }
  run.child.kill("SIGSTOP");
  assert.ok(live, `it was never seen: ${run.log()}`);
  await page.goto(live);
  if (page.url().endsWith("/live")) {
    assert.match(await page.locator("main").innerText(), /Left on the RTO clock/);
    await page.screenshot({ path: join(output, "live-drill-1440-plain.png"), fullPage: true });
    await page.getByLabel("Note", { exact: true }).fill("Written without script.");
    await page.getByRole("button", { name: "Write it into the log" }).click();
    await page.getByRole("link", { name: "Look again" }).click();
    assert.match(await page.locator("main").innerText(), /Written without script/);
  }
  run.child.kill("SIGCONT");
  assert.equal(await run.ended, 0, run.log());
  await page.goto(live);
  assert.ok(!page.url().endsWith("/live"), "the address leads to the record");
  assert.match(await page.locator("main").innerText(), /Against the drills before/);
});

/** Presses; the page comes back, unless the drill ended with it. */
async function press(page, name, last = false) {
  const button = page.getByRole("button", { name });
  await button.waitFor();
  await Promise.all([page.waitForEvent("framenavigated"), button.click()]);
  if (!last) await page.waitForLoadState();
}

function seconds(clock) {
  return clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}
