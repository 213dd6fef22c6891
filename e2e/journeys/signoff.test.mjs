// Signing: the founder approves the runbook on the phone, operator and owner sign the drill on the desktop, something is
// accepted, sent back and signed, two tabs meet; and the bundle proves all of it to a program that asks nobody.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { authenticator, pageAs } from "../browser.mjs";
import { output, portal, root } from "../portal.mjs";

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
// The devices of this journey, as their credentials: a page of another test has none of them.
const devices = {};

/**
 * A page of somebody with their device in hand, registered at the first time. A device counts its signatures: the next
 * page goes on from where this one ends, `ahead` of it where two pages sign out of their order.
 */
async function withDevice(t, role, options, ahead = 0) {
  const page = await pageAs(role, options);
  const device = await authenticator(page);
  if (devices[role]) {
    for (const one of devices[role]) await device.add({ ...one, signCount: one.signCount + ahead });
  } else {
    await page.goto("/settings/passkeys/new?to=/reviews");
    await page.locator("form[data-passkey] button").click();
    await page.waitForURL((url) => url.pathname === "/reviews");
  }
  t.after(async () => {
    devices[role] = await device.credentials();
    await page.context().close();
  });
  return { page, device };
}

const main = (page) => page.getByRole("main");
const signs = (page) => main(page).getByRole("button", { name: "Sign with passkey" });

async function follow(page, name) {
  await page.goto("/reviews");
  await main(page).getByRole("link", { name }).first().click();
  await page.waitForURL(/\/reviews\/[^/]+$/);
}

test("the founder approves the runbook on the phone, and the portal says so at once", async (t) => {
  const { page } = await withDevice(t, "owner", phone);
  await page.goto("/");
  const bar = page.getByRole("navigation", { name: "Main pages" });
  const before = Number((await bar.getByRole("link", { name: /Reviews/ }).innerText()).match(/\d+/)[0]);
  await bar.getByRole("link", { name: /Reviews/ }).click();
  await page.waitForURL(/\/reviews$/);
  await main(page).getByRole("link", { name: "Runbook 1.0" }).first().click();
  await page.waitForURL(/\/reviews\/approves\./);

  // What is signed: its version, what changed, the first words of its digest, and the whole of it on demand.
  const sheet = main(page).getByRole("article");
  assert.match(await sheet.innerText(), /version 1\.0/);
  assert.match(await sheet.innerText(), /nothing was signed before it/);
  assert.match(await sheet.innerText(), /№ \d+\s+([0-9a-f]{4} ){3}[0-9a-f]{4}/);
  await sheet.locator(".signoff-rest > summary").click();
  assert.match(await sheet.locator(".signoff-rest").innerText(), /([0-9a-f]{4}\s+){7}[0-9a-f]{4}$/);
  assert.equal(await page.locator(".bar").isVisible(), false, "the sheet lies over the bar");
  const target = await signs(page).boundingBox();
  assert.ok(target.height >= 44, `the button is ${target.height} high`);
  await page.screenshot({ path: join(output, "signoff-phone.png"), fullPage: true });

  const sent = page.waitForRequest((request) => request.url().endsWith("/reviews/signoffs"));
  await signs(page).click();
  const answer = (await sent).postData();
  await main(page).getByText("Signed over these bytes").waitFor();
  assert.match(await main(page).innerText(), /signed/);
  assert.equal(await signs(page).count(), 0);

  // The same answer again, as somebody who kept it would send it.
  const { url } = await portal();
  const again = await page.request.post("/reviews/signoffs", {
    data: answer, headers: { "content-type": "application/json", origin: url },
  });
  assert.equal(again.status(), 409);
  const elsewhere = await page.request.post("/reviews/signoffs", {
    data: answer, headers: { "content-type": "application/json", origin: "https://evil.example" },
  });
  assert.equal(elsewhere.status(), 403);

  await page.goto("/runbook");
  assert.match(await main(page).innerText(), /signed by The founder, until \d{4}-\d\d-\d\d/);
  const after = (await bar.getByRole("link", { name: /Reviews/ }).innerText()).match(/\d+/);
  assert.equal(Number(after?.[0] ?? 0), before - 1);
});

test("the drill is signed by who ran it and by who owns it, each with their own passkey", async (t) => {
  for (const [role, purpose, name] of [["operator", "ran", "Operator one"], ["owner", "owns", "The founder"]]) {
    const { page, device } = await withDevice(t, role);
    await page.goto("/reviews");
    const link = main(page).locator(`a[href^="/reviews/${purpose}."]`).first();
    const drill = (await link.getAttribute("href")).split(`${purpose}.`)[1];
    await page.goto(`/drills/${drill}`);
    await main(page).getByRole("link", { name: "Sign off" }).click();
    await page.waitForURL(new RegExp(`/reviews/${purpose}\\.`));

    // A device that cannot tell whose finger it is signs nothing.
    await device.verified(false);
    await signs(page).click();
    await main(page).getByRole("alert").filter({ hasText: "Nothing was changed" }).waitFor();
    await device.verified(true);
    await signs(page).click();
    await main(page).getByText("Signed over these bytes").waitFor();
    await page.goto(`/drills/${drill}`);
    const row = main(page).locator("#signatures tr").filter({ hasText: name });
    assert.match(await row.innerText(), /signed/);
    assert.match(await row.innerText(), /№ \d+/);
  }
});

