"use strict";
// Keeps the last pages readable without a network. What is fresh always comes from the network first; what was kept is
// forgotten at the logout, and nothing that is sent to the server is ever kept.
const KEPT = "quantrac-pages-1";
const MOST = 60;
self.addEventListener("install", () => self.skipWaiting());
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
  }).catch(async () => (await caches.match(event.request)) || Response.error()));
});
