"use strict";
(() => {
  const { draw, element } = scenes;
  const data = JSON.parse(document.getElementById("data").textContent);
  const find = (id) => document.getElementById(id);
  const [list, turns, title, says, task, where, all] = ["list", "turns", "episode-title", "episode-says", "episode-task", "where", "all"].map(find);
  const name = (episode) => (episode.attempt ? `${episode.task}, attempt ${episode.attempt}` : episode.task);
  let shown = 0;
  let turn = 0;

  function turnItem(episode, at) {
    const item = element("li");
    const last = at === episode.turns.length;
    item.append(element("h3", last ? "The end" : `Turn ${at + 1} of ${episode.turns.length}`));
    const parts = episode.scenes[at];
    item.append(parts ? draw(parts) : element("div", "Not stepped again.", "scene note"));
    const said = element("div", undefined, "said");
    if (last) {
      said.append(element("p", episode.success ? "Solved." : "Not solved.", episode.success ? "solved" : ""));
      said.append(element("p", `Score ${episode.score}, return ${episode.reward}.`, "facts"));
    } else {
      said.append(...reply(episode.turns[at]));
    }
    item.append(said);
    return item;
  }

  function reply(said) {
    const parts = [];
    if (said.thought) parts.push(element("h4", "thought"), element("p", said.thought.trim(), "thought"));
    parts.push(element("h4", "command"), element("pre", said.command || "none", "command"));
    const facts = element("p", `reward ${said.reward}`, "facts");
    if (said.penalty) facts.append(`, penalty ${said.penalty}`);
    if (said.tokens) facts.append(`, ${said.tokens} tokens`);
    if (!said.format) facts.append(element("span", ", not in the strict format", "wrong"));
    if (!said.action) facts.append(element("span", ", no valid action", "wrong"));
    parts.push(facts);
    const raw = element("details");
    raw.append(element("summary", "the reply as it was sampled"), element("pre", said.reply));
    parts.push(raw);
    return parts;
  }

  function render() {
    const episode = data.episodes[shown];
    const end = episode.turns.length;
    const places = all.checked ? Array.from({ length: end + 1 }, (_, at) => at) : [turn];
    turns.replaceChildren(...places.map((at) => turnItem(episode, at)));
    where.textContent = all.checked ? `${end} turns` : turn === end ? `the end, after ${end} turns` : `turn ${turn + 1} of ${end}`;
    find("previous").disabled = all.checked || turn === 0;
    find("next").disabled = all.checked || turn === end;
    history.replaceState(null, "", `#task=${encodeURIComponent(episode.task)}&attempt=${episode.attempt}&turn=${turn + 1}`);
  }

  function open(at, from = 0) {
    shown = at;
    const episode = data.episodes[at];
    turn = Math.min(Math.max(from, 0), episode.turns.length);
    title.textContent = name(episode);
    says.textContent = [episode.success ? "solved" : "not solved", `${episode.turns.length} turns`, `return ${episode.reward}`, ...(episode.category ? [episode.category] : [])].join(", ");
    if (episode.difference) says.append(element("span", `; stepped again, it is not the same: ${episode.difference}`, "wrong"));
    task.textContent = data.shared ? "" : episode.instruction;
    for (const button of list.querySelectorAll("button")) {
      if (Number(button.value) === at) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    render();
  }

  function step(by) {
    if (all.checked) return;
    const now = Math.min(Math.max(turn + by, 0), data.episodes[shown].turns.length);
    if (now !== turn) {
      turn = now;
      render();
    }
  }

  data.episodes.forEach((episode, at) => {
    const item = element("li");
    const button = element("button", name(episode));
    button.type = "button";
    button.value = at;
    button.append(element("span", episode.success ? "solved" : "unsolved", episode.success ? "solved" : ""));
    button.addEventListener("click", () => {
      open(at);
      title.focus();
    });
    item.append(button);
    list.append(item);
  });
  find("previous").addEventListener("click", () => step(-1));
  find("next").addEventListener("click", () => step(1));
  all.addEventListener("change", render);
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, pre, [role=region]")) return;
    if (event.key === "ArrowRight") step(1);
    if (event.key === "ArrowLeft") step(-1);
  });
  // On paper there are no buttons.
  let before = false;
  addEventListener("beforeprint", () => { before = all.checked; all.checked = true; render(); });
  addEventListener("afterprint", () => { all.checked = before; render(); });

  function asked() {
    const told = new URLSearchParams(location.hash.slice(1));
    const at = data.episodes.findIndex((episode) => episode.task === told.get("task") && String(episode.attempt) === (told.get("attempt") ?? "0"));
    open(Math.max(at, 0), at < 0 ? 0 : Number(told.get("turn") ?? 1) - 1);
  }

  addEventListener("hashchange", asked);
  asked();
})();
