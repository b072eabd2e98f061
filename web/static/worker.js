"use strict";
// Keeps the last pages readable without a network. What is fresh always comes from the network first; what was kept is
// forgotten at the logout, and nothing that is sent to the server is ever kept.
const KEPT = "quantrac-pages-1";
const MOST = 60;
// Shown in place of a page that was never opened, when the server is out of reach.
const SHELL = "quantrac-shell-1";
const OFFLINE = "/static/offline.html";
self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll([OFFLINE, "/static/style.css", "/static/icon.svg"])));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => { if (event.data === "forget") event.waitUntil(caches.delete(KEPT)); });
const trim = async (cache) => {
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - MOST)).map((key) => cache.delete(key)));
};
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (["/live", "/health"].includes(url.pathname) || url.pathname.startsWith("/login") || url.pathname.startsWith("/ack/")) return;
  if (/\.(csv|ics)$/.test(url.pathname) || event.request.headers.get("HX-Request")) return;
  event.respondWith(fetch(event.request).then(async (answer) => {
    if (answer.ok && !answer.redirected) {
      const cache = await caches.open(KEPT);
      await cache.delete(event.request);
      await cache.put(event.request, answer.clone());
      await trim(cache);
    }
    return answer;
  }).catch(async () => (await caches.match(event.request))
    || (event.request.mode === "navigate" && (await caches.match(OFFLINE))) || Response.error()));
});
// A push message is shown as it is; touching it opens the page that it names, if that is one of ours.
self.addEventListener("push", (event) => {
  let told = {};
  try { told = event.data.json() || {}; } catch { told = { body: event.data ? event.data.text() : "" }; }
  const options = { body: String(told.body || "").slice(0, 1000), icon: "/static/icon.svg", data: { url: String(told.url || "/") } };
  if (told.id) options.tag = String(told.id);
  event.waitUntil(self.registration.showNotification(String(told.title || "quantrac").slice(0, 200), options));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  let to = new URL("/", location.origin);
  try { to = new URL(event.notification.data.url, location.origin); } catch { /* the first page */ }
  event.waitUntil(self.clients.openWindow(to.origin === location.origin ? to.href : "/"));
});
