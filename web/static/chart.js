"use strict";
// Curves by uPlot: readings by flag, baseline, limits, and upright lines at what happened. Colours follow dark and light.
window.quantracCharts = (() => {
  const vi = document.body.dataset.lang !== "en";
  const say = (a, b) => (vi ? a : b);
  const dark = () => window.matchMedia("(prefers-color-scheme: dark)").matches;
  // Okabe and Ito's colours, told apart by people with any colour vision; each has a dash or a dot of its own as well.
  const colours = () => (dark()
    ? { ink: "#e6eeec", grid: "#2d3a37", usable: "#56B4E9", doubted: "#E69F00", calibrating: "#CC79A7", baseline: "#9fb3ae", limit: "#ff8c61", event: "#f0e442", mean: "#5fd3a8" }
    : { ink: "#16211f", grid: "#dfe6e3", usable: "#0072B2", doubted: "#B36B00", calibrating: "#A3457F", baseline: "#5f6f6b", limit: "#C43E00", event: "#6a5acd", mean: "#00714f" });
  const number = new Intl.NumberFormat(vi ? "vi-VN" : "en-GB", { maximumSignificantDigits: 5 });
  const clock = (seconds, fine) => new Intl.DateTimeFormat("vi-VN", {
    timeZone: "Asia/Ho_Chi_Minh", hour: "2-digit", minute: "2-digit", ...(fine ? { second: "2-digit" } : {}),
  }).format(new Date(seconds * 1000));
  const day = (seconds) => new Intl.DateTimeFormat("vi-VN", {
    timeZone: "Asia/Ho_Chi_Minh", day: "2-digit", month: "2-digit",
  }).format(new Date(seconds * 1000));

  const legend = (entries) => {
    const list = document.createElement("ul");
    list.className = "legend";
    for (const [text, colour, dashed] of entries) {
      const item = document.createElement("li");
      const sign = document.createElement("i");
      sign.style.borderTopColor = colour;
      sign.style.borderTopStyle = dashed ? "dashed" : "solid";
      item.append(sign, document.createTextNode(text));
      list.append(item);
    }
    return list;
  };

  const ROW = 16; // pixels of a row of words, in the letters of .event
  // Draws one parameter. given: {t, series: [{label, values, colour, dash, dots}], lines: [{at, text}], limits: [..]}
  const draw = (box, title, unit, given) => {
    const c = colours();
    const holder = document.createElement("div");
    holder.className = "plot";
    const head = document.createElement("h3");
    head.textContent = unit ? title + " (" + unit + ")" : title;
    const canvas = document.createElement("div");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", title + (given.spoken ? ": " + given.spoken : ""));
    holder.append(head, canvas, legend(given.series.filter((s, index, all) => s.values.some((v) => v !== null) && all.findIndex((o) => o.label === s.label) === index).map((s) => [s.label, s.colour, Boolean(s.dash)])));
    box.append(holder);
    // Each event has a row of its own above the curve, so that no word lies on another, on a line, or is cut off.
    const events = given.lines.filter((line) => line.at && line.at >= given.t[0] && line.at <= given.t[given.t.length - 1])
      .sort((one, other) => one.at - other.at);
    const height = 220 + ROW * events.length;
    const words = events.map((event) => {
      const word = document.createElement("span");
      word.className = "event";
      word.textContent = event.text;
      return word;
    });
    const marks = {
      hooks: {
        ready: [(plot) => plot.root.append(...words)],
        draw: [(plot) => {
          const g = plot.ctx, ratio = devicePixelRatio;
          g.save();
          g.strokeStyle = c.event; g.lineWidth = 1.5 * ratio; g.setLineDash([3, 3]);
          events.forEach((event, row) => {
            const x = plot.valToPos(event.at, "x", true);
            g.beginPath(); g.moveTo(x, (row * ROW + 4) * ratio); g.lineTo(x, plot.bbox.top + plot.bbox.height); g.stroke();
            const at = x / ratio, wide = words[row].offsetWidth + 4;
            words[row].style.left = (at + wide > plot.width ? Math.max(0, at - wide) : at + 4) + "px";
            words[row].style.top = row * ROW + "px";
          });
          g.restore();
        }],
      },
    };
    const width = () => Math.max(240, holder.clientWidth - 12);
    const plot = new uPlot({
      width: width(), height, padding: [8 + ROW * events.length, null, null, null], legend: { show: false }, cursor: { y: false, drag: { x: true, y: false } }, plugins: [marks],
      scales: { x: { time: true }, y: { range: (_, low, high) => {
        const pad = (high - low || Math.abs(high) || 1) * 0.1;
        return [low - pad, high + pad];
      } } },
      axes: [
        { space: 72, stroke: c.ink, grid: { stroke: c.grid, width: 1 }, ticks: { stroke: c.grid }, values: (u, splits, _, __, step) => splits.map((s) => (step >= 86400 ? day(s) : clock(s, step < 60))) },
        { stroke: c.ink, grid: { stroke: c.grid, width: 1 }, ticks: { stroke: c.grid }, size: 56, values: (_, splits) => splits.map((s) => number.format(s)) },
      ],
      series: [{}, ...given.series.map((s) => ({
        stroke: s.colour, width: s.dots ? 0 : s.wide || 1.8, dash: s.dash, spanGaps: false, paths: s.dots ? () => null : undefined,
        points: s.dots ? { show: true, size: 6, fill: s.colour, stroke: s.colour } : { show: false },
      }))],
    }, [given.t, ...given.series.map((s) => s.values)], canvas);
    new ResizeObserver(() => plot.setSize({ width: width(), height })).observe(holder);
    return plot;
  };

  const flat = (t, value) => t.map(() => value);
  const spoken = (values) => {
    const real = values.filter((v) => v !== null);
    if (!real.length) return say("không có số liệu dùng được", "no usable reading");
    return say("thấp nhất ", "lowest ") + number.format(Math.min(...real)) + say(", cao nhất ", ", highest ") + number.format(Math.max(...real));
  };
  const quiet = (box, text) => {
    const said = document.createElement("p");
    said.className = "quiet";
    said.textContent = text;
    box.replaceChildren(said);
  };
  return { draw, colours, flat, spoken, say, quiet };
})();

