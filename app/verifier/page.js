// The page that checks a bundle: takes the files, hands them to the worker, shows its report. The portal's /verify and
// the file saved from it run this same script. Everything out of a bundle is set as text, never as markup.
(() => {
  "use strict";
  const of = (id) => document.getElementById(`verify-${id}`);
  const form = of("form");
  if (!form) return;
  const [bundle, anchors, previous] = ["bundle", "anchors", "previous"].map(of);
  const inside = of("worker");
  const heading = document.title;
  let worker;
  let links = [];

  /** A worker that waits for files; from the portal, or out of the page itself. */
  function hire() {
    if (!inside) return new Worker("/pkg/verify-worker.js");
    const url = URL.createObjectURL(new Blob([inside.textContent], { type: "text/javascript" }));
    const made = new Worker(url);
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    return made;
  }

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  /** A shape and its word: `kind` is "state", or "say" within a sentence. */
  function mark(kind, shape, word) {
    const made = element("span", undefined, `${kind} ${shape}`);
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#${shape}`);
    svg.append(use);
    made.append(svg, word);
    return made;
  }

  const grouped = (text, size) => text.replace(new RegExp(`(.{${size}})(?=.)`, "g"), "$1 ");
  const count = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u00a0");
  const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;
  const instant = (at) => `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  function size(bytes) {
    const [unit, by] = [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]].find(([, by]) => bytes >= by) ?? ["B", 1];
    const value = bytes / by;
    return `${value >= 100 || by === 1 ? value.toFixed(0) : value.toFixed(1)} ${unit}`;
  }

  // What is checked now, or `undefined`.
  let running;

  function busy(on) {
    of("start").disabled = on || !bundle.files.length;
    of("stop").hidden = of("progress").hidden = !on;
    for (const input of [bundle, anchors, previous]) input.disabled = on;
    form.setAttribute("aria-busy", String(on));
    if (!on) of("step").textContent = "";
  }

  function start() {
    const file = bundle.files[0];
    if (!file || running) return;
    running = { file, anchored: anchors.files.length > 0, at: new Date(), began: performance.now() };
    clear();
    busy(true);
    of("said").textContent = `Checking ${file.name}.`;
    of("step").textContent = "Reading the file";
    worker ??= hire();
    worker.onmessage = ({ data }) => hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      finish(() => failed(`The check could not run here: ${event.message ?? "the verifier’s script did not load"}.`), true);
    };
    worker.postMessage({ bundle: file, anchors: anchors.files[0], previous: previous.files[0], now: running.at.getTime() });
  }

  function hear({ read, of: all, step, json, text, refused, stopped }) {
    const progress = of("progress");
    if (read !== undefined) {
      progress.max = all;
      progress.value = read;
      of("step").textContent = `Reading the file, ${size(read)} of ${size(all)}`;
    } else if (step !== undefined) {
      progress.removeAttribute("value");
      of("step").textContent = step;
    } else if (json !== undefined) {
      finish((run) => show(JSON.parse(json), json, text, run));
    } else {
      finish(() => failed(refused ?? stopped), stopped !== undefined);
    }
  }

  /** The worker stays for the next check, since a disconnected page could not fetch another; one that broke goes. */
  function finish(then, broken) {
    const run = running;
    running = undefined;
    if (broken) {
      worker.terminate();
      worker = undefined;
    }
    busy(false);
    then(run);
  }

  /** Nothing of an earlier check may stand beside a new one. */
  function clear() {
    of("found").hidden = of("keep").hidden = true;
    for (const id of ["meta", "statement", "lines", "not-list", "pairs"]) of(id).replaceChildren();
    for (const url of links.splice(0)) URL.revokeObjectURL(url);
    titled("Check a bundle");
  }

  function titled(title) {
    of("title").textContent = title;
    document.title = title === "Check a bundle" ? heading : `${title} · Passmuster`;
  }

  function present(title, ...statement) {
    titled(title);
    of("statement").replaceChildren(...statement);
    of("found").hidden = false;
    of("said").textContent = `${title}. ${of("statement").textContent}`;
    of("title").focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  /** No report came out: the bundle is neither verified nor refused. */
  function failed(why) {
    for (const id of ["checks", "not", "facts"]) of(id).hidden = true;
    present("This bundle was not checked", mark("say", "ring", "Not checked"), `: ${why} Nothing is proven either way.`);
  }

  function show(report, json, text, run) {
    const took = performance.now() - run.began;
    const wrong = report.checks.filter((line) => !line.ok);
    const all = plural(report.checks.length, "check", "checks");
    for (const [name, value] of [
      ["File", run.file.name], ["Size", size(run.file.size)], ["Checked", instant(run.at)],
      ["Took", took < 1000 ? `${took.toFixed(0)} ms` : `${(took / 1000).toFixed(1)} s`],
    ]) {
      const pair = element("div");
      pair.append(element("dt", `${name} `), element("dd", value));
      of("meta").append(pair);
    }
    for (const line of report.checks) {
      const row = element("tr", undefined, line.ok ? "" : "selected");
      const what = element("th", line.what);
      what.scope = "row";
      const result = element("td", undefined, "state-cell");
      result.append(line.ok ? mark("state", "disc", "passes") : mark("state", "square", "fails"));
      row.append(what, element("td", line.found), result);
      of("lines").append(row);
    }
    of("not-list").append(...report.notProven.map((says) => element("li", says)));
    facts(report);
    of("checks").hidden = of("not").hidden = false;
    const stem = run.file.name.replace(/\.zip$/i, "");
    offer("json", json, `${stem}-report.json`, "application/json");
    offer("text", text, `${stem}-report.txt`, "text/plain");
    of("keep").hidden = false;
    const [title, ...statement] = verdict(report, wrong, all, run.anchored);
    present(title, ...statement);
  }

  function verdict(report, wrong, all, anchored) {
    switch (report.outcome) {
      case "verified":
        return [
          "This bundle is verified", "All ", mark("say", "disc", `${all} pass`),
          anchored
            ? ", against the keys in your anchors."
            : ", against the keys in the bundle itself; whose keys they are is not proven without anchors.",
        ];
      case "not-verified":
        return [
          "This bundle is not verified",
          mark("say", "square", `${count(wrong.length)} of ${all} ${wrong.length === 1 ? "fails" : "fail"}`),
          `. ${wrong.length === 1 ? "" : "The first: "}${wrong[0].what}: ${wrong[0].found}`,
        ];
      default:
        return ["This file could not be read", mark("say", "square", "Could not be read"), `: ${wrong[0].found}`];
    }
  }

  function facts({ facts, outcome }) {
    of("facts").hidden = !facts.folder;
    of("facts-title").textContent =
      outcome === "verified" ? "What the bundle says of itself" : "What the bundle says of itself, not verified";
    const hex = (digest) => digest && element("code", grouped(digest, 4), "digest");
    const pairs = [
      ["Bundle", facts.id], ["Company", facts.org], ["Period", facts.period], ["Made at", facts.madeAt],
      ["Stamped at", facts.stampedAt],
      ["Files", facts.files && `${count(facts.files)}, ${size(facts.bytes)} unpacked`],
      ["Records", facts.id && count(facts.records)], ["Ledger", facts.origin],
      ["Entries in it", facts.origin && count(facts.size)],
      ["Its root", hex(facts.root)], ["Signed by", facts.signer],
      ["Signer’s certificate, SHA-256", hex(facts.signerFingerprint)],
      ["Root certificate, SHA-256", hex(facts.rootFingerprint)],
      ["Tag manifest, SHA-256", hex(facts.tagmanifestSha256)],
    ];
    for (const [name, value] of pairs.filter(([, value]) => value)) {
      const said = element("dd");
      said.append(value);
      of("pairs").append(element("dt", name), said);
    }
  }

  function offer(id, content, name, type) {
    const url = URL.createObjectURL(new Blob([content], { type }));
    links.push(url);
    Object.assign(of(id), { href: url, download: name });
  }

  for (const field of form.querySelectorAll(".drop")) {
    const input = field.querySelector("input");
    const over = (on) => (event) => {
      event.preventDefault();
      field.classList.toggle("over", on);
    };
    field.addEventListener("dragenter", over(true));
    field.addEventListener("dragover", over(true));
    field.addEventListener("dragleave", over(false));
    field.addEventListener("drop", (event) => {
      over(false)(event);
      if (input.disabled || !event.dataTransfer?.files.length) return;
      // One file a field: with several, the first.
      const one = new DataTransfer();
      one.items.add(event.dataTransfer.files[0]);
      input.files = one.files;
      input.dispatchEvent(new Event("change"));
    });
    input.addEventListener("change", () => busy(false));
  }
  // Beside a field a dropped file would be opened instead of the page.
  for (const type of ["dragover", "drop"]) document.addEventListener(type, (event) => event.preventDefault());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start();
  });
  of("stop").addEventListener("click", () => {
    finish(() => (of("said").textContent = of("step").textContent = "Stopped. Nothing was found out."), true);
    bundle.focus();
  });
  // Everything is loaded before a file is chosen, so that the device may be disconnected from here on: the worker, and
  // the faces that only a verdict needs (a letter of each range that may be shown).
  for (const face of ["300 1px Serif", "400 1px Serif", "500 1px Serif", "400 1px Sans", "500 1px Sans", "400 1px Mono"]) {
    document.fonts.load(face.replace(/\w+$/, '"IBM Plex $&"'), "Aő№…–").catch(() => {});
  }
  worker = hire();
  busy(false);
})();
