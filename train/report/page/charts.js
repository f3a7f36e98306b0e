/**
 * The charts of a report, drawn in the browser from the page's data by uPlot.
 *
 * @module
 */
(() => {
  const { runs, isCompared } = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const AXES = {
    step: { label: "step", read: (columns) => columns.step },
    tokens: { label: "tokens", read: (columns) => columns.tokens },
    time: { label: "time", read: (columns) => columns.seconds },
  };
  const view = { axis: "step", isLog: false };
  let isPrinted = false;

  const color = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const runColor = (i) => `--c${i % 8}`;

  /** A number in few characters: 1,500, 12.5k, 3.2M, 0.0041, 4.1e-7. */
  function short(value) {
    const size = Math.abs(value);
    if (size === 0) return "0";
    for (const [unit, sign] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
      if (size >= unit) {
        return `${Number((value / (sign === "k" ? 1e3 : unit)).toPrecision(4))}${sign}`;
      }
    }
    if (size >= 1000) return Math.round(value).toLocaleString("en");
    return size < 1e-3
      ? value.toExponential().replace("e+", "e")
      : `${Number(value.toPrecision(4))}`;
  }

  /** A number under the cursor. */
  function exact(value) {
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(3);
    return size >= 1000
      ? Math.round(value).toLocaleString("en")
      : `${Number(value.toPrecision(5))}`;
  }

  /** 0:45, 12:30, 3:04:05. */
  function clock(seconds) {
    const two = (value) => String(Math.floor(value)).padStart(2, "0");
    const [hours, rest] = [Math.floor(seconds / 3600), seconds % 3600];
    return hours > 0
      ? `${hours}:${two(rest / 60)}:${two(rest % 60)}`
      : `${Math.floor(rest / 60)}:${two(rest % 60)}`;
  }

  const axisText = (value) => view.axis === "time" ? clock(value) : short(value);

  /** A series: its run, the part of the run's data that has it, and how it is drawn. */
  const line = (i, label, key, more = {}) => ({
    label,
    columns: runs[i].steps,
    key,
    stroke: isCompared ? runColor(i) : "--c0",
    ...more,
  });
  const dots = (i, label, part, key, stroke) => ({
    label,
    columns: runs[i][part],
    key,
    stroke: isCompared ? runColor(i) : stroke,
    hasPoints: true,
  });
  const name = (i, label) => isCompared ? `${runs[i].name} ${label}` : label;
  const losses = (key) =>
    runs.flatMap((_, i) => [
      line(i, name(i, "train"), key, { isFaint: isCompared }),
      dots(i, name(i, "valid"), "validations", key, "--c1"),
      ...(isCompared ? [] : [dots(i, "test", "test", key, "--c2")]),
    ]).filter(({ columns }) => columns.step.length > 0);
  const each = (key) => runs.map((run, i) => line(i, run.name, key)).filter(hasValues);
  const hasValues = ({ columns, key }) => columns[key].some((value) => value !== null);

  for (const { steps, validations, test } of runs) {
    for (const columns of [steps, validations, test]) {
      columns.perplexity = columns.loss.map((nats) => nats === null ? null : Math.exp(nats));
      columns.bits = columns.loss.map((nats) => nats === null ? null : nats / Math.LN2);
    }
  }

  const areCharacters = runs.every((run) => run.isOfCharacters);
  const charts = [
    { title: "Loss, nats per token", series: losses("loss"), isWide: true, isLoss: true },
    areCharacters
      ? { title: "Bits per character", series: losses("bits"), isLoss: true }
      : { title: "Perplexity", series: losses("perplexity"), isLog: true },
    { title: "Learning rate", series: each("lr") },
    { title: "Gradient norm", series: each("norm"), isLog: true },
    { title: "Tokens per second", series: each("speed"), isFromZero: true },
    {
      title: "Loss scale",
      series: runs.some((run) => run.steps.scale.some((scale) => scale !== 1)) ? each("scale") : [],
      isLog: true,
      base: 2,
    },
  ].filter(({ series }) => series.length > 0);

  /** Limits of a logarithmic axis: the data's own, a little wider. */
  function logRange(_, low, high) {
    if (!(low > 0) || !(high > 0)) return [0.1, 10];
    const margin = Math.max((high / low) ** 0.06, 1.02);
    return [low / margin, high * margin];
  }

  function height(chart) {
    if (isPrinted) return chart.isLoss && chart.isWide ? 215 : 150;
    return chart.isLoss && chart.isWide ? Math.min(380, 170 + innerWidth / 6) : 220;
  }

  function options(chart, series, width) {
    const isLog = chart.isLog || chart.isLoss && view.isLog;
    const axis = {
      stroke: color("--dim"),
      grid: { stroke: color("--grid"), width: 1 },
      ticks: { show: false },
      font: `12px ${getComputedStyle(document.body).fontFamily}`,
    };
    return {
      width,
      height: height(chart),
      legend: { show: false },
      cursor: {
        sync: { key: "report" },
        points: { size: 7 },
        drag: { x: true, y: false },
        focus: { prox: 24 },
      },
      scales: {
        x: { time: false },
        y: isLog ? { distr: 3, log: chart.base ?? 10, range: logRange } : {
          range: (_, low, high) => uPlot.rangeNum(chart.isFromZero ? 0 : low, high, 0.06, true),
        },
      },
      axes: [
        {
          ...axis,
          size: 30,
          gap: 4,
          space: isPrinted ? 45 : 80,
          values: (_, splits) => splits.map(axisText),
        },
        {
          ...axis,
          size: 58,
          gap: 6,
          values: (_, splits) =>
            splits.map((value) => chart.base === 2 && value >= 1e4 ? exact(value) : short(value)),
          ...(isLog && { splits: (_, __, low, high) => logSplits(low, high, chart.base ?? 10) }),
          ...(isLog && { filter: (_, splits) => splits }),
        },
      ],
      series: [
        { label: AXES[view.axis].label },
        ...series.map(({ label, stroke, hasPoints, isFaint }) => ({
          label,
          stroke: color(stroke) + (isFaint ? "80" : ""),
          width: hasPoints ? 1.6 : isFaint ? 1.2 : 1.8,
          spanGaps: true,
          ...(hasPoints && !isCompared && { dash: [3, 5] }),
          points: hasPoints
            ? { show: true, size: 6, fill: color(stroke), stroke: color("--card"), width: 1 }
            : { show: false },
        })),
      ],
      hooks: { setLegend: [(plot) => showValues(chart, series, plot)] },
    };
  }

  /** Powers of the base inside an axis, with 2 and 5 times them where few fit. */
  function logSplits(low, high, base) {
    const powers = [];
    for (let e = Math.floor(Math.log(low) / Math.log(base)); base ** e <= high; e++) {
      powers.push(base ** e);
    }
    const inside = (values) => values.filter((value) => value >= low && value <= high);
    const wide = inside(powers);
    if (base === 2 || wide.length >= 3) {
      const every = Math.ceil(wide.length / 7);
      return wide.filter((_, i) => i % every === 0);
    }
    const finer = inside(powers.flatMap((power) => [1, 2, 5].map((factor) => factor * power)));
    return finer.length >= 3 ? finer : evenSplits(low, high);
  }

  /** About four round values inside a range. */
  function evenSplits(low, high) {
    const power = 10 ** Math.floor(Math.log10((high - low) / 4));
    const unit = [1, 2, 5, 10].map((factor) => factor * power)
      .find((size) => (high - low) / size <= 5);
    const first = Math.ceil(low / unit);
    const count = Math.floor(high / unit) - first + 1;
    return Array.from({ length: count }, (_, i) => Number(((first + i) * unit).toPrecision(6)));
  }

  const isValue = (value) => typeof value === "number";

  /** The values at the cursor, or the last ones. */
  function showValues(chart, series, plot) {
    const at = plot.cursor.idx ?? undefined;
    const [x, ...columns] = plot.data;
    const until = (values) => at === undefined ? values : values.slice(0, at + 1);
    const { label } = AXES[view.axis];
    const place = at === undefined
      ? []
      : [`${label} ${view.axis === "time" ? clock(x[at]) : exact(x[at])}`];
    const isCrowded = isCompared && series.length > 4 && at === undefined;
    const shown = isCrowded ? [] : columns.flatMap((values, i) => {
      const value = until(values).findLast(isValue);
      if (value === undefined) return [];
      return [series.length === 1 ? exact(value) : `${series[i].label} ${exact(value)}`];
    });
    chart.output.textContent = [...place, ...shown].join(" · ");
  }

  function draw(chart) {
    const { plot, figure } = chart;
    const width = isPrinted ? (chart.isWide ? 660 : 312) : figure.clientWidth - 20;
    plot?.destroy();
    const tables = chart.series.map((
      { columns, key },
    ) => [AXES[view.axis].read(columns), columns[key]]);
    const isLog = chart.isLog || chart.isLoss && view.isLog;
    const positive = ([x, y]) => [x, y.map((value) => isLog && !(value > 0) ? null : value)];
    const data = uPlot.join(tables.map(positive));
    chart.plot = new uPlot(options(chart, chart.series, width), data, figure);
    chart.width = width;
    showValues(chart, chart.series, chart.plot);
  }

  function drawAll() {
    for (const chart of charts) draw(chart);
  }

  if (charts.length > 0 && charts.length % 2 === 0) charts.at(-1).isWide = true; // the first one is wide too

  const place = document.getElementById("charts");
  place.replaceChildren();
  for (const chart of charts) {
    chart.figure = document.createElement("figure");
    chart.figure.className = chart.isWide ? "chart wide" : "chart";
    const caption = document.createElement("figcaption");
    chart.output = document.createElement("output");
    caption.append(chart.title, chart.output);
    chart.figure.append(caption);
    place.append(chart.figure);
  }
  drawAll();

  document.getElementById("controls").hidden = false;
  for (const input of document.querySelectorAll("#controls input")) {
    input.addEventListener("change", () => {
      if (input.name === "axis") view.axis = input.value;
      else view.isLog = input.value === "log";
      drawAll();
    });
  }

  new ResizeObserver(() => {
    if (isPrinted) return;
    for (const chart of charts) {
      if (Math.abs(chart.figure.clientWidth - 20 - chart.width) > 1) draw(chart);
    }
  }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);

  /** On paper: light colors, the paper's width, and all settings. */
  const folded = [...document.querySelectorAll("details")];
  function print(begins) {
    if (begins === isPrinted) return;
    isPrinted = begins;
    root.classList.toggle("printed", begins);
    for (const each of folded) {
      if (begins) each.dataset.wasOpen = each.open ? "1" : "";
      each.open = begins || each.dataset.wasOpen === "1";
    }
    drawAll();
  }
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
})();
