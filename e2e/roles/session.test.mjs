// Who may read at all: nobody without a session, nobody twice with one link, nobody after signing out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { context, invited, openLink, session } from "../browser.mjs";
import { pages } from "../pages.mjs";
import { portal } from "../portal.mjs";

test("without a session every page leads to sign-in", async (t) => {
  const page = await (await context()).newPage();
  t.after(() => page.context().close());
  for (const { path } of pages.filter((one) => !one.open && !one.first)) {
    await page.goto(path);
    assert.equal(new URL(page.url()).pathname, "/sign-in", path);
    assert.equal(await page.locator("h1").count(), 1, path);
  }
  for (const path of ["/drills/any", "/controls/CC7.5", "/evidence/any/download"]) {
    const answer = await page.request.get(path, { maxRedirects: 0 });
    assert.ok([302, 303, 401, 403].includes(answer.status()), `${path} answered ${answer.status()}`);
  }
});

test("a sign-in link opens once", async (t) => {
  await session("operator");
  const { links } = await portal();
  const page = await (await context()).newPage();
  t.after(() => page.context().close());
  await openLink(page, links.operator);
  await page.goto("/drills");
  assert.equal(new URL(page.url()).pathname, "/sign-in");
});

test("signing out ends the session on the server too", async (t) => {
  // Somebody nobody else of the ring is: their session ends here.
  const page = await (await context()).newPage();
  t.after(() => page.context().close());
  await openLink(page, await invited("Otto who leaves"));
  const kept = await page.context().storageState();
  await page.goto("/");
  await page.getByRole("button", { name: /sign out/i }).locator("visible=true").first().click();
  await page.waitForURL(/\/sign-in/);
  const again = await (await context({ storageState: kept })).newPage();
  t.after(() => again.context().close());
  await again.goto("/");
  assert.equal(new URL(again.url()).pathname, "/sign-in");
});
