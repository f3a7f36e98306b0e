/**
 * Muon: momentum whose direction is orthogonalised, for the matrices of the layers, and AdamW for
 * all other parameters (embeddings, softmax, biases, gains):
 *
 *     momentum = mu * momentum + g,  D = g + mu * momentum,  g = c * gradient,
 *     O = newton_schulz(D / ||D||),
 *     P = (1 - lr * decay) P - lr * 0.2 sqrt(max(rows, columns)) * O
 *
 * Momentum with Nesterov's look-ahead and the Newton-Schulz steps are those of Jordan et al. 2024.
 * The factor 0.2 sqrt(max(rows, columns)) is that of Liu et al. 2025 (_Muon is Scalable for LLM
 * Training_, section 2.2): it gives a step the root mean square of one of AdamW, so that both parts
 * share rate and decay. Jordan's own factor, sqrt(max(1, rows / columns)), needs a rate of its own.
 *
 * Queries, keys and values are orthogonalised separately although they are one parameter, as Jordan
 * advises: what is stacked has nothing in common but its input.
 *
 * @module
 */
import {
  launchElementwise,
  type Recorder,
  type Scalar,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { adamw } from "../adam/mod.ts";
import type { GradientNorm } from "../clip/mod.ts";
import { type BufferChunks, longestChunk, type RecordedChunks } from "../flat/chunks.ts";
import { flat, weightOperands } from "../flat/flat.ts";
import type { ParameterRole, RoleOf } from "../groups.ts";
import type { OptimizerDefinition, OptimizerState } from "../optimizer.ts";
import { APPLY, DIRECTION, FACTOR, NORMALIZE } from "./kernels.ts";
import { type MatrixBatch, matrixBatches } from "./matrices.ts";
import { recordNewtonSchulz } from "./newton_schulz.ts";

const DEFAULT_MOMENTUM = 0.95;
const NORM_EPS = 1e-7;

const isMatrix = ({ kind }: ParameterRole) => kind === "matrix";

/** Muon (Jordan et al., 2024) with AdamW. */
export const muon: OptimizerDefinition = {
  settings: ["weightDecay", "momentum", "betas", "eps"],
  states: () => ({
    momentum: { label: "momentum", covers: isMatrix },
    m: { label: "first moments", covers: (role) => !isMatrix(role) },
    v: { label: "second moments", covers: (role) => !isMatrix(role) },
  }),
  squares: ["v"],
  rule(states, settings, roleOf) {
    const { momentum = DEFAULT_MOMENTUM } = settings;
    const others = adamw.rule(states, settings, roleOf);
    return {
      scalars: others.scalars,
      record(rec, chunks, norm, scalars) {
        const { lr, keep } = scalars;
        const step = { lr: lr!, keep: keep!, decay: momentum };
        recordMatrices(rec, chunks, norm, states["momentum"]!, roleOf, step);
        others.record(rec, chunks, norm, scalars);
      },
    };
  },
};

/** Numbers of a step. */
interface MuonStep {
  /** Learning rate. */
  readonly lr: Scalar;
  /** Factor of the weights. */
  readonly keep: Scalar;
  /** Decay of the momentum. */
  readonly decay: number;
}

/** Records the update of all matrices, batch by batch. */
function recordMatrices(
  rec: Recorder,
  all: RecordedChunks,
  { control }: GradientNorm,
  momentum: OptimizerState,
  roleOf: RoleOf,
  { lr, keep, decay }: MuonStep,
): void {
  const { parameters, buffers, constants } = all.within(momentum.layout);
  const source = { parameters, buffers, momentum: momentum.layout, roleOf };
  for (const batch of matrixBatches(source, longestChunk(rec.limits))) {
    const { rows, columns, count } = batch;
    const size = rows * columns;
    const lanes = { constants };
    const chunks = rec.constant("matrix chunks", [batch.chunks.length / 4, 4], "u32", batch.chunks);
    const sums = rec.temporary([chunks.shape[0]!], "f32", "muon.sums");
    const direction = rec.temporary([count, rows, columns], "f32", "muon.direction");
    const bytes = 4 * count * size;
    rec.node(
      "muon_direction",
      { cost: { flops: 6 * count * size, bytes: 4 * bytes } },
      () =>
        overBuffers(batch, ({ buffer, n, first, count }) =>
          rec.launch({
            kernel: DIRECTION,
            operands: {
              chunks,
              control,
              gradients: flat(buffer.gradients!),
              momentum: flat(momentum.buffers[n]!),
              direction,
              sums,
            },
            scalars: { first, count, decay },
            workgroups: count,
            ...lanes,
          })),
    );
    recordNormalization(rec, { chunks, sums, direction }, batch, constants);
    const orthogonal = recordNewtonSchulz(rec, direction, batch);
    const scale = 0.2 * Math.sqrt(Math.max(rows, columns));
    rec.node(
      "muon_apply",
      { cost: { flops: 3 * count * size, bytes: 3 * bytes } },
      () =>
        overBuffers(batch, ({ buffer, first, count }) =>
          rec.launch({
            kernel: APPLY(buffer),
            operands: { chunks, control, direction: orthogonal, ...weightOperands(buffer) },
            scalars: { first, count, rate: lr, keep, scale },
            workgroups: count,
            ...lanes,
          })),
    );
  }
}

/** Records the division of every direction by its norm. */
function recordNormalization(
  rec: Recorder,
  { chunks, sums, direction }: Readonly<Record<"chunks" | "sums" | "direction", Tensor>>,
  { rows, columns, count }: MatrixBatch,
  constants: { readonly LANES: number },
): void {
  const size = rows * columns;
  const factors = rec.temporary([count], "f32", "muon.factors");
  const cost = { flops: count * size, bytes: 8 * count * size };
  rec.node("muon_normalize", { cost }, () => {
    rec.launch({
      kernel: FACTOR,
      operands: { chunks, sums, factors },
      constants,
      scalars: { count: sums.size, matrices: count, size, eps: NORM_EPS },
      workgroups: count,
    });
    launchElementwise(rec, NORMALIZE, { factors, x: direction }, count * size, { size });
  });
}

function overBuffers({ buffers }: MatrixBatch, launch: (part: BufferChunks) => void): void {
  for (const part of buffers) launch(part);
}
