// An auditor notes the ledger's head, gives a number of their own and has a sample drawn: first refused with what to
// do, then read on the page, followed to a record, and drawn again by the printed line with stock tools.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import axe from "@axe-core/playwright";
import { context, pageAs, session } from "../browser.mjs";
import { output } from "../portal.mjs";

const AxeBuilder = axe.default ?? axe;

let made;

test("a sample is asked for without script, refused with what to do, then drawn", async (t) => {
  const page = await pageAs("auditor", { javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  t.after(() => page.context().close());
  const head = Number((await (await page.request.get("/ledger/checkpoint")).text()).split("\n")[1]);

  await page.goto("/evidence");
  assert.match(await page.locator("#sample-fair").innerText(), /notes the head first/);
  await page.getByLabel("Draw from").selectOption("attestations");
  assert.equal(await page.getByLabel("How many").inputValue(), "25");
  await page.getByLabel("How many").fill("7");
  await page.getByRole("button", { name: "Make bundle" }).click();
  assert.match(await page.locator(".error-note").innerText(), /value from outside is missing[^]*that the auditor gives/);
  assert.equal(await page.getByLabel("How many").inputValue(), "7", "what was written is still there");

  await page.getByLabel("Value from outside").fill("it's my number: 4711");
  await page.getByRole("button", { name: "Make bundle" }).click({ timeout: 120_000 });
  await drawn(page);
  made = (await page.locator("h2", { hasText: "Sample of" }).innerText()).match(/B-\d+/)[0];
  assert.equal(await page.locator("table.drawn tbody tr").count(), 7);
  assert.match(await page.locator(`#${made}`).innerText(), /Sample: 7 of \d+ attestations/);
  const said = await page.locator("section", { has: page.locator("#draw-again") }).innerText();
  assert.match(said, /my number: 4711/);
  // Nothing else writes while the ring runs, but a finding of a gap may come between.
  const drawnFrom = Number(said.match(/([\d\u00a0]+) entries, root/)[1].replaceAll("\u00a0", ""));
  assert.ok(drawnFrom >= head, `drawn from the head of ${drawnFrom}, noted ${head}`);

  const record = page.locator("table.drawn tbody tr").first().getByRole("link").first();
  const tenant = (await record.innerText()).split(",")[0];
  await record.click();
  await page.waitForURL(/\/backups\?/);
  assert.ok((await page.locator("#attestations table").innerText()).includes(tenant));
});

test("the printed line draws the same records with sha256sum and sort", async (t) => {
  const page = await pageAs("auditor", { acceptDownloads: true });
  t.after(() => page.context().close());
  await page.goto(`/evidence?drawn=${made}#drawn`);
  const line = await page.locator("#draw-again").innerText();
  const ids = await page.locator("table.drawn tbody th code").allInnerTexts();
  const [download] = await Promise.all([
    page.waitForEvent("download", { timeout: 30_000 }),
    page.locator(`a[href="/evidence/${made}/download"]`).first().click(),
  ]);
  const work = await mkdtemp(join(tmpdir(), "passmuster-sample-"));
  t.after(() => rm(work, { recursive: true, force: true }));
  const zip = join(work, "bundle.zip");
  await download.saveAs(zip);
  execFileSync("unzip", ["-q", zip, "-d", join(work, "b")]);
  const [top] = await readdir(join(work, "b"));
  const said = execFileSync("bash", ["-c", line], { cwd: join(work, "b", top), encoding: "utf8" });
  assert.deepEqual(said.trimEnd().split("\n").map((item) => JSON.parse(item).id), ids);
  assert.equal(ids.length, 7);
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1440, 390]) {
    test(`a drawn sample at ${width} in ${colorScheme} has nothing for axe to say`, async (t) => {
      const seen = await context({
        storageState: await session("auditor"), colorScheme, viewport: { width, height: 1000 },
      });
      t.after(() => seen.close());
      const page = await seen.newPage();
      // The value is missing: the form says so while the sample of the bundle stands above it.
      await page.goto(`/evidence?drawn=${made}&sample=drills&size=3`);
      await page.locator("#sample-error").waitFor();
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({ path: join(output, `sample-${width}-${colorScheme}.png`), fullPage: true });
      const scroll = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(scroll <= width, `the page is ${scroll} wide`);
      const { violations } = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(violations.map(({ id, help }) => `${id}: ${help}`), []);
    });
  }
}

/** Waits for the sample; a bundle that takes long is looked for again, as its reader would. */
async function drawn(page) {
  await page.waitForURL(/[?&](made|order)=/, { timeout: 120_000 });
  for (let tries = 0; tries < 60; tries++) {
    if (await page.locator("#draw-again").count()) return;
    await page.waitForTimeout(2000);
    await page.reload();
  }
  assert.fail(`no sample stands on ${page.url()}`);
}
