"use strict";
// Subscribes this browser to push messages; the subscription is sent by the form, and a code comes as the first message.
(() => {
  const form = document.getElementById("push");
  if (!form) return;
  const said = document.getElementById("push-said");
  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/").padEnd(Math.ceil(text.length / 4) * 4, "="));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  };
  const subscribe = async () => {
    if (!("serviceWorker" in navigator) || !("PushManager" in window) || !window.isSecureContext) return "unable";
    if ((await Notification.requestPermission()) !== "granted") return "denied";
    const worker = await navigator.serviceWorker.ready;
    const options = { userVisibleOnly: true, applicationServerKey: bytes(form.dataset.key) };
    const kept = await worker.pushManager.getSubscription();
    const found = kept || (await worker.pushManager.subscribe(options));
    form.elements.address.value = JSON.stringify(found.toJSON ? found.toJSON() : found);
    form.submit();
    return "";
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    said.textContent = "";
    subscribe().then((word) => { said.textContent = word ? form.dataset[word] : ""; })
      .catch(() => { said.textContent = form.dataset.failed; });
  });
})();
