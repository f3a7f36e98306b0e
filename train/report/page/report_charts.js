/**
 * The charts of a report, from the page's data.
 *
 * @module
 */
(() => {
  const { exact, short, showCharts } = globalThis.Charts;
  const { runs, isCompared } = JSON.parse(document.getElementById("data").textContent);

  /** 0:45, 12:30, 3:04:05. */
  function clock(seconds) {
    const two = (value) => String(Math.floor(value)).padStart(2, "0");
    const [hours, rest] = [Math.floor(seconds / 3600), seconds % 3600];
    return hours > 0
      ? `${hours}:${two(rest / 60)}:${two(rest % 60)}`
      : `${Math.floor(rest / 60)}:${two(rest % 60)}`;
  }

  const AXES = {
    step: { label: "step", text: short, exact, read: (columns) => columns.step },
    tokens: { label: "tokens", text: short, exact, read: (columns) => columns.tokens },
    time: { label: "time", text: clock, exact: clock, read: (columns) => columns.seconds },
  };
  const view = { axis: AXES.step };
  const runColor = (i) => `--c${i % 8}`;

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
    isDashed: !isCompared,
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
    {
      title: "Loss, nats per token",
      series: losses("loss"),
      isWide: true,
      isTall: true,
      isLoss: true,
    },
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

  for (const chart of charts) chart.isCrowded = isCompared && chart.series.length > 4;
  if (charts.length > 0 && charts.length % 2 === 0) charts.at(-1).isWide = true; // the first one is wide too

  /** Has the series read the axis that is shown. */
  function place() {
    for (const { series } of charts) {
      for (const each of series) {
        each.x = view.axis.read(each.columns);
        each.y = each.columns[each.key];
      }
    }
  }

  place();
  const drawAll = showCharts(document.getElementById("charts"), charts, view);

  document.getElementById("controls").hidden = false;
  for (const input of document.querySelectorAll("#controls input")) {
    input.addEventListener("change", () => {
      if (input.name === "axis") view.axis = AXES[input.value];
      else for (const chart of charts) if (chart.isLoss) chart.isLog = input.value === "log";
      place();
      drawAll();
    });
  }
})();
