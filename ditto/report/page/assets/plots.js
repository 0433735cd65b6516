// Scatter and learning curves by Plotly, unpacked once the page stands. Their colours follow the theme by CSS.
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "triangle-down", "pentagon", "star", "x"];
const STROKES = { solid: "none", dash: "6 4", dot: "2 3", dashdot: "6 3 2 3", longdash: "10 4", longdashdot: "10 3 2 3" };
const DASHES = Object.keys(STROKES);
const hidden = new Set();
const drawn = []; // plots with the seed and the supervisor of each of their traces

const seedColour = (seed) => {
  const found = study.colours[study.seeds.indexOf(seed) % study.colours.length];
  return found === "#000000" ? "#808080" : found; // black is not seen on a dark page
};
const symbolOf = (supervisor) => SYMBOLS[study.supervisors.indexOf(supervisor) % SYMBOLS.length];
const dashOf = (supervisor) => DASHES[study.supervisors.indexOf(supervisor) % DASHES.length];
const marked = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;"); // Plotly reads some markup in texts

const LAYOUT = {
  autosize: true,
  showlegend: false,
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)",
  font: { family: "system-ui, sans-serif", size: 12 },
  margin: { l: 46, r: 10, t: 8, b: 42 },
  hoverlabel: { align: "left", font: { family: "system-ui, sans-serif", size: 12 } },
  dragmode: matchMedia("(pointer: fine)").matches ? "zoom" : false,
};
const CONFIG = {
  responsive: true,
  displaylogo: false,
  modeBarButtons: [["toImage", "resetScale2d"]],
  toImageButtonOptions: { format: "svg" },
};
const axis = (title, more) => ({ title: { text: title, standoff: 8 }, zeroline: false, ticks: "", ...more });

async function loadPlotly() {
  const script = el("script");
  script.textContent = await inflate("plotly"); // runs because the page's policy knows its hash
  document.head.append(script);
}

async function plot(target, traces, layout, keys, label) {
  await new Promise((done) => setTimeout(done)); // whoever reads meanwhile goes first
  target.setAttribute("role", "group");
  target.setAttribute("aria-label", label);
  await Plotly.newPlot(target, traces, { ...LAYOUT, ...layout }, CONFIG);
  drawn.push([target, keys]);
  const fit = () => {
    for (const svg of target.querySelectorAll(".main-svg")) {
      svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
      svg.setAttribute("aria-hidden", "true"); // its label and a table say it
    }
  };
  target.on("plotly_afterplot", fit); // for print, where the picture is scaled
  fit();
}

function scatterPoint(metric, { seed, supervisor }) {
  const x = lineOf("supervision", "", supervisor, metric.name);
  const y = lineOf("imitation", seed, supervisor, metric.name);
  if (!x?.value || !y?.value) return null;
  const bar = (line) => ({
    type: "data",
    symmetric: false,
    array: [line.ci_low ? Math.max(0, line.ci_high - line.value) : 0],
    arrayminus: [line.ci_low ? Math.max(0, line.value - line.ci_low) : 0],
    thickness: 1,
    width: 0,
  });
  const span = (line) => (line.ci_low ? ` [${line.ci_low}, ${line.ci_high}]` : "");
  return {
    x: [Number(x.value)],
    y: [Number(y.value)],
    error_x: bar(x),
    error_y: bar(y),
    mode: "markers",
    marker: { color: seedColour(seed), symbol: symbolOf(supervisor), size: 10, line: { width: 0.5 } },
    hovertemplate:
      `<b>${marked(seed)} on ${marked(supervisor)}</b><br>imitation ${y.value}${span(y)}` +
      `<br>supervision ${x.value}${span(x)}<extra></extra>`,
  };
}

function panel(metric) {
  const target = el("div", { class: "plot" });
  $("points").append(el("figure", {}, el("figcaption", {}, el("b", {}, metric.name), ` ${metric.unit}`), target));
  return target;
}

