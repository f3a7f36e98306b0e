/**
 * The cost of a launch on the host: a replayed plan against control code with a bind group, an
 * encoder and a submission per launch. Kernels do almost nothing; submissions are timed separately,
 * since a software driver executes inside them.
 *
 * @module
 */
import { scale } from "@transformer-xl/kernels";
import { add, type GpuDevice, Recorder } from "@transformer-xl/runtime";
import { eagerControl } from "./eager_control.ts";
import { Bench } from "../harness/harness.ts";
import { untilDone, untilSubmit } from "../harness/timing.ts";

const LAUNCHES = 640;
const ELEMENTS = 64;

const bench = await Bench.open();
const options = { unit: "launch", perRun: LAUNCHES, sampleMs: 50, rounds: 9, budgetMs: 6000 };

/** Two kernels in turn, each reading what the one before wrote. */
function recordChain(rec: Recorder) {
  const start = rec.constant("start", [ELEMENTS], "f32", new Float32Array(ELEMENTS).fill(1));
  let x = start;
  for (let pair = 0; pair < LAUNCHES / 2; pair++) x = add(rec, scale(rec, x, 0.5), start);
  return { inputs: {}, outputs: { x } };
}

async function open(device: GpuDevice) {
  const plan = await device.plan("chain", recordChain);
  const rec = new Recorder(device.limits);
  recordChain(rec);
  return { replay: () => plan.run({}), eager: eagerControl(device, rec) };
}

bench.compare(
  `encode ${LAUNCHES} launches`,
  ["replay, encoding", "replay again (control), encoding", "eager, encoding"],
  options,
  async (device) => {
    const { replay, eager } = await open(device);
    return [
      untilSubmit(device, "replay, encoding", replay),
      untilSubmit(device, "replay again (control), encoding", replay),
      untilSubmit(device, "eager, encoding", eager),
    ];
  },
);

bench.compare(
  `run ${LAUNCHES} launches`,
  ["replay, until done", "replay again (control), until done", "eager, until done"],
  options,
  async (device) => {
    const { replay, eager } = await open(device);
    return [
      untilDone(device, "replay, until done", replay),
      untilDone(device, "replay again (control), until done", replay),
      untilDone(device, "eager, until done", eager),
    ];
  },
);
