/**
 * Parser of apt's configuration: one-line `*.list` and deb822 `*.sources` files. Setup uses the
 * archive that the system already trusts; this program contains no archive address.
 *
 * @module
 */

/** One enabled entry that offers binary packages. */
export interface AptSource {
  /** Where the archive is. */
  readonly uris: readonly string[];
  /** Release names, such as "bookworm" and "bookworm-updates". */
  readonly suites: readonly string[];
  /** Sections, such as "main". */
  readonly components: readonly string[];
  /** Everything else, by deb822 name: Signed-By, Trusted, Check-Valid-Until, Architectures. */
  readonly options: Readonly<Record<string, string>>;
}

/**
 * Parses a file of apt's configuration. Disabled entries and source packages are skipped.
 *
 * @param path decides the format: deb822 if it ends in ".sources"
 * @param text content of the file
 * @example
 * ```ts
 * import { parseAptSources } from "@transformer-xl/runtime/setup";
 * import { assertEquals } from "@std/assert";
 *
 * const [source] = parseAptSources("a.list", "deb [trusted=yes] http://archive/debian bookworm main");
 * assertEquals(source!.suites, ["bookworm"]);
 * assertEquals(source!.options, { Trusted: "yes" });
 * ```
 */
export function parseAptSources(path: string, text: string): readonly AptSource[] {
  return path.endsWith(".sources") ? parseStanzas(text) : parseLines(text);
}

const ONE_LINE = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/;

function parseLines(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split("\n")) {
    const match = ONE_LINE.exec(line);
    if (match === null) continue;
    const [, options = "", uri, suite, components] = match;
    sources.push({
      uris: [uri!],
      suites: [suite!],
      components: words(components!),
      options: Object.fromEntries(
        words(options).map((option) => {
          const at = option.indexOf("=");
          return [fieldName(option.slice(0, at)), option.slice(at + 1).replaceAll(",", " ")];
        }),
      ),
    });
  }
  return sources;
}

/** "signed-by" is "Signed-By"; "arch" and "lang" have longer names in deb822. */
function fieldName(option: string): string {
  if (option === "arch") return "Architectures";
  if (option === "lang") return "Languages";
  if (option === "target") return "Targets";
  return option.split("-").map((word) => word[0]!.toUpperCase() + word.slice(1)).join("-");
}

function parseStanzas(text: string): AptSource[] {
  const sources: AptSource[] = [];
  const uncommented = text.split("\n").filter((line) => !line.startsWith("#")).join("\n");
  for (const stanza of uncommented.split(/\n[ \t]*\n/)) {
    const fields = new Map<string, string>();
    // A field continues on lines that start with a blank; an inline key is such a field.
    for (const [, name, value] of stanza.matchAll(/^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm)) {
      fields.set(name!.toLowerCase().split("-").map(fieldName).join("-"), value!.trimEnd());
    }
    const take = (name: string): string => {
      const value = fields.get(name) ?? "";
      fields.delete(name);
      return value;
    };
    const [types, uris, suites] = [take("Types"), take("Uris"), take("Suites")].map(words);
    const [components, enabled] = [words(take("Components")), take("Enabled")];
    if (/^(no|false|0|off|disable|without)$/i.test(enabled) || !types!.includes("deb")) continue;
    sources.push({
      uris: uris!,
      suites: suites!,
      components,
      options: Object.fromEntries(fields),
    });
  }
  return sources;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** The entry that serves the release itself, if one does. */
export function archiveOf(sources: readonly AptSource[], codename: string): AptSource | undefined {
  return sources.find(({ suites, components }) =>
    suites.includes(codename) && components.includes("main")
  );
}

/** Whether an entry already serves the release's backports. */
export function hasBackports(sources: readonly AptSource[], codename: string): boolean {
  return sources.some(({ suites }) => suites.includes(`${codename}-backports`));
}

/** The deb822 stanza that asks `archive` for the backports of a release, trusted as before. */
export function backportsStanza(archive: AptSource, codename: string): string {
  return suiteStanza(archive, `${codename}-backports`);
}

/** The deb822 stanza that asks `archive` for another suite, trusted as before. */
export function suiteStanza(archive: AptSource, suite: string): string {
  const options = Object.entries(archive.options).map(([name, value]) => `${name}: ${value}`);
  return [
    "Types: deb",
    `URIs: ${archive.uris.join(" ")}`,
    `Suites: ${suite}`,
    "Components: main",
    ...options,
    "",
  ].join("\n");
}