function drawScatter(metric, target) {
  const [low, high] = metric.range;
  const pad = 0.06 * (high - low);
  const cells = new Map(study.cells.map((c) => [`${c.seed}\n${c.supervisor}`, c])); // once, whatever their replicates
  const points = [...cells.values()].map((c) => [c, scatterPoint(metric, c)]).filter(([, point]) => point);
  const range = [low - pad, high + pad];
  const ticks = { range, dtick: (high - low) / (high > 1 ? 3 : 4), tick0: low };
  const diagonal = { type: "line", x0: low, y0: low, x1: high, y1: high, layer: "below", line: { width: 1, dash: "dash" } };
  return plot(
    target,
    points.map(([, point]) => point),
    { xaxis: axis("supervision", ticks), yaxis: axis("imitation", ticks), shapes: [diagonal], hovermode: "closest" },
    points.map(([c]) => c),
    `${metric.name}: imitation over supervision, ${count(points.length, "cell")}. The values are in the matrix.`,
  );
}

const tuningOf = (c) => c.artifacts.find((made) => made.startsWith("tune/"));

function drawCurves() {
  const target = $("losses");
  if (!target) return null;
  const traces = [];
  const keys = [];
  for (const c of study.cells) {
    for (const [kind, curve] of Object.entries(study.curves[tuningOf(c)] || {})) {
      if (!curve) continue;
      const kept = kind === "validation";
      const label = `${marked(cellName(c))}${kept ? ", kept aside" : ""}`;
      keys.push(c);
      traces.push({
        x: curve.steps,
        y: curve.loss,
        mode: kept ? "markers" : "lines",
        marker: { color: seedColour(c.seed), symbol: "circle-open", size: 6 },
        line: { color: seedColour(c.seed), dash: dashOf(c.supervisor), width: 1.5 },
        hovertemplate: `<b>${label}</b><br>step %{x}: %{y:.4f}<extra></extra>`,
      });
    }
  }
  const layout = { xaxis: axis("step", { rangemode: "tozero" }), yaxis: axis("loss"), hovermode: "closest" };
  return plot(target, traces, layout, keys, "Loss by step of every tuning. First and last values are in the table below.");
}

// The key beside plots: a button switches a seed or a supervisor off and on, in all of them.
function drawKeys(target, supervisorSample) {
  const toggle = (kind, model, sample) => {
    const id = `${kind} ${model}`;
    return el("button", { type: "button", class: "key", "aria-pressed": "true", "data-key": id, onclick: () => flip(id) }, sample, name(model));
  };
  const dot = (seed) => {
    const node = el("span", { class: "dot", "aria-hidden": "true" });
    node.style.background = seedColour(seed);
    return node;
  };
  const group = (kind, models, sample) =>
    el("div", { role: "group", "aria-label": `${kind}s` }, el("span", {}, kind), models.map((m) => toggle(kind, m, sample(m))));
  target.append(group("seed", study.seeds, dot), group("supervisor", study.supervisors, supervisorSample));
}

function flip(id) {
  if (!hidden.delete(id)) hidden.add(id);
  for (const button of document.querySelectorAll(".key"))
    button.setAttribute("aria-pressed", String(!hidden.has(button.dataset.key)));
  for (const [target, keys] of drawn)
    Plotly.restyle(target, {
      visible: keys.map((c) => !hidden.has(`seed ${c.seed}`) && !hidden.has(`supervisor ${c.supervisor}`)),
    });
}

const shape = (s) => el("span", { class: "shape", "aria-hidden": "true" }, "●■◆▲▼⬟★✖"[study.supervisors.indexOf(s) % 8]);

function stroke(s) {
  const made = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const node = made("svg", { class: "stroke", width: 36, height: 8, "aria-hidden": "true" });
  node.append(made("line", { x1: 0, x2: 36, y1: 4, y2: 4, "stroke-dasharray": STROKES[dashOf(s)] }));
  return node;
}

async function startPlots() {
  drawKeys($("keys"), shape);
  if ($("losses")) drawKeys($("curve-keys"), stroke);
  await loadPlotly();
  const panels = study.metrics.map(panel); // all of them, since they share the page's width
  for (const [i, metric] of study.metrics.entries()) await drawScatter(metric, panels[i]);
  await drawCurves();
  document.documentElement.dataset.plots = "drawn";
}
