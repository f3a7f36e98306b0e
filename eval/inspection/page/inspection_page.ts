/**
 * Page of an inspection: loss by length of the memory, how far heads look, and the text coloured by the
 * surprise of its tokens.
 *
 * @module
 */
import { bitsPerCharacter, mean, perplexity } from "../../metrics.ts";
import { escapeHtml, factsTable } from "../../page/html.ts";
import { type Figure, figuresHtml, heading, type PageFacts, wholePage } from "../../page/page.ts";
import { legendHtml, pageText, TEXT_STYLE } from "../../tokens/token_page.ts";
import type { Inspection } from "../inspect.ts";
import { contextText, curveTable, inUnit, measureName, thresholdText } from "./curve_table.ts";
import { heatMapHtml } from "./heat_map.ts";
import CHARTS from "./inspection_charts.js" with { type: "text" };
import STYLE from "./inspection.css" with { type: "text" };

/** What a page says about model and text. */
export interface InspectedFacts {
  /** Name of the model, for the title. */
  readonly name: string;
  /** Parts of the line under the title. */
  readonly subtitle: readonly string[];
  /** Whether losses are in bits per character. */
  readonly isOfCharacters: boolean;
  /** Settings of the model. */
  readonly model: readonly (readonly [name: string, value: unknown])[];
  /** Settings of the inspection. */
  readonly settings: readonly (readonly [name: string, value: unknown])[];
}

/** The page. */
export function inspectionPage(
  inspection: Inspection,
  { name, subtitle, isOfCharacters, model, settings }: InspectedFacts,
  facts: PageFacts,
): string {
  const { curve, contexts, threshold, table } = inspection;
  const title = `Inspection of ${name}`;
  const sections = [
    `<h1>${escapeHtml(title)}</h1>`,
    `<p class="subtitle">${escapeHtml(subtitle.join(" · "))}</p>`,
    figuresHtml(figures(inspection, isOfCharacters)),
    heading("Loss by length of the memory"),
    curveNote(inspection),
    ...(curve.length > 1 ? ['<div class="charts" id="charts"></div>'] : []),
    gainNote(inspection),
    curveTable(inspection, isOfCharacters),
    heading("How far heads look"),
    headsHtml(inspection),
    heading("Surprise of every token"),
    `<div class="sheet">${legendHtml()}\n${[...pageText(table)].join("")}</div>`,
    `<div class="columns"><section>${heading("Model")}\n${factsTable(model)}</section>`,
    `<section>${heading("Settings")}\n${factsTable(settings)}</section></div>`,
  ];
  const inBits = curve.map(({ lossNats }) =>
    isOfCharacters ? bitsPerCharacter(lossNats) : perplexity(lossNats)
  );
  const data = {
    memLens: curve.map(({ memLen }) => memLen),
    loss: curve.map(({ lossNats }) => lossNats),
    unit: { name: isOfCharacters ? "Bits per character" : "Perplexity", values: inBits },
    threshold,
    gains: contexts.map(({ measure, gains }) => ({ name: measureName(measure), values: gains })),
  };
  return wholePage(
    {
      ...{ kind: "inspection", title, sections, data, script: CHARTS },
      style: TEXT_STYLE + STYLE,
    },
    facts,
  );
}

/** The numbers to see first. */
function figures(
  { curve, contexts, threshold, heads }: Inspection,
  isOfCharacters: boolean,
): Figure[] {
  const [without, full] = [curve[0]!, curve.at(-1)!];
  const unit = isOfCharacters ? "bits per character" : "perplexity";
  const all = heads.layers.flat();
  const rows = `${full.memLen.toLocaleString("en")} rows`;
  return [
    [
      `With ${rows} of memory`,
      inUnit(full.lossNats, isOfCharacters),
      `${unit}, loss ${full.lossNats.toFixed(4)}`,
    ],
    [
      "Without memory",
      inUnit(without.lossNats, isOfCharacters),
      `${unit}, loss ${without.lossNats.toFixed(4)}`,
    ],
    [
      "Effective context length",
      contextText(contexts[0]!),
      `rows of memory, steps gain ${thresholdText(threshold)} or more`,
    ],
    [
      "Mean distance",
      mean(all.map(({ distance }) => distance)).toFixed(1),
      "rows back, over all heads",
    ],
    [
      "Attention to the memory",
      `${(100 * mean(all.map(({ inMemory }) => inMemory))).toFixed(0)} %`,
      `of ${rows}, over all heads`,
    ],
  ];
}

function curveNote({ curve, lengths: { tgtLen } }: Inspection): string {
  const { length } = curve[0]!.losses;
  const tokens = length === 1 ? "token is" : `${length.toLocaleString("en")} tokens are`;
  return `<p class="note">The same ${tokens} scored with every length of the memory, in segments of ${tgtLen}.
Beside the memory a token sees the rows of its segment before it, and rows of memory carry on what they saw
themselves.</p>`;
}

function gainNote({ threshold }: Inspection): string {
  return `<p class="note">The relative gain of a step from one length to the next is the perplexity that it saves: of all
tokens, or, as in the relative effective context length (RECL) of Dai et al. 2019 for a group of this model alone, of the
share r of the tokens that is hardest at the shorter length, where tokens that get worse do not count. The effective
context length is the first one whose next step gains less than ${thresholdText(threshold)}.</p>`;
}

function headsHtml({ heads, lengths: { memLen } }: Inspection): string {
  const distances = heads.layers.map((layer) => layer.map(({ distance }) => distance));
  const shares = heads.layers.map((layer) => layer.map(({ inMemory }) => inMemory));
  const columns = distances[0]?.length ?? 0;
  const width = `${9 + 3.1 * columns}rem`;
  const maps = [
    heatMapHtml({
      title: "Mean distance, rows",
      rows: distances,
      most: Math.max(...distances.flat()),
      text: (value) => value.toFixed(value < 100 ? 1 : 0),
    }),
    heatMapHtml({
      title: "Share of the attention in the memory, %",
      rows: shares,
      most: 1,
      text: (value) => (100 * value).toFixed(0),
    }),
  ];
  return `<p class="note">Means over ${
    heads.tokens === 1
      ? "the one token that sees"
      : `${heads.tokens.toLocaleString("en")} tokens that see`
  } a full memory of ${
    memLen.toLocaleString("en")
  } rows, from the probabilities of attention: the distance of what a head attends to, 0 for the token
itself, and the share of its attention that falls on the memory and not on the segment.</p>
<div class="heats" style="--heat-width:${width}">${maps.join("\n")}</div>`;
}
