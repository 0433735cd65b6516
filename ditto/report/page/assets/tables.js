// Findings, learning, costs and configuration.
const MARK = { holds: "holds", "does not hold": "fails", "cannot tell": "open" };

// A difference on its metric's scale: an interval, its middle and the line of no difference.
function forest(d, widest) {
  const at = (x) => 50 + (48 * Math.max(-1, Math.min(1, x / widest)));
  const node = el("span", { class: "forest", "aria-hidden": "true" });
  const part = (kind, left, width) => {
    const piece = el("i", { class: kind });
    piece.style.left = `${left}%`;
    if (width != null) piece.style.width = `${width}%`;
    node.append(piece);
  };
  part("zero", 50);
  part("span", at(d.low), at(d.high) - at(d.low));
  part("mean", at(d.value));
  return node;
}

function finding(f, widest) {
  const d = f.difference;
  const facts = [f.source, f.metric, f.adjusted < 0.001 ? "adjusted p < 0.001" : `adjusted p = ${f.adjusted.toFixed(3)}`];
  if (f.effect != null) facts.push(`effect ${signed(f.effect)} sd`);
  facts.push(count(f.roles, "role") + (f.needed == null ? "" : ` of about ${f.needed.toLocaleString("en")} needed`));
  if (f.replicates > 1) facts.push(count(f.replicates, "replicate"));
  return el(
    "li",
    {},
    el("span", { class: `verdict ${MARK[f.verdict]}` }, f.verdict),
    el("div", {}, el("div", {}, inline(f.statement)), el("div", { class: "aside" }, facts.join(" · "))),
    forest(d, widest),
    el("span", { class: "number" }, `${signed(d.value)} [${signed(d.low)}, ${signed(d.high)}]`),
  );
}

function startFindings() {
  if (!study.findings.length) return $("found").append(note("This matrix can say nothing on the paper's statements."));
  const widest = {};
  for (const { metric, difference: d } of study.findings)
    widest[metric] = Math.max(widest[metric] || 1e-9, Math.abs(d.low), Math.abs(d.high));
  $("found").append(el("ul", { class: "findings" }, study.findings.map((f) => finding(f, widest[f.metric]))));
}

// Of weak-to-strong cells, the share of the gap that the seed recovers.
function startRecovered() {
  if (!study.pgr.length) return;
  const between = (x, low, high) => (x == null ? "–" : `${fixed(x)} [${fixed(low)}, ${fixed(high)}]`);
  const rows = study.pgr.map((x) => [
    el("span", {}, name(x.seed), " on ", name(x.supervisor)),
    x.metric,
    ...[x.weak, x.weak_to_strong, x.strong].map((value) => shown(value, 2)),
    between(x.gap, x.gap_low, x.gap_high),
    x.note ? el("span", { class: "aside" }, x.note) : between(x.pgr, x.ci_low, x.ci_high),
  ]);
  const heads = ["cell", "metric", "weak", "weak to strong", "strong", "gap", "recovered"];
  $("found").append(
    el(
      "details",
      {},
      el("summary", {}, "Performance gap recovered by weak-to-strong cells"),
      el("p", { class: "aside" }, "Weak is the supervisor tuned on its own dialogues, strong the seed on its own; 1 recovers all of the gap between them."),
      table("Performance gap recovered", heads, rows),
    ),
  );
}

function table(label, heads, rows, foot) {
  const line = (cells, tag) =>
    el("tr", {}, cells.map((x, i) => el(i && tag !== "th" ? "td" : "th", { scope: tag === "th" ? "col" : i ? null : "row", class: i ? "number" : null }, x)));
  return el(
    "div",
    { class: "sideways", tabindex: "0", role: "region", "aria-label": label },
    el(
      "table",
      { class: "plain" },
      el("thead", {}, line(heads, "th")),
      el("tbody", {}, rows.map((row) => line(row))),
      foot ? el("tfoot", {}, line(foot)) : null,
    ),
  );
}

const shown = (x, digits = 0) => (x == null ? "–" : Number(x).toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits }));

function startLearning() {
  const known = study.cells.filter((c) => study.curves[tuningOf(c)]?.training);
  const without = study.cells.filter((c) => !known.includes(c));
  if (without.length) {
    const whose = without.length === study.cells.length ? "These cells" : without.map(cellName).join(", ");
    $("curves").append(note(`${whose}: no loss was recorded.`));
  }
  if (!known.length) return;
  const rows = known.map((c) => {
    const { loss } = study.curves[tuningOf(c)].training;
    const { counts, seconds } = study.artifacts[tuningOf(c)];
    const figures = [counts.trained, counts.steps, counts["supervised tokens"], seconds, counts["tokens a second"]];
    return [
      name(cellName(c)),
      shown(loss[0], 3),
      shown(loss.at(-1), 3),
      ...figures.map((x) => shown(x)),
      shown(counts["peak GiB"], 2),
    ];
  });
  const { mean_of: width } = study.curves[tuningOf(known[0])].training;
  const heads = ["cell", "first loss", "last loss", "weights", "steps", "tokens learnt from", "seconds", "tokens/s", "peak GiB"];
  $("curves").append(
    el("p", { class: "aside" }, `Colour is the seed, dashes the supervisor.${width > 1 ? ` Each point is the mean of ${width} steps.` : ""}`),
    el("div", { class: "beside" }, el("div", { id: "losses", class: "plot" }), el("div", { id: "curve-keys", class: "keys" })),
    el("details", {}, el("summary", {}, "As a table"), table("Tunings", heads, rows)),
  );
}

