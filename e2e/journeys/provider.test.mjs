// Signing in at the company's own provider: a stock one, which asks who one is and checks PKCE.
import assert from "node:assert/strict";
import { test } from "node:test";
import { context } from "../browser.mjs";

for (const [account, ends, says] of [
  ["founder", "/drills", null],
  ["stranger", "/sign-in", /Nobody was invited here under the address that Cartie ID names/],
  ["careless", "/sign-in", /Cartie ID has verified no e-mail address of yours/],
]) {
  test(`${account} at the provider comes back to ${ends}`, async (t) => {
    const page = await (await context()).newPage();
    t.after(() => page.context().close());
    await page.goto("/sign-in?to=%2Fdrills");
    await page.getByRole("link", { name: "Continue with Cartie ID" }).click();
    await page.locator("[name=login]").fill(account);
    await page.locator("[name=password]").fill("any");
    await page.locator("[type=submit]").click();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL((url) => url.pathname === ends);
    if (says) {
      assert.match(await page.getByRole("main").innerText(), says);
      await page.goto("/drills");
      assert.equal(new URL(page.url()).pathname, "/sign-in", "nobody is signed in");
      return;
    }
    await page.goto("/settings");
    assert.match(await page.getByRole("main").innerText(), /by Cartie ID/);
    // Back once more, the answer is spent.
    await page.goBack();
    assert.match(new URL(page.url()).pathname, /drills/);
  });
}

test("turned away at the provider, one is told so", async (t) => {
  const page = await (await context()).newPage();
  t.after(() => page.context().close());
  await page.goto("/sign-in");
  await page.getByRole("link", { name: "Continue with Cartie ID" }).click();
  await page.getByText(/Cancel/).click();
  await page.waitForURL((url) => url.pathname === "/sign-in");
  assert.match(await page.getByRole("main").innerText(), /Cartie ID signed nobody in/);
});
