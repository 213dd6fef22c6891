// A runner near the demo's cluster: attests, then drills, each by a cron expression, under its own key; the portal shows
// what came, and when it is due next.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import AxeBuilderModule from "@axe-core/playwright";
import { pageAs } from "../browser.mjs";
import { output, portal, root } from "../portal.mjs";

const AxeBuilder = AxeBuilderModule.default ?? AxeBuilderModule;
const binary = process.env.PASSMUSTER_BIN ?? join(root, "target/debug/passmuster");
const run = promisify(execFile);

// Both are due at every whole minute, looked for every quarter of one, and the drill waits for the attestation: two
// minutes where all is well, three on a slow machine.
const calendar = 180_000;

test("a runner attests and drills by its calendar, and /backups tells both", async (t) => {
  const { url, mongodbUri, data } = await portal();
  const work = await mkdtemp(join(tmpdir(), "passmuster-runner-"));
  t.after(() => rm(work, { recursive: true, force: true }));
  const made = await run(binary, ["--config", join(data, "passmuster.toml"), "token", "new", "--name", "runner-1",
    "--scope", "attestations:write", "--scope", "drills:write"]);
  await writeFile(join(work, "token"), made.stdout.match(/pm_[\w-]+/)[0], { mode: 0o600 });
  const taken = new Date(Date.now() - 60_000).toISOString();
  await writeFile(join(work, "points.json"), JSON.stringify({ recoveryPoints: [{ id: "snap-journey", cluster: "demo", takenAt: taken }] }));
  const only = `["alder-finch", "pilot-tansy", "pilot-yarrow"]`;
  const own = `exclude = [{ name = "passmuster", why = "the portal's own records" }]`;
  await writeFile(join(work, "drill.toml"), `source = "${mongodbUri}"\ntarget = "${mongodbUri}"\nrto_minutes = 120\nrpo_minutes = 6000\nsame_cluster = true\nonly = ${only}\n`);
  await writeFile(join(work, "runner.toml"), `
name = "runner-1"
state = "state"
portal = "${url}"
token_file = "token"

[[job]]
name = "weekly-attestation"
kind = "attest"
cron = "* * * * *"
uri = "${mongodbUri}"
recovery_points = "points.json"
${own}

[[job]]
name = "quarterly-drill"
kind = "drill"
cron = "* * * * *"
after = "weekly-attestation"
plan = "drill.toml"
`);
  const checked = await run(binary, ["runner", "check", join(work, "runner.toml")]);
  assert.match(checked.stdout, /weekly-attestation {2}attestation, .*Next: \d{4}-\d\d-\d\d \d\d:\d\d UTC/);

  const runner = spawn(binary, ["runner", "start", join(work, "runner.toml")], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  runner.stderr.on("data", (chunk) => (log += chunk));
  const ended = new Promise((resolve) => runner.once("exit", (code, signal) => resolve(signal ?? code)));
  t.after(() => runner.kill("SIGKILL"));

  const page = await pageAs("owner");
  t.after(() => page.context().close());
  const row = (name) => page.locator("#jobs tr, section:has(#jobs) tr").filter({ hasText: name });
  await until(async () => {
    await page.goto("/backups");
    return (await row("quarterly-drill").filter({ hasText: /done/ }).count()) > 0;
  }, () => log);
  runner.kill("SIGINT");
  assert.equal(await ended, 0, log);

  assert.match(await row("weekly-attestation").innerText(), /beside snap-journey/);
  assert.match(await row("weekly-attestation").innerText(), /done/);
  assert.match(await page.getByRole("main").innerText(), /snap-journey/);
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => v.id), []);
  await mkdir(output, { recursive: true });
  for (const [width, height] of [[1440, 1000], [390, 844]]) {
    await page.setViewportSize({ width, height });
    await page.locator("#jobs").scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(output, `jobs-${width}.png`), fullPage: true });
  }
  await page.setViewportSize({ width: 1440, height: 1000 });
  await row("quarterly-drill").getByRole("link", { name: /^D-/ }).click();
  await page.waitForURL(/\/drills\/D-/);
  assert.match(await page.getByRole("main").innerText(), /measured/i);
  // Nothing waits any more, and nothing was refused.
  assert.deepEqual(await readdir(join(work, "state/refused")), []);
});

async function until(done, told) {
  const end = Date.now() + calendar;
  while (Date.now() < end) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
  assert.fail(`it did not come in time:\n${told()}`);
}
