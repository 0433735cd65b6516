// The transcripts: a list of turns of which only those in view are drawn, and the chosen one with two rows' answers.
const HEIGHT = 62; // px, of a turn in the list
const SHOW = [
  ["all", "All"],
  ["wrong", "Wrong"],
  ["unscored", "Unscored"],
  ["refused", "Refused"],
  ["failed", "No answer"],
  ["differ", "A and B differ"],
];
const KINDS = [["any", "any kind"], ["specific", "role-specific"], ["contrastive", "contrastive"]];
const view = { a: 0, b: -1, show: "all", metric: "any", lang: ALL, kind: "any", text: "", turn: 0 };
let turns = []; // of the benchmark of row A: {session, number, question, at}
let sides = []; // the texts of rows A and B
let kept = []; // places in `turns` of those that pass the filters
let parts; // the browser's elements
let asked = 0;

const rangeOf = (metric) => study.metrics.find((m) => m.name === metric)?.range || [0, 1];
const markOf = (metric, score) => (score == null ? "unscored" : score < (rangeOf(metric)[0] + rangeOf(metric)[1]) / 2 ? "wrong" : "right");
const inWords = (metric, score) => {
  const [, high] = rangeOf(metric);
  if (score == null) return "unscored";
  if (high === 1 && score % 1 === 0) return score ? "right" : "wrong";
  return high === 1 ? score.toFixed(2) : `${Number(score.toFixed(2))} of ${high}`;
};
const GLYPH = { right: "✓", wrong: "✕", unscored: "?" };

// What the filters ask of an answer, and nothing of a row that has no texts.
function stateOf(side, at) {
  const verdicts = side.verdicts[at];
  const metrics = Object.keys(verdicts).filter((m) => view.metric === "any" || m === view.metric);
  const marks = metrics.map((m) => markOf(m, verdicts[m].score));
  const { reject } = turns[at].question;
  const turned = verdicts.rejection?.score;
  return {
    marks: marks.join(),
    wrong: marks.includes("wrong"),
    unscored: marks.includes("unscored"),
    refused: turned != null && turned >= 0.5 === reject,
    failed: side.answers[at]?.[0] == null,
  };
}

function passes(at) {
  const { question, session } = turns[at];
  if (view.lang !== ALL && session.lang !== view.lang) return false;
  if (view.kind !== "any" && (view.kind === "contrastive") !== question.reject) return false;
  return !view.text || searched(turns[at], at).includes(view.text);
}

function searched(turn, at) {
  const { question, session } = turn;
  turn.words ??= [session.label, session.id, question.query, ...sides.map((s) => s?.answers[at]?.[0] || "")].join("\n").toLowerCase();
  return turn.words;
}

function shows(at) {
  if (!sides[0]) return { all: true };
  const state = stateOf(sides[0], at);
  return { all: true, ...state, differ: Boolean(sides[1]) && stateOf(sides[1], at).marks !== state.marks };
}

function filter() {
  const counts = Object.fromEntries(SHOW.map(([value]) => [value, 0]));
  kept = [];
  turns.forEach((_, at) => {
    if (!passes(at)) return;
    const state = shows(at);
    for (const [value] of SHOW) if (state[value]) counts[value] += 1;
    if (state[view.show]) kept.push(at);
  });
  for (const small of parts.show.querySelectorAll("small")) small.textContent = ` ${counts[small.dataset.count]}`;
  if (!kept.includes(view.turn)) view.turn = kept[0] ?? 0;
  parts.status.textContent = kept.length ? count(kept.length, "turn") : "No turn is like this.";
  parts.list.hidden = !kept.length;
  parts.room.style.height = `${kept.length * HEIGHT}px`;
  reveal();
  drawList();
  drawTurn();
}

function drawList() {
  const { list, room } = parts;
  const first = Math.max(0, Math.floor(list.scrollTop / HEIGHT) - 4);
  const last = Math.min(kept.length, first + Math.ceil(list.clientHeight / HEIGHT) + 9);
  room.replaceChildren(...kept.slice(first, last).map((at, i) => item(at, first + i)));
  list.setAttribute("aria-activedescendant", kept.length ? `turn-${view.turn}` : "");
}

