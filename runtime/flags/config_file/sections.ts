/**
 * Sections of a configuration file, in the form of NVIDIA's files: each section has a subsection of
 * settings per program.
 *
 * ```yaml
 * default:
 *   train: { n_layer: 16 }
 *   eval: { tgt_len: 64 }
 * ```
 *
 * @module
 */
import { ConfigError } from "../../base/errors.ts";
import { oneLine, quoted } from "../../base/one_line.ts";
import { nearestName } from "../nearest_name.ts";

/** A mapping of YAML or JSON. */
export type Mapping = Readonly<Record<string, unknown>>;

/** Whether a value is a mapping. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Choice of a section. */
export interface SectionChoice {
  /** Name of the subsection. */
  readonly program: Program;
  /** Name of the section, `--config`; null: `default`. */
  readonly section: string | null;
}

/** A program with a subsection. */
export type Program = "train" | "eval";

const PROGRAMS: readonly string[] = ["train", "eval"] satisfies Program[];

/** Section without `--config`. */
export const DEFAULT_SECTION = "default";

/** Maximum number of sections listed in an error. */
const MAX_LISTED = 12;

/**
 * The settings of a program: all of a file without sections, or those of its section.
 *
 * @param path The file, for errors
 * @throws {ConfigError} When there is no such section, or it has nothing for the program
 */
export function sectionOf(
  content: Mapping,
  { program, section }: SectionChoice,
  path: string,
): Mapping {
  const isSubsection = (value: unknown) => value === null || isMapping(value);
  const hasPrograms = (value: unknown): value is Mapping =>
    isMapping(value) &&
    PROGRAMS.some((name) => Object.hasOwn(value, name) && isSubsection(value[name]));
  // A file with the two programs alone is one section.
  const isOneSection = hasPrograms(content) &&
    Object.keys(content).every((name) => PROGRAMS.includes(name));
  const sections = isOneSection ? { [DEFAULT_SECTION]: content } : content;
  const names = Object.keys(sections).filter((name) => hasPrograms(sections[name]));
  const wanted = section ?? DEFAULT_SECTION;
  const refusal = (why: string) =>
    new ConfigError(
      `Cannot use section ${quoted(wanted, 60)} of configuration file ${quoted(path)}: ${why}`,
    );
  if (!names.includes(wanted) && isMapping(sections[wanted])) {
    throw refusal(partsOf(sections[wanted], program));
  }
  if (names.length === 0) {
    if (wanted === DEFAULT_SECTION) return content;
    throw refusal("it has no sections, only settings; leave --config out");
  }
  const stray = Object.keys(sections).find((name) => !isSubsection(sections[name]));
  if (stray !== undefined) {
    throw new ConfigError(
      `Cannot use ${quoted(stray, 60)} of configuration file ${
        quoted(path)
      }: it stands beside the ` +
        `sections ${listed(names)}, where no program reads it; move it into one of them`,
    );
  }
  if (!names.includes(wanted)) {
    const near = nearestName(wanted.slice(0, 60), names);
    throw refusal(
      `it has ${listed(names)}` + (near === undefined ? "" : `; did you mean ${quoted(near, 60)}?`),
    );
  }
  const settings = (sections[wanted] as Mapping)[program];
  if (settings === null) return {};
  if (isMapping(settings)) return settings;
  const others = names.filter((name) => isMapping((sections[name] as Mapping)[program]));
  throw refusal(
    `it has no "${program}"; ` +
      (others.length === 0 ? "no section has one" : `${listed(others)} have one`),
  );
}

/** What a mapping without a subsection has instead. */
function partsOf(section: Mapping, program: Program): string {
  const parts = Object.keys(section);
  const near = parts.find((part) => nearestName(part.slice(0, 60), PROGRAMS) !== undefined);
  if (near !== undefined) {
    return `it has ${quoted(near, 60)}; did you mean "${nearestName(near, PROGRAMS)}"?`;
  }
  return `it has no "${program}" with the settings of the program`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_LISTED).map((name) => oneLine(name, 30)).join(", ");
  return names.length > MAX_LISTED ? `${shown} and ${names.length - MAX_LISTED} more` : shown;
}
