"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const form = document.getElementById("choose");
  const { a: first, b: second, outcome } = form.elements;
  const tally = document.querySelector("#tally tbody");
  const foot = document.querySelector("#tally tfoot");
  const body = document.querySelector("#tasks tbody");
  const typed = data.tasks.some((task) => task.category);

  function cell(row, text, className, header) {
    const made = document.createElement(header ? "th" : "td");
    if (header) made.scope = "row";
    made.textContent = text;
    made.className = className ?? "";
    row.append(made);
    return made;
  }

  function counts(i, j, seed) {
    const [low, high] = i <= j ? [i, j] : [j, i];
    const [both, one, other, neither] = data.tallies[`${low} ${high}`][seed];
    return i <= j ? [both, one, other, neither] : [both, other, one, neither];
  }

  function marks(row, at, name) {
    const solved = Object.values(row.seeds).map((outcomes) => outcomes[at] === "1");
    const made = document.createElement("span");
    made.className = "marks";
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", `${name}: ${solved.filter(Boolean).length} of ${solved.length} seeds`);
    made.textContent = solved.map((yes) => (yes ? "●" : "○")).join("");
    return made;
  }

  function link(row, task, name) {
    if (!row.episodes || !row.sample.includes(task.id)) return [];
    const made = document.createElement("a");
    made.href = `${row.episodes}#task=${encodeURIComponent(task.id)}&attempt=${task.attempt}`;
    made.textContent = name;
    made.setAttribute("aria-label", `Read ${task.id} of ${row.name}`);
    return [made, " "];
  }

  function render() {
    const [i, j] = [Number(first.value), Number(second.value)];
    const [a, b] = [data.rows[i], data.rows[j]];
    const common = Object.keys(a.seeds).filter((seed) => seed in b.seeds);
    document.getElementById("a-head").textContent = `A: ${a.name}`;
    document.getElementById("b-head").textContent = `B: ${b.name}`;
    document.getElementById("kind-head").hidden = !typed;
    tally.replaceChildren();
    for (const seed of common) {
      const row = tally.insertRow();
      cell(row, seed, "num", true);
      for (const count of counts(i, j, seed)) cell(row, String(count), "num");
    }
    foot.replaceChildren();
    if (common.length > 1) {
      const row = foot.insertRow();
      cell(row, "all", "num", true);
      for (const count of counts(i, j, "all")) cell(row, String(count), "num");
    }
    if (!common.length) cell(tally.insertRow(), "no seed that both have").colSpan = 5;
    body.replaceChildren();
    const wanted = outcome.value;
    data.tasks.forEach((task, at) => {
      const fits = !wanted || common.some((seed) => a.seeds[seed][at] + b.seeds[seed][at] === wanted);
      if (!fits) return;
      const row = body.insertRow();
      cell(row, task.attempt ? `${task.id}, attempt ${task.attempt}` : task.id, "", true);
      cell(row, task.category).hidden = !typed;
      cell(row, "").append(marks(a, at, a.name));
      cell(row, "").append(marks(b, at, b.name));
      cell(row, "").append(...link(a, task, "A"), ...link(b, task, "B"));
    });
    const which = wanted ? ` (${outcome.selectedOptions[0].textContent.trim()}, with one seed or more)` : "";
    document.getElementById("shown").textContent =
      `${body.rows.length} of ${data.tasks.length} tasks${which}; success ${a.success} % and ${b.success} %`;
    history.replaceState(null, "", `#a=${encodeURIComponent(a.name)}&b=${encodeURIComponent(b.name)}${wanted ? `&outcome=${wanted}` : ""}`);
  }

  for (const select of [first, second]) {
    data.rows.forEach((row, place) => select.append(new Option(row.kind === "method" ? row.name : `${row.name} (${row.kind})`, place)));
  }
  const asked = new URLSearchParams(location.hash.slice(1));
  const named = (name) => data.rows.findIndex((row) => row.name === name);
  const methods = data.rows.map((row, place) => [row, place]).filter(([row]) => row.kind === "method").map(([, place]) => place);
  first.value = named(asked.get("a")) >= 0 ? named(asked.get("a")) : (methods[0] ?? 0);
  second.value = named(asked.get("b")) >= 0 ? named(asked.get("b")) : (methods.at(-1) ?? 0);
  if ([...outcome.options].some((option) => option.value === asked.get("outcome"))) outcome.value = asked.get("outcome");
  form.addEventListener("change", render);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("swap").addEventListener("click", () => {
    [first.value, second.value] = [second.value, first.value];
    render();
  });
  render();
})();
