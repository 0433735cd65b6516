// Everything in the order of the page; the plots last, since their library is the largest part of it.
const THEMES = ["auto", "light", "dark"];

function theme(value) {
  const chosen = THEMES.includes(value) ? value : "auto";
  if (chosen === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  $("theme").textContent = `Theme: ${chosen}`;
  return chosen;
}

function startSummary() {
  const { cells, seeds, supervisors, rows, artifacts, missing, cut } = study;
  const made = Object.values(artifacts).map((a) => a.made).filter(Boolean).sort().at(-1);
  const codes = languages.filter((code) => code !== ALL);
  $("summary").textContent = [
    count(cells.length, "cell"),
    `${count(seeds.length, "seed")} × ${count(supervisors.length, "supervisor")}`,
    count(rows.length, "row"),
    codes.length ? codes.join(", ") : null,
    made ? made.slice(0, 10) : null,
  ].filter(Boolean).join(" · ");
  const notes = [];
  if (missing.length) notes.push(`Not finished: ${missing.map(([s, t]) => `${s} on ${t}`).join(", ")}.`);
  const unscored = rows.filter((r) => {
    const own = study.metrics.map((m) => lineOf(r.row, r.seed, r.supervisor, m.name)).filter(Boolean);
    return own.length && own.every((x) => x.n_scored === "0");
  });
  if (unscored.length) notes.push(`Every verdict is unscored: ${unscored.map(rowName).join(", ")}.`);
  if (cut.replies != null) notes.push(`Long texts are cut to keep this page small: judges' replies after ${cut.replies} characters${cut.texts == null ? "" : `, others after ${cut.texts}`}. The files of the study have them whole.`);
  $("notes").append(...notes.map(note));
}

let chosenTheme = theme(remembered("ditto-theme"));
$("theme").addEventListener("click", () => {
  chosenTheme = theme(THEMES[(THEMES.indexOf(chosenTheme) + 1) % THEMES.length]);
  remembered("ditto-theme", chosenTheme);
});
for (const node of document.querySelectorAll("h1, .study")) node.replaceChildren(...visible(study.study));
startSummary();
startMatrix();
startFindings();
startRecovered();
startLearning();
startCosts();
startConfiguration();
startTranscripts();
requestAnimationFrame(() => setTimeout(startPlots));
