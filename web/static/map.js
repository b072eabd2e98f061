"use strict";
// The stations on a map: shape and colour by status, a name at a touch; asked for again when something has changed.
(() => {
  const box = document.getElementById("map");
  if (!box || !window.L) return;
  const map = L.map(box, { zoomControl: true, attributionControl: Boolean(box.dataset.tiles), scrollWheelZoom: false });
  map.setView([10.45, 105.9], 9);
  if (box.dataset.tiles) L.tileLayer(box.dataset.tiles, { maxZoom: 18, attribution: "© OpenStreetMap" }).addTo(map);
  const shapes = {
    good: '<circle cx="10" cy="10" r="8"/><path class="mark" d="M6 10l3 3 5-6"/>',
    tendency: '<path d="M10 2l9 16H1z"/>',
    preparing: '<path d="M10 2l9 16H1z"/><path class="mark" d="M10 8v5M10 15v1"/>',
    exceed: '<path d="M6 1h8l5 5v8l-5 5H6l-5-5V6z"/><path class="mark light" d="M10 5v6M10 13.5v1.5"/>',
    incident: '<path d="M10 1l9 9-9 9-9-9z"/><path class="mark light" d="M10 5.5v5M10 13v1.5"/>',
    adjusting: '<path d="M10 1l9 9-9 9-9-9z"/>',
    error: '<rect x="2" y="2" width="16" height="16" rx="2"/><path class="mark" d="M6 6l8 8M14 6l-8 8"/>',
    offline: '<circle class="hollow" cx="10" cy="10" r="7"/><path class="mark" d="M4 16L16 4"/>',
  };
  const layer = L.layerGroup().addTo(map);
  let fitted = false;
  const words = (station) => {
    const node = document.createElement("div");
    const link = document.createElement("a");
    link.href = "/stations/" + encodeURIComponent(station.code);
    link.textContent = station.name;
    const said = document.createElement("div");
    said.textContent = station.word + (station.alerts ? " · " + station.alerts + " ⚠" : "");
    node.append(link, said);
    return node;
  };
  const draw = (stations) => {
    layer.clearLayers();
    for (const station of stations) {
      const shape = shapes[station.status] ? station.status : "offline";
      const icon = L.divIcon({
        className: "station-mark " + shape,
        iconSize: [24, 24],
        html: '<svg class="shape ' + shape + '" viewBox="0 0 20 20" width="22" height="22">' + shapes[shape] + "</svg>",
      });
      L.marker(station.place, { icon, title: station.name + ": " + station.word, alt: station.name + ": " + station.word })
        .bindPopup(() => words(station)).addTo(layer);
    }
    if (!fitted && stations.length) {
      fitted = true;
      map.fitBounds(L.latLngBounds(stations.map((s) => s.place)).pad(0.08));
    }
  };
  const load = () => fetch(box.dataset.stations, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : null))
    .then((stations) => { if (stations) draw(stations); })
    .catch(() => {});
  fetch(box.dataset.sketch).then((answer) => answer.json()).then((sketch) => {
    L.geoJSON(sketch, {
      interactive: false,
      style: (feature) => feature.properties.kind === "river"
        ? { className: "river", weight: feature.properties.width, fill: false }
        : { className: "land", weight: 1, dashArray: "4 4", fillOpacity: box.dataset.tiles ? 0 : 1 },
    }).addTo(map);
  }).catch(() => {});
  load();
  document.body.addEventListener("htmx:sseMessage", (event) => {
    if (event.detail && event.detail.type === "stations") load();
  });
})();
