/**
 * Tests of every case of the catalogue on the CPU: vector code and loops in one plan, against the
 * float64 replay.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { CATALOGUE } from "@transformer-xl/kernels/cases";
import { CpuDevice, type Kernel, type Numbers, ONE_THREAD } from "@transformer-xl/runtime";
import { checkKernel } from "../../support/check_kernel.ts";

const only = Deno.env.get("TXL_OP"); // one op while working on it

/** Kernels without vector code: little work, or memory moved as a whole. */
const LOOPS: ReadonlySet<string> = new Set([
  ...["accumulate", "add", "relu", "relu_backward", "scale", "store_scalar", "sum", "broadcast"],
  ...["add_positions", "add_positions_backward", "position_rows", "position_rows_backward"],
  ...["attention_add_distance_bias", "attention_distance_bias_gradient"],
  ...["attention_distances", "fused_attention", "fused_plain_attention"],
  ...["concat", "copy_rows"],
  ...["sampled_row", "target_gradient", "target_logit", "target_scores"],
]);

/** A CPU that notes which kernels ran as loops. */
class WatchedCpu extends CpuDevice {
  /** Their names. */
  readonly loops = new Set<string>();
  readonly #watched = new Map<Kernel, Kernel>();

  protected override bind(kernel: Kernel, operands: Readonly<Record<string, Numbers>>) {
    let watched = this.#watched.get(kernel);
    if (watched === undefined) {
      const reference: Kernel["reference"] = (...launch) => {
        this.loops.add(kernel.name);
        kernel.reference(...launch);
      };
      this.#watched.set(kernel, watched = { ...kernel, reference });
    }
    return super.bind(watched, operands);
  }
}

for (const cases of CATALOGUE) {
  if (only !== undefined && cases.op !== only) continue;
  Deno.test(`${cases.op} on the CPU equals its reference`, async () => {
    using device = new WatchedCpu(ONE_THREAD);
    for (const row of cases.rows.filter(({ bench }) => !bench)) {
      await checkKernel(device, cases, row);
    }
    if (cases.op !== "cast") assertEquals([...device.loops.difference(LOOPS)], []);
  });
}
