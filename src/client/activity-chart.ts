import uPlot from "uplot";
import { CREDITS_PER_USD } from "../base/money.ts";
import type { SpendTable } from "./activity-data.ts";
import { stacked } from "./activity-data.ts";

const heightPx = 240;

/** Stacked bars of what was charged. Redrawn when the window or the colour scheme changes. */
export function createSpendChart(container: HTMLElement): { show(table: SpendTable): void } {
  let chart: uPlot | null = null;
  let shown: SpendTable | null = null;

  function draw() {
    chart?.destroy();
    chart = null;
    if (shown === null || shown.groups.length === 0) return;
    const { data, options } = plotOf(shown, container.clientWidth, colours(container));
    chart = new uPlot(options, data, container);
  }

  new ResizeObserver(() => {
    if (chart !== null && chart.width !== container.clientWidth) {
      chart.setSize({ width: container.clientWidth, height: heightPx });
    }
  }).observe(container);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  return {
    show(table) {
      shown = table;
      draw();
    },
  };
}

interface Colours {
  text: string;
  line: string;
  series: string[];
}

function plotOf(table: SpendTable, width: number, { text, line, series }: Colours) {
  const times = table.at.map((at) => Date.parse(at) / 1_000);
  const heights = stacked(table.groups).map((row) =>
    row.map((credits) => credits / CREDITS_PER_USD),
  );
  // The tallest total is drawn first and the smaller ones over it, so that each colour shows its own part.
  const order = table.groups.map((_, index) => index).toReversed();
  const bars = uPlot.paths.bars?.({ size: [0.72, 36], align: 1 });
  const axis = {
    stroke: text,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1 },
  };
  const stepSeconds = (times[1] ?? 0) - (times[0] ?? 0);
  const options: uPlot.Options = {
    width,
    height: heightPx,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { range: (_, min, max) => [min, max + stepSeconds] },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    axes: [
      { ...axis, grid: { show: false } },
      { ...axis, size: 76, values: (_, ticks) => ticks.map(dollars) },
    ],
    series: [
      {},
      ...order.map((index) => ({
        fill: series[index] ?? text,
        width: 0,
        points: { show: false },
        ...(bars === undefined ? {} : { paths: bars }),
      })),
    ],
  };
  const data: uPlot.AlignedData = [times, ...order.map((index) => heights[index] ?? [])];
  return { data, options };
}

/** Axis labels only: the amounts themselves are in the table. */
function dollars(usd: number): string {
  return `$${usd.toLocaleString("en-US", { maximumSignificantDigits: 3 })}`;
}

/** A canvas knows no custom properties, so their present values are read from the page. */
function colours(container: HTMLElement): Colours {
  const probe = document.createElement("span");
  container.append(probe);
  const read = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const found = {
    text: read("--ink-quiet"),
    line: read("--line"),
    series: [0, 1, 2, 3, 4, 5].map((index) => read(`--series-${index}`)),
  };
  probe.remove();
  return found;
}
