/**
 * The table of worst errors of the page on tests, printed by `deno task golden --table`.
 *
 * @module
 */
import type { Findings } from "./findings.ts";

/** Result of one case on the devices it was checked on. */
export interface CaseErrors {
  /** Name of the case. */
  readonly id: string;
  /** Kind of the case. */
  readonly kind: string;
  /** Findings by device name; the empty name for cases that need no device. */
  readonly byDevice: ReadonlyMap<string, Findings>;
}

/** A Markdown table: one line per case, one column per device with the worst error and its limit. */
export function errorTable(cases: readonly CaseErrors[]): string {
  const devices = [...new Set(cases.flatMap(({ byDevice }) => [...byDevice.keys()]))]
    .filter((name) => name !== "");
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(["case", "kind", ...devices]),
    line(["---", "---", ...devices.map(() => "---")]),
    ...cases.map(({ id, kind, byDevice }) =>
      line([id, kind, ...devices.map((name) => cell(byDevice.get(name) ?? byDevice.get("")))])
    ),
  ].join("\n");
}

function cell(findings: Findings | undefined): string {
  if (findings === undefined) return "";
  const { worst } = findings;
  if (worst === undefined) return "exact";
  const { kind, error, limit } = worst;
  return error === 0 ? "exact" : `${kind} ${digits(error)} of ${digits(limit)}`;
}

const digits = (value: number) => value.toExponential(1).replace(".0e", "e");
