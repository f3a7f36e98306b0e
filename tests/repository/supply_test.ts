/**
 * Packages are those of the lock files: a registry that serves other bytes, with hashes that fit
 * them, is refused by every task.
 *
 * @module
 */
import { dawnCommand, tryProgram } from "@transformer-xl/runtime/setup";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Scratch } from "../support/small_run.ts";
import { ROOT } from "./rules/source_tree.ts";

interface Lock {
  readonly npm: Readonly<Record<string, { readonly dependencies?: readonly string[] }>>;
}

/** A registry whose packages are all the same few bytes, at the versions of the lock file. */
async function registryOf(lock: Lock): Promise<Deno.HttpServer<Deno.NetAddr>> {
  const tarball = new Response(
    new Blob(["not the package"]).stream().pipeThrough(new CompressionStream("gzip")),
  );
  const bytes = new Uint8Array(await tarball.arrayBuffer());
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-512", bytes)).toBase64();
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname, origin } = new URL(request.url);
    if (pathname.endsWith(".tgz")) return new Response(bytes);
    const name = decodeURIComponent(pathname.slice(1));
    const versions = Object.keys(lock.npm)
      .filter((id) => id.replace(/@[^@]*$/, "") === name)
      .map((id) => id.replace(/^.*@/, ""));
    const dist = { tarball: `${origin}/${name}.tgz`, integrity: `sha512-${hash}` };
    return Response.json({
      name,
      "dist-tags": { latest: versions[0] },
      versions: Object.fromEntries(versions.map((version) => [version, { name, version, dist }])),
    });
  });
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await Deno.readTextFile(new URL(path, ROOT)));
}

/** The environment of a process that has to download from this registry. */
function emptyCache(
  scratch: Scratch,
  { addr: { port } }: Deno.HttpServer<Deno.NetAddr>,
): Record<string, string> {
  return {
    NO_COLOR: "1",
    DENO_DIR: scratch.at("deno"),
    NPM_CONFIG_REGISTRY: `http://127.0.0.1:${port}/`,
  };
}

Deno.test("a package that differs from its hash in deno.lock fails every task", async () => {
  await using scratch = new Scratch();
  await using server = await registryOf(await readJson("deno.lock") as Lock);
  const { tasks } = await readJson("deno.json") as { tasks: object };
  for (const task of Object.keys(tasks)) {
    const { code, stderr } = await tryProgram([Deno.execPath(), "task", task], {
      cwd: ROOT,
      env: emptyCache(scratch, server),
    });
    assert(code !== 0, `${task}\n${stderr}`);
    assertMatch(stderr, /checksum did not match/, task);
  }
});

Deno.test("Dawn's package is pinned in a lock file of its own, and refused with another hash", async () => {
  await using scratch = new Scratch();
  const own = await readJson("runtime/machine/dawn/dawn.lock") as Lock;
  await using server = await registryOf(own);
  const { code, stderr } = await tryProgram(dawnCommand(), { env: emptyCache(scratch, server) });
  assert(code !== 0, stderr);
  assertMatch(stderr, /checksum did not match/);
  // Deno downloads every package of its lock file in runs that use any.
  const { npm } = await readJson("deno.lock") as Lock;
  assertEquals(Object.keys(npm).filter((id) => id.startsWith("webgpu@")), []);
});
