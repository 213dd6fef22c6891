// A backup job's own report is piped in: what it comes to stands on /backups with its reason, opens a finding, and only
// the facts close it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { looksRight, pageAs } from "../browser.mjs";
import { binary, piped, portal } from "../portal.mjs";

const run = promisify(execFile);

test("a job's own report comes to a verdict, a finding, and its end", async (t) => {
  const { url, data } = await portal();
  const work = await mkdtemp(join(tmpdir(), "passmuster-import-"));
  t.after(() => rm(work, { recursive: true, force: true }));
  const made = await run(binary, ["--config", join(data, "passmuster.toml"), "token", "new", "--name", "import-cron",
    "--scope", "imports:write"]);
  const token = join(work, "token");
  await writeFile(token, made.stdout.match(/pm_[\w-]+/)[0], { mode: 0o600 });
  const day = 86_400_000;
  const line = (job, ago, state, bytes, message = "") =>
    `${job},${state},${new Date(Date.now() - ago * day).toISOString()},${bytes},cartie-prod,${message}\n`;
  const head = "job,state,started_at,bytes,resource,message\n";
  let report = head;
  for (let ago = 9; ago > 0; ago--) {
    report += line("nightly-export", ago, ago < 3 ? "failed" : "ok", 212_000 + ago, ago < 3 ? "AccessDenied" : "");
    report += line("kms-metadata", ago, "ok", ago === 1 ? 400 : 212_000 + ago);
  }
  const to = ["--portal", url, "--token-file", token];
  const wrong = await piped(["import", "atlas-snapshots", "-", ...to], '{"job":"a","state":"ok","started_at":"2026-11-16T01:30:00Z"}');
  assert.equal(wrong.code, 1);
  assert.match(wrong.said, /it looks like runs-jsonl; nothing was stored/);
  const brought = await piped(["import", "runs-csv", "-", "--command", "backup-report --csv", ...to], report);
  assert.match(brought.said, /18 facts, 18 of them new/);

  const page = await pageAs("owner");
  t.after(() => page.context().close());
  const jobs = page.locator("#backup-jobs");
  const failed = jobs.getByRole("row", { name: /nightly-export[\s\S]*Failed two times in a row/ });
  // The portal looks every ten seconds.
  for (let looks = 0; looks < 60; looks++) {
    await page.goto("/backups");
    if (await failed.getByRole("link", { name: /^F-/ }).count()) break;
    await page.waitForTimeout(500);
  }
  await assert.doesNotReject(failed.getByRole("link", { name: /^F-/ }).waitFor({ timeout: 1000 }), "a finding was opened");
  assert.match(await failed.innerText(), /perhaps a grant that expired or was taken away[\s\S]*missed/);
  assert.equal(await jobs.getByRole("row", { name: /kms-metadata[\s\S]*400 B, where 212 kB is usual[\s\S]*−99.8 %/ }).count(), 1);

  // The filter is in the address, and the file holds what is shown.
  await jobs.getByRole("link", { name: /missed/ }).click();
  await page.waitForURL(/verdict=missed/);
  assert.equal(await jobs.getByRole("row", { name: /kms-metadata/ }).count(), 0);
  await jobs.getByLabel("Job or store").fill("nightly");
  await jobs.getByRole("button", { name: "Show" }).click();
  await page.waitForURL(/verdict=missed.*job=nightly|job=nightly.*verdict=missed/);
  assert.equal(await jobs.locator("tbody tr").count(), 1);
  const [file] = await Promise.all([page.waitForEvent("download"), jobs.getByRole("link", { name: "These jobs as CSV" }).click()]);
  const lines = (await readFile(await file.path(), "utf8")).trim().split("\r\n");
  assert.equal(lines.length, 2, lines.join("\n"));
  assert.match(lines[1], /^nightly-export,cartie-prod,Tier 1,every day,.*,missed,/);
  await page.goto("/backups");
  await looksRight(page, "imports");
  const finding = await failed.getByRole("link", { name: /^F-/ }).innerText();
  await piped(["import", "runs-csv", "-", ...to], head + line("nightly-export", 0, "ok", 212_001));
  for (let looks = 0; looks < 60; looks++) {
    await page.goto("/findings?standing=closed");
    if (await page.getByText(finding, { exact: true }).count()) break;
    await page.waitForTimeout(500);
  }
  assert.ok(await page.getByText(finding, { exact: true }).count(), `${finding} closed by the facts`);
});
