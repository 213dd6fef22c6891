// The runbook written in the portal: the preview follows the words, the draft is kept and seen by another, a file is
// taken; and the quarter's risks are commented and sealed. With a script and without.
import assert from "node:assert/strict";
import { test } from "node:test";
import { looksRight, pageAs } from "../browser.mjs";

const main = (page) => page.getByRole("main");

test("the contradictions of CARTIE's runbook stand on its page, and go as they are mended in the editor", async (t) => {
  const page = await pageAs("operator");
  t.after(() => page.context().close());
  await page.goto("/runbook");
  const all = main(page).locator("table.contradictions tbody tr");
  assert.equal(await all.count(), 5, await main(page).innerText());
  await looksRight(page, "runbook-contradictions");
  await main(page).getByRole("link", { name: "Edit", exact: true }).click();
  await page.waitForURL(/\/runbook\/edit$/);
  const text = page.getByLabel(/The text: front matter/);
  const begun = await text.inputValue();
  assert.match(begun, /version = "1\.1"/);
  const preview = page.locator("#preview");
  await text.fill(begun.replace('controls = ["CC7.1"]', 'controls = ["CC7.1", "CC7.5", "A1.2", "A1.3"]'));
  await preview.getByText(/CC7\.5/).first().waitFor();
  await page.waitForFunction(() => document.querySelectorAll("#preview table.contradictions tbody tr").length === 4);
  assert.match(await preview.innerText(), /What changes[\s\S]*As it will be read/);
  await text.fill("no front matter");
  await preview.getByText(/no front matter: it must begin/).waitFor();
  await text.fill(begun.replace('controls = ["CC7.1"]', 'controls = ["CC7.1", "CC7.5", "A1.2", "A1.3"]'));
  assert.equal(await page.getByRole("button", { name: "Put it in force" }).count(), 0, "an owner does");
  await page.getByRole("button", { name: "Keep the draft" }).click();
  await page.getByText("The draft is kept.").waitFor();
  await looksRight(page, "runbook-edit-kept");
});

test("without a script the owner sees the operator's draft, and a file takes its place", async (t) => {
  const page = await pageAs("owner", { javaScriptEnabled: false });
  t.after(() => page.context().close());
  await page.goto("/runbook/edit");
  assert.match(await main(page).locator(".statement").innerText(), /A draft by Operator one/);
  const drafted = await page.getByLabel(/The text: front matter/).inputValue();
  assert.match(drafted, /"A1\.3"/);
  await page.getByLabel("Or take it from a file").setInputFiles({
    name: "next.md", mimeType: "text/markdown", buffer: Buffer.from(drafted.replace("## Sign-off", "## From a file\n\nRead aloud.\n\n## Sign-off")),
  });
  await page.getByRole("button", { name: "Take the file as the draft" }).click();
  await page.getByText("The draft is kept.").waitFor();
  assert.match(await page.getByLabel(/The text: front matter/).inputValue(), /## From a file/);
  const file = await page.request.get("/runbook/versions/1.0/runbook.md");
  assert.match(await file.text(), /^\+\+\+\ntitle = "MongoDB Backup & Recovery Runbook"/);
});

test("the quarter's risks are made of records, commented, sealed, and wait for the owner", async (t) => {
  const page = await pageAs("operator");
  t.after(() => page.context().close());
  await page.goto("/");
  await page.getByRole("navigation", { name: "Pages", exact: true }).getByRole("link", { name: "Risks" }).click();
  await page.waitForURL(/\/risks$/);
  assert.match(await main(page).locator(".statement").innerText(), /drills? and .* incidents?; .* (risk is|risks are) open/i);
  await page.getByLabel("Comment, where there is something to say").fill("The offsite export comes with the next release.");
  await page.getByRole("button", { name: "Seal it as it stands" }).click();
  await page.waitForURL(/#sealed$/);
  await main(page).getByText("The offsite export comes with the next release.").waitFor();
  await looksRight(page, "risks-sealed");
  const [pdf] = await Promise.all([page.waitForEvent("download"), main(page).getByRole("link", { name: "As a PDF" }).click()]);
  assert.match(pdf.suggestedFilename(), /^risks-\d{4}-Q[1-4]\.pdf$/);
});
