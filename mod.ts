/**
 * Transformer-XL on WebGPU: everything the five members export, in one place.
 *
 * - `runtime` records, plans and runs kernels: {@link ReferenceDevice}, {@link GpuDevice},
 *   {@link Recorder}, {@link Plan}, {@link ParameterStore}, {@link backward}, {@link defineOp}.
 * - `kernels` are the ops: {@link matmul}, {@link relativeAttention}, {@link crossEntropy}, ...
 * - `model` is the network and its text: {@link TransformerXL}, {@link Memory}, {@link openCorpus},
 *   {@link Batches}, {@link openCheckpoint}.
 * - `eval` scores text: {@link Evaluator}, {@link perplexity}.
 * - `train` trains: {@link TrainStep}, {@link Trainer}, {@link trainSchema}.
 *
 * The example records the training step of a toy model once and runs it 300 times, on a machine
 * without a GPU. With `await GpuDevice.open()` in the place of `new ReferenceDevice()` the same
 * lines run on an adapter.
 *
 * @example
 * ```ts
 * import {
 *   Batches,
 *   initialise,
 *   modelOf,
 *   ParameterStore,
 *   ReferenceDevice,
 *   stepSettings,
 *   TrainStep,
 *   trainSchema,
 *   TransformerXL,
 * } from "@transformer-xl/mod";
 * import { assertAlmostEquals, assertLess } from "@std/assert";
 *
 * const symbols = 4;
 * const lengths = { batchSize: 2, tgtLen: 8, memLen: 8 };
 * const sizes = { nLayer: 1, nHead: 2, dHead: 8, dModel: 16, dInner: 32, dropout: 0 };
 * const config = trainSchema.parse({ ...sizes, ...lengths, logInterval: 300 });
 *
 * using device = new ReferenceDevice({ precision: "f32" });
 * using store = new ParameterStore();
 * const model = new TransformerXL(store, modelOf(config, symbols, []), device.limits);
 * store.allocate(device, { gradients: true });
 * initialise(device, store, config.seed);
 * using step = await TrainStep.record(device, model, store, stepSettings(config));
 *
 * const text = Uint32Array.from({ length: 5000 }, (_, i) => i % symbols); // 0 1 2 3 0 1 2 3 ...
 * const batches = new Batches(text, {
 *   batchSize: lengths.batchSize,
 *   tgtLen: lengths.tgtLen,
 *   extLen: 0,
 *   warmupLen: 0,
 *   name: "counting",
 * });
 * let done = 0;
 * for (const segment of batches.segments()) {
 *   step.run(segment, config.lr, done, done); // returns at once; nothing is read here
 *   if (++done === 300) break;
 * }
 *
 * const losses = (await step.metrics(done)).map(({ lossNats }) => lossNats);
 * assertAlmostEquals(losses[0]!, Math.log(symbols), 0.1); // knows nothing yet
 * assertLess(losses.at(-1)!, 0.1); // can count
 * ```
 *
 * @module
 */
export * from "@transformer-xl/runtime";
export * from "@transformer-xl/kernels";
export * from "@transformer-xl/model";
export * from "@transformer-xl/eval";
export * from "@transformer-xl/train";
