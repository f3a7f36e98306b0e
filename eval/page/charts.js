/**
 * Charts of pages, drawn in the browser by uPlot. `showCharts` draws a page's charts into an element,
 * again when its size, its colors or the medium change, and opens what is folded for the printer.
 *
 * @module
 */
globalThis.Charts = (() => {
  const root = document.documentElement;
  let isPrinted = false;

  const color = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  /** A number in few characters: 1,500, 12.5k, 3.2M, 0.0041, 4.1e-7. */
  function short(value, digits = 4) {
    const size = Math.abs(value);
    if (size === 0) return "0";
    const rounded = (number) => Number(number.toPrecision(digits));
    for (const [unit, sign] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
      if (size >= unit) return `${rounded(value / (sign === "k" ? 1e3 : unit))}${sign}`;
    }
    if (size >= 1000) return rounded(value).toLocaleString("en");
    return size < 1e-3 ? value.toExponential().replace("e+", "e") : `${rounded(value)}`;
  }

  /** Numbers of an axis in as many digits as make them different. */
  function distinct(values) {
    for (let digits = 4;; digits++) {
      const texts = values.map((value) => short(value, digits));
      if (digits === 6 || new Set(texts).size === texts.length) return texts;
    }
  }

  /** Width of an axis of numbers: room for eight characters, or for the longest. */
  function axisWidth(texts) {
    return Math.max(58, 10 + 7 * Math.max(...texts.map((text) => text.length), 0));
  }

  /** A number under the cursor. */
  function exact(value) {
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(3);
    return size >= 1000
      ? Math.round(value).toLocaleString("en")
      : `${Number(value.toPrecision(5))}`;
  }

  /** Limits of an axis: the data's own, a little wider, and at least so far apart that rounding is no curve. */
  function linearRange(low, high) {
    const missing = 0.002 * Math.max(Math.abs(low), Math.abs(high)) - (high - low);
    const margin = Math.max(0, missing / 2);
    return uPlot.rangeNum(low - margin, high + margin, 0.06, true);
  }

  /** Limits of a logarithmic axis: the data's own, a little wider. */
  function logRange(_, low, high) {
    if (!(low > 0) || !(high > 0)) return [0.1, 10];
    const margin = Math.max((high / low) ** 0.06, 1.02);
    return [low / margin, high * margin];
  }

  function height({ isWide, isTall }) {
    const isLarge = isWide && isTall;
    if (isPrinted) return isLarge ? 215 : 150;
    return isLarge ? Math.min(380, 170 + innerWidth / 6) : 220;
  }

  function options(chart, view, width) {
    const { series, isLog } = chart;
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
        sync: { key: "page" },
        points: { size: 7 },
        drag: { x: true, y: false },
        focus: { prox: 24 },
      },
      scales: {
        x: { time: false },
        y: isLog ? { distr: 3, log: chart.base ?? 10, range: logRange } : {
          range: (_, low, high) => linearRange(chart.isFromZero ? 0 : low, high),
        },
      },
      axes: [
        {
          ...axis,
          size: 30,
          gap: 4,
          space: isPrinted ? 45 : 80,
          values: (_, splits) => splits.map((value) => view.axis.text(value)),
        },
        {
          ...axis,
          size: (_, texts) => axisWidth(texts ?? []),
          gap: 6,
          values: (_, splits) =>
            chart.base === 2 && splits.some((value) => value >= 1e4)
              ? splits.map(exact)
              : distinct(splits),
          ...(isLog && { splits: (_, __, low, high) => logSplits(low, high, chart.base ?? 10) }),
          ...(isLog && { filter: (_, splits) => splits }),
        },
      ],
      series: [
        { label: view.axis.label },
        ...series.map(({ label, stroke, hasPoints, isDashed, isFaint, y }) => ({
          label,
          stroke: color(stroke) + (isFaint ? "80" : ""),
          width: hasPoints ? 1.6 : isFaint ? 1.2 : 1.8,
          spanGaps: true,
          ...(isDashed && { dash: [3, 5] }),
          points: hasPoints || y.filter(isValue).length === 1
            ? { show: true, size: 6, fill: color(stroke), stroke: color("--card"), width: 1 }
            : { show: false },
        })),
      ],
      hooks: { setLegend: [(plot) => showValues(chart, view, plot)] },
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

  /** The values at the cursor, or the last ones unless they are too many. */
  function showValues({ output, series, isCrowded }, { axis }, plot) {
    const at = plot.cursor.idx ?? undefined;
    const [x, ...columns] = plot.data;
    const until = (values) => at === undefined ? values : values.slice(0, at + 1);
    const place = at === undefined ? [] : [`${axis.label} ${axis.exact(x[at])}`];
    const shown = isCrowded && at === undefined ? [] : columns.flatMap((values, i) => {
      const value = until(values).findLast(isValue);
      if (value === undefined) return [];
      return [series.length === 1 ? exact(value) : `${series[i].label} ${exact(value)}`];
    });
    output.textContent = [...place, ...shown].join(" · ");
  }

  function draw(chart, view) {
    const { plot, figure, series, isLog } = chart;
    const width = isPrinted ? (chart.isWide ? 660 : 312) : figure.clientWidth - 20;
    plot?.destroy();
    const positive = ({ x, y }) => [x, y.map((value) => isLog && !(value > 0) ? null : value)];
    const data = uPlot.join(series.map(positive));
    chart.plot = new uPlot(options(chart, view, width), data, figure);
    chart.width = width;
    showValues(chart, view, chart.plot);
  }

  /** A list of the series with their colors. */
  function keysOf({ series }) {
    const keys = document.createElement("ul");
    keys.className = "keys";
    for (const { label, stroke, isDashed } of series) {
      const item = document.createElement("li");
      const line = document.createElement("i");
      line.style.borderTopColor = `var(${stroke})`;
      if (isDashed) line.style.borderTopStyle = "dotted";
      item.append(line, label);
      keys.append(item);
    }
    return keys;
  }

  /**
   * Draws charts into an element. A chart has a title and series, and may be `isWide`, `isTall`,
   * `isLog` with a `base`, `isFromZero`, `isCrowded` and `hasKeys`, a list of its series. A series has a label, columns x and y, a
   * stroke by the name of its color, and may be `isFaint`, `isDashed` and with points.
   *
   * @param view.axis label, short and exact text of x; who changes it, or a chart, draws again
   * @returns what draws all of them again
   */
  function showCharts(place, charts, view) {
    place.replaceChildren();
    for (const chart of charts) {
      chart.figure = document.createElement("figure");
      chart.figure.className = chart.isWide ? "chart wide" : "chart";
      const caption = document.createElement("figcaption");
      chart.output = document.createElement("output");
      caption.append(chart.title, chart.output);
      chart.figure.append(caption);
      if (chart.hasKeys) chart.figure.append(keysOf(chart));
      place.append(chart.figure);
    }
    const drawAll = () => {
      for (const chart of charts) draw(chart, view);
    };
    drawAll();
    new ResizeObserver(() => {
      if (isPrinted) return;
      for (const chart of charts) {
        if (Math.abs(chart.figure.clientWidth - 20 - chart.width) > 1) draw(chart, view);
      }
    }).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);

    /** On paper: light colors, the paper's width, and all that is folded. */
    const folded = [...document.querySelectorAll("details")];
    const print = (begins) => {
      if (begins === isPrinted) return;
      isPrinted = begins;
      root.classList.toggle("printed", begins);
      for (const each of folded) {
        if (begins) each.dataset.wasOpen = each.open ? "1" : "";
        each.open = begins || each.dataset.wasOpen === "1";
      }
      drawAll();
    };
    addEventListener("beforeprint", () => print(true));
    addEventListener("afterprint", () => print(false));
    return drawAll;
  }

  return { exact, short, showCharts };
})();
