// The owner opens an audit, looks as its auditors would, leaves again; makes a token, sees it once, revokes it.
// All of it with and without script.
import assert from "node:assert/strict";
import { test } from "node:test";
import { context, session } from "../browser.mjs";

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with script" : "without script";

  test(`an audit is opened, previewed and left ${how}`, async (t) => {
    const seen = await context({ storageState: await session("owner"), javaScriptEnabled });
    t.after(() => seen.close());
    const page = await seen.newPage();
    await page.goto("/settings/audits");
    const firm = `Preview and Partners, ${how}`;
    await page.getByRole("textbox", { name: "Firm" }).fill(firm);
    for (const control of ["CC7.1", "CC7.2", "CC7.3", "CC7.4", "A1.1", "A1.3"]) {
      await page.getByRole("checkbox", { name: control }).uncheck();
    }
    await page.getByLabel("First day").fill("2026-01-01");
    await page.getByLabel("Last day").fill("2026-03-31");
    await page.getByRole("button", { name: "Open the audit" }).click();
    await page.waitForURL(/\/settings\/audits\/A-\d+$/);
    assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), firm);
    assert.match(await page.getByRole("main").innerText(), /1 January 2026 to 31 March 2026 and answers CC7\.5, A1\.2/);

    await page.getByRole("button", { name: "Look as its auditors do" }).click();
    const banner = page.getByRole("complementary", { name: "Your audit" });
    assert.match(await banner.innerText(), /You see what an auditor of Preview and Partners/);
    await page.goto("/controls");
    const main = await page.getByRole("main").innerText();
    assert.ok(main.includes("CC7.5") && !main.includes("CC7.4"), "the controls are cut");
    assert.equal((await page.goto("/settings/audits")).status(), 403);
    await banner.getByRole("button", { name: "Leave the preview" }).click();
    assert.equal((await page.goto("/settings/audits")).status(), 200);
  });

  test(`a token is made, seen once and revoked ${how}`, async (t) => {
    const seen = await context({ storageState: await session("owner"), javaScriptEnabled });
    t.after(() => seen.close());
    const page = await seen.newPage();
    await page.goto("/settings/tokens");
    const name = `journey-${javaScriptEnabled}`;
    await page.getByRole("textbox", { name: "Machine" }).fill(name);
    await page.getByRole("checkbox", { name: "evidence:read" }).check();
    await page.getByRole("button", { name: "Make the token" }).click();
    const token = await page.locator("#token").innerText();
    assert.match(token, /^pm_[\w-]{43}$/);
    assert.ok(!page.url().includes(token));
    const asked = () => seen.request.get("/api/v1/bundles/orders/J-1", { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await asked()).status(), 404, "it passes the guard, and there is no such order");
    await page.goto("/settings/tokens?made=1");
    assert.equal(await page.locator("#token").count(), 0, "it is shown once");
    await page.getByRole("button", { name: `Revoke ${name}` }).click();
    await page.getByRole("row", { name: new RegExp(name) }).getByText("revoked").waitFor();
    assert.equal((await asked()).status(), 401);
  });
}
