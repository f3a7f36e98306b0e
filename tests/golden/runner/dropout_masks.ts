/**
 * Keep masks of a case, laid out for a recording with static lengths. Memory that is not filled yet
 * lies in front of the filled rows, and rows of a short segment are followed by padding, so a stored
 * mask is a corner of the full one; the rest is never seen and counts as kept.
 *
 * @module
 */
import type { Lengths, ModelConfig } from "@transformer-xl/model";
import { DataError, sizeOf } from "@transformer-xl/runtime";
import type { GoldenCase } from "./golden_case.ts";

/** Shape of the mask of every site that drops, by name, at full length. */
export function maskShapes(
  { dropout, dropatt, nLayer, nHead: N, dModel: D, dInner: F }: ModelConfig,
  { batchSize: B, tgtLen, extLen, memLen }: Lengths,
): Map<string, readonly number[]> {
  const Q = tgtLen + extLen;
  const K = memLen + Q;
  const shapes = new Map<string, readonly number[]>();
  const rows = (site: string, width: number) => {
    if (dropout > 0) shapes.set(site, [Q, B, width]);
  };
  rows("word_emb", D);
  rows("final", D);
  if (dropout > 0) shapes.set("pos_emb", [K, 1, D]);
  for (let l = 0; l < nLayer; l++) {
    if (dropatt > 0) shapes.set(`l${l}/prob`, [B, N, Q, K]);
    rows(`l${l}/attn`, D);
    rows(`l${l}/ff1`, F);
    rows(`l${l}/ff2`, D);
  }
  return shapes;
}

/**
 * The masks of segment `s`, at full length.
 *
 * @param rows q
 * @param validRows m: rows of memory in front of the segment
 * @throws {DataError} when a mask is missing, or does not belong to the segment
 */
export async function readMasks(
  golden: GoldenCase,
  s: number,
  shapes: ReadonlyMap<string, readonly number[]>,
  { rows, validRows, memLen }: { rows: number; validRows: number; memLen: number },
): Promise<Map<string, Uint32Array<ArrayBuffer>>> {
  const unknown = golden.under(`s${s}/mask/`).find((site) => !shapes.has(site));
  if (unknown !== undefined) {
    throw new DataError(
      `Cannot use mask "${unknown}" of "${golden.folder}": nothing is dropped there`,
    );
  }
  const masks = new Map<string, Uint32Array<ArrayBuffer>>();
  for (const [site, full] of shapes) {
    const name = `s${s}/mask/${site}`;
    const stored = await golden.integers(name, 2);
    const keys = validRows + rows;
    const isProb = site.endsWith("/prob");
    const offset = full.map(() => 0);
    if (isProb) offset[3] = memLen - validRows;
    else if (site === "pos_emb") offset[0] = full[0]! - keys;
    const want = isProb
      ? [full[0]!, full[1]!, rows, keys]
      : [site === "pos_emb" ? keys : rows, full[1]!, full[2]!];
    const shape = golden.shape(name);
    if (shape.join() !== want.join()) {
      throw new DataError(
        `Cannot use "${name}" of "${golden.folder}": its shape is [${shape}], expected [${want}]`,
      );
    }
    masks.set(site, placed(stored, shape, full, offset));
  }
  return masks;
}

/** `values` at `offset` in an array of ones. */
function placed(
  values: Uint32Array,
  shape: readonly number[],
  full: readonly number[],
  offset: readonly number[],
): Uint32Array<ArrayBuffer> {
  const whole = new Uint32Array(sizeOf(full)).fill(1);
  for (let i = 0; i < values.length; i++) {
    let rest = i;
    let at = 0;
    let stride = 1;
    for (let axis = full.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]! + offset[axis]!) * stride;
      rest = Math.floor(rest / shape[axis]!);
      stride *= full[axis]!;
    }
    whole[at] = values[i]!;
  }
  return whole;
}
