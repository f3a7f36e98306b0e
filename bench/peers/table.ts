/**
 * The table of a comparison with peers.
 *
 * @module
 */
import { percentile } from "@transformer-xl/eval";
import { rate, textTable } from "../benchmark/text_table.ts";
import { type Spread, spreadOf } from "../benchmark/spread.ts";
import { digits } from "../harness/results.ts";
import type { StepTimes } from "./measure.ts";

/** A measured peer; the first of a table is this program. */
export interface PeerTimes extends StepTimes {
  /** Name of the peer. */
  readonly name: string;
}

const TITLES = [
  "peer",
  "ms a step",
  "tokens/s",
  "CPU ms",
  "first loss",
  "ours over theirs",
  "in CPU time",
] as const;

/**
 * The lines: medians with the smallest and largest of all rounds; ratios are those of one round, this
 * program over the peer.
 *
 * @param tokens of a step
 */
export function peerLines(peers: readonly PeerTimes[], tokens: number): string[] {
  const [own, ...others] = peers;
  const rows = peers.map(({ name, ms, cpuMs, firstLoss }) => [
    name,
    rangeText(spreadOf(ms)),
    rate(1000 * tokens / percentile(ms, 50)),
    digits(percentile(cpuMs, 50)),
    firstLoss.toFixed(4),
  ]);
  const ratios = others.map((
    { ms, cpuMs },
  ) => [ratioText(own!.ms, ms), ratioText(own!.cpuMs, cpuMs)]);
  const cells = [["1", "1"], ...ratios];
  return [
    ...textTable([TITLES, ...rows.map((row, i) => [...row, ...cells[i]!])]),
    `medians (smallest to largest) of ${roundsText(own!.ms.length)} in turns; samples of ` +
    peers.map(({ steps }) => steps).join(", ") + " steps",
  ];
}

function roundsText(rounds: number): string {
  return rounds === 1 ? "1 round" : `${rounds} rounds`;
}

function ratioText(ours: readonly number[], theirs: readonly number[]): string {
  return rangeText(spreadOf(ours.map((value, i) => value / theirs[i]!)));
}

function rangeText({ median, min, max }: Spread): string {
  return `${digits(median)} (${digits(min)} to ${digits(max)})`;
}
