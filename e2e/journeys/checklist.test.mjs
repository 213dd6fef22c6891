// The quarter's checklist: an item closed by hand with a file, the runbook read aloud and a line marked, a training
// written down, a datastore completed, the quarter closed; on the desktop and on the phone, with scripts and without.
import assert from "node:assert/strict";
import { test } from "node:test";
import { looksRight, pageAs } from "../browser.mjs";

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const main = (page) => page.getByRole("main");
const quarter = () => {
  const now = new Date();
  return `${now.getUTCFullYear()}-Q${Math.floor(now.getUTCMonth() / 3) + 1}`;
};

test("an item is closed by hand with a file, and what is measured is not", async (t) => {
  const page = await pageAs("operator");
  t.after(() => page.context().close());
  await page.goto("/");
  await page.getByRole("navigation", { name: "Pages", exact: true }).getByRole("link", { name: "Checklist" }).click();
  await page.waitForURL(/\/checklist$/);
  assert.match(await main(page).locator(".statement").innerText(), /of 25 items are closed/);
  assert.equal(await main(page).locator("#timed button[value='1']").count(), 0, "nobody types an achievement");

  const item = main(page).locator("#alert-path");
  assert.match(await item.innerText(), /open[\s\S]*By \d{4}-\d\d-\d\d/);
  await item.getByText("Close it by hand, or remark").click();
  // Without a note it comes back with the reason, and takes the file with the next one.
  await item.getByRole("button", { name: "Close it by hand" }).click();
  await page.getByText("The note is missing or too long.").waitFor();
  const again = main(page).locator("#alert-path");
  await again.getByLabel("Note").fill("Pulled the plug of the test alarm; Operator two was paged and answered.");
  await again.getByLabel("Files").setInputFiles({ name: "page.txt", mimeType: "text/plain", buffer: Buffer.from("acked\n") });
  await again.getByRole("button", { name: "Close it by hand" }).click();
  await page.waitForURL(/#alert-path$/);
  const closed = main(page).locator("#alert-path");
  assert.match(await closed.innerText(), /closed by hand[\s\S]*Pulled the plug[\s\S]*page\.txt/);
  await looksRight(page, "checklist-worked");
});

test("the runbook is read aloud on the phone, line by line", async (t) => {
  const page = await pageAs("operator", { ...phone, javaScriptEnabled: false });
  t.after(() => page.context().close());
  await page.goto(`/checklist/${quarter()}/reading`);
  await page.getByLabel("Who takes part").fill("The founder\nOperator two");
  await page.getByLabel("Incident commander").fill("Operator one");
  await page.getByLabel("Comms lead").fill("The founder");
  await page.getByLabel("Scribe").fill("Operator two");
  await page.getByRole("button", { name: "Begin reading" }).click();
  await page.getByText(/are reading it since/).waitFor();
  const line = main(page).locator(".read-aloud > li", { hasText: "us-west-2" }).first();
  await line.locator("summary").click();
  await line.getByLabel("What holds instead").fill("It goes to eu-west-1 since the move.");
  await line.getByRole("button", { name: /Mark line/ }).click();
  const marked = main(page).locator(".read-aloud > li.stale");
  assert.match(await marked.innerText(), /stale It goes to eu-west-1/);
  await marked.getByRole("button", { name: /Take it back/ }).click();
  assert.equal(await main(page).locator(".read-aloud > li.stale").count(), 0);
  await main(page).getByRole("button", { name: "We have read it to the end" }).click();
  await page.getByText(/^Read on .* by .*; no line is marked/).waitFor();
  assert.equal(await main(page).locator("form").count(), 0, "what was read stands");
  const looked = await pageAs("operator");
  await looked.goto(`/checklist/${quarter()}/reading`);
  await looksRight(looked, "reading");
  await looked.goto("/checklist");
  assert.match(await main(looked).locator("#read").innerText(), /closed[\s\S]*was read on/);
  assert.match(await main(looked).locator("#roles").innerText(), /Incident commander: Operator one/);
  await looked.context().close();
});

test("a training and a datastore are completed by hand, and the checklist follows", async (t) => {
  const page = await pageAs("operator");
  t.after(() => page.context().close());
  await page.goto("/checklist");
  assert.match(await main(page).locator("tr#bench").innerText(), /falls short[\s\S]*one of three/);
  const today = new Date().toISOString().slice(0, 10);
  for (const person of ["Operator two", "The founder"]) {
    await main(page).getByText("Write a training down").click();
    await page.getByLabel("Person").fill(person);
    await page.getByLabel("On", { exact: true }).fill(today);
    await page.getByLabel("How").fill("Tabletop exercise");
    await page.getByRole("button", { name: "Write it down" }).click();
    await page.waitForURL(/#trained$/);
  }
  assert.match(await main(page).locator("tr#bench").innerText(), /closed[\s\S]*three trained commanders/);

  await page.goto("/datastores");
  await main(page).getByRole("link", { name: "cartie-uploads", exact: true }).click();
  assert.match(await main(page).locator(".statement").innerText(), /No source states its tier/);
  for (const [label, value] of [["Tier", "Tier 2"], ["RPO, hours", "24"], ["RTO, hours", "8"]]) {
    await page.getByLabel(label, { exact: true }).fill(value);
  }
  await page.getByLabel("RPO, hours").fill("soon");
  await page.getByRole("button", { name: "Write it down" }).click();
  await page.getByText(/not a number/).waitFor();
  assert.equal(await page.getByLabel("Tier", { exact: true }).inputValue(), "Tier 2", "no word is lost");
  await page.getByLabel("RPO, hours").fill("24");
  await page.getByRole("button", { name: "Write it down" }).click();
  await main(page).getByText("Tier 2").first().waitFor();
  assert.doesNotMatch(await main(page).locator(".statement").innerText(), /No source states its tier/);
  await page.goto("/checklist");
  assert.doesNotMatch(await main(page).locator("#targets").innerText(), /cartie-uploads: no source states its tier/);
});

test("the quarter is closed, waits for the owner, and the auditor reads it as it was closed", async (t) => {
  const page = await pageAs("operator");
  t.after(() => page.context().close());
  const auditor = await pageAs("auditor");
  t.after(() => auditor.context().close());
  await auditor.goto("/checklist");
  assert.match(await main(auditor).innerText(), /is not closed yet/);
  await page.goto("/checklist");
  await main(page).getByRole("button", { name: "Close the quarter" }).click();
  await page.waitForURL(/#closed$/);
  assert.match(await main(page).locator("#closed").innerText(), /Version 1 was closed on/);
  const owner = await pageAs("owner");
  t.after(() => owner.context().close());
  await owner.goto(`/reviews/closes.${quarter()}`);
  const sheet = main(owner).getByRole("article");
  assert.match(await sheet.innerText(), /Sign off the checklist of[\s\S]*closed by hand[\s\S]*An alert was raised/);
  await looksRight(owner, "checklist-sheet");
  await auditor.goto("/checklist");
  assert.match(await main(auditor).innerText(), /Pulled the plug/);
  assert.equal(await main(auditor).locator("form").count(), 0);
  await looksRight(auditor, "checklist-closed");
});
