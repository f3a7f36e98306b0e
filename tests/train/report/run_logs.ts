/**
 * Records of runs that were not made, for tests of reports.
 *
 * @module
 */
import { type Facts, RunHistory } from "@transformer-xl/train/report";

/** The records before the first step. */
export function startRecords(settings: Facts = {}, step = 0): Facts[] {
  const config = { maxStep: 100, preset: "tiny", fp16: true, ...settings };
  const splits = { train: { tokens: 90_000, lines: 900 }, valid: { tokens: 5000, lines: 50 } };
  return [
    { kind: "config", step, config, model: { nLayer: 2, dModel: 64 }, parameters: 4321 },
    { kind: "environment", deno: "2.9.6", adapter: "an adapter" },
    { kind: "text", dataset: "text", vocabulary: { kind: "word", size: 300 }, splits },
  ];
}

/** A log line of ten steps with a loss. */
export function logRecord(step: number, lossNats: number, more: Facts = {}): Facts {
  const metrics = Array.from(
    { length: 10 },
    () => ({ lossNats, gradientNorm: 0.5, applied: true, lossScale: 1024 }),
  );
  const speed = { msPerBatch: 20, tokensPerSecond: 5000 };
  return { kind: "log", step, lr: 0.01, ...speed, metrics, lossNats, ...more };
}

/** A validation. */
export function evalRecord(step: number, lossNats: number): Facts {
  return { kind: "eval", step, lossNats, elapsedMs: 500, tokens: 5000, best: true };
}

/** The history that records tell. */
export function historyFrom(records: Iterable<Facts>): RunHistory {
  const history = new RunHistory();
  for (const record of records) history.add(record);
  return history;
}

/** A run of ten log lines, two validations and a test. */
export function finishedRun(settings: Facts = {}, shift = 0): Facts[] {
  const logs = Array.from({ length: 10 }, (_, i) => logRecord(10 * i + 10, 5 - i / 5 + shift));
  const end = { kind: "end", elapsedMs: 3000, tokensPerSecond: 5000 };
  return [
    ...startRecords(settings),
    ...logs.slice(0, 5),
    evalRecord(50, 4.4 + shift),
    ...logs.slice(5),
    evalRecord(100, 3.4 + shift),
    { kind: "test", lossNats: 3.5 + shift },
    end,
  ];
}