// The page of an incident.
(() => {
  const box = document.getElementById("curves");
  if (!box || !window.uPlot) return;
  const { draw, colours, flat, spoken, say, quiet } = window.quantracCharts;
  const choice = document.getElementById("alert");
  const plots = document.getElementById("plots");
  const doubts = document.getElementById("doubts");
  const load = () => fetch(box.dataset.curve + "?alert=" + encodeURIComponent(choice.value)).then((answer) => {
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }).then((story) => {
    plots.replaceChildren();
    if (!story.traces.length) quiet(plots, say("Không có số liệu quanh thời điểm này.", "There are no readings around that time."));
    const c = colours();
    const lines = [
      { at: story.since, text: say("bắt đầu", "begins") },
      { at: story.opened, text: say("mở cảnh báo", "alert opens") },
      { at: story.crossed, text: say("vượt giới hạn", "crosses the limit") },
      { at: story.resolved, text: say("hết", "over") },
    ];
    story.traces.forEach((trace, index) => {
      const series = [
        { label: say("dùng được", "usable"), values: trace.usable, colour: c.usable },
        { label: say("gắn cờ", "flagged"), values: trace.doubted, colour: c.doubted, dots: true },
        { label: say("hiệu chuẩn", "calibrating"), values: trace.calibrating, colour: c.calibrating, dots: true },
        { label: say("mức nền", "baseline"), values: trace.baseline, colour: c.baseline, dash: [6, 4], wide: 1.4 },
      ];
      const high = Math.max(...trace.usable.filter((v) => v !== null), 0);
      for (const limit of [trace.minimum, trace.maximum]) {
        if (limit !== null && (high === 0 || limit < 4 * high)) series.push({ label: say("giới hạn", "limit"), values: flat(trace.t, limit), colour: c.limit, dash: [10, 3] });
      }
      const moved = index && trace.moved ? say(" · cùng thay đổi", " · moved as well") : "";
      draw(plots, trace.name[say(0, 1)] + moved, trace.unit, { t: trace.t, series, lines: index ? lines.slice(1, 2) : lines, spoken: spoken(trace.usable) });
    });
    const list = doubts.querySelector("ul");
    list.replaceChildren(...story.doubts.map((text) => {
      const item = document.createElement("li");
      item.textContent = text;
      return item;
    }));
    doubts.hidden = !story.doubts.length;
  }).catch(() => quiet(plots, say("Chưa vẽ được; hãy tải lại.", "Could not draw; load the page again.")));
  choice.addEventListener("change", load);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", load);
  load();
})();
