/**
 * Kinds `schedule` and `statistics`: tables of numbers that need no device.
 *
 * @module
 */
import { mean, percentile, weightedMean } from "@transformer-xl/eval";
import { Plateau, rateAfter, rateOf, type ScheduleSettings } from "@transformer-xl/train";
import type { RecordOf } from "../case_schema.ts";
import type { Findings } from "../findings.ts";
import { UnsupportedCase } from "../golden_case.ts";

/** Both sides compute in float64. */
const LIMIT = 1e-12;

/** Rates used and printed at every step, and those of `dev_perf` after every validation loss. */
export function checkSchedule(record: RecordOf<"schedule">, findings: Findings): void {
  for (const [name, used] of Object.entries(record.used)) {
    if (name === "dev_perf") continue; // follows the validation losses
    const settings = settingsOf(record, name);
    const printed = record.printed[name] ?? [];
    used.forEach((want, i) =>
      compareRate(findings, `used by step ${i + 1}, ${name}`, rateOf(settings, i + 1), want)
    );
    printed.forEach((want, i) =>
      compareRate(findings, `printed at step ${i + 1}, ${name}`, rateAfter(settings, i + 1), want)
    );
  }
  const { dev_perf } = record;
  if (dev_perf === undefined) return;
  const { base_lr: lr, warmup_step: warmupStep, max_step: steps, eta_min: etaMin } = record;
  const settings = { lr, warmupStep, steps, etaMin, scheduler: "dev_perf" } as const;
  const plateau = new Plateau(
    { decayRate: dev_perf.decay_rate, patience: dev_perf.patience, lrMin: dev_perf.lr_min },
    { rate: lr, best: null, waited: 0 },
  );
  const { eval_interval: interval, losses } = dev_perf;
  const used = record.used["dev_perf"];
  const printed = record.printed["dev_perf"];
  losses.forEach((loss, i) => {
    // Without steps between them, the losses are those of a run without warm-up.
    for (let step = i * (interval ?? 0) + 1; step <= (i + 1) * (interval ?? 0); step++) {
      const rate = rateOf(settings, step, plateau.state.rate);
      compareRate(findings, `used by step ${step}, dev_perf`, rate, used![step - 1]!);
      plateau.follow(rateAfter(settings, step, plateau.state.rate));
      const { rate: shown } = plateau.state;
      compareRate(findings, `printed at step ${step}, dev_perf`, shown, printed![step - 1]!);
    }
    plateau.observe(loss);
    compareRate(findings, `after loss ${i + 1}, dev_perf`, plateau.state.rate, dev_perf.lr[i]!);
  });
}

function compareRate(findings: Findings, where: string, got: number, want: number): void {
  findings.compareNumber("learning rate", where, got, want, LIMIT);
}

function settingsOf(record: RecordOf<"schedule">, name: string): ScheduleSettings {
  const { base_lr: lr, warmup_step: warmupStep, max_step: steps, eta_min: etaMin } = record;
  const settings = { lr, warmupStep, steps, etaMin };
  if (name === "cosine" || name === "inv_sqrt" || name === "constant") {
    return { ...settings, scheduler: name };
  }
  if (name === "cosine_2019") return { ...settings, scheduler: "cosine", cosineFromZero: true };
  throw new UnsupportedCase(`schedule "${name}" is not supported`);
}

/** Mean, percentiles and throughput of a list of latencies with equally many tokens each. */
export function checkStatistics(record: RecordOf<"statistics">, findings: Findings): void {
  const { latency_s, throughput_weighted, throughput_mean } = record;
  const latenciesMs = latency_s.map((seconds) => 1000 * seconds);
  findings.compareNumber("mean", "latency", mean(latenciesMs), record.mean_ms, LIMIT);
  for (const [percent, want] of Object.entries(record.percentiles_ms)) {
    const got = percentile(latenciesMs, Number(percent));
    findings.compareNumber("percentile", `${percent}%`, got, want, LIMIT);
  }
  const speeds = latency_s.map((seconds) => 1 / seconds);
  const tokens = throughput_mean === undefined
    ? Math.round(throughput_weighted * mean(latency_s))
    : throughput_mean / mean(speeds);
  const throughput = weightedMean(speeds.map((speed) => tokens * speed), latency_s);
  findings.compareNumber("throughput", "weighted by time", throughput, throughput_weighted, LIMIT);
}
