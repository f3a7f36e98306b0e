/**
 * Gradients of whole models in float64 against differences of their losses, with and without memory:
 * every attention kind, norm and kind of softmax.
 *
 * @module
 */
import {
  allLengths,
  Batches,
  type InputOptions,
  type ModelConfig,
  modelConfig,
  type ModelSettings,
} from "@transformer-xl/model";
import { GradientModel } from "../support/model/model_gradients.ts";

const V = 30;
const LENGTHS = { batchSize: 2, tgtLen: 3, extLen: 1, memLen: 4 };
const TEXT = Uint32Array.from({ length: 40 }, (_, i) => 7 * i % V);
const SEGMENTS = [...new Batches(TEXT, allLengths(LENGTHS)).segments()];

interface Softmax extends InputOptions {
  readonly settings?: Partial<ModelSettings>;
  readonly tieProjs?: readonly boolean[];
}

const CLUSTERS = { adaptive: true, cutoffs: [8, 16] };

const SOFTMAXES: Readonly<Record<string, Softmax>> = {
  "a plain softmax": {},
  "weights that are not tied": { settings: { notTied: true, dEmbed: 9 } },
  "clusters": { settings: CLUSTERS },
  "clusters of one wider table": { settings: { ...CLUSTERS, dEmbed: 14 } },
  "narrower clusters with shared projections": { settings: { ...CLUSTERS, divVal: 2 } },
  "narrower clusters with weights and projections of their own": {
    settings: { ...CLUSTERS, divVal: 2, notTied: true },
    tieProjs: [false, false, false],
  },
  "a sampled softmax": { samples: 5 },
};

for (const attnType of [0, 1, 2, 3] as const) {
  for (const preLnorm of [false, true]) {
    const norm = preLnorm ? "before" : "after";
    Deno.test(`gradients are those of the losses with attention type ${attnType} and layer norm ${norm} sublayers`, async () => {
      for (const [name, { settings, tieProjs, ...options }] of Object.entries(SOFTMAXES)) {
        const sizes = {
          vocabSize: V,
          nLayer: 2,
          nHead: 2,
          dHead: 5,
          dModel: 10,
          dInner: 7,
          positionRows: 8,
        };
        const model = modelConfig({ ...sizes, attnType, preLnorm, clampLen: 5, ...settings });
        const config: ModelConfig = { ...model, ...(tieProjs && { tieProjs: [...tieProjs] }) };
        using gradients = await GradientModel.record(config, LENGTHS, options);
        await gradients.check(SEGMENTS[0]!, `${name}, without memory`);
        await gradients.fillMemory(SEGMENTS.slice(0, 2));
        await gradients.check(SEGMENTS[2]!, `${name}, with memory`);
      }
    });
  }
}