test("an accepted risk is written down, sent back, and signed when it reads right", async (t) => {
  const { page } = await withDevice(t, "owner");
  await page.goto("/reviews#accept");
  await main(page).getByLabel(/in one line/).fill("One copy of the search index");
  await main(page).getByLabel(/^Why/).fill("It is built again within an hour.");
  await main(page).getByRole("button", { name: "Write it down" }).click();
  await page.waitForURL(/written=/);
  await main(page).getByRole("link", { name: "sign it" }).click();
  await page.waitForURL(/\/reviews\/accepts\./);

  await main(page).locator("summary", { hasText: "Send back with a note" }).click();
  const back = main(page).getByRole("button", { name: "Sign and send back" });
  await back.click();
  await main(page).getByText("It is sent back without a note.").waitFor();
  await main(page).getByLabel("What must change").fill("Say what it costs.");
  await back.click();
  await main(page).getByText("“Say what it costs.”").first().waitFor();
  await signs(page).click();
  await main(page).getByText(/until \d{4}/).first().waitFor();
  assert.equal(await main(page).locator("tbody tr").count(), 2, "both words stay");
});

test("of two tabs that ask at once one signs, and the other is told", async (t) => {
  // The other tab's signature arrives first, and a count that goes back would be a copy's.
  const { page: one } = await withDevice(t, "owner", {}, 10);
  await one.goto("/reviews#accept");
  await main(one).getByLabel(/in one line/).fill("No drill of the archive");
  await main(one).getByLabel(/^Why/).fill("It holds nothing that is not elsewhere.");
  await main(one).getByRole("button", { name: "Write it down" }).click();
  await one.waitForURL(/written=/);
  await main(one).getByRole("link", { name: "sign it" }).click();
  await one.waitForURL(/\/reviews\/accepts\./);
  const two = await one.context().newPage();
  const device = await authenticator(two);
  for (const credential of devices.owner) await device.add(credential);
  await two.goto(one.url());

  let letGo;
  const held = new Promise((resolve) => (letGo = resolve));
  await one.route("**/reviews/signoffs", async (route) => {
    await held;
    await route.continue();
  });
  const asked = one.waitForRequest((request) => request.url().endsWith("/reviews/signoffs"));
  await signs(one).click();
  await asked;
  await signs(two).click();
  await main(two).getByText("Signed over these bytes").waitFor();
  letGo();
  await main(one).getByRole("alert").filter({ hasText: "That signature stands" }).waitFor();
  await one.reload();
  assert.equal(await signs(one).count(), 0);
  assert.equal(await main(one).locator("tbody tr").count(), 1);
});

test("the bundle proves who signed which bytes, to a program that asks nobody", async (t) => {
  const page = await pageAs("owner");
  t.after(() => page.context().close());
  await page.goto("/evidence");
  await page.getByRole("button", { name: "Make bundle" }).click();
  await page.waitForURL(/[?&]made=/, { timeout: 120_000 });
  const id = new URL(page.url()).searchParams.get("made");
  const work = await mkdtemp(join(tmpdir(), "passmuster-signed-"));
  t.after(() => rm(work, { recursive: true, force: true }));
  const keep = async (path, name) => {
    await writeFile(join(work, name), await (await page.request.get(path)).body());
    return join(work, name);
  };
  const zip = await keep(`/evidence/${id}/download`, "bundle.zip");
  const anchors = await keep("/evidence/anchors.json", "anchors.json");
  const binary = process.env.PASSMUSTER_BIN ?? join(root, "target/debug/passmuster");
  const report = JSON.parse(execFileSync(binary, ["verify", zip, "--anchors", anchors, "--json"], { encoding: "utf8" }));
  assert.equal(report.outcome, "verified");
  const told = report.checks.filter(({ what }) => what.startsWith("Sign-off ")).map(({ found }) => found);
  for (const words of [/The founder \(owner\) approved runbook 1\.0/, /Operator one \(operator\) signed, as who ran it/, /as who owns it/, /accepted acceptance/, /sent back acceptance/]) {
    assert.ok(told.some((line) => words.test(line)), `${words} in\n${told.join("\n")}`);
  }
  assert.ok(!report.notProven.some((line) => /own site/.test(line)), "the anchors name where the company signs");
  assert.ok(report.notProven.some((line) => /does not show the document/.test(line)));
});
