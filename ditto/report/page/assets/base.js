// What every part of the page uses. Texts of models and of the web become text nodes, never markup.
const $ = (id) => document.getElementById(id);
const study = JSON.parse($("study").textContent);
const FOLD = 1500; // characters of a text that are shown at once
// C0 and C1 controls, and the marks that turn the direction of writing or take no room.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null));
  return node;
}

// A text with its control characters shown by their numbers.
function visible(text) {
  const parts = [];
  let from = 0;
  for (const { 0: char, index } of text.matchAll(CONTROLS)) {
    if (index > from) parts.push(text.slice(from, index));
    const code = char.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    parts.push(el("span", { class: "control" }, `U+${code}`));
    from = index + 1;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

const inline = (text, attributes) => el("bdi", { dir: "auto", ...attributes }, visible(text));

// A paragraph of any length: a long one is folded until it is asked for.
function block(text, attributes) {
  const body = el("div", { dir: "auto", ...attributes, class: `text ${attributes?.class || ""}` });
  if (text.length <= FOLD * 1.2) {
    body.append(...visible(text));
    return body;
  }
  const shown = el("div", {}, body);
  const button = el("button", { type: "button", class: "quiet", "aria-expanded": "false" });
  const set = (open) => {
    body.replaceChildren(...visible(open ? text : `${text.slice(0, FOLD)}…`));
    button.textContent = open ? "Fold" : `Show all ${text.length.toLocaleString("en")} characters`;
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => set(button.getAttribute("aria-expanded") === "false"));
  set(false);
  shown.append(button);
  return shown;
}

// Model names break after their underscores and dashes rather than anywhere.
const name = (text) => el("bdi", {}, text.split(/(?<=[_\-@/])/).flatMap((part, i) => (i ? [el("wbr"), part] : [part])));
const count = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
const note = (text) => el("p", { class: "note" }, text);
const fixed = (x) => x.toFixed(2).replace("-", "−");
const signed = (x) => (x < 0 ? "" : "+") + fixed(x);

// Replicates are told apart where there are several.
const several = new Set(study.cells.map((c) => c.replicate)).size > 1;
const cellName = (c) => `${c.seed} on ${c.supervisor}${several && c.replicate != null ? `, replicate ${c.replicate}` : ""}`;

function rowName(row) {
  if (row.row === "base") return `base ${row.seed}`;
  if (row.row === "supervision") return `supervision ${row.supervisor}`;
  return `imitation ${cellName(row)}`;
}

// One of several choices, as radio buttons in a row.
function choice(legend, options, chosen, onchange) {
  const group = `choice-${(choice.made = (choice.made || 0) + 1)}`;
  return el(
    "fieldset",
    { class: "choice" },
    el("legend", { class: "unseen" }, legend),
    options.map(([value, label]) => {
      const input = el("input", { type: "radio", name: group, value, onchange: () => onchange(value) });
      input.checked = value === chosen;
      return el("label", {}, input, el("span", {}, label, el("small", { "data-count": value })));
    }),
  );
}

// The texts of a row or a benchmark, unpacked when first asked for.
const unpacked = new Map();
function unpack(id) {
  if (!unpacked.has(id)) unpacked.set(id, inflate(id).then(JSON.parse));
  return unpacked.get(id);
}

async function inflate(id) {
  const packed = atob($(id).textContent);
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i += 1) bytes[i] = packed.charCodeAt(i);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

// One tip for whatever is under the pointer or in focus.
const tip = $("tip");
function showTip(target, lines) {
  tip.replaceChildren(...lines.map((line) => el("div", {}, line)));
  tip.hidden = false;
  const box = target.getBoundingClientRect();
  const left = Math.min(Math.max(8, box.left + box.width / 2 - tip.offsetWidth / 2), innerWidth - tip.offsetWidth - 8);
  const above = box.top - tip.offsetHeight - 8;
  tip.style.left = `${left}px`;
  tip.style.top = `${above < 60 ? box.bottom + 8 : above}px`;
}
const hideTip = () => (tip.hidden = true);
addEventListener("scroll", hideTip, { passive: true });
addEventListener("keydown", (event) => event.key === "Escape" && hideTip());

function remembered(key, value) {
  try {
    if (value !== undefined) localStorage.setItem(key, value);
    return localStorage.getItem(key);
  } catch {
    return null; // a browser that keeps nothing for files
  }
}
