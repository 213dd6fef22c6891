// A whole audit: the owner invites an auditor to a year and two controls, who registers a passkey, finds the drills,
// asks one more thing, has a sample drawn and takes the bundle home, where it proves who signed the runbook and the
// drill. Those signatures are given first, the runbook's on a phone.
import "./signoff.test.mjs";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { authenticator, context, invited, openLink, pageAs } from "../browser.mjs";
import { root } from "../portal.mjs";

const name = "Ada of Ledger and Leaf";

test("an invited auditor goes from a passkey to a bundle that proves who signed what", async (t) => {
  const owner = await pageAs("owner");
  t.after(() => owner.context().close());
  const link = await invited(name, "Auditor");
  await owner.goto("/settings/audits");
  const form = owner.getByRole("form", { name: "Audit" });
  await form.getByRole("textbox", { name: "Firm" }).fill("Ledger and Leaf");
  await form.getByRole("checkbox", { name }).check();
  for (const box of await form.getByRole("checkbox", { name: /^(CC|A1)/ }).all()) {
    await box.setChecked(/^(CC7\.5|A1\.2)/.test(await box.getAttribute("value")));
  }
  await form.getByLabel("First day").fill("2026-01-01");
  await form.getByLabel("Last day").fill("2026-12-31");
  await form.getByRole("button", { name: "Open the audit" }).click();
  await owner.waitForURL(/\/settings\/audits\/A-\d+$/);
  const audit = owner.url();
  assert.match(await words(owner), /1 January 2026 to 31 December 2026 and answers CC7\.5, A1\.2/);

  // The auditor's own browser, and a passkey of its own.
  const seen = await context();
  t.after(() => seen.close());
  const page = await seen.newPage();
  await authenticator(page);
  await openLink(page, link);
  await page.getByRole("button", { name: "Register a passkey on this device" }).click();
  await page.waitForURL((url) => url.pathname === "/");
  assert.match(await page.getByRole("complementary", { name: "Your audit" }).innerText(), /Ledger and Leaf/);
  await page.goto("/controls");
  assert.doesNotMatch(await words(page), /CC7\.4/);
  await page.getByRole("main").getByRole("link", { name: /CC7\.5/ }).first().click();
  await page.locator('main a[href^="/drills/"]').first().click();
  await page.waitForURL(/\/drills\/[^/]+$/);
  const drill = new URL(page.url()).pathname;
  assert.match(await words(page), /measured/i);

  await page.goto("/requests?control=CC7.5");
  await page.getByLabel("What you ask for, in a line").fill("Who may change the runbook");
  await page.getByLabel("More about it").fill("Please name them.");
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await page.waitForURL(/\/requests\/R-\d+$/);
  const asked = new URL(page.url()).pathname;
  await owner.goto(asked);
  await owner.getByLabel("Words").fill("The founder alone.");
  await owner.getByRole("button", { name: "Send the answer" }).click();
  await owner.waitForURL(/#newest$/);
  await page.goto(asked);
  assert.match(await words(page), /The founder alone\./);
  await page.getByRole("button", { name: /bundle/i }).click();
  await page.waitForLoadState();

  await page.goto("/evidence");
  await page.getByLabel("Draw from").selectOption("attestations");
  await page.getByLabel("How many").fill("5");
  await page.getByLabel("Value from outside").fill("Ada's dice: 2 6 1 5");
  await page.getByRole("button", { name: "Make bundle" }).click();
  await page.locator("table.drawn tbody tr").first().waitFor({ timeout: 120_000 });
  const made = (await page.locator("h2", { hasText: "Sample of" }).innerText()).match(/B-\d+/)[0];

  const work = await mkdtemp(join(tmpdir(), "passmuster-audit-"));
  t.after(() => rm(work, { recursive: true, force: true }));
  const keep = async (path, file) => {
    const answer = await page.request.get(path);
    assert.equal(answer.status(), 200, path);
    await writeFile(join(work, file), await answer.body());
    return join(work, file);
  };
  const zip = await keep(`/evidence/${made}/download`, "bundle.zip");
  const anchors = await keep("/evidence/anchors.json", "anchors.json");
  const binary = process.env.PASSMUSTER_BIN ?? join(root, "target/debug/passmuster");
  const report = JSON.parse(execFileSync(binary, ["verify", zip, "--anchors", anchors, "--json"], { encoding: "utf8" }));
  assert.equal(report.outcome, "verified");
  const told = report.checks.filter(({ what }) => what.startsWith("Sign-off ")).map(({ found }) => found).join("\n");
  for (const line of [/The founder \(owner\) approved runbook 1\.0/, /Operator one \(operator\) signed, as who ran it/, /as who owns it/]) {
    assert.match(told, line);
  }
  const inside = (file) => execFileSync("unzip", ["-p", zip, `*/data/${file}`], { encoding: "utf8" });
  assert.match(inside("requests/requests.jsonl"), /The founder alone\./);
  assert.match(inside("records/backup_drill_results.jsonl"), new RegExp(drill.split("/").pop()));
  const years = new Set();
  for (const line of inside("records/backup_audit_log.jsonl").split("\n").filter(Boolean)) {
    years.add(new Date(Number(JSON.parse(line).occurredAt.$date.$numberLong)).getUTCFullYear());
  }
  assert.deepEqual([...years], [2026], "nothing of another year");

  // Both can read what was looked at.
  await owner.goto(audit);
  assert.match(await words(owner), new RegExp(`${made}`));
  assert.ok((await words(owner)).includes(drill));
});

function words(page) {
  return page.getByRole("main").innerText();
}
