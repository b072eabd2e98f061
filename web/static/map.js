"use strict";
// The stations on a map: shape and colour by status, a name at a touch; asked for again when something has changed.
(() => {
  const box = document.getElementById("map");
  if (!box || !window.L) return;
  const wall = document.body.classList.contains("wall");
  const map = L.map(box, { zoomControl: !wall, zoomSnap: wall ? 0.1 : 0.5, attributionControl: Boolean(box.dataset.tiles), scrollWheelZoom: false });
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
  const marks = new Map();
  // The whole province is in the box at first, whatever its shape, and on the wall for ever.
  // One station alone is a point, which no zoom fits.
  const all = L.latLngBounds([]);
  const fit = () => { if (all.isValid()) map.fitBounds(all, { padding: [8, 8], animate: false, maxZoom: 11 }); };
  let fitted = false;
  if (wall) map.on("resize", fit);
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
  // A mark stays while its station does: a name that somebody reads is not shut at every reading.
  const draw = (stations) => {
    const codes = new Set(stations.map((station) => station.code));
    for (const [code, mark] of marks) {
      if (!codes.has(code)) { layer.removeLayer(mark.marker); marks.delete(code); }
    }
    for (const station of stations) {
      const shape = shapes[station.status] ? station.status : "offline";
      const title = station.name + ": " + station.word;
      const known = marks.get(station.code);
      if (known && known.title === title && known.alerts === station.alerts) continue;
      const icon = L.divIcon({
        className: "station-mark " + shape,
        iconSize: [24, 24],
        html: '<svg class="shape ' + shape + '" viewBox="0 0 20 20" width="22" height="22">' + shapes[shape] + "</svg>",
      });
      const marker = known ? known.marker : L.marker(station.place, { icon, title, alt: title }).addTo(layer);
      if (known) {
        marker.options.title = marker.options.alt = title;
        marker.setIcon(icon);
        marker.setPopupContent(words(station));
      } else {
        marker.bindPopup(words(station));
      }
      marker.setZIndexOffset(-1000 * station.urgency); // what is urgent lies over what is not
      marks.set(station.code, { marker, title, alerts: station.alerts });
    }
    if (!fitted && stations.length) {
      fitted = true;
      for (const station of stations) all.extend(station.place);
      fit();
    }
  };
  const load = () => fetch(box.dataset.stations, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : null))
    .then((stations) => { if (stations) draw(stations); })
    .catch(() => {});
  fetch(box.dataset.sketch).then((answer) => answer.json()).then((sketch) => {
    const drawn = L.geoJSON(sketch, {
      interactive: false,
      style: (feature) => feature.properties.kind === "river"
        ? { className: "river", weight: feature.properties.width, fill: false }
        : { className: "land", weight: 1, dashArray: "4 4", fillOpacity: box.dataset.tiles ? 0 : 1 },
    }).addTo(map);
    drawn.eachLayer((each) => { if (each.feature.properties.kind !== "river") all.extend(each.getBounds()); });
    fit();
  }).catch(() => {});
  load();
  document.body.addEventListener("htmx:sseMessage", (event) => {
    if (event.detail && event.detail.type === "stations") load();
  });
})();
