"use strict";
// Open incidents that have no room on the wall take turns: nobody scrolls there. Cards flow into columns of the box's
// width, of which one is in sight.
(() => {
  const EVERY_MS = 10000;
  let page = 0;
  const turn = (by) => {
    const box = document.getElementById("turning");
    if (!box) return;
    const width = box.clientWidth;
    const last = Math.max(...[...box.children].map((card) => Math.round((card.offsetLeft - box.firstElementChild.offsetLeft) / width)));
    page = (page + by) % (last + 1);
    box.scrollLeft = page * width;
    document.getElementById("turn").textContent = last ? "· " + (page + 1) + "/" + (last + 1) : "";
  };
  setInterval(() => turn(1), EVERY_MS);
  window.addEventListener("resize", () => turn(0));
  document.body.addEventListener("htmx:afterSwap", () => turn(0));
  turn(0);
})();
