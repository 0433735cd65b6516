// The matrix: a table for each metric, coloured by value, that reads and prints as a table.
const ALL = "all";
const lines = new Map(study.matrix.map((x) => [[x.row, x.seed, x.supervisor, x.metric, x.language].join("\n"), x]));
const languages = [...new Set(study.matrix.map((x) => x.language))].sort((a, b) => (b === ALL) - (a === ALL));
const lineOf = (row, seed, supervisor, metric, language = ALL) =>
  lines.get([row, seed, supervisor, metric, language].join("\n"));
const isMissing = (seed, supervisor) => study.missing.some(([s, t]) => s === seed && t === supervisor);

function colour(value, [low, high]) {
  const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
  const background = study.scale[Math.round(share * (study.scale.length - 1))];
  return { background, ink: luminance(background) > 0.18 ? "#000" : "#fff" };
}

function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
  const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

// What a cell tells on hover, in the digits of matrix.csv.
function told(line) {
  const where = line.language === ALL ? "all languages" : line.language;
  const interval = line.ci_low ? ` [${line.ci_low}, ${line.ci_high}]` : "";
  return [
    rowName(line),
    `${line.metric}, ${where}`,
    el("b", {}, line.value ? `${line.value}${interval}` : "unscored"),
    `${line.n_scored} of ${line.n_total} verdicts scored`,
  ];
}

function cell(metric, language, row, seed, supervisor) {
  const line = lineOf(row, seed, supervisor, metric.name, language);
  if (!line) {
    const text = row === "imitation" && isMissing(seed, supervisor) ? "not run" : "–";
    return el("td", { class: "hole" }, el("span", { class: "cell" }, text));
  }
  const button = el("button", { type: "button", class: "cell", tabindex: "-1" });
  const show = () => showTip(button, told(line));
  for (const event of ["pointerenter", "focus"]) button.addEventListener(event, show);
  for (const event of ["pointerleave", "blur"]) button.addEventListener(event, hideTip);
  button.addEventListener("click", () => browse(line));
  if (line.value) {
    const { background, ink } = colour(Number(line.value), metric.range);
    button.style.background = background;
    button.style.color = ink;
    button.append(el("b", {}, Number(line.value).toFixed(2)));
    if (line.ci_low) {
      const [low, high] = [line.ci_low, line.ci_high].map((x) => Number(x).toFixed(2));
      button.append(el("small", {}, el("span", { class: "unseen" }, ", interval "), `${low}–${high}`));
    }
  } else button.append(el("small", {}, "unscored"));
  return el("td", {}, button);
}

function heatmap(metric, language) {
  const { seeds, supervisors } = study;
  const head = (text, scope, kind) => el("th", { scope, class: kind }, name(text));
  const table = el(
    "table",
    { class: "heat", role: "grid", "aria-label": `${metric.name}, ${metric.unit}` },
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("td", { class: "corner" }, "supervisor →", el("br"), "seed ↓"),
        supervisors.map((s) => head(s, "col")),
        head("base", "col", "apart"),
      ),
    ),
    el(
      "tbody",
      {},
      seeds.map((seed) =>
        el(
          "tr",
          {},
          head(seed, "row"),
          supervisors.map((s) => cell(metric, language, "imitation", seed, s)),
          cell(metric, language, "base", seed, ""),
        ),
      ),
      el(
        "tr",
        { class: "apart" },
        head("supervision", "row"),
        supervisors.map((s) => cell(metric, language, "supervision", "", s)),
        el("td", {}),
      ),
    ),
  );
  walk(table);
  const { range, unit } = metric;
  const scale = el("span", { class: "ramp" });
  scale.style.background = `linear-gradient(to right, ${study.scale.join(",")})`;
  return el(
    "figure",
    {},
    el(
      "figcaption",
      {},
      el("b", {}, metric.name),
      ` ${unit}`,
      el("span", { class: "legend", "aria-hidden": "true" }, String(range[0]), scale, String(range[1])),
    ),
    el("div", { class: "sideways" }, table),
  );
}

// One stop of the Tab key for each table, arrows inside it.
function walk(table) {
  const grid = [...table.tBodies[0].rows].map((row) => [...row.cells].slice(1).map((td) => td.querySelector("button")));
  const all = grid.flat().filter(Boolean);
  if (all.length) all[0].tabIndex = 0;
  table.addEventListener("keydown", (event) => {
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    let i = grid.findIndex((row) => row.includes(document.activeElement));
    let j = grid[i].indexOf(document.activeElement);
    do [i, j] = [i + step[0], j + step[1]];
    while (grid[i] && j in grid[i] && !grid[i][j]);
    if (!grid[i]?.[j]) return;
    for (const button of all) button.tabIndex = -1;
    grid[i][j].tabIndex = 0;
    grid[i][j].focus();
  });
}

function drawMatrix(language) {
  $("heatmaps").style.setProperty("--panel", `${96 + 54 * (study.supervisors.length + 1)}px`);
  $("heatmaps").replaceChildren(...study.metrics.map((metric) => heatmap(metric, language)));
}

function startMatrix() {
  if (languages.length > 2) {
    const options = languages.map((code) => [code, code === ALL ? "all languages" : code]);
    $("languages").append(choice("Language", options, ALL, drawMatrix));
  }
  drawMatrix(ALL);
}
