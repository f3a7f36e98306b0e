/**
 * The program that unpacks a software driver with matrix units: what it asks apt for, and what it
 * leaves.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { unpackDriver } from "@transformer-xl/bench";
import { ConfigError } from "@transformer-xl/runtime";
import { type CommandResult, type Machine, thisMachine } from "@transformer-xl/runtime/setup";
import { Scratch } from "../../support/small_run.ts";

const FILES: Readonly<Record<string, string>> = {
  "/etc/os-release": "ID=debian\nVERSION_CODENAME=bookworm\n",
  "/etc/apt/sources.list": "deb [signed-by=/k/a.gpg] http://archive.test/debian bookworm main\n",
};

/** A machine whose apt and dpkg write files instead of packages. */
function fakeMachine(
  files = FILES,
  fails = "none",
): Machine & { readonly ran: string[]; readonly wrote: Map<string, string> } {
  const real = thisMachine();
  const [ran, wrote] = [[] as string[], new Map<string, string>()];
  return {
    ...real,
    ...{ os: "linux", ran, wrote },
    read: (path) => files[path],
    write: (path, text) => {
      wrote.set(path, text);
      real.write(path, text);
    },
    has: () => true,
    run(command): Promise<CommandResult> {
      const text = command.join(" ");
      ran.push(text);
      if (text.includes(fails)) return Promise.resolve({ code: 100, output: "E: no archive." });
      const cache = /Dir::Cache=(\S+)/.exec(text)?.[1];
      if (text.includes("--download-only")) {
        for (const name of ["mesa-vulkan-drivers_26.deb", "libc6_2.deb"]) {
          Deno.writeTextFileSync(`${cache}/archives/${name}`, "");
        }
      }
      return Promise.resolve({ code: 0, output: "" });
    },
  };
}

Deno.test("a driver is unpacked beside the system, from the archive that apt trusts", async () => {
  await using scratch = new Scratch();
  const to = scratch.at("driver");
  const machine = fakeMachine();
  const lines: string[] = [];
  const { run, variables } = await unpackDriver(
    machine,
    { to, suite: "sid" },
    (l) => lines.push(l),
  );
  assertEquals(
    machine.wrote.get(`${to}/apt/suite.sources`),
    "Types: deb\nURIs: http://archive.test/debian\nSuites: sid\nComponents: main\n" +
      "Signed-By: /k/a.gpg\n",
  );
  assertEquals(machine.ran.length, 4); // lists, packages, and each package unpacked
  for (const command of machine.ran.slice(0, 2)) {
    assertMatch(command, new RegExp(`^apt-get .*Dir::State::Status=${to}/apt/status `));
  }
  for (const command of machine.ran.slice(2)) assert(command.endsWith(` ${to}/root`), command);
  const script = Deno.readTextFileSync(run);
  assertMatch(script, new RegExp(`lowerdir=${to}/root(/usr/lib/\\S+):\\1 \\1 `));
  for (const [name, value] of Object.entries(variables)) {
    assert(script.includes(`export ${name}=${value}\n`), script);
  }
  assertEquals([...Deno.readDirSync(to)].map(({ name }) => name).sort(), ["root", "run"]);
  assertEquals(Deno.statSync(run).mode! & 0o111, 0o111);
  assertMatch(lines.join("\n"), /Unpacked 2 packages .* mesa-vulkan-drivers_26\.deb/);
  await unpackDriver(machine, { to, suite: "sid" }, () => {});
  assertEquals(machine.ran.length, 4, "what is there is used");
});

Deno.test("what cannot be unpacked is one sentence, and leaves nothing", async () => {
  await using scratch = new Scratch();
  const [to, used] = [scratch.at("driver"), scratch.at("used")];
  Deno.mkdirSync(`${used}/mine`, { recursive: true });
  const ubuntu = { ...FILES, "/etc/os-release": "ID=ubuntu\nVERSION_CODENAME=bookworm\n" };
  for (
    const [machine, folder, says] of [
      [{ ...fakeMachine(), os: "darwin" }, to, /this system has no Linux; use a Debian system$/],
      [{ ...fakeMachine(), has: (name: string) => name !== "unshare" }, to, /has no unshare; /],
      [fakeMachine(ubuntu), to, /no source of apt serves Debian's sid; /],
      [fakeMachine(FILES, "update"), to, /apt-get ended with code 100: E: no archive; see /],
      [fakeMachine(FILES, "dpkg-deb"), to, /dpkg-deb ended with code 100/],
      [fakeMachine(), used, /it holds other files; give another folder with --to$/],
      [fakeMachine(), scratch.at("a b"), /mounts cannot name it; give another folder with --to$/],
    ] as const
  ) {
    const error = await assertRejects(
      () => unpackDriver(machine, { to: folder, suite: "sid" }, () => {}),
      ConfigError,
    );
    assertMatch(error.message, /^Cannot unpack a driver/);
    assertMatch(error.message, says);
  }
  assertEquals([...Deno.readDirSync(scratch.path)].map(({ name }) => name), ["used"]);
  assertEquals([...Deno.readDirSync(used)].map(({ name }) => name), ["mine"]);
});
