// Keeps the page of a drill under way going. The page is complete without it.
//
// The portal draws the changing parts and sends them as server-sent events; between two of them this script moves the
// clocks by itself, by the portal's clock and not by this machine's. Hooks in the markup:
//   <div id="live" data-live="address of the events" data-facts="{…}" data-version="…">
//   elements whose ids the events name: live-title, live-says, live-line, live-press, live-steps, live-log
(() => {
  "use strict";
  const root = document.getElementById("live");
  if (!root || !window.EventSource) return;
  const by = (id) => document.getElementById(id);
  // A runner speaks every five seconds.
  const quiet = 10_000;
  // What a screen reader is told, at most so often.
  const politeEvery = 30_000;

  let facts = JSON.parse(root.dataset.facts);
  let ahead = facts.now - Date.now();
  let ended = false;
  let shut = false;
  let said = "";
  let saidAt = Date.now();
  let rang = facts.zero !== null && (facts.stopped ?? facts.now) - facts.zero > facts.rtoMs;

  const now = () => Date.now() + ahead;

  // "36:16", "10:00:00" from ten hours on; as the portal writes it.
  function clock(ms) {
    const seconds = Math.floor(Math.max(0, ms) / 1000);
    const two = (n) => String(n).padStart(2, "0");
    const minutes = Math.floor(seconds / 60);
    if (minutes < 600) return `${minutes}:${two(seconds % 60)}`;
    return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
  }

  function put(id, text) {
    const element = by(id);
    if (element && element.textContent !== text) element.textContent = text;
  }

  function tick() {
    if (ended) return;
    const at = now();
    const running = facts.zero !== null;
    const since = running ? facts.zero : facts.begun;
    const elapsed = (facts.stopped ?? at) - since;
    put("live-elapsed-label", running ? "Elapsed since" : "Preparing since");
    put("live-since", `${new Date(since).toISOString().slice(11, 19)}Z`);
    put("live-elapsed", clock(elapsed));
    const left = facts.rtoMs - (running ? elapsed : 0);
    put("live-left-label", left < 0 ? "Over the RTO by" : "Left on the RTO clock");
    put("live-left", clock(Math.abs(left)));
    by("live-left").className = left < 0 ? "clock over" : "clock left";
    const passed = document.querySelector("#live-line [data-passed]");
    if (passed && running) {
      passed.setAttribute("width", `${Math.min(100, (Math.max(0, elapsed) / Math.max(facts.lineMs, elapsed)) * 100).toFixed(2)}%`);
      passed.setAttribute("class", left < 0 ? "passed late" : "passed");
    }
    if (left < 0 && !rang) {
      rang = true;
      put("live-alert", "The RTO has passed, and the drill goes on.");
    }
    heard(at);
    polite();
  }

  function heard(at) {
    const ago = Math.max(0, at - facts.heardAt);
    const seconds = Math.floor(ago / 1000);
    const place = by("live-heard");
    const late = ago > quiet || shut;
    if (late !== (place.dataset.late === "yes")) {
      place.dataset.late = late ? "yes" : "no";
      place.replaceChildren(late ? mark() : live());
    } else if (!place.dataset.late) {
      place.dataset.late = late ? "yes" : "no";
      place.replaceChildren(late ? mark() : live());
    }
    const words = place.querySelector("[data-words]");
    const text = shut
      ? "this page is not told any more: load it again"
      : late
        ? `no word for ${seconds} s, trying again`
        : `live, heard ${seconds} s ago`;
    if (words && words.textContent !== text) words.textContent = text;
  }

  function live() {
    const span = document.createElement("span");
    span.className = "live-mark";
    span.dataset.words = "";
    return span;
  }

  function mark() {
    const svg = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);
    const span = document.createElement("span");
    span.className = "state triangle";
    const shape = svg("svg");
    shape.setAttribute("aria-hidden", "true");
    const use = svg("use");
    use.setAttribute("href", "#triangle");
    shape.append(use);
    const words = document.createElement("span");
    words.dataset.words = "";
    span.append(shape, words);
    return span;
  }

  function polite() {
    if (facts.says === said || Date.now() - saidAt < politeEvery) return;
    said = facts.says;
    saidAt = Date.now();
    put("live-polite", said);
  }

  // Puts the portal's own drawing in place, and keeps the focus where it was.
  function draw(parts) {
    for (const [id, html] of Object.entries(parts)) {
      if (id === "live-title") {
        put("live-title", html);
        const heading = root.querySelector("h1");
        if (heading.textContent !== html) heading.textContent = html;
        continue;
      }
      const part = by(id);
      if (!part || part.dataset.drawn === html) continue;
      const focused = part.contains(document.activeElement) && document.activeElement.id;
      part.innerHTML = html;
      part.dataset.drawn = html;
      if (focused) by(focused)?.focus();
    }
  }

  // The stream ends now and then so that it is asked again who may read it; the browser opens the next one.
  const events = new EventSource(root.dataset.live);
  events.addEventListener("live", (event) => {
    const sent = JSON.parse(event.data);
    facts = sent.facts;
    ahead = facts.now - Date.now();
    draw(sent.parts);
    tick();
  });
  events.addEventListener("ended", () => {
    tick();
    ended = true;
    events.close();
    by("live-ended").hidden = false;
    by("live-heard").replaceChildren("ended");
    for (const id of ["live-press", "doing"]) by(id)?.remove();
    for (const link of document.querySelectorAll(".page-head .actions a")) link.remove();
    root.querySelector("h1").textContent = "Restoration drill, ended";
    put("live-polite", "This drill has ended. A link to its record stands on the page.");
  });
  events.addEventListener("error", () => {
    // Closed for good: nobody is signed in any more, or the audit has ended.
    shut = events.readyState === EventSource.CLOSED && !ended;
    tick();
  });
  addEventListener("pagehide", () => events.close());
  setInterval(tick, 1000);
  tick();
})();
