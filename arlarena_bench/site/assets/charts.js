"use strict";
// Draws what was computed: means, intervals over seeds, single seeds, the baseline.
(() => {
  const data = JSON.parse(document.getElementById("curves").textContent);
  const drawn = new Map();
  let axis = 0;

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const faint = (colour, share) => `color-mix(in srgb, ${colour} ${share * 100}%, transparent)`;
  const number = (value) => (Math.abs(value) >= 1e4 ? value.toLocaleString("en") : String(Number(value.toPrecision(3))));
  const short = (value) => {
    if (value === 0) return "0";
    if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
    return value >= 1e4 ? `${Number((value / 1e3).toPrecision(3))}k` : String(value);
  };
  // A logarithm cannot show zero, and an interval that reaches near it would hide all else.
  const above = (values, floor) => values.map((value) => (value === null ? null : Math.max(value, floor)));

  function columns(chart, lines) {
    const known = [...lines.main.mean, ...lines.seeds.flatMap((seed) => seed.mean)].filter((value) => value > 0);
    const floor = chart.log && known.length ? Math.min(...known) / 2 : null;
    const fit = (values) => (chart.log ? above(values, floor) : values);
    const { main } = lines;
    const tables = [[main.x, fit(main.mean), fit(main.low), fit(main.high)]];
    tables.push([lines.baseline.x, fit(lines.baseline.mean)]);
    for (const seed of lines.seeds) tables.push([seed.x, fit(seed.mean)]);
    return uPlot.join(tables.map((table) => (table[0].length ? table : [[0], ...table.slice(1).map(() => [null])])));
  }

  // Of a logarithm only powers of ten have lines; between two of them alone, also 2 and 5.
  function powers(plot, axisIndex, low, high) {
    const found = [];
    const steps = high / low < 150 ? [1, 2, 5] : [1];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
      for (const step of steps) found.push(step * 10 ** power);
    }
    return found.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  }

  function options(chart, lines, place, small) {
    const ink = css("--soft");
    const line = css("--line");
    const colour = css(`--series-${lines.stroke.colour}`);
    const font = `11px ${css("--sans")}`;
    const path = chart.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined;
    const common = { spanGaps: true, points: { show: false }, paths: path };
    const series = [
      {},
      { ...common, stroke: colour, width: 2, dash: lines.stroke.dash },
      { ...common, stroke: "transparent", width: 0 },
      { ...common, stroke: "transparent", width: 0 },
      { ...common, stroke: css("--strong-line"), width: 1.25 },
      ...lines.seeds.map(() => ({ ...common, stroke: faint(colour, 0.4), width: 0.75 })),
    ];
    const y = chart.share
      ? { range: [0, 100] }
      : chart.log
        ? { distr: 3 }
        : { range: (_, __, high) => [0, high > 0 ? high * 1.08 : 1] };
    const labels = small ? {} : { label: data.axes[axis].label, labelSize: 18, labelFont: font };
    return {
      width: place.clientWidth,
      height: place.clientHeight,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { x: { time: false, range: [0, data.axes[axis].last] }, y },
      axes: [
        { stroke: ink, font, grid: { show: false }, ticks: { stroke: line, size: 4 }, size: 22, gap: 3, space: 55, values: (_, ticks) => ticks.map(short), ...labels },
        { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { show: false }, size: small ? 34 : 44, gap: 4, space: small ? 34 : 30,
          ...(chart.log ? { splits: powers, filter: (_, ticks) => ticks, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : number(tick))) } : { values: (_, ticks) => ticks.map(short) }),
          ...(small ? {} : { label: chart.unit, labelSize: 16, labelFont: font }) },
      ],
      series,
      bands: lines.main.low.some((value) => value !== null) ? [{ series: [3, 2], fill: faint(colour, 0.16) }] : [],
      hooks: {
        draw: [(plot) => drawStart(plot, chart.start)],
        setCursor: [(plot) => readOut(plot, chart, place)],
      },
    };
  }

  function drawStart(plot, start) {
    if (start === null) return;
    const { ctx, bbox } = plot;
    const y = plot.valToPos(start, "y", true);
    ctx.save();
    ctx.strokeStyle = css("--bad");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  function readOut(plot, chart, place) {
    const out = place.parentElement.querySelector(".readout");
    const at = plot.cursor.left < 0 ? null : nearest(plot, plot.cursor.idx);
    if (at === null) {
      out.textContent = "";
      return;
    }
    const [x, mean, low, high] = plot.data.slice(0, 4).map((column) => column[at]);
    const reach = low == null ? "" : `, 95 % interval ${number(low)} to ${number(high)}`;
    out.textContent = `${number(x)} ${data.axes[axis].label}: ${number(mean)} ${chart.unit}${reach}`;
  }

  // The nearest place at which there is a mean: other lines have places of their own.
  function nearest(plot, index) {
    if (index == null) return null;
    for (let away = 0; away < plot.data[0].length; away += 1) {
      for (const at of [index - away, index + away]) {
        if (plot.data[1][at] != null) return at;
      }
    }
    return null;
  }

  function draw(place) {
    const chart = data.charts[place.dataset.chart];
    const lines = chart.lines[axis];
    drawn.get(place)?.destroy();
    drawn.set(place, new uPlot(options(chart, lines, place, place.classList.contains("small")), columns(chart, lines), place));
  }

  function numbers(details) {
    const chart = data.charts[details.dataset.numbers];
    const { main } = chart.lines[axis];
    details.querySelector(".scroll")?.remove();
    const box = document.createElement("div");
    box.className = "scroll";
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", `Numbers of ${chart.name}`);
    const table = document.createElement("table");
    table.className = "data";
    table.createCaption().textContent = `${chart.name}, ${chart.unit}`;
    const head = table.createTHead().insertRow();
    for (const name of [data.axes[axis].label, "mean", "95 % interval"]) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.className = "num";
      cell.textContent = name;
      head.append(cell);
    }
    const body = table.createTBody();
    main.x.forEach((x, at) => {
      const row = body.insertRow();
      const reach = main.low[at] === null ? "–" : `${number(main.low[at])} to ${number(main.high[at])}`;
      for (const text of [number(x), main.mean[at] === null ? "–" : number(main.mean[at]), reach]) {
        const cell = row.insertCell();
        cell.className = "num";
        cell.textContent = text;
      }
    });
    box.append(table);
    details.append(box);
  }

  const places = [...document.querySelectorAll(".plot")];
  const all = () => places.forEach(draw);
  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const plot = drawn.get(target);
      if (plot && target.clientWidth && plot.width !== target.clientWidth) {
        plot.setSize({ width: target.clientWidth, height: target.clientHeight });
      }
    }
  });
  all();
  places.forEach((place) => resized.observe(place));
  document.addEventListener("scheme", all);
  for (const details of document.querySelectorAll("[data-numbers]")) {
    details.addEventListener("toggle", () => details.open && numbers(details));
  }
  for (const input of document.querySelectorAll("[data-axis] input")) {
    input.addEventListener("change", () => {
      axis = Number(input.value);
      all();
      document.querySelectorAll("[data-numbers][open]").forEach(numbers);
    });
  }
})();
