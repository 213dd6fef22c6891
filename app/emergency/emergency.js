// Works the emergency desk on this device: reads the kit and what was done from the device's own database, takes forms
// to the rules (WebAssembly), keeps each act before it is shown as done, and brings everything to the portal when it
// answers. No rule is in here, and no text of the desk: both come from the rules.
import init, { Phone } from "./emergency_rules.js";

const desk = document.getElementById("desk");
const notice = document.getElementById("notice");
const copyLine = document.getElementById("copy");
const showsRunbook = location.pathname.startsWith("/runbook");
// Between two tries to bring what waits.
const AGAIN = 15_000;
const PATIENCE = 10_000;

let db;
let phone;
let me = { id: "", name: "this device" };
let device = "";
let ahead = 0;
let connected = false;
let acts = [];
let said = [];
let busy;

const clock = () => Date.now() + ahead;
// Lets the browser answer whoever is pressing something.
const breath = () => new Promise((resolve) => setTimeout(resolve));

// ---- the device's database

function opened() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("passmuster", 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore("kept");
      opening.result.createObjectStore("acts", { keyPath: "id" });
    };
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

function within(stores, mode, work) {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(stores, mode, { durability: "strict" });
    let result;
    transaction.oncomplete = () => resolve(result);
    transaction.onabort = () => reject(transaction.error ?? new Error("not kept"));
    result = work(...stores.map((name) => transaction.objectStore(name)), (value) => { result = value; });
  });
}

function value(key) {
  return new Promise((resolve, reject) => {
    const request = db.transaction("kept").objectStore("kept").get(key);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

const keep = (key, what) => within(["kept"], "readwrite", (kept) => { kept.put(what, key); });

function kept() {
  return new Promise((resolve, reject) => {
    const request = db.transaction("acts").objectStore("acts").getAll();
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

// ---- what is said above the desk

function say(key, text, { alert = false, actions = [] } = {}) {
  said = said.filter((one) => one.key !== key);
  if (text) said.push({ key, text, alert, actions });
  notice.replaceChildren(...said.map((one) => {
    const note = document.createElement("p");
    note.className = one.alert ? "notice alert" : "notice";
    if (one.alert) note.setAttribute("role", "alert");
    note.append(one.text);
    for (const [label, act] of one.actions) {
      const button = document.createElement(typeof act === "string" ? "a" : "button");
      if (typeof act === "string") button.href = act;
      else { button.type = "button"; button.className = "plain"; button.onclick = act; }
      button.textContent = label;
      note.append(" ", button);
    }
    return note;
  }));
}

// ---- drawing

let drawn = "";
const touched = new Set();
desk.addEventListener("input", (event) => { if (event.target.id) touched.add(event.target.id); });

/** Puts a drawing in place; what somebody is writing stays, and so does the focus. */
function put(html, done) {
  const words = new Map();
  for (const id of touched) {
    const field = document.getElementById(id);
    if (field && !done?.contains(field)) words.set(id, field.value);
  }
  const chosen = desk.querySelector("input[type=radio]:checked")?.value;
  const open = [...desk.querySelectorAll("details")].map((details) => details.open);
  const active = document.activeElement?.id;
  const same = desk.querySelectorAll("details").length;
  if (html === drawn) return;
  drawn = html;
  // The portal drew the same: nothing is moved, and nobody loses their place.
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  if (fresh.innerHTML === desk.innerHTML) return copies();
  desk.replaceChildren(fresh.content);
  touched.clear();
  for (const [id, text] of words) {
    const field = document.getElementById(id);
    if (field) { field.value = text; touched.add(id); }
  }
  if (chosen && !done) {
    const again = desk.querySelector(`input[type=radio][value="${chosen}"]`);
    if (again) again.checked = true;
  }
  const details = desk.querySelectorAll("details");
  if (details.length === same) details.forEach((one, n) => { one.open = open[n]; });
  if (active && active !== "main") document.getElementById(active)?.focus({ preventScroll: true });
  copies();
}

/** Where there is a script, texts can be copied with a press. */
function copies() {
  desk.querySelectorAll("[data-copy]").forEach((button) => { button.hidden = false; });
}

function draw(done) {
  if (!phone) return;
  if (showsRunbook) { line(); return put(phone.runbook()); }
  phone.know(JSON.stringify(acts.map(({ act, seal }) => (seal ? { act, seal } : { act }))));
  put(phone.draw(clock()), done);
  line();
}

function line() {
  if (!copyLine || !phone) return;
  const at = new Date(phone.made());
  const two = (n) => String(n).padStart(2, "0");
  const day = at.toISOString().slice(0, 10) === new Date(clock()).toISOString().slice(0, 10) ? "" : `${at.toISOString().slice(0, 10)} `;
  const saved = `saved ${day}${two(at.getUTCHours())}:${two(at.getUTCMinutes())} UTC`;
  copyLine.textContent = connected ? `runbook ${phone.version()}, ${saved}` : `offline copy ${phone.version()}, ${saved}`;
}

// "42:18", "1:42:18": as the rules write it.
function running(ms) {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

setInterval(() => {
  const now = clock();
  for (const element of desk.querySelectorAll("[data-since]")) element.textContent = running(now - Number(element.dataset.since));
  for (const element of desk.querySelectorAll("[data-due]")) {
    const [from, due] = [Number(element.dataset.from), Number(element.dataset.due)];
    element.querySelector(".left").textContent = now > due ? `over by ${running(now - due)}` : running(due - now);
    element.querySelector("progress").value = Math.min(1000, ((now - from) * 1000) / (due - from));
    if (now > due && !element.classList.contains("over")) {
      element.classList.add("over");
      say(`over-${due}`, `${element.querySelector("p > span").firstChild.textContent.trim()}: the time is over.`, { alert: true });
    }
  }
}, 1000);

// ---- writing

desk.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!phone || !form.action.endsWith("/emergency/act")) return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, event.submitter)).toString();
  const step = form.querySelector("[name=step]")?.value;
  try {
    const act = await written(fields);
    say("room", "");
    draw(act ? form : undefined);
    const next = act ? document.getElementById(`step-${step}`) : document.getElementById("refused");
    if (next) { next.tabIndex = -1; next.focus({ preventScroll: Boolean(act) }); }
    if (act) {
      // A page that is loaded again looks at what was worked on last.
      history.replaceState(null, "", `/emergency?incident=${act.incident}`);
      bring();
    }
  } catch (error) {
    const full = error?.name === "QuotaExceededError";
    say("room", full
      ? "This device has no room left: the entry was NOT kept. Write it on paper, free some space, then do it again. What was kept before is still here."
      : `The entry was NOT kept on this device (${error?.name ?? error}). Write it on paper and try again.`, { alert: true });
  }
});

/** Asks the rules and keeps the act, in one transaction: two windows never take one number. */
function written(fields) {
  let act;
  return within(["kept", "acts"], "readwrite", (known, all) => {
    const last = known.get("number");
    last.onsuccess = () => {
      const number = (last.result ?? 0) + 1;
      const text = phone.write(fields, device, number, me.name, !connected, Date.now(), ahead);
      if (!text) return;
      act = JSON.parse(text);
      known.put(number, "number");
      all.add({ id: `${act.incident}.${act.device}.${act.number}`, act });
    };
  }).then(async () => {
    acts = await kept();
    return act;
  });
}

desk.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  } catch {
    field.select();
  }
});

