import { test } from "node:test";
import { context, session } from "/work/main/e2e/browser.mjs";
import { portal } from "/work/main/e2e/portal.mjs";
test("look", async () => {
  await portal();
  const state = await session("owner");
  for (const [colorScheme, viewport, tag] of [["light", { width: 1440, height: 1000 }, "d"], ["dark", { width: 390, height: 844 }, "m"]]) {
    const c = await context({ storageState: state, colorScheme, viewport });
    const page = await c.newPage();
    for (const [name, path] of [["checklist", "/checklist"], ["reading", "/checklist/2026-Q4/reading"], ["controls", "/controls"], ["control", "/controls/CC7.2"]]) {
      const r = await page.goto(path);
      await page.screenshot({ path: `/tmp/look-${name}-${tag}.png`, fullPage: true });
      console.log(name, r.status());
    }
    await c.close();
  }
});