function duration(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const [h, m] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return h ? `${h} h ${m} min` : `${m} min ${Math.floor(seconds % 60)} s`;
}

const STAGES = ["characters", "benchmark", "simulate", "filter", "tune", "answer", "judge"];
const stageOrder = (a, b) => (STAGES.indexOf(a) + 1 || 99) - (STAGES.indexOf(b) + 1 || 99);

function spending(made) {
  const sum = (of) => {
    const there = made.map(of).filter((x) => x != null);
    return there.length ? there.reduce((a, b) => a + b, 0) : null;
  };
  const used = (key) => sum((a) => a.usage?.[key]);
  return [
    sum((a) => a.seconds),
    sum((a) => a.counts.requested),
    used("prompt_tokens"),
    used("completion_tokens"),
    used("dollars"),
  ];
}

const spentCells = ([seconds, requests, prompt, reply, dollars]) => [
  seconds == null ? "–" : duration(seconds),
  shown(requests),
  shown(prompt),
  shown(reply),
  dollars ? `$${dollars.toFixed(2)}` : "–",
];

function startCosts() {
  const all = Object.values(study.artifacts);
  const stages = [...new Set(all.map((a) => a.stage))].sort(stageOrder);
  const heads = ["stage", "results", "time", "requests", "prompt tokens", "reply tokens", "dollars"];
  const line = (label, made) => [label, shown(made.length), ...spentCells(spending(made))];
  const each = Object.entries(study.artifacts).sort(([, a], [, b]) => stageOrder(a.stage, b.stage));
  const parts = [
    table("Costs by stage", heads, stages.map((s) => line(s, all.filter((a) => a.stage === s))), line("together", all)),
    all.some((a) => a.usage) ? null : note("No model was asked in a way that counts tokens."),
    planned(),
    el(
      "details",
      {},
      el("summary", {}, "Every result"),
      table("Costs of every result", ["result", "made", ...heads.slice(2)], each.map(([id, a]) => [name(id), a.made || "–", ...spentCells(spending([a]))])),
    ),
  ];
  $("spent").append(...parts.filter(Boolean));
}

// What plan.csv has, a stage summed over its results; its last line is all of them.
function planned() {
  if (!study.plan.length) return null;
  const both = (lines, what) =>
    ["planned", "measured"]
      .map((which) => lines.reduce((sum, x) => sum + Number(x[`${what}_${which}`]), 0))
      .map((sum) => shown(sum, what === "seconds" ? 1 : 0))
      .join(" / ");
  const line = (label, lines, n) => [
    label,
    shown(n),
    ...["seconds", "requests", "prompt_tokens", "reply_tokens"].map((what) => both(lines, what)),
  ];
  const stages = study.plan.slice(0, -1);
  const of = (stage) => stages.filter((x) => x.stage === stage);
  const heads = ["stage", "results", "seconds", "requests", "prompt tokens", "reply tokens"];
  return el(
    "details",
    { open: true },
    el("summary", {}, "Planned / measured"),
    table(
      "Planned and measured by stage",
      heads,
      [...new Set(stages.map((x) => x.stage))].map((stage) => line(stage, of(stage), of(stage).length)),
      line("together", study.plan.slice(-1), stages.length),
    ),
  );
}

const RESULT = "its folder";
const MADE = "made at";

// A cell's settings by stage; base, supervision and imitation each have an answer and a judge.
function settingsOf(c) {
  const found = [];
  for (const id of c.artifacts) {
    const a = study.artifacts[id];
    const part = ["answer", "judge"].includes(a.stage) ? `${a.stage}, ${a.label.split("-")[0]}` : a.stage;
    const made = { [RESULT]: id, [MADE]: a.made, git: a.git, python: a.python };
    for (const [key, value] of Object.entries({ ...a.settings, ...made })) found.push([part, key, value]);
    for (const [key, value] of Object.entries(a.packages)) found.push([part, `package ${key}`, value]);
  }
  return found;
}

function startConfiguration() {
  const all = study.cells.map(settingsOf);
  const values = new Map();
  for (const settings of all)
    for (const [part, key, value] of settings) {
      const id = `${part}\n${key}`;
      values.set(id, (values.get(id) || new Set()).add(JSON.stringify(value)));
    }
  const differs = (part, key) => key !== RESULT && key !== MADE && values.get(`${part}\n${key}`).size > 1;
  const list = el("div", { class: "settings" });
  const state = { at: 0, only: false };
  const draw = () => {
    const parts = new Map();
    for (const [part, key, value] of all[state.at])
      if (!state.only || differs(part, key)) parts.set(part, [...(parts.get(part) || []), [key, value]]);
    list.replaceChildren(
      ...[...parts].map(([part, settings]) =>
        el(
          "details",
          { open: state.only },
          el("summary", {}, part, el("small", {}, ` ${settings.length}`)),
          el("dl", {}, settings.flatMap(([key, value]) => [
            el("dt", { class: differs(part, key) ? "differs" : null }, inline(key)),
            el("dd", {}, value == null ? "–" : inline(String(value))),
          ])),
        ),
      ),
    );
    if (!parts.size) list.append(note("Nothing differs between the cells."));
  };
  const pick = el("select", { onchange: (event) => { state.at = Number(event.target.value); draw(); } },
    study.cells.map((c, i) => el("option", { value: i }, cellName(c))));
  const only = el("input", { type: "checkbox", onchange: (event) => { state.only = event.target.checked; draw(); } });
  $("settings").append(
    el("div", { class: "controls" }, el("label", {}, "Cell ", pick), el("label", {}, only, " only what differs between cells")),
    list,
  );
  draw();
}
