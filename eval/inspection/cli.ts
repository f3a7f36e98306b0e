/**
 * `deno task inspect`: a page about what a model does with a text and its memory.
 *
 * @module
 */
import {
  checkDeviceSettings,
  isOfCharacters,
  type ModelCheckpoint,
  modelOfCheckpoint,
  openCheckpoint,
  REMEDIES,
  unverifiedLine,
} from "@transformer-xl/model";
import {
  checkVerbosity,
  DataError,
  fileInfo,
  flagHelp,
  inTrace,
  type ParsedFlags,
  parseFlags,
  quoted,
  runMain,
  type RunTrace,
  settingsByFlag,
  wantsHelp,
  withRemedies,
  withUserPaths,
} from "@transformer-xl/runtime";
import { basename, dirname, resolve } from "node:path";
import { findCheckpoint, lastForBest } from "../find_checkpoint.ts";
import { assertFiniteLoss, assertFiniteWeights } from "../finite.ts";
import { mean } from "../metrics.ts";
import { beginPage, commitText, loadUplot, writingPages } from "../page/mod.ts";
import { lossText } from "../report/loss_text.ts";
import { openedLines } from "../report/report.ts";
import { openScoringDevice } from "../scorers/device_runtime.ts";
import { scoredConfig } from "../settings/scored_config.ts";
import { scoredTexts } from "../text/scored_text.ts";
import {
  checkInspected,
  checkLengths,
  type InspectConfig,
  inspectSchema,
  textOf,
} from "./config.ts";
import { type Inspection, inspectModel } from "./inspect.ts";
import { inspectionLengths } from "./lengths.ts";
import { contextText, measureName } from "./page/curve_table.ts";
import { inspectionPage } from "./page/inspection_page.ts";

/** Name of the page in a work directory. */
const PAGE = "inspection.html";

/**
 * Inspects with the given flags.
 *
 * @param print called with every line of output
 * @returns exit code: 0
 * @throws user errors, see {@link runMain}
 */
export async function inspect(
  argv: readonly string[],
  print: (line: string) => void,
): Promise<number> {
  return await withRemedies(REMEDIES, () => inspectWith(argv, print));
}

async function inspectWith(argv: readonly string[], print: (line: string) => void) {
  if (wantsHelp(argv)) {
    const description = "Writes a page about what a model does with a text and its memory.";
    print(flagHelp(inspectSchema, { usage: "deno task inspect [flags]", description }));
    return 0;
  }
  const { config: given, ...parsed } = parseFlags(inspectSchema, argv);
  const config = withUserPaths(given, ["workDir", "model", "data", "manualFile", "to"] as const);
  checkInspected(config);
  checkDeviceSettings(config);
  checkVerbosity(config);
  return await inTrace("inspect", (trace) => writePage({ ...parsed, config }, { print, trace }));
}