function item(at, place) {
  const { session, number, question } = turns[at];
  const node = el(
    "div",
    {
      class: "item",
      role: "option",
      id: `turn-${at}`,
      "aria-selected": String(at === view.turn),
      "aria-setsize": kept.length,
      "aria-posinset": place + 1,
      onclick: () => choose(at),
    },
    el("span", { class: "who" }, inline(session.label), el("small", {}, ` ${session.lang} · ${number + 1}`)),
    el("span", { class: "marks" }, sides.map((side, i) => side && el("span", { class: "side" }, "AB"[i], marks(side, at)))),
    inline(question.query.slice(0, 160), { class: "query" }),
  );
  node.style.top = `${place * HEIGHT}px`;
  return node;
}

function marks(side, at) {
  const verdicts = Object.entries(side.verdicts[at]);
  if (!verdicts.length) return el("span", { class: "mark unscored", title: "no verdict" }, "–");
  return verdicts.map(([metric, { score }]) => {
    const mark = markOf(metric, score);
    return el("span", { class: `mark ${mark}`, role: "img", "aria-label": `${metric} ${mark}`, title: `${metric}: ${mark}` }, GLYPH[mark]);
  });
}

function reveal() {
  const place = kept.indexOf(view.turn);
  const { list } = parts;
  if (place * HEIGHT < list.scrollTop) list.scrollTop = place * HEIGHT;
  if ((place + 1) * HEIGHT > list.scrollTop + list.clientHeight) list.scrollTop = (place + 1) * HEIGHT - list.clientHeight;
}

// The address names what is read, so that a turn can be pointed at.
function remember() {
  try {
    history.replaceState(null, "", `#read/${view.a}/${view.b}/${view.show}/${view.turn}`);
  } catch {
    // a browser that keeps the address of a file
  }
}

