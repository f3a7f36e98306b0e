/**
 * Groups of the launches of a step: what belongs together in a table.
 *
 * @module
 */
import type { LaunchWork } from "./launch_work.ts";

/** What the group of a launch is chosen by. */
export interface Place {
  /** Plan it belongs to. */
  readonly plan: string;
  /** Its label with its scopes. */
  readonly label: string;
  /** The op that recorded it; empty if none did. */
  readonly op: string;
  /** Its work; undefined for a clear. */
  readonly work: LaunchWork | undefined;
}

interface Group {
  readonly name: string;
  readonly holds: (place: Place) => boolean;
}

const isProduct = ({ work }: Place) => work?.product !== undefined;
const isFused = ({ work }: Place) => /^fused_/.test(work?.kernel ?? "");
const kernel = (pattern: RegExp) => ({ work }: Place) => pattern.test(work?.kernel ?? "");
const attention = ({ op }: Place) => /attention/.test(op);
const vocabulary = ({ label }: Place) => label.startsWith("softmax/");

/** In the order of the table; a launch belongs to the first group that holds it. */
const GROUPS: readonly Group[] = [
  { name: "optimizer", holds: ({ plan }) => plan === "update" },
  { name: "vocabulary products", holds: (place) => vocabulary(place) && isProduct(place) },
  { name: "vocabulary rows, parts, biases", holds: vocabulary },
  {
    name: "attention products",
    holds: (place) => attention(place) && (isProduct(place) || isFused(place)),
  },
  { name: "attention softmax", holds: (place) => attention(place) && kernel(/softmax/)(place) },
  { name: "sums of columns", holds: kernel(/^(sum_rows|block_sums|column_sums)/) },
  { name: "attention packing, biases", holds: attention },
  { name: "dense products", holds: isProduct },
  { name: "parts of dense products", holds: kernel(/^matmul_reduce/) },
  { name: "dropout", holds: kernel(/^dropout/) },
  { name: "layer norm", holds: kernel(/^layer_norm/) },
  { name: "add, copy, ReLU", holds: kernel(/^(add|concat|copy_rows|relu.*|residual_sum.*)$/) },
  { name: "embedding, gather, clear, sum", holds: () => true },
];

/** Names of the groups in order. */
export const GROUP_NAMES: readonly string[] = GROUPS.map(({ name }) => name);

/** The group of a launch or clear. */
export function groupOf(place: Place): string {
  return GROUPS.find(({ holds }) => holds(place))!.name;
}
