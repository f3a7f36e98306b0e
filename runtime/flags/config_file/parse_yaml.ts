/**
 * YAML 1.2 with merge keys (`<<`), for files that may be hostile: length, depth and the number of
 * values, aliases counted as what they stand for, are limited.
 *
 * @module
 */
import type { Node, ParsedNode, YAMLMap } from "yaml";
import { oneLine, quoted } from "../../base/one_line.ts";

/** Longest YAML text that is parsed; the parser's time grows with its square. */
export const MAX_YAML_LENGTH: number = 2 ** 16;

/** Deepest nesting. */
export const MAX_DEPTH = 16;

/** Most values. */
export const MAX_VALUES = 20_000;

/** A problem of a document, worded to follow "it"; the caller adds the file name. */
export class YamlFault extends Error {
  /** Name of the class. */
  override readonly name = "YamlFault";
}

type Yaml = typeof import("yaml");

/** A value, and how many it holds. */
interface Expanded {
  readonly value: unknown;
  readonly size: number;
}

/**
 * Parses a document.
 *
 * @throws {YamlFault} When it is not YAML, has an alias without an anchor, or exceeds the limits
 */
export async function parseYaml(text: string): Promise<unknown> {
  if (text.length > MAX_YAML_LENGTH) {
    throw new YamlFault(
      `has ${text.length} characters of YAML, at most ${MAX_YAML_LENGTH} are read; ` +
        "give a file of settings",
    );
  }
  const yaml = await import("yaml"); // here, since most runs read no file
  const lineCounter = new yaml.LineCounter();
  const place = (position: number) => {
    const { line, col } = lineCounter.linePos(position);
    return `line ${line}, column ${col}`;
  };
  const document = yaml.parseDocument<ParsedNode>(text, { lineCounter, prettyErrors: false });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const isDeep = problem.message.startsWith("Maximum call stack");
    const why = isDeep
      ? TOO_DEEP
      : problem.code === "MULTIPLE_DOCS"
      ? "has several documents, separated by ---, want one"
      : `is no YAML, ${oneLine(problem.message, 160)}`;
    throw new YamlFault(`${why} (${place(problem.pos[0])})`);
  }
  const expansion = new Expansion(yaml, (node) => place(node.range?.[0] ?? 0));
  return expansion.expand(document.contents, 0).value;
}

const TOO_DEEP = `is nested deeper than ${MAX_DEPTH}`;

/** The values of nodes. An anchor is defined by the nodes before its aliases. */
class Expansion {
  readonly #anchors = new Map<string, Expanded>();
  readonly #yaml: Yaml;
  readonly #place: (node: Node) => string;

  constructor(yaml: Yaml, place: (node: Node) => string) {
    this.#yaml = yaml;
    this.#place = place;
  }

  /** The value of a node at a depth. */
  expand(node: Node | null, depth: number): Expanded {
    if (node === null) return { value: null, size: 1 };
    if (depth > MAX_DEPTH) throw this.#fault(node, TOO_DEEP);
    if (this.#yaml.isAlias(node)) {
      const found = this.#anchors.get(node.source);
      if (found !== undefined) return found;
      throw this.#fault(node, `has the alias *${oneLine(node.source, 60)} of no anchor before it`);
    }
    const expanded = this.#expandNode(node, depth);
    if (expanded.size > MAX_VALUES) throw this.#fault(node, `has more than ${MAX_VALUES} values`);
    const { anchor } = node as { readonly anchor?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, expanded);
    return expanded;
  }

  #expandNode(node: Node, depth: number): Expanded {
    if (this.#yaml.isMap<Node, Node | null>(node)) return this.#expandMap(node, depth);
    if (!this.#yaml.isSeq<Node>(node)) {
      return { value: (node as { value?: unknown }).value, size: 1 };
    }
    let size = 1;
    const value: unknown[] = [];
    for (const item of node.items) {
      const expanded = this.expand(item, depth + 1);
      value.push(expanded.value);
      size += expanded.size;
      if (size > MAX_VALUES) break; // which is a fault of the whole list
    }
    return { value, size };
  }

  /** Keys of the map itself override merged ones, and of several sources the first wins. */
  #expandMap(map: YAMLMap<Node, Node | null>, depth: number): Expanded {
    let size = 1;
    const own = new Map<string, unknown>();
    const merged = new Map<string, unknown>();
    for (const { key, value } of map.items) {
      const name = this.#keyOf(map, key);
      const expanded = this.expand(value, depth + 1);
      size += expanded.size;
      if (size > MAX_VALUES) break; // which is a fault of the whole map
      if (name !== "<<") {
        own.set(name, expanded.value);
        continue;
      }
      const sources = Array.isArray(expanded.value) ? expanded.value : [expanded.value];
      for (const source of sources) {
        if (typeof source !== "object" || source === null || Array.isArray(source)) {
          throw this.#fault(key, "merges (<<) something that is no mapping");
        }
        for (const [key, value] of Object.entries(source)) {
          if (!merged.has(key)) merged.set(key, value);
        }
      }
    }
    return { value: Object.fromEntries([...merged, ...own]), size };
  }

  #keyOf(map: Node, key: Node): string {
    if (this.#yaml.isScalar(key) && key.value !== null) return String(key.value);
    const shown = this.#yaml.isScalar(key) ? quoted(null) : "a list or mapping";
    throw this.#fault(key ?? map, `has ${shown} as the name of a setting`);
  }

  #fault(node: Node, why: string): YamlFault {
    return new YamlFault(`${why} (${this.#place(node)})`);
  }
}
