/**
 * Warnings about given settings that an evaluation does not read, or that score less than expected.
 *
 * @module
 */
import type { FlagOrigin } from "@transformer-xl/runtime";
import { type EvalConfig, isTyped } from "../config.ts";
import { typedFlag } from "./flag_words.ts";

/** Flags that only another flag reads. */
const READERS = [
  ["percentiles", "--percentiles", "saveData", "--save_data"],
  ["perTokenFile", "--per_token_file", "perToken", "--per_token"],
  ["manualVocab", "--manual_vocab", "manualConfig", "--manual_config"],
] as const satisfies readonly (readonly [keyof EvalConfig, string, keyof EvalConfig, string])[];

/** Flags about the place of a text that is not typed. */
const PLACES = [["data", "--data"], ["dataset", "--dataset"]] as const;

/** Flags about a device, which ONNX Runtime does not use. */
const OF_DEVICES = [
  ["fp16Sums", "--fp16_sums", ""],
  ["device", "--device", "; give --onnx_provider"],
  ["matrixUnits", "--matrix_units", ""],
] as const;

/**
 * One line for each flag without effect.
 *
 * @param origin what the settings come from: files of `--print_config` have all settings, and need no
 * line
 * @example
 * ```ts
 * import { evalSchema, settingWarnings } from "@transformer-xl/eval";
 * import { assertEquals } from "@std/assert";
 *
 * const given = new Map([["percentiles", "flag"]] as const);
 * assertEquals(settingWarnings(evalSchema.parse({ percentiles: [50] }), given), [
 *   "warning: --percentiles has no effect without --save_data",
 * ]);
 * ```
 */
export function settingWarnings(
  config: EvalConfig,
  origin: ReadonlyMap<string, FlagOrigin>,
): string[] {
  const isFlag = (key: keyof EvalConfig) => origin.get(key) === "flag";
  const isOnnx = config.type === "onnx";
  return [
    ...READERS.filter(([key, , reader]) => isFlag(key) && !config[reader])
      .map(([, flag, , reader]) => `warning: ${flag} has no effect without ${reader}`),
    ...PLACES.filter(([key]) => isFlag(key) && isTyped(config))
      .map(([, flag]) => `warning: ${flag} has no effect with ${typedFlag(config)}`),
    ...(isFlag("onnxProvider") && !isOnnx
      ? ["warning: --onnx_provider has no effect without --type onnx"]
      : []),
    ...OF_DEVICES.filter(([key]) => isFlag(key) && isOnnx)
      .map(([, flag, instead]) => `warning: ${flag} has no effect with --type onnx${instead}`),
  ];
}

/**
 * A line about segments longer than the memory with `--same_length`, where every row attends to as
 * many rows as the memory has; the reference warns too.
 *
 * @param lengths lengths that are scored
 */
export function sameLengthWarning(
  sameLength: boolean,
  { tgtLen, memLen }: { readonly tgtLen: number; readonly memLen: number },
): string | undefined {
  if (!sameLength || tgtLen <= memLen) return undefined;
  return `warning: --same_length lets a token see --mem_len ${memLen} tokens before it, fewer than ` +
    `--tgt_len ${tgtLen}; raise --mem_len to give it more context`;
}