// ---- bringing

async function bring() {
  if (busy) { busy = "again"; return; }
  busy = "once";
  try {
    await brought();
  } catch {
    await without();
  }
  const again = busy === "again";
  busy = undefined;
  draw();
  if (again) bring();
}

/** No answer: whatever waits was written without a connection. */
async function without() {
  connected = false;
  const late = acts.filter((one) => !one.seal && !one.act.offline);
  if (late.length) {
    await within(["acts"], "readwrite", (all) => { for (const one of late) all.put({ ...one, act: { ...one.act, offline: true } }); }).catch(() => {});
    acts = await kept();
  }
}

async function brought() {
  const waiting = acts.filter((one) => !one.seal && !one.unfit).sort((a, b) => a.act.number - b.act.number).slice(0, 200);
  const answer = await fetch("/emergency/acts", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ schema: 1, deviceNow: new Date().toISOString(), acts: waiting.map((one) => one.act) }),
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (answer.status === 401) {
    connected = false;
    say("out", "You are signed out here; what you do is kept on this device.", { actions: [["Sign in to bring it", "/sign-in?to=/emergency"]] });
    return;
  }
  if (answer.status === 403) return wiped();
  if (answer.status === 400) {
    const { title } = await answer.json();
    say("out", `The portal did not take what this device brought: ${title} Everything is kept here.`, { alert: true, actions: [["Load again", () => location.reload()]] });
    return;
  }
  if (!answer.ok) throw new Error(String(answer.status));
  const taken = await answer.json();
  say("out", "");
  connected = true;
  ahead = taken.aheadMs;
  const refused = new Map(taken.refused.map(({ id, why }) => [id, why]));
  const told = new Map(taken.acts.map((one) => [`${one.act.incident}.${one.act.device}.${one.act.number}`, one]));
  await within(["kept", "acts"], "readwrite", (known, all) => {
    known.put(ahead, "ahead");
    for (const [id, one] of told) all.put({ id, ...one });
    for (const one of acts) {
      if (told.has(one.id)) continue;
      if (refused.has(one.id)) all.put({ ...one, unfit: refused.get(one.id) });
      // What the portal holds and tells no more is over.
      else if (one.seal) all.delete(one.id);
    }
  });
  acts = await kept();
  const unfit = acts.filter((one) => one.unfit);
  say("unfit", unfit.length ? `The portal refused ${unfit.length === 1 ? "one entry" : `${unfit.length} entries`}: ${unfit[0].unfit}. It is kept on this device.` : "", { alert: true });
  if (Math.abs(ahead) > 60_000) {
    const minutes = Math.round(Math.abs(ahead) / 60_000);
    say("clock", `This device’s clock is ${minutes >= 120 ? `${Math.round(minutes / 60)} h` : `${minutes} min`} ${ahead > 0 ? "behind" : "ahead"}; times here go by the portal’s.`);
  } else {
    say("clock", "");
  }
  if (acts.some((one) => !one.seal && !one.unfit && !waiting.includes(one))) busy = "again";
}

