// What the page does. Text of the data only ever becomes text of the page, never HTML.
"use strict";
const GALLERY = 120, MEASURES = 8, SMALL = 64, LARGE = 192;
const at = (id) => document.getElementById(id);
const made = (tag, text, parent) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
};
let points, shared, runs, plot, shown = -1;
const ranksOf = {};

// A sheet as an object of the page, so that no style has to hold megabytes.
async function showSheet() {
  if (!SHEET) return;
  const bytes = Uint8Array.from(atob(SHEET.split(",")[1]), (letter) => letter.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], {type: "image/webp"}));
  document.documentElement.style.setProperty("--sheet", `url(${url})`);
  // Decoded before the first gallery asks for it.
  const sheet = new Image();
  sheet.src = url;
  await sheet.decode();
}
function sizePictures() {
  const style = document.documentElement.style, side = FACTS.side;
  style.setProperty("--side", `${side}px`);
  style.setProperty("--small", SMALL / side);
  style.setProperty("--large", Math.max(LARGE, side) / side);
}
const runNumber = () => at("run").selectedIndex;
const table = () => runs[runNumber()].data;
// A column with its names, if it has any: of the run, or of every object.
function columnOf(name) {
  const kinds = FACTS.categories.runs[FACTS.runs[runNumber()]];
  if (name in kinds) return {values: table()[name], names: kinds[name]};
  return {values: shared.data[name], names: FACTS.categories.shared[name]};
}
const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#332288",
  "#B8AD1F", "#882255", "#44AA99", "#661100", "#AA4499", "#117733", "#DDAA77", "#6A7FDB"];
const colourOf = (name, k, names) =>
  k < 0 || names[k] === "noise" || names[k] === "typical" ? FACTS.grey : COLOURS[k % COLOURS.length];

