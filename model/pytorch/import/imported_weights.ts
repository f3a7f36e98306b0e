/**
 * Weights of an imported model on their way into a checkpoint, read piece by piece.
 *
 * @module
 */
import {
  floatsOf,
  isFiniteData,
  isWeightDtype,
  oneLine,
  ParameterStore,
  PORTABLE_LIMITS,
  quoted,
  type SafetensorsSource,
} from "@transformer-xl/runtime";
import { contradiction } from "../../checkpoint/checkpoint_checks.ts";
import type { ModelConfig } from "../../config.ts";
import { TransformerXL } from "../../transformer_xl.ts";
import { CLUSTER_ROWS, reversedRows } from "../reversed_rows.ts";
import type { SourceModel } from "./find_model.ts";
import { cannotImport } from "./import_error.ts";
import type { SourceTensor } from "./source_tensors.ts";

/** Declares a model without splitting tables. */
const UNLIMITED = { ...PORTABLE_LIMITS, maxBindingBytes: Infinity, maxBufferBytes: Infinity };

/** Copies of shared tensors, which a model does not have. */
const COPIES = /^crit\.(?:shared_out_projs|out_projs|out_layers_weights)\.\d+$|\.r_[wr]_bias$/;

/** A file may repeat tensors, but not make a checkpoint of many times its length. */
const MOST_GROWTH = 4;
const SMALL_BYTES = 1 << 20;

/**
 * The weights of a model under the names of checkpoints, in the type of the file; bfloat16 becomes
 * float32.
 *
 * @param fileBytes length of the file
 * @throws {CheckpointError} When a tensor is missing, has another shape, or does not belong to it; the
 * pieces reject with it where numbers are not finite
 */
export function importedWeights(
  path: string,
  { tensors, layout }: Pick<SourceModel, "tensors" | "layout">,
  config: ModelConfig,
  fileBytes: number,
): SafetensorsSource[] {
  const problem = contradiction(config, tensors.size);
  if (problem !== undefined) throw cannotImport(path, `in its model, ${problem}`);
  using declared = new ParameterStore();
  new TransformerXL(declared, config, UNLIMITED);
  const names = new Set(declared.parameters.map(({ name }) => name));
  for (const name of tensors.keys()) {
    if (!names.has(name) && !COPIES.test(name)) {
      throw cannotImport(path, `its tensor ${quoted(name, 80)} does not belong to such a model`);
    }
  }
  let bytes = 0;
  const sources = declared.parameters.map(({ name, shape }): SafetensorsSource => {
    const tensor = tensors.get(name);
    const stored = tensor === undefined
      ? "missing"
      : `${tensor.dtype} [${oneLine(tensor.shape.join(), 60)}]`;
    if (
      tensor === undefined || !isWeightDtype(tensor.dtype) ||
      tensor.shape.join() !== shape.join()
    ) {
      throw cannotImport(
        path,
        `its tensor ${quoted(name, 80)} is ${stored}, its model has numbers [${shape}]`,
      );
    }
    const dtype = tensor.dtype === "BF16" ? "F32" : tensor.dtype;
    bytes += shape.reduce(
      (product, n) => product * n,
      dtype === "F64" ? 8 : dtype === "F32" ? 4 : 2,
    );
    const isReversed = layout === "huggingface" && CLUSTER_ROWS.test(name);
    const pieces = () => weightPieces(path, name, tensor);
    return {
      name,
      dtype,
      shape,
      values: isReversed ? () => reversedRows(pieces(), shape) : pieces,
    };
  });
  if (bytes > MOST_GROWTH * fileBytes + SMALL_BYTES) {
    throw cannotImport(path, `its tensors would be ${bytes} bytes, the file has ${fileBytes}`);
  }
  return sources;
}

type Pieces = AsyncGenerator<ArrayBufferView<ArrayBuffer>>;

async function* weightPieces(path: string, name: string, tensor: SourceTensor): Pieces {
  const { dtype } = tensor;
  if (!isWeightDtype(dtype)) return;
  for await (const piece of tensor.pieces()) {
    if (!isFiniteData(dtype, piece)) {
      throw cannotImport(path, `its tensor ${quoted(name, 80)} holds numbers that are not finite`);
    }
    yield dtype === "BF16" ? floatsOf(dtype, piece) : piece;
  }
}
