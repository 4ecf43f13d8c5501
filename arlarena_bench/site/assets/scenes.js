"use strict";
// A state's parts as elements. Text is always text: replies are whatever a model said.
const scenes = (() => {
  const SVG = "http://www.w3.org/2000/svg";

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function shape(name, className, attributes) {
    const made = document.createElementNS(SVG, name);
    made.setAttribute("class", className);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  const DRAW = {
    wall: (x, y) => [shape("rect", "wall", { x, y, width: 1.01, height: 1.01 })],
    floor: (x, y) => [shape("rect", "floor", { x, y, width: 1, height: 1 })],
    target: (x, y) => [shape("circle", "target", { cx: x + 0.5, cy: y + 0.5, r: 0.24 }), shape("circle", "target", { cx: x + 0.5, cy: y + 0.5, r: 0.05 })],
    box: (x, y, done) => [
      shape("rect", done ? "box done" : "box", { x: x + 0.15, y: y + 0.15, width: 0.7, height: 0.7, rx: 0.06 }),
      ...[[0.22, 0.22, 0.78, 0.78], [0.78, 0.22, 0.22, 0.78]].map(([a, b, c, d]) => shape("line", "brace", { x1: x + a, y1: y + b, x2: x + c, y2: y + d })),
    ],
    agent: (x, y) => [
      shape("circle", "agent", { cx: x + 0.5, cy: y + 0.33, r: 0.16 }),
      shape("path", "agent", { d: `M${x + 0.22} ${y + 0.82}a0.28 0.3 0 0 1 0.56 0z` }),
    ],
  };

  function grid(part) {
    const rows = part.rows.map((row) => row.map((place) => part.cells[place].split(" ")));
    const board = shape("svg", "board", { viewBox: `0 0 ${rows[0].length} ${rows.length}`, role: "img" });
    const told = [];
    rows.forEach((row, y) => row.forEach((words, x) => {
      const done = words.includes("target");
      for (const word of words) {
        if (DRAW[word]) {
          board.append(...DRAW[word](x, y, done));
        } else {
          const label = shape("text", "word", { x: x + 0.3, y: y + 0.65 });
          label.textContent = word.slice(0, 1);
          board.append(label);
        }
      }
      const said = words.filter((word) => word !== "wall" && word !== "floor");
      if (said.length) told.push(`${said.join(" and ")} in row ${y + 1}, column ${x + 1}`);
    }));
    board.setAttribute("aria-label", `Board of ${rows.length} rows and ${rows[0].length} columns: ${told.join("; ")}`);
    return [board];
  }

  const heading = (text) => (text ? [element("h4", text)] : []);

  const PARTS = {
    grid,
    text: (part) => [...heading(part.heading), element("p", part.text)],
    code: (part) => [...heading(part.heading), element("pre", part.text)],
    list: (part) => {
      const list = element("ul");
      for (const row of part.rows) {
        const item = element("li");
        item.append(...row.map((cell) => element("span", cell)));
        list.append(item);
      }
      return [...heading(part.heading), list];
    },
    choice: (part) => {
      const values = element("div", undefined, "values");
      for (const value of part.values) {
        const chosen = part.chosen.includes(value);
        const made = element("span", value, chosen ? "chosen" : "");
        if (chosen) made.append(element("span", " (chosen)", "hidden"));
        values.append(made);
      }
      return [element("h4", part.name), values];
    },
  };

  function draw(parts) {
    const scene = element("div", undefined, "scene");
    for (const part of parts) scene.append(...PARTS[part.kind](part));
    return scene;
  }

  return { draw, element };
})();