function fill(select, values, kept) {
  select.replaceChildren();
  for (const value of values) made("option", value, select).value = value;
  if (values.includes(kept)) select.value = kept;
}
function chooseRun() {
  const maps = ["umap", "tsne", "pca"].filter((name) => `${name}_1` in table());
  fill(at("projection"), maps, at("projection").value);
  const kinds = FACTS.categories.runs[FACTS.runs[runNumber()]];
  const columns = [...Object.keys(FACTS.categories.shared), ...Object.keys(kinds)];
  fill(at("colour"), [...columns, ...FACTS.features], at("colour").value);
  move();
  paint();
}
function move() {
  const map = at("projection").value;
  if (!map) return;
  points.data.x = table()[`${map}_1`];
  points.data.y = table()[`${map}_2`];
  points.change.emit();
  plot.reset.emit();
}
function paint() {
  const name = at("colour").value, {values, names} = columnOf(name);
  const legend = at("legend");
  legend.replaceChildren();
  if (names) {
    points.data.color = Array.from(values, (k) => colourOf(name, k, names));
    points.data.said = Array.from(values, (k) => `${name}: ${k < 0 ? "unknown" : names[k]}`);
    const counts = new Map();
    for (const k of values) counts.set(k, (counts.get(k) || 0) + 1);
    for (const k of [...counts.keys()].sort((a, b) => (a < 0) - (b < 0) || a - b)) {
      const button = made("button", undefined, legend);
      button.type = "button";
      button.title = "select these";
      made("i", undefined, button).style.background = colourOf(name, k, names);
      made("span", `${k < 0 ? "unknown" : names[k]} (${counts.get(k).toLocaleString()})`, button);
      button.onclick = () => choose(rowsWhere((row) => values[row] === k));
    }
  } else paintNumbers(name, values, legend);
  points.change.emit();
}
function paintNumbers(name, values, legend) {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  const low = sorted[Math.floor(0.02 * (sorted.length - 1))] ?? 0;
  const high = sorted[Math.ceil(0.98 * (sorted.length - 1))] ?? 1;
  const palette = FACTS.palette, last = palette.length - 1, span = high - low || 1;
  points.data.color = Array.from(values, (value) => Number.isFinite(value)
    ? palette[Math.max(0, Math.min(last, Math.round(((value - low) / span) * last)))] : FACTS.grey);
  points.data.said = Array.from(values, (value) => `${name}: ${shortly(value)}`);
  made("div", name, legend);
  const scale = made("div", undefined, legend);
  scale.id = "scale";
  const stops = palette.filter((_, i) => i % 32 === 0 || i === last);
  scale.style.background = `linear-gradient(to right, ${stops.join(",")})`;
  const ends = made("div", undefined, legend);
  ends.className = "ends";
  made("span", shortly(low), ends);
  made("span", shortly(high), ends);
}
const shortly = (value) => Number.isFinite(value) ? String(+value.toPrecision(3)) : "missing";
function rowsWhere(holds) {
  const rows = [];
  for (let row = 0; row < points.data.id.length; row++) if (holds(row)) rows.push(row);
  return rows;
}
function choose(rows) {
  points.selected.indices = rows;
}
// Rows by a measure, those without it left out, and ranks from 1 on, the mean of equal ones, NaN
// without it; computed once.
function ranks(name) {
  if (ranksOf[name]) return ranksOf[name];
  const values = shared.data[name];
  const order = Int32Array.from(rowsWhere((row) => Number.isFinite(values[row])));
  order.sort((a, b) => values[a] - values[b]);
  const rank = new Float64Array(values.length).fill(NaN);
  for (let i = 0; i < order.length;) {
    let j = i;
    while (j < order.length && values[order[j]] === values[order[i]]) j++;
    for (let k = i; k < j; k++) rank[order[k]] = (i + j + 1) / 2;
    i = j;
  }
  return (ranksOf[name] = {rank, order});
}
// All ranks, one measure at a time while nobody waits.
function rankAhead(names) {
  const wait = window.requestIdleCallback || setTimeout;
  if (names.length) wait(() => { ranks(names[0]); rankAhead(names.slice(1)); });
}
// Cliff's delta of the chosen rows against the rest, as in the profiles of clusters.
function effect(name, rows) {
  const {rank, order} = ranks(name);
  let sum = 0, n = 0;
  for (const row of rows) if (rank[row] > 0) { sum += rank[row]; n++; }
  const others = order.length - n;
  return others && n ? (2 * (sum - (n * (n + 1)) / 2)) / (n * others) - 1 : NaN;
}
// The median of the rows that are chosen, or of those that are not.
function median(name, chosen, within) {
  const order = ranks(name).order.filter((row) => chosen.has(row) === within), n = order.length;
  const at = (place) => shared.data[name][order[place]];
  return n ? (at((n - 1) >> 1) + at(n >> 1)) / 2 : NaN;
}
function countsOf(values, rows) {
  const counts = new Map();
  for (const row of rows) counts.set(values[row], (counts.get(values[row]) || 0) + 1);
  return counts;
}
function tableOf(parent, head, rows) {
  const node = made("table", undefined, parent);
  const line = made("tr", undefined, node);
  for (const text of head) made("th", text, line);
  for (const row of rows) {
    const next = made("tr", undefined, node);
    for (const text of row) made("td", text, next);
  }
}
function summarise() {
  const rows = points.selected.indices, n = points.data.id.length;
  at("selection").hidden = !rows.length;
  at("csv").disabled = !rows.length;
  if (!rows.length) return;
  at("count").textContent = `${rows.length.toLocaleString()} of ${n.toLocaleString()} objects`;
  const summary = at("summary");
  summary.replaceChildren();
  const chosen = new Set(rows), rest = rowsWhere((row) => !chosen.has(row));
  const {values, names} = columnOf(at("colour").value);
  if (names) {
    const inside = countsOf(values, rows), outside = countsOf(values, rest);
    const share = (counts, k, n) => n ? `${((100 * (counts.get(k) || 0)) / n).toFixed(0)} %` : "";
    const present = [...inside.keys()].sort((a, b) => a - b);
    tableOf(summary, [at("colour").value, "selected", "rest"], present.map((k) =>
      [k < 0 ? "unknown" : names[k], share(inside, k, rows.length), share(outside, k, rest.length)]));
  }
  const effects = FACTS.features.map((name) => [name, effect(name, rows)])
    .filter(([, value]) => Number.isFinite(value))
    .sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, MEASURES);
  tableOf(summary, ["measure", "median", "of rest", "effect"], effects.map(([name, value]) =>
    [name, shortly(median(name, chosen, true)), shortly(median(name, chosen, false)), value.toFixed(2)]));
  const gallery = at("gallery");
  gallery.replaceChildren();
  for (const row of rows.slice(0, GALLERY)) {
    const button = made("button", undefined, gallery);
    button.type = "button";
    button.title = points.data.id[row];
    button.style.borderColor = points.data.color[row];
    if (points.data.place[row] < 0) button.textContent = points.data.id[row];
    else picture(row, button);
    button.onclick = () => describe(row);
  }
  if (rows.length === 1) describe(rows[0]);
}
function picture(row, parent) {
  const node = made("div", undefined, parent);
  node.className = "picture";
  node.style.backgroundPosition = `${points.data.left[row]}px ${points.data.top[row]}px`;
}
// All that is known of an object, as names and texts.
function known(row) {
  const said = [["id", points.data.id[row]]];
  const kinds = FACTS.categories.runs[FACTS.runs[runNumber()]];
  for (const name of [...Object.keys(FACTS.categories.shared), ...Object.keys(kinds)]) {
    const {values, names} = columnOf(name);
    said.push([name, values[row] < 0 ? "" : names[values[row]]]);
  }
  for (const name of FACTS.features) {
    const value = shared.data[name][row];
    said.push([name, Number.isFinite(value) ? value : ""]);
  }
  return said;
}
function describe(row) {
  const object = at("object");
  object.replaceChildren();
  shown = row;
  const address = FACTS.link && points.data.link[row];
  if (address) {
    const link = made("a", `open ${FACTS.link}`, made("p", undefined, object));
    Object.assign(link, {href: address, target: "_blank", rel: "noopener", id: "open"});
  }
  if (points.data.place[row] >= 0) picture(row, object);
  else made("p", "This object is not among those whose pictures are in this page.", object);
  const texts = known(row).map(([name, value]) =>
    [name, typeof value === "number" ? shortly(value) : value]);
  tableOf(object, [], texts);
}
function csv() {
  const rows = points.selected.indices.map(known);
  // A sheet must not take the name of an object for a formula.
  const safe = (text) => /^[=+@\t]/.test(text) ? `'${text}` : text;
  const quoted = (value) => typeof value === "number" ? value
    : `"${safe(value).replaceAll('"', '""')}"`;
  const lines = [rows[0].map(([name]) => quoted(name)), ...rows.map((r) => r.map(([, v]) => quoted(v)))];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.map((line) => line.join(",")).join("\r\n")], {type: "text/csv"}));
  link.download = "selection.csv";
  link.click();
}
// Without a mouse: through the selected objects, or all, and to what is linked of one.
function onKey(event) {
  if (event.key === "Escape") return choose([]);
  if (/^(INPUT|SELECT)$/.test(event.target.tagName)) return;
  const chosen = points.selected.indices, rows = chosen.length ? chosen : points.data.id.keys();
  const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
  if (step) {
    const all = [...rows], place = all.indexOf(shown);
    describe(all[place < 0 ? 0 : (place + step + all.length) % all.length]);
  }
  if (event.key === "o" && at("open")) at("open").click();
}
function start() {
  const view = Bokeh.documents[0];
  plot = view && view.get_model_by_name("plot");
  if (!plot) return setTimeout(start, 30);
  points = plot.renderers[0].data_source;
  [shared, ...runs] = plot.tags;
  for (const name of FACTS.runs) made("option", name, at("run")).value = name;
  at("run").onchange = chooseRun;
  at("projection").onchange = move;
  at("colour").onchange = () => { paint(); summarise(); };
  at("clear").onclick = () => choose([]);
  at("csv").onclick = csv;
  at("find").onchange = () => {
    const text = at("find").value.toLowerCase();
    choose(text ? rowsWhere((row) => points.data.id[row].toLowerCase().includes(text)) : []);
  };
  document.addEventListener("keydown", onKey);
  points.selected.properties.indices.change.connect(summarise);
  sizePictures();
  chooseRun();
  rankAhead(FACTS.features);
  document.body.dataset.ready = "yes";
}
showSheet();
start();
