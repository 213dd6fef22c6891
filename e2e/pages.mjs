// The pages every visitor's check goes through, each with a short name for its screenshots.
export const pages = [
  { name: "overview", path: "/" },
  { name: "runbook", path: "/runbook" },
  { name: "runbook-edit", path: "/runbook/edit" },
  { name: "emergency", path: "/emergency" },
  { name: "incidents", path: "/incidents" },
  { name: "incident", path: "/incidents", first: /^\/incidents\/[^/?#]+$/ },
  { name: "risks", path: "/risks" },
  { name: "targets", path: "/targets" },
  { name: "backups", path: "/backups" },
  { name: "datastores", path: "/datastores" },
  { name: "checklist", path: "/checklist" },
  { name: "reading", path: "/checklist", first: /^\/checklist\/[^/?#]+\/reading$/ },
  { name: "datastore", path: "/datastores", first: /^\/datastores\/[^/?#]+$/ },
  { name: "drills", path: "/drills" },
  { name: "drill", path: "/drills", first: /^\/drills\/[^/?#]+$/ },
  { name: "findings", path: "/findings" },
  { name: "controls", path: "/controls" },
  { name: "control", path: "/controls", first: /^\/controls\/[^/?#]+$/ },
  { name: "evidence", path: "/evidence" },
  { name: "requests", path: "/requests" },
  { name: "request", path: "/requests", first: /^\/requests\/[^/?#]+$/ },
  { name: "reviews", path: "/reviews" },
  { name: "review", path: "/reviews", first: /^\/reviews\/[^/?#]+$/ },
  { name: "ledger", path: "/ledger" },
  { name: "audits", path: "/settings/audits" },
  { name: "audit", path: "/settings/audits", first: /^\/settings\/audits\/[^/?#]+$/ },
  { name: "tokens", path: "/settings/tokens" },
  { name: "verify", path: "/verify", open: true },
  { name: "settings", path: "/settings" },
  { name: "register", path: "/settings/passkeys/new" },
  { name: "people", path: "/settings/people" },
  { name: "sign-in-code", path: "/sign-in?form=none&refused=code", open: true },
  { name: "sign-in-refused", path: "/sign-in?refused=provider-away", open: true },
  { name: "sign-in-link", path: "/sign-in?code=none", open: true },
  { name: "sign-in", path: "/sign-in", open: true },
];

/** Opens one of them: its own address, or the first link of that shape in the list it is reached from. */
export async function visit(page, { path, first }) {
  let answer = await page.goto(path);
  if (first) {
    const links = await page.locator("main a[href]").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
    const found = links.find((href) => first.test(href));
    if (!found) throw new Error(`${path} has no link like ${first}; it has ${links.join(" ")}`);
    answer = await page.goto(found);
  }
  return answer;
}
