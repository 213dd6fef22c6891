// The main job, as an auditor does it: control, drill, bundle, and the check with stock tools.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pageAs } from "../browser.mjs";

test("an auditor goes from a control to a drill to a bundle, and the printed recipe says complete", async (t) => {
  const page = await pageAs("auditor", { acceptDownloads: true });
  t.after(() => page.context().close());

  await page.goto("/controls");
  await page.getByRole("main").getByRole("link", { name: /CC7\.5/ }).first().click();
  await page.waitForURL(/\/controls\/CC7\.5/i);
  await page.locator('main a[href^="/drills/"]').first().click();
  await page.waitForURL(/\/drills\/[^/]+$/);
  assert.match(await page.getByRole("main").innerText(), /measured/i);

  await page.goto("/evidence");
  await choose(page);
  await page.getByRole("button", { name: /make (the )?bundle|make and download/i }).click();
  // The bundle of a year takes a while on a busy machine.
  await page.waitForURL(/[?&]made=/, { timeout: 120_000 });
  const id = new URL(page.url()).searchParams.get("made");
  const [download] = await Promise.all([
    page.waitForEvent("download", { timeout: 30_000 }),
    page.locator(`a[href="/evidence/${id}/download"]`).first().click(),
  ]);

  const work = await mkdtemp(join(tmpdir(), "passmuster-bundle-"));
  t.after(() => rm(work, { recursive: true, force: true }));
  const zip = join(work, download.suggestedFilename());
  await download.saveAs(zip);
  assert.match(zip, /\.zip$/);
  // The anchor comes from the portal by its own way, not out of the bundle; unzip keeps it beside the top folder.
  const anchor = await page.request.get("/evidence/root.pem");
  assert.equal(anchor.status(), 200);

  const intact = await unpack(zip, join(work, "intact"), await anchor.body());
  const recipe = shell(await readFile(join(intact, "data/START-HERE.txt"), "utf8"));
  const answer = check(recipe, intact);
  assert.equal(answer.status, 0, answer.stderr);
  assert.match(answer.stdout, /^complete$/m);

  for (const [what, alter] of [
    ["one byte of a record", (folder) => flip(join(folder, "data/records/backup_drill_results.jsonl"))],
    ["one byte of the manifest", (folder) => flip(join(folder, "manifest-sha256.txt"))],
    ["one byte of the tag manifest", (folder) => flip(join(folder, "tagmanifest-sha256.txt"))],
    ["one file more", (folder) => writeFile(join(folder, "data/extra.txt"), "unlisted\n")],
    ["one file less", (folder) => rm(join(folder, "data/gaps.jsonl"))],
  ]) {
    const altered = await unpack(zip, join(work, what.replaceAll(" ", "-")), await anchor.body());
    await alter(altered);
    const refused = check(recipe, altered);
    assert.doesNotMatch(refused.stdout, /^complete$/m, `${what} went unnoticed`);
    assert.notEqual(refused.status, 0, `${what} went unnoticed`);
  }

  execFileSync("qpdf", ["--check", join(intact, "data/packet.pdf")]);
  const packet = execFileSync("pdftotext", ["-layout", join(intact, "data/packet.pdf"), "-"], { encoding: "utf8" });
  assert.match(packet, /CC7\.5/);
});

/** Takes the period the form proposes, and two controls. */
async function choose(page) {
  const wanted = ["CC7.5", "A1.2"];
  const form = page.locator("main form").filter({ has: page.getByRole("button", { name: /make/i }) });
  const boxes = await form.locator('input[type="checkbox"][name^="controls"]').all();
  assert.notEqual(boxes.length, 0, "the form offers controls");
  for (const box of boxes) await box.setChecked(wanted.includes(await box.getAttribute("value")));
  assert.equal(await form.locator('input[type="checkbox"][name^="controls"]:checked').count(), wanted.length);
}

async function unpack(zip, folder, anchor) {
  await mkdir(folder, { recursive: true });
  execFileSync("unzip", ["-q", zip, "-d", folder]);
  const tops = await readdir(folder);
  assert.equal(tops.length, 1, `one top folder, not ${tops}`);
  await writeFile(join(folder, "evidence-root.pem"), anchor);
  return join(folder, tops[0]);
}

/** The recipe word for word, as START-HERE.txt prints it. */
function shell(text) {
  const lines = text.split("\n");
  const from = lines.findIndex((line) => line.trim().startsWith("openssl cms -verify"));
  const to = lines.findIndex((line, at) => at >= from && line.includes("echo complete"));
  assert.ok(from >= 0 && to >= from, `START-HERE.txt has no recipe:\n${text}`);
  return lines.slice(from, to + 1).join("\n");
}

function check(recipe, cwd) {
  return spawnSync("bash", ["-c", recipe], { cwd, encoding: "utf8" });
}

async function flip(file) {
  const bytes = await readFile(file);
  const at = Math.floor(bytes.length / 2);
  bytes[at] ^= 1;
  await writeFile(file, bytes);
}
