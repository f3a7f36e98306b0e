/**
 * The charts of an inspection, from the page's data.
 *
 * @module
 */
(() => {
  const { exact, short, showCharts } = globalThis.Charts;
  const { memLens, loss, unit, threshold, gains } = JSON.parse(
    document.getElementById("data").textContent,
  );
  const place = document.getElementById("charts");
  if (place === null) return; // one length is no curve

  const curve = (label, y, stroke) => ({ label, x: memLens, y, stroke, hasPoints: true });
  const steps = memLens.slice(1);
  const percent = (share) => 100 * share;
  const border = {
    label: "threshold",
    x: [steps[0], steps.at(-1)],
    y: [percent(threshold), percent(threshold)],
    stroke: "--c7",
    isDashed: true,
  };
  showCharts(place, [
    {
      title: "Loss by rows of memory, nats per token",
      series: [curve("loss", loss, "--c0")],
      isWide: true,
      isTall: true,
    },
    { title: `${unit.name} by rows of memory`, series: [curve(unit.name, unit.values, "--c0")] },
    {
      title: "Relative gain of the step to these rows, %",
      series: [
        ...gains.map(({ name, values }, i) => ({
          label: name,
          x: steps,
          y: values.map(percent),
          stroke: `--c${i}`,
          hasPoints: true,
        })),
        border,
      ],
      isLog: true, // steps that gain nothing are left out
      isCrowded: true,
      hasKeys: true,
    },
  ], { axis: { label: "rows of memory", text: short, exact } });
})();
