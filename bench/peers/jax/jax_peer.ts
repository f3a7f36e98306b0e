/**
 * jax-js as a peer: a process of its own, with a lock file of its own, so that no other program
 * downloads the package.
 *
 * @module
 */
import { oneLine } from "@transformer-xl/runtime";
import { tryProgram } from "@transformer-xl/runtime/setup";
import { fileURLToPath } from "node:url";
import type { Peer } from "../peer.ts";
import { TwinSession } from "../twin/twin_session.ts";

/** The package; its hash is in `jax.lock`. */
const PACKAGE = "npm:@jax-js/jax@0.1.25";

const LONGEST_REASON = 120;

/** What computes in jax-js: WebAssembly in threads, or Deno's own WebGPU. */
export type JaxDevice = "wasm" | "webgpu";

/** jax-js on a device. */
export function jaxPeer(device: JaxDevice, specifier: string = PACKAGE): Peer {
  return {
    name: `jax-js, ${device}`,
    tasks: ["train", "eval"],
    async open(workload) {
      const found = await tryProgram(deno("cache", specifier), { env: { NO_COLOR: "1" } });
      if (found.code !== 0) {
        const cause = /^error: (.*)$/m.exec(found.stderr)?.[1] ?? found.stderr;
        return `not installed, ${oneLine(cause, LONGEST_REASON)}`;
      }
      const twin = fileURLToPath(new URL("twin_main.ts", import.meta.url));
      const args = [specifier, JSON.stringify(workload), device];
      return await TwinSession.start({
        command: deno("run", "--allow-all", twin, ...args),
        env: Deno.env.toObject(),
      });
    },
  };
}

/** A command of Deno under the lock file of the package. */
function deno(command: string, ...args: readonly string[]): [string, ...string[]] {
  const lock = fileURLToPath(new URL("jax.lock", import.meta.url));
  const fixed = ["--quiet", "--no-config", "--frozen", `--lock=${lock}`];
  return [Deno.execPath(), command, ...fixed, ...args];
}