async function writePage(
  { config, origin }: ParsedFlags<InspectConfig>,
  { print, trace }: {
    readonly print: (line: string) => void;
    readonly trace: RunTrace | undefined;
  },
): Promise<number> {
  using checkpoint = await openCheckpoint(await findCheckpoint(config, "inspect"));
  const { path } = checkpoint;
  const note = config.quiet ? () => {} : print;
  const isAlone = config.model !== null && origin.get("workDir") === "default";
  const to = config.to ?? `${isAlone ? dirname(path) : config.workDir}/${PAGE}`;
  await using file = await beginPage(to, "inspection");
  for (const line of [unverifiedLine(checkpoint), lastForBest(config, path, "inspecting")]) {
    if (line !== undefined) print(line);
  }
  note(`checkpoint : ${path}`);
  const text = await inspectedText(config, checkpoint, note);
  const lengths = inspectionLengths(config, text.ids.length, checkpoint);
  const modelConfig = scoredConfig(config, checkpoint.config);
  const { tgtLen, memLen, memLens } = lengths;
  checkLengths(modelConfig, lengths);
  using device = await openScoringDevice(config, note);
  using model = await modelOfCheckpoint(device, checkpoint, {
    config: modelConfig,
    fp16: config.fp16,
  });
  await assertFiniteWeights(device, model.store, path);
  note(
    `${text.ids.length} tokens in segments of ${tgtLen}, memory of ${memLens.join(", ")} rows`,
  );
  if (config.verbose) {
    for (const line of openedLines(device.info, device.liveBytesByRole)) note(line);
  }
  const { kind } = checkpoint.vocabulary;
  const characters = isOfCharacters(kind);
  trace?.add({ checkpoint: path, adapter: device.info.adapter });
  trace?.lap("start-up");
  const inspection = await inspectModel(model, text, lengths, {
    threshold: config.threshold,
    cache: config.cache,
    onPart: (name) => trace?.lap(name),
    onPoint({ memLen, lossNats }) {
      trace?.lap("memory", { mem_len: memLen, loss: lossNats });
      assertFiniteLoss(lossNats, text.name, path);
      const rows = String(memLen).padStart(String(memLens.at(-1)).length);
      print(
        `| memory ${rows} | loss ${lossNats.toFixed(4)} | ${lossText(lossNats, { characters })}`,
      );
    },
  });
  for (const line of summaryLines(inspection)) print(line);
  const facts = { writtenAt: new Date(), library: await loadUplot() };
  const name = isAlone ? basename(path) : basename(resolve(config.workDir));
  const page = inspectionPage(inspection, {
    ...{ name, isOfCharacters: characters },
    subtitle: [basename(path), text.origin, `${text.ids.length.toLocaleString("en")} tokens`],
    model: Object.entries(modelConfig),
    settings: [
      ...Object.entries(settingsByFlag({ ...config, tgtLen, memLen })),
      ["adapter", device.info.adapter],
    ],
  }, facts);
  await writingPages(to, () => commitText(file, page));
  print(`written: ${quoted(to)}`);
  return 0;
}

/** The first tokens of the text of the flags, with its name and origin. */
async function inspectedText(
  config: InspectConfig,
  checkpoint: ModelCheckpoint,
  print: (line: string) => void,
) {
  const cacheDir = (await fileInfo(config.workDir))?.isDirectory
    ? `${config.workDir}/cache`
    : undefined;
  const { texts: [text], lines, vocabulary } = await scoredTexts(
    textOf(config),
    checkpoint,
    cacheDir,
    print,
  );
  for (const line of lines) print(line);
  const { name, ids, whole } = text!;
  if (ids.length < 2) {
    throw new DataError(
      `Cannot inspect the ${name} text: it has ${ids.length} tokens, and the first is never ` +
        "predicted; give more text",
    );
  }
  const isTyped = config.manual.length > 0 || config.manualFile !== null;
  return {
    name: isTyped ? "typed" : name,
    ids: ids.slice(0, config.maxTokens),
    symbols: vocabulary,
    origin: isTyped ? "typed text" : whole ? "whole text" : `${name} split`,
  };
}

/** What is found, in lines. */
function summaryLines({ contexts, heads, threshold }: Inspection): string[] {
  return [
    `effective context length, rows of memory (steps gain ${threshold} or more): ${
      contexts.map((context) => `${measureName(context.measure)} ${contextText(context)}`).join(
        "; ",
      )
    }`,
    ...heads.layers.map((layer, l) =>
      `| layer ${String(l + 1).padStart(2)} | mean distance ${
        mean(layer.map(({ distance }) => distance)).toFixed(1).padStart(7)
      } | in memory ${
        (100 * mean(layer.map(({ inMemory }) => inMemory))).toFixed(0).padStart(3)
      } % | heads ${layer.map(({ distance }) => distance.toFixed(1)).join(" ")}`
    ),
  ];
}

if (import.meta.main) await runMain(() => inspect(Deno.args, console.log));
