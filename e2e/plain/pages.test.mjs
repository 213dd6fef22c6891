// Every page answers whole without JavaScript.
import assert from "node:assert/strict";
import { test } from "node:test";
import { context, pageAs } from "../browser.mjs";
import { pages, visit } from "../pages.mjs";

for (const one of pages) {
  test(`without script, ${one.name} answers 200 with one h1`, async (t) => {
    const page = one.open
      ? await (await context({ javaScriptEnabled: false })).newPage()
      : await pageAs("owner", { javaScriptEnabled: false });
    t.after(() => page.context().close());
    const answer = await visit(page, one);
    assert.equal(answer.status(), 200, page.url());
    assert.equal(await page.locator("h1").count(), 1);
    assert.notEqual((await page.locator("h1").innerText()).trim(), "");
    assert.equal(await page.locator("main").count(), 1);
    assert.notEqual((await page.title()).trim(), "");
  });
}

test("a page that is not there says so with 404", async (t) => {
  const page = await pageAs("owner", { javaScriptEnabled: false });
  t.after(() => page.context().close());
  const answer = await page.goto("/nothing-of-the-kind");
  assert.equal(answer.status(), 404);
  assert.equal(await page.locator("h1").count(), 1);
});