/** Somebody else, who works no incidents, is signed in here. */
async function wiped() {
  await within(["kept", "acts"], "readwrite", (known, all) => {
    known.delete("kit");
    known.delete("me");
    for (const one of acts) if (one.seal) all.delete(one.id);
  });
  await caches.delete("kit").catch(() => {});
  phone = undefined;
}

// ---- the kit

function checked(envelope, root) {
  return new Phone(JSON.stringify(envelope), root);
}

async function asked() {
  const answer = await fetch("/emergency/kit.json", { signal: AbortSignal.timeout(PATIENCE) });
  if (answer.status === 403) { await wiped(); return; }
  if (!answer.ok) return;
  const fresh = await answer.json();
  connected = true;
  const pinned = await value("root");
  await breath();
  try {
    const next = checked(fresh.envelope, pinned);
    await take(next, fresh);
  } catch (why) {
    if (!phone || !String(why).includes("another root")) {
      say("kit", `The portal’s kit does not hold: ${why}. ${phone ? "The one kept before stays in use." : "Nothing can be worked here until it does."}`, { alert: true });
      return;
    }
    const next = checked(fresh.envelope);
    say("kit", `The portal’s kit stands under another root certificate than this device knows: ${next.root()}. Compare it with your own copy.`, {
      alert: true, actions: [["It is the same: use it", async () => { await take(next, fresh); draw(); }]],
    });
  }
}

async function take(next, fresh) {
  await breath();
  phone = next;
  me = fresh.me;
  say("kit", "");
  look();
  await within(["kept"], "readwrite", (known) => {
    known.put(fresh.envelope, "kit");
    known.put(next.root(), "root");
    known.put(me, "me");
  }).catch((error) => say("room", `The kit was not kept on this device (${error.name}); free some space.`, { alert: true }));
  // A second copy, in another place.
  try {
    const cache = await caches.open("kit");
    await cache.put("/emergency/kit.json", new Response(JSON.stringify(fresh.envelope), { headers: { "content-type": "application/json" } }));
  } catch { /* The first one is there. */ }
}

/** The kit this device keeps; of two copies the one that holds. */
async function found() {
  const root = await value("root");
  const second = async () => (await (await caches.open("kit")).match("/emergency/kit.json"))?.json();
  const copies = [["kept on this device", () => value("kit")], ["kept beside it", second]];
  let wrong = "";
  for (const [where, read] of copies) {
    const envelope = await read().catch(() => undefined);
    if (!envelope) continue;
    try {
      phone = checked(envelope, root);
      if (wrong) say("kit", `${wrong} Shown is the copy ${where}, which holds.`, { alert: true });
      return look();
    } catch (why) {
      wrong = `The runbook ${where} was altered and is not shown: ${why}.`;
    }
  }
  if (wrong) say("kit", `${wrong} Work from the printed kit, or from a device that holds one.`, { alert: true });
}

function look() {
  phone.look_at(new URLSearchParams(location.search).get("incident") ?? "");
}

function nothing() {
  const head = document.createElement("h1");
  head.textContent = showsRunbook ? "Runbook" : "Emergency";
  const words = document.createElement("p");
  words.className = "statement";
  words.textContent = "This device keeps no kit. Open Emergency here once while the portal answers; until then work from the printed kit.";
  desk.replaceChildren(head, words);
}

async function begin() {
  const offline = Boolean(document.querySelector(".frame.offline"));
  try {
    [db] = await Promise.all([opened(), init()]);
    navigator.storage?.persist?.();
    me = (await value("me")) ?? me;
    ahead = (await value("ahead")) ?? 0;
    device = await value("device");
    if (!device) {
      device = [...crypto.getRandomValues(new Uint8Array(4))].map((b) => b.toString(16).padStart(2, "0")).join("");
      await keep("device", device);
    }
    acts = await kept();
    await breath();
    await found();
    if (offline) { if (phone) draw(); else if (!said.length) nothing(); }
  } catch (error) {
    say("room", `This device keeps nothing (${error?.name ?? error}): what is done here needs the portal.`, { alert: true });
    return;
  }
  await asked().catch(() => {});
  await breath();
  if (phone) { draw(); await breath(); await bring(); }
  addEventListener("online", () => asked().catch(() => {}).then(bring));
  setInterval(() => { if (phone && (acts.some((one) => !one.seal && !one.unfit) || !document.hidden)) bring(); }, AGAIN);
  document.documentElement.dataset.desk = "ready";
}

if (desk) begin();
