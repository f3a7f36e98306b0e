/**
 * `deno task data NAME --to DIR`: download or import of a data set, as the folder that `--data`
 * accepts.
 *
 * @module
 */
import {
  ConfigError,
  flagHelp,
  formatBytes,
  formatClock,
  nearestName,
  parseFlags,
  ProgressLine,
  quoted,
  runCli,
  wantsHelp,
  withUserPaths,
} from "@transformer-xl/runtime";
import { dataSchema } from "./config.ts";
import { prepare } from "./prepare.ts";
import type { Source, Sources } from "./sources/source.ts";
import { SOURCES } from "./sources/table.ts";

const sources: Sources = SOURCES;

if (import.meta.main) await runCli(() => main(Deno.args));

async function main([dataset, ...argv]: readonly string[]): Promise<number> {
  if (dataset === undefined || wantsHelp([dataset]) || wantsHelp(argv)) {
    console.log(help());
    return dataset === undefined ? 2 : 0;
  }
  const source = sourceOf(dataset);
  const { config: given } = parseFlags(dataSchema, argv);
  const { to, url, keep } = withUserPaths(given, ["to"]);
  const from = given.from?.map((path) => withUserPaths({ path }, ["path"]).path);
  if (to === null) {
    throw new ConfigError(`Cannot prepare ${dataset}: no folder is given; give --to DIR`);
  }
  if (from !== undefined && url !== null) {
    throw new ConfigError("Cannot use --from with --url: one is an import, the other a download");
  }
  console.log(`${dataset}: ${source.title}\nlicence: ${source.licence}\nsource: ${source.page}`);
  using line = new ProgressLine();
  const started = new Map<string, { readonly atMs: number; readonly bytes: number }>();
  const { wasThere } = await prepare({
    sources,
    dataset,
    to,
    from,
    url: url ?? undefined,
    keep,
    print: (text) => {
      line.clear();
      console.log(text);
    },
    progress: (action, bytes, total) => {
      if (!line.shows) return;
      if (!started.has(action)) started.set(action, { atMs: performance.now(), bytes });
      const start = started.get(action)!;
      line.update(progressText(action, bytes, total, start.bytes, performance.now() - start.atMs));
    },
  });
  line.clear();
  console.log(`${wasThere ? "complete already" : "prepared"}: ${to}`);
  console.log(`train on it: deno task train --dataset ${dataset} --data ${to}`);
  return 0;
}

/** `NAME | 12.0 MiB / 181.4 MiB | 6.6% | 3.2 MiB/s | 0:00:53 left`. */
function progressText(
  action: string,
  bytes: number,
  total: number | undefined,
  bytesBefore: number,
  elapsedMs: number,
): string {
  const perMs = elapsedMs > 0 ? (bytes - bytesBefore) / elapsedMs : 0;
  return [
    action,
    total === undefined ? formatBytes(bytes) : `${formatBytes(bytes)} / ${formatBytes(total)}`,
    ...(total === undefined ? [] : [`${(100 * bytes / total).toFixed(1)}%`]),
    ...(perMs > 0 ? [`${formatBytes(1000 * perMs)}/s`] : []),
    ...(perMs > 0 && total !== undefined ? [`${formatClock((total - bytes) / perMs)} left`] : []),
  ].join(" | ");
}

function help(): string {
  const lines = Object.entries(sources).map(([name, { title, licence, remark }]) =>
    [`  ${name.padEnd(12)}${title}`, `${" ".repeat(14)}licence: ${licence}`]
      .concat(remark === undefined ? [] : [`${" ".repeat(14)}${remark}`]).join("\n")
  );
  const usage = "deno task data NAME --to DIR [flags]";
  const description = "Downloads a data set, or imports one, and verifies and unpacks it.";
  return `${flagHelp(dataSchema, { usage, description })}\n\nData sets\n${lines.join("\n")}`;
}

function sourceOf(name: string): Source {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (source !== undefined) return source;
  const names = Object.keys(sources);
  const near = nearestName(name, names);
  throw new ConfigError(
    `Cannot prepare data set ${quoted(name)}: there is none of that name, ` +
      (near === undefined ? `use one of ${names.join(", ")}` : `did you mean ${near}?`),
  );
}
