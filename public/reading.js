// What a page gains from script while it is being read. Every page is complete without it.
//
// Local times in the titles of <time>; copy buttons; the theme; keys: `/` finds, `g` and a letter goes to a
// section, `j` and `k` walk the rows. Hooks in the markup:
//   <button hidden data-copy="text">           copies the text; with data-copy-from="#id", that element's text
//   <div id data-look-again="address">         is fetched again every two seconds until that page has it no more
//   <form class="theme"> of buttons named theme  changes the theme without a new page; the same cookie the server sets
//   <input type="search"> or [data-find]       what `/` focuses
//   <button hidden data-keys aria-pressed>     switches the keys off and on (WCAG 2.1.4)
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector) => document.querySelectorAll(selector);

  function localTimes() {
    const local = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
    const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeZone: "UTC" });
    for (const element of all("time[datetime]")) {
      const at = new Date(element.dateTime);
      if (element.title || Number.isNaN(at.getTime())) continue;
      element.title = element.dateTime.length === 10 ? day.format(at) : `Here: ${local.format(at)}`;
    }
  }

  function copyButtons() {
    if (!navigator.clipboard) return;
    for (const button of all("[data-copy], [data-copy-from]")) {
      const label = button.textContent;
      button.hidden = false;
      button.addEventListener("click", async () => {
        const from = button.dataset.copyFrom && document.querySelector(button.dataset.copyFrom);
        try {
          await navigator.clipboard.writeText(from ? from.textContent : button.dataset.copy);
          button.textContent = "Copied";
        } catch {
          button.textContent = "Not copied";
        }
        setTimeout(() => (button.textContent = label), 2000);
      });
    }
  }

  // A part of the page that changes by itself: fetched again until it is gone, then the whole page once.
  function lookAgain() {
    const part = document.querySelector("[data-look-again]");
    if (!part) return;
    const address = part.dataset.lookAgain;
    setTimeout(async () => {
      try {
        const answer = await fetch(address, { headers: { accept: "text/html" } });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const next = page.getElementById(part.id);
        if (!next) return location.replace(address);
        part.replaceChildren(...next.childNodes);
      } catch {
        // The portal may be starting again; the order is kept.
      }
      lookAgain();
    }, 2000);
  }

  function themeForms() {
    document.addEventListener("submit", (event) => {
      const choice = event.submitter?.name === "theme" && event.target.matches("form.theme") && event.submitter.value;
      if (!choice) return;
      event.preventDefault();
      const system = choice === "system";
      document.cookie = `theme=${system ? "" : choice}; Path=/; Max-Age=${system ? 0 : 31536000}; SameSite=Lax`;
      if (system) root.removeAttribute("data-theme");
      else root.setAttribute("data-theme", choice);
      for (const button of all("form.theme button[name=theme]")) {
        button.setAttribute("aria-pressed", String(button.value === choice));
      }
    });
  }

  const sections = {
    o: "/", e: "/emergency", r: "/runbook", t: "/targets", b: "/backups", d: "/drills",
    f: "/findings", c: "/controls", v: "/verify", l: "/ledger",
  };
  let wentAt = -Infinity;

  function step(by) {
    const links = [...all("main tbody tr")].map((row) => row.querySelector("a[href]")).filter(Boolean);
    const here = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    const next = links[here < 0 && by < 0 ? links.length - 1 : here + by];
    next?.focus();
  }

  function keys() {
    const kept = "passmuster-keys";
    let on = true;
    try {
      on = localStorage.getItem(kept) !== "off";
    } catch {
      // Storage is closed to this page: the keys stay on.
    }
    for (const button of all("[data-keys]")) {
      button.hidden = false;
      button.setAttribute("aria-pressed", String(on));
      button.addEventListener("click", () => {
        on = !on;
        button.setAttribute("aria-pressed", String(on));
        try {
          localStorage.setItem(kept, on ? "on" : "off");
        } catch {
          // As above: the choice then holds for this page only.
        }
      });
    }
    document.addEventListener("keydown", (event) => {
      if (!on || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest?.("input, textarea, select, [contenteditable], dialog[open]")) return;
      // A letter counts as the second of two when it follows `g` within 1.5 s.
      const second = event.timeStamp - wentAt < 1500;
      wentAt = -Infinity;
      if (second) {
        const path = sections[event.key];
        const link = path && document.querySelector(`nav a[href="${path}"]`);
        if (link) {
          event.preventDefault();
          location.assign(path);
        }
        return;
      }
      if (event.key === "/") {
        const find = document.querySelector("[data-find], input[type=search]");
        if (find) {
          event.preventDefault();
          find.focus();
        }
      } else if (event.key === "g") wentAt = event.timeStamp;
      else if (event.key === "j") step(1);
      else if (event.key === "k") step(-1);
    });
  }

  function start() {
    localTimes();
    copyButtons();
    lookAgain();
    themeForms();
    keys();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