function recall() {
  const [, a, b, show, turn] = location.hash.match(/^#read\/(\d+)\/(-?\d+)\/(\w+)\/(\d+)$/) || [];
  if (!study.rows[a]) return false;
  Object.assign(view, { a: Number(a), b: study.rows[b] ? Number(b) : -1, turn: Number(turn) });
  if (SHOW.some(([value]) => value === show)) view.show = show;
  return true;
}

function choose(at) {
  view.turn = at;
  remember();
  reveal();
  drawList();
  drawTurn();
}

function step(by) {
  if (!kept.length) return;
  const place = kept.indexOf(view.turn) + by;
  choose(kept[Math.max(0, Math.min(kept.length - 1, place))]);
}

function drawTurn() {
  if (!kept.length) return parts.turn.replaceChildren();
  const { session, number, question } = turns[view.turn];
  const place = kept.indexOf(view.turn);
  parts.turn.replaceChildren(
    el(
      "div",
      { class: "head" },
      el("h3", {}, inline(session.label)),
      el(
        "span",
        { class: "steps" },
        el("button", { type: "button", class: "quiet", "aria-label": "Previous turn", disabled: place === 0, onclick: () => step(-1) }, "‹"),
        el("span", { class: "number" }, `${place + 1} of ${kept.length}`),
        el("button", { type: "button", class: "quiet", "aria-label": "Next turn", disabled: place === kept.length - 1, onclick: () => step(1) }, "›"),
      ),
    ),
    el("p", { class: "aside" }, session.description ? [inline(session.description), " · "] : null, `${session.lang} · turn ${number + 1} of ${session.turns.length} · ${question.reject ? "contrastive" : "role-specific"}`),
    block(question.query, { class: "question" }),
    grounds(session, question),
    el("div", { class: "answers" }, sides.map((side, i) => answer(side, i))),
    earlier(session, number),
    session.candidates.length > 1
      ? el("p", { class: "aside" }, "The judge chose among ", session.candidates.flatMap((c, i) => (i ? [", ", inline(c)] : [inline(c)])), ".")
      : "",
  );
}

function grounds(session, question) {
  const evidence = question.evidence.map(([property, value]) =>
    el("li", {}, property ? [inline(property), ": "] : null, inline(value)));
  return el(
    "div",
    { class: "grounds" },
    el("h4", {}, question.reject ? "To be turned down" : "Evidence"),
    question.reject ? el("p", {}, "A question of another role: a right answer does not know it.") : null,
    evidence.length ? el("ul", {}, evidence) : question.reject ? null : el("p", {}, "None is given: knowledge is not judged."),
    question.reference ? el("details", {}, el("summary", {}, "A good answer"), block(question.reference)) : null,
  );
}

function answer(side, i) {
  const row = study.rows[i ? view.b : view.a];
  if (!row) return null;
  const head = el("h4", {}, el("span", { class: "letter" }, "AB"[i]), name(rowName(row)));
  if (!side) return el("article", {}, head, note(absent(row, i)));
  const said = side.answers[view.turn];
  const text = said?.[0] != null ? block(said[0], { class: "said" }) : note(`No answer${said?.[1] ? `: ${said[1]}` : ""}.`);
  return el("article", {}, head, text, verdicts(side.verdicts[view.turn]));
}

function absent(row, i) {
  if (row.benchmark == null) return "Its answers are no longer in the study's folder.";
  return i && row.benchmark !== study.rows[view.a].benchmark ? "It was asked other questions." : "";
}

function verdicts(found) {
  const metrics = Object.entries(found);
  if (!metrics.length) return note("No verdict.");
  return el("ul", { class: "verdicts" }, metrics.map(([metric, { score, votes }]) => {
    const mark = markOf(metric, score);
    const [, , , reason, transcript] = votes[0];
    return el(
      "li",
      {},
      el("span", { class: `mark ${mark}`, "aria-hidden": "true" }, GLYPH[mark]),
      el("b", {}, metric),
      el("span", { class: "number" }, inWords(metric, score)),
      votes.length === 1 && reason ? block(reason, { class: "reason" }) : null,
      votes.length > 1 || transcript ? el("details", {}, el("summary", {}, votes.length > 1 ? count(votes.length, "vote") : "The judge's reply"), votes.map((v) => vote(metric, v, votes.length))) : null,
    );
  }));
}

function vote(metric, [judge, sample, value, reason, transcript], of) {
  const who = [judge, of > 1 ? `vote ${sample + 1}` : ""].filter(Boolean).join(", ");
  return el(
    "div",
    { class: "vote" },
    of > 1 || judge ? el("div", {}, inline(who), `: ${inWords(metric, value)}`) : null,
    of > 1 && reason ? block(reason) : null,
    transcript ? block(transcript, { class: "transcript" }) : null,
  );
}

function earlier(session, number) {
  const { row } = study.rows[view.a];
  if (!number || row === "supervision") return "";
  return el(
    "details",
    {},
    el("summary", {}, `The conversation before (${count(number, "turn")})`),
    session.turns.slice(0, number).map((question, n) =>
      el("div", { class: "before" }, block(question.query, { class: "question" }), el("div", { class: "answers" }, sides.map((side) => {
        const said = side?.answers[view.turn - number + n]?.[0];
        return side ? el("article", {}, said == null ? note("No answer.") : block(said)) : null;
      })))),
  );
}

// The texts of the chosen rows; of several requests only the last one counts.
async function load() {
  const mine = (asked += 1);
  const [a, b] = [study.rows[view.a], study.rows[view.b]];
  parts.status.textContent = "Unpacking …";
  const texts = (row, i) => (row?.benchmark != null && row.benchmark === a.benchmark ? unpack(`row-${i}`) : null);
  const benchmark = a.benchmark == null ? { sessions: [] } : await unpack(a.benchmark);
  const found = await Promise.all([texts(a, view.a), texts(b, view.b)]);
  if (mine !== asked) return;
  turns = benchmark.sessions.flatMap((session) =>
    session.turns.map((question, number) => ({ session, question, number })));
  sides = view.b < 0 ? [found[0]] : found;
  parts.absent.replaceChildren(...(a.benchmark == null ? [note(absent(a, 0))] : []));
  filter();
}

// Open the transcripts at a row of the matrix, a tuned model beside its seed.
function browse({ row, seed, supervisor }) {
  const at = (...wanted) => study.rows.findIndex((r) => [r.row, r.seed, r.supervisor].join("\n") === wanted.join("\n"));
  parts.a.value = view.a = at(row, seed, supervisor);
  parts.b.value = view.b = row === "imitation" ? at("base", seed, "") : -1;
  load().then(remember);
  hideTip();
  $("transcripts").scrollIntoView();
  parts.list.focus({ preventScroll: true });
}

function rowSelect(label, chosen, none, onchange) {
  const groups = ["base", "supervision", "imitation"].map((kind) =>
    el("optgroup", { label: kind }, study.rows.map((r, i) => r.row === kind && el("option", { value: i }, rowName(r))).filter(Boolean)));
  const pick = el("select", { "aria-label": `Row ${label}`, onchange: (event) => onchange(Number(event.target.value)) }, none ? el("option", { value: -1 }, "none") : null, groups.filter((g) => g.children.length));
  pick.value = chosen;
  return [el("label", {}, el("span", { class: "letter" }, label), pick), pick];
}

function select(label, options, chosen, onchange) {
  const pick = el("select", { "aria-label": label, onchange: (event) => onchange(event.target.value) }, options.map(([value, text]) => el("option", { value }, text)));
  pick.value = chosen;
  return pick;
}

function startTranscripts() {
  if (!study.rows.length) return $("browser").append(note("No row is judged yet."));
  const last = study.rows.findLastIndex((r) => r.row === "imitation");
  view.a = Math.max(0, last);
  view.b = last < 0 ? -1 : study.rows.findIndex((r) => r.row === "base" && r.seed === study.rows[last].seed);
  const pointed = recall();
  const set = (key, then) => async (value) => {
    view[key] = value;
    await then();
    remember();
  };
  const [labelA, a] = rowSelect("A", view.a, false, set("a", load));
  const [labelB, b] = rowSelect("B", view.b, true, set("b", load));
  const search = el("input", { type: "search", placeholder: "Search roles, questions, answers", "aria-label": "Search roles, questions and answers", oninput: (event) => set("text", filter)(event.target.value.toLowerCase()) });
  const show = choice("Show the turns of A that are", SHOW, view.show, set("show", filter));
  const room = el("div", { role: "presentation", class: "room" });
  const list = el("div", { class: "list", role: "listbox", tabindex: "0", "aria-label": "Turns", onscroll: () => requestAnimationFrame(drawList), onkeydown: keys }, room);
  const status = el("p", { role: "status", class: "aside" });
  const turn = el("div", { class: "turn", role: "region", "aria-label": "Chosen turn" });
  const missing = el("div", {});
  const metrics = [["any", "any metric"], ...study.metrics.map((m) => [m.name, m.name])];
  const codes = languages.map((code) => [code, code === ALL ? "all languages" : code]);
  parts = { a, b, show, list, room, status, turn, absent: missing };
  $("browser").append(
    el("div", { class: "controls" }, labelA, labelB, search),
    el(
      "div",
      { class: "controls" },
      show,
      select("Metric", metrics, "any", set("metric", filter)),
      select("Query kind", KINDS, "any", set("kind", filter)),
      codes.length > 2 ? select("Language", codes, ALL, set("lang", filter)) : null,
    ),
    el("p", { class: "aside" }, "The filters look at A. Wrong is less than half of a metric's scale; refused, an answer that turns its question down."),
    missing,
    status,
    el("div", { class: "split" }, list, turn),
  );
  load().then(() => pointed && $("transcripts").scrollIntoView());
}

function keys(event) {
  const page = Math.max(1, Math.floor(parts.list.clientHeight / HEIGHT) - 1);
  const by = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
  if (by == null || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  step(by);
}
