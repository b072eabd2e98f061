"use strict";
// The trend of a station: any parameter, any period; the server thins it out.
(() => {
  const form = document.getElementById("trend");
  if (!form || !window.uPlot) return;
  const { draw, colours, spoken, say, quiet } = window.quantracCharts;
  const box = document.getElementById("trendplot");
  const link = document.getElementById("csv");
  let asked = 0;
  const load = () => {
    const query = new URLSearchParams(new FormData(form));
    if (query.get("since") && query.get("until")) query.delete("hours");
    link.href = form.dataset.csv + "?" + query;
    const mine = ++asked;
    fetch(form.dataset.trend + "?" + query).then((answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    }).then((found) => {
      if (mine !== asked) return;
      box.replaceChildren();
      if (!found.t.length) { quiet(box, say("Không có số liệu trong khoảng này.", "There are no readings in this period.")); return; }
      const c = colours();
      const option = form.elements.parameter.selectedOptions[0];
      const series = [
        { label: say("cao nhất", "highest"), values: found.high, colour: c.usable },
        { label: say("thấp nhất", "lowest"), values: found.low, colour: c.mean, wide: 1.2 },
        { label: say("gắn cờ", "flagged"), values: found.flagged, colour: c.doubted, dots: true },
        { label: say("trạm báo 01/02", "status 01/02"), values: found.other, colour: c.calibrating, dots: true },
      ];
      const high = Math.max(...found.high.filter((v) => v !== null), 0);
      for (const limit of [found.minimum, found.maximum]) {
        const value = limit.find((v) => v !== null);
        if (value !== undefined && (high === 0 || value < 4 * high)) series.push({ label: say("giới hạn", "limit"), values: limit, colour: c.limit, dash: [10, 3] });
      }
      draw(box, option.textContent, option.dataset.unit, { t: found.t, series, lines: [], spoken: spoken(found.high) });
    }).catch(() => quiet(box, say("Chưa vẽ được; hãy chọn khoảng khác.", "Could not draw; choose another period.")));
  };
  form.addEventListener("change", load);
  form.addEventListener("submit", (event) => event.preventDefault());
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", load);
  load();
})();
