// An auditor asks about a control, the company answers with a record and a file, the auditor asks for more, accepts,
// and finds the whole thread in the bundle, the file byte for byte: with script, and once more without.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import AxeBuilderModule from "@axe-core/playwright";
import { pageAs } from "../browser.mjs";
import { portal } from "../portal.mjs";

const AxeBuilder = AxeBuilderModule.default ?? AxeBuilderModule;
const log = "2026-11-16T14:04:18Z restore begins\n2026-11-16T15:06:26Z restore ends\n";
const sha256 = createHash("sha256").update(log).digest("hex");

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with script" : "without script";
  test(`a request goes from the control to the bundle, ${how}`, async (t) => {
    const auditor = await pageAs("auditor", { acceptDownloads: true, javaScriptEnabled });
    const owner = await pageAs("owner", { javaScriptEnabled });
    t.after(() => Promise.all([auditor.context().close(), owner.context().close()]));
    const work = await mkdtemp(join(tmpdir(), "passmuster-request-"));
    t.after(() => rm(work, { recursive: true, force: true }));

    await auditor.goto("/controls/CC7.5");
    await auditor.getByRole("link", { name: "Ask about this" }).click();
    assert.equal(await auditor.getByLabel("Under", { exact: true }).inputValue(), "CC7.5");
    const title = `The newest restore drill, ${how}`;
    await auditor.getByLabel("What you ask for, in a line").fill(title);
    await auditor.getByLabel("More about it").fill("Which drill shows it?\n\nAnd what did its clock say?");
    await auditor.getByRole("button", { name: "Ask", exact: true }).click();
    await auditor.waitForURL(/\/requests\/R-\d+$/);
    const id = new URL(auditor.url()).pathname.split("/").pop();
    assert.match(await words(auditor), /Open: it waits for an answer/);
    const letter = await (await portal()).letter("operator-1@cartie.example", new RegExp(`${id} was asked`));
    assert.ok(letter.text.includes(new URL(auditor.url()).pathname) && !letter.text.includes("clock"));

    await owner.goto("/requests");
    const row = owner.locator("tr", { hasText: title });
    assert.match(await row.innerText(), /unread/);
    await row.getByRole("link", { name: id }).click();
    assert.match(await words(owner), /And what did its clock say\?/);
    await owner.goto("/drills");
    const drills = await owner.locator('main a[href^="/drills/"]').evaluateAll((all) => all.map((a) => a.href));
    await owner.goto(`/requests/${id}`);

    // What may not be attached is refused, and the words are still there.
    await owner.getByLabel("Words").fill("It is this one, and its log.");
    await owner.getByLabel("Records").fill(drills[0]);
    await owner.getByLabel("Files").setInputFiles({ name: "run.pdf", mimeType: "application/pdf", buffer: Buffer.from("MZ\0\0") });
    await owner.getByRole("button", { name: "Send the answer" }).click();
    await owner.waitForURL(/refused=1/);
    assert.match(await words(owner), /run\.pdf is none of the types taken here|run\.pdf is of the type/);
    assert.equal(await owner.getByLabel("Words").inputValue(), "It is this one, and its log.");
    assert.equal(await owner.getByLabel("Records").inputValue(), drills[0]);

    await owner.getByLabel("Files").setInputFiles({ name: "restore.log", mimeType: "text/plain", buffer: Buffer.from(log) });
    await owner.getByRole("button", { name: "Send the answer" }).click();
    await owner.waitForURL(/#newest$/);
    assert.match(await words(owner), /waits for the auditor/);

    await auditor.goto("/");
    assert.match(await auditor.locator('.rail a[href="/requests"]').innerText(), /\d/, "the rail counts what waits");
    await auditor.goto(`/requests/${id}`);
    assert.match(await words(auditor), /unread/);
    assert.equal(await auditor.locator(`main a[href="${new URL(drills[0]).pathname}"]`).count(), 1);
    const [file] = await Promise.all([
      auditor.waitForEvent("download"),
      auditor.getByRole("link", { name: "restore.log" }).click(),
    ]);
    assert.equal(file.suggestedFilename(), "restore.log");
    await file.saveAs(join(work, "restore.log"));
    assert.equal(sum(join(work, "restore.log")), sha256);

    await auditor.getByLabel("Words").fill("And who was there?");
    await auditor.getByRole("button", { name: "Ask for more" }).click();
    await auditor.waitForURL(/#newest$/);
    assert.match(await words(auditor), /Sent back today: the auditor asks for more/);
    await owner.goto(`/requests/${id}`);
    await owner.getByLabel("Words").fill("Operator one, as incident commander.");
    await owner.getByRole("button", { name: "Send the answer" }).click();
    await owner.waitForURL(/#newest$/);

    await auditor.goto(`/requests/${id}`);
    await auditor.getByRole("button", { name: "Put it into bundles" }).click();
    await auditor.waitForURL(new RegExp(`/requests/${id}$`));
    await auditor.getByRole("button", { name: "Accept the answer" }).click();
    await auditor.waitForURL(new RegExp(`/requests/${id}$`));
    assert.match(await words(auditor), /Accepted by Auditor, the audit firm/);
    if (javaScriptEnabled) {
      const { violations } = await new AxeBuilder({ page: auditor }).analyze();
      assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes[0].html}`), []);
    }

    await auditor.goto("/evidence?controls%5B%5D=CC7.5#form");
    await auditor.getByRole("button", { name: "Make bundle" }).click();
    await auditor.waitForURL(/[?&](made|order)=/, { timeout: 120_000 });
    const made = auditor.locator('main a.primary[href$="/download"]');
    for (let tries = 0; (await made.count()) === 0 && tries < 60; tries++) {
      await auditor.waitForTimeout(1000);
      await auditor.reload();
    }
    const [bundle] = await Promise.all([auditor.waitForEvent("download", { timeout: 60_000 }), made.first().click()]);
    const zip = join(work, bundle.suggestedFilename());
    await bundle.saveAs(zip);
    execFileSync("unzip", ["-q", zip, "-d", join(work, "bundle")]);
    const [top] = await readdir(join(work, "bundle"));
    const folder = join(work, "bundle", top);
    const requests = (await readFile(join(folder, "data/requests/requests.jsonl"), "utf8")).trim().split("\n");
    const versions = requests.map((line) => JSON.parse(line)).filter((request) => request._id === id);
    assert.equal(versions.length, 6, "asked, answered, sent back, answered, marked, accepted");
    assert.equal(versions.at(-1).thread.length, 4);
    assert.equal(sum(join(folder, "data/attachments", sha256)), sha256);
    assert.match(await readFile(join(folder, "data/index.html"), "utf8"), new RegExp(`attachments/${sha256}`));
    const root = await auditor.request.get("/evidence/root.pem");
    await writeFile(join(work, "bundle/evidence-root.pem"), await root.body());
    execFileSync("sha256sum", ["-c", "--strict", "--quiet", "tagmanifest-sha256.txt", "manifest-sha256.txt"], { cwd: folder });
  });
}

test("a file is put on a finding, and an auditor can only read it", async (t) => {
  const owner = await pageAs("operator", { javaScriptEnabled: false });
  const auditor = await pageAs("auditor");
  t.after(() => Promise.all([owner.context().close(), auditor.context().close()]));
  await owner.goto("/findings");
  const id = (await owner.locator("table.findings tbody tr.has-more").first().getAttribute("id")).trim();
  const more = owner.locator(`tbody:has(tr#${id})`);
  await more.locator("summary").click();
  await more.getByLabel("Files").setInputFiles({ name: "note.txt", mimeType: "text/plain", buffer: Buffer.from("ok\n") });
  await more.getByRole("button", { name: `Attach to ${id}` }).click();
  await owner.waitForURL(/attached=/);
  assert.ok(await more.getByRole("link", { name: "note.txt" }).isVisible(), "the row is open and shows it");
  await auditor.goto("/findings");
  assert.equal(await auditor.getByRole("button", { name: /Attach/ }).count(), 0);
});

function sum(file) {
  return execFileSync("sha256sum", [file], { encoding: "utf8" }).slice(0, 64);
}

function words(page) {
  return page.getByRole("main").innerText();
}
