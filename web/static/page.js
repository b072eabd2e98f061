"use strict";
// What every page needs: the word of its forms for htmx, the message of a lost login, and reading without a network.
(() => {
  const word = document.querySelector("input[name=csrf]");
  document.addEventListener("htmx:configRequest", (event) => {
    if (word) event.detail.headers["X-CSRF-Token"] = word.value;
  });
  // What the stream says of itself; htmx hands on only what a part of the page waits for.
  const streams = new WeakSet();
  document.body.addEventListener("htmx:sseOpen", (event) => {
    const source = event.detail && event.detail.source;
    if (!source || streams.has(source)) return;
    streams.add(source);
    // The login is over: the page must not stay as if it were live.
    source.addEventListener("gone", () => window.location.reload());
    source.addEventListener("away", (told) => { stored = false; at = told.data; tell(); });
    source.addEventListener("back", () => { stored = true; tell(); });
  });
  // What was unfolded stays so when a part of the page comes anew.
  const keys = (root) => [...root.querySelectorAll("details[data-keep][open]")].map((fold) => fold.dataset.keep);
  const kept = new WeakMap();
  document.body.addEventListener("htmx:beforeSwap", (event) => kept.set(event.detail.target, keys(event.detail.target)));
  document.body.addEventListener("htmx:afterSwap", (event) => {
    const open = kept.get(event.detail.target) || [];
    for (const fold of event.detail.target.querySelectorAll("details[data-keep]")) fold.open = open.includes(fold.dataset.keep);
  });
  // Without the server what is shown is of before, also where the network is there: it says so, and of when it is.
  const banner = document.getElementById("offline");
  let at = document.body.dataset.at;
  let heard = true;
  let stored = true;
  const tell = () => {
    if (!banner) return;
    const shown = new Date(at).toLocaleString("vi-VN", { timeZone: "Asia/Ho_Chi_Minh", dateStyle: "short", timeStyle: "short" });
    banner.querySelector("time").textContent = shown;
    banner.hidden = navigator.onLine && heard && stored;
  };
  window.addEventListener("online", tell);
  window.addEventListener("offline", tell);
  document.body.addEventListener("htmx:sseError", () => { heard = false; tell(); });
  document.body.addEventListener("htmx:sseOpen", () => { heard = stored = true; tell(); });
  document.body.addEventListener("htmx:sseMessage", (event) => { if (event.detail && event.detail.data) at = event.detail.data; });
  tell();
  if ("serviceWorker" in navigator && window.isSecureContext) {
    navigator.serviceWorker.register("/worker.js").catch(() => {});
    // Whoever leaves takes the kept pages along; so does a page without a login.
    const forget = () => navigator.serviceWorker.controller && navigator.serviceWorker.controller.postMessage("forget");
    for (const form of document.querySelectorAll("form[action='/logout']")) form.addEventListener("submit", forget);
    if (document.querySelector("form[action='/login']")) forget();
  }
  // What was sent is not sent again by a second touch while the answer is on its way.
  const sent = new WeakMap();
  document.addEventListener("submit", (event) => {
    const before = sent.get(event.target);
    if (before && Date.now() - before < 5000) event.preventDefault();
    else sent.set(event.target, Date.now());
  });
  // A menu closes when something else is touched.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
})();
